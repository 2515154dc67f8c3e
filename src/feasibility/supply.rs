//! Whether a node has enough devices for all requests of a group, in use or not (docs/placement.md, section
//! 5.2).
//!
//! Requests take from the groups that match, in order, and one may take from several. The original
//! leaves it at that; here a request that finds too few left has those before it take from other groups
//! where they can, so that no node is filtered that has enough for all.

use super::device::DeviceRequest;
use super::view::{DeviceView, NodeView};

/// The requests that cannot be met beside those before them, as places in the list, where each group of
/// devices has as many as `supply` says.
pub(super) fn unmet(
    node: NodeView<'_>,
    requests: &[DeviceRequest],
    supply: impl Fn(DeviceView<'_>) -> usize,
) -> Vec<usize> {
    let mut shares = Shares { left: node.devices().map(supply).collect(), takers: Vec::new() };
    let mut unmet = Vec::new();
    for (at, request) in requests.iter().enumerate() {
        let devices = node.devices().enumerate();
        let matching = devices.filter(|(_, device)| request.matches_in(*device));
        let groups: Vec<usize> = matching.map(|(group, _)| group).collect();
        shares.takers.push(Taker { taken: vec![0; groups.len()], groups });
        if !(0..request.count()).all(|_| shares.take_one(at)) {
            shares.give_back(at);
            unmet.push(at);
        }
    }
    unmet
}

/// Who takes how many from where.
struct Shares {
    /// By group of devices.
    left: Vec<usize>,
    /// By request.
    takers: Vec<Taker>,
}

/// A request.
struct Taker {
    /// The groups that match.
    groups: Vec<usize>,
    /// How many it takes from each of them.
    taken: Vec<usize>,
}

impl Shares {
    /// Takes one device more for a request; false if there is none.
    fn take_one(&mut self, taker: usize) -> bool {
        self.take_free(taker) || self.make_way(taker, &mut vec![false; self.left.len()])
    }

    fn take_free(&mut self, taker: usize) -> bool {
        let Taker { groups, taken } = &mut self.takers[taker];
        let free = groups.iter().position(|&group| self.left[group] > 0);
        if let Some(at) = free {
            taken[at] += 1;
            self.left[groups[at]] -= 1;
        }
        free.is_some()
    }

    /// Has another request take from elsewhere what this one takes then: an augmenting path.
    fn make_way(&mut self, taker: usize, seen: &mut [bool]) -> bool {
        for at in 0..self.takers[taker].groups.len() {
            let group = self.takers[taker].groups[at];
            if std::mem::replace(&mut seen[group], true) {
                continue;
            }
            for other in 0..self.takers.len() {
                let place = self.takers[other].groups.iter().position(|it| *it == group);
                let Some(place) = place.filter(|&place| self.takers[other].taken[place] > 0) else {
                    continue;
                };
                if other != taker && (self.take_free(other) || self.make_way(other, seen)) {
                    self.takers[other].taken[place] -= 1;
                    self.takers[taker].taken[at] += 1;
                    return true;
                }
            }
        }
        false
    }

    fn give_back(&mut self, taker: usize) {
        let Taker { groups, taken } = &mut self.takers[taker];
        for (group, taken) in groups.iter().zip(taken) {
            self.left[*group] += std::mem::take(taken);
        }
    }
}
