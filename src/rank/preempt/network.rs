//! Victims for ports and bandwidth (docs/placement.md, section 6.3).

use std::sync::Arc;

use super::{Cleared, Holder};
use crate::fit::ask::{Ask, PortsAsk};
use crate::fit::exhausted::NetworkError;
use crate::fit::ports::{Chooser, PortAssignment, addresses_of};
use crate::state::node::TaskNetwork;
use crate::state::slots::AllocationSlot;
use crate::state::usage::Holdings;

/// The victims that let a network of an ask be had, given why it cannot be had now. Ports and
/// bandwidth that the networks before it get are taken for good: those are this ask's own.
pub(super) fn victims(
    cleared: &Cleared<'_>,
    ask: &Ask,
    error: NetworkError,
) -> Option<Vec<AllocationSlot>> {
    match error {
        NetworkError::ReservedPort { .. } | NetworkError::Bandwidth => {}
        NetworkError::NoAddresses { .. }
        | NetworkError::DynamicPorts
        | NetworkError::NoNetworks => return None,
    }
    let mut given = Holdings::default();
    let mut ports = PortAssignment {
        node: cleared.node,
        taken: &cleared.taken,
        ask,
        chooser: Chooser::Lowest,
        holdings: &mut given,
    };
    match ports.assign_group() {
        Ok(()) => {}
        Err(NetworkError::ReservedPort { port, .. }) => {
            let port = ask.network.as_ref()?.ports.get(usize::from(port))?;
            let mut addresses = addresses_of(cleared.node, port);
            return addresses
                .find_map(|address| holders(cleared, &given, &address.ip, &[port.value]));
        }
        Err(_) => return None,
    }
    // The error is the last address's, which says little about the others.
    let mut networks = (1..).zip(ask.task_networks());
    let (_, unmet) =
        networks.find(|(number, network)| ports.assign_task(*number, network).is_err())?;
    for_task(cleared, &given, unmet)
}

/// The victims on the first device that could then be had by a task's network.
fn for_task(
    cleared: &Cleared<'_>,
    given: &Holdings,
    ask: &PortsAsk,
) -> Option<Vec<AllocationSlot>> {
    let networks = cleared.node.task_networks.iter();
    networks.filter(|network| network.mbits >= ask.mbits).find_map(|network| {
        let holders = port_holders(cleared, given, network, ask)?;
        let victims = with_bandwidth(cleared, given, network, ask.mbits, holders);
        victims.filter(|victims| !victims.is_empty())
    })
}

/// Those who hold static ports of an ask on the first address of a device where they all may be
/// evicted.
fn port_holders(
    cleared: &Cleared<'_>,
    given: &Holdings,
    network: &TaskNetwork,
    ask: &PortsAsk,
) -> Option<Vec<AllocationSlot>> {
    let ports: Vec<i64> = ask.with_numbers().iter().map(|port| port.value).collect();
    for ip in network.cidr?.addresses() {
        let ip: Arc<str> = ip.into();
        if let Some(holders) = holders(cleared, given, &ip, &ports) {
            return Some(holders);
        }
    }
    None
}

/// Those who hold some ports on an address; `None` if any of these ports cannot be freed.
fn holders(
    cleared: &Cleared<'_>,
    given: &Holdings,
    ip: &Arc<str>,
    ports: &[i64],
) -> Option<Vec<AllocationSlot>> {
    let mut victims = Vec::new();
    for &port in ports {
        if given.ports.iter().any(|held| held.value == port && held.ip == *ip) {
            return None;
        }
        let is_taken = cleared
            .taken
            .ports_on(ip)
            .is_some_and(|taken| u16::try_from(port).is_ok_and(|port| taken.contains(port)));
        if !is_taken {
            continue;
        }
        let holds = |it: &&Holder<'_>| {
            let ports = it.holdings.iter().flat_map(|holdings| &holdings.ports);
            ports.into_iter().any(|held| held.value == port && held.ip == *ip)
        };
        let mut holders = cleared.candidates.iter().filter(holds).peekable();
        // A port that nothing here holds is reserved by the node.
        holders.peek()?;
        for holder in holders {
            if !holder.is_eligible {
                return None;
            }
            if !victims.contains(&holder.slot) {
                victims.push(holder.slot);
            }
        }
    }
    Some(victims)
}

/// Adds victims to those already chosen until a device has the bandwidth asked for, and drops those
/// that turn out not to be needed; who holds a port stays chosen.
fn with_bandwidth(
    cleared: &Cleared<'_>,
    given: &Holdings,
    network: &TaskNetwork,
    mbits: i64,
    port_holders: Vec<AllocationSlot>,
) -> Option<Vec<AllocationSlot>> {
    let used =
        |it: &Holder<'_>| it.holdings.map_or(0, |holdings| bandwidth_of(holdings, &network.device));
    let is_holder = |it: &Holder<'_>| port_holders.contains(&it.slot);
    let distance = |it: &Holder<'_>| (mbits - used(it)).abs() as f64 / mbits.max(1) as f64;
    let by_holders: i64 = cleared.candidates.iter().filter(|it| is_holder(it)).map(used).sum();
    let free = network.mbits
        - cleared.taken.bandwidth_on(&network.device)
        - bandwidth_of(given, &network.device);
    let mut available = free + by_holders;
    let mut chosen: Vec<&Holder<'_>> = Vec::new();
    let eligible = cleared.eligible();
    for group in eligible.chunk_by(|a, b| a.priority == b.priority) {
        let mut group: Vec<&&Holder<'_>> =
            group.iter().filter(|it| !is_holder(it) && used(it) > 0).collect();
        group.sort_by(|a, b| {
            let distances = (distance(a) + a.penalty).total_cmp(&(distance(b) + b.penalty));
            distances.then_with(|| a.id.cmp(&b.id))
        });
        for victim in group {
            if available < mbits {
                available += used(victim);
                chosen.push(victim);
            }
        }
    }
    if available < mbits {
        return None;
    }
    chosen.sort_by(|a, b| distance(b).total_cmp(&distance(a)).then_with(|| a.id.cmp(&b.id)));
    let mut available = free + by_holders;
    let mut victims = port_holders;
    for victim in chosen {
        if available >= mbits {
            break;
        }
        available += used(victim);
        victims.push(victim.slot);
    }
    Some(victims)
}

/// MBit/s that somebody has on a device.
fn bandwidth_of(holdings: &Holdings, device: &Arc<str>) -> i64 {
    let on_device = holdings.bandwidth.iter().filter(|(held, _)| held == device);
    on_device.map(|(_, mbits)| mbits).sum()
}
