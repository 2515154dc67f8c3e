//! The shards of a frontier, and in one list the best leaf of each: with many nodes there are many
//! shards, and who looks for the best of all reads that list from front to back.

use std::sync::Arc;

use super::partition::{Partition, Place};
use super::queue::{Entry, Store};
use super::shard::{OUT, Shard};
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
    pub(super) tournament: Shard,
    pub(super) codes: Vec<Code>,
}

/// The best leaf of a shard; its key is [`OUT`] if none is in the running.
#[derive(Clone, Copy, Debug)]
struct Best {
    key: f64,
    rank: u64,
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
    pub(super) fn tournament(&self, shard: usize) -> &Shard {
        &self.leaves[shard].tournament
    }

    /// What a leaf counts as.
    pub(super) fn code(&self, place: Place) -> Code {
        self.leaves[place.shard as usize].codes[place.leaf as usize]
    }

    pub(super) fn set_code(&mut self, place: Place, code: Code) {
        Arc::make_mut(&mut self.leaves[place.shard as usize]).codes[place.leaf as usize] = code;
    }

    pub(super) fn key(&self, place: Place) -> f64 {
        self.leaves[place.shard as usize].tournament.key(place.leaf as usize)
    }

    /// Changes the key of a leaf.
    pub(super) fn set_key(&mut self, place: Place, key: f64) {
        let shard = place.shard as usize;
        let tournament = &mut Arc::make_mut(&mut self.leaves[shard]).tournament;
        let before = tournament.top();
        tournament.set(place.leaf as usize, key);
        if tournament.top() != before {
            self.best[shard] = Best::of(tournament);
        }
    }

    /// Finds the best of each shard, so that copies that do not touch a shard need not.
    pub(super) fn settle(&mut self) {
        for shard in 0..self.leaves.len() {
            self.settle_one(shard);
        }
    }

    fn settle_one(&mut self, shard: usize) {
        if self.best[shard].is_none() {
            let tournament = &mut Arc::make_mut(&mut self.leaves[shard]).tournament;
            tournament.settle();
            self.best[shard] = Best::of(tournament);
        }
    }

    /// How many bytes they take, more or less.
    pub(super) fn bytes(&self) -> usize {
        self.leaves.iter().map(|leaves| leaves.codes.len() * 12 + 200).sum()
    }
}

impl Leaves {
    /// Leaves of which none is in the running.
    pub(super) fn new(tournament: Shard, leaves: usize) -> Leaves {
        Leaves { tournament, codes: vec![MASKED; leaves] }
    }
}

impl Best {
    fn of(tournament: &Shard) -> Option<Best> {
        let (key, leaf) = tournament.top()?;
        let rank = if key > OUT { tournament.rank(leaf.into()) } else { 0 };
        Some(Best { key, rank, leaf: leaf.into() })
    }

    fn is_better(&self, other: &Best) -> bool {
        self.key > other.key || self.key == other.key && self.rank < other.rank
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
            self.shards.settle_one(shard);
            let Some(of_shard) = self.shards.best[shard] else { continue };
            if best.as_ref().is_none_or(|(_, best)| of_shard.is_better(best)) {
                best = Some((shard, of_shard));
            }
        }
        let (shard, Best { key, rank, leaf }) = best.filter(|(_, best)| best.key > OUT)?;
        let node = self.partition.shards[shard].nodes[leaf as usize];
        self.shards.set_key(Place { shard: shard as u32, leaf }, OUT);
        Some(Entry::new(key, rank, node))
    }

    fn push(&mut self, entry: Entry) {
        let Some(place) = self.partition.place(NodeSlot(entry.node)) else { return };
        self.shards.set_key(place, entry.key);
    }
}
