//! How a system job is brought up to date: a few nodes at a time, a share of them first as canaries
//! (docs/lifecycle.md, section 4, *System deployments*).

use super::changes::{NewDeployment, NewDeploymentGroup};
use super::system_pass::SystemPass;
use super::view::{Facts, NodeStanding, UpdateRules};
use crate::model::JobType;

/// How far a group's update may go in this pass.
#[derive(Debug, Default)]
pub(super) struct Rollout {
    /// How many may be replaced.
    pub(super) limit: usize,
    /// Whether those are canaries.
    pub(super) are_canaries: bool,
    /// How many canaries the update wants.
    pub(super) desired_canaries: u32,
}

/// How far a group's update may go.
pub(super) fn rollout<F: Facts>(pass: &SystemPass<'_, '_, F>, group: u32) -> Rollout {
    let outdated = pass.groups[group as usize].outdated.len();
    let Some(update) = update_rules(pass, group) else {
        return Rollout { limit: outdated, ..Rollout::default() };
    };
    let unsettled = pass.groups[group as usize].unsettled as usize;
    let limit = (update.max_parallel as usize).saturating_sub(unsettled);
    let limit = if pass.deployments.is_held() { 0 } else { limit };
    let state = pass.deployments.state(group);
    let desired_canaries = match state {
        Some(state) => state.desired_canaries,
        // There is no deployment yet, or it began before there was anything to update.
        None => share(update.canary, outdated),
    };
    if desired_canaries == 0 || pass.deployments.is_promoted(group) {
        return Rollout { limit, desired_canaries, ..Rollout::default() };
    }
    let placed = state.map_or(0, |state| state.placed_canaries.len());
    let missing = (desired_canaries as usize).saturating_sub(placed);
    Rollout { limit: limit.min(missing), are_canaries: true, desired_canaries }
}

/// So many percent of a number, rounded up.
fn share(percent: u32, of: usize) -> u32 {
    (u64::from(percent) * of as u64).div_ceil(100).min(of as u64) as u32
}

/// Lets a group take part in a new deployment: when it runs for the first time or changes.
pub(super) fn create<F: Facts>(pass: &mut SystemPass<'_, '_, F>, group: u32, rollout: &Rollout) {
    let Some(update) = update_rules(pass, group) else { return };
    let state = &pass.groups[group as usize];
    let changes = state.outdated.len() + state.figures.in_place_update as usize;
    if pass.deployments.current.is_some() || (state.has_current && changes == 0) {
        return;
    }
    let mut counted_nodes = Vec::new();
    for (node, standing) in pass.input.nodes.iter().enumerate() {
        let is_eligible = *standing == NodeStanding::Eligible;
        if is_eligible && pass.facts.is_feasible(node as u32, group) {
            counted_nodes.push(node as u32);
        }
    }
    if counted_nodes.is_empty() {
        return;
    }
    let deployment = pass.changes.deployment.get_or_insert_with(NewDeployment::default);
    deployment.groups.push(NewDeploymentGroup {
        group,
        auto_revert: update.auto_revert,
        auto_promote: update.auto_promote,
        progress_deadline: update.progress_deadline,
        desired_canaries: rollout.desired_canaries,
        desired_total: counted_nodes.len() as u32,
        counted_nodes,
    });
}

/// Whether nothing is left to do in the group, and what its deployment waits for has come.
pub(super) fn is_complete<F: Facts>(pass: &SystemPass<'_, '_, F>, group: u32) -> bool {
    let state = &pass.groups[group as usize];
    let is_still = state.outdated.is_empty()
        && state.figures.in_place_update == 0
        && state.figures.place == 0
        && state.figures.migrate == 0;
    is_still
        && pass.deployments.state(group).is_none_or(|state| {
            state.healthy >= state.desired_total && (state.desired_canaries == 0 || state.promoted)
        })
}

/// How a group is brought up to date, where that makes a deployment.
fn update_rules<F: Facts>(pass: &SystemPass<'_, '_, F>, group: u32) -> Option<UpdateRules> {
    let is_system = pass.input.job_type == JobType::System;
    let rules = pass.input.rules(group)?;
    rules.update.filter(|update| is_system && update.max_parallel > 0)
}
