//! Filling a shard for an ask for amounts only: 64 nodes at a time over the flat arrays of what is free.

use super::ask_scores::{AskScores, ask_scores};
use super::partition::Geometry;
use super::shards::Leaves;
use super::tournament::OUT;
use super::{AMOUNTS, Basis, CANDIDATE, Code, FIRST_DIMENSION, Frontier, MASKED};
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
        basis: Basis<'_>,
        ask: &Ask,
        first_slot: usize,
        geometry: &Geometry,
        leaves: &mut Leaves,
    ) {
        let Leaves { tournament, codes } = leaves;
        let classes = geometry.classes.chunks(BLOCK);
        let chunks = tournament.sums_mut().chunks_mut(BLOCK).zip(codes.chunks_mut(BLOCK));
        let mut exhausted = [0; AMOUNTS.len()];
        for (chunk, ((sums, codes), classes)) in chunks.zip(classes).enumerate() {
            let block = first_slot / BLOCK + chunk;
            let room = basis.state.room_block(block);
            let mask = &basis.mask.block(block).codes;
            let affinities = basis.affinities.map_or(&[0.0; BLOCK], |column| column.block(block));
            let mut judged = codes_of_block(room, mask, ask.amounts);
            if room.odd != 0 {
                for at in (0..BLOCK).filter(|&at| room.is_odd(at) && mask[at] == PASSES) {
                    let slot = NodeSlot::new(block * BLOCK + at);
                    let scores = ask_scores(basis, &self.purpose, &self.factors, slot, ask);
                    judged[at] = scores.map_or_else(|it| self.code_of(it), |_| CANDIDATE);
                }
            }
            codes.copy_from_slice(&judged[..codes.len()]);
            if judged.contains(&CANDIDATE) {
                let factors = &self.factors;
                let scored = match self.purpose.algorithm {
                    Algorithm::Binpack => score_block::<true>(room, factors, affinities),
                    Algorithm::Spread => score_block::<false>(room, factors, affinities),
                };
                for ((sum, scored), &code) in sums.iter_mut().zip(scored).zip(&judged) {
                    *sum = if code == CANDIDATE { scored } else { OUT };
                }
            }
            let mut ran_out = which(&judged, |code| code >= FIRST_DIMENSION);
            while ran_out != 0 {
                let at = ran_out.trailing_zeros() as usize;
                ran_out &= ran_out - 1;
                self.counts[0].exhausted_classes.add(classes[at]);
                let dimension = usize::from(judged[at] - FIRST_DIMENSION);
                match exhausted.get_mut(dimension) {
                    Some(nodes) => *nodes += 1,
                    None => self.counts[0].add_many_exhausted(self.dimensions[dimension], 1),
                }
            }
        }
        for (dimension, nodes) in AMOUNTS.into_iter().zip(exhausted).filter(|(_, nodes)| *nodes > 0)
        {
            self.counts[0].add_many_exhausted(dimension, nodes);
        }
    }
}

/// What ran out on 64 nodes for an ask for amounts only. There are no branches and all numbers have one
/// size, so that a processor can look at several nodes at once.
fn codes_of_block(room: &RoomBlock, mask: &[mask::Code; BLOCK], ask: Amounts) -> [Code; BLOCK] {
    // 1 where there is enough: amounts are far from where this could overflow.
    let enough = |free: i64, asked: i64| !((free - asked) as u64) >> 63;
    let mut wide = [0; BLOCK];
    for (at, wide) in wide.iter_mut().enumerate() {
        // Each is 1 only if those before it are, so that their sum says which is the first that is not.
        let allocations = enough(room.free_allocations[at], 1);
        let cpu = allocations & enough(room.free_cpu_mhz[at], ask.cpu_mhz);
        let memory = cpu & enough(room.free_memory_mb[at], ask.memory_mb);
        let disk = memory & enough(room.free_disk_mb[at], ask.disk_mb);
        let first = u64::from(FIRST_DIMENSION) + allocations + cpu + memory;
        *wide = first & disk.wrapping_sub(1);
    }
    let mut codes = [MASKED; BLOCK];
    for at in 0..BLOCK {
        let code = wide[at] as Code;
        codes[at] = if mask[at] == PASSES { code } else { MASKED };
    }
    codes
}

/// A bit for each of 64 nodes of whose code something holds.
fn which(codes: &[Code; BLOCK], holds: impl Fn(Code) -> bool) -> u64 {
    let bits = codes.iter().enumerate().map(|(at, &code)| u64::from(holds(code)) << at);
    bits.fold(0, |all, bit| all | bit)
}

/// The sums of 64 nodes for an ask for amounts only.
fn score_block<const BINPACK: bool>(
    room: &RoomBlock,
    factors: &[AskFactors],
    affinities: &[f64; BLOCK],
) -> [f64; BLOCK] {
    let algorithm = if BINPACK { Algorithm::Binpack } else { Algorithm::Spread };
    // The factors are fetched first, so that the sums can be made for several nodes at once.
    let mut of_cpu = [0.0; BLOCK];
    let mut of_memory = [0.0; BLOCK];
    for at in 0..BLOCK {
        (of_cpu[at], of_memory[at]) = factors[room.size[at] as usize].parts();
    }
    let mut sums = [OUT; BLOCK];
    for at in 0..BLOCK {
        let factors = AskFactors::of_parts(of_cpu[at], of_memory[at]);
        let fit = factors.score(algorithm, room.cpu_factor[at], room.memory_factor[at]);
        sums[at] = AskScores { fit, devices: 0.0, affinity: affinities[at] }.sum();
    }
    sums
}
