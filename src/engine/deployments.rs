//! Watching deployments: what follows from verdicts on health, and from deadlines (docs/lifecycle.md,
//! section 3.1).

use std::collections::BTreeSet;

use super::change::Change;
use super::forget::allocations_of;
use super::job_changes::revert_to;
use super::jobs::present;
use super::progress::is_done;
use super::reschedule::is_eligible;
use crate::model::{ClientStatus, DeploymentStatus, JobType, TaskGroup, Trigger};
use crate::state::State;
use crate::state::changed::Changes;
use crate::state::deployment::{DeployedGroup, DeploymentRecord, PlacedCanary};
use crate::state::job::JobVersion;
use crate::state::lifecycle::Health;
use crate::state::slots::{AllocationRef, AllocationSlot, DeploymentRef, DeploymentSlot, JobSlot};
use crate::time::Span;

pub(super) const UNHEALTHY: &str = "Failed due to unhealthy allocations";
/// For how long verdicts are gathered before the job is looked at.
const GATHERED: Span = Span::from_nanos(250_000_000);
const DEADLINE: &str = "Failed due to progress deadline";

/// Draws the consequences of new verdicts.
pub(super) fn watch(change: &mut Change<'_>, changes: &Changes) {
    if changes.touched.deployments.is_empty() {
        return;
    }
    let is_active = |slot: &DeploymentSlot| {
        change.state.deployment(*slot).is_some_and(|it| it.status.is_active())
    };
    let active: Vec<DeploymentSlot> =
        changes.touched.deployments.iter().copied().filter(is_active).collect();
    for deployment in active {
        let judged = judged(&change.state, changes, deployment);
        if judged.is_empty() {
            continue;
        }
        let sick = judged.iter().filter(|(_, health)| *health == Health::Unhealthy);
        let mut sick = sick.map(|(slot, _)| *slot);
        if sick.any(|slot| is_fatal(&change.state, deployment, slot)) {
            change.set_news(deployment, None);
            fail(change, deployment, UNHEALTHY);
            continue;
        }
        // Verdicts that come one soon after the other are looked at together.
        if !change.is_looked_at && !change.book().news.contains_key(&deployment) {
            let at = change.now().checked_add(GATHERED);
            change.set_news(deployment, at);
        }
    }
    for deployment in changes.touched.deployments.iter().copied() {
        if change.queues.deployments.contains(&deployment) && owes(&change.state, deployment) {
            evaluate(change, deployment);
        }
    }
}

/// Whether a deployment has ended well and has left something undone that only another look at the job
/// finds: something of it failed that may be replaced, or less is wanted than the job asks for, as what was
/// missing while the deployment was paused was held back, which does not keep it from ending (docs/lifecycle.md,
/// section 3, *Placements* and *Deployment creation*).
fn owes(state: &State, deployment: DeploymentSlot) -> bool {
    let has_ended = |it: &&DeploymentRecord| it.status == DeploymentStatus::Successful;
    let Some(record) = state.deployment(deployment).filter(has_ended) else { return false };
    let of = state.deployment_ref(deployment);
    let job = record.job.slot;
    allocations_of(state, job).any(|slot| is_left(state, of, slot)) || is_missing_some(state, job)
}

/// Whether an allocation of a deployment failed and may be replaced. As long as that went on, it was left to
/// it (section 3, *Reschedule filter*); from then on the policy says when.
fn is_left(state: &State, deployment: DeploymentRef, slot: AllocationSlot) -> bool {
    let Some(it) = state.allocation(slot) else { return false };
    it.client == ClientStatus::Failed
        && !it.desired.is_terminal()
        && state
            .lifecycle(slot)
            .is_some_and(|it| it.deployment == deployment && it.successor == AllocationRef::NONE)
        && !state.is_awaited(slot)
        && is_eligible(state, slot)
}

/// Whether fewer allocations of a service job are wanted than it asks for.
fn is_missing_some(state: &State, slot: JobSlot) -> bool {
    let Some(present) = state.registration(slot).and_then(|it| it.present()) else { return false };
    let spec = present.job.spec();
    if spec.stop || present.job.job_type() != JobType::Service {
        return false;
    }
    let wanted = |name: &str| {
        let groups = state.job(slot).map(|job| &*job.groups).unwrap_or_default();
        let group = groups.iter().find(|group| *group.name == *name);
        // What failed is looked at by its policy; what has ended otherwise leaves its place to another.
        let is_wanted = |slot: &&AllocationSlot| {
            state.allocation(**slot).is_some_and(|it| {
                let has_ended = matches!(it.client, ClientStatus::Complete | ClientStatus::Lost);
                !it.desired.is_terminal() && !has_ended
            })
        };
        group.map_or(0, |group| group.allocations.iter().filter(is_wanted).count())
    };
    let is_short = |group: &TaskGroup| wanted(&group.name) < group.count() as usize;
    spec.task_groups.iter().any(is_short)
}

/// Looks at what is new of a deployment: what is not well may be replaced, canaries that are all well may
/// be promoted, and its job is looked at anew.
pub(super) fn look_at(change: &mut Change<'_>, deployment: DeploymentSlot) {
    change.set_news(deployment, None);
    if change.deployment(deployment).is_some_and(|it| it.status.is_active()) {
        for slot in sick(&change.state, deployment) {
            change.change_lifecycle(slot, false, |record| record.transition.reschedule = true);
        }
        if may_promote(&change.state, deployment) {
            promote(change, deployment, None);
        }
        evaluate(change, deployment);
    }
}

/// The allocations of a deployment that are not well and were not told to be replaced yet.
fn sick(state: &State, deployment: DeploymentSlot) -> Vec<AllocationSlot> {
    let Some(record) = state.deployment(deployment) else { return Vec::new() };
    if record.groups.iter().all(|group| group.unhealthy == 0) {
        return Vec::new();
    }
    let of = state.deployment_ref(deployment);
    let is_sick = |slot: &AllocationSlot| {
        state.allocation(*slot).is_some_and(|it| !it.desired.is_terminal())
            && state.lifecycle(*slot).is_some_and(|it| {
                it.deployment == of && it.health == Health::Unhealthy && !it.transition.reschedule
            })
    };
    allocations_of(state, record.job.slot).filter(is_sick).collect()
}

/// The allocations of a deployment on which there is a new verdict.
fn judged(
    state: &State,
    changes: &Changes,
    deployment: DeploymentSlot,
) -> Vec<(AllocationSlot, Health)> {
    let (of, index) = (state.deployment_ref(deployment), state.modify_index);
    let all = changes.touched.allocations.iter().filter_map(|&slot| {
        let lifecycle = state.lifecycle(slot)?;
        let judged_at = lifecycle.rare.as_deref().map_or(0, |rare| rare.health_index);
        let is_new = judged_at == index && lifecycle.modify_index == index;
        (lifecycle.deployment == of && is_new).then_some((slot, lifecycle.health))
    });
    all.filter(|(_, health)| *health != Health::Unknown).collect()
}

/// Whether a deployment has failed by an allocation that is not well: it may not be replaced, or there is
/// no time for it.
fn is_fatal(state: &State, deployment: DeploymentSlot, slot: AllocationSlot) -> bool {
    let name = state.version_of(slot).map(|version| version.group_name()).unwrap_or_default();
    let groups = state.deployment(deployment).map(|it| &*it.groups).unwrap_or_default();
    let group = groups.iter().find(|group| *group.name == *name);
    group.is_none_or(|group| group.progress_deadline <= Span::ZERO) || !is_eligible(state, slot)
}

/// Whether every group with canaries that were not promoted yet promotes them without being told, and they are all
/// well.
fn may_promote(state: &State, deployment: DeploymentSlot) -> bool {
    let groups = state.deployment(deployment).map(|it| &*it.groups).unwrap_or_default();
    let mut waiting = groups.iter().filter(|group| !group.is_settled()).peekable();
    waiting.peek().is_some()
        && waiting.all(|group| {
            group.auto_promote && healthy_canaries(state, group) >= group.desired_canaries
        })
}

/// How many canaries of a group that are still there are well.
pub(super) fn healthy_canaries(state: &State, group: &DeployedGroup) -> i64 {
    let canaries = group.placed_canaries.iter().filter_map(|canary| canary_slot(state, canary));
    let is_well = |slot: &AllocationSlot| {
        let is_live = state.allocation(*slot).is_some_and(|record| record.is_live());
        is_live && state.lifecycle(*slot).is_some_and(|it| it.health == Health::Healthy)
    };
    canaries.filter(is_well).count() as i64
}

fn canary_slot(state: &State, canary: &PlacedCanary) -> Option<AllocationSlot> {
    match canary {
        PlacedCanary::Ours(of) => state.resolve_allocation(*of),
        PlacedCanary::Other(id) => state.find_allocation(id),
    }
}

/// Finds the canaries of groups good, of all groups if none are named. They are canaries no more. What was promoted
/// before stays as it is.
pub(super) fn promote(
    change: &mut Change<'_>,
    deployment: DeploymentSlot,
    names: Option<&BTreeSet<String>>,
) {
    let is_meant = |group: &DeployedGroup| {
        !group.is_settled() && names.is_none_or(|names| names.contains(&*group.name))
    };
    let groups = change.deployment(deployment).map(|it| it.groups.clone()).unwrap_or_default();
    let meant = groups.iter().filter(|group| is_meant(group));
    let canaries = meant.flat_map(|group| &group.placed_canaries);
    let canaries: Vec<AllocationSlot> =
        canaries.filter_map(|canary| canary_slot(&change.state, canary)).collect();
    let (now, index) = (change.now(), change.index_to_be());
    change.change_deployment(deployment, |record| {
        for group in record.groups.iter_mut().filter(|group| is_meant(group)) {
            group.promoted = true;
            group.give_time(now);
        }
        record.description = description(record).into();
    });
    for canary in canaries {
        change.change_lifecycle(canary, false, |record| {
            record.is_canary = false;
            record.rare_mut().health_index = index;
        });
    }
}

/// What is said of a deployment that is going on, or is held.
pub(super) fn description(record: &DeploymentRecord) -> &'static str {
    if record.status == DeploymentStatus::Paused {
        return "Deployment is paused";
    }
    let mut waiting = record.groups.iter().filter(|group| !group.is_settled()).peekable();
    if waiting.peek().is_none() {
        "Deployment is running"
    } else if waiting.all(|group| group.auto_promote) {
        "Deployment is running pending automatic promotion"
    } else {
        "Deployment is running but requires manual promotion"
    }
}

/// Looks at the job of a deployment anew.
pub(super) fn evaluate(change: &mut Change<'_>, deployment: DeploymentSlot) {
    let job = change.deployment(deployment).map(|it| it.job);
    let Some(job) = job.and_then(|job| change.resolve_job(job)) else { return };
    let mut record = change.pending_evaluation(job, Trigger::DeploymentWatcher);
    let kept_id = change.kept_deployment_id(change.deployment_ref(deployment)).to_owned();
    record.belong_to(change.deployment_ref(deployment), &kept_id);
    change.evaluate(job, record);
}

/// Gives a deployment up, goes back to the latest stable version of its job if it is to, and looks at the
/// job anew.
pub(super) fn fail(change: &mut Change<'_>, deployment: DeploymentSlot, reason: &str) {
    let suffix = revert(change, deployment);
    change.change_deployment(deployment, |record| {
        record.status = DeploymentStatus::Failed;
        record.description = format!("{reason}{suffix}").into();
    });
    evaluate(change, deployment);
}

/// Goes back to the latest stable version of a deployment's job, where a group of it says so, and gives
/// what is to be said of that.
fn revert(change: &mut Change<'_>, deployment: DeploymentSlot) -> String {
    let Some(record) = change.deployment(deployment) else { return String::new() };
    let (job, version) = (record.job, record.version);
    if !record.groups.iter().any(|group| group.auto_revert) {
        return String::new();
    }
    let Some(slot) = change.resolve_job(job) else { return String::new() };
    let Some(current) = present(change, slot).filter(|job| job.version == version) else {
        return String::new();
    };
    let versions = change.registration(slot).map(|it| &*it.versions).unwrap_or_default();
    let is_good = |it: &&JobVersion| it.is_stable && it.number != version && !it.job.stop;
    let stable = versions.iter().find(is_good);
    let Some((number, job)) = stable.map(|it| (it.number, it.job.clone())) else {
        return " - no stable job version to auto revert to".to_owned();
    };
    if job.spec().asks_the_same(current.spec()) {
        return format!(
            " - not rolling back to stable job version {number} as current job has same \
             specification"
        );
    }
    match revert_to(change, slot, &current, number) {
        Ok(()) => format!(" - rolling back to job version {number}"),
        Err(error) => format!(" - not rolling back to job version {number}: {error}"),
    }
}

/// Gives a deployment up that has not come far enough by its deadline.
pub(super) fn miss_deadline(change: &mut Change<'_>, deployment: DeploymentSlot) {
    let Some(record) = change.deployment(deployment) else { return };
    let is_going_on = record.status.is_active() && !record.status.is_paused();
    if is_going_on && !record.groups.iter().all(is_done) {
        fail(change, deployment, DEADLINE);
    }
}
