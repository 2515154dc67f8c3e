//! A queue of candidates, best first: a short sorted head in front of a store that can always give its
//! best. The head is what placements take from and what metrics show.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A node with the sum of its own scores.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Higher is better.
    pub(crate) sum: f64,
    /// Of equal sums the lower one is better.
    pub(crate) tie_break: u64,
    pub(crate) node: u32,
    /// Where the node's scores are written down, or [`Entry::NOT_WRITTEN`].
    pub(crate) written: u32,
}

impl Entry {
    pub(crate) const NOT_WRITTEN: u32 = u32::MAX;

    pub(crate) fn new(sum: f64, tie_break: u64, node: u32) -> Entry {
        Entry { sum, tie_break, node, written: Entry::NOT_WRITTEN }
    }

    /// The better one is greater.
    pub(crate) fn compare(&self, other: &Entry) -> Ordering {
        let sums = self.sum.total_cmp(&other.sum);
        sums.then_with(|| other.tie_break.cmp(&self.tie_break))
            .then_with(|| other.node.cmp(&self.node))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.compare(other).is_eq()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> Ordering {
        self.compare(other)
    }
}

/// What stands behind the head of a queue.
pub(crate) trait Store {
    /// Takes the best entry out.
    fn pop(&mut self) -> Option<Entry>;
    /// Puts an entry in.
    fn push(&mut self, entry: Entry);
}

/// Entries in no fixed places.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heap(BinaryHeap<Entry>);

impl Store for Heap {
    fn pop(&mut self) -> Option<Entry> {
        self.0.pop()
    }

    fn push(&mut self, entry: Entry) {
        self.0.push(entry);
    }
}

impl Heap {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Takes a node out. All of them are looked at.
    pub(crate) fn remove(&mut self, node: u32) {
        let mut entries = std::mem::take(&mut self.0).into_vec();
        if let Some(at) = entries.iter().position(|entry| entry.node == node) {
            entries.swap_remove(at);
        }
        self.0 = entries.into();
    }
}

/// Beyond this many the head gives entries back to the store, so that it stays quick to search.
const MAX_HEAD: usize = 16;

/// The best entries in order. All of them are at least as good as any in the store behind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    entries: Vec<Entry>,
    /// Whether the store has nothing more.
    is_dry: bool,
}

impl Head {
    /// The entry at a place, the best being at 0, drawn from the store if need be.
    pub(crate) fn get(&mut self, store: &mut impl Store, at: usize) -> Option<&Entry> {
        while self.entries.len() <= at && !self.is_dry {
            match store.pop() {
                Some(entry) => self.entries.push(entry),
                None => self.is_dry = true,
            }
        }
        self.entries.get(at)
    }

    /// Notes where a node's scores are written down.
    pub(crate) fn set_written(&mut self, at: usize, written: u32) {
        if let Some(entry) = self.entries.get_mut(at) {
            entry.written = written;
        }
    }

    /// Takes the best entry out.
    pub(crate) fn take(&mut self) -> Option<Entry> {
        (!self.entries.is_empty()).then(|| self.entries.remove(0))
    }

    /// Puts an entry in: into the head if it belongs there, or else into the store.
    pub(crate) fn insert(&mut self, store: &mut impl Store, entry: Entry) {
        // Behind the last one of the head there may be better ones in the store.
        if self.is_better(&entry) {
            self.give(store, entry);
            return;
        }
        let better = self.entries.iter().take_while(|it| it.compare(&entry).is_gt()).count();
        self.entries.insert(better, entry);
        if self.entries.len() > MAX_HEAD
            && let Some(last) = self.entries.pop()
        {
            self.give(store, last);
        }
    }

    /// Whether all of it is better than an entry.
    pub(crate) fn is_better(&self, entry: &Entry) -> bool {
        self.entries.last().is_none_or(|last| last.compare(entry).is_gt())
    }

    /// Whether all of it is better than any entry with this sum.
    pub(crate) fn is_above(&self, sum: f64) -> bool {
        self.entries.last().is_none_or(|last| last.sum > sum)
    }

    /// Whether all of it is in order.
    pub(crate) fn is_sorted(&self) -> bool {
        self.entries.windows(2).all(|pair| pair[0].compare(&pair[1]).is_gt())
    }

    fn give(&mut self, store: &mut impl Store, entry: Entry) {
        store.push(entry);
        self.is_dry = false;
    }

    /// Takes a node out, if it is there.
    pub(crate) fn remove(&mut self, node: u32) {
        self.entries.retain(|entry| entry.node != node);
    }

    /// Takes out all entries for which this holds.
    pub(crate) fn take_all(&mut self, is_taken: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        // There may be more behind it again.
        self.is_dry = false;
        self.entries.extract_if(.., |entry| is_taken(entry)).collect()
    }

    /// The entry of a node, if it is there.
    pub(crate) fn find(&self, node: u32) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.node == node)
    }

    /// Forgets where scores are written down.
    pub(crate) fn forget_written(&mut self) {
        for entry in &mut self.entries {
            entry.written = Entry::NOT_WRITTEN;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.is_dry = false;
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Head, Heap};
    use crate::rng::Rng;

    #[test]
    fn always_gives_the_best_in_order() {
        let mut rng = Rng::for_key(5, &[]);
        let (mut head, mut heap) = (Head::default(), Heap::default());
        let mut expected: Vec<Entry> = Vec::new();
        for node in 0..3000 {
            if rng.below(3) > 0 {
                let entry = Entry::new(rng.below(9) as f64, rng.next_u64(), node);
                head.insert(&mut heap, entry);
                expected.push(entry);
            } else {
                expected.sort_by(|a, b| b.cmp(a));
                for at in 0..5 {
                    assert_eq!(head.get(&mut heap, at), expected.get(at));
                }
                let best = head.take();
                assert_eq!(best, expected.first().copied());
                expected.drain(..usize::from(best.is_some()));
            }
        }
    }
}
