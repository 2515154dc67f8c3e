//! Victims for ports and bandwidth (specification, section 6.3).

use std::sync::Arc;

use super::{Candidate, Cleared};
use crate::fit::ask::{Ask, PortsAsk};
use crate::fit::exhausted::NetworkError;
use crate::fit::ports::addresses_of;
use crate::state::node::TaskNetwork;
use crate::state::slots::AllocationSlot;

/// The victims that let a network of an ask be had, given why it cannot be had now.
pub(super) fn victims(
    cleared: &Cleared<'_>,
    ask: &Ask,
    error: NetworkError,
) -> Option<Vec<AllocationSlot>> {
    match error {
        NetworkError::ReservedPort { network: 0, port } => {
            let port = ask.network.as_ref()?.ports.get(usize::from(port))?;
            let mut addresses = addresses_of(cleared.node, port);
            addresses.find_map(|address| holders(cleared, &address.ip, &[port.value]))
        }
        NetworkError::ReservedPort { .. } | NetworkError::Bandwidth => {
            // The error is the last address's; what there is to evict is the same for all networks of
            // tasks, so the first one that cannot be had decides.
            ask.task_networks().find_map(|network| for_task(cleared, network))
        }
        NetworkError::NoAddresses { .. }
        | NetworkError::DynamicPorts
        | NetworkError::NoNetworks => None,
    }
}

/// The victims on the first device that could then be had by a task's network.
fn for_task(cleared: &Cleared<'_>, ask: &PortsAsk) -> Option<Vec<AllocationSlot>> {
    let networks = cleared.node.task_networks.iter();
    networks.filter(|network| network.mbits >= ask.mbits).find_map(|network| {
        let holders = port_holders(cleared, network, ask)?;
        with_bandwidth(cleared, network, ask.mbits, holders).filter(|victims| !victims.is_empty())
    })
}

/// Those who hold static ports of an ask on the first address of a device where they all may be
/// evicted.
fn port_holders(
    cleared: &Cleared<'_>,
    network: &TaskNetwork,
    ask: &PortsAsk,
) -> Option<Vec<AllocationSlot>> {
    let ports: Vec<i64> = ask.with_numbers().iter().map(|port| port.value).collect();
    for ip in network.cidr?.addresses() {
        let ip: Arc<str> = ip.into();
        if let Some(holders) = holders(cleared, &ip, &ports) {
            return Some(holders);
        }
    }
    None
}

/// Those who hold some ports on an address; `None` if any of these ports cannot be freed.
fn holders(cleared: &Cleared<'_>, ip: &Arc<str>, ports: &[i64]) -> Option<Vec<AllocationSlot>> {
    let mut victims = Vec::new();
    for &port in ports {
        let is_taken = cleared
            .taken
            .ports_on(ip)
            .is_some_and(|taken| u16::try_from(port).is_ok_and(|port| taken.contains(port)));
        if !is_taken {
            continue;
        }
        let holds = |it: &&Candidate<'_>| {
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
    network: &TaskNetwork,
    mbits: i64,
    port_holders: Vec<AllocationSlot>,
) -> Option<Vec<AllocationSlot>> {
    let used = |it: &Candidate<'_>| {
        let held = it.holdings.iter().flat_map(|holdings| &holdings.bandwidth);
        held.filter(|(device, _)| *device == network.device).map(|(_, mbits)| mbits).sum::<i64>()
    };
    let is_holder = |it: &Candidate<'_>| port_holders.contains(&it.slot);
    let distance = |it: &Candidate<'_>| (mbits - used(it)).abs() as f64 / mbits.max(1) as f64;
    let by_holders: i64 = cleared.candidates.iter().filter(|it| is_holder(it)).map(used).sum();
    let free = network.mbits - cleared.taken.bandwidth_on(&network.device);
    let mut available = free + by_holders;
    let mut chosen: Vec<&Candidate<'_>> = Vec::new();
    let eligible = cleared.eligible();
    for group in eligible.chunk_by(|a, b| a.priority == b.priority) {
        let mut group: Vec<&&Candidate<'_>> =
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
