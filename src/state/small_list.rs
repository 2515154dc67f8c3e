//! A list that is mostly empty or has one item, which it then holds itself: no memory of its own to
//! make, find and give back.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// A list of mostly one item. Copying a longer one copies a pointer.
#[derive(Clone, Default)]
pub(crate) enum SmallList<T> {
    #[default]
    None,
    One(T),
    Many(Arc<Vec<T>>),
}

impl<T> SmallList<T> {
    /// A list of all that another one has, to which its memory is left.
    pub(crate) fn drained(items: &mut Vec<T>) -> SmallList<T> {
        match items.len() {
            0 | 1 => items.pop().map_or(SmallList::None, SmallList::One),
            many => {
                let mut exact = Vec::with_capacity(many);
                exact.append(items);
                SmallList::Many(Arc::new(exact))
            }
        }
    }
}

impl<T: Clone> SmallList<T> {
    /// Adds an item at the end.
    pub(crate) fn push(&mut self, item: T) {
        match self {
            SmallList::None => *self = SmallList::One(item),
            SmallList::One(_) => {
                if let SmallList::One(first) = std::mem::take(self) {
                    *self = SmallList::Many(Arc::new(vec![first, item]));
                }
            }
            SmallList::Many(items) => Arc::make_mut(items).push(item),
        }
    }

    /// Adds an item at a place, or at the end beyond it.
    pub(crate) fn insert(&mut self, at: usize, item: T) {
        self.push(item);
        if let SmallList::Many(items) = self
            && at < items.len()
        {
            Arc::make_mut(items)[at..].rotate_right(1);
        }
    }

    /// Takes the item at a place out by moving the last one there; nothing happens beyond the end.
    pub(crate) fn swap_remove(&mut self, at: usize) {
        match self {
            SmallList::One(_) if at == 0 => *self = SmallList::None,
            SmallList::Many(items) if at < items.len() => _ = Arc::make_mut(items).swap_remove(at),
            _ => {}
        }
    }

    /// Takes the item at a place out and keeps the order; nothing happens beyond the end.
    pub(crate) fn remove(&mut self, at: usize) {
        match self {
            SmallList::One(_) if at == 0 => *self = SmallList::None,
            SmallList::Many(items) if at < items.len() => _ = Arc::make_mut(items).remove(at),
            _ => {}
        }
    }

    /// Keeps the items of which something is so, in their order.
    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(&T) -> bool) {
        match self {
            SmallList::None => {}
            SmallList::One(item) if is_kept(item) => {}
            SmallList::One(_) => *self = SmallList::None,
            SmallList::Many(items) => Arc::make_mut(items).retain(is_kept),
        }
    }

    /// Sorts the items by a key. Those of one key stay in their order.
    pub(crate) fn sort_by_key<K: Ord>(&mut self, key: impl FnMut(&T) -> K) {
        if let SmallList::Many(items) = self {
            Arc::make_mut(items).sort_by_key(key);
        }
    }

    /// An item to change.
    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        match self {
            SmallList::One(item) if at == 0 => Some(item),
            SmallList::Many(items) if at < items.len() => Arc::make_mut(items).get_mut(at),
            _ => None,
        }
    }
}

// However it is held, since a list that has lost items holds its last one otherwise than one that never had more.
impl<T: fmt::Debug> fmt::Debug for SmallList<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: Clone> Extend<T> for SmallList<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        let mut items = items.into_iter();
        while !matches!(self, SmallList::Many(_)) {
            let Some(item) = items.next() else { return };
            self.push(item);
        }
        if let SmallList::Many(known) = self {
            Arc::make_mut(known).extend(items);
        }
    }
}

impl<T: Clone> FromIterator<T> for SmallList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> SmallList<T> {
        let mut items = items.into_iter();
        let Some(first) = items.next() else { return SmallList::None };
        let Some(second) = items.next() else { return SmallList::One(first) };
        let mut all = vec![first, second];
        all.extend(items);
        SmallList::Many(Arc::new(all))
    }
}

impl<T: Clone + Ord> SmallList<T> {
    /// Sorts the items and leaves one of those that are equal.
    pub(crate) fn sort_and_dedup(&mut self) {
        if let SmallList::Many(items) = self {
            let items = Arc::make_mut(items);
            items.sort_unstable();
            items.dedup();
        }
    }
}

impl<T: Clone> From<&[T]> for SmallList<T> {
    fn from(items: &[T]) -> SmallList<T> {
        match items {
            [] => SmallList::None,
            [item] => SmallList::One(item.clone()),
            _ => SmallList::Many(Arc::new(items.to_vec())),
        }
    }
}

/// However they are held, the same items are the same list.
impl<T: PartialEq> PartialEq for SmallList<T> {
    fn eq(&self, other: &SmallList<T>) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for SmallList<T> {}

impl<T: Hash> Hash for SmallList<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (**self).hash(hasher);
    }
}

impl<T> Deref for SmallList<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            SmallList::None => &[],
            SmallList::One(item) => std::slice::from_ref(item),
            SmallList::Many(items) => items,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SmallList;

    #[test]
    fn it_is_a_list_of_any_length() {
        let mut items = SmallList::default();
        let mut list: Vec<u32> = Vec::new();
        for item in 0..5 {
            assert_eq!(*items, *list);
            assert_eq!(items.get_mut(list.len()), None);
            items.push(item);
            list.push(item);
            *items.get_mut(0).unwrap() += 10;
            list[0] += 10;
        }
        let copy = items.clone();
        for at in [3, 7, 0, 1, 0, 0, 0] {
            items.swap_remove(at);
            if at < list.len() {
                list.swap_remove(at);
            }
            assert_eq!(*items, *list);
        }
        assert_eq!(copy.len(), 5);
    }

    #[test]
    fn it_grows_by_many_at_once_from_any_length() {
        for before in 0..4u32 {
            for more in 0..4u32 {
                let first: Vec<u32> = (0..before).collect();
                let mut items = SmallList::from(first.as_slice());
                items.extend(before..before + more);
                assert!(items.iter().copied().eq(0..before + more));
            }
        }
    }
}
