//! Victims for devices (docs/placement.md, section 6.4).

use super::{Cleared, Holder};
use crate::feasibility::device::DeviceRequest;
use crate::fit::ask::Ask;
use crate::fit::devices;
use crate::state::node::NodeRecord;
use crate::state::slots::AllocationSlot;
use crate::state::usage::{Holdings, Taken};

/// The victims that free devices for all requests of an ask, if that can be done at all: request by
/// request as docs/placement.md, section 6.4, has it, and where this leads nowhere, all that are in the way.
pub(super) fn victims(cleared: &Cleared<'_>, ask: &Ask) -> Option<Vec<AllocationSlot>> {
    let everyone: Vec<&Holder<'_>> = cleared.candidates.iter().collect();
    let eligible = cleared.eligible();
    let protected = everyone.iter().copied().filter(|it| !it.is_eligible).collect();
    // Nobody is looked for where even the devices of all that may go are not enough.
    if !(Stock { node: cleared.node, holders: protected }.suffices(ask)) {
        return None;
    }
    let stock = Stock { node: cleared.node, holders: everyone };
    request_by_request(stock.clone(), ask).or_else(|| sparing_the_highest(stock, ask, &eligible))
}

/// The devices of a node and who has them.
#[derive(Clone)]
struct Stock<'a> {
    node: &'a NodeRecord,
    holders: Vec<&'a Holder<'a>>,
}

/// What a request could have of one group of alike devices.
struct Offer<'a> {
    /// How many instances nobody has.
    free: usize,
    /// Who has how many, those of the lowest priority first; only of those that may go.
    users: Vec<(usize, &'a Holder<'a>)>,
}

/// Evicts for the first request that cannot be met beside those before it, until all are met: of all
/// groups of alike devices that would do, the users with the lowest priorities. A request before it
/// keeps what it was given, so it is not asked whether that could come from elsewhere.
fn request_by_request(mut stock: Stock<'_>, ask: &Ask) -> Option<Vec<AllocationSlot>> {
    let mut victims = Vec::new();
    for (at, request) in ask.devices.iter().enumerate() {
        // Every turn takes a holder away or gives up, so this ends.
        while !stock.suffices(&first_requests(ask, at + 1)) {
            let given = stock.assign(&first_requests(ask, at))?;
            let groups = 0..stock.node.devices.len();
            let options = groups.filter_map(|group| {
                let offer = stock.offer(request, group, &given)?;
                let option = cheapest(offer, request.count())?;
                Some(option).filter(|(_, victims)| !victims.is_empty())
            });
            let (_, more) = options.min_by_key(|(value, _)| *value)?;
            stock.holders.retain(|holder| !more.contains(&holder.slot));
            victims.extend(more);
        }
    }
    Some(victims)
}

/// Evicts all users of devices that an ask could have but those that turn out not to be in its way,
/// the ones of the highest priority being spared first. This finds room that is there only once an
/// earlier request gets other devices than it would choose, or one of a number of instances that are
/// named.
fn sparing_the_highest<'a>(
    mut stock: Stock<'a>,
    ask: &Ask,
    eligible: &[&'a Holder<'a>],
) -> Option<Vec<AllocationSlot>> {
    stock.holders.retain(|holder| !holder.is_eligible);
    let mut victims = Vec::new();
    let has_devices = |it: &&&Holder<'_>| it.holdings.is_some_and(|it| !it.devices.is_empty());
    for &user in eligible.iter().filter(has_devices).rev() {
        stock.holders.push(user);
        if !stock.suffices(ask) {
            stock.holders.pop();
            victims.push(user.slot);
        }
    }
    stock.suffices(ask).then_some(victims)
}

/// The users to evict for a number of instances, with the sum of their distinct priorities.
fn cheapest(offer: Offer<'_>, wanted: usize) -> Option<(i64, Vec<AllocationSlot>)> {
    let mut users: Vec<(usize, &Holder<'_>)> = Vec::new();
    let mut freed = 0;
    for (instances, user) in offer.users {
        if freed + offer.free >= wanted {
            break;
        }
        freed += instances;
        users.push((instances, user));
    }
    if freed + offer.free < wanted {
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

/// An ask for nothing but the first device requests of another one.
fn first_requests(ask: &Ask, count: usize) -> Ask {
    Ask { devices: ask.devices.iter().take(count).cloned().collect(), ..Ask::default() }
}

impl<'a> Stock<'a> {
    fn suffices(&self, ask: &Ask) -> bool {
        self.assign(ask).is_some()
    }

    /// What the device requests of an ask would get.
    fn assign(&self, ask: &Ask) -> Option<Holdings> {
        let mut taken = Taken::default();
        taken.devices = vec![Vec::new(); self.node.devices.len()];
        for &holder in &self.holders {
            for (group, instance) in self.held_by(holder) {
                if let Some(instances) = taken.devices.get_mut(group)
                    && let Err(at) = instances.binary_search(&instance)
                {
                    instances.insert(at, instance);
                }
            }
        }
        let mut holdings = Holdings::default();
        devices::assign(self.node, &taken, ask, &mut holdings).ok()?;
        Some(holdings)
    }

    /// The groups and the instances that an allocation has.
    fn held_by(&self, holder: &'a Holder<'a>) -> impl Iterator<Item = (usize, u16)> + use<'a> {
        let node = self.node;
        let held = holder.holdings.iter().flat_map(|holdings| &holdings.devices);
        held.filter_map(|device| node.find_device(device))
    }

    /// What a request could have of a group besides what is `given` to earlier requests. Only instances
    /// count that the request may have: they are healthy, and its rules allow each of them.
    fn offer(&self, request: &DeviceRequest, group: usize, given: &Holdings) -> Option<Offer<'a>> {
        let device = self.node.devices.get(group).filter(|it| request.matches(&it.facts))?;
        let has_rules = request.has_instance_rules();
        let is_usable = |at: usize| {
            device.instances.get(at).is_some_and(|it| {
                it.healthy && (!has_rules || request.instance_allowed(&device.facts, &it.id))
            })
        };
        let mut is_free: Vec<bool> = (0..device.instances.len()).map(is_usable).collect();
        let given = given.devices.iter().filter_map(|device| self.node.find_device(device));
        let held = self.holders.iter().flat_map(|holder| self.held_by(holder));
        for (_, instance) in given.chain(held).filter(|(of, _)| *of == group) {
            if let Some(is_free) = is_free.get_mut(usize::from(instance)) {
                *is_free = false;
            }
        }
        let mut users: Vec<(usize, &'a Holder<'a>)> = Vec::new();
        for &holder in self.holders.iter().filter(|it| it.is_eligible) {
            let usable =
                self.held_by(holder).filter(|(of, at)| *of == group && is_usable((*at).into()));
            let instances = usable.count();
            if instances > 0 {
                users.push((instances, holder));
            }
        }
        users.sort_by(|a, b| a.1.priority.cmp(&b.1.priority).then_with(|| a.1.id.cmp(&b.1.id)));
        Some(Offer { free: is_free.iter().filter(|it| **it).count(), users })
    }
}
