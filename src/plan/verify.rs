//! Verifying: what of a plan can be committed to the state as it is now, node by node, and whether what a
//! transaction placed could be committed to the state that it stands in (docs/lifecycle.md, section 5). Both
//! go by the same rules.

use indexmap::IndexMap;

use super::content::{Plan, PlannedGroup};
use super::effects::Effects;
use super::evaluated::PlannedUpdate;
use super::rejection::NodeRejection;
use crate::fit::Room;
use crate::fit::verify::verify as fits;
use crate::model::{ClientStatus, NodeStatus};
use crate::placement::outcome::Outcome;
use crate::state::State;
use crate::state::allocation::core_mhz;
use crate::state::node::NodeRecord;
use crate::state::slots::{AllocationRef, AllocationSlot, NodeRef, NodeSlot};
use crate::state::small_list::SmallList;
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
    let mut stops: Vec<AllocationSlot> =
        plan.stops.iter().filter_map(|stop| stop.known.find(state)).collect();
    stops.sort_unstable();
    for update in &plan.updates {
        let found = update.known.find(state);
        // What has ended, or stops by the plan, needs no node.
        let needs_none = |slot: &AllocationSlot| {
            state.allocation(*slot).is_none_or(|it| it.client.is_terminal())
                || stops.binary_search(slot).is_ok()
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
    let updates = part.updates.iter().map(|&(update, slot)| (update.client_status(), slot));
    accepts(state, record, !placements.is_empty(), updates)?;
    if placements.is_empty() {
        return Ok(());
    }
    let leaving = leaving(state, slot, placements, stops);
    let given = placements.iter().map(|&(group, at)| given(group, at));
    has_room(state, slot, record, &leaving, given)
}

/// Whether a node takes part in what changes: new allocations if there are any, and updates, each with the
/// client status that it writes, if any.
fn accepts(
    state: &State,
    record: &NodeRecord,
    takes_new: bool,
    mut updates: impl Iterator<Item = (Option<ClientStatus>, AllocationSlot)>,
) -> Result<(), NodeRejection> {
    let becomes_unknown = |(status, slot): (Option<ClientStatus>, AllocationSlot)| {
        let present = state.allocation(slot).map(|record| record.client);
        status.or(present) == Some(ClientStatus::Unknown)
    };
    // What lives there already may be updated whatever takes no new ones.
    match record.node.status() {
        NodeStatus::Ready if takes_new && !record.node.is_ready() => {
            Err(NodeRejection::NotEligible)
        }
        NodeStatus::Ready => Ok(()),
        NodeStatus::Disconnected if !takes_new && updates.all(becomes_unknown) => Ok(()),
        NodeStatus::Down
            if !takes_new
                && updates.all(|it| becomes_unknown(it) && is_waited_for(state, it.1)) =>
        {
            Ok(())
        }
        NodeStatus::Disconnected => Err(NodeRejection::Disconnected),
        NodeStatus::Down => Err(NodeRejection::Down),
        NodeStatus::Initializing if takes_new => Err(NodeRejection::NotReady),
        NodeStatus::Initializing => Ok(()),
    }
}

/// Whether what is given fits on a node beside what is there and does not leave.
fn has_room<'a>(
    state: &State,
    slot: NodeSlot,
    record: &NodeRecord,
    leaving: &[AllocationSlot],
    given: impl Iterator<Item = (Amounts, Option<&'a Holdings>)>,
) -> Result<(), NodeRejection> {
    let holds =
        |it: &AllocationSlot| state.allocation(*it).is_some_and(|it| it.holdings().is_some());
    let taken;
    let taken = match leaving.iter().any(holds) {
        false => state.taken(slot, record),
        true => {
            taken = state.taken_without(slot, leaving);
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
    fits(room, given).map_err(|misfit| NodeRejection::DoesNotFit { dimension: misfit.to_string() })
}

/// The nodes that could not take what a transaction placed on them, and what it is to update there, in the
/// order of slots. What it stops or evicts has left their rooms already.
pub(crate) fn verify_placed(state: &State, outcome: &Outcome, effects: &Effects) -> Vec<Rejection> {
    let placed = outcome.groups.iter().flat_map(|group| group.allocations.iter());
    let placed = placed.filter_map(|of| {
        let slot = state.resolve_allocation(*of)?;
        Some((state.allocation(slot)?.node, Touching::Placed(slot)))
    });
    let mut stops: Vec<AllocationRef> = match effects.updates.is_empty() {
        true => Vec::new(),
        false => effects.stops.iter().map(|stop| stop.allocation).collect(),
    };
    stops.sort_unstable();
    let updates = effects.updates.iter().filter_map(|update| {
        let slot = state.resolve_allocation(update.allocation)?;
        let record = state.allocation(slot)?;
        let status = update.client.as_ref().map(|(status, _)| *status);
        let needs_none =
            record.client.is_terminal() || stops.binary_search(&update.allocation).is_ok();
        (!needs_none).then_some((record.node, Touching::Updated(status, slot)))
    });
    let mut by_node: SmallList<(NodeSlot, Touching)> = placed.chain(updates).collect();
    by_node.sort_by_key(|(node, _)| *node);
    let mut placed = Vec::new();
    let parts = by_node.chunk_by(|(a, _), (b, _)| a == b);
    let rejected = parts.filter_map(|part| {
        let (node, Touching::Placed(any) | Touching::Updated(_, any)) = *part.first()?;
        let why = verify_standing(state, node, part, &mut placed).err()?;
        Some(Rejection { node_id: state.node_id_of(any).unwrap_or_default().to_owned(), why })
    });
    rejected.collect()
}

/// An allocation of a node that a transaction placed, or is to write anew.
#[derive(Clone, Copy)]
enum Touching {
    Placed(AllocationSlot),
    Updated(Option<ClientStatus>, AllocationSlot),
}

/// Whether a node takes what stands on it already; `placed` is only memory.
fn verify_standing(
    state: &State,
    slot: NodeSlot,
    part: &[(NodeSlot, Touching)],
    placed: &mut Vec<AllocationSlot>,
) -> Result<(), NodeRejection> {
    let record = state.node(slot).ok_or(NodeRejection::DoesNotExist)?;
    let placed: &[AllocationSlot] = match part {
        [(_, Touching::Placed(only))] => std::slice::from_ref(only),
        _ => {
            placed.clear();
            placed.extend(part.iter().filter_map(|(_, it)| match it {
                Touching::Placed(slot) => Some(*slot),
                Touching::Updated(..) => None,
            }));
            placed
        }
    };
    let updates = part.iter().filter_map(|(_, it)| match it {
        Touching::Placed(_) => None,
        Touching::Updated(status, slot) => Some((*status, *slot)),
    });
    accepts(state, record, !placed.is_empty(), updates)?;
    if placed.is_empty() {
        return Ok(());
    }
    // Beside what else is there they must fit, as if they came only now.
    let holdings = |it: &AllocationSlot| state.allocation(*it).and_then(|it| it.holdings());
    let given = placed.iter().map(|it| (state.amounts_of(*it), holdings(it)));
    has_room(state, slot, record, placed, given)
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
