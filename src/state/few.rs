//! A list that is mostly empty or has one item, which it then holds itself: no memory of its own to
//! make, find and give back.

use std::ops::Deref;
use std::sync::Arc;

/// A list of mostly one item. Copying a longer one copies a pointer.
#[derive(Clone, Debug, Default)]
pub(crate) enum Few<T> {
    #[default]
    None,
    One(T),
    Many(Arc<Vec<T>>),
}

impl<T: Clone> Few<T> {
    /// Adds an item at the end.
    pub(crate) fn push(&mut self, item: T) {
        match self {
            Few::None => *self = Few::One(item),
            Few::One(first) => *self = Few::Many(Arc::new(vec![first.clone(), item])),
            Few::Many(items) => Arc::make_mut(items).push(item),
        }
    }

    /// Takes the item at a place out by moving the last one there; nothing happens beyond the end.
    pub(crate) fn swap_remove(&mut self, at: usize) {
        match self {
            Few::One(_) if at == 0 => *self = Few::None,
            Few::Many(items) if at < items.len() => _ = Arc::make_mut(items).swap_remove(at),
            _ => {}
        }
    }

    /// An item to change.
    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        match self {
            Few::One(item) if at == 0 => Some(item),
            Few::Many(items) if at < items.len() => Arc::make_mut(items).get_mut(at),
            _ => None,
        }
    }
}

impl<T: Clone> Extend<T> for Few<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        let mut items = items.into_iter();
        while !matches!(self, Few::Many(_)) {
            let Some(item) = items.next() else { return };
            self.push(item);
        }
        if let Few::Many(known) = self {
            Arc::make_mut(known).extend(items);
        }
    }
}

impl<T: Clone> From<&[T]> for Few<T> {
    fn from(items: &[T]) -> Few<T> {
        match items {
            [] => Few::None,
            [item] => Few::One(item.clone()),
            _ => Few::Many(Arc::new(items.to_vec())),
        }
    }
}

/// However they are held, the same items are the same list.
impl<T: PartialEq> PartialEq for Few<T> {
    fn eq(&self, other: &Few<T>) -> bool {
        **self == **other
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Few::None => &[],
            Few::One(item) => std::slice::from_ref(item),
            Few::Many(items) => items,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Few;

    #[test]
    fn it_is_a_list_of_any_length() {
        let mut few = Few::default();
        let mut list: Vec<u32> = Vec::new();
        for item in 0..5 {
            assert_eq!(*few, *list);
            assert_eq!(few.get_mut(list.len()), None);
            few.push(item);
            list.push(item);
            *few.get_mut(0).unwrap() += 10;
            list[0] += 10;
        }
        let copy = few.clone();
        for at in [3, 7, 0, 1, 0, 0, 0] {
            few.swap_remove(at);
            if at < list.len() {
                list.swap_remove(at);
            }
            assert_eq!(*few, *list);
        }
        assert_eq!(copy.len(), 5);
    }

    #[test]
    fn it_grows_by_many_at_once_from_any_length() {
        for before in 0..4u32 {
            for more in 0..4u32 {
                let first: Vec<u32> = (0..before).collect();
                let mut few = Few::from(first.as_slice());
                few.extend(before..before + more);
                assert!(few.iter().copied().eq(0..before + more));
            }
        }
    }
}
