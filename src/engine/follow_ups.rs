//! The evaluations that allocations wait for which failed, are out of reach or were lost (docs/lifecycle.md,
//! sections 3 and 12).
//!
//! What waits for an evaluation that is named in it makes no second one (section 3, *Reschedule filter*). Where
//! that one has ended before its time, nothing would ever look at it again: its client says that it failed anew,
//! it was written to when no node was found for its replacement and no task says when it failed, or the one that
//! it shared with others went by before. It waits for a new one then, as for any that was never made (section
//! 12, trap 7).

use super::change::Change;
use super::forget::{allocations_of, counts_any};
use super::place::due_at;
use super::{ended, reschedule, silence};
use crate::model::{ClientStatus, EvaluationStatus, Job, JobType, Trigger};
use crate::state::State;
use crate::state::changed::Changes;
use crate::state::evaluation::EvaluationRecord;
use crate::state::links::Link;
use crate::state::slots::{AllocationSlot, EvaluationSlot, JobSlot};
use crate::state::small_list::SmallList;
use crate::time::{Span, Timestamp};

/// What is due this soon is due now (section 3, *Reschedule filter*).
const WINDOW: Span = Span::from_secs(1);
/// What is due so soon after another shares its evaluation (section 3, *Batching*).
const SHARED: Span = Span::from_secs(5);
const RESCHEDULES: &str = "created for delayed rescheduling";
const TIMEOUT: &str = "created for delayed disconnect timeout";

/// Makes new evaluations for what waits for one that has ended.
pub(super) fn settle(change: &mut Change<'_>, changes: &Changes) {
    let state: &State = &change.state;
    let may_wait = |job: &JobSlot| {
        counts_any(state, *job, |it| it.failed + it.unknown) && is_looked_at(state, changes, *job)
    };
    let jobs = changes.touched.jobs.iter().copied().filter(may_wait);
    let jobs: SmallList<JobSlot> = jobs.collect();
    for &job in jobs.iter() {
        let present = change.registration(job).and_then(|it| it.present()).map(|it| it.job.clone());
        let Some(present) = present.filter(|it| !it.stop && !it.job_type().is_system()) else {
            continue;
        };
        let open: Vec<EvaluationSlot> = open_of(change, changes, job);
        let mut open = open.iter().filter_map(|it| change.evaluation(*it));
        // What is left then is seen at the end of that.
        let is_next = open.clone().any(|it| is_next(it, change.now()));
        let is_timed = open.any(|it| it.trigger == Trigger::MaxDisconnectTimeout);
        if !is_next {
            let due = |it| replaced_at(&change.state, job, &present, it);
            let bereft = bereft(&change.state, job, due);
            renew(change, job, bereft, Trigger::AllocFailure, RESCHEDULES);
        }
        if !is_timed {
            let bereft = bereft(&change.state, job, |it| lost_at(&change.state, it));
            renew(change, job, bereft, Trigger::MaxDisconnectTimeout, TIMEOUT);
        }
    }
}

/// Whether an evaluation of a job has ended, or something of it that failed has changed.
fn is_looked_at(state: &State, changes: &Changes, job: JobSlot) -> bool {
    let has_ended = |slot: &EvaluationSlot| {
        state.evaluation(*slot).is_some_and(|it| it.job.slot == job && it.status.is_terminal())
    };
    let has_failed = |slot: &AllocationSlot| {
        let record = state.allocation(*slot);
        record.is_some_and(|it| it.job == job && it.client == ClientStatus::Failed)
    };
    changes.touched.evaluations.iter().any(has_ended)
        || changes.touched.allocations.iter().any(has_failed)
}

/// The evaluations of a job that have not ended.
fn open_of(change: &Change<'_>, changes: &Changes, job: JobSlot) -> Vec<EvaluationSlot> {
    let known = change.queues.open_of(job).chain(changes.touched.evaluations.iter().copied());
    let is_its = |slot: &EvaluationSlot| {
        change.evaluation(*slot).is_some_and(|it| it.job.slot == job && !it.status.is_terminal())
    };
    known.filter(is_its).collect()
}

/// Whether an evaluation waits for room, or goes out next.
fn is_next(record: &EvaluationRecord, now: Timestamp) -> bool {
    record.status == EvaluationStatus::Blocked || due_at(record).is_none_or(|at| at <= now)
}

/// The allocations of a job that wait for an evaluation which has ended, by when each is due.
fn bereft(
    state: &State,
    job: JobSlot,
    due: impl Fn(AllocationSlot) -> Option<Timestamp>,
) -> Vec<(Timestamp, AllocationSlot)> {
    let is_bereft =
        |slot: &AllocationSlot| state.follow_up_of(*slot) != Link::None && !state.is_awaited(*slot);
    let all = allocations_of(state, job).filter_map(|it| Some((due(it)?, it)));
    let mut bereft: Vec<_> = all.filter(|(_, it)| is_bereft(it)).collect();
    bereft.sort_unstable();
    bereft
}

/// Lets what is due first wait for a new evaluation, and what is due soon after it.
fn renew(
    change: &mut Change<'_>,
    job: JobSlot,
    bereft: Vec<(Timestamp, AllocationSlot)>,
    trigger: Trigger,
    description: &str,
) {
    let Some(&(first, _)) = bereft.first() else { return };
    let mut record = change.pending_evaluation(job, trigger);
    record.links_mut().wait_until = Some(first);
    record.describe(description);
    let slot = change.add_evaluation(job, record);
    let follow_up = change.evaluation_ref(slot);
    for (_, allocation) in bereft.into_iter().take_while(|(due, _)| due.since(first) < SHARED) {
        let since = change.lifecycle(allocation).map(|it| it.modify_time);
        change.change_lifecycle(allocation, false, |record| {
            record.rare_mut().follow_up = follow_up;
            // Where no task says when it failed, this does.
            record.modify_time = since.unwrap_or(record.modify_time);
        });
    }
}

/// When an allocation that failed is to be replaced; none of any other, nor of what is due already, which any
/// look replaces.
fn replaced_at(
    state: &State,
    job: JobSlot,
    present: &Job,
    slot: AllocationSlot,
) -> Option<Timestamp> {
    let record = state.allocation(slot)?;
    if record.client != ClientStatus::Failed || record.desired.is_terminal() {
        return None;
    }
    let lifecycle = state.lifecycle(slot)?;
    // The deployment decides about its own.
    let deployment = state.resolve_deployment(lifecycle.deployment);
    let is_watched = !lifecycle.transition.reschedule
        && deployment.and_then(|it| state.deployment(it)).is_some_and(|it| it.status.is_active());
    // What an earlier version of a batch job came to is no matter any more.
    let is_counted = present.job_type() != JobType::Batch
        || state.job_spec_of(slot).is_some_and(|it| it.version >= present.version);
    let is_left = !lifecycle.is_replaced() && !is_watched && is_counted;
    if !is_left || state.is_of_earlier_life(slot, job) {
        return None;
    }
    reschedule::due_at(state, slot).filter(|due| due.since(state.now) > WINDOW)
}

/// When an allocation that is out of reach is lost; none of any other, nor of what is lost at the next look.
fn lost_at(state: &State, slot: AllocationSlot) -> Option<Timestamp> {
    let record = state.allocation(slot)?;
    if record.client != ClientStatus::Unknown || record.desired.is_terminal() {
        return None;
    }
    let since = silence::last_unknown(state, slot)?;
    since.checked_add(ended::lost_after(state, slot)?).filter(|at| *at > state.now)
}
