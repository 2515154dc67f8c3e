//! What jobs have come to: their statuses and their summaries follow what changed (docs/lifecycle.md,
//! sections 8 and 9).

use super::change::Change;
use crate::model::{EvaluationStatus, JobType};
use crate::state::State;
use crate::state::changed::Changes;
use crate::state::evaluation::EvaluationRecord;
use crate::state::job::Registration;
use crate::state::slots::{EvaluationSlot, JobSlot};
use crate::state::small_list::SmallList;
use crate::state::standing::{Counted, JobStatus, Standing};

/// A job of which anything changed.
#[derive(Clone)]
struct Moved {
    job: JobSlot,
    /// What is counted of it, if anything of that moved.
    counted: Option<Counted>,
    /// Whether any of its allocations came or changed.
    has_allocations: bool,
    /// Whether an evaluation that came or changed has not ended.
    is_awaited: bool,
}

/// A job that was launched from another one, with what it was before, unless it is new, and what it is now.
#[derive(Clone, Copy)]
struct Launched {
    job: JobSlot,
    before: Option<JobStatus>,
    after: JobStatus,
}

/// The jobs of which anything changed, in order.
struct AllMoved(SmallList<Moved>);

impl AllMoved {
    fn new(changes: &Changes) -> AllMoved {
        // Those that were registered are among them.
        let jobs = changes.touched.jobs.iter().map(|&job| Moved {
            job,
            counted: None,
            has_allocations: false,
            is_awaited: false,
        });
        AllMoved(jobs.collect())
    }

    fn of(&mut self, job: JobSlot) -> Option<&mut Moved> {
        let at = self.0.binary_search_by_key(&job, |moved| moved.job).ok()?;
        self.0.get_mut(at)
    }

    /// What is counted of a job; at first that is what was counted before.
    fn counted(&mut self, state: &State, job: JobSlot) -> Option<&mut Counted> {
        let before = || state.standing(job).map(|it| it.counted.clone()).unwrap_or_default();
        Some(self.of(job)?.counted.get_or_insert_with(before))
    }
}

/// Writes down what the jobs have come to of which anything changed.
pub(super) fn settle(change: &mut Change<'_>, changes: &Changes) {
    let mut moved = AllMoved::new(changes);
    count_clients(&change.state, changes, &mut moved);
    let index = change.state.index_to_be();
    for &slot in &changes.touched.evaluations {
        let Some(record) = change.state.evaluation(slot) else { continue };
        count_queued(&change.state, record, index, &mut moved);
        if !record.status.is_terminal()
            && let Some(moved) = moved.of(record.job.slot)
        {
            moved.is_awaited = true;
        }
    }
    let mut children: SmallList<Launched> = SmallList::None;
    for at in 0..moved.0.len() {
        let Some(moved) = moved.0.get_mut(at) else { break };
        if let Some(launched) = write_down(change, moved, index) {
            children.push(launched);
        }
    }
    for Launched { job, before, after } in children.iter().copied() {
        count_child(change, job, before, after);
    }
}

/// Writes down what one job has come to, as far as anything of that moved. What has become of it is given if
/// it was launched from another one.
fn write_down(change: &mut Change<'_>, moved: &mut Moved, index: u64) -> Option<Launched> {
    let job = moved.job;
    let record = change.state.job(job)?;
    let registered = record.registered.as_deref();
    let is_moved = moved.counted.is_some() || moved.has_allocations;
    if !is_moved && registered.is_none() {
        return None;
    }
    let none = Counted::default();
    let is_known = record.standing.is_some();
    let before = record.standing.as_deref().map_or(&none, |standing| &standing.counted);
    let after = moved.counted.as_ref().unwrap_or(before);
    let status = registered.and_then(|it| status_of(change, it, (job, after), moved.is_awaited));
    let launched = registered.zip(status).and_then(|(registered, after)| {
        let is_new = registered.create_index == index;
        let is_told = (is_new || before.status != after) && is_launched(registered);
        is_told.then(|| Launched { job, before: (!is_new).then_some(before.status), after })
    });
    let has_moved = status.is_some_and(|status| status != before.status);
    let has_counts = after.groups != before.groups;
    let is_begun = status.is_some() && before.summary_created == 0;
    let has_allocations = moved.has_allocations && before.allocations_modified != index;
    if is_known && !(has_moved || has_counts || is_begun) {
        if has_allocations {
            change.state.note_allocations(job, index);
        }
        return launched;
    }
    if has_moved || has_counts || has_allocations || before.summary_modified != index && is_begun {
        let status = status.unwrap_or(before.status);
        let mut after = moved.counted.take().unwrap_or_else(|| before.clone());
        after.status = status;
        if has_counts || is_begun {
            after.summary_modified = index;
        }
        if is_begun {
            after.summary_created = index;
        }
        if has_allocations {
            after.allocations_modified = index;
        }
        if has_moved {
            change.state.touch_job(job);
        }
        change.state.set_counted(job, after);
    }
    launched
}

/// Whether a job was launched from another one.
fn is_launched(registered: &Registration) -> bool {
    registered.present().is_some_and(|it| !it.job.parent_id().is_empty())
}

/// Counts whose clients said what, and notes which jobs these are of.
fn count_clients(state: &State, changes: &Changes, moved: &mut AllMoved) {
    for &(slot, before) in &changes.clients {
        let Some(record) = state.allocation(slot) else { continue };
        let (job, group, after) = (record.job, record.group, record.client);
        // What is left of a job that was purged is none of one that was registered under its name since.
        if before == Some(after) || state.is_of_earlier_life(slot, job) {
            continue;
        }
        let counts = moved.counted(state, job).and_then(|counted| counted.group_mut(group));
        if let Some(counts) = counts {
            counts.moved(before, after);
        }
    }
    let mut latest = None;
    for &slot in &changes.touched.allocations {
        let job = state.allocation(slot).map(|record| record.job);
        // Mostly one job's come one after another.
        if job != latest
            && let Some(moved) = job.and_then(|job| moved.of(job))
        {
            moved.has_allocations = true;
        }
        latest = job;
    }
}

/// Counts for the job that another one was launched from what has become of that.
pub(super) fn count_child(
    change: &mut Change<'_>,
    child: JobSlot,
    before: Option<JobStatus>,
    after: JobStatus,
) {
    let present = change.registration(child).and_then(|it| it.present()).map(|it| &it.job);
    let Some(job) = present.filter(|it| before != Some(after) && !it.parent_id().is_empty()) else {
        return;
    };
    let parent = change.find_job(&job.namespace, job.parent_id());
    let Some(parent) = parent.filter(|it| change.registration(*it).is_some()) else { return };
    let known = change.standing(parent).map(|it| Standing::clone(it));
    let mut standing = known.unwrap_or_default();
    standing.children.moved(before, after);
    standing.counted.summary_modified = change.state.index_to_be();
    change.state.set_standing(parent, standing);
}

/// What an evaluation says is still to be placed stands in its job's summary.
fn count_queued(state: &State, record: &EvaluationRecord, index: u64, moved: &mut AllMoved) {
    let is_seen = record.snapshot_index > 0 && record.status != EvaluationStatus::Canceled;
    if record.modify_index != index || !is_seen {
        return;
    }
    let job = record.job.slot;
    let groups = state.job(job).map(|it| &*it.groups).unwrap_or_default();
    for (name, queued) in record.queued.iter() {
        let Some(at) = groups.iter().position(|group| *group.name == *name) else { continue };
        if let Some(counts) = moved.counted(state, job).and_then(|it| it.group_mut(at as u16)) {
            counts.queued = u32::try_from(queued).unwrap_or(0);
        }
    }
}

/// The status of a registered job.
fn status_of(
    change: &Change<'_>,
    registered: &Registration,
    (job, counted): (JobSlot, &Counted),
    is_awaited: bool,
) -> Option<JobStatus> {
    let state: &State = &change.state;
    let present = &registered.present()?.job;
    if present.job_type() == JobType::System || present.is_launched_later() {
        return Some(if present.stop { JobStatus::Dead } else { JobStatus::Running });
    }
    let is_deployed = state
        .deployment_slots_of(job)
        .iter()
        .any(|slot| state.deployment(*slot).is_some_and(|it| it.status.is_active()));
    if is_deployed || has_live(state, job, counted) {
        return Some(JobStatus::Running);
    }
    let mut open = change.queues.open_of(job);
    if is_awaited || open.any(|slot| is_open(state, job, slot)) {
        return Some(JobStatus::Pending);
    }
    // What came to anything was looked at, though the evaluations that did are forgotten.
    let was_seen = !state.evaluations_of(job).is_empty() || counted.status != JobStatus::Pending;
    let is_over = was_seen || present.stop;
    Some(if is_over { JobStatus::Dead } else { JobStatus::Pending })
}

/// Whether an evaluation of a job has not ended.
fn is_open(state: &State, job: JobSlot, slot: EvaluationSlot) -> bool {
    state.evaluation(slot).is_some_and(|it| it.job.slot == job && !it.status.is_terminal())
}

/// Whether anything of a job lives.
fn has_live(state: &State, job: JobSlot, counted: &Counted) -> bool {
    let may_live =
        counted.groups.iter().any(|counts| counts.starting + counts.running + counts.unknown > 0);
    let groups = state.job(job).map(|it| &*it.groups).unwrap_or_default();
    let mut slots = groups.iter().flat_map(|group| group.allocations.iter());
    may_live && slots.any(|slot| state.allocation(*slot).is_some_and(|it| it.is_live()))
}
