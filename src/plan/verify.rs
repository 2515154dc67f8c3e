//! Verifying: what of a plan can be committed to the state as it is now, node by node
//! (docs/lifecycle.md, section 5).

use indexmap::IndexMap;

use super::content::{Plan, PlannedGroup};
use super::rejection::NodeRejection;
use crate::fit::Room;
use crate::fit::verify::verify as fits;
use crate::model::NodeStatus;
use crate::state::State;
use crate::state::allocation::core_mhz;
use crate::state::slots::{AllocationSlot, NodeRef, NodeSlot};
use crate::state::usage::{Amounts, Holdings};

/// The nodes whose part of a plan cannot be committed, in the order of the plan.
pub(crate) fn verify(state: &State, plan: &Plan) -> IndexMap<NodeRef, NodeRejection> {
    let mut by_node: IndexMap<NodeRef, Vec<(&PlannedGroup, usize)>> = IndexMap::new();
    for group in &plan.groups {
        for (at, planned) in group.placements.iter().enumerate() {
            by_node.entry(planned.node).or_default().push((group, at));
        }
    }
    let stops: Vec<AllocationSlot> =
        plan.stops.iter().filter_map(|stop| stop.find(state)).collect();
    let rejected = by_node.iter().filter_map(|(&node, placements)| {
        Some((node, verify_node(state, node, placements, &stops).err()?))
    });
    rejected.collect()
}

/// Whether a node takes what is to be placed on it. Stops alone always fit.
fn verify_node(
    state: &State,
    node: NodeRef,
    placements: &[(&PlannedGroup, usize)],
    stops: &[AllocationSlot],
) -> Result<(), NodeRejection> {
    let slot = state.resolve_node(node).ok_or(NodeRejection::DoesNotExist)?;
    let record = state.node(slot).ok_or(NodeRejection::DoesNotExist)?;
    // A node that a fork had for itself may have got the slot that another one has here.
    let planned = placements.first().and_then(|(group, at)| group.batch.node_of(*at));
    if planned.is_none_or(|planned| *planned.id != *record.node.id) {
        return Err(NodeRejection::DoesNotExist);
    }
    match record.node.status() {
        NodeStatus::Ready => {}
        NodeStatus::Disconnected => return Err(NodeRejection::Disconnected),
        NodeStatus::Down => return Err(NodeRejection::Down),
        NodeStatus::Initializing => return Err(NodeRejection::NotReady),
    }
    if !record.node.is_ready() {
        return Err(NodeRejection::NotEligible);
    }
    let leaving = leaving(state, slot, placements, stops);
    let taken;
    let taken = match leaving.is_empty() {
        true => state.taken(slot, record),
        false => {
            taken = state.taken_without(slot, &leaving);
            &taken
        }
    };
    let left = leaving.iter().map(|&it| state.amounts_of(it));
    let room = Room {
        node: record,
        taken,
        free: left.fold(state.free(slot), |free, amounts| free.plus(amounts)),
        free_allocations: state.free_allocations(slot).saturating_add(leaving.len() as i64),
    };
    let given = placements.iter().map(|&(group, at)| given(group, at));
    fits(room, given).map_err(|misfit| NodeRejection::DoesNotFit { dimension: misfit.to_string() })
}

/// What is on a node and leaves it by the plan: what is stopped there, and what is evicted.
fn leaving(
    state: &State,
    slot: NodeSlot,
    placements: &[(&PlannedGroup, usize)],
    stops: &[AllocationSlot],
) -> Vec<AllocationSlot> {
    let planned = placements.iter().filter_map(|(group, at)| group.placements.get(*at));
    let evicted = planned.flat_map(|planned| &planned.victims);
    let evicted = evicted.filter_map(|victim| victim.find(state));
    let is_there = |it: &AllocationSlot| {
        state.allocation(*it).is_some_and(|record| record.occupies && record.node == slot)
    };
    let mut leaving: Vec<AllocationSlot> =
        stops.iter().copied().chain(evicted).filter(is_there).collect();
    leaving.sort_unstable();
    leaving.dedup();
    leaving
}

/// The amounts of a planned placement, the CPU of its cores included, and what it holds for itself.
fn given(group: &PlannedGroup, at: usize) -> (Amounts, Option<&Holdings>) {
    let holdings = group.placements.get(at).and_then(|planned| planned.holdings.as_deref());
    let mut amounts = group.batch.version.amounts;
    amounts.cpu_mhz += holdings.map_or(0, core_mhz);
    (amounts, holdings)
}
