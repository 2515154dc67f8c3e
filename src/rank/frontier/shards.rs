//! The shards of a frontier, and in one list the best leaf of each: with many nodes there are many
//! shards, and who looks for the best of all reads that list from front to back.

use std::sync::Arc;

use super::partition::{LeafId, Partition};
use super::queue::{Entry, Store};
use super::tournament::{OUT, Tournament};
use super::{Code, MASKED};
use crate::state::slots::NodeSlot;

/// All leaves of a frontier. A copy shares them shard by shard.
#[derive(Clone, Debug, Default)]
pub(super) struct Shards {
    leaves: Vec<Arc<Leaves>>,
    /// By shard: its best leaf, if that is known.
    best: Vec<Option<Best>>,
}

/// The leaves of one shard.
#[derive(Clone, Debug)]
pub(super) struct Leaves {
    pub(super) tournament: Tournament,
    pub(super) codes: Vec<Code>,
}

/// The best leaf of a shard; its sum is [`OUT`] if none is in the running.
#[derive(Clone, Copy, Debug)]
struct Best {
    sum: f64,
    tie_break: u64,
    leaf: u32,
}

impl Shards {
    /// Adds a shard whose leaves were looked at.
    pub(super) fn push(&mut self, mut leaves: Leaves) {
        leaves.tournament.rebuild();
        self.best.push(Best::of(&leaves.tournament));
        self.leaves.push(Arc::new(leaves));
    }

    pub(super) fn clear(&mut self) {
        self.leaves.clear();
        self.best.clear();
    }

    /// The tournament of a shard.
    pub(super) fn tournament(&self, shard: usize) -> &Tournament {
        &self.leaves[shard].tournament
    }

    /// What a leaf counts as.
    pub(super) fn code(&self, id: LeafId) -> Code {
        self.leaves[id.shard as usize].codes[id.leaf as usize]
    }

    /// What the leaves of a shard count as.
    pub(super) fn codes(&self, shard: usize) -> &[Code] {
        &self.leaves[shard].codes
    }

    pub(super) fn set_code(&mut self, id: LeafId, code: Code) {
        Arc::make_mut(&mut self.leaves[id.shard as usize]).codes[id.leaf as usize] = code;
    }

    pub(super) fn sum(&self, id: LeafId) -> f64 {
        self.leaves[id.shard as usize].tournament.sum(id.leaf as usize)
    }

    /// Changes the sum of a leaf.
    pub(super) fn set_sum(&mut self, id: LeafId, sum: f64) {
        let shard = id.shard as usize;
        let tournament = &mut Arc::make_mut(&mut self.leaves[shard]).tournament;
        let before = tournament.top();
        tournament.set(id.leaf as usize, sum);
        if tournament.top() != before {
            self.best[shard] = Best::of(tournament);
        }
    }

    /// Finds the best of each shard, so that copies that do not touch a shard need not.
    pub(super) fn find_best(&mut self) {
        for shard in 0..self.leaves.len() {
            self.find_best_of(shard);
        }
    }

    fn find_best_of(&mut self, shard: usize) {
        if self.best[shard].is_none() {
            let tournament = &mut Arc::make_mut(&mut self.leaves[shard]).tournament;
            tournament.find_best();
            self.best[shard] = Best::of(tournament);
        }
    }

    /// The leaves of a shard, which are about to change, so that its best one may be another.
    pub(super) fn leaves_to_change(&mut self, shard: usize) -> &mut Leaves {
        self.best[shard] = None;
        Arc::make_mut(&mut self.leaves[shard])
    }

    /// How many bytes they take, more or less.
    pub(super) fn bytes(&self) -> usize {
        self.leaves.iter().map(|leaves| leaves.codes.len() * 12 + 200).sum()
    }
}

impl Leaves {
    /// Leaves of which none is in the running.
    pub(super) fn new(tournament: Tournament, leaves: usize) -> Leaves {
        Leaves { tournament, codes: vec![MASKED; leaves] }
    }
}

impl Best {
    fn of(tournament: &Tournament) -> Option<Best> {
        let (sum, leaf) = tournament.top()?;
        let tie_break = if sum > OUT { tournament.tie_break(leaf.into()) } else { 0 };
        Some(Best { sum, tie_break, leaf: leaf.into() })
    }

    fn is_better(&self, other: &Best) -> bool {
        self.sum > other.sum || self.sum == other.sum && self.tie_break < other.tie_break
    }
}

/// The nodes of one lane that are in the running and not in its head.
pub(super) struct LaneStore<'a> {
    pub(super) partition: &'a Partition,
    pub(super) shards: &'a mut Shards,
    pub(super) lane: usize,
}

impl Store for LaneStore<'_> {
    fn pop(&mut self) -> Option<Entry> {
        let mut best: Option<(usize, Best)> = None;
        for &shard in &self.partition.lanes[self.lane].shards {
            let shard = shard as usize;
            self.shards.find_best_of(shard);
            let Some(of_shard) = self.shards.best[shard] else { continue };
            if best.as_ref().is_none_or(|(_, best)| of_shard.is_better(best)) {
                best = Some((shard, of_shard));
            }
        }
        let (shard, Best { sum, tie_break, leaf }) = best.filter(|(_, best)| best.sum > OUT)?;
        let node = self.partition.shards[shard].nodes[leaf as usize];
        self.shards.set_sum(LeafId { shard: shard as u32, leaf }, OUT);
        Some(Entry::new(sum, tie_break, node))
    }

    fn push(&mut self, entry: Entry) {
        let Some(id) = self.partition.leaf(NodeSlot(entry.node)) else { return };
        self.shards.set_sum(id, entry.sum);
    }
}
