//! A hash index on copy-on-write pages: from a hash to the slot of a record.
//!
//! Open addressing with linear probing. An entry holds half of the hash and the slot; whether the
//! record is really the one looked for is asked of the caller, who has its name.

use super::pages::Pages;
use crate::rng::hash_bytes;

/// An entry without a record. No slot is `u32::MAX`.
const EMPTY: u64 = u64::MAX;
const SMALLEST: usize = 16;
/// Entries are looked for all over the table, so that the lists of its leaves had better stay in a cache.
const LEAF: usize = 256;

/// Where records with a given hash are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    entries: Pages<u64, LEAF>,
    used: usize,
}

fn entry(hash: u64, slot: u32) -> u64 {
    (hash & 0xffff_ffff_0000_0000) | u64::from(slot)
}

impl Index {
    /// The slot with this hash for which `is_it` says yes.
    pub(crate) fn find(&self, hash: u64, is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        self.position(hash, is_it).map(|at| self.entries[at] as u32)
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Adds a slot under a hash. The same pair must not be there yet.
    pub(crate) fn insert(&mut self, hash: u64, slot: u32) {
        // At most three quarters full, so that probing ends soon.
        if (self.used + 1) * 4 > self.entries.len() * 3 {
            self.grow();
        }
        self.put(entry(hash, slot), hash);
        self.used += 1;
    }

    /// Removes a slot from under its hash; nothing happens if it is not there.
    pub(crate) fn remove(&mut self, hash: u64, slot: u32) {
        let Some(mut hole) = self.position(hash, |found| found == slot) else { return };
        self.used -= 1;
        // The entries behind move up, as far as that brings them no further than their home.
        let mask = self.entries.len() - 1;
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let candidate = self.entries[at];
            if candidate == EMPTY {
                break;
            }
            let home = self.home(candidate);
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.set(hole, candidate);
                hole = at;
            }
        }
        self.set(hole, EMPTY);
    }

    fn position(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<usize> {
        if self.entries.len() == 0 {
            return None;
        }
        let mask = self.entries.len() - 1;
        let mut at = self.home(hash);
        loop {
            let found = self.entries[at];
            if found == EMPTY {
                return None;
            }
            if found >> 32 == hash >> 32 && is_it(found as u32) {
                return Some(at);
            }
            at = (at + 1) & mask;
        }
    }

    /// Where probing starts: the upper half of the hash, which the entry keeps, decides.
    fn home(&self, hash_or_entry: u64) -> usize {
        (hash_or_entry >> 32) as usize & (self.entries.len() - 1)
    }

    fn put(&mut self, entry: u64, hash: u64) {
        let mask = self.entries.len() - 1;
        let mut at = self.home(hash);
        while self.entries[at] != EMPTY {
            at = (at + 1) & mask;
        }
        self.set(at, entry);
    }

    fn set(&mut self, at: usize, entry: u64) {
        if let Some(place) = self.entries.get_mut(at) {
            *place = entry;
        }
    }

    fn grow(&mut self) {
        let size = (self.entries.len() * 2).max(SMALLEST);
        let mask = size - 1;
        // Written flat, and cut into pages once.
        let mut entries = vec![EMPTY; size];
        for &entry in self.entries.iter().filter(|&&entry| entry != EMPTY) {
            let mut at = (entry >> 32) as usize & mask;
            while entries[at] != EMPTY {
                at = (at + 1) & mask;
            }
            entries[at] = entry;
        }
        self.entries = entries.into_iter().collect();
    }
}

/// The hash under which a name is indexed.
pub(super) fn name_hash(name: &str) -> u64 {
    hash_bytes(0, name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::Index;

    /// A hash that makes many neighbours, so that probing and moving up are exercised.
    fn crowded(slot: u32) -> u64 {
        u64::from(slot % 13) << 32
    }

    #[test]
    fn finds_what_was_inserted_and_nothing_else() {
        let mut index = Index::default();
        assert_eq!(index.find(1, |_| true), None);
        for slot in 0..100 {
            index.insert(crowded(slot), slot);
        }
        assert_eq!(index.used, 100);
        for slot in 0..100 {
            assert_eq!(index.find(crowded(slot), |found| found == slot), Some(slot));
        }
        assert_eq!(index.find(crowded(5), |found| found == 6), None);
    }

    #[test]
    fn removing_keeps_the_others_reachable() {
        let mut index = Index::default();
        for slot in 0..200 {
            index.insert(crowded(slot), slot);
        }
        for slot in (0..200).step_by(3) {
            index.remove(crowded(slot), slot);
            index.remove(crowded(slot), slot);
        }
        for slot in 0..200 {
            let expected = (slot % 3 != 0).then_some(slot);
            assert_eq!(index.find(crowded(slot), |found| found == slot), expected, "slot {slot}");
        }
    }
}
