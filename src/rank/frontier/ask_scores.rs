//! What a node is to an ask by itself: its own scores, or what ran out.

use super::{AMOUNTS, Basis, CANDIDATE, Code, FIRST_DIMENSION, Purpose};
use crate::fit::ask::Ask;
use crate::fit::exhausted::Exhausted;
use crate::fit::{self, Room, amounts};
use crate::rank::binpack::AskFactors;
use crate::state::slots::NodeSlot;
use crate::state::usage::{Amounts, FreeRoom};

/// A node's own scores for an ask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct AskScores {
    pub(crate) fit: f64,
    pub(crate) devices: f64,
    pub(crate) affinity: f64,
}

impl AskScores {
    /// Their sum, in the order in which all scores are added.
    pub(super) fn sum(self) -> f64 {
        self.fit + self.devices + self.affinity
    }
}

/// What a node is to an ask by itself: its scores, or what ran out.
pub(super) fn ask_scores(
    basis: Basis<'_>,
    purpose: &Purpose,
    factors: &[AskFactors],
    slot: NodeSlot,
    ask: &Ask,
) -> Result<AskScores, Exhausted> {
    let (room, at) = basis.state.room(slot);
    let room = room.of(at);
    let affinity = basis.affinities.map_or(0.0, |column| column.score(slot));
    if ask.is_plain() && !room.is_odd {
        return match plain_code(room, purpose.ask.amounts).checked_sub(FIRST_DIMENSION) {
            Some(dimension) => Err(AMOUNTS[usize::from(dimension)]),
            None => {
                let fit = plain_fit(room, purpose, factors);
                Ok(AskScores { fit, devices: 0.0, affinity })
            }
        };
    }
    let state = basis.state;
    let Some(node) = state.node(slot) else { return Err(Exhausted::MaxAllocations) };
    let taken = state.taken(slot, node);
    let room_of_node = Room { node, taken, free: room.free, free_allocations: room.allocations };
    let (amounts, device_affinity) = fit::measure(room_of_node, ask)?;
    let factors = match amounts == purpose.ask.amounts {
        true => factors[room.size as usize],
        false => AskFactors::new(amounts, node.capacity),
    };
    let devices = match purpose.device_weights > 0.0 {
        true => device_affinity / purpose.device_weights,
        false => 0.0,
    };
    let fit = factors.score(purpose.algorithm, room.cpu_factor, room.memory_factor);
    Ok(AskScores { fit, devices, affinity })
}

/// The fit score of an ask for amounts only that fits, on a node that has nothing unusual on it.
pub(super) fn plain_fit(room: FreeRoom, purpose: &Purpose, factors: &[AskFactors]) -> f64 {
    let factors = factors[room.size as usize];
    factors.score(purpose.algorithm, room.cpu_factor, room.memory_factor)
}

/// What a node counts as to an ask for amounts only: a candidate, or what ran out.
pub(super) fn plain_code(room: FreeRoom, ask: Amounts) -> Code {
    if room.allocations < 1 {
        return FIRST_DIMENSION;
    }
    match amounts::fits(room.free, ask) {
        Ok(()) => CANDIDATE,
        Err(Exhausted::Cpu) => FIRST_DIMENSION + 1,
        Err(Exhausted::Memory) => FIRST_DIMENSION + 2,
        Err(_) => FIRST_DIMENSION + 3,
    }
}
