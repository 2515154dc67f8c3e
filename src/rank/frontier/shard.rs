//! A tournament over up to 2,048 nodes: the best one is known, and stays known while single nodes
//! change.
//!
//! The leaves are the nodes' keys. Above them each block of sixteen knows its best leaf, each block of
//! sixteen blocks its best block, and the shard the best of these. A change of one leaf is mostly over
//! at once, because the changed leaf neither was nor becomes the best of its block.

use std::sync::Arc;

/// Leaves in one shard at most.
pub(crate) const SHARD: usize = 2048;
/// Leaves of a block, and blocks of a block of blocks.
const FAN: usize = 16;

/// The key of a leaf that is not in the running.
pub(crate) const OUT: f64 = f64::NEG_INFINITY;

/// A tournament.
#[derive(Clone, Debug)]
pub(crate) struct Shard {
    /// By leaf: higher is better.
    keys: Vec<f64>,
    /// By leaf: of equal keys the lower rank is better.
    ranks: Arc<[u64]>,
    /// By block of leaves: the best leaf.
    blocks: Vec<u16>,
    /// By block of blocks: the best leaf.
    tops: Vec<u16>,
    /// The best leaf of all.
    best: u16,
}

impl Shard {
    /// A tournament of leaves with these ranks, all of them out of the running.
    pub(crate) fn new(ranks: Arc<[u64]>) -> Shard {
        let leaves = ranks.len();
        Shard {
            keys: vec![OUT; leaves],
            ranks,
            blocks: vec![0; leaves.div_ceil(FAN)],
            tops: vec![0; leaves.div_ceil(FAN * FAN)],
            best: 0,
        }
    }

    /// How many leaves there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn key(&self, leaf: usize) -> f64 {
        self.keys[leaf]
    }

    pub(crate) fn rank(&self, leaf: usize) -> u64 {
        self.ranks[leaf]
    }

    /// The keys, to be set all at once; [`Shard::rebuild`] has to follow.
    pub(crate) fn keys_mut(&mut self) -> &mut [f64] {
        &mut self.keys
    }

    /// Finds all winners anew.
    pub(crate) fn rebuild(&mut self) {
        for block in 0..self.blocks.len() {
            self.blocks[block] = self.best_leaf(block);
        }
        for top in 0..self.tops.len() {
            self.tops[top] = self.best_block(top);
        }
        self.best = self.best_top();
    }

    /// The best leaf in the running.
    pub(crate) fn best(&self) -> Option<usize> {
        let best = usize::from(self.best);
        (self.keys.get(best).is_some_and(|&key| key > OUT)).then_some(best)
    }

    /// Changes the key of a leaf.
    pub(crate) fn set(&mut self, leaf: usize, key: f64) {
        let before = std::mem::replace(&mut self.keys[leaf], key);
        let is_worse = key < before;
        let block = leaf / FAN;
        let winner = self.blocks[block];
        if usize::from(winner) == leaf {
            if is_worse {
                self.blocks[block] = self.best_leaf(block);
            }
        } else if self.is_better(leaf, winner.into()) {
            self.blocks[block] = leaf as u16;
        } else {
            return;
        }
        let top = block / FAN;
        let (winner, challenger) = (self.tops[top], self.blocks[block]);
        if usize::from(winner) / FAN == block {
            // The block was the best of its blocks: if it got worse, another one may be now.
            self.tops[top] = if is_worse { self.best_block(top) } else { challenger };
        } else if self.is_better(challenger.into(), winner.into()) {
            self.tops[top] = challenger;
        } else {
            return;
        }
        self.best = self.best_top();
    }

    fn is_better(&self, a: usize, b: usize) -> bool {
        let (key_a, key_b) = (self.keys[a], self.keys[b]);
        key_a > key_b || (key_a == key_b && self.ranks[a] < self.ranks[b])
    }

    fn best_leaf(&self, block: usize) -> u16 {
        let first = block * FAN;
        let last = (first + FAN).min(self.keys.len());
        (first + 1..last).fold(first, |a, b| if self.is_better(b, a) { b } else { a }) as u16
    }

    fn best_block(&self, top: usize) -> u16 {
        let first = top * FAN;
        let last = (first + FAN).min(self.blocks.len());
        let blocks = &self.blocks[first..last];
        self.best_of(blocks)
    }

    fn best_top(&self) -> u16 {
        self.best_of(&self.tops)
    }

    fn best_of(&self, leaves: &[u16]) -> u16 {
        let better = |a: u16, b: u16| if self.is_better(b.into(), a.into()) { b } else { a };
        leaves.iter().copied().reduce(better).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{OUT, SHARD, Shard};
    use crate::rng::Rng;

    fn expected(shard: &Shard) -> Option<usize> {
        let leaves = (0..shard.len()).filter(|&leaf| shard.key(leaf) > OUT);
        leaves.min_by(|&a, &b| {
            let keys = shard.key(b).total_cmp(&shard.key(a));
            keys.then_with(|| shard.rank(a).cmp(&shard.rank(b)))
        })
    }

    #[test]
    fn the_best_is_known_whatever_changes() {
        for leaves in [1, 2, 15, 16, 17, 256, 257, 1000, SHARD] {
            let mut rng = Rng::new(leaves as u64);
            let ranks: Vec<u64> = (0..leaves).map(|_| rng.next_u64()).collect();
            let mut shard = Shard::new(ranks.into());
            assert_eq!(shard.best(), None);
            for round in 0..4000 {
                let leaf = rng.below(leaves as u64) as usize;
                // Few different keys, so that ties are common.
                let key = match rng.below(6) {
                    0 | 1 => OUT,
                    key => key as f64,
                };
                shard.set(leaf, key);
                assert_eq!(shard.best(), expected(&shard), "{leaves} leaves, round {round}");
            }
            let mut rebuilt = shard.clone();
            rebuilt.rebuild();
            assert_eq!(rebuilt.best(), shard.best());
        }
    }
}
