//! Nodes as the engine takes them: validated, complete, cheap to clone.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::{Deref, RangeInclusive};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::device::NodeDevice;
use super::errors::NodeErrors;
use super::network::NetworkResource;
use super::node_spec::{DYNAMIC_PORT_MAX, DYNAMIC_PORT_MIN, NodeSpec};
use super::node_status::NodeStatus;
use super::resources::NodeResources;
use super::{canonical, reading, validate};
use crate::syntax::ports::PortList;

/// A valid node.
///
/// Made from a document ([`NodeSpec`]) by [`Node::new`], from JSON by [`Node::from_json`] or `parse`,
/// or by a [builder](Node::builder). It dereferences to its canonical document: what the document left
/// out is filled in, and `NodeResources` and `ReservedResources` are there also where it was written in
/// the words of the first API. Cloning costs a pointer.
///
/// ```
/// use stowplan::model::Node;
///
/// let node = Node::from_json(r#"{
///     "ID": "n1", "Datacenter": "dc1",
///     "NodeResources": {
///         "Cpu": {"CpuShares": 4000, "TotalCpuCores": 4},
///         "Memory": {"MemoryMB": 8192}
///     },
///     "ReservedResources": {"Cpu": {"ReservedCpuCores": [0]}}
/// }"#)?;
/// assert!(node.is_ready());
/// assert_eq!(node.node_pool, "default");
/// let cores: Vec<_> = node.cores().iter().map(|core| (core.id, core.speed_mhz)).collect();
/// assert_eq!(cores, [(1, 1000), (2, 1000), (3, 1000)]);
/// # Ok::<(), stowplan::model::NodeErrors>(())
/// ```
#[derive(Clone)]
pub struct Node {
    inner: Arc<Inner>,
}

struct Inner {
    spec: NodeSpec,
    status: NodeStatus,
    cpu_mhz: i64,
    cores: Vec<Core>,
    addresses: Vec<NodeAddress>,
    reserved_ports: Vec<RangeInclusive<u16>>,
    dynamic_ports: (u16, u16),
}

/// A core of a node that tasks may have for themselves.
///
/// ```
/// use stowplan::model::{Core, Node};
///
/// let node = Node::builder("n1").cpu_shares(4_000).cores(2).reserved_cores([0]).build()?;
/// assert_eq!(node.cores(), [Core { id: 1, speed_mhz: 2_000 }]);
/// # Ok::<(), stowplan::model::NodeErrors>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Core {
    /// Its number on the node.
    pub id: u16,
    /// MHz.
    pub speed_mhz: i64,
}

/// An address of a node, on which ports can be had.
///
/// ```
/// use stowplan::model::Node;
///
/// let node = Node::builder("n1").address("public", "203.0.113.7").build()?;
/// let public = node.addresses().iter().find(|address| address.alias == "public");
/// assert_eq!(public.map(|address| address.ip.as_str()), Some("203.0.113.7"));
/// # Ok::<(), stowplan::model::NodeErrors>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeAddress {
    /// The host network it belongs to.
    pub alias: String,
    /// The address.
    pub ip: String,
    /// The mode of the network that it is on: `host` for instance.
    pub mode: String,
    /// The ports on it that are not to be used, beside [`Node::reserved_ports`]; ascending, without
    /// overlaps.
    pub reserved_ports: Vec<RangeInclusive<u16>>,
}

impl Node {
    /// Checks a document and completes it.
    ///
    /// Filled in are the node pool (`default`), the status (`ready`), the eligibility (`ineligible` for
    /// a draining node, else `eligible`), today's resources from the first API's, and addresses from
    /// networks (docs/placement.md, section 1.1).
    ///
    /// # Errors
    ///
    /// All that is wrong with the document, each with its path.
    ///
    /// ```
    /// use stowplan::model::{Node, NodeSpec};
    ///
    /// let errors = Node::new(NodeSpec { id: "n1".into(), ..NodeSpec::default() }).unwrap_err();
    /// assert_eq!(errors.problems()[0].to_string(), "Datacenter: a node needs a datacenter");
    /// ```
    pub fn new(mut spec: NodeSpec) -> Result<Self, NodeErrors> {
        NodeErrors::check(validate::node(&spec))?;
        canonical::node(&mut spec);
        let resources = spec.node_resources.as_ref();
        let reserved = spec.reserved_resources.as_ref();
        let reserved_cores = reserved.map_or(&[][..], |r| &r.cpu.reserved_cpu_cores);
        let reserved_ports = reserved.map_or("", |r| &r.networks.reserved_host_ports);
        let reserved_cores: BTreeSet<i64> = reserved_cores.iter().copied().collect();
        let mut cores = resources.map(NodeResources::usable_cores).unwrap_or_default();
        cores.retain(|core| !reserved_cores.contains(&i64::from(core.id)));
        let inner = Inner {
            status: NodeStatus::of(&spec.status),
            cpu_mhz: resources.map_or(0, NodeResources::cpu_mhz),
            cores,
            addresses: resources.map(addresses).unwrap_or_default(),
            reserved_ports: merged(reserved_ports),
            dynamic_ports: resources
                .map_or((DYNAMIC_PORT_MIN, DYNAMIC_PORT_MAX), NodeResources::dynamic_ports),
            spec,
        };
        Ok(Node { inner: Arc::new(inner) })
    }

    /// Reads one node from JSON, and checks and completes it.
    ///
    /// # Errors
    ///
    /// The text is not a node (see [`read::node`](super::read::node)), or the node is not valid.
    pub fn from_json(text: impl AsRef<[u8]>) -> Result<Self, NodeErrors> {
        Node::new(reading::node(text)?)
    }

    /// The same node with some of its document changed, which is checked again.
    ///
    /// # Errors
    ///
    /// As for [`Node::new`].
    ///
    /// ```
    /// # use stowplan::model::{Node, NodeStatus};
    /// let node = Node::builder("n1").build()?;
    /// let down = node.changed(|spec| spec.status = "down".into())?;
    /// assert_eq!((node.status(), down.status()), (NodeStatus::Ready, NodeStatus::Down));
    /// # Ok::<(), stowplan::model::NodeErrors>(())
    /// ```
    pub fn changed(&self, change: impl FnOnce(&mut NodeSpec)) -> Result<Self, NodeErrors> {
        let mut spec = self.inner.spec.clone();
        change(&mut spec);
        Node::new(spec)
    }

    /// The canonical document.
    pub fn spec(&self) -> &NodeSpec {
        &self.inner.spec
    }

    /// What the node is doing.
    pub fn status(&self) -> NodeStatus {
        self.inner.status
    }

    /// Whether it may be given new allocations: ready, not draining and eligible
    /// (docs/placement.md, section 2.1).
    pub fn is_ready(&self) -> bool {
        self.inner.status == NodeStatus::Ready
            && !self.inner.spec.is_draining()
            && self.inner.spec.scheduling_eligibility == "eligible"
    }

    /// MHz of all cores, those that tasks may not have included.
    pub fn cpu_mhz(&self) -> i64 {
        self.inner.cpu_mhz
    }

    /// MB of memory.
    pub fn memory_mb(&self) -> i64 {
        self.inner.spec.node_resources.as_ref().map_or(0, |has| has.memory.memory_mb)
    }

    /// MB of disk.
    pub fn disk_mb(&self) -> i64 {
        self.inner.spec.node_resources.as_ref().map_or(0, |has| has.disk.disk_mb)
    }

    /// MHz that tasks may not have.
    pub fn reserved_cpu_mhz(&self) -> i64 {
        self.inner.spec.reserved_resources.as_ref().map_or(0, |not| not.cpu.cpu_shares)
    }

    /// MB of memory that tasks may not have.
    pub fn reserved_memory_mb(&self) -> i64 {
        self.inner.spec.reserved_resources.as_ref().map_or(0, |not| not.memory.memory_mb)
    }

    /// MB of disk that tasks may not have.
    pub fn reserved_disk_mb(&self) -> i64 {
        self.inner.spec.reserved_resources.as_ref().map_or(0, |not| not.disk.disk_mb)
    }

    /// The cores that tasks may have for themselves, neither disabled nor reserved, in ascending
    /// order of their numbers.
    pub fn cores(&self) -> &[Core] {
        &self.inner.cores
    }

    /// The addresses, in the order of the document (docs/placement.md, section 4.3).
    pub fn addresses(&self) -> &[NodeAddress] {
        &self.inner.addresses
    }

    /// The ports that are not to be used on any address; ascending, without overlaps.
    pub fn reserved_ports(&self) -> &[RangeInclusive<u16>] {
        &self.inner.reserved_ports
    }

    /// The first and the last dynamic port.
    pub fn dynamic_ports(&self) -> (u16, u16) {
        self.inner.dynamic_ports
    }

    /// The networks with their bandwidth, in the order of the document (docs/placement.md, section
    /// 4.4).
    pub fn networks(&self) -> &[NetworkResource] {
        self.inner.spec.node_resources.as_ref().map_or(&[], |has| &has.networks)
    }

    /// The devices, in the order of the document.
    pub fn devices(&self) -> &[NodeDevice] {
        self.inner.spec.node_resources.as_ref().map_or(&[], |has| &has.devices)
    }
}

impl NodeResources {
    /// MHz of all cores: what the topology says or its cores sum to, or the shares where there is no
    /// topology (docs/placement.md, section 1.1).
    pub fn cpu_mhz(&self) -> i64 {
        match self.topology() {
            Some(topology) if topology.override_total_compute > 0 => {
                topology.override_total_compute
            }
            Some(topology) if !topology.cores.is_empty() => {
                let speeds = topology.cores.iter().map(|core| core.speed_mhz());
                speeds.fold(0, i64::saturating_add)
            }
            _ => self.cpu.cpu_shares,
        }
    }

    /// The first and the last dynamic port.
    pub(crate) fn dynamic_ports(&self) -> (u16, u16) {
        let port = |value: i64, default| match u16::try_from(value) {
            Ok(0) | Err(_) => default,
            Ok(port) => port,
        };
        (
            port(self.min_dynamic_port, DYNAMIC_PORT_MIN),
            port(self.max_dynamic_port, DYNAMIC_PORT_MAX),
        )
    }

    fn topology(&self) -> Option<&super::resources::CpuTopology> {
        self.processors.as_ref().and_then(|processors| processors.topology.as_ref())
    }

    /// The cores that are not disabled, ascending. Without a topology the shares are divided equally
    /// among the reservable cores, or among all if none are listed.
    fn usable_cores(&self) -> Vec<Core> {
        let mut cores: Vec<Core> = match self.topology().map(|topology| &topology.cores) {
            Some(cores) if !cores.is_empty() => cores
                .iter()
                .filter(|core| !core.disable)
                .filter_map(|core| Some((u16::try_from(core.id).ok()?, core.speed_mhz())))
                .map(|(id, speed_mhz)| Core { id, speed_mhz })
                .collect(),
            _ => {
                let listed = self.cpu.reservable_cpu_cores.iter();
                let mut ids: Vec<u16> = listed.filter_map(|id| u16::try_from(*id).ok()).collect();
                if ids.is_empty() {
                    let all = 0..self.cpu.total_cpu_cores;
                    ids = all.map_while(|id| u16::try_from(id).ok()).collect();
                }
                let count = i64::try_from(ids.len()).unwrap_or(i64::MAX);
                let speed_mhz = self.cpu.cpu_shares.checked_div(count).unwrap_or(0);
                ids.into_iter().map(|id| Core { id, speed_mhz }).collect()
            }
        };
        cores.sort_unstable_by_key(|core| core.id);
        cores
    }
}

/// The addresses on a node's networks.
fn addresses(resources: &NodeResources) -> Vec<NodeAddress> {
    let mut addresses = Vec::new();
    for network in &resources.node_networks {
        addresses.extend(network.addresses.iter().map(|address| NodeAddress {
            alias: address.alias.clone(),
            ip: address.address.clone(),
            mode: network.mode.clone(),
            reserved_ports: merged(&address.reserved_ports),
        }));
    }
    addresses
}

/// The ports of a list. Validation has read it before.
fn merged(ports: &str) -> Vec<RangeInclusive<u16>> {
    PortList::parse(ports).map(|list| list.merged()).unwrap_or_default()
}

impl Deref for Node {
    type Target = NodeSpec;

    fn deref(&self) -> &NodeSpec {
        &self.inner.spec
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner) || self.inner.spec == other.inner.spec
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.spec.fmt(f)
    }
}

impl TryFrom<NodeSpec> for Node {
    type Error = NodeErrors;

    fn try_from(spec: NodeSpec) -> Result<Self, NodeErrors> {
        Node::new(spec)
    }
}

impl FromStr for Node {
    type Err = NodeErrors;

    fn from_str(text: &str) -> Result<Self, NodeErrors> {
        Node::from_json(text)
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.inner.spec.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Node::new(NodeSpec::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A node with the given resources.
    fn node(resources: &str) -> Node {
        Node::from_json(format!(
            r#"{{"ID": "n", "Datacenter": "dc1", "NodeResources": {resources}}}"#
        ))
        .unwrap()
    }

    fn cores(node: &Node) -> Vec<(u16, i64)> {
        node.cores().iter().map(|core| (core.id, core.speed_mhz)).collect()
    }

    #[test]
    fn a_topology_says_how_fast_each_core_is() {
        let topology = r#"{"Cores": [
            {"ID": 3, "BaseSpeed": 3500},
            {"ID": 1, "BaseSpeed": 0, "MaxSpeed": 2000, "GuessSpeed": 1},
            {"ID": 2, "GuessSpeed": 1000, "Disable": true}
        ]}"#;
        let one = node(&format!(
            r#"{{"Cpu": {{"CpuShares": 5}}, "Processors": {{"Topology": {topology}}}}}"#
        ));
        // A disabled core counts for the sum, but cannot be had.
        assert_eq!((one.cpu_mhz(), cores(&one)), (6500, vec![(1, 2000), (3, 3500)]));
        let topology = topology.replacen('{', r#"{"OverrideTotalCompute": 9000, "#, 1);
        let one = node(&format!(r#"{{"Processors": {{"Topology": {topology}}}}}"#));
        assert_eq!((one.cpu_mhz(), cores(&one).len()), (9000, 2));
    }

    #[test]
    fn shares_are_divided_among_the_cores_where_there_is_no_topology() {
        let listed = node(
            r#"{"Cpu": {"CpuShares": 1000, "TotalCpuCores": 8,
            "ReservableCpuCores": [4, 2, 0]}, "Processors": {"Topology": {"Cores": null}}}"#,
        );
        assert_eq!((listed.cpu_mhz(), cores(&listed)), (1000, vec![(0, 333), (2, 333), (4, 333)]));
        let counted = node(r#"{"Cpu": {"CpuShares": 1000, "TotalCpuCores": 2}}"#);
        assert_eq!((counted.cpu_mhz(), cores(&counted)), (1000, vec![(0, 500), (1, 500)]));
        let neither = node(r#"{"Cpu": {"CpuShares": 1000}}"#);
        assert_eq!((neither.cpu_mhz(), cores(&neither)), (1000, vec![]));
        assert_eq!((node("{}").cpu_mhz(), node("{}").memory_mb()), (0, 0));
    }

    #[test]
    fn a_node_is_ready_when_nothing_speaks_against_it() {
        let ready = Node::builder("n").build().unwrap();
        assert!(ready.is_ready());
        for change in [
            (|spec| spec.status = "initializing".into()) as fn(&mut NodeSpec),
            |spec| spec.status = "disconnected".into(),
            |spec| spec.scheduling_eligibility = "ineligible".into(),
            |spec| spec.drain = true,
            |spec| spec.drain_strategy = Some(serde_json::json!({})),
        ] {
            let node = ready.changed(change).unwrap();
            assert!(!node.is_ready(), "{node:?}");
        }
        assert!(ready.changed(|spec| spec.id.clear()).is_err());
    }

    #[test]
    fn dynamic_ports_have_defaults_of_their_own() {
        assert_eq!(node("{}").dynamic_ports(), (20_000, 32_000));
        assert_eq!(node(r#"{"MinDynamicPort": 25000}"#).dynamic_ports(), (25_000, 32_000));
        assert_eq!(node(r#"{"MaxDynamicPort": 20000}"#).dynamic_ports(), (20_000, 20_000));
    }

    #[test]
    fn addresses_keep_their_order_and_their_reserved_ports() {
        let node = node(
            r#"{"NodeNetworks": [
                {"Mode": "bridge", "Device": "nomad"},
                {"Mode": "host", "Addresses": [
                    {"Alias": "public", "Address": "10.0.0.2", "ReservedPorts": "80,22,80-81"},
                    {"Alias": "default", "Address": "fe80::1%eth0"}]}]}"#,
        );
        let [public, default] = node.addresses() else { panic!("two addresses") };
        assert_eq!((public.alias.as_str(), public.mode.as_str()), ("public", "host"));
        assert_eq!(public.reserved_ports, [22..=22, 80..=81]);
        assert_eq!((default.ip.as_str(), default.reserved_ports.len()), ("fe80::1%eth0", 0));
    }

    #[test]
    fn handles_are_cheap_and_travel_between_threads() {
        fn travels<T: Send + Sync + Clone>(_: &T) {}
        let node = Node::builder("n").build().unwrap();
        travels(&node);
        assert_eq!(size_of::<Node>(), size_of::<usize>());
        assert_eq!(node, node.clone());
        assert_ne!(node, Node::builder("m").build().unwrap());
    }
}
