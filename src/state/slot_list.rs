//! A list of slots that is mostly short: up to three it holds itself, in the room that a pointer to more
//! would take.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// How many slots a list holds itself.
const HELD: usize = 3;

/// A list of slots in an order that stays. Copying a longer one copies a pointer.
#[derive(Clone, Default)]
pub(crate) enum SlotList<S> {
    #[default]
    None,
    /// So many of these; the others mean nothing.
    Few(u8, [S; HELD]),
    Many(Arc<Vec<S>>),
}

impl<S: Copy> SlotList<S> {
    /// Adds a slot at the end.
    pub(crate) fn push(&mut self, slot: S) {
        match self {
            SlotList::None => *self = SlotList::Few(1, [slot; HELD]),
            SlotList::Few(count, held) => match held.get_mut(usize::from(*count)) {
                Some(place) => {
                    *place = slot;
                    *count += 1;
                }
                None => {
                    let mut slots = held.to_vec();
                    slots.push(slot);
                    *self = SlotList::Many(Arc::new(slots));
                }
            },
            SlotList::Many(slots) => Arc::make_mut(slots).push(slot),
        }
    }

    /// Adds a slot at a place, or at the end beyond it.
    pub(crate) fn insert(&mut self, at: usize, slot: S) {
        self.push(slot);
        if at < self.len() {
            self.slots_mut()[at..].rotate_right(1);
        }
    }

    /// Takes the slot at a place out and keeps the order; nothing happens beyond the end.
    pub(crate) fn remove(&mut self, at: usize) {
        if at >= self.len() {
            return;
        }
        match self {
            SlotList::None | SlotList::Few(1, _) => *self = SlotList::None,
            SlotList::Few(count, held) => {
                held[at..].rotate_left(1);
                *count -= 1;
            }
            SlotList::Many(slots) => _ = Arc::make_mut(slots).remove(at),
        }
    }

    fn slots_mut(&mut self) -> &mut [S] {
        match self {
            SlotList::None => &mut [],
            SlotList::Few(count, held) => held.get_mut(..usize::from(*count)).unwrap_or_default(),
            SlotList::Many(slots) => Arc::make_mut(slots).as_mut_slice(),
        }
    }
}

impl<S: Copy> From<&[S]> for SlotList<S> {
    fn from(slots: &[S]) -> SlotList<S> {
        if slots.len() > HELD {
            return SlotList::Many(Arc::new(slots.to_vec()));
        }
        let mut list = SlotList::None;
        slots.iter().for_each(|&slot| list.push(slot));
        list
    }
}

impl<S> Deref for SlotList<S> {
    type Target = [S];

    #[inline]
    fn deref(&self) -> &[S] {
        match self {
            SlotList::None => &[],
            SlotList::Few(count, held) => held.get(..usize::from(*count)).unwrap_or_default(),
            SlotList::Many(slots) => slots,
        }
    }
}

// However it is held, since a list that has lost slots may hold them otherwise than one that never had more.
impl<S: fmt::Debug> fmt::Debug for SlotList<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::SlotList;
    use crate::state::slots::EvaluationSlot;

    #[test]
    fn it_takes_no_more_room_than_a_pointer_to_a_list_and_what_tells_it_from_one() {
        assert_eq!(size_of::<SlotList<EvaluationSlot>>(), 16);
    }

    #[test]
    fn it_is_a_list_of_any_length() {
        for length in 0..7u32 {
            let all: Vec<u32> = (0..length).collect();
            for at in 0..all.len() + 2 {
                let (mut list, mut slots) = (SlotList::from(all.as_slice()), all.clone());
                assert_eq!(*list, *slots);
                list.insert(at, 77);
                slots.insert(at.min(slots.len()), 77);
                assert_eq!(*list, *slots, "{length} {at}");
                let copy = list.clone();
                while !slots.is_empty() {
                    let at = at % slots.len();
                    list.remove(slots.len());
                    list.remove(at);
                    slots.remove(at);
                    assert_eq!(*list, *slots, "{length} {at}");
                }
                assert_eq!(copy.len(), all.len() + 1);
            }
        }
    }
}
