//! A tournament over up to 2,048 nodes: the best one is known, and stays known while single nodes
//! change.
//!
//! Leaves stand in heats of 64, each of which knows its best one. A heat whose best leaf got worse is
//! looked through when the best of all is asked for, if it may have that one; this takes no branches,
//! and there are few enough heats to look through them all for the best of the best.

use std::sync::Arc;

/// Leaves in one shard at most.
pub(crate) const LARGEST: usize = 2048;

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

/// Leaves in one heat.
const HEAT: usize = 64;

/// A tournament.
#[derive(Clone, Debug)]
pub(crate) struct Shard {
    /// By leaf: higher is better. The last heat is filled up with leaves that stand for no node, and
    /// are never in the running.
    keys: Vec<f64>,
    ranks: Ranks,
    /// By heat: the best leaf and its key; of a stale heat what no leaf is better than.
    best: Vec<(f64, u16)>,
    /// A bit for each heat whose best leaf got worse since it was looked through. Most get better again,
    /// or never matter, before anybody asks.
    stale: u32,
    /// The best of all, if it is known.
    top: Option<(f64, u16)>,
}

impl Shard {
    /// A tournament of leaves with these ranks, all of them out of the running.
    pub(crate) fn new(ranks: Ranks) -> Shard {
        let heats = ranks.ranks.len().div_ceil(HEAT);
        let best = (0..heats).map(|heat| (OUT, (heat * HEAT) as u16)).collect();
        Shard { keys: vec![OUT; heats * HEAT], ranks, best, stale: 0, top: Some((OUT, 0)) }
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

    /// Finds the best of every heat anew.
    pub(crate) fn rebuild(&mut self) {
        for heat in 0..self.best.len() {
            self.best[heat] = self.best_of(heat);
        }
        self.stale = 0;
        self.top = Some(self.find_top());
    }

    /// The key and the leaf of the best, if that is [known](Shard::settle).
    pub(crate) fn top(&self) -> Option<(f64, u16)> {
        self.top
    }

    /// Finds the best leaf. Of stale heats only those are looked through that may have it.
    pub(crate) fn settle(&mut self) {
        while self.top.is_none() {
            let top = self.find_top();
            let mut stale = self.stale;
            let mut is_known = true;
            while stale != 0 {
                let heat = stale.trailing_zeros() as usize;
                stale &= stale - 1;
                if self.best[heat].0 >= top.0 {
                    self.best[heat] = self.best_of(heat);
                    self.stale &= !(1 << heat);
                    is_known = false;
                }
            }
            self.top = is_known.then_some(top);
        }
    }

    /// The best leaf in the running, which has to be [settled](Shard::settle).
    pub(crate) fn best(&self) -> Option<usize> {
        debug_assert!(self.top.is_some());
        self.top.filter(|top| top.0 > OUT).map(|top| usize::from(top.1))
    }

    /// Changes the key of a leaf.
    pub(crate) fn set(&mut self, leaf: usize, key: f64) {
        self.keys[leaf] = key;
        let this = (key, leaf as u16);
        let heat = leaf / HEAT;
        let best = self.best[heat];
        let is_stale = self.stale & (1 << heat) != 0;
        if is_stale {
            // Only what is better than anything there could be settles it.
            if key > best.0 {
                self.best[heat] = this;
                self.stale &= !(1 << heat);
            }
        } else if best.1 == this.1 && key < best.0 {
            self.stale |= 1 << heat;
        } else if best.1 == this.1 || self.is_better(this, best) {
            self.best[heat] = this;
        }
        if let Some(top) = self.top {
            if top.1 == this.1 {
                self.top = (key >= top.0).then_some(this);
            } else if self.is_better(this, top) {
                self.top = Some(this);
            }
        }
    }

    /// The best of the best of all heats.
    fn find_top(&self) -> (f64, u16) {
        let mut best = (OUT, 0);
        for &other in &self.best {
            // Heats come in the order of leaves, so that of equals the first one stays.
            if other.0 > best.0 || self.goes_first(other, best) {
                best = other;
            }
        }
        best
    }

    /// The best leaf of a heat.
    fn best_of(&self, heat: usize) -> (f64, u16) {
        let first = heat * HEAT;
        let Some(keys) = self.keys[first..].first_chunk::<HEAT>() else { return (OUT, 0) };
        // Several at once, since the order of comparisons does not matter to the highest.
        let mut highest = [OUT; 4];
        for keys in keys.as_chunks::<4>().0 {
            for (highest, &key) in highest.iter_mut().zip(keys) {
                *highest = if key > *highest { key } else { *highest };
            }
        }
        let highest = highest.into_iter().fold(OUT, |a, b| if b > a { b } else { a });
        if highest == OUT {
            return (OUT, first as u16);
        }
        let mut equal = (0..HEAT).filter(|&at| keys[at] == highest).map(|at| first + at);
        let best = match self.ranks.is_sorted {
            true => equal.next(),
            false => equal.min_by_key(|&leaf| self.ranks.get(leaf)),
        };
        (highest, best.unwrap_or(first) as u16)
    }

    /// Whether a leaf is better than another one, given both with their keys.
    fn is_better(&self, leaf: (f64, u16), other: (f64, u16)) -> bool {
        leaf.0 > other.0
            || leaf.0 == other.0 && leaf.0 > OUT && {
                let ranks = [leaf.1, other.1].map(|leaf| self.ranks.get(leaf.into()));
                ranks[0] < ranks[1]
            }
    }

    /// The same for a leaf that is not higher and further right.
    fn goes_first(&self, leaf: (f64, u16), other: (f64, u16)) -> bool {
        !self.ranks.is_sorted && self.is_better(leaf, other)
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, OUT, Ranks, Shard};
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
        for leaves in [1, 2, 3, 15, 16, 17, 256, 257, 1000, LARGEST] {
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
                // Not always asked for at once, so that several heats are stale together.
                if rng.below(3) > 0 {
                    continue;
                }
                shard.settle();
                assert_eq!(shard.best(), expected(&shard), "{leaves} leaves, round {round}");
            }
            shard.settle();
            let mut rebuilt = shard.clone();
            rebuilt.rebuild();
            assert_eq!(rebuilt.best(), shard.best());
        }
    }
}
