//! Looking at a few nodes only, as the original does (docs/placement.md, section 3.2).

use crate::state::State;
use crate::state::slots::NodeSlot;

/// A score at or below this is poor.
const THRESHOLD: f64 = 0.0;
/// How many poor options are set aside in one selection.
const MAX_SKIPS: usize = 3;

/// All nodes in the order of the seed, and where the next selection begins.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    order: Vec<NodeSlot>,
    at: usize,
}

impl Cursor {
    pub(crate) fn new(state: &State) -> Cursor {
        let mut order: Vec<NodeSlot> = state.nodes().map(|(slot, _)| slot).collect();
        order.sort_unstable_by_key(|&slot| (state.tie_break(slot), slot));
        Cursor { order, at: 0 }
    }

    /// Every node once, from where the selection before ended.
    pub(crate) fn round(&mut self) -> Round<'_> {
        Round { left: self.order.len(), cursor: self }
    }
}

/// One selection's way round the nodes.
pub(crate) struct Round<'a> {
    cursor: &'a mut Cursor,
    left: usize,
}

impl Iterator for Round<'_> {
    type Item = NodeSlot;

    fn next(&mut self) -> Option<NodeSlot> {
        self.left = self.left.checked_sub(1)?;
        let slot = self.cursor.order.get(self.cursor.at).copied();
        self.cursor.at = (self.cursor.at + 1) % self.cursor.order.len();
        slot
    }
}

/// The first `limit` options of those offered. A few poor ones are set aside, and come in at the end if
/// the others are too few.
pub(crate) fn limited<T>(
    offers: impl Iterator<Item = T>,
    limit: usize,
    score: impl Fn(&T) -> f64,
) -> Vec<T> {
    limited_with(offers, limit, MAX_SKIPS, score)
}

fn limited_with<T>(
    mut offers: impl Iterator<Item = T>,
    limit: usize,
    max_skips: usize,
    score: impl Fn(&T) -> f64,
) -> Vec<T> {
    let mut options = Vec::new();
    let mut set_aside = Vec::new();
    while options.len() < limit {
        let Some(offer) = offers.next() else {
            let missing = limit - options.len();
            options.extend(set_aside.into_iter().take(missing));
            break;
        };
        if score(&offer) <= THRESHOLD && set_aside.len() < max_skips {
            set_aside.push(offer);
        } else {
            options.push(offer);
        }
    }
    options
}

#[cfg(test)]
mod tests {
    use super::limited_with;

    fn of_two(offers: &[f64]) -> Vec<f64> {
        limited_with(offers.iter().copied(), 2, 2, |score| *score)
    }

    #[test]
    fn rows_19_to_21_poor_options_wait() {
        assert_eq!(of_two(&[-1.0, 5.0, -2.0, 2.0]), [5.0, 2.0]);
        assert_eq!(of_two(&[-1.0, -6.0, -3.0, -4.0]), [-3.0, -4.0]);
        assert_eq!(of_two(&[-2.0, 1.0]), [1.0, -2.0]);
    }
}
