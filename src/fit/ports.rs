//! Ports and bandwidth: which address and which number each port of an ask gets on a node
//! (docs/placement.md, section 4).

use std::sync::Arc;

use super::ask::{Ask, PortsAsk};
use super::exhausted::NetworkError;
use crate::feasibility::target;
use crate::feasibility::view::NodeView;
use crate::model::network::Port;
use crate::rng::Rng;
use crate::state::node::{Address, NodeRecord, TaskNetwork};
use crate::state::ports::PortSet;
use crate::state::usage::{HeldPort, Holdings, Taken};
use crate::syntax::target::Target;

/// Tries at random before a free port is looked up (docs/placement.md, section 4.2).
const RANDOM_TRIES: usize = 20;

/// How the number of a dynamic port is chosen.
pub(crate) enum Chooser<'a> {
    /// The lowest free one: enough to know whether there is one.
    Lowest,
    /// One at random, for an allocation that is really made.
    Random(&'a mut Rng),
}

/// The ports and the bandwidth of one ask on one node, as they are assigned.
pub(crate) struct PortAssignment<'a> {
    pub(crate) node: &'a NodeRecord,
    pub(crate) taken: &'a Taken,
    pub(crate) ask: &'a Ask,
    pub(crate) chooser: Chooser<'a>,
    pub(crate) holdings: &'a mut Holdings,
}

impl PortAssignment<'_> {
    /// Assigns the group's ports: static ones first, then dynamic ones, each on the first address of
    /// its host network that will do (section 4.3).
    pub(crate) fn assign_group(&mut self) -> Result<(), NetworkError> {
        let Some(network) = &self.ask.network else { return Ok(()) };
        for (at, port) in network.with_numbers().iter().enumerate() {
            let presumed = network.presumed_free.contains(&port.value);
            self.take_static(port, at as u16, presumed)?;
        }
        for (at, port) in network.to_choose().iter().enumerate() {
            self.take_dynamic(network, port, (network.static_ports + at) as u16)?;
        }
        Ok(())
    }

    /// Assigns the network of one task, the `number`th of the ask counted from 1: the first address
    /// of the first device with enough bandwidth and the ports free (section 4.4).
    pub(crate) fn assign_task(&mut self, number: u16, ask: &PortsAsk) -> Result<(), NetworkError> {
        let mut error = NetworkError::NoNetworks;
        let node = self.node;
        for network in &node.task_networks {
            let Some(cidr) = network.cidr else { continue };
            for ip in cidr.addresses() {
                let ip: Arc<str> = ip.into();
                error = match self.offer(network, &ip, number, ask) {
                    Ok(()) => return Ok(()),
                    Err(error) => error,
                };
                // Nothing is taken on this address, so the ask fails by itself and would on all the
                // others, of which an IPv6 block has more than could ever be tried. What counts is why
                // it fails on the last one.
                if !self.is_known(&ip) {
                    let last: Arc<str> = cidr.last_address().into();
                    error = self.offer(network, &last, number, ask).err().unwrap_or(error);
                    break;
                }
            }
        }
        Err(error)
    }

    fn take_static(&mut self, port: &Port, at: u16, presumed: bool) -> Result<(), NetworkError> {
        let mut error = NetworkError::NoAddresses { network: 0, port: at };
        for address in addresses_of(self.node, port) {
            if port.ignore_collision || self.is_free(&address.ip, port.value, presumed) {
                self.hold(&address.ip, port.value, port.ignore_collision);
                return Ok(());
            }
            error = NetworkError::ReservedPort { network: 0, port: at };
        }
        Err(error)
    }

    fn take_dynamic(
        &mut self,
        network: &PortsAsk,
        port: &Port,
        at: u16,
    ) -> Result<(), NetworkError> {
        // Static ports of the same host network are not for the choosing; neither are those of the
        // tasks' networks, which are assigned later and must not depend on what is chosen here.
        let same_network = |other: &&Port| other.host_network() == port.host_network();
        let mut barred: Vec<i64> =
            network.with_numbers().iter().filter(same_network).map(|port| port.value).collect();
        let of_tasks = self.ask.task_networks().flat_map(|network| network.with_numbers());
        barred.extend(of_tasks.map(|port| port.value));
        // A number chosen for one port of the group is not chosen for another, even on another
        // address; a static port of another host network bars its number on its own address only.
        let chosen = self.holdings.ports.iter().skip(network.static_ports);
        barred.extend(chosen.map(|port| port.value));
        let mut error = NetworkError::NoAddresses { network: 0, port: at };
        for address in addresses_of(self.node, port) {
            if let Some(value) = self.choose(&address.ip, &barred) {
                self.hold(&address.ip, value, port.ignore_collision);
                return Ok(());
            }
            error = NetworkError::DynamicPorts;
        }
        Err(error)
    }

    fn offer(
        &mut self,
        network: &TaskNetwork,
        ip: &Arc<str>,
        number: u16,
        ask: &PortsAsk,
    ) -> Result<(), NetworkError> {
        let held = self.holdings.bandwidth.iter().filter(|(device, _)| *device == network.device);
        let used =
            self.taken.bandwidth_on(&network.device) + held.map(|(_, mbits)| mbits).sum::<i64>();
        if used + ask.mbits > network.mbits {
            return Err(NetworkError::Bandwidth);
        }
        let is_taken = |port: &Port| {
            let presumed = ask.presumed_free.contains(&port.value);
            !self.is_free(ip, port.value, presumed)
        };
        let taken_port = ask.with_numbers().iter().position(is_taken);
        if let Some(port) = taken_port {
            return Err(NetworkError::ReservedPort { network: number, port: port as u16 });
        }
        let before = self.holdings.ports.len();
        let statics: Vec<i64> = ask.with_numbers().iter().map(|port| port.value).collect();
        for &value in &statics {
            self.hold(ip, value, false);
        }
        for _ in ask.to_choose() {
            let Some(value) = self.choose(ip, &statics) else {
                self.holdings.ports.truncate(before);
                return Err(NetworkError::DynamicPorts);
            };
            self.hold(ip, value, false);
        }
        self.holdings.bandwidth.push((network.device.clone(), ask.mbits));
        Ok(())
    }

    fn hold(&mut self, ip: &Arc<str>, value: i64, ignore_collision: bool) {
        self.holdings.ports.push(HeldPort { ip: ip.clone(), value, ignore_collision });
    }

    /// Whether nothing on the node, which may be presumed, and nothing in this assignment has the port
    /// on the address.
    fn is_free(&self, ip: &str, value: i64, presumed: bool) -> bool {
        let is_used = match (self.taken.ports_on(ip), u16::try_from(value)) {
            (Some(ports), Ok(value)) => !presumed && ports.contains(value),
            (None, Ok(_)) => false,
            (_, Err(_)) => true,
        };
        !is_used && !self.holdings.ports.iter().any(|port| port.value == value && *port.ip == *ip)
    }

    fn is_known(&self, ip: &str) -> bool {
        self.taken.ports_on(ip).is_some() || self.holdings.ports.iter().any(|port| *port.ip == *ip)
    }

    /// A free port of the node's dynamic range on an address, none of those barred.
    fn choose(&mut self, ip: &str, barred: &[i64]) -> Option<i64> {
        let none = PortSet::default();
        let used = self.taken.ports_on(ip).unwrap_or(&none);
        let (first, last) = self.node.dynamic_ports();
        let held = &self.holdings.ports;
        let is_barred = |port: u16| {
            let value = i64::from(port);
            barred.contains(&value)
                || held.iter().any(|held| held.value == value && *held.ip == *ip)
        };
        let lowest_from = |mut from: u16| loop {
            let port = used.first_free(from, last)?;
            if !is_barred(port) {
                return Some(port);
            }
            from = port.checked_add(1)?;
        };
        let lowest = lowest_from(first)?;
        let chosen = match &mut self.chooser {
            Chooser::Lowest => lowest,
            Chooser::Random(rng) => {
                let is_free = |port: &u16| !used.contains(*port) && !is_barred(*port);
                // The last port of the range is never drawn, only found when others run out.
                let span = u64::from(last - first).max(1);
                let draws = (0..RANDOM_TRIES).map(|_| first + rng.below(span) as u16);
                match { draws }.find(is_free) {
                    Some(port) => port,
                    None => {
                        let free: Vec<u16> = (lowest..=last).filter(is_free).collect();
                        *free.get(rng.below(free.len() as u64) as usize)?
                    }
                }
            }
        };
        Some(i64::from(chosen))
    }
}

/// Whether the group's ports can be had on a node, found out without assigning them; nothing if that
/// takes the assignment, as it does where there are several addresses to choose from.
pub(crate) fn fits(
    node: &NodeRecord,
    taken: &Taken,
    ask: &PortsAsk,
) -> Option<Result<(), NetworkError>> {
    let name = ask.single_network.as_deref()?;
    let mut addresses = node.addresses.iter().filter(|address| *address.alias == *name);
    let address = addresses.next().filter(|_| addresses.next().is_none())?;
    let used = taken.ports_on(&address.ip);
    let statics = ask.with_numbers();
    for (at, port) in statics.iter().enumerate() {
        let value = u16::try_from(port.value).ok()?;
        let is_used = used.is_some_and(|used| used.contains(value));
        if is_used && !ask.presumed_free.contains(&port.value) {
            return Some(Err(NetworkError::ReservedPort { network: 0, port: at as u16 }));
        }
    }
    let none = PortSet::default();
    let used = used.unwrap_or(&none);
    let (mut from, last) = node.dynamic_ports();
    let mut missing = ask.to_choose().len();
    while missing > 0 {
        let Some(port) = used.first_free(from, last) else {
            return Some(Err(NetworkError::DynamicPorts));
        };
        missing -= usize::from(statics.iter().all(|it| it.value != i64::from(port)));
        match port.checked_add(1) {
            Some(next) => from = next,
            None if missing == 0 => {}
            None => return Some(Err(NetworkError::DynamicPorts)),
        }
    }
    Some(Ok(()))
}

/// The node's addresses on a port's host network, in the node's order. The name of the host network
/// may be a target, such as `${meta.network}`.
pub(crate) fn addresses_of<'a>(
    node: &'a NodeRecord,
    port: &Port,
) -> impl Iterator<Item = &'a Address> {
    let target = Target::right(port.host_network());
    let seen = NodeView::alone(node, target::facts_of(&target));
    let alias = target::resolve(&target, seen).map(str::to_owned);
    node.addresses.iter().filter(move |address| alias.as_deref() == Some(&*address.alias))
}
