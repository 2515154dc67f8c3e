//! Committing: what of a plan its nodes take becomes part of the state.

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::content::{Plan, PlannedGroup};
use super::rejection::NodeRejection;
use super::verify::verify;
use crate::placement::outcome::{GroupPlacement, Outcome};
use crate::state::batch::Batch;
use crate::state::log::NewAllocation;
use crate::state::slots::NodeRef;
use crate::state::transaction::Transaction;

/// What became of a plan.
pub(crate) struct Committed {
    /// What was placed.
    pub(crate) outcome: Outcome,
    /// Identities of the nodes whose part was refused, and why.
    pub(crate) rejected: Vec<(String, NodeRejection)>,
    /// Identities of what was told to stop.
    pub(crate) stopped: Vec<String>,
}

/// Commits a plan in a transaction: node by node what that takes, and nothing of a job that is placed
/// whole or not at all and is refused anywhere.
pub(crate) fn commit(state: &mut Transaction<'_>, plan: Plan) -> Committed {
    let rejected = verify(state, &plan);
    let refused = refused_whole(&plan.groups, &rejected);
    let mut committed = Committed {
        outcome: Outcome { failed: plan.failed, ..Outcome::default() },
        rejected: named(&plan.groups, &rejected),
        stopped: Vec::new(),
    };
    for stop in plan.stops {
        let is_on_rejected =
            committed.rejected.iter().any(|(node_id, _)| node_id == stop.node_id());
        let is_refused = is_on_rejected || refused.contains(&stop.job());
        let found = stop.find(state).filter(|_| !is_refused);
        if let Some(slot) = found {
            state.stop(slot);
            committed.outcome.stops.push(slot);
            committed.stopped.push(stop.id().to_owned());
        }
    }
    for group in plan.groups.iter().filter(|group| !refused.contains(&group.job_names())) {
        committed.outcome.groups.extend(commit_group(state, group, &rejected));
    }
    committed
}

/// The jobs, by namespace and identity, of which nothing is committed.
fn refused_whole<'a>(
    groups: &'a [PlannedGroup],
    rejected: &IndexMap<NodeRef, NodeRejection>,
) -> IndexSet<(&'a str, &'a str)> {
    let is_refused = |group: &&PlannedGroup| {
        group.job.all_at_once
            && group.placements.iter().any(|planned| rejected.contains_key(&planned.node))
    };
    groups.iter().filter(is_refused).map(PlannedGroup::job_names).collect()
}

/// The identities of the nodes that were refused.
fn named(
    groups: &[PlannedGroup],
    rejected: &IndexMap<NodeRef, NodeRejection>,
) -> Vec<(String, NodeRejection)> {
    let id_of = |node: NodeRef| {
        groups.iter().find_map(|group| {
            let at = group.placements.iter().position(|planned| planned.node == node)?;
            Some(group.batch.node_of(at)?.id.to_string())
        })
    };
    let named = rejected.iter().map(|(&node, why)| (id_of(node).unwrap_or_default(), why.clone()));
    named.collect()
}

/// Adds the placements of a group whose nodes take them.
fn commit_group(
    state: &mut Transaction<'_>,
    group: &PlannedGroup,
    rejected: &IndexMap<NodeRef, NodeRejection>,
) -> Option<GroupPlacement> {
    let accepted = group.placements.iter().enumerate();
    let accepted = accepted.filter(|(_, planned)| !rejected.contains_key(&planned.node));
    let accepted: Vec<usize> = accepted.map(|(at, _)| at).collect();
    if accepted.is_empty() {
        return None;
    }
    let job = &group.job;
    let name = &group.batch.version.group_spec()?.name;
    let job_slot = state.ensure_job(job);
    let open = state.open_batch(job_slot, name, group.batch.version.amounts);
    let mut allocations = Vec::with_capacity(accepted.len());
    let (mut all_holdings, mut evicted) = (Vec::new(), Vec::new());
    let holds_any = group.placements.iter().any(|planned| planned.holdings.is_some());
    for (in_batch, &at) in accepted.iter().enumerate() {
        let (Some(planned), Some(placed)) = (group.placements.get(at), group.batch.placed.get(at))
        else {
            continue;
        };
        let next = state.next_of_batch(&open);
        let mut ids = Vec::new();
        for victim in &planned.victims {
            if let Some(slot) = victim.find(state) {
                state.evict(slot, next);
                ids.push(victim.id().to_owned());
            }
        }
        if !ids.is_empty() {
            evicted.push((in_batch as u32, ids));
        }
        let holdings = planned.holdings.clone();
        if holds_any {
            all_holdings.push(holdings.clone().unwrap_or_default());
        }
        let (node, name_index) = (planned.node.slot, placed.name_index);
        let in_batch = in_batch as u32;
        state.take(&open, NewAllocation { node, name_index, in_batch, holdings });
        allocations.push(next);
    }
    let batch = Arc::new(committed_batch(state, &group.batch, &accepted, evicted));
    state.close_batch(open, batch.clone());
    let nodes = state.node_table().clone();
    Some(GroupPlacement { job: job.clone(), batch, allocations, nodes, holdings: all_holdings })
}

/// A batch with those of its placements that were committed.
fn committed_batch(
    state: &Transaction<'_>,
    batch: &Batch,
    accepted: &[usize],
    evicted: Vec<(u32, Vec<String>)>,
) -> Batch {
    let placed = accepted.iter().filter_map(|&at| batch.placed.get(at).copied());
    let placed: Vec<_> = placed.collect();
    Batch {
        create_index: state.index_to_be(),
        created: state.now(),
        placed: placed.as_slice().into(),
        evicted,
        ..batch.clone()
    }
}
