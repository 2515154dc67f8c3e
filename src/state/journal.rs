//! The journal: which nodes changed since when.
//!
//! What is kept for many placements (masks, frontiers) remembers how far it has read and catches up
//! from there. The journal keeps the latest changes only; who is further behind than that starts anew,
//! which costs no more than reading on would.

use super::pages::Pages;
use super::slots::NodeSlot;

/// The fewest changes that are kept.
const SMALLEST: usize = 256;

/// A ring of the latest changes. Positions count all changes ever made, from 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal {
    ring: Pages<u32, 256>,
    next: u64,
    /// Changes before this position are gone.
    first: u64,
}

impl Journal {
    /// The position of the next change.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Notes a change and gives its position.
    pub(crate) fn push(&mut self, node: NodeSlot) -> u64 {
        let position = self.next;
        let size = self.ring.len() as u64;
        if size > 0 {
            if let Some(place) = self.ring.get_mut((position % size) as usize) {
                *place = node.0;
            }
            self.next += 1;
            self.first = self.first.max(self.next.saturating_sub(size));
        }
        position
    }

    /// Makes room for as many changes as there are nodes, forgetting what was noted so far.
    pub(crate) fn reserve(&mut self, nodes: usize) {
        let wanted = nodes.next_power_of_two().max(SMALLEST);
        if wanted > self.ring.len() {
            self.ring = std::iter::repeat_n(0, wanted).collect();
            self.first = self.next;
        }
    }

    /// The nodes changed from a position on, with the positions; `None` if the journal does not reach
    /// back that far.
    pub(crate) fn since(&self, position: u64) -> Option<impl Iterator<Item = (u64, NodeSlot)>> {
        if position < self.first {
            return None;
        }
        // The size is a power of two.
        let mask = (self.ring.len() as u64).wrapping_sub(1);
        let node = move |at: u64| (at, NodeSlot(self.ring[(at & mask) as usize]));
        Some((position..self.next).map(node))
    }
}

#[cfg(test)]
mod tests {
    use super::{Journal, NodeSlot, SMALLEST};

    #[test]
    fn tells_what_changed_or_that_it_no_longer_knows() {
        let mut journal = Journal::default();
        journal.reserve(10);
        for node in 0..10 {
            journal.push(NodeSlot(node));
        }
        let since: Vec<(u64, NodeSlot)> = journal.since(7).unwrap().collect();
        assert_eq!(since, [(7, NodeSlot(7)), (8, NodeSlot(8)), (9, NodeSlot(9))]);
        assert_eq!(journal.since(10).unwrap().count(), 0);
        for _ in 0..SMALLEST {
            journal.push(NodeSlot(3));
        }
        assert!(journal.since(9).is_none());
        assert_eq!(journal.since(10).unwrap().count(), SMALLEST);
    }
}
