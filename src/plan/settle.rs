//! Settling: what of the plan of an evaluation is committed beside its placements, and what becomes of the
//! evaluation (docs/lifecycle.md, sections 2 and 5).

use indexmap::{IndexMap, IndexSet};

use super::apply::apply;
use super::attempt::Attempt;
use super::content::Plan;
use super::effects::{DeploymentChoice, DeploymentUpdate, Effects, UpdateEffect};
use super::evaluated::{Evaluated, PlannedUpdate};
use super::known::References;
use super::parts::{Committed, Origin, Parts, accepted, commit_group, stop};
use super::verify::Rejections;
use crate::model::JobType;
use crate::model::evaluation::{EvaluationStatus, Trigger};
use crate::state::State;
use crate::state::slots::{DeploymentRef, EvaluationRef, JobRef};
use crate::state::transaction::Transaction;

/// Commits the plan of an evaluation.
pub(super) fn settle(
    state: &mut Transaction<'_>,
    mut plan: Plan,
    evaluated: Evaluated,
    parts: &Parts<'_>,
    committed: &mut Committed,
) {
    let Evaluated { mut effects, references, attempt, job, job_create_index, job_type, .. } =
        evaluated;
    let unplaced = unplaced(&plan, parts);
    translate(state, &mut effects, &references);
    let slot = state.find_job(&job.namespace, &job.id);
    effects.job = slot.map_or(JobRef::NONE, |slot| state.job_ref(slot));
    let registered = slot.and_then(|slot| state.registration(slot));
    let registered = registered.filter(|it| it.create_index == job_create_index);
    let present = registered.and_then(|it| it.present());
    let takes_any = parts.takes_job(job.as_pair());
    let may_deploy = takes_any && present.is_some();
    // A job that was stopped meanwhile, or is another one by now, is to get no new allocations.
    let may_place = takes_any && present.is_some_and(|version| !version.job.spec().stop);

    let stops = std::mem::take(&mut plan.stops);
    let stops = stop(state, stops, effects.stops_alone, parts, committed);
    effects.stops = stops.into_iter().map(|(stop, of)| stop.effect(of)).collect();
    let new = effects.deployment.take().filter(|_| may_deploy);
    committed.deployment = new.and_then(|new| Some(state.add_deployment(slot?, *new)));
    let placing = Placing {
        evaluation: effects.evaluation.evaluation,
        deployment: committed.deployment.map(|slot| state.deployment_ref(slot)),
        references: &references,
        rejections: parts.rejections,
    };
    let places = match may_place {
        true => placing.place(state, &plan, committed),
        false => Vec::new(),
    };
    let place = |at: u32| places.get(at as usize).copied().flatten();
    effects.placed.retain_mut(|it| place(it.at).map(|new| it.at = new).is_some());
    let planned = plan.updates.len();
    let updates = plan.updates.into_iter().filter(|update| parts.takes(&update.known));
    effects.updates = updates.filter_map(|it| it.effect(state, &references)).collect();
    if effects.updates.len() < planned {
        // What did not come back after all is given up by the evaluation that waits for that.
        effects.superseded.clear();
    }
    effects.deployment_update = effects.deployment_update.filter(|_| takes_any);

    if !parts.rejections.is_empty() {
        let has_progress = committed.has_progress() || effects.has_progress();
        committed.next_attempt = attempt.next(job_type, has_progress);
        let ends = committed.next_attempt.is_none();
        if !ends && !has_progress {
            return;
        }
        let eligibility = Eligibility::of(&effects);
        effects.keep_part();
        if ends {
            fail(state, &mut effects, job_type, unplaced, eligibility);
        }
    }
    let applied = apply(state, effects, &committed.outcome, committed.deployment);
    (committed.created, committed.updated) = (applied.created, applied.updated);
}

/// What placements need to be placed.
struct Placing<'a> {
    evaluation: EvaluationRef,
    /// The new deployment.
    deployment: Option<DeploymentRef>,
    references: &'a References,
    rejections: &'a Rejections,
}

impl Placing<'_> {
    /// Places what nodes take, and gives the new places of the plan's placements among those.
    fn place(
        &self,
        state: &mut Transaction<'_>,
        plan: &Plan,
        committed: &mut Committed,
    ) -> Vec<Option<u32>> {
        let mut places = Vec::new();
        let mut placed = 0;
        for group in &plan.groups {
            let deployment = match self.references.choice(state, group.deployment) {
                DeploymentChoice::New => self.deployment.unwrap_or_default(),
                DeploymentChoice::Existing(of) => of,
                DeploymentChoice::None => DeploymentRef::NONE,
            };
            let origin = Origin { evaluation: self.evaluation, deployment };
            let accepted = accepted(group, self.rejections);
            let first = places.len();
            places.resize(first + group.placements.len(), None);
            for &at in &accepted {
                if let Some(place) = places.get_mut(first + at) {
                    *place = Some(placed);
                    placed += 1;
                }
            }
            committed.outcome.groups.extend(commit_group(state, group, &accepted, origin));
        }
        places
    }
}

impl Committed {
    /// Whether anything was placed, or a deployment made.
    fn has_progress(&self) -> bool {
        !self.outcome.groups.is_empty() || self.deployment.is_some()
    }
}

/// How many placements of each group are refused.
fn unplaced(plan: &Plan, parts: &Parts<'_>) -> IndexMap<String, i64> {
    let mut unplaced = IndexMap::new();
    for group in &plan.groups {
        let taken = match parts.takes_job(group.job_names()) {
            true => accepted(group, parts.rejections).len(),
            false => 0,
        };
        let name = group.batch.version.group_name().to_owned();
        *unplaced.entry(name).or_insert(0) += (group.placements.len() - taken) as i64;
    }
    unplaced
}

/// Names in effects what they name as a state has it, the stops and updates aside.
fn translate(state: &State, effects: &mut Effects, references: &References) {
    for placed in &mut effects.placed {
        placed.predecessor = placed.predecessor.and_then(|of| references.allocation(state, of));
    }
    for failed in &mut effects.failed {
        failed.before = failed.before.and_then(|of| references.allocation(state, of));
    }
    let update = effects.deployment_update.take();
    effects.deployment_update = update.and_then(|update| {
        let deployment = references.deployment(state, update.deployment)?;
        Some(DeploymentUpdate { deployment, ..update })
    });
    let superseded = effects.superseded.iter();
    effects.superseded = superseded.filter_map(|of| references.evaluation(state, *of)).collect();
    let evaluation = &mut effects.evaluation;
    evaluation.evaluation =
        references.evaluation(state, evaluation.evaluation).unwrap_or(EvaluationRef::NONE);
    evaluation.deployment = references.choice(state, evaluation.deployment);
}

impl PlannedUpdate {
    /// The same for the allocation as another state has it, if it is there.
    fn effect(self, state: &State, references: &References) -> Option<UpdateEffect> {
        let allocation = state.allocation_ref(self.known.find(state)?);
        let in_place = self.effect.in_place;
        let in_place =
            in_place.map(|(version, choice)| (version, references.choice(state, choice)));
        Some(UpdateEffect { allocation, in_place, ..self.effect })
    }
}

impl Effects {
    /// Whether they change more than evaluations (docs/lifecycle.md, section 2, *Attempts*).
    fn has_progress(&self) -> bool {
        !self.stops.is_empty() || !self.updates.is_empty() || self.deployment_update.is_some()
    }

    /// Keeps what goes with the part that is committed: of the new evaluations those that look again at
    /// what is stopped or updated. The evaluation itself is not done yet.
    fn keep_part(&mut self) {
        let of_stops = self.stops.iter().filter_map(|it| it.follow_up);
        let of_updates = self.updates.iter().filter_map(|it| it.follow_up);
        let mut kept: IndexSet<u32> = of_stops.chain(of_updates).collect();
        kept.sort_unstable();
        let created = std::mem::take(&mut self.created).into_iter().zip(0..);
        self.created =
            created.filter(|(_, at)| kept.contains(at)).map(|(created, _)| created).collect();
        let place = |at: u32| kept.get_index_of(&at).map(|at| at as u32);
        for stop in &mut self.stops {
            stop.follow_up = stop.follow_up.and_then(place);
        }
        for update in &mut self.updates {
            update.follow_up = update.follow_up.and_then(place);
        }
        self.failed.clear();
        let evaluation = &mut self.evaluation;
        (evaluation.status, evaluation.is_reblocked, evaluation.blocked) = (None, false, None);
        evaluation.next = evaluation.next.and((kept.len() as u32).checked_sub(1));
    }
}

/// Makes the evaluation fail after its last attempt. What is left of a service or batch job is tried again
/// by another one (docs/lifecycle.md, section 2, *Attempts*).
fn fail(
    state: &State,
    effects: &mut Effects,
    job_type: JobType,
    unplaced: IndexMap<String, i64>,
    eligibility: Eligibility,
) {
    let evaluation = &mut effects.evaluation;
    evaluation.status = Some(EvaluationStatus::Failed);
    evaluation.description = format!("maximum attempts reached ({})", Attempt::limit(job_type));
    for (group, unplaced) in unplaced {
        evaluation.queued.add(&group, unplaced);
    }
    let parent = state.resolve_evaluation(evaluation.evaluation);
    let parent = parent.and_then(|slot| state.evaluation(slot)).filter(|_| !job_type.is_system());
    if let Some(parent) = parent {
        let mut blocked = parent.child(Trigger::MaxPlanAttempts);
        blocked.status = EvaluationStatus::Blocked;
        blocked.describe("created due to placement conflicts");
        blocked.escaped_computed_class = eligibility.is_escaped;
        let details = blocked.details_mut();
        details.failed_groups = evaluation.shortage().failed_groups;
        details.class_eligibility = eligibility.by_class;
        evaluation.blocked = Some(effects.created.len() as u32);
        effects.created.push(blocked);
    }
}

/// Which classes of nodes may help what was not placed.
#[derive(Default)]
struct Eligibility {
    by_class: IndexMap<String, bool>,
    is_escaped: bool,
}

impl Eligibility {
    /// That of the evaluation that would have waited for room.
    fn of(effects: &Effects) -> Eligibility {
        let blocked = effects.evaluation.blocked;
        let blocked = blocked.and_then(|at| effects.created.get(at as usize));
        let of_blocked = blocked.map(|record| Eligibility {
            by_class: record
                .details
                .as_ref()
                .map_or_else(IndexMap::new, |details| details.class_eligibility.clone()),
            is_escaped: record.escaped_computed_class,
        });
        of_blocked.unwrap_or_default()
    }
}
