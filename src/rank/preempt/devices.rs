//! Victims for devices (specification, section 6.4).

use super::{Candidate, Cleared};
use crate::feasibility::device::DeviceRequest;
use crate::fit::ask::Ask;
use crate::fit::devices;
use crate::state::slots::AllocationSlot;

/// The victims that free devices for the first request of an ask that cannot be met beside those
/// before it: of all groups of alike devices that would do, those whose users have the lowest
/// priorities.
pub(super) fn victims(cleared: &Cleared<'_>, ask: &Ask) -> Option<Vec<AllocationSlot>> {
    let unmet = (1..=ask.devices.len()).find(|&some| {
        let first = Ask { devices: ask.devices[..some].to_vec(), ..Ask::default() };
        devices::assign(cleared.node, &cleared.taken, &first, &mut Default::default()).is_err()
    })?;
    let request = &ask.devices[unmet - 1];
    let groups = 0..cleared.node.devices.len();
    let options = groups.filter_map(|group| option(cleared, request, group));
    options.min_by_key(|(value, _)| *value).map(|(_, victims)| victims)
}

/// The users of one group of devices to evict for a request, with the sum of their distinct
/// priorities.
fn option(
    cleared: &Cleared<'_>,
    request: &DeviceRequest,
    group: usize,
) -> Option<(i64, Vec<AllocationSlot>)> {
    let device = &cleared.node.devices[group];
    if !request.matches(&device.facts) {
        return None;
    }
    let used = cleared.taken.devices.get(group).map(Vec::as_slice).unwrap_or_default();
    let is_free =
        |at: &usize| device.instances[*at].healthy && used.binary_search(&(*at as u16)).is_err();
    let free = (0..device.instances.len()).filter(is_free).count();
    let wanted = request.count();
    let mut users: Vec<(usize, &Candidate<'_>)> = Vec::new();
    let mut freed = 0;
    for candidate in cleared.eligible() {
        let instances = instances_of(cleared, candidate, group);
        if freed + free >= wanted {
            break;
        }
        if instances > 0 {
            freed += instances;
            users.push((instances, candidate));
        }
    }
    if freed + free < wanted {
        return None;
    }
    users.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
    let mut kept = Vec::new();
    let mut priorities = Vec::new();
    let mut freed = 0;
    for (instances, user) in users {
        if freed >= wanted {
            break;
        }
        freed += instances;
        kept.push(user.slot);
        priorities.push(user.priority);
    }
    priorities.sort_unstable();
    priorities.dedup();
    Some((priorities.iter().sum(), kept))
}

/// How many healthy instances of a group an allocation holds.
fn instances_of(cleared: &Cleared<'_>, candidate: &Candidate<'_>, group: usize) -> usize {
    let held = candidate.holdings.iter().flat_map(|holdings| &holdings.devices);
    let places = held.filter_map(|device| cleared.node.find_device(device));
    let instances = &cleared.node.devices[group].instances;
    places
        .filter(|(at, instance)| *at == group && instances[usize::from(*instance)].healthy)
        .count()
}
