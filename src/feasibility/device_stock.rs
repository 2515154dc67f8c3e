//! Whether a node has enough healthy devices for all requests of a group, in use or not
//! (specification, section 5.2).
//!
//! Requests compete for the groups that match them, and one may take from several. Taking in order
//! alone may leave a later request without what an earlier one could have had elsewhere; such a
//! request gives way here, as it does where devices are assigned, so that no node is filtered that
//! could run the group.

use std::collections::VecDeque;

use super::device::DeviceRequest;
use crate::state::node::NodeRecord;

/// What each request takes from each group of a node's devices.
struct Stock {
    /// By request: the groups that match it.
    matching: Vec<Vec<usize>>,
    /// By request and group.
    taken: Vec<Vec<usize>>,
    /// By group: healthy instances that no request takes.
    left: Vec<usize>,
}

/// Whether a node has enough healthy devices.
pub(super) fn suffices(node: &NodeRecord, requests: &[DeviceRequest]) -> bool {
    // Most nodes are told by a sum, having no devices, or have only one request to answer.
    let asked: usize = requests.iter().map(DeviceRequest::count).sum();
    let left: Vec<usize> = node.devices.iter().map(|group| group.facts.healthy()).collect();
    if asked > left.iter().sum() {
        return false;
    }
    let matching = |request: &DeviceRequest| {
        (0..left.len()).filter(|&group| request.matches(&node.devices[group].facts)).collect()
    };
    let mut stock = Stock {
        matching: requests.iter().map(matching).collect(),
        taken: vec![vec![0; left.len()]; requests.len()],
        left,
    };
    requests.iter().enumerate().all(|(at, request)| stock.take(at, request.count()))
}

impl Stock {
    /// Takes as many as a request asks for, in the order of the groups; where too few are left,
    /// others give way.
    fn take(&mut self, request: usize, count: usize) -> bool {
        let mut missing = count;
        for at in 0..self.matching[request].len() {
            let group = self.matching[request][at];
            let taken = missing.min(self.left[group]);
            self.left[group] -= taken;
            self.taken[request][group] += taken;
            missing -= taken;
        }
        (0..missing).all(|_| self.take_one_by_giving_way(request))
    }

    /// Takes one more for a request from a group where another one gives it up for one elsewhere, and
    /// so on: a shortest augmenting path.
    fn take_one_by_giving_way(&mut self, request: usize) -> bool {
        // By group, the request that could take one more from it; by request, the group it would give
        // one up in.
        let mut taker: Vec<Option<usize>> = vec![None; self.left.len()];
        let mut given_up: Vec<Option<usize>> = vec![None; self.taken.len()];
        let mut waiting = VecDeque::from([request]);
        while let Some(current) = waiting.pop_front() {
            for at in 0..self.matching[current].len() {
                let group = self.matching[current][at];
                if taker[group].is_some() {
                    continue;
                }
                taker[group] = Some(current);
                if self.left[group] > 0 {
                    self.left[group] -= 1;
                    self.shift(request, group, &taker, &given_up);
                    return true;
                }
                for (other, given_up) in given_up.iter_mut().enumerate() {
                    let is_new = other != request && given_up.is_none();
                    if is_new && self.taken[other][group] > 0 {
                        *given_up = Some(group);
                        waiting.push_back(other);
                    }
                }
            }
        }
        false
    }

    /// Shifts one instance along a path that ends at a group with one left.
    fn shift(
        &mut self,
        request: usize,
        last: usize,
        taker: &[Option<usize>],
        given_up: &[Option<usize>],
    ) {
        let mut group = last;
        while let Some(current) = taker[group] {
            self.taken[current][group] += 1;
            match given_up[current].filter(|_| current != request) {
                Some(before) => {
                    self.taken[current][before] -= 1;
                    group = before;
                }
                None => return,
            }
        }
    }
}
