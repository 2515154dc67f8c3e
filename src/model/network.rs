//! Networks and ports, asked for, offered and assigned (specification, sections 1.2 and 4).

use serde::{Deserialize, Serialize};

use super::document::document;

document! {
    /// A network asked for by a group or a task, offered by a node, or assigned to an allocation.
    pub struct NetworkResource {
        /// `host` (also when empty), `bridge`, `none` or the name of a CNI network.
        pub mode: String,
        /// The device, `eth0` for instance. Of an ask it is not consulted.
        pub device: String,
        /// The addresses of the device, `192.168.0.100/32` for instance.
        #[serde(rename = "CIDR")]
        pub cidr: String,
        /// The address; of an ask it is not consulted.
        #[serde(rename = "IP")]
        pub ip: String,
        /// Bandwidth in MBit/s, enforced for the networks of tasks only.
        #[serde(rename = "MBits")]
        pub mbits: Option<i64>,
        /// Ports whose numbers the document names.
        pub reserved_ports: Ports,
        /// Ports whose numbers the scheduler chooses.
        pub dynamic_ports: Ports,
    }
}

/// A list of ports, in either of the API's eras.
///
/// Today's documents list objects, the first ones listed numbers (`ReservedPorts`) or labels
/// (`DynamicPorts`); `null` and a bare number mean none.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Ports(pub Vec<Port>);

impl std::ops::Deref for Ports {
    type Target = Vec<Port>;

    fn deref(&self) -> &Vec<Port> {
        &self.0
    }
}

document! {
    /// One port of a network.
    pub struct Port {
        /// The name tasks know it by.
        pub label: String,
        /// The number on the host; 0 for a port that is yet to be chosen.
        pub value: i64,
        /// The number inside the network namespace; -1 for the same as on the host.
        pub to: i64,
        /// The alias of the host's addresses to use; empty is `default`.
        pub host_network: String,
        /// Whether the port may be used although it is taken.
        pub ignore_collision: bool,
    }
}

document! {
    /// A port as assigned to an allocation.
    pub struct AllocatedPort {
        /// The name tasks know it by.
        pub label: String,
        /// The number on the host.
        pub value: i64,
        /// The number inside the network namespace.
        pub to: i64,
        /// The host's address it is bound to.
        #[serde(rename = "HostIP")]
        pub host_ip: String,
        /// Whether the port may be used although it is taken.
        pub ignore_collision: bool,
    }
}

document! {
    /// A network of a node with its addresses.
    pub struct NodeNetwork {
        /// `host`, `bridge` or the name of a CNI network.
        pub mode: String,
        /// The device.
        pub device: String,
        /// MBit/s.
        pub speed: i64,
        /// The addresses on it.
        pub addresses: Vec<NodeNetworkAddress>,
    }
}

document! {
    /// One address of a node.
    pub struct NodeNetworkAddress {
        /// `ipv4` or `ipv6`.
        pub family: String,
        /// The host network it belongs to.
        pub alias: String,
        /// The address.
        pub address: String,
        /// Ports on it that are not to be used, such as `22,80,1000-2000`.
        pub reserved_ports: String,
    }
}

/// What a list of ports may look like in a document.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a list of ports")]
enum PortsForm {
    List(Vec<PortForm>),
    // An old document prints an empty list of dynamic ports as the number 0.
    Count(i64),
}

/// What one port may look like in a document.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a port object, a port number or a port label")]
enum PortForm {
    Number(i64),
    Label(String),
    Object(Port),
}

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let forms = match PortsForm::deserialize(deserializer)? {
            PortsForm::List(forms) => forms,
            PortsForm::Count(0) => Vec::new(),
            PortsForm::Count(count) => {
                let message = format!("expected a list of ports, found the number {count}");
                return Err(serde::de::Error::custom(message));
            }
        };
        let port = |form| match form {
            PortForm::Number(value) => Port { value, ..Port::default() },
            PortForm::Label(label) => Port { label, ..Port::default() },
            PortForm::Object(port) => port,
        };
        Ok(Ports(forms.into_iter().map(port).collect()))
    }
}
