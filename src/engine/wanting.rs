//! Evaluations by the room that they wait for, so that those are found soon which fit into some
//! (docs/lifecycle.md, section 6).

use std::collections::{BTreeMap, BTreeSet};

use crate::state::slots::EvaluationSlot;
use crate::state::usage::Amounts;

/// CPU in MHz, memory and disk in MB.
pub(super) type Room = [i64; 3];

/// The room of amounts.
pub(super) fn room_of(amounts: Amounts) -> Room {
    [amounts.cpu_mhz, amounts.memory_mb, amounts.disk_mb]
}

/// Whether what is wanted fits.
pub(super) fn fits(wanted: &Room, room: &Room) -> bool {
    wanted.iter().zip(room).all(|(wanted, room)| wanted <= room)
}

/// Evaluations by what they want.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wanting {
    /// Those that want about as much are together, so that what is too large is passed over at once.
    by_size: BTreeMap<[u8; 3], BTreeMap<Room, BTreeSet<EvaluationSlot>>>,
}

/// How many binary digits each amount has.
fn size_of(wanted: &Room) -> [u8; 3] {
    wanted.map(|amount| (i64::BITS - amount.max(0).leading_zeros()) as u8)
}

/// The least amount of so many digits.
fn least_of(digits: u8) -> i64 {
    match digits {
        0 => i64::MIN,
        digits => 1 << (digits - 1),
    }
}

impl Wanting {
    pub(super) fn insert(&mut self, wanted: Room, evaluation: EvaluationSlot) {
        let alike = self.by_size.entry(size_of(&wanted)).or_default();
        alike.entry(wanted).or_default().insert(evaluation);
    }

    pub(super) fn remove(&mut self, wanted: &Room, evaluation: EvaluationSlot) {
        let size = size_of(wanted);
        let Some(alike) = self.by_size.get_mut(&size) else { return };
        if let Some(evaluations) = alike.get_mut(wanted) {
            evaluations.remove(&evaluation);
            if evaluations.is_empty() {
                alike.remove(wanted);
            }
        }
        if alike.is_empty() {
            self.by_size.remove(&size);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_size.is_empty()
    }

    /// Those of which something wanted fits into a room.
    pub(super) fn fitting<'a>(
        &'a self,
        room: &'a Room,
    ) -> impl Iterator<Item = EvaluationSlot> + 'a {
        let may_fit = move |size: &[u8; 3]| {
            size.iter().zip(room).all(|(size, room)| least_of(*size) <= *room)
        };
        let alike = self.by_size.iter().filter(move |(size, _)| may_fit(size));
        let asks = alike.flat_map(move |(_, asks)| asks.range(..=[room[0], i64::MAX, i64::MAX]));
        let fitting = asks.filter(move |(wanted, _)| fits(wanted, room));
        fitting.flat_map(|(_, evaluations)| evaluations.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_found_whatever_its_size() {
        let amounts = [0, 1, 2, 3, 4, 7, 8, 100, 1_000, i64::MAX];
        let mut wanting = Wanting::default();
        let mut all: Vec<(Room, EvaluationSlot)> = Vec::new();
        for cpu in amounts {
            for memory in amounts {
                for disk in amounts {
                    let slot = EvaluationSlot(all.len() as u32);
                    all.push(([cpu, memory, disk], slot));
                    wanting.insert([cpu, memory, disk], slot);
                }
            }
        }
        for room in [[0, 0, 0], [3, 8, 100], [4, 4, 4], [7, 1, i64::MAX], [99, 1_001, 2]] {
            let mut found: Vec<EvaluationSlot> = wanting.fitting(&room).collect();
            found.sort_unstable();
            let expected = all.iter().filter(|(wanted, _)| fits(wanted, &room));
            let expected: Vec<EvaluationSlot> = expected.map(|(_, slot)| *slot).collect();
            assert_eq!(found, expected, "{room:?}");
        }
        for (wanted, slot) in all {
            wanting.remove(&wanted, slot);
        }
        assert!(wanting.is_empty());
    }
}
