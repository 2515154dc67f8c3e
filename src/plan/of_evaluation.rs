//! The plan of an evaluation, made of what processing that came to.

use super::attempt::Attempt;
use super::content::Plan;
use super::effects::{DeploymentChoice, Effects};
use super::evaluated::{Evaluated, PlannedStop, PlannedUpdate};
use super::known::{JobNames, References};
use crate::placement::options::PlaceOptions;
use crate::placement::outcome::Outcome;
use crate::state::State;
use crate::state::slots::DeploymentRef;

impl Plan {
    /// The plan of an evaluation, from what was found out on a state that has its placements, and its
    /// new deployment if that was made there. What it stops and updates is named by the effects.
    pub(crate) fn of_effects(
        state: &State,
        mut outcome: Outcome,
        effects: Effects,
        made: Option<DeploymentRef>,
        attempt: Attempt,
        options: &PlaceOptions,
    ) -> Plan {
        outcome.stops.clear();
        let index = effects.evaluation.snapshot_index;
        let mut plan = Plan::new(state, outcome, index, options);
        for group in &mut plan.groups {
            group.deployment = match group.batch.deployment {
                DeploymentRef::NONE => DeploymentChoice::None,
                of if Some(of) == made => DeploymentChoice::New,
                of => DeploymentChoice::Existing(of),
            };
        }
        plan.of_evaluation(state, effects, attempt)
    }

    /// The same with what an evaluation comes to beside the placements.
    pub(super) fn of_evaluation(
        mut self,
        state: &State,
        mut effects: Effects,
        attempt: Attempt,
    ) -> Plan {
        let mut references = References::of(state, &effects);
        for group in &self.groups {
            if let DeploymentChoice::Existing(of) = group.deployment {
                references.note_deployment(state, of);
            }
        }
        let stops = std::mem::take(&mut effects.stops).into_iter();
        self.stops = stops.filter_map(|effect| PlannedStop::of(state, effect)).collect();
        let updates = std::mem::take(&mut effects.updates).into_iter();
        self.updates = updates.filter_map(|effect| PlannedUpdate::new(state, effect)).collect();
        let slot = state.resolve_evaluation(effects.evaluation.evaluation);
        let evaluation = slot.and_then(|slot| state.evaluation(slot));
        let job = evaluation.map_or(effects.job, |record| record.job);
        let registration = state.resolve_job(job).and_then(|job| state.registration(job));
        let present = registration.and_then(|it| it.present());
        self.all_at_once |= present.is_some_and(|version| version.job.spec().all_at_once);
        self.evaluated = Some(Box::new(Evaluated {
            attempt,
            job: JobNames::of(state, job.slot).unwrap_or_default(),
            job_create_index: registration.map_or(0, |it| it.create_index),
            job_type: evaluation
                .map_or(effects.evaluation.job_type, |record| record.job_type)
                .unwrap_or_default(),
            spec: present.map(|version| version.job.shared_spec()),
            evaluation: slot.and_then(|slot| state.evaluation_document(slot)).map(Box::new),
            references,
            effects,
        }));
        self
    }
}
