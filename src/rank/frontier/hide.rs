//! Nodes that are out of the running for a whole pass, whatever they are by themselves: taken out of a
//! frontier all at once, and put back as what they were when the pass ends. That costs far less for each than to
//! check it out and to look at it again.

use super::counts::LaneCounts;
use super::queue::{Entry, Store};
use super::shards::LaneStore;
use super::tournament::{Bits, HEAT, HiddenHeat};
use super::{CANDIDATE, FIRST_DIMENSION, Frontier, MASKED};
use crate::state::slots::NodeSlot;

/// A set of nodes, which come out of it in the order of their slots.
#[derive(Debug)]
pub(crate) struct NodeSet {
    /// A bit for each slot: a word has those of a heat.
    words: Vec<u64>,
}

impl NodeSet {
    /// An empty set of nodes with slots below this.
    pub(crate) fn new(node_slots: usize) -> NodeSet {
        NodeSet { words: vec![0; node_slots.div_ceil(HEAT)] }
    }

    /// Adds a node; one with a higher slot is left out.
    pub(crate) fn insert(&mut self, slot: NodeSlot) {
        if let Some(word) = self.words.get_mut(slot.at() / HEAT) {
            *word |= 1 << (slot.at() % HEAT);
        }
    }

    /// Whether a node is in it.
    pub(crate) fn contains(&self, slot: NodeSlot) -> bool {
        self.words.get(slot.at() / HEAT).is_some_and(|word| word & (1 << (slot.at() % HEAT)) != 0)
    }
}

/// Nodes that are hidden from a frontier, and what they were in it.
#[derive(Debug)]
pub(crate) struct Hidden {
    nodes: NodeSet,
    /// What their sums were, in the order of the nodes.
    sums: Vec<f64>,
    /// What the heats were that have any of them, in order.
    heats: Vec<HiddenHeat>,
    /// Those that were in the head.
    of_head: Vec<Entry>,
}

impl Frontier {
    /// Hides nodes from a frontier with one lane, and counts them as nodes that the job's allocations keep
    /// it from: those that may run the group by their facts.
    pub(crate) fn hide(&mut self, nodes: NodeSet, counts: &mut LaneCounts) -> Hidden {
        let mut hidden = Hidden { nodes, sums: Vec::new(), heats: Vec::new(), of_head: Vec::new() };
        let heats_of_shard = self.partition.shard_size / HEAT;
        let of_shards = hidden.nodes.words.chunks(heats_of_shard).zip(&self.partition.shards);
        for (shard, (words, geometry)) in of_shards.enumerate() {
            if words.iter().all(|word| *word == 0) {
                continue;
            }
            let leaves = self.shards.leaves_to_change(shard);
            let parts = leaves.codes.chunks(HEAT).zip(geometry.classes.chunks(HEAT));
            for (heat, (&word, (codes, classes))) in words.iter().zip(parts).enumerate() {
                if word == 0 {
                    continue;
                }
                hidden.heats.push(leaves.tournament.hide(heat, word, &mut hidden.sums));
                for at in Bits(word) {
                    let (Some(&code), Some(&class)) = (codes.get(at), classes.get(at)) else {
                        break;
                    };
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
        if let [head] = &mut self.heads[..] {
            let is_hidden = |entry: &Entry| hidden.nodes.contains(NodeSlot(entry.node));
            hidden.of_head = head.take_all(is_hidden);
        }
        hidden
    }

    /// Puts hidden nodes back as what they were.
    pub(crate) fn show(&mut self, hidden: Hidden) {
        // What came up for the head meanwhile may be worse than what was hidden.
        let of_head = self.heads.iter_mut().flat_map(|head| head.take_all(|_| true));
        let mut store = LaneStore { partition: &self.partition, shards: &mut self.shards, lane: 0 };
        of_head.for_each(|entry| store.push(entry));
        let (mut sums, mut heats) = (hidden.sums.into_iter(), hidden.heats.into_iter());
        let heats_of_shard = self.partition.shard_size / HEAT;
        let of_shards = hidden.nodes.words.chunks(heats_of_shard).zip(&self.partition.shards);
        for (shard, (words, geometry)) in of_shards.enumerate() {
            if words.iter().all(|word| *word == 0) {
                continue;
            }
            let tournament = &mut self.shards.leaves_to_change(shard).tournament;
            for (heat, &word) in words.iter().take(geometry.nodes.len().div_ceil(HEAT)).enumerate()
            {
                if word != 0
                    && let Some(before) = heats.next()
                {
                    tournament.show(heat, word, &before, &mut sums);
                }
            }
        }
        let mut store = LaneStore { partition: &self.partition, shards: &mut self.shards, lane: 0 };
        hidden.of_head.into_iter().for_each(|entry| store.push(entry));
    }
}
