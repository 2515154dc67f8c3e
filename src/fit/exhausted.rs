//! What ran out on a node, and the texts the metrics count it under (docs/placement.md, sections
//! 3.3, 4 and 7).

use super::ask::Ask;

/// Why a node that may run a group has no room for one more allocation of it.
///
/// Small and without texts, since a cluster's nodes are counted by it; the texts that name a port come
/// from the ask.
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
    /// Whether its key names a port of the ask, so that it differs from ask to ask.
    pub(crate) fn names_a_port(self) -> bool {
        use NetworkError::{NoAddresses, ReservedPort};
        matches!(self, Exhausted::Network(ReservedPort { .. } | NoAddresses { .. }))
    }

    /// The key under which the metrics count it (`DimensionExhausted`).
    pub(crate) fn key(self, ask: &Ask) -> String {
        match self {
            Exhausted::PortCollision => "network: port collision".into(),
            Exhausted::Network(error) => format!("network: {}", error.text(ask)),
            Exhausted::Devices(DeviceError::NoneAvailable) => {
                "devices: no devices available".into()
            }
            Exhausted::Devices(DeviceError::NoMatch) => "devices: no devices match request".into(),
            Exhausted::Cores => "cores".into(),
            Exhausted::MaxAllocations => "max allocation exceeded".into(),
            Exhausted::Cpu => "cpu".into(),
            Exhausted::Memory => "memory".into(),
            Exhausted::Disk => "disk".into(),
        }
    }
}

impl NetworkError {
    fn text(self, ask: &Ask) -> String {
        match self {
            NetworkError::ReservedPort { network, port } => {
                let (label, value) = match ask.port(network, port) {
                    Some(port) => (port.label.as_str(), port.value),
                    None => ("", 0),
                };
                format!("reserved port collision {label}={value}")
            }
            NetworkError::NoAddresses { network, port } => {
                let host_network = ask.port(network, port).map_or("", |port| port.host_network());
                format!("no addresses available for {host_network} network")
            }
            NetworkError::DynamicPorts => "dynamic port selection failed".into(),
            NetworkError::Bandwidth => "bandwidth exceeded".into(),
            NetworkError::NoNetworks => "no networks available".into(),
        }
    }
}
