//! Filling a shard for an ask for amounts only: 64 nodes at a time over the flat arrays of what is free.

use super::partition::Geometry;
use super::shard::OUT;
use super::{
    AMOUNTS, CANDIDATE, Code, FIRST_DIMENSION, Facts, Frontier, Leaves, MASKED, OwnScores,
};
use crate::feasibility::mask::{self, PASSES};
use crate::fit::ask::Ask;
use crate::rank::binpack::{Algorithm, AskFactors};
use crate::state::slots::NodeSlot;
use crate::state::usage::{Amounts, BLOCK, RoomBlock};

impl Frontier {
    /// Looks at the nodes of a shard whose leaves are in the order of slots, for an ask for amounts
    /// only: front to back over the flat arrays, since a frontier for an ask that comes once costs as
    /// much as this does.
    pub(super) fn fill_by_blocks(
        &mut self,
        facts: Facts<'_>,
        ask: &Ask,
        first_slot: usize,
        geometry: &Geometry,
        leaves: &mut Leaves,
    ) {
        let Leaves { tournament, codes } = leaves;
        let classes = geometry.classes.chunks(BLOCK);
        let chunks = tournament.keys_mut().chunks_mut(BLOCK).zip(codes.chunks_mut(BLOCK));
        let mut exhausted = [0; AMOUNTS.len()];
        for (chunk, ((keys, codes), classes)) in chunks.zip(classes).enumerate() {
            let block = first_slot / BLOCK + chunk;
            let room = facts.state.room_block(block);
            let mask = &facts.mask.block(block).codes;
            let affinities = facts.affinities.map_or(&[0.0; BLOCK], |column| column.block(block));
            let mut tested = test_block(room, mask, ask.amounts);
            if room.odd != 0 {
                for at in (0..BLOCK).filter(|&at| room.is_odd(at) && mask[at] == PASSES) {
                    let slot = NodeSlot::new(block * BLOCK + at);
                    let scores = super::own_scores(facts, &self.purpose, &self.factors, slot, ask);
                    tested[at] = scores.map_or_else(|it| self.code_of(it), |_| CANDIDATE);
                }
            }
            let scored = match self.purpose.algorithm {
                Algorithm::Binpack => score_block::<true>(room, &self.factors, &tested, affinities),
                Algorithm::Spread => score_block::<false>(room, &self.factors, &tested, affinities),
            };
            keys[..codes.len()].copy_from_slice(&scored[..codes.len()]);
            codes.copy_from_slice(&tested[..codes.len()]);
            for (&code, &class) in codes.iter().zip(classes) {
                let Some(at) = usize::from(code).checked_sub(FIRST_DIMENSION.into()) else {
                    continue;
                };
                match exhausted.get_mut(at) {
                    Some(nodes) => *nodes += 1,
                    None => self.counts[0].add_many_exhausted(self.dimensions[at], 1),
                }
                self.counts[0].exhausted_classes.add(class);
            }
        }
        for (dimension, nodes) in AMOUNTS.into_iter().zip(exhausted).filter(|(_, nodes)| *nodes > 0)
        {
            self.counts[0].add_many_exhausted(dimension, nodes);
        }
    }
}

/// What ran out on 64 nodes for an ask for amounts only. There are no branches, so that a processor
/// can look at several nodes at once.
fn test_block(room: &RoomBlock, mask: &[mask::Code; BLOCK], ask: Amounts) -> [Code; BLOCK] {
    let mut codes = [CANDIDATE; BLOCK];
    for at in 0..BLOCK {
        // The last one that is set counts, so the first dimension is tested last.
        let mut code = CANDIDATE;
        code = if room.free_disk_mb[at] < ask.disk_mb { FIRST_DIMENSION + 3 } else { code };
        code = if room.free_memory_mb[at] < ask.memory_mb { FIRST_DIMENSION + 2 } else { code };
        code = if room.free_cpu_mhz[at] < ask.cpu_mhz { FIRST_DIMENSION + 1 } else { code };
        code = if room.free_allocations[at] < 1 { FIRST_DIMENSION } else { code };
        codes[at] = if mask[at] == PASSES { code } else { MASKED };
    }
    codes
}

/// The keys of 64 nodes for an ask for amounts only.
fn score_block<const BINPACK: bool>(
    room: &RoomBlock,
    factors: &[AskFactors],
    codes: &[Code; BLOCK],
    affinities: &[f64; BLOCK],
) -> [f64; BLOCK] {
    let algorithm = if BINPACK { Algorithm::Binpack } else { Algorithm::Spread };
    let mut keys = [OUT; BLOCK];
    for at in 0..BLOCK {
        let factors = factors[room.size[at] as usize];
        let fit = factors.score(algorithm, room.cpu_factor[at], room.memory_factor[at]);
        let key = OwnScores { fit, devices: 0.0, affinity: affinities[at] }.sum();
        keys[at] = if codes[at] == CANDIDATE { key } else { OUT };
    }
    keys
}
