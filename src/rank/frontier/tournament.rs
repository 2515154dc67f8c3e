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

/// A heat of leaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heat {
    /// The sum of its best leaf; of a stale heat what no leaf is better than.
    sum: f64,
    /// The best leaf.
    leaf: u16,
}

impl Heat {
    fn new(at: usize) -> Heat {
        Heat { sum: OUT, leaf: (at * HEAT) as u16 }
    }

    fn best(&self) -> (f64, u16) {
        (self.sum, self.leaf)
    }

    fn set_best(&mut self, best: (f64, u16)) {
        (self.sum, self.leaf) = best;
    }
}

/// What is known of each leaf of a heat: a bit.
#[derive(Clone, Copy, Debug, Default)]
struct LeafBits {
    /// Those that are in the running, the hidden ones included.
    running: u64,
    /// Those that are [hidden](Tournament::hide).
    hidden: u64,
}

/// What a tournament was before leaves were hidden, but for its heats.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    stale: u32,
    top: Option<(f64, u16)>,
    changes: u32,
}

/// A tournament.
#[derive(Clone, Debug)]
pub(crate) struct Tournament {
    /// By heat and leaf: higher is better. The last heat is filled up with leaves that stand for no node,
    /// and are never in the running.
    sums: Vec<[f64; HEAT]>,
    tie_breaks: TieBreaks,
    heats: Vec<Heat>,
    /// By heat, from when leaves are hidden for the first time; most tournaments never see that.
    bits: Vec<LeafBits>,
    /// A bit for each heat whose best leaf got worse since it was looked through. Most get better again,
    /// or never matter, before anybody asks.
    stale: u32,
    /// The best of all, if it is known.
    top: Option<(f64, u16)>,
    /// How often a leaf was changed.
    changes: u32,
}

impl Tournament {
    /// A tournament of leaves with these tie-breaks, all of them out of the running.
    pub(crate) fn new(tie_breaks: TieBreaks) -> Tournament {
        let heats = tie_breaks.tie_breaks.len().div_ceil(HEAT);
        Tournament {
            sums: vec![[OUT; HEAT]; heats],
            tie_breaks,
            heats: (0..heats).map(Heat::new).collect(),
            bits: Vec::new(),
            stale: 0,
            top: Some((OUT, 0)),
            changes: 0,
        }
    }

    /// How many heats it has.
    pub(super) fn heats(&self) -> usize {
        self.heats.len()
    }

    pub(crate) fn sum(&self, leaf: usize) -> f64 {
        self.sums[leaf / HEAT][leaf % HEAT]
    }

    pub(crate) fn tie_break(&self, leaf: usize) -> u64 {
        self.tie_breaks.get(leaf)
    }

    /// The sums, to be set all at once; [`Tournament::rebuild`] has to follow.
    pub(crate) fn sums_mut(&mut self) -> &mut [f64] {
        self.sums.as_flattened_mut()
    }

    /// Finds the best of every heat anew.
    pub(crate) fn rebuild(&mut self) {
        self.bits.clear();
        for at in 0..self.heats.len() {
            let best = self.best_of(at);
            self.heats[at].set_best(best);
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
                if self.heats[heat].sum >= top.0 {
                    let best = self.best_of(heat);
                    self.heats[heat].set_best(best);
                    self.stale &= !(1 << heat);
                    is_known = false;
                }
            }
            self.top = is_known.then_some(top);
        }
    }

    /// The best leaf in the running, which has to be [known](Tournament::find_best).
    pub(crate) fn best(&self) -> Option<usize> {
        debug_assert!(self.top.is_some());
        self.top.filter(|top| top.0 > OUT).map(|top| usize::from(top.1))
    }

    /// Changes the sum of a leaf.
    pub(crate) fn set(&mut self, leaf: usize, sum: f64) {
        let at = leaf / HEAT;
        let (mut heat, bit) = (self.heats[at], 1 << (leaf % HEAT));
        self.sums[at][leaf % HEAT] = sum;
        self.changes = self.changes.wrapping_add(1);
        if let Some(bits) = self.bits.get_mut(at) {
            debug_assert!(bits.hidden & bit == 0, "hidden leaves stay what they are");
            bits.running = if sum > OUT { bits.running | bit } else { bits.running & !bit };
        }
        let this = (sum, leaf as u16);
        let best = heat.best();
        let is_stale = self.stale & (1 << at) != 0;
        if is_stale {
            // Only what is better than anything there could be is known to be the best of it.
            if sum > best.0 {
                heat.set_best(this);
                self.stale &= !(1 << at);
            }
        } else if best.1 == this.1 && sum < best.0 {
            self.stale |= 1 << at;
        } else if best.1 == this.1 || self.is_better(this, best) {
            heat.set_best(this);
        }
        self.heats[at] = heat;
        if let Some(top) = self.top {
            if top.1 == this.1 {
                self.top = (sum >= top.0).then_some(this);
            } else if self.is_better(this, top) {
                self.top = Some(this);
            }
        }
    }

    /// Hides leaves, by heat a bit for each: they are what they are, but out of the running until they are
    /// [shown](Tournament::show). Adds what the heats were to a list.
    pub(super) fn hide(&mut self, leaves: &[u64], heats: &mut Vec<Heat>) -> Before {
        if self.bits.is_empty() {
            self.find_bits();
        }
        let before = Before { stale: self.stale, top: self.top, changes: self.changes };
        heats.extend_from_slice(&self.heats);
        let of_heats = self.heats.iter_mut().zip(&mut self.bits);
        for (at, ((heat, bits), &hidden)) in of_heats.zip(leaves).enumerate() {
            if hidden == 0 {
                continue;
            }
            bits.hidden = hidden;
            if bits.running & !hidden == 0 {
                *heat = Heat::new(at);
                self.stale &= !(1 << at);
            } else if hidden & 1 << (usize::from(heat.leaf) % HEAT) != 0 {
                // No leaf is better than it was, which is all that has to hold of a stale heat.
                self.stale |= 1 << at;
            }
        }
        self.top = None;
        before
    }

    /// Finds which leaves are in the running, to be kept up to date from then on.
    fn find_bits(&mut self) {
        let running = |sums: &[f64; HEAT]| {
            let bits = sums.iter().enumerate().map(|(leaf, sum)| u64::from(*sum > OUT) << leaf);
            bits.fold(0, |all, bit| all | bit)
        };
        let bits = self.sums.iter().map(|sums| LeafBits { running: running(sums), hidden: 0 });
        self.bits = bits.collect();
    }

    /// Shows all leaves again that were hidden, given what the heats were before.
    pub(super) fn show(&mut self, before: Before, heats: &[Heat]) {
        if self.changes == before.changes {
            self.bits.iter_mut().for_each(|bits| bits.hidden = 0);
            self.heats.copy_from_slice(heats);
            (self.stale, self.top) = (before.stale, before.top);
            return;
        }
        for (at, was) in heats.iter().enumerate() {
            if std::mem::take(&mut self.bits[at].hidden) == 0 {
                continue;
            }
            let mut heat = self.heats[at];
            // What is better than all were before may have come meanwhile.
            if !self.is_better(heat.best(), was.best()) {
                heat.set_best(was.best());
                // The best one may have been taken out meanwhile.
                let is_there = self.sums[at][usize::from(was.leaf) % HEAT] == was.sum;
                match before.stale & 1 << at != 0 || !is_there {
                    true => self.stale |= 1 << at,
                    false => self.stale &= !(1 << at),
                }
            }
            self.heats[at] = heat;
        }
        self.top = None;
    }

    /// The best of the best of all heats.
    fn find_top(&self) -> (f64, u16) {
        let mut best = (OUT, 0);
        for other in self.heats.iter().map(Heat::best) {
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
        let sums = &self.sums[heat];
        if let Some(&LeafBits { running, hidden }) = self.bits.get(heat).filter(|it| it.hidden != 0)
        {
            let leaves = Bits(running & !hidden).map(|leaf| (sums[leaf], (first + leaf) as u16));
            let better = |a, b| if self.is_better(b, a) { b } else { a };
            return leaves.reduce(better).unwrap_or((OUT, first as u16));
        }
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
    use super::{HEAT, LEAVES_MAX, OUT, TieBreaks, Tournament};
    use crate::rng::Rng;

    fn expected(shard: &Tournament) -> Option<usize> {
        let is_hidden = |leaf: usize| {
            shard.bits.get(leaf / HEAT).is_some_and(|bits| bits.hidden & 1 << (leaf % HEAT) != 0)
        };
        let leaves = 0..shard.tie_breaks.tie_breaks.len();
        let leaves = leaves.filter(|&leaf| shard.sum(leaf) > OUT && !is_hidden(leaf));
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
            assert_eq!(shard.best(), expected(&shard));
            let mut rebuilt = shard.clone();
            rebuilt.rebuild();
            assert_eq!(rebuilt.best(), shard.best());
        }
    }

    #[test]
    fn the_best_of_what_is_not_hidden_is_known() {
        for leaves in [1, 64, 65, 300, LEAVES_MAX] {
            let mut rng = Rng::for_key(leaves as u64, &[1]);
            let tie_breaks: Vec<u64> = (0..leaves).map(|_| rng.next_u64()).collect();
            let mut shard = Tournament::new(TieBreaks::new(tie_breaks.into()));
            for round in 0..300 {
                // Dense and sparse heats, and rounds in which nothing changes while leaves are hidden.
                let hidden: Vec<u64> = (0..shard.heats())
                    .map(|_| [rng.next_u64(), !0, 0, 1 << rng.below(64)][rng.below(4) as usize])
                    .collect();
                let mut heats = Vec::new();
                let before = shard.hide(&hidden, &mut heats);
                for _ in 0..rng.below(3) * 20 {
                    let leaf = rng.below(leaves as u64) as usize;
                    if hidden[leaf / HEAT] & 1 << (leaf % HEAT) == 0 {
                        shard.set(leaf, [OUT, 1.0, 2.0, 3.0][rng.below(4) as usize]);
                    }
                    if rng.below(4) == 0 {
                        shard.find_best();
                        assert_eq!(shard.best(), expected(&shard), "{leaves}, round {round}");
                    }
                }
                shard.show(before, &heats);
                shard.find_best();
                assert_eq!(shard.best(), expected(&shard), "{leaves} shown, round {round}");
                let leaf = rng.below(leaves as u64) as usize;
                shard.set(leaf, [OUT, 1.0, 2.0, 3.0][rng.below(4) as usize]);
            }
        }
    }
}
