//! Networks and ports, asked for, offered and assigned (docs/placement.md, sections 1.2 and 4).

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::document::document;

/// The host network of ports that name none.
pub(super) const DEFAULT_HOST_NETWORK: &str = "default";

document! {
    /// A network asked for by a group or a task, offered by a node, or assigned to an allocation.
    ///
    /// ```
    /// use stowplan::model::NetworkResource;
    ///
    /// let network: NetworkResource = serde_json::from_str(
    ///     r#"{"ReservedPorts": [{"Label": "http", "Value": 80}], "DynamicPorts": [{"Label": "rpc"}]}"#,
    /// )?;
    /// assert_eq!((network.mode(), network.mbits()), ("host", 0));
    /// assert_eq!(network.dynamic_ports[0].label, "rpc");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct NetworkResource {
        /// `host` (also when empty), `bridge`, `none` or the name of a CNI network.
        "Mode" => pub mode: String,
        /// The device, `eth0` for instance. Of an ask it is not consulted.
        "Device" => pub device: String,
        /// The addresses of the device, `192.168.0.100/32` for instance.
        "CIDR" => pub cidr: String,
        /// The address; of an ask it is not consulted.
        "IP" => pub ip: String,
        /// Bandwidth in MBit/s, enforced for the networks of tasks only.
        "MBits" => pub mbits: Option<i64>,
        /// Ports whose numbers the document names.
        "ReservedPorts" => pub reserved_ports: Ports,
        /// Ports whose numbers the scheduler chooses.
        "DynamicPorts" => pub dynamic_ports: Ports,
    }
}

impl NetworkResource {
    /// The mode; where the document names none, `host`.
    pub fn mode(&self) -> &str {
        if self.mode.is_empty() { "host" } else { &self.mode }
    }

    /// MBit/s; where the document names none, 0.
    pub fn mbits(&self) -> i64 {
        self.mbits.unwrap_or(0)
    }
}

/// A list of ports, in either of the API's eras.
///
/// Today's documents list objects, the first ones listed numbers (`ReservedPorts`) or labels
/// (`DynamicPorts`); `null` and a bare number mean none.
///
/// ```
/// use stowplan::model::{Port, Ports};
///
/// let ports = Ports::from(vec![Port { label: "http".into(), value: 80, ..Port::default() }]);
/// assert_eq!((ports.len(), ports[0].value), (1, 80));
/// let first_api: Ports = serde_json::from_str("[8080, 8081]")?;
/// assert_eq!(first_api[1].value, 8081);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Ports(
    pub Vec<Port>,
    /// Whether it was read from a number, which says that the document is of the first API.
    bool,
);

impl Ports {
    /// Whether it was read from a number.
    pub(super) fn is_number(&self) -> bool {
        self.1
    }
}

/// Compares the ports, not the way in which they were written.
impl PartialEq for Ports {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Serialize for Ports {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl From<Vec<Port>> for Ports {
    fn from(ports: Vec<Port>) -> Self {
        Ports(ports, false)
    }
}

impl std::ops::Deref for Ports {
    type Target = Vec<Port>;

    fn deref(&self) -> &Vec<Port> {
        &self.0
    }
}

impl std::ops::DerefMut for Ports {
    fn deref_mut(&mut self) -> &mut Vec<Port> {
        &mut self.0
    }
}

document! {
    /// One port of a network.
    pub struct Port {
        /// The name tasks know it by.
        "Label" => pub label: String,
        /// The number on the host; 0 for a port that is yet to be chosen.
        "Value" => pub value: i64,
        /// The number inside the network namespace; -1 for the same as on the host.
        "To" => pub to: i64,
        /// The alias of the host's addresses to use; empty is `default`.
        "HostNetwork" => pub host_network: String,
        /// Whether the port may be used although it is taken.
        "IgnoreCollision" => pub ignore_collision: bool,
    }
}

impl Port {
    /// The alias of the host's addresses to use; where the document names none, `default`.
    pub fn host_network(&self) -> &str {
        if self.host_network.is_empty() { DEFAULT_HOST_NETWORK } else { &self.host_network }
    }
}

document! {
    /// A port as assigned to an allocation.
    pub struct AllocatedPort {
        /// The name tasks know it by.
        "Label" => pub label: String,
        /// The number on the host.
        "Value" => pub value: i64,
        /// The number inside the network namespace.
        "To" => pub to: i64,
        /// The host's address it is bound to.
        "HostIP" => pub host_ip: String,
        /// Whether the port may be used although it is taken.
        "IgnoreCollision" => pub ignore_collision: bool,
    }
}

document! {
    /// A network of a node with its addresses.
    pub struct NodeNetwork {
        /// `host`, `bridge` or the name of a CNI network.
        "Mode" => pub mode: String,
        /// The device.
        "Device" => pub device: String,
        /// MBit/s.
        "Speed" => pub speed: i64,
        /// The addresses on it.
        "Addresses" => pub addresses: Vec<NodeNetworkAddress>,
    }
}

document! {
    /// One address of a node.
    pub struct NodeNetworkAddress {
        /// `ipv4` or `ipv6`.
        "Family" => pub family: String,
        /// The host network it belongs to.
        "Alias" => pub alias: String,
        /// The address.
        "Address" => pub address: String,
        /// Ports on it that are not to be used, such as `22,80,1000-2000`.
        "ReservedPorts" => pub reserved_ports: String,
    }
}

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PortsVisitor)
    }
}

/// Reads a list of ports. Visitors rather than an untagged enum, which would forget where in a port
/// object an error is.
struct PortsVisitor;

impl<'de> Visitor<'de> for PortsVisitor {
    type Value = Ports;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of ports")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Ports, E> {
        Ok(Ports::default())
    }

    // An old document prints an empty list of dynamic ports as the number 0.
    fn visit_i64<E: de::Error>(self, count: i64) -> Result<Ports, E> {
        match count {
            0 => Ok(Ports(Vec::new(), true)),
            _ => Err(E::invalid_type(Unexpected::Signed(count), &self)),
        }
    }

    fn visit_u64<E: de::Error>(self, count: u64) -> Result<Ports, E> {
        match count {
            0 => Ok(Ports(Vec::new(), true)),
            _ => Err(E::invalid_type(Unexpected::Unsigned(count), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Ports, A::Error> {
        let mut ports = Vec::new();
        while let Some(AnyPort(port)) = list.next_element()? {
            ports.push(port);
        }
        Ok(Ports::from(ports))
    }
}

/// A port as an object, a number or a label.
struct AnyPort(Port);

impl<'de> Deserialize<'de> for AnyPort {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PortVisitor).map(AnyPort)
    }
}

struct PortVisitor;

impl<'de> Visitor<'de> for PortVisitor {
    type Value = Port;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a port object, a port number or a port label")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Port, E> {
        Ok(Port { value, ..Port::default() })
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Port, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(value), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, label: &str) -> Result<Port, E> {
        Ok(Port { label: label.to_owned(), ..Port::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Port, A::Error> {
        Port::deserialize(MapAccessDeserializer::new(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(json: &str) -> NetworkResource {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn ports_of_both_eras_are_read() {
        let today = network(
            r#"{"ReservedPorts": [{"Label": "http", "Value": 80, "To": 8080, "HostNetwork": "public"}],
                "DynamicPorts": [{"Label": "admin"}]}"#,
        );
        let port = &today.reserved_ports[0];
        assert_eq!((port.label.as_str(), port.value, port.to), ("http", 80, 8080));
        assert_eq!(port.host_network(), "public");
        assert_eq!(today.dynamic_ports[0].host_network(), "default");
        assert_eq!(today.dynamic_ports[0].host_network, "");

        let first = network(r#"{"ReservedPorts": [80, 443], "DynamicPorts": ["http"]}"#);
        assert_eq!((first.reserved_ports[1].value, first.dynamic_ports[0].value), (443, 0));
        assert_eq!(first.dynamic_ports[0].label, "http");

        for none in
            [r#"{"DynamicPorts": 0, "ReservedPorts": null}"#, r#"{"DynamicPorts": []}"#, "{}"]
        {
            assert_eq!(network(none), NetworkResource::default(), "{none}");
        }
    }

    #[test]
    fn what_is_left_out_has_defaults() {
        assert_eq!((network("{}").mode(), network("{}").mbits()), ("host", 0));
        assert_eq!(network(r#"{"Mode": "bridge", "MBits": 5}"#).mode(), "bridge");
    }
}
