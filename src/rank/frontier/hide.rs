//! Nodes that are out of the running for a whole pass, whatever they are by themselves: taken out of a
//! frontier all at once, and put back as what they were when the pass ends. That costs far less for each than to
//! check it out and to look at it again.

use super::counts::LaneCounts;
use super::partition::Partition;
use super::queue::{Entry, Store};
use super::shards::LaneStore;
use super::tournament::{Before, Bits, HEAT, Heat};
use super::{CANDIDATE, FIRST_DIMENSION, Frontier, MASKED};
use crate::state::slots::NodeSlot;

/// Nodes that are to be hidden from a frontier, and what they are in it while they are. It can be used
/// again once they are [shown](Frontier::show).
#[derive(Debug, Default)]
pub(crate) struct HiddenNodes {
    /// A bit for each [place](super::partition::Partition::place): a word has those of a heat.
    words: Vec<u64>,
    /// The shards that have any of them, with what their tournaments were.
    shards: Vec<(usize, Before)>,
    /// What the heats of these shards were.
    heats: Vec<Heat>,
    /// Those that were in the head.
    of_head: Vec<Entry>,
}

impl HiddenNodes {
    /// Makes room for the nodes of a partition with one lane.
    pub(crate) fn begin(&mut self, partition: &Partition) {
        debug_assert!(self.words.iter().all(|word| *word == 0), "all were shown again");
        self.words.resize(partition.places().div_ceil(HEAT), 0);
    }

    /// Adds a node of the partition; others are left out.
    pub(crate) fn insert(&mut self, partition: &Partition, slot: NodeSlot) {
        let Some(place) = partition.place(slot) else { return };
        if let Some(word) = self.words.get_mut(place / HEAT) {
            *word |= 1 << (place % HEAT);
        }
    }

    /// Whether a node of the partition is one of them.
    pub(crate) fn contains(&self, partition: &Partition, slot: NodeSlot) -> bool {
        let is_in = |place: usize| {
            self.words.get(place / HEAT).is_some_and(|word| word & (1 << (place % HEAT)) != 0)
        };
        partition.place(slot).is_some_and(is_in)
    }
}

impl Frontier {
    /// Hides nodes from a frontier with one lane, and counts them as nodes that the job's allocations keep
    /// it from: those that may run the group by their facts.
    pub(crate) fn hide(&mut self, nodes: &mut HiddenNodes, counts: &mut LaneCounts) {
        let HiddenNodes { words, shards, heats, .. } = nodes;
        let heats_of_shard = self.partition.shard_size / HEAT;
        for (shard, words) in words.chunks(heats_of_shard).enumerate() {
            if shard < self.partition.shards.len() && words.iter().any(|word| *word != 0) {
                let tournament = &mut self.shards.leaves_to_change(shard).tournament;
                shards.push((shard, tournament.hide(words, heats)));
                self.count_hidden(shard, words, counts);
            }
        }
        if let [head] = &mut self.heads[..] {
            let is_hidden = |entry: &Entry| nodes.contains(&self.partition, NodeSlot(entry.node));
            nodes.of_head = head.take_all(is_hidden);
        }
    }

    /// Counts hidden nodes of a shard.
    fn count_hidden(&self, shard: usize, words: &[u64], counts: &mut LaneCounts) {
        let (codes, classes) = (self.shards.codes(shard), &self.partition.shards[shard].classes);
        let of_heats = words.iter().zip(codes.chunks(HEAT).zip(classes.chunks(HEAT)));
        for (&word, (codes, classes)) in of_heats.filter(|(word, _)| **word != 0) {
            for at in Bits(word) {
                let (Some(&code), Some(&class)) = (codes.get(at), classes.get(at)) else { break };
                if code == MASKED {
                    continue;
                }
                if code != CANDIDATE {
                    let what = self.dimensions[usize::from(code - FIRST_DIMENSION)];
                    counts.remove_exhausted(what, class);
                }
                counts.hosts.add(class);
            }
        }
    }

    /// Puts hidden nodes back as what they were.
    pub(crate) fn show(&mut self, nodes: &mut HiddenNodes) {
        let HiddenNodes { words, shards, heats, of_head } = nodes;
        let heats_of_shard = self.partition.shard_size / HEAT;
        let mut heats_before = &heats[..];
        for (shard, before) in shards.drain(..) {
            let tournament = &mut self.shards.leaves_to_change(shard).tournament;
            let (of_shard, others) = heats_before.split_at(tournament.heats());
            tournament.show(before, of_shard);
            heats_before = others;
            words
                .iter_mut()
                .skip(shard * heats_of_shard)
                .take(heats_of_shard)
                .for_each(|it| *it = 0);
        }
        heats.clear();
        // What came up for the head meanwhile may be worse than what was hidden.
        let came_up = self.heads.iter_mut().flat_map(|head| head.take_all(|_| true));
        let mut store = LaneStore { partition: &self.partition, shards: &mut self.shards, lane: 0 };
        came_up.chain(of_head.drain(..)).for_each(|entry| store.push(entry));
    }
}
