//! A cache that evicts what was not used for longest.

use std::sync::Arc;

use crate::state::fast_map::FastMap;

/// The most values that one cache makes room for by itself; of those that are lent, others see to it.
const VALUES_MAX: usize = 512;

/// Values by key. Cloning copies pointers.
#[derive(Clone, Debug)]
pub(super) struct LruCache<T> {
    pub(super) by_key: FastMap<Arc<[u64]>, CacheEntry<T>>,
    /// Counts uses.
    clock: u64,
    /// Counts values ever made, so that each has a number of its own.
    made: u64,
    /// The place of the entry that was asked for last: what follows it mostly asks for the same.
    latest: usize,
}

#[derive(Clone, Debug)]
pub(super) struct CacheEntry<T> {
    /// None while it is lent.
    pub(super) value: Option<Arc<T>>,
    pub(super) number: u64,
    last_used: u64,
}

/// A value that is lent: the place of its entry, and the use that it was lent for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loan {
    at: usize,
    used: u64,
}

impl<T> Default for LruCache<T> {
    fn default() -> Self {
        LruCache { by_key: FastMap::default(), clock: 0, made: 0, latest: 0 }
    }
}

impl<T> LruCache<T> {
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// The value of a key, brought up to date or made, and its number.
    pub(super) fn get(
        &mut self,
        key: &[u64],
        make: impl FnOnce() -> T,
        update: impl FnOnce(&mut Arc<T>),
    ) -> (&Arc<T>, u64) {
        self.clock += 1;
        let known = self.find(key);
        if known.is_none() && self.by_key.len() >= VALUES_MAX {
            self.evict_oldest();
        }
        let at = known.unwrap_or_else(|| self.add(key));
        self.latest = at;
        let entry = &mut self.by_key[at];
        entry.last_used = self.clock;
        if known.is_some()
            && let Some(value) = &mut entry.value
        {
            update(value);
        }
        (entry.value.get_or_insert_with(|| Arc::new(make())), entry.number)
    }

    /// The place of a key, if it is there.
    fn find(&self, key: &[u64]) -> Option<usize> {
        let latest = self.by_key.get_index(self.latest);
        match latest.is_some_and(|(known, _)| **known == *key) {
            true => Some(self.latest),
            false => self.by_key.get_index_of(key),
        }
    }

    /// Adds an entry without a value and gives its place.
    #[cold]
    fn add(&mut self, key: &[u64]) -> usize {
        self.made += 1;
        let entry = CacheEntry { value: None, number: self.made, last_used: self.clock };
        self.by_key.insert_full(key.into(), entry).0
    }

    /// Lends the value of a key, if there is one, for a change. Until it is given back there is none.
    pub(super) fn lend(&mut self, key: &[u64]) -> (Loan, Option<Arc<T>>) {
        self.clock += 1;
        let known = self.find(key);
        let at = known.unwrap_or_else(|| self.add(key));
        self.latest = at;
        let entry = &mut self.by_key[at];
        entry.last_used = self.clock;
        (Loan { at, used: self.clock }, entry.value.take())
    }

    /// Takes back what was lent, or was made where there was no value. It is let go if its entry is no longer
    /// there.
    pub(super) fn give_back(&mut self, loan: Loan, value: Arc<T>) -> bool {
        let entry = self.by_key.get_index_mut(loan.at).map(|(_, entry)| entry);
        let entry = entry.filter(|it| it.last_used == loan.used && it.value.is_none());
        let is_there = entry.is_some();
        if let Some(entry) = entry {
            entry.value = Some(value);
        }
        is_there
    }

    /// Evicts the value that was not used for longest.
    pub(super) fn evict_oldest(&mut self) -> Option<Arc<T>> {
        let entries = self.by_key.values().enumerate().filter(|(_, entry)| entry.value.is_some());
        let (oldest, _) = entries.min_by_key(|(_, entry)| entry.last_used)?;
        self.by_key.swap_remove_index(oldest)?.1.value
    }
}
