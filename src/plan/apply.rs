//! Applying: what processing an evaluation changes beside placing is written into the state
//! (docs/lifecycle.md, section 5). It is the same for an evaluation that is processed on the live state and
//! for a plan that is committed.
//!
//! Of a placement of which there is nothing to say beside its batch nothing is written.

mod allocations;
mod deployments;
mod evaluations;
mod failed;

pub(crate) use self::failed::{FAILED_TO_PLACE, sum_of_tasks};

use self::deployments::Gains;
use super::effects::{DeploymentChoice, Effects, PlacedEffect, UpdateEffect};
use crate::placement::outcome::Outcome;
use crate::state::slots::{
    AllocationRef, AllocationSlot, DeploymentRef, DeploymentSlot, EvaluationRef, EvaluationSlot,
};
use crate::state::transaction::Transaction;

/// What was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) deployment: Option<DeploymentSlot>,
    /// Evaluations, in the order in which they were created.
    pub(crate) created: Vec<EvaluationSlot>,
    /// Allocations that stay and were written anew.
    pub(crate) updated: Vec<AllocationSlot>,
}

/// What the parts of applying know.
struct Context<'a> {
    /// The placements, which are there already.
    outcome: &'a Outcome,
    evaluation: EvaluationRef,
    /// The new deployment.
    deployment: Option<DeploymentRef>,
    /// The new evaluations by their place among the effects.
    created: Vec<EvaluationRef>,
}

/// Writes what an evaluation comes to beside the placements of an outcome. Where a new deployment was
/// `made` already, so that batches could name it, it is not made again.
pub(crate) fn apply(
    state: &mut Transaction<'_>,
    effects: Effects,
    outcome: &Outcome,
    made: Option<DeploymentSlot>,
) -> Applied {
    let Effects { deployment, stops, stops_alone, placed, updates, failed, created, .. } = effects;
    let evaluation = effects.evaluation;
    let of_evaluation = state.resolve_evaluation(evaluation.evaluation);
    let of_evaluation = of_evaluation.and_then(|slot| Some(state.evaluation(slot)?.job));
    let job = state.resolve_job(of_evaluation.unwrap_or(effects.job));
    let new = || Some(state.add_deployment(job?, *deployment?));
    let deployment = made.or_else(new);
    let mut created = match job {
        Some(job) => evaluations::create(state, job, &evaluation, created),
        None => Vec::new(),
    };
    let context = Context {
        outcome,
        evaluation: evaluation.evaluation,
        deployment: deployment.map(|slot| state.deployment_ref(slot)),
        created: created.iter().map(|&slot| state.evaluation_ref(slot)).collect(),
    };
    if let Some(update) = effects.deployment_update {
        deployments::update(state, update);
    }
    for stop in stops {
        allocations::stop(state, &context, stop, stops_alone);
    }
    let updated = keep(state, &context, placed, updates);
    for record in failed {
        failed::record(state, &context, record);
    }
    evaluations::cancel(state, &effects.superseded);
    created.extend(evaluations::create_for_evicted(state, outcome));
    evaluations::finish(state, &context, evaluation);
    Applied { deployment, created, updated }
}

/// Writes what there is to say of placements and of what stays, of which the latter are given.
fn keep(
    state: &mut Transaction<'_>,
    context: &Context<'_>,
    placed: Vec<PlacedEffect>,
    updates: Vec<UpdateEffect>,
) -> Vec<AllocationSlot> {
    // Nothing is gained where nothing is placed or written anew.
    if context.outcome.groups.is_empty() && updates.is_empty() {
        return Vec::new();
    }
    let mut gains = Gains::of_placements(state, context, &placed);
    for placed in placed {
        allocations::place(state, context, placed);
    }
    let updated = updates.iter().filter_map(|it| state.resolve_allocation(it.allocation)).collect();
    for update in updates {
        allocations::update(state, context, update, &mut gains);
    }
    gains.write(state);
    updated
}

impl Context<'_> {
    /// A new evaluation.
    fn created(&self, at: Option<u32>) -> EvaluationRef {
        at.and_then(|at| self.created.get(at as usize).copied()).unwrap_or_default()
    }

    /// The deployment of a choice; none if that is none or is gone.
    fn chosen(&self, choice: DeploymentChoice) -> DeploymentRef {
        match choice {
            DeploymentChoice::None => DeploymentRef::NONE,
            DeploymentChoice::Existing(of) => of,
            DeploymentChoice::New => self.deployment.unwrap_or_default(),
        }
    }

    /// A placement by its place among all of them.
    fn placed(&self, at: u32) -> Option<AllocationRef> {
        let mut at = at as usize;
        for group in self.outcome.groups.iter() {
            match group.allocations.get(at) {
                Some(&found) => return Some(found),
                None => at -= group.allocations.len(),
            }
        }
        None
    }
}
