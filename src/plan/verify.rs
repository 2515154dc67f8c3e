//! Verifying: what of a plan can be committed to the state as it is now, node by node
//! (docs/lifecycle.md, section 5).

use indexmap::IndexMap;

use super::content::{Plan, PlannedGroup};
use super::evaluated::PlannedUpdate;
use super::rejection::NodeRejection;
use crate::fit::Room;
use crate::fit::verify::verify as fits;
use crate::model::{ClientStatus, NodeStatus};
use crate::state::State;
use crate::state::allocation::core_mhz;
use crate::state::slots::{AllocationSlot, NodeRef, NodeSlot};
use crate::state::usage::{Amounts, Holdings};

/// The nodes whose part of a plan is refused, in the order of the plan.
pub(crate) type Rejections = IndexMap<NodeRef, Rejection>;

/// A node that refuses its part of a plan.
#[derive(Clone, Debug)]
pub(crate) struct Rejection {
    pub(crate) node_id: String,
    pub(crate) why: NodeRejection,
}

/// What a plan does on one node, its stops aside, which always fit.
#[derive(Default)]
struct NodePart<'a> {
    node_id: &'a str,
    placements: Vec<(&'a PlannedGroup, usize)>,
    /// What stays and is written anew, as far as it has not ended: what has ended needs no node.
    updates: Vec<(&'a PlannedUpdate, AllocationSlot)>,
}

/// The nodes whose part of a plan cannot be committed.
pub(crate) fn verify(state: &State, plan: &Plan) -> Rejections {
    let mut by_node: IndexMap<NodeRef, NodePart<'_>> = IndexMap::new();
    for group in &plan.groups {
        for (at, planned) in group.placements.iter().enumerate() {
            let part = by_node.entry(planned.node).or_default();
            part.node_id = group.batch.node_of(at).map_or("", |node| &node.id);
            part.placements.push((group, at));
        }
    }
    let stops: Vec<AllocationSlot> =
        plan.stops.iter().filter_map(|stop| stop.known.find(state)).collect();
    for update in &plan.updates {
        let found = update.known.find(state);
        // What has ended, or stops by the plan, needs no node.
        let needs_none = |slot: &AllocationSlot| {
            state.allocation(*slot).is_none_or(|it| it.client.is_terminal()) || stops.contains(slot)
        };
        let Some(slot) = found.filter(|slot| !needs_none(slot)) else { continue };
        let part = by_node.entry(update.known.node).or_default();
        part.node_id = &update.known.node_id;
        part.updates.push((update, slot));
    }
    let rejected = by_node.iter().filter_map(|(&node, part)| {
        let why = verify_node(state, node, part, &stops).err()?;
        Some((node, Rejection { node_id: part.node_id.to_owned(), why }))
    });
    rejected.collect()
}

/// Whether a node takes what is to be placed and updated on it.
fn verify_node(
    state: &State,
    node: NodeRef,
    part: &NodePart<'_>,
    stops: &[AllocationSlot],
) -> Result<(), NodeRejection> {
    let slot = state.resolve_node(node).ok_or(NodeRejection::DoesNotExist)?;
    let record = state.node(slot).ok_or(NodeRejection::DoesNotExist)?;
    // A node that a fork had for itself may have got the slot that another one has here.
    if part.node_id != record.node.id {
        return Err(NodeRejection::DoesNotExist);
    }
    let placements = &part.placements;
    // What lives there already may be updated whatever takes no new ones.
    let takes_nothing_new = placements.is_empty();
    let becomes_unknown = |(update, slot): &(&PlannedUpdate, AllocationSlot)| {
        let present = state.allocation(*slot).map(|record| record.client);
        update.client_status().or(present) == Some(ClientStatus::Unknown)
    };
    match record.node.status() {
        NodeStatus::Ready => {}
        NodeStatus::Disconnected
            if takes_nothing_new && part.updates.iter().all(becomes_unknown) =>
        {
            return Ok(());
        }
        NodeStatus::Down
            if takes_nothing_new
                && part
                    .updates
                    .iter()
                    .all(|it| becomes_unknown(it) && is_waited_for(state, it.1)) =>
        {
            return Ok(());
        }
        NodeStatus::Disconnected => return Err(NodeRejection::Disconnected),
        NodeStatus::Down => return Err(NodeRejection::Down),
        NodeStatus::Initializing if takes_nothing_new => return Ok(()),
        NodeStatus::Initializing => return Err(NodeRejection::NotReady),
    }
    if takes_nothing_new {
        return Ok(());
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

/// Whether an allocation is not replaced while its node does not answer.
fn is_waited_for(state: &State, slot: AllocationSlot) -> bool {
    let group = state.group_spec_of(slot);
    group.and_then(|group| group.disconnect.as_ref()).is_some_and(|it| it.replace == Some(false))
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
