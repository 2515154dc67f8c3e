//! Devices: which instances each request of an ask gets on a node (docs/placement.md, section 5.3).
//!
//! A request is met from one group of alike devices. The requests are taken in order, each from the
//! group it likes best, but one that leaves a later request without devices gives way: an assignment
//! is found where there is one.

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::ask::Ask;
use super::exhausted::DeviceError;
use super::packing::{Cell, Problem};
use crate::feasibility::device::DeviceRequest;
use crate::state::node::{DeviceGroup, NodeRecord};
use crate::state::usage::{Holdings, Taken};

/// Steps after which the search leaves it to [`Problem::solve`], which finds the same groups. Requests
/// that people write need a few dozen at most, for which it is the quicker of the two.
const MAX_STEPS: usize = 1_000;

/// Assigns the devices of an ask and adds them to `holdings`. Gives the sum of the matched weights of
/// the requests' affinities.
pub(crate) fn assign(
    node: &NodeRecord,
    taken: &Taken,
    ask: &Ask,
    holdings: &mut Holdings,
) -> Result<f64, DeviceError> {
    assign_requests(node, taken, &ask.devices, holdings)
}

/// The same for some requests.
pub(super) fn assign_requests(
    node: &NodeRecord,
    taken: &Taken,
    requests: &[DeviceRequest],
    holdings: &mut Holdings,
) -> Result<f64, DeviceError> {
    if node.devices.is_empty() {
        return Err(DeviceError::NoneAvailable);
    }
    if let [request] = requests
        && is_simple(node, request)
    {
        let (group, liking) = favourite(node, taken, request).ok_or(DeviceError::NoMatch)?;
        let instances = free(node, taken, group).take(request.count());
        let device = &node.devices[group];
        holdings.devices.extend(instances.map(|at| device.hand_out(0, at)));
        return Ok(liking);
    }
    let free = (0..node.devices.len()).map(|group| free(node, taken, group).collect()).collect();
    let candidates = requests.iter().map(|request| candidates(node, request)).collect();
    let mut search = Search {
        node,
        requests,
        candidates,
        free,
        chosen: Vec::new(),
        hopeless: IndexSet::new(),
        steps: 0,
    };
    if !search.choose_from(0) {
        if search.steps <= MAX_STEPS {
            return Err(DeviceError::NoMatch);
        }
        search.chosen = search.problem().solve().ok_or(DeviceError::NoMatch)?;
    }
    search.hand_out(holdings);
    let matched = requests.iter().zip(&search.chosen);
    Ok(matched.map(|(request, &group)| request.affinity(&node.devices[group].facts)).sum())
}

/// The same without saying which devices: the sum of the matched weights, or why there are too few.
pub(crate) fn affinity(node: &NodeRecord, taken: &Taken, ask: &Ask) -> Result<f64, DeviceError> {
    match ask.devices.as_slice() {
        [request] if is_simple(node, request) => {
            favourite(node, taken, request).map(|(_, liking)| liking).ok_or(DeviceError::NoMatch)
        }
        _ => assign(node, taken, ask, &mut Holdings::default()),
    }
}

/// The first request that cannot be met beside those before it.
pub(crate) fn first_unmet(node: &NodeRecord, taken: &Taken, ask: &Ask) -> Option<usize> {
    (0..ask.devices.len()).find(|&at| {
        let first = Ask { devices: ask.devices[..=at].to_vec(), ..Ask::default() };
        assign(node, taken, &first, &mut Holdings::default()).is_err()
    })
}

/// What there is for a request that finds too few devices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeviceShortage {
    pub(crate) asked: usize,
    pub(crate) used: usize,
    pub(crate) free: usize,
}

/// What there is for the first request that cannot be met, of the instances that it may have: in the
/// group of alike devices that has most of them free once the requests before it have theirs, since a
/// request is met from one group. None if no group is what it asks for.
pub(crate) fn shortage(node: &NodeRecord, taken: &Taken, ask: &Ask) -> Option<DeviceShortage> {
    let at = first_unmet(node, taken, ask)?;
    let request = &ask.devices[at];
    let mut before = Holdings::default();
    if at > 0 {
        let others = Ask { devices: ask.devices[..at].to_vec(), ..Ask::default() };
        assign(node, taken, &others, &mut before).ok()?;
    }
    let most = supply(node, taken, request, &before)?;
    // A search that was given up says nothing of how many are missing.
    (most.free < most.asked).then_some(most)
}

/// What there is for a request, of the instances that it may have, in the group of alike devices that has
/// most of them free once those before it have theirs. None if no group is what it asks for.
pub(crate) fn supply(
    node: &NodeRecord,
    taken: &Taken,
    request: &DeviceRequest,
    before: &Holdings,
) -> Option<DeviceShortage> {
    let of_group = |group: usize| {
        let device = &node.devices[group];
        let instance = |at: u16| device.instances.get(usize::from(at));
        let may_have = |at: &u16| {
            instance(*at).is_some_and(|it| request.instance_allowed(&device.facts, &it.id))
        };
        let has_before = |at: &u16| {
            let same =
                |id: &Arc<str>| before.devices.iter().any(|it| Arc::ptr_eq(&it.instance, id));
            instance(*at).is_some_and(|it| same(&it.id))
        };
        let used = taken.devices.get(group).map(Vec::as_slice).unwrap_or_default();
        let free = free(node, taken, group).filter(may_have).filter(|at| !has_before(at));
        DeviceShortage {
            asked: request.count(),
            used: used.iter().copied().filter(may_have).count(),
            free: free.count(),
        }
    };
    let groups = candidates(node, request).into_iter().map(of_group);
    groups.reduce(|best, it| if it.free > best.free { it } else { best })
}

/// Whether a request that is the only one needs no search, and no memory: it takes the group that it
/// likes best of those that have enough.
fn is_simple(node: &NodeRecord, request: &DeviceRequest) -> bool {
    !request.has_instance_rules() && !node.devices.is_empty()
}

/// The group that a request likes best of those that have enough, the first of several, and how much
/// it likes it.
fn favourite(node: &NodeRecord, taken: &Taken, request: &DeviceRequest) -> Option<(usize, f64)> {
    let mut favourite: Option<(usize, f64)> = None;
    for (group, device) in node.devices.iter().enumerate() {
        let used = taken.devices.get(group).map(Vec::as_slice).unwrap_or_default();
        let is_healthy =
            |&&at: &&u16| device.instances.get(usize::from(at)).is_some_and(|it| it.healthy);
        // Mostly all are, and then none has to be looked at.
        let healthy_in_use = match device.healthy == device.instances.len() {
            true => used.len(),
            false => used.iter().filter(is_healthy).count(),
        };
        let free = device.healthy.saturating_sub(healthy_in_use);
        if free < request.count() || !request.matches(&device.facts) {
            continue;
        }
        let liking = request.affinity(&device.facts);
        if favourite.is_none_or(|(_, best)| liking > best) {
            favourite = Some((group, liking));
        }
    }
    favourite
}

/// The healthy instances of a group that nothing has, as places in its list.
fn free<'a>(
    node: &'a NodeRecord,
    taken: &'a Taken,
    group: usize,
) -> impl Iterator<Item = u16> + use<'a> {
    let used = taken.devices.get(group).map(Vec::as_slice).unwrap_or_default();
    let instances = node.devices[group].instances.iter().enumerate();
    instances
        .filter(|(_, instance)| instance.healthy)
        .map(|(at, _)| at as u16)
        .filter(|at| used.binary_search(at).is_err())
}

/// The groups that a request could be met from, the one it likes best first.
fn candidates(node: &NodeRecord, request: &DeviceRequest) -> Vec<usize> {
    let matching = |&group: &usize| request.matches(&node.devices[group].facts);
    let mut groups: Vec<usize> = (0..node.devices.len()).filter(matching).collect();
    let liking = |group: usize| request.affinity(&node.devices[group].facts);
    groups.sort_by(|&a, &b| liking(b).total_cmp(&liking(a)));
    groups
}

/// The search for a group for every request.
struct Search<'a> {
    node: &'a NodeRecord,
    requests: &'a [DeviceRequest],
    /// By request.
    candidates: Vec<Vec<usize>>,
    /// By group.
    free: Vec<Vec<u16>>,
    /// The groups of the requests so far.
    chosen: Vec<usize>,
    /// What was found to lead nowhere: from which request on, with how much left in each group.
    hopeless: IndexSet<(usize, Vec<usize>)>,
    steps: usize,
}

impl Search<'_> {
    fn choose_from(&mut self, request: usize) -> bool {
        if request == self.requests.len() {
            return true;
        }
        let names_instances = self.requests.iter().any(DeviceRequest::has_instance_rules);
        let state = (request, (0..self.free.len()).map(|group| self.left_in(group)).collect());
        if !names_instances && self.hopeless.contains(&state) {
            return false;
        }
        for at in 0..self.candidates[request].len() {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return false;
            }
            let group = self.candidates[request][at];
            self.chosen.push(group);
            if self.group_holds(group) && self.choose_from(request + 1) {
                return true;
            }
            self.chosen.pop();
        }
        self.hopeless.insert(state);
        false
    }

    /// All of it in numbers.
    fn problem(&self) -> Problem {
        let requests = self.requests.iter().enumerate();
        let mut cells: IndexMap<(usize, Vec<usize>), usize> = IndexMap::new();
        for (group, free) in self.free.iter().enumerate() {
            let device = &self.node.devices[group];
            for &at in free {
                let id = &device.instances[usize::from(at)].id;
                let may_have = requests.clone().filter(|(request, it)| {
                    let matches = self.candidates[*request].contains(&group);
                    matches && it.instance_allowed(&device.facts, id)
                });
                let takers = may_have.map(|(request, _)| request).collect();
                *cells.entry((group, takers)).or_default() += 1;
            }
        }
        let mut may_have = vec![Vec::new(); self.requests.len()];
        for (cell, (_, takers)) in cells.keys().enumerate() {
            takers.iter().for_each(|&request| may_have[request].push(cell));
        }
        Problem {
            counts: self.requests.iter().map(DeviceRequest::count).collect(),
            candidates: self.candidates.clone(),
            cells: cells.iter().map(|(&(group, _), &free)| Cell { group, free }).collect(),
            may_have,
        }
    }

    /// How many instances of a group the requests so far leave.
    fn left_in(&self, group: usize) -> usize {
        let asked: usize = self.requests_of(group).map(|at| self.requests[at].count()).sum();
        self.free[group].len().saturating_sub(asked)
    }

    /// The requests that chose a group.
    fn requests_of(&self, group: usize) -> impl Iterator<Item = usize> {
        let chose = move |(_, chosen): &(usize, &usize)| **chosen == group;
        self.chosen.iter().enumerate().filter(chose).map(|(at, _)| at)
    }

    /// Whether a group has enough for all the requests that chose it.
    fn group_holds(&self, group: usize) -> bool {
        let asked: usize = self.requests_of(group).map(|at| self.requests[at].count()).sum();
        asked <= self.free[group].len() && self.share_out(group).is_some()
    }

    /// Which instances of a group go to which of the requests that chose it: by request, in order.
    fn share_out(&self, group: usize) -> Option<Vec<(usize, Vec<u16>)>> {
        let requests: Vec<usize> = self.requests_of(group).collect();
        if !requests.iter().any(|&at| self.requests[at].has_instance_rules()) {
            let mut free = self.free[group].iter().copied();
            let mut take =
                |at: usize| (at, free.by_ref().take(self.requests[at].count()).collect());
            return Some(requests.into_iter().map(&mut take).collect());
        }
        let device = &self.node.devices[group];
        let mut matching = Matching::new(device, &self.free[group]);
        for &at in &requests {
            for _ in 0..self.requests[at].count() {
                if !matching.add(&self.requests[at], at) {
                    return None;
                }
            }
        }
        Some(requests.into_iter().map(|at| (at, matching.instances_of(at))).collect())
    }

    fn hand_out(&self, holdings: &mut Holdings) {
        let mut shares: Vec<(usize, usize, u16)> = Vec::new();
        for group in 0..self.free.len() {
            for (request, instances) in self.share_out(group).into_iter().flatten() {
                shares.extend(instances.into_iter().map(|instance| (request, group, instance)));
            }
        }
        shares.sort_unstable();
        holdings.devices.extend(shares.into_iter().map(|(request, group, instance)| {
            self.node.devices[group].hand_out(request as u16, instance)
        }));
    }
}

/// Instances of one group matched to requests that name instances: augmenting paths, as in Kuhn's
/// method for bipartite matching.
struct Matching<'a> {
    device: &'a DeviceGroup,
    free: &'a [u16],
    /// For each free instance the request that has it.
    owner: Vec<Option<(usize, &'a DeviceRequest)>>,
}

impl<'a> Matching<'a> {
    fn new(device: &'a DeviceGroup, free: &'a [u16]) -> Self {
        Matching { device, free, owner: vec![None; free.len()] }
    }

    /// Finds one more instance for a request, moving others where that makes room.
    fn add(&mut self, request: &'a DeviceRequest, at: usize) -> bool {
        let mut seen = vec![false; self.free.len()];
        self.augment(request, at, &mut seen)
    }

    fn augment(&mut self, request: &'a DeviceRequest, at: usize, seen: &mut [bool]) -> bool {
        for place in 0..self.free.len() {
            let instance = &self.device.instances[usize::from(self.free[place])];
            if seen[place] || !request.instance_allowed(&self.device.facts, &instance.id) {
                continue;
            }
            seen[place] = true;
            let has_room = match self.owner[place] {
                None => true,
                Some((other, its_request)) => self.augment(its_request, other, seen),
            };
            if has_room {
                self.owner[place] = Some((at, request));
                return true;
            }
        }
        false
    }

    fn instances_of(&self, at: usize) -> Vec<u16> {
        let places = self.owner.iter().zip(self.free);
        places.filter(|(owner, _)| owner.is_some_and(|(it, _)| it == at)).map(|(_, &i)| i).collect()
    }
}
