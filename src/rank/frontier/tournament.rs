//! A tournament over up to 2,048 nodes: the best one is known, and stays known while single nodes
//! change.
//!
//! Leaves stand in heats of 64, each of which knows its best one. A heat whose best leaf got worse is
//! looked through when the best of all is asked for, if it may have that one; this takes no branches,
//! and there are few enough heats to look through them all for the best of the best.

use std::sync::Arc;

/// Leaves in one shard at most.
pub(crate) const LEAVES_MAX: usize = 2048;

/// The sum of a leaf that is not in the running.
pub(crate) const OUT: f64 = f64::NEG_INFINITY;

/// Which of equal leaves goes first.
#[derive(Clone, Debug)]
pub(crate) struct TieBreaks {
    /// By leaf; lower goes first.
    tie_breaks: Arc<[u64]>,
    /// Whether the leaves are in this order anyway, so that the first of equals goes first.
    is_sorted: bool,
}

impl TieBreaks {
    pub(crate) fn new(tie_breaks: Arc<[u64]>) -> TieBreaks {
        let is_sorted = tie_breaks.is_sorted();
        TieBreaks { tie_breaks, is_sorted }
    }

    pub(crate) fn get(&self, leaf: usize) -> u64 {
        self.tie_breaks[leaf]
    }
}

/// Leaves in one heat.
pub(super) const HEAT: usize = 64;

/// The leaves of a heat that a word has bits for, ascending.
pub(super) struct Bits(pub(super) u64);

impl Iterator for Bits {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let at = self.0.trailing_zeros() as usize;
        self.0 &= self.0.wrapping_sub(1);
        (at < HEAT).then_some(at)
    }
}

/// What a heat was before leaves of it were hidden.
#[derive(Debug)]
pub(super) struct HiddenHeat {
    best: (f64, u16),
    is_stale: bool,
}

/// A tournament.
#[derive(Clone, Debug)]
pub(crate) struct Tournament {
    /// By leaf: higher is better. The last heat is filled up with leaves that stand for no node, and
    /// are never in the running.
    sums: Vec<f64>,
    tie_breaks: TieBreaks,
    /// By heat: the best leaf and its sum; of a stale heat what no leaf is better than.
    best: Vec<(f64, u16)>,
    /// A bit for each heat whose best leaf got worse since it was looked through. Most get better again,
    /// or never matter, before anybody asks.
    stale: u32,
    /// The best of all, if it is known.
    top: Option<(f64, u16)>,
}

impl Tournament {
    /// A tournament of leaves with these tie-breaks, all of them out of the running.
    pub(crate) fn new(tie_breaks: TieBreaks) -> Tournament {
        let heats = tie_breaks.tie_breaks.len().div_ceil(HEAT);
        let best = (0..heats).map(|heat| (OUT, (heat * HEAT) as u16)).collect();
        Tournament {
            sums: vec![OUT; heats * HEAT],
            tie_breaks,
            best,
            stale: 0,
            top: Some((OUT, 0)),
        }
    }

    pub(crate) fn sum(&self, leaf: usize) -> f64 {
        self.sums[leaf]
    }

    pub(crate) fn tie_break(&self, leaf: usize) -> u64 {
        self.tie_breaks.get(leaf)
    }

    /// The sums, to be set all at once; [`Tournament::rebuild`] has to follow.
    pub(crate) fn sums_mut(&mut self) -> &mut [f64] {
        &mut self.sums
    }

    /// Finds the best of every heat anew.
    pub(crate) fn rebuild(&mut self) {
        for heat in 0..self.best.len() {
            self.best[heat] = self.best_of(heat);
        }
        self.stale = 0;
        self.top = Some(self.find_top());
    }

    /// The sum and the leaf of the best, if that is [known](Tournament::find_best).
    pub(crate) fn top(&self) -> Option<(f64, u16)> {
        self.top
    }

    /// Finds the best leaf. Of stale heats only those are looked through that may have it.
    pub(crate) fn find_best(&mut self) {
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

    /// The best leaf in the running, which has to be [find_bestd](Tournament::find_best).
    pub(crate) fn best(&self) -> Option<usize> {
        debug_assert!(self.top.is_some());
        self.top.filter(|top| top.0 > OUT).map(|top| usize::from(top.1))
    }

    /// Changes the sum of a leaf.
    pub(crate) fn set(&mut self, leaf: usize, sum: f64) {
        self.sums[leaf] = sum;
        let this = (sum, leaf as u16);
        let heat = leaf / HEAT;
        let best = self.best[heat];
        let is_stale = self.stale & (1 << heat) != 0;
        if is_stale {
            // Only what is better than anything there could be find_bests it.
            if sum > best.0 {
                self.best[heat] = this;
                self.stale &= !(1 << heat);
            }
        } else if best.1 == this.1 && sum < best.0 {
            self.stale |= 1 << heat;
        } else if best.1 == this.1 || self.is_better(this, best) {
            self.best[heat] = this;
        }
        if let Some(top) = self.top {
            if top.1 == this.1 {
                self.top = (sum >= top.0).then_some(this);
            } else if self.is_better(this, top) {
                self.top = Some(this);
            }
        }
    }

    /// Takes leaves of a heat out of the running, a bit for each, and adds what their sums were to a list.
    pub(super) fn hide(&mut self, heat: usize, leaves: u64, hidden: &mut Vec<f64>) -> HiddenHeat {
        let bit = 1 << heat;
        let before = HiddenHeat { best: self.best[heat], is_stale: self.stale & bit != 0 };
        let sums = self.sums[heat * HEAT..].first_chunk_mut::<HEAT>();
        if let Some(sums) = sums {
            hidden.extend(Bits(leaves).map(|leaf| std::mem::replace(&mut sums[leaf], OUT)));
        }
        // No leaf is better than it was, which is all that has to hold of a stale heat.
        self.stale |= bit;
        self.top = None;
        before
    }

    /// Puts leaves of a heat back in the running that were hidden.
    pub(super) fn show(
        &mut self,
        heat: usize,
        leaves: u64,
        before: &HiddenHeat,
        hidden: &mut impl Iterator<Item = f64>,
    ) {
        let first = heat * HEAT;
        if let Some(sums) = self.sums[first..].first_chunk_mut::<HEAT>() {
            Bits(leaves).zip(hidden).for_each(|(leaf, sum)| sums[leaf] = sum);
        }
        self.top = None;
        // What is better than all were before was put back meanwhile.
        if self.is_better(self.best[heat], before.best) {
            return;
        }
        // The best one may have been taken out meanwhile.
        let is_there = self.sums[usize::from(before.best.1)] == before.best.0;
        self.best[heat] = before.best;
        match before.is_stale || !is_there {
            true => self.stale |= 1 << heat,
            false => self.stale &= !(1 << heat),
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
        let Some(sums) = self.sums[first..].first_chunk::<HEAT>() else { return (OUT, 0) };
        // Several at once, since the order of comparisons does not matter to the highest.
        let mut highest = [OUT; 4];
        for sums in sums.as_chunks::<4>().0 {
            for (highest, &sum) in highest.iter_mut().zip(sums) {
                *highest = if sum > *highest { sum } else { *highest };
            }
        }
        let highest = highest.into_iter().fold(OUT, |a, b| if b > a { b } else { a });
        if highest == OUT {
            return (OUT, first as u16);
        }
        let mut equal = (0..HEAT).filter(|&at| sums[at] == highest).map(|at| first + at);
        let best = match self.tie_breaks.is_sorted {
            true => equal.next(),
            false => equal.min_by_key(|&leaf| self.tie_breaks.get(leaf)),
        };
        (highest, best.unwrap_or(first) as u16)
    }

    /// Whether a leaf is better than another one, given both with their sums.
    fn is_better(&self, leaf: (f64, u16), other: (f64, u16)) -> bool {
        leaf.0 > other.0
            || leaf.0 == other.0 && leaf.0 > OUT && {
                let tie_breaks = [leaf.1, other.1].map(|leaf| self.tie_breaks.get(leaf.into()));
                tie_breaks[0] < tie_breaks[1]
            }
    }

    /// The same for a leaf that is not higher and further right.
    fn goes_first(&self, leaf: (f64, u16), other: (f64, u16)) -> bool {
        !self.tie_breaks.is_sorted && self.is_better(leaf, other)
    }
}

#[cfg(test)]
mod tests {
    use super::{LEAVES_MAX, OUT, TieBreaks, Tournament};
    use crate::rng::Rng;

    fn expected(shard: &Tournament) -> Option<usize> {
        let leaves = (0..shard.tie_breaks.tie_breaks.len()).filter(|&leaf| shard.sum(leaf) > OUT);
        leaves.min_by(|&a, &b| {
            let sums = shard.sum(b).total_cmp(&shard.sum(a));
            sums.then_with(|| shard.tie_break(a).cmp(&shard.tie_break(b)))
        })
    }

    #[test]
    fn the_best_is_known_whatever_changes() {
        for leaves in [1, 2, 3, 15, 16, 17, 256, 257, 1000, LEAVES_MAX] {
            let mut rng = Rng::for_key(leaves as u64, &[]);
            let mut tie_breaks: Vec<u64> = (0..leaves).map(|_| rng.next_u64()).collect();
            if leaves % 3 == 1 {
                tie_breaks.sort_unstable();
            }
            let mut shard = Tournament::new(TieBreaks::new(tie_breaks.into()));
            assert_eq!(shard.best(), None);
            for round in 0..4000 {
                let leaf = rng.below(leaves as u64) as usize;
                // Few different sums, so that ties are common.
                let sum = match rng.below(6) {
                    0 | 1 => OUT,
                    sum => sum as f64,
                };
                shard.set(leaf, sum);
                // Not always asked for at once, so that several heats are stale together.
                if rng.below(3) > 0 {
                    continue;
                }
                shard.find_best();
                assert_eq!(shard.best(), expected(&shard), "{leaves} leaves, round {round}");
            }
            shard.find_best();
            let mut rebuilt = shard.clone();
            rebuilt.rebuild();
            assert_eq!(rebuilt.best(), shard.best());
        }
    }
}
