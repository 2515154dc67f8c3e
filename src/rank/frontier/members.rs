//! The nodes that a partition has leaves for where those are not all: on a large cluster of which a mask
//! lets few nodes pass, a frontier of those few is as quick as on a cluster that has no others.

use crate::feasibility::mask::{Mask, PASSES};
use crate::state::State;
use crate::state::slots::NodeSlot;
use crate::state::usage::BLOCK;

/// Nodes in the order of their slots, and the place of each among them.
#[derive(Clone, Debug)]
pub(crate) struct Members {
    nodes: Vec<NodeSlot>,
    /// By slot: the place of the node, or [`NO_MEMBER`].
    places: Vec<u32>,
}

/// The place of a node that is none of them.
const NO_MEMBER: u32 = u32::MAX;

/// Members are told from others where they are less than one in so many, and so many slots there are. Tests
/// see both ways with few nodes.
const ONE_IN: usize = if cfg!(debug_assertions) { 2 } else { 16 };
const FEWEST_SLOTS: usize = if cfg!(debug_assertions) { 8 } else { 4096 };

impl Members {
    /// Whether so few nodes pass a mask that it pays to leave out the others.
    pub(crate) fn are_few(state: &State, mask: &Mask) -> bool {
        let (passing, slots) = (mask.passing().nodes as usize, state.node_slots());
        slots >= FEWEST_SLOTS && passing * ONE_IN < slots
    }

    /// The nodes that pass a mask.
    pub(super) fn passing(state: &State, mask: &Mask) -> Members {
        let (mut nodes, mut places) = (Vec::new(), vec![NO_MEMBER; state.node_slots()]);
        for (block, places) in places.chunks_mut(BLOCK).enumerate() {
            let codes = &mask.block(block).codes;
            for (at, place) in places.iter_mut().enumerate().filter(|(at, _)| codes[*at] == PASSES)
            {
                *place = nodes.len() as u32;
                nodes.push(NodeSlot::new(block * BLOCK + at));
            }
        }
        Members { nodes, places }
    }

    /// The nodes in the order of their slots.
    pub(super) fn nodes(&self) -> &[NodeSlot] {
        &self.nodes
    }

    /// The place of a node among the members, if it is one.
    pub(super) fn place(&self, slot: NodeSlot) -> Option<usize> {
        let place = self.places.get(slot.at()).copied().filter(|place| *place != NO_MEMBER);
        place.map(|place| place as usize)
    }
}
