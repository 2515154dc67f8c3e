//! A tournament over up to 2,048 nodes: the best one is known, and stays known while single nodes
//! change.
//!
//! It is a binary tree whose leaves are the nodes' keys and whose inner places each know the best leaf
//! below them. A change of one leaf mostly ends a step or two up, because the changed leaf neither was
//! nor becomes the best of the others there.

use std::sync::Arc;

/// Leaves in one shard at most.
pub(crate) const SHARD: usize = 2048;

/// The key of a leaf that is not in the running.
pub(crate) const OUT: f64 = f64::NEG_INFINITY;

/// Which of equal leaves goes first.
#[derive(Clone, Debug)]
pub(crate) struct Ranks {
    /// By leaf; lower goes first.
    ranks: Arc<[u64]>,
    /// Whether the leaves are in this order anyway, so that the first of equals goes first.
    is_sorted: bool,
}

impl Ranks {
    pub(crate) fn new(ranks: Arc<[u64]>) -> Ranks {
        let is_sorted = ranks.is_sorted();
        Ranks { ranks, is_sorted }
    }

    pub(crate) fn get(&self, leaf: usize) -> u64 {
        self.ranks[leaf]
    }
}

/// A tournament.
#[derive(Clone, Debug)]
pub(crate) struct Shard {
    /// By leaf: higher is better. There are a power of two of them; the last ones may stand for no
    /// node, and are never in the running.
    keys: Vec<f64>,
    ranks: Ranks,
    /// The best leaf below each inner place. The root is at 1, the children of `i` at `2 * i` and
    /// `2 * i + 1`; from the number of leaves on, places are leaves.
    best: Vec<u16>,
}

impl Shard {
    /// A tournament of leaves with these ranks, all of them out of the running.
    pub(crate) fn new(ranks: Ranks) -> Shard {
        let leaves = ranks.ranks.len().next_power_of_two().max(2);
        Shard { keys: vec![OUT; leaves], ranks, best: vec![0; leaves] }
    }

    pub(crate) fn key(&self, leaf: usize) -> f64 {
        self.keys[leaf]
    }

    pub(crate) fn rank(&self, leaf: usize) -> u64 {
        self.ranks.get(leaf)
    }

    /// The keys, to be set all at once; [`Shard::rebuild`] has to follow.
    pub(crate) fn keys_mut(&mut self) -> &mut [f64] {
        &mut self.keys
    }

    /// Finds all winners anew.
    pub(crate) fn rebuild(&mut self) {
        let leaves = self.keys.len();
        let mut best = std::mem::take(&mut self.best);
        let pairs = self.keys.chunks_exact(2).zip(&mut best[leaves / 2..]);
        for (left, (keys, best)) in (0..).step_by(2).zip(pairs) {
            let is_right = keys[0] < keys[1] || self.goes_to_right(left, left + 1, keys);
            *best = left + u16::from(is_right);
        }
        let mut level = leaves / 4;
        while level > 0 {
            let (upper, lower) = best.split_at_mut(2 * level);
            for (best, pair) in upper[level..].iter_mut().zip(lower.chunks_exact(2)) {
                *best = self.better(pair[0], pair[1]);
            }
            level /= 2;
        }
        self.best = best;
    }

    /// The best leaf in the running.
    pub(crate) fn best(&self) -> Option<usize> {
        let best = usize::from(self.best[1]);
        (self.keys[best] > OUT).then_some(best)
    }

    /// Changes the key of a leaf.
    pub(crate) fn set(&mut self, leaf: usize, key: f64) {
        self.keys[leaf] = key;
        let leaf = leaf as u16;
        let mut place = (self.keys.len() + usize::from(leaf)) / 2;
        let mut winner = self.better(leaf & !1, leaf | 1);
        loop {
            let before = std::mem::replace(&mut self.best[place], winner);
            // Above a place whose best leaf is the same one and did not change, nothing changes.
            if place == 1 || (before == winner && winner != leaf) {
                return;
            }
            let other = self.best[place ^ 1];
            winner = match place % 2 {
                0 => self.better(winner, other),
                _ => self.better(other, winner),
            };
            place /= 2;
        }
    }

    /// The better one of two leaves, of which the first is further left.
    fn better(&self, left: u16, right: u16) -> u16 {
        let keys = [self.keys[usize::from(left)], self.keys[usize::from(right)]];
        let is_right = keys[0] < keys[1] || self.goes_to_right(left, right, &keys);
        if is_right { right } else { left }
    }

    /// Whether of two equal leaves the right one goes first.
    fn goes_to_right(&self, left: u16, right: u16, keys: &[f64]) -> bool {
        // Leaves that stand for no node have no rank, but they are out of the running.
        !self.ranks.is_sorted
            && keys[0] == keys[1]
            && keys[0] > OUT
            && self.ranks.get(right.into()) < self.ranks.get(left.into())
    }
}

#[cfg(test)]
mod tests {
    use super::{OUT, Ranks, SHARD, Shard};
    use crate::rng::Rng;

    fn expected(shard: &Shard) -> Option<usize> {
        let leaves = (0..shard.ranks.ranks.len()).filter(|&leaf| shard.key(leaf) > OUT);
        leaves.min_by(|&a, &b| {
            let keys = shard.key(b).total_cmp(&shard.key(a));
            keys.then_with(|| shard.rank(a).cmp(&shard.rank(b)))
        })
    }

    #[test]
    fn the_best_is_known_whatever_changes() {
        for leaves in [1, 2, 3, 15, 16, 17, 256, 257, 1000, SHARD] {
            let mut rng = Rng::for_key(leaves as u64, &[]);
            let mut ranks: Vec<u64> = (0..leaves).map(|_| rng.next_u64()).collect();
            if leaves % 3 == 1 {
                ranks.sort_unstable();
            }
            let mut shard = Shard::new(Ranks::new(ranks.into()));
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
