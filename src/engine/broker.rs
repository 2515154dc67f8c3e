//! Which evaluation of a job is in hand, and which of the others are needless (docs/lifecycle.md,
//! section 6).
//!
//! An evaluation that may be looked at claims its job, unless another one has. When the one in hand is
//! done, the highest and newest of those that waited for it comes next, and the others are cancelled.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::blocked::Hope;
use super::change::Change;
use super::place::{due_at, hope_of};
use crate::model::EvaluationStatus;
use crate::schedule::computed_class;
use crate::state::State;
use crate::state::changed::Changes;
use crate::state::evaluation::EvaluationRecord;
use crate::state::slots::{EvaluationSlot, JobSlot, NodeSlot};
use crate::state::small_list::SmallList;

/// What is said of evaluations that a more recent one made needless.
const MORE_RECENT: &str = "canceled after more recent eval was processed";

/// Brings the claims of all jobs in order whose evaluations changed.
pub(super) fn settle(change: &mut Change<'_>, changes: &Changes) {
    let touched =
        changes.touched.evaluations.iter().chain(&changes.requeued).chain(&change.revisited);
    let of_job = |&slot: &EvaluationSlot| Some((change.state.evaluation(slot)?.job.slot, slot));
    let mut touched: SmallList<(JobSlot, EvaluationSlot)> = touched.filter_map(of_job).collect();
    touched.sort_and_dedup();
    for touched in touched.chunk_by(|(job, _), (other, _)| job == other) {
        if let Some(&(job, _)) = touched.first() {
            look_at(change, job, touched);
        }
    }
    // What was taken out may have been in hand.
    for &job in &changes.touched.jobs {
        let is_seen = touched.binary_search_by_key(&job, |(of, _)| *of).is_ok();
        if !is_seen && change.state.claim(job).is_some() {
            look_at(change, job, &[]);
        }
    }
}

/// Brings the claim of a job in order of which evaluations changed, or one that was in hand was taken out.
fn look_at(change: &mut Change<'_>, job: JobSlot, touched: &[(JobSlot, EvaluationSlot)]) {
    let is_other = |slot: &EvaluationSlot| {
        change.state.evaluation(*slot).is_some_and(|it| it.job.slot == job)
            && !touched.contains(&(job, *slot))
    };
    let mut open: SmallList<EvaluationSlot> = touched.iter().map(|(_, slot)| *slot).collect();
    change.queues.open_of(job).filter(is_other).for_each(|other| open.push(other));
    open.sort_and_dedup();
    let is_blocked =
        |slot: &EvaluationSlot| status_of(change, *slot) == Some(EvaluationStatus::Blocked);
    // Mostly none waits for room, of which all of this is.
    if open.iter().any(is_blocked) {
        cancel_after_success(change, touched, &open);
        cancel_duplicates(change, job, &open);
        release_missed(change, touched);
    }
    claim(change, job, &open);
}

/// A job of which everything was placed waits for no room.
fn cancel_after_success(
    change: &mut Change<'_>,
    touched: &[(JobSlot, EvaluationSlot)],
    open: &[EvaluationSlot],
) {
    let index = change.state.index_to_be();
    let is_success = |(_, slot): &&(JobSlot, EvaluationSlot)| {
        change.state.evaluation(*slot).is_some_and(|it| {
            it.status == EvaluationStatus::Complete
                && it.modify_index == index
                && it.details.as_ref().is_none_or(|details| details.failed_groups.is_empty())
        })
    };
    let Some(&(_, successful)) = touched.iter().rfind(is_success) else { return };
    let reason = format!("evaluation \"{}\" successful", change.state.evaluation_id(successful));
    for &slot in open {
        if status_of(change, slot) == Some(EvaluationStatus::Blocked) {
            cancel(change, slot, &reason);
        }
    }
}

/// Of the evaluations of a job that wait for room one stays, of a system job's one for each node.
fn cancel_duplicates(change: &mut Change<'_>, job: JobSlot, open: &[EvaluationSlot]) {
    if open.len() < 2 {
        return;
    }
    let mut by_node: BTreeMap<NodeSlot, Vec<EvaluationSlot>> = BTreeMap::new();
    for &slot in open {
        if let Some(record) = change.state.evaluation(slot)
            && record.status == EvaluationStatus::Blocked
            && !change.state.is_released(slot)
        {
            let is_system = record.job_type.is_some_and(|it| it.is_system());
            let node = if is_system { record.links().node.slot } else { NodeSlot::NONE };
            by_node.entry(node).or_default().push(slot);
        }
    }
    for mut blocked in by_node.into_values().filter(|it| it.len() > 1) {
        // The latest look at the cluster counts, and of equals the one that came last.
        let latest = |slot: &EvaluationSlot| {
            let record = change.state.evaluation(*slot);
            let index = record.map(|it| it.create_index.max(it.snapshot_index));
            (index, record.map(|it| it.modify_index), *slot)
        };
        blocked.sort_by_key(latest);
        blocked.pop();
        let id = change.state.job(job).map_or("", |record| record.id());
        let reason = format!("existing blocked evaluation exists for job \"{id}\"");
        blocked.into_iter().for_each(|slot| cancel(change, slot, &reason));
    }
}

/// Lets go what waits for room that became free while it was being looked at.
fn release_missed(change: &mut Change<'_>, touched: &[(JobSlot, EvaluationSlot)]) {
    let missed = |slot: &EvaluationSlot| {
        let record = change.state.evaluation(*slot);
        let record = record.filter(|it| it.status == EvaluationStatus::Blocked);
        record.is_some_and(|record| has_missed(&change.state, record))
    };
    let touched = touched.iter().map(|(_, slot)| *slot);
    let missed: SmallList<EvaluationSlot> = touched.filter(missed).collect();
    missed.iter().for_each(|&slot| change.state.set_released(slot, true));
}

/// Whether room became free for an evaluation since it was looked at.
fn has_missed(state: &State, record: &EvaluationRecord) -> bool {
    if record.snapshot_index == 0 {
        return false;
    }
    let hope = hope_of(record);
    let only = match &hope {
        Hope::Node(node) => state.resolve_node(*node).and_then(|node| state.node(node)),
        Hope::Any | Hope::Classes(_) => None,
    };
    let only = only.map(|node| computed_class(&node.node));
    let may_help = |class: &str| hope.may_help(class) || only.as_deref() == Some(class);
    let mut unblocks = state.book().unblocks.iter();
    unblocks.any(|(class, it)| it.index > record.snapshot_index && may_help(class))
}

/// Sees to it that one of a job's evaluations that may be looked at has its claim.
fn claim(change: &mut Change<'_>, job: JobSlot, open: &[EvaluationSlot]) {
    let claimed = change.state.claim(job);
    if claimed.is_some_and(|slot| is_in_hand(&change.state, job, slot)) {
        return;
    }
    let waiting = open.iter().copied().filter(|slot| may_go(&change.state, *slot));
    let of = |slot: &EvaluationSlot| change.state.evaluation(*slot);
    if claimed.is_none() {
        let first = waiting.min_by_key(|slot| (of(slot).map(|it| it.create_index), *slot));
        if first.is_some() {
            change.state.set_claim(job, first);
        }
        return;
    }
    let mut waiting: Vec<EvaluationSlot> = waiting.collect();
    let key = |slot: &EvaluationSlot| {
        let record = of(slot);
        (record.map(|it| (it.priority, it.modify_index, it.create_index)), *slot)
    };
    waiting.sort_by_key(|slot| Reverse(key(slot)));
    change.state.set_claim(job, waiting.first().copied());
    waiting.into_iter().skip(1).for_each(|slot| cancel(change, slot, MORE_RECENT));
}

/// Whether an evaluation is out, waits to go out again, or may go out.
fn is_in_hand(state: &State, job: JobSlot, slot: EvaluationSlot) -> bool {
    state.evaluation(slot).is_some_and(|it| it.job.slot == job)
        && (state.delivery(slot).is_some_and(|it| it.token.is_some() || it.due.is_some())
            || may_go(state, slot))
}

/// Whether an evaluation may be looked at now.
fn may_go(state: &State, slot: EvaluationSlot) -> bool {
    let Some(record) = state.evaluation(slot) else { return false };
    match record.status {
        EvaluationStatus::Pending => due_at(record).is_none_or(|at| at <= state.now),
        EvaluationStatus::Blocked => state.is_released(slot),
        EvaluationStatus::Complete | EvaluationStatus::Failed | EvaluationStatus::Canceled => false,
    }
}

fn status_of(change: &Change<'_>, slot: EvaluationSlot) -> Option<EvaluationStatus> {
    change.state.evaluation(slot).map(|it| it.status)
}

/// Cancels an evaluation that has not ended.
pub(super) fn cancel(change: &mut Change<'_>, slot: EvaluationSlot, reason: &str) {
    end(change, slot, EvaluationStatus::Canceled, reason);
}

/// Ends an evaluation that has not ended, without looking at it.
pub(super) fn end(
    change: &mut Change<'_>,
    slot: EvaluationSlot,
    status: EvaluationStatus,
    reason: &str,
) {
    change.state.set_released(slot, false);
    change.state.set_delivery(slot, None);
    change.state.change_evaluation(slot, |record| {
        record.status = status;
        record.describe(reason);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{JobType, Trigger};
    use crate::state::bookkeeping::Unblock;
    use crate::time::Timestamp;

    /// Whether an evaluation that was looked at at an index has missed that room became free in class `a`.
    fn missed(snapshot: u64, unblock: u64, known: &[(&str, bool)], is_escaped: bool) -> bool {
        let mut state = State::new(0);
        let mut transaction = state.begin(Timestamp::EPOCH);
        let at = Timestamp::EPOCH;
        transaction.set_unblock("a", Some(Unblock { index: unblock, at }));
        transaction.commit();
        let mut record = EvaluationRecord::new(Trigger::QueuedAllocs, JobType::Service, 50);
        (record.snapshot_index, record.escaped_computed_class) = (snapshot, is_escaped);
        let known = known.iter().map(|(class, may)| ((*class).to_owned(), *may));
        record.details_mut().class_eligibility = known.collect();
        has_missed(&state, &record)
    }

    /// Trap 14: what became free while it was looked at is not lost.
    #[test]
    fn case_69_an_escaped_one_that_missed_room_is_let_go_at_once() {
        assert!(missed(900, 1_000, &[], true));
        assert!(!missed(1_000, 900, &[], true));
    }

    #[test]
    fn case_70_room_of_an_unseen_class_counts_only_if_it_is_newer() {
        assert!(!missed(900, 500, &[("b", true)], false));
        assert!(missed(900, 1_000, &[("b", true)], false));
        assert!(missed(900, 1_000, &[("a", true)], false));
        assert!(!missed(900, 1_000, &[("a", false)], false));
    }
}
