//! The journals: which nodes changed since when, and to what.
//!
//! What is kept for many placements (masks, frontiers) remembers how far it has read and catches up
//! from there. A journal keeps the latest changes only; who is further behind than that looks at the
//! nodes themselves, which costs no more than reading on would.

use super::pages::Pages;
use super::slots::NodeSlot;
use super::usage::FreeRoom;

/// The fewest changes that are kept.
const SMALLEST: usize = 256;

/// A ring of the latest changes. Positions count all changes ever made, from 0.
#[derive(Clone, Debug)]
pub(crate) struct Journal<T> {
    ring: Pages<T, 32>,
    next: u64,
    /// Changes before this position are gone.
    first: u64,
}

/// What is free on a node after a change. It is written down here so that who catches up reads one
/// list from front to back, and not the arrays of every node that changed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoomChange {
    pub(crate) node: NodeSlot,
    pub(crate) room: FreeRoom,
    /// Whether the node changed again since.
    pub(crate) is_outdated: bool,
}

impl<T> Default for Journal<T> {
    fn default() -> Journal<T> {
        Journal { ring: Pages::default(), next: 0, first: 0 }
    }
}

impl<T: Copy> Journal<T> {
    /// The position of the next change.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Notes a change.
    pub(crate) fn push(&mut self, change: T) {
        let size = self.ring.len() as u64;
        if size == 0 {
            // The first change says what the ring is made of.
            self.ring = std::iter::repeat_n(change, SMALLEST).collect();
        } else if let Some(place) = self.ring.get_mut((self.next & (size - 1)) as usize) {
            *place = change;
        }
        self.next += 1;
        self.first = self.first.max(self.next.saturating_sub(size.max(1)));
    }

    /// Makes room for so many changes, forgetting what was noted so far.
    pub(crate) fn reserve(&mut self, changes: usize) {
        let wanted = changes.next_power_of_two().max(SMALLEST);
        if let Some(&any) = self.ring.get(0)
            && wanted > self.ring.len()
        {
            self.ring = std::iter::repeat_n(any, wanted).collect();
            self.first = self.next;
        }
    }

    /// The changes from a position on; `None` if the journal does not reach back that far.
    pub(crate) fn since(&self, position: u64) -> Option<impl Iterator<Item = T>> {
        if position < self.first {
            return None;
        }
        // The size is a power of two.
        let mask = (self.ring.len() as u64).wrapping_sub(1);
        let mut position = position;
        let leaves = std::iter::from_fn(move || {
            let left = (self.next - position) as usize;
            let leaf = self.ring.rest_of_leaf((position & mask) as usize);
            let leaf = leaf.get(..left).unwrap_or(leaf);
            position += leaf.len() as u64;
            (!leaf.is_empty()).then_some(leaf)
        });
        Some(leaves.flatten().copied())
    }

    /// A change that the journal still has, to change.
    pub(crate) fn get_mut(&mut self, position: u64) -> Option<&mut T> {
        let is_kept = (self.first..self.next).contains(&position);
        let mask = (self.ring.len() as u64).wrapping_sub(1);
        if is_kept { self.ring.get_mut((position & mask) as usize) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::{Journal, SMALLEST};

    #[test]
    fn tells_what_changed_or_that_it_no_longer_knows() {
        let mut journal = Journal::default();
        for node in 0..10u32 {
            journal.push(node);
        }
        let since: Vec<u32> = journal.since(7).unwrap().collect();
        assert_eq!(since, [7, 8, 9]);
        assert_eq!(journal.since(10).unwrap().count(), 0);
        for _ in 0..SMALLEST {
            journal.push(3);
        }
        assert!(journal.since(9).is_none());
        assert_eq!(journal.since(10).unwrap().count(), SMALLEST);
        journal.reserve(SMALLEST + 1);
        assert!(journal.since(10).is_none());
        journal.push(4);
        assert!(journal.since(10 + SMALLEST as u64).unwrap().eq([4]));
    }
}
