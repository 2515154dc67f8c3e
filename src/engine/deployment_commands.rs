//! What people do to deployments: hold them, find their canaries good, give them up, and judge their
//! allocations (docs/lifecycle.md, section 3.1).

use std::collections::BTreeSet;

use super::change::Change;
use super::command::{
    FailDeployment, PauseDeployment, PromoteDeployment, SetAllocationHealth, UnblockDeployment,
};
use super::deployments::{
    UNHEALTHY, description, evaluate, fail as give_up, healthy_canaries, look_at,
    promote as find_good,
};
use super::error::DeploymentCommandError;
use super::health::judge;
use crate::model::DeploymentStatus;
use crate::state::deployment::DeployedGroup;
use crate::state::slots::{AllocationSlot, DeploymentSlot};

const MARKED: &str = "Deployment marked as failed";

/// A deployment of a command, of which something may still come.
fn find(
    change: &Change<'_>,
    id: &str,
    verb: &'static str,
) -> Result<DeploymentSlot, DeploymentCommandError> {
    let slot = change.find_deployment(id).ok_or(DeploymentCommandError::UnknownDeployment)?;
    match change.deployment(slot).is_some_and(|it| it.status.is_active()) {
        true => Ok(slot),
        false => Err(DeploymentCommandError::Ended { verb }),
    }
}

/// Says in the reply at which index a deployment is.
fn note(change: &mut Change<'_>, slot: DeploymentSlot) {
    let index = change.deployment(slot).map_or(0, |it| it.modify_index);
    change.applied.deployment_modify_index = index;
}

/// Holds a deployment, or lets it go on.
pub(super) fn pause(
    change: &mut Change<'_>,
    body: &PauseDeployment,
) -> Result<(), DeploymentCommandError> {
    let verb = if body.pause { "pause" } else { "resume" };
    let slot = find(change, &body.deployment_id, verb)?;
    let status = change.deployment(slot).map(|it| it.status);
    let wanted = if body.pause { DeploymentStatus::Paused } else { DeploymentStatus::Running };
    if status != Some(wanted) {
        let now = change.now();
        change.change_deployment(slot, |record| {
            record.status = wanted;
            record.description = description(record).into();
            record.groups.iter_mut().for_each(|group| group.give_time(now));
        });
        if !body.pause {
            evaluate(change, slot);
        }
    }
    note(change, slot);
    Ok(())
}

/// Finds canaries good.
pub(super) fn promote(
    change: &mut Change<'_>,
    body: &PromoteDeployment,
) -> Result<(), DeploymentCommandError> {
    let slot = find(change, &body.deployment_id, "promote")?;
    let groups: Vec<DeployedGroup> =
        change.deployment(slot).map(|it| it.groups.clone()).unwrap_or_default();
    let names: BTreeSet<String> = body.groups.iter().cloned().collect();
    if !body.all && names.is_empty() {
        return Err(DeploymentCommandError::NoGroups);
    }
    if let Some(name) = names.iter().find(|name| !groups.iter().any(|it| *it.name == ***name)) {
        return Err(DeploymentCommandError::UnknownGroup { group: name.clone() });
    }
    let is_meant = |group: &&DeployedGroup| body.all || names.contains(&*group.name);
    let mut any = false;
    for group in groups.iter().filter(is_meant) {
        if group.is_settled() {
            continue;
        }
        any = true;
        let healthy = healthy_canaries(&change.state, group);
        if healthy < group.desired_canaries {
            let (group, desired) = (group.name.to_string(), group.desired_canaries);
            return Err(DeploymentCommandError::TooFewHealthy { group, healthy, desired });
        }
    }
    if !any {
        return Err(DeploymentCommandError::NoCanaries);
    }
    find_good(change, slot, (!body.all).then_some(&names));
    evaluate(change, slot);
    note(change, slot);
    Ok(())
}

/// Gives a deployment up.
pub(super) fn fail(
    change: &mut Change<'_>,
    body: &FailDeployment,
) -> Result<(), DeploymentCommandError> {
    let slot = find(change, &body.deployment_id, "fail")?;
    give_up(change, slot, MARKED);
    note(change, slot);
    Ok(())
}

/// Lets a deployment go on that waits for other regions: here there is one region only.
pub(super) fn unblock(
    change: &mut Change<'_>,
    body: &UnblockDeployment,
) -> Result<(), DeploymentCommandError> {
    let slot = find(change, &body.deployment_id, "unblock")?;
    let status = change.deployment(slot).map(|it| it.status);
    if !matches!(status, Some(DeploymentStatus::Blocked | DeploymentStatus::Unblocking)) {
        let status = status.map_or("", DeploymentStatus::as_str);
        return Err(DeploymentCommandError::NotBlocked { status });
    }
    change.change_deployment(slot, |record| {
        record.status = DeploymentStatus::Running;
        record.description = description(record).into();
    });
    evaluate(change, slot);
    note(change, slot);
    Ok(())
}

/// Judges allocations of a deployment. One that is not well fails it.
pub(super) fn set_health(
    change: &mut Change<'_>,
    body: &SetAllocationHealth,
) -> Result<(), DeploymentCommandError> {
    let slot = find(change, &body.deployment_id, "set health of allocations for a")?;
    if body.healthy.is_empty() && body.unhealthy.is_empty() {
        return Err(DeploymentCommandError::NoAllocations);
    }
    let of = change.deployment_ref(slot);
    let mut judged: Vec<(AllocationSlot, bool)> = Vec::new();
    let healthy = body.healthy.iter().map(|id| (id, true));
    for (id, is_healthy) in healthy.chain(body.unhealthy.iter().map(|id| (id, false))) {
        let Some(allocation) = change.find_allocation(id) else {
            return Err(DeploymentCommandError::UnknownAllocation { id: id.clone() });
        };
        if change.lifecycle(allocation).is_none_or(|it| it.deployment != of) {
            return Err(DeploymentCommandError::ForeignAllocation { id: id.clone() });
        }
        judged.push((allocation, is_healthy));
    }
    let now = change.now();
    for (allocation, is_healthy) in judged {
        judge(change, allocation, is_healthy, now, false);
    }
    if !body.unhealthy.is_empty() {
        give_up(change, slot, UNHEALTHY);
    } else {
        look_at(change, slot);
        // The reply names the evaluation, so that nothing is gathered.
        change.is_looked_at = true;
    }
    note(change, slot);
    Ok(())
}
