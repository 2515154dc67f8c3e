//! When what has ended is old enough to be forgotten: told from the state alone (docs/lifecycle.md,
//! section 7).

use std::iter::successors;

use super::node_keys::STATUS_UPDATED_AT;
use super::options::GarbageOptions;
use crate::model::{ClientStatus, DeploymentStatus, JobType, NodeStatus};
use crate::state::State;
use crate::state::deployment::{DeployedGroup, DeploymentRecord};
use crate::state::links::Link;
use crate::state::slots::{
    AllocationRef, AllocationSlot, DeploymentSlot, EvaluationSlot, JobSlot, NodeSlot,
};
use crate::state::standing::{GroupCounts, JobStatus};
use crate::time::Timestamp;

/// The allocations of a job, live ones and others.
pub(super) fn allocations_of(
    state: &State,
    job: JobSlot,
) -> impl Iterator<Item = AllocationSlot> + '_ {
    let groups = state.job(job).map(|job| &*job.groups).unwrap_or_default();
    groups.iter().flat_map(|group| group.allocations.iter().copied())
}

/// Whether an allocation has ended and nothing is to follow from it: it was to stop, was replaced, or its
/// job is over. One that was lost whose client may still run it until an evaluation that waits is not: as long
/// as it is known, nothing takes its place (docs/lifecycle.md, section 12, trap 10).
pub(super) fn is_over(state: &State, slot: AllocationSlot) -> bool {
    let Some(record) = state.allocation(slot).filter(|it| it.client.is_terminal()) else {
        return false;
    };
    if record.client == ClientStatus::Lost && state.is_awaited(slot) {
        return false;
    }
    let present = state.registration(record.job).and_then(|it| it.present());
    if present.is_none_or(|it| it.job.stop) {
        return true;
    }
    // What a batch job has completed is done for as long as it is known.
    let job_type = state.job_spec_of(slot).map(|job| job.job_type()).unwrap_or_default();
    let is_done_once = matches!(job_type, JobType::Batch | JobType::Sysbatch);
    let is_replaced = state.lifecycle(slot).is_some_and(|it| it.successor != AllocationRef::NONE);
    !is_done_once
        && (record.desired.is_terminal() || is_replaced)
        && !predecessors(state, slot)
            .any(|it| state.allocation(it).is_some_and(|it| !it.client.is_terminal()))
}

/// What an allocation took the place of, and what that did, as far as it is known and says so. One of them may come
/// back, which is then compared with what has its place by now (docs/lifecycle.md, section 3.2): it is found from one
/// to the next.
fn predecessors(state: &State, slot: AllocationSlot) -> impl Iterator<Item = AllocationSlot> + '_ {
    let before = move |slot: &AllocationSlot| {
        let before = state.resolve_allocation(state.lifecycle(*slot)?.predecessor)?;
        let next = state.resolve_allocation(state.lifecycle(before)?.successor);
        (next == Some(*slot)).then_some(before)
    };
    successors(before(&slot), before).take(state.allocation_count())
}

/// What took the place of an allocation, and of that, as far as it is known.
pub(super) fn replacements(
    state: &State,
    slot: AllocationSlot,
) -> impl Iterator<Item = AllocationSlot> + '_ {
    let next =
        move |slot: &AllocationSlot| state.resolve_allocation(state.lifecycle(*slot)?.successor);
    successors(next(&slot), next).take(state.allocation_count())
}

/// What was lost and waited for an evaluation that has ended.
pub(super) fn lost_by(
    state: &State,
    slot: EvaluationSlot,
) -> impl Iterator<Item = AllocationSlot> + '_ {
    let ended = state.evaluation(slot).filter(|it| it.status.is_terminal());
    // Mostly nothing was ever lost.
    let job = ended.map(|it| it.job.slot).filter(|job| counts_any(state, *job, |it| it.lost));
    let groups = job.and_then(|job| state.job(job)).map(|job| &*job.groups).unwrap_or_default();
    let all = groups.iter().flat_map(|group| group.allocations.iter().copied());
    all.filter(move |it| {
        state.allocation(*it).is_some_and(|it| it.client == ClientStatus::Lost)
            && state.follow_up_of(*it) == Link::To(slot)
    })
}

/// Whether anything of a job ever came to a state.
pub(super) fn counts_any(state: &State, job: JobSlot, count: impl Fn(&GroupCounts) -> u32) -> bool {
    let groups = state.standing(job).map(|it| &*it.counted.groups).unwrap_or_default();
    groups.iter().any(|counts| count(counts) > 0)
}

/// When an evaluation that has ended is forgotten, with the allocations that it made; never as long as
/// one of these is not over.
pub(super) fn evaluation_at(
    state: &State,
    ages: &GarbageOptions,
    slot: EvaluationSlot,
) -> Option<Timestamp> {
    let record = state.evaluation(slot).filter(|it| it.status.is_terminal())?;
    let is_batch = matches!(record.job_type, Some(JobType::Batch | JobType::Sysbatch));
    let age = if is_batch { ages.batch_evaluations } else { ages.evaluations }?;
    let of = state.evaluation_ref(slot);
    let mut latest = record.modified;
    for allocation in allocations_of(state, record.job.slot) {
        if state.evaluation_of_allocation(allocation) == Some(of) {
            if !is_over(state, allocation) {
                return None;
            }
            latest = latest.max(state.lifecycle(allocation)?.modify_time);
        }
    }
    latest.checked_add(age)
}

/// Whether a deployment has ended, says nothing of what is placed and none of its allocations is left.
pub(super) fn is_deployed(state: &State, slot: DeploymentSlot) -> bool {
    let Some(record) = state.deployment(slot).filter(|it| !it.status.is_active()) else {
        return false;
    };
    if holds_back(state, record) || is_gone_back_to(state, record) {
        return false;
    }
    let of = state.deployment_ref(slot);
    !allocations_of(state, record.job.slot)
        .any(|it| state.lifecycle(it).is_some_and(|it| it.deployment == of))
}

/// Whether a deployment that failed is that of its job's present version. As long as it is, nothing more of
/// that version is placed (docs/lifecycle.md, section 3); were it forgotten, any look would begin it anew.
fn holds_back(state: &State, record: &DeploymentRecord) -> bool {
    record.status == DeploymentStatus::Failed && is_of_present(state, record)
}

/// Whether the canaries of its job's present version wait and others are replaced by the version of this
/// deployment meanwhile (docs/lifecycle.md, section 2, *Placement loop*). Were it forgotten, they would be
/// replaced by another one from then on, though nothing has happened.
fn is_gone_back_to(state: &State, record: &DeploymentRecord) -> bool {
    let latest = state.resolve_job(record.job).and_then(|job| state.latest_deployment(job));
    let latest = latest.and_then(|slot| state.deployment(slot));
    latest.is_some_and(|it| it.awaits_canaries() && is_of_present(state, it))
        && record.groups.iter().any(DeployedGroup::is_settled)
}

/// Whether a deployment is that of its job's present version, which runs.
fn is_of_present(state: &State, record: &DeploymentRecord) -> bool {
    let present = state.resolve_job(record.job).and_then(|job| state.registration(job)?.present());
    present.is_some_and(|it| {
        let job = &it.job;
        (it.number, job.create_index, job.stop) == (record.version, record.job_create_index, false)
    })
}

/// When a deployment that has ended is forgotten; never as long as any of its allocations is left.
pub(super) fn deployment_at(
    state: &State,
    ages: &GarbageOptions,
    slot: DeploymentSlot,
) -> Option<Timestamp> {
    let age = ages.deployments.filter(|_| is_deployed(state, slot))?;
    state.deployment(slot)?.modified.checked_add(age)
}

/// Whether a job is stopped or done, and nothing is left of what ran.
pub(super) fn is_dead(state: &State, slot: JobSlot) -> bool {
    let Some(present) = state.registration(slot).and_then(|it| it.present()) else { return false };
    let is_done_once = matches!(present.job.job_type(), JobType::Batch | JobType::Sysbatch);
    let is_open =
        |it: &EvaluationSlot| state.evaluation(*it).is_some_and(|it| !it.status.is_terminal());
    (present.job.stop || is_done_once)
        && state.status_of_job(slot) == JobStatus::Dead
        && allocations_of(state, slot)
            .all(|it| state.allocation(it).is_none_or(|record| record.client.is_terminal()))
        && !state.evaluations_of(slot).iter().any(is_open)
}

/// When a job that is dead is forgotten, with all that there was of it.
pub(super) fn job_at(state: &State, ages: &GarbageOptions, slot: JobSlot) -> Option<Timestamp> {
    let age = ages.jobs.filter(|_| is_dead(state, slot))?;
    let present = &state.registration(slot)?.present()?.job;
    let of_allocations = allocations_of(state, slot)
        .filter_map(|it| state.lifecycle(it).map(|lifecycle| lifecycle.modify_time));
    let of_evaluations = state.evaluations_of(slot).iter();
    let of_evaluations =
        of_evaluations.filter_map(|it| state.evaluation(*it).map(|it| it.modified));
    let latest = of_allocations.chain(of_evaluations).max();
    let submitted = Timestamp::from_nanos(present.submit_time);
    latest.unwrap_or(submitted).max(submitted).checked_add(age)
}

/// When a node that is down is forgotten; never as long as anything is on it.
pub(super) fn node_at(state: &State, ages: &GarbageOptions, slot: NodeSlot) -> Option<Timestamp> {
    // Most nodes have something on them, which is told without a look at the node.
    let age = ages.nodes.filter(|_| state.allocations_on(slot).is_empty())?;
    let node = &state.node(slot).filter(|it| it.node.status() == NodeStatus::Down)?.node;
    let since = node.extra.get(STATUS_UPDATED_AT).and_then(serde_json::Value::as_i64)?;
    Timestamp::from_secs(since).checked_add(age)
}
