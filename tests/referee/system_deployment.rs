//! Section 4: how many of a system job's allocations are updated at once, and its deployments.

use std::collections::BTreeMap;

use crate::answer::{Answer, NewDeployment, NewGroup};
use crate::deployment::{COMPLETED, description};
use crate::facts::{Group, Kind};
use crate::questions::{Questions, Room};
use crate::system::Pass;

#[derive(Debug)]
pub(crate) struct Rollout {
    pub(crate) limit: usize,
    pub(crate) are_canaries: bool,
}

/// How each group goes on; creates or ends the deployment.
pub(crate) fn rollout(
    pass: &Pass,
    questions: &dyn Questions,
    answer: &mut Answer,
    missing: usize,
) -> BTreeMap<String, Rollout> {
    let mut rollouts = BTreeMap::new();
    let mut is_complete = missing == 0;
    for group in &pass.job.groups {
        let updates = pass.updates.get(&group.name).map_or(0, Vec::len);
        let has_updates = updates > 0 || pass.in_place.contains_key(&group.name);
        let desired_canaries = desired_canaries(pass, group, updates);
        if pass.job.kind == Kind::System {
            create(pass, questions, answer, group, has_updates, desired_canaries);
        }
        // Section 3: no migrations either.
        let is_still = !has_updates && !pass.migrating.contains(&group.name);
        is_complete &= is_still && is_healthy(pass, group);
        rollouts.insert(group.name.clone(), one(pass, group, updates, desired_canaries));
    }
    let is_active = pass.triage.current.is_some_and(|current| current.is_active());
    if is_active && is_complete {
        answer.deployment_update = Some(COMPLETED);
    }
    if let Some(new) = &mut answer.new_deployment {
        new.description = description(new);
    }
    rollouts
}

fn one(pass: &Pass, group: &Group, updates: usize, desired_canaries: usize) -> Rollout {
    let Some(update) = group.rolling() else {
        return Rollout { limit: updates, are_canaries: false };
    };
    let current = pass.triage.current;
    let state = current.and_then(|current| current.groups.get(&group.name));
    let is_promoted = state.is_some_and(|state| state.promoted);
    let are_canaries = desired_canaries > 0 && !is_promoted;
    if pass.triage.is_failed() || pass.triage.is_paused() {
        return Rollout { limit: 0, are_canaries };
    }
    let limit = limit(pass, group, update.max_parallel);
    if are_canaries {
        let placed = state.map_or(0, |state| {
            let live = pass.world.allocs.iter().filter(|alloc| !alloc.is_terminal());
            live.filter(|alloc| state.placed_canaries.contains(&alloc.id)).count()
        });
        return Rollout {
            limit: limit.min(desired_canaries.saturating_sub(placed)),
            are_canaries: true,
        };
    }
    Rollout { limit, are_canaries: false }
}

/// How many may be replaced in this pass.
fn limit(pass: &Pass, group: &Group, max_parallel: usize) -> usize {
    let current = pass.triage.current;
    let pending = current.map_or(0, |current| {
        let live = pass.world.allocs.iter().filter(|alloc| !alloc.is_terminal());
        let own = live.filter(|it| it.group == group.name && it.deployment_id == current.id);
        own.filter(|alloc| alloc.health != Some(true)).count()
    });
    max_parallel.saturating_sub(pending)
}

/// The canaries are a percentage of the nodes to be updated, fixed with the deployment.
fn desired_canaries(pass: &Pass, group: &Group, updates: usize) -> usize {
    if pass.job.kind != Kind::System {
        return 0;
    }
    let state = pass.triage.current.and_then(|current| current.groups.get(&group.name));
    match (state, group.rolling()) {
        (Some(state), _) => state.desired_canaries,
        (None, Some(update)) => (updates * update.canary).div_ceil(100),
        (None, None) => 0,
    }
}

fn create(
    pass: &Pass,
    questions: &dyn Questions,
    answer: &mut Answer,
    group: &Group,
    has_updates: bool,
    desired_canaries: usize,
) {
    let Some(update) = group.rolling() else { return };
    let own = |alloc: &&crate::facts::Alloc| alloc.group == group.name && !alloc.is_terminal();
    let is_first = !pass.world.allocs.iter().filter(own).any(|it| it.is_of_same_version(pass.job));
    if pass.triage.current.is_some() || !(is_first || has_updates) {
        return;
    }
    let feasible = pass.world.nodes.values().filter(|node| {
        let room = || questions.room(pass.world, answer, pass.job, group, node);
        pass.is_eligible(node) && room() != Room::Filtered
    });
    let desired_total = feasible.count();
    // Section 3: where `DesiredTotal` is above 0.
    if desired_total == 0 {
        return;
    }
    let state = NewGroup {
        auto_promote: update.auto_promote,
        auto_revert: update.auto_revert,
        desired_canaries,
        desired_total,
    };
    let new = answer.new_deployment.get_or_insert_with(NewDeployment::default);
    new.version = pass.job.version;
    new.groups.insert(group.name.clone(), state);
}

fn is_healthy(pass: &Pass, group: &Group) -> bool {
    let state = pass.triage.current.and_then(|current| current.groups.get(&group.name));
    state.is_none_or(|state| {
        let needs_promotion = state.desired_canaries > 0 && !state.promoted;
        state.healthy >= state.desired_total && !needs_promotion
    })
}
