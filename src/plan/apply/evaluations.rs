//! Evaluations: those that come of one, and that itself (docs/lifecycle.md, sections 1 and 2).

use super::Context;
use crate::model::JobType;
use crate::model::evaluation::{EvaluationStatus, Trigger};
use crate::placement::outcome::Outcome;
use crate::plan::effects::EvaluationEffect;
use crate::state::State;
use crate::state::evaluation::EvaluationRecord;
use crate::state::slots::{AllocationSlot, EvaluationRef, EvaluationSlot, JobSlot};
use crate::state::transaction::Transaction;

/// What is said of an evaluation that gave a disconnected allocation up, once that is back.
const RECONNECTED: &str = "allocs reconnected";

/// Whether an evaluation has not ended meanwhile; only one that is blocked can be blocked again. One that
/// the state does not hold has not.
fn is_open(state: &State, slot: Option<EvaluationSlot>, is_reblocked: bool) -> bool {
    let status = slot.and_then(|slot| state.evaluation(slot)).map(|record| record.status);
    match status {
        Some(status) if is_reblocked => status == EvaluationStatus::Blocked,
        Some(status) => !status.is_terminal(),
        None => true,
    }
}

/// Creates the evaluations that come of one of the same job. One that has ended meanwhile leaves nothing
/// that waits for room in its stead.
pub(super) fn create(
    state: &mut Transaction<'_>,
    job: JobSlot,
    parent: &EvaluationEffect,
    created: Vec<EvaluationRecord>,
) -> Vec<EvaluationSlot> {
    if created.is_empty() {
        return Vec::new();
    }
    let slot = state.resolve_evaluation(parent.evaluation);
    let is_open = is_open(state, slot, parent.is_reblocked);
    // Only the last one waits for room, so that the places of the others stay.
    let created =
        created.into_iter().filter(|it| is_open || it.status != EvaluationStatus::Blocked);
    let created = created.map(|mut record| {
        record.snapshot_index = parent.snapshot_index;
        state.add_child_evaluation(job, parent.evaluation, record)
    });
    created.collect()
}

/// Cancels evaluations that wait for nothing any more.
pub(super) fn cancel(state: &mut Transaction<'_>, superseded: &[EvaluationRef]) {
    for &of in superseded {
        let Some(slot) = state.resolve_evaluation(of) else { continue };
        let is_over = state.evaluation(slot).is_none_or(|it| {
            !matches!(it.status, EvaluationStatus::Pending | EvaluationStatus::Blocked)
        });
        if !is_over {
            state.change_evaluation(slot, |record| {
                record.status = EvaluationStatus::Canceled;
                record.describe(RECONNECTED);
            });
        }
    }
}

/// Creates an evaluation for each job of which anything was evicted, at that job's priority, in the order
/// of the placements.
pub(super) fn create_for_evicted(
    state: &mut Transaction<'_>,
    outcome: &Outcome,
) -> Vec<EvaluationSlot> {
    let mut jobs: Vec<(JobSlot, AllocationSlot)> = Vec::new();
    for id in outcome.groups.iter().flat_map(|group| &group.batch.evicted).flat_map(|it| &it.1) {
        let Some(slot) = state.find_allocation(id) else { continue };
        let Some(job) = state.allocation(slot).map(|record| record.job) else { continue };
        if !jobs.iter().any(|(known, _)| *known == job) {
            jobs.push((job, slot));
        }
    }
    jobs.into_iter().map(|(job, victim)| create_for_job(state, job, victim)).collect()
}

fn create_for_job(
    state: &mut Transaction<'_>,
    job: JobSlot,
    victim: AllocationSlot,
) -> EvaluationSlot {
    let present = state.registration(job).and_then(|it| it.present());
    let spec = present.map(|version| version.job.spec()).or_else(|| state.job_spec_of(victim));
    let job_type = spec.and_then(|spec| JobType::from_text(&spec.job_type)).unwrap_or_default();
    let mut record =
        EvaluationRecord::new(Trigger::Preemption, job_type, spec.map_or(0, |it| it.priority()));
    record.job_modify_index = spec.map_or(0, |it| it.job_modify_index);
    state.add_evaluation(job, record)
}

/// Writes what becomes of the evaluation itself.
pub(super) fn finish(state: &mut Transaction<'_>, context: &Context<'_>, effect: EvaluationEffect) {
    let Some(slot) = state.resolve_evaluation(effect.evaluation) else { return };
    if !is_open(state, Some(slot), effect.is_reblocked) {
        return;
    }
    let (next, blocked) = (context.created(effect.next), context.created(effect.blocked));
    let deployment = context.chosen(effect.deployment);
    let kept_id = state.kept_deployment_id(deployment).to_owned();
    let mut shortage = effect.shortage;
    state.change_evaluation(slot, |record| {
        record.snapshot_index = effect.snapshot_index;
        if next != EvaluationRef::NONE {
            record.follow_with(next);
        }
        if blocked != EvaluationRef::NONE {
            record.wait_with(blocked);
        }
        if effect.is_reblocked {
            let shortage = shortage.get_or_insert_default();
            record.escaped_computed_class = shortage.escaped_computed_class;
            record.details_mut().class_eligibility =
                std::mem::take(&mut shortage.class_eligibility);
        } else if let Some(status) = effect.status {
            record.status = status;
            record.describe(&effect.description);
        } else {
            // It is not done yet.
            return;
        }
        record.belong_to(deployment, &kept_id);
        record.queued = effect.queued;
        let failed_groups = shortage.map(|it| it.failed_groups).filter(|it| !it.is_empty());
        if failed_groups.is_some() || record.details.is_some() {
            record.details_mut().failed_groups = failed_groups.unwrap_or_default();
        }
    });
}
