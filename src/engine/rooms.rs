//! How much room there is on a node, for whom (docs/lifecycle.md, section 6).

use std::cell::OnceCell;

use super::blocked::Kind;
use super::wanting::{Room, room_of};
use crate::model::DesiredStatus;
use crate::placement::options::Preemption;
use crate::rank::preempt::{PRIORITY_GAP, priority_of};
use crate::state::State;
use crate::state::slots::{AllocationSlot, NodeSlot};

/// The room on a node. What may be evicted counts as free.
pub(super) struct Rooms<'a> {
    state: &'a State,
    node: NodeSlot,
    preemption: Preemption,
    /// What may be evicted, by its priority.
    evictable: OnceCell<Vec<(i64, Room)>>,
}

impl<'a> Rooms<'a> {
    pub(super) fn new(state: &'a State, node: NodeSlot, preemption: Preemption) -> Rooms<'a> {
        Rooms { state, node, preemption, evictable: OnceCell::new() }
    }

    /// The room for jobs of a kind; nothing is less than none.
    pub(super) fn of(&self, (job_type, priority): Kind) -> Room {
        let mut room = room_of(self.state.free(self.node));
        if self.preemption.is_on_for(job_type) {
            let evictable = self.evictable.get_or_init(|| self.evictable()).iter();
            for (_, amounts) in evictable.filter(|(it, _)| priority - it >= PRIORITY_GAP) {
                plus(&mut room, amounts);
            }
        }
        room.map(|amount| amount.max(0))
    }

    /// Adds what an allocation has.
    pub(super) fn add(room: &mut Room, state: &State, slot: AllocationSlot) {
        plus(room, &room_of(state.amounts_of(slot)));
    }

    fn evictable(&self) -> Vec<(i64, Room)> {
        let on_node = self.state.allocations_on(self.node).iter();
        // What was told to stop may be evicted too: that lets its room go to who evicts it.
        let is_there = |slot: &&AllocationSlot| {
            self.state.allocation(**slot).is_some_and(|it| it.desired != DesiredStatus::Evict)
        };
        let of = |slot: &AllocationSlot| {
            (priority_of(self.state, *slot), room_of(self.state.amounts_of(*slot)))
        };
        on_node.filter(is_there).map(of).collect()
    }
}

fn plus(room: &mut Room, more: &Room) {
    room.iter_mut().zip(more).for_each(|(room, more)| *room = room.saturating_add(*more));
}
