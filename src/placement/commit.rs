//! Taking room: the one place where a selected node is given an allocation.

use std::sync::Arc;

use super::group::GroupPlan;
use super::open_group::OpenGroup;
use super::record::NewPlaced;
use super::scan::room;
use super::select::selection::Selected;
use crate::fit::{self, Room};
use crate::rank::preempt::Evicted;
use crate::rng::Rng;
use crate::state::State;
use crate::state::log::NewAllocation;
use crate::state::slots::{AllocationRef, AllocationSlot, NodeSlot};
use crate::state::tally::Tally;
use crate::state::transaction::Transaction;
use crate::state::usage::Holdings;

/// What a placement's metrics show beside its node.
pub(super) struct Record<'a> {
    pub(super) name_index: u32,
    pub(super) tally: &'a Arc<Tally>,
    /// The places of the best nodes' scores.
    pub(super) top: &'a [u32],
    pub(super) time_ns: u64,
}

/// Gives an allocation its room on a node: what it has there is assigned first, then what has to
/// go is evicted. False, and nothing is changed, if the node turns out not to have the room, which
/// the selection has ruled out.
///
/// The allocation is on no list yet ([`OpenGroup::enlist`]), and the node is not touched.
pub(super) fn commit(
    state: &mut Transaction<'_>,
    evicted: &mut Evicted,
    plan: &GroupPlan<'_>,
    open: &mut OpenGroup,
    selected: Selected,
    record: Record<'_>,
) -> bool {
    let Selected { node, score, victims } = selected;
    let Record { name_index, tally, top, time_ns } = record;
    let allocation = state.next_of_batch(&open.open_batch);
    let mut holdings = None;
    if !plan.ask.is_plain() {
        let mut rng = open.port_key(state, plan).stream_of(name_index.into());
        let assigned = assign(state, plan, node, &victims, &mut rng);
        let Some(assigned) = assigned else { return false };
        let assigned = Arc::new(assigned);
        open.holdings.push(assigned.clone());
        holdings = Some(assigned).filter(|holdings| !holdings.is_empty());
    }
    let evicted = evict(state, evicted, &victims, allocation);
    let in_batch = open.batch.len() as u32;
    state.take(&open.open_batch, NewAllocation { node, name_index, in_batch, holdings });
    let placed = NewPlaced { allocation, node, name_index, score, time_ns, evicted };
    open.batch.placed(placed, tally, top);
    true
}

/// The ports, cores and devices of an allocation on a node once the victims are gone, ports being
/// drawn at random.
fn assign(
    state: &State,
    plan: &GroupPlan<'_>,
    node: NodeSlot,
    victims: &[AllocationSlot],
    rng: &mut Rng,
) -> Option<Holdings> {
    let now = room(state, node, state.node(node)?);
    let taken;
    let room = match victims {
        [] => now,
        _ => {
            taken = state.taken_without(node, victims);
            let amounts = victims.iter().map(|&victim| state.amounts_of(victim));
            Room {
                taken: &taken,
                free: amounts.fold(now.free, |free, amounts| free.plus(amounts)),
                free_allocations: now.free_allocations.saturating_add(victims.len() as i64),
                ..now
            }
        }
    };
    let assigned = fit::assign_at_random(room, &plan.ask, rng);
    debug_assert!(assigned.is_ok(), "the selected node has no room: {assigned:?}");
    assigned.ok().map(|assignment| assignment.holdings)
}

/// Evicts allocations for another one and gives their identities, sorted.
fn evict(
    state: &mut Transaction<'_>,
    evicted: &mut Evicted,
    victims: &[AllocationSlot],
    by: AllocationRef,
) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for &victim in victims {
        let Some(record) = state.allocation(victim) else { continue };
        *evicted.entry((record.job, record.group)).or_insert(0) += 1;
        state.evict(victim, by);
        ids.push(state.allocation_id(victim));
    }
    ids.sort_unstable();
    ids
}
