//! A cache that evicts what was not used for longest.

use std::sync::Arc;

use crate::state::fast_map::FastMap;

/// The most values that one cache makes room for by itself.
const VALUES_MAX: usize = 512;

/// Values by key. Cloning copies pointers.
#[derive(Clone, Debug)]
pub(super) struct LruCache<T> {
    pub(super) by_key: FastMap<Arc<[u8]>, CacheEntry<T>>,
    /// Counts uses.
    clock: u64,
    /// Counts values ever made, so that each has a number of its own.
    made: u64,
}

#[derive(Clone, Debug)]
pub(super) struct CacheEntry<T> {
    pub(super) value: Arc<T>,
    pub(super) number: u64,
    last_used: u64,
}

impl<T> Default for LruCache<T> {
    fn default() -> Self {
        LruCache { by_key: FastMap::default(), clock: 0, made: 0 }
    }
}

impl<T> LruCache<T> {
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// The value of a key, brought up to date or made, and its number.
    pub(super) fn get(
        &mut self,
        key: &[u8],
        make: impl FnOnce() -> T,
        update: impl FnOnce(&mut Arc<T>),
    ) -> (&Arc<T>, u64) {
        self.clock += 1;
        let known = self.by_key.get_index_of(key);
        let at = known.unwrap_or_else(|| self.add(key, make()));
        let entry = &mut self.by_key[at];
        if known.is_some() {
            entry.last_used = self.clock;
            update(&mut entry.value);
        }
        (&entry.value, entry.number)
    }

    /// Adds a value and gives its place.
    #[cold]
    fn add(&mut self, key: &[u8], value: T) -> usize {
        if self.by_key.len() >= VALUES_MAX {
            self.evict_oldest();
        }
        self.made += 1;
        let (value, number) = (Arc::new(value), self.made);
        let entry = CacheEntry { value, number, last_used: self.clock };
        self.by_key.insert_full(key.into(), entry).0
    }

    pub(super) fn take(&mut self, key: &[u8]) -> Option<(Arc<[u8]>, Arc<T>)> {
        let (_, key, entry) = self.by_key.swap_remove_full(key)?;
        Some((key, entry.value))
    }

    pub(super) fn put(&mut self, key: Arc<[u8]>, value: Arc<T>) {
        self.clock += 1;
        let entry = CacheEntry { value, number: 0, last_used: self.clock };
        self.by_key.insert(key, entry);
    }

    /// Evicts the value that was not used for longest.
    pub(super) fn evict_oldest(&mut self) -> Option<Arc<T>> {
        let entries = self.by_key.values().enumerate();
        let (oldest, _) = entries.min_by_key(|(_, entry)| entry.last_used)?;
        self.by_key.swap_remove_index(oldest).map(|(_, entry)| entry.value)
    }
}
