//! What ran out on a node, and what the metrics count it under (docs/placement.md, sections
//! 3.3, 4 and 7).

use std::fmt;
use std::sync::Arc;

use super::ask::Ask;

/// Why a node that may run a group has no room for one more allocation of it.
///
/// Small and without texts, since a cluster's nodes are counted by it; the names of ports come from the
/// ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Exhausted {
    /// Two allocations on the node hold one port.
    PortCollision,
    /// A port or a network cannot be had.
    Network(NetworkError),
    /// Devices cannot be had.
    Devices(DeviceError),
    /// Too few free cores, or allocations that hold cores they cannot have.
    Cores,
    /// The node takes no more allocations.
    MaxAllocations,
    /// Too little CPU.
    Cpu,
    /// Too little memory.
    Memory,
    /// Too little disk.
    Disk,
}

/// Why the ports of an ask cannot be had. `network` is 0 for the group's network and counts the tasks
/// with a network from 1; `port` counts the network's static ports, then its dynamic ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum NetworkError {
    /// Every address that a static port could be on has it in use.
    ReservedPort { network: u16, port: u16 },
    /// The node has no address of the port's host network.
    NoAddresses { network: u16, port: u16 },
    /// No free port in the node's dynamic range.
    DynamicPorts,
    /// Too little bandwidth.
    Bandwidth,
    /// No network with a device and addresses.
    NoNetworks,
}

/// Why the devices of an ask cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum DeviceError {
    /// The node has none at all.
    NoneAvailable,
    /// No group of devices has enough free instances that match.
    NoMatch,
}

impl Exhausted {
    /// Whether its text names a port of the ask, so that it differs from ask to ask.
    pub(crate) fn names_a_port(self) -> bool {
        use NetworkError::{NoAddresses, ReservedPort};
        matches!(self, Exhausted::Network(ReservedPort { .. } | NoAddresses { .. }))
    }

    /// What ran out, with the names of the ask's ports.
    pub(crate) fn dimension(self, ask: &Ask) -> Dimension {
        match self {
            Exhausted::PortCollision => Dimension::PortCollision,
            Exhausted::Network(error) => error.dimension(ask),
            Exhausted::Devices(DeviceError::NoneAvailable) => Dimension::NoDevices,
            Exhausted::Devices(DeviceError::NoMatch) => Dimension::NoMatchingDevices,
            Exhausted::Cores => Dimension::Cores,
            Exhausted::MaxAllocations => Dimension::MaxAllocations,
            Exhausted::Cpu => Dimension::Cpu,
            Exhausted::Memory => Dimension::Memory,
            Exhausted::Disk => Dimension::Disk,
        }
    }

    /// The text that the metrics count it under (`DimensionExhausted`).
    pub(crate) fn text(self, ask: &Ask) -> Arc<str> {
        self.dimension(ask).to_string().into()
    }
}

impl NetworkError {
    fn dimension(self, ask: &Ask) -> Dimension {
        match self {
            NetworkError::ReservedPort { network, port } => {
                let asked = ask.port(network, port);
                let label = asked.map_or_else(String::new, |port| port.label.clone());
                Dimension::ReservedPort { label, port: asked.map_or(0, |port| port.value) }
            }
            NetworkError::NoAddresses { network, port } => {
                let host_network = ask.port(network, port).map_or("", |port| port.host_network());
                Dimension::NoAddresses { host_network: host_network.into() }
            }
            NetworkError::DynamicPorts => Dimension::DynamicPorts,
            NetworkError::Bandwidth => Dimension::Bandwidth,
            NetworkError::NoNetworks => Dimension::NoNetworks,
        }
    }
}

/// The resource that a node that may run a group has too little of. Its text is what the metrics count
/// the node under (`DimensionExhausted`; docs/placement.md, sections 3.3, 4 and 7).
///
/// ```
/// use stowplan::Dimension;
///
/// assert_eq!((Dimension::Memory.to_string().as_str(), Dimension::Memory.unit()), ("memory", "MB"));
/// let port = Dimension::ReservedPort { label: "http".into(), port: 8080 };
/// assert_eq!(port.to_string(), "network: reserved port collision http=8080");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dimension {
    /// CPU, in MHz.
    Cpu,
    /// Memory, in MB.
    Memory,
    /// Disk, in MB.
    Disk,
    /// Cores for tasks of their own.
    Cores,
    /// The node takes no more allocations.
    MaxAllocations,
    /// The node has no devices.
    NoDevices,
    /// No group of alike devices has enough free ones that match a request.
    NoMatchingDevices,
    /// A port that the job names is in use on every address that it could be on.
    ReservedPort {
        /// The port's label.
        label: String,
        /// Its number.
        port: i64,
    },
    /// No port of the node's dynamic range is free.
    DynamicPorts,
    /// The node has no address of the host network that a port is to be on.
    NoAddresses {
        /// The host network.
        host_network: String,
    },
    /// Bandwidth, in MBit/s.
    Bandwidth,
    /// The node has no network with a device and addresses.
    NoNetworks,
    /// Allocations that are on the node already hold one port twice.
    PortCollision,
}

impl Dimension {
    /// The unit of its amounts, `MB` for instance; empty for what is counted.
    pub fn unit(&self) -> &'static str {
        match self {
            Dimension::Cpu => "MHz",
            Dimension::Memory | Dimension::Disk => "MB",
            Dimension::Bandwidth => "MBit/s",
            _ => "",
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dimension::Cpu => "cpu",
            Dimension::Memory => "memory",
            Dimension::Disk => "disk",
            Dimension::Cores => "cores",
            Dimension::MaxAllocations => "max allocation exceeded",
            Dimension::NoDevices => "devices: no devices available",
            Dimension::NoMatchingDevices => "devices: no devices match request",
            Dimension::ReservedPort { label, port } => {
                return write!(f, "network: reserved port collision {label}={port}");
            }
            Dimension::DynamicPorts => "network: dynamic port selection failed",
            Dimension::NoAddresses { host_network } => {
                return write!(f, "network: no addresses available for {host_network} network");
            }
            Dimension::Bandwidth => "network: bandwidth exceeded",
            Dimension::NoNetworks => "network: no networks available",
            Dimension::PortCollision => "network: port collision",
        })
    }
}
