//! The builder of nodes.

use super::everything;
use crate::model::device::{DeviceAttribute, DeviceInstance, NodeDevice};
use crate::model::errors::NodeErrors;
use crate::model::network::{NetworkResource, NodeNetwork, NodeNetworkAddress};
use crate::model::node::Node;
use crate::model::node_spec::{DriverInfo, NodeSpec};
use crate::model::node_status::NodeStatus;
use crate::model::resources::{NodeReservedResources, NodeResources};
use crate::model::volume::HostVolume;

/// MB of disk of a node whose builder was not told: 100 GiB.
const DISK_MB_DEFAULT: i64 = 102_400;

/// Builds a [`Node`]; made by [`Node::builder`].
///
/// ```
/// use stowplan::model::Node;
///
/// let node = Node::builder("n1")
///     .datacenter("eu1")
///     .cpu_shares(4_000)
///     .reserved_cpu_shares(500)
///     .memory_mb(8_192)
///     .build()?;
/// assert_eq!((node.datacenter.as_str(), node.reserved_cpu_mhz()), ("eu1", 500));
/// # Ok::<(), stowplan::model::NodeErrors>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct NodeBuilder {
    spec: NodeSpec,
    /// Whether it stays without a network if none is added.
    has_no_network: bool,
}

/// Builds a group of devices of a node, in the closure of [`NodeBuilder::device`].
///
/// ```
/// use stowplan::model::{Node, NodeDeviceBuilder};
///
/// let two = |d: NodeDeviceBuilder| d.instance("gpu-0").instance("gpu-1");
/// let node = Node::builder("n1").device("nvidia/gpu/t4", two).build()?;
/// assert_eq!(node.devices()[0].instances.len(), 2);
/// # Ok::<(), stowplan::model::NodeErrors>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct NodeDeviceBuilder {
    spec: NodeDevice,
}

impl Node {
    /// Begins a node of an ID, which is also its name at first. What is not said: the node is ready, in
    /// datacenter `dc1` and pool `default`, has 102,400 MB of disk, a network of mode `host` (device `eth0`,
    /// address 10.0.0.1, 1,000 MBit/s) whose ports 20000 to 32000 are given out, and nothing else.
    ///
    /// ```
    /// use stowplan::model::Node;
    ///
    /// let node = Node::builder("n1")
    ///     .cpu_shares(4_000)
    ///     .memory_mb(8_192)
    ///     .driver("docker")
    ///     .attribute("kernel.name", "linux")
    ///     .network("eth0", "192.168.0.100/32", 1_000)
    ///     .build()?;
    /// assert!(node.is_ready());
    /// assert_eq!(node.addresses()[0].ip, "192.168.0.100");
    /// # Ok::<(), stowplan::model::NodeErrors>(())
    /// ```
    pub fn builder(id: impl Into<String>) -> NodeBuilder {
        let id = id.into();
        let mut resources = NodeResources::default();
        resources.disk.disk_mb = DISK_MB_DEFAULT;
        NodeBuilder {
            spec: NodeSpec {
                name: id.clone(),
                id,
                datacenter: "dc1".to_owned(),
                node_resources: Some(resources),
                ..NodeSpec::default()
            },
            has_no_network: false,
        }
    }
}

impl NodeBuilder {
    /// The node, valid and complete.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, each with its path in the document.
    pub fn build(mut self) -> Result<Node, NodeErrors> {
        let resources = self.resources();
        if resources.networks.is_empty() && resources.node_networks.is_empty() {
            self =
                if self.has_no_network { self } else { self.network("eth0", "10.0.0.1/32", 1_000) };
        }
        Node::new(self.spec)
    }

    /// No network, if none is added: a node without one runs what asks for no port.
    pub fn no_network(mut self) -> Self {
        self.has_no_network = true;
        self
    }

    /// Its name, for people.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.spec.name = name.into();
        self
    }

    /// Where it stands.
    pub fn datacenter(mut self, datacenter: impl Into<String>) -> Self {
        self.spec.datacenter = datacenter.into();
        self
    }

    /// The name of nodes alike.
    pub fn class(mut self, class: impl Into<String>) -> Self {
        self.spec.node_class = class.into();
        self
    }

    /// Its pool.
    pub fn pool(mut self, pool: impl Into<String>) -> Self {
        self.spec.node_pool = pool.into();
        self
    }

    /// What it is doing.
    pub fn status(mut self, status: NodeStatus) -> Self {
        status.as_str().clone_into(&mut self.spec.status);
        self
    }

    /// Whether it takes new allocations.
    pub fn eligible(mut self, eligible: bool) -> Self {
        let eligibility = if eligible { "eligible" } else { "ineligible" };
        eligibility.clone_into(&mut self.spec.scheduling_eligibility);
        self
    }

    /// MHz of all cores.
    pub fn cpu_shares(mut self, mhz: i64) -> Self {
        self.resources().cpu.cpu_shares = mhz;
        self
    }

    /// How many cores share the MHz equally, for tasks that ask for whole cores.
    pub fn cores(mut self, count: u16) -> Self {
        self.resources().cpu.total_cpu_cores = i64::from(count);
        self
    }

    /// MB of memory.
    pub fn memory_mb(mut self, memory_mb: i64) -> Self {
        self.resources().memory.memory_mb = memory_mb;
        self
    }

    /// MB of disk.
    pub fn disk_mb(mut self, disk_mb: i64) -> Self {
        self.resources().disk.disk_mb = disk_mb;
        self
    }

    /// MHz that tasks may not have.
    pub fn reserved_cpu_shares(mut self, mhz: i64) -> Self {
        self.reserved().cpu.cpu_shares = mhz;
        self
    }

    /// MB of memory that tasks may not have.
    pub fn reserved_memory_mb(mut self, memory_mb: i64) -> Self {
        self.reserved().memory.memory_mb = memory_mb;
        self
    }

    /// MB of disk that tasks may not have.
    pub fn reserved_disk_mb(mut self, disk_mb: i64) -> Self {
        self.reserved().disk.disk_mb = disk_mb;
        self
    }

    /// The cores that tasks may not have for themselves.
    pub fn reserved_cores(mut self, ids: impl IntoIterator<Item = u16>) -> Self {
        self.reserved().cpu.reserved_cpu_cores = ids.into_iter().map(i64::from).collect();
        self
    }

    /// The ports that tasks may not have on any address: `22,80,1000-2000` for instance.
    pub fn reserved_ports(mut self, ports: impl Into<String>) -> Self {
        self.reserved().networks.reserved_host_ports = ports.into();
        self
    }

    /// The first and the last port that dynamic ports are chosen from.
    pub fn dynamic_ports(mut self, first: u16, last: u16) -> Self {
        let resources = self.resources();
        resources.min_dynamic_port = i64::from(first);
        resources.max_dynamic_port = i64::from(last);
        self
    }

    /// The most allocations that it takes; 0 is no limit.
    pub fn max_allocations(mut self, count: i64) -> Self {
        self.spec.node_max_allocs = count;
        self
    }

    /// Adds a driver that works.
    pub fn driver(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.spec.attributes.insert(format!("driver.{name}"), "1".to_owned());
        let info = DriverInfo { detected: true, healthy: true, ..DriverInfo::default() };
        self.spec.drivers.insert(name, info);
        self
    }

    /// Adds a fact that the node found out about itself.
    pub fn attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.spec.attributes.insert(key.into(), value.into());
        self
    }

    /// Adds a fact that its operator wrote down.
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.spec.meta.insert(key.into(), value.into());
        self
    }

    /// Adds a network of mode `host` by its device, its addresses as a CIDR and its bandwidth in
    /// MBit/s. The address before the slash is the node's on the host network `default`.
    pub fn network(
        mut self,
        device: impl Into<String>,
        cidr: impl Into<String>,
        mbits: i64,
    ) -> Self {
        let (device, cidr) = (device.into(), cidr.into());
        let ip = cidr.split_once('/').map_or(cidr.as_str(), |(ip, _)| ip).to_owned();
        let resources = self.resources();
        resources.node_networks.push(NodeNetwork {
            mode: "host".to_owned(),
            device: device.clone(),
            speed: mbits,
            addresses: vec![address("default", &ip)],
            ..NodeNetwork::default()
        });
        resources.networks.push(NetworkResource {
            mode: "host".to_owned(),
            device,
            cidr,
            ip,
            mbits: Some(mbits),
            ..NetworkResource::default()
        });
        self
    }

    /// Adds an address by the alias of its host network, for the ports of groups.
    pub fn address(mut self, alias: impl Into<String>, ip: impl Into<String>) -> Self {
        let address = address(&alias.into(), &ip.into());
        let resources = self.resources();
        if !resources.networks.iter().any(|network| network.mode() == "host") {
            // A group's network is looked for among those with bandwidth, so there must be one.
            let mode = "host".to_owned();
            resources.networks.push(NetworkResource { mode, ..NetworkResource::default() });
        }
        match resources.node_networks.iter_mut().rfind(|network| network.mode == "host") {
            Some(network) => network.addresses.push(address),
            None => resources.node_networks.push(NodeNetwork {
                mode: "host".to_owned(),
                addresses: vec![address],
                ..NodeNetwork::default()
            }),
        }
        self
    }

    /// Adds a network of a mode other than `host`: `bridge` or `cni/<name>`.
    pub fn network_mode(mut self, mode: impl Into<String>) -> Self {
        let network = NetworkResource { mode: mode.into(), ..NetworkResource::default() };
        self.resources().networks.push(network);
        self
    }

    /// Adds a volume by its name.
    pub fn host_volume(mut self, name: impl Into<String>, read_only: bool) -> Self {
        let volume = HostVolume { read_only, ..HostVolume::default() };
        self.spec.host_volumes.insert(name.into(), volume);
        self
    }

    /// Adds a group of alike devices, named `type`, `vendor/type` or `vendor/type/name`, with what the
    /// closure gives it.
    ///
    /// ```
    /// use stowplan::model::{DeviceAttribute, Node};
    ///
    /// let node = Node::builder("n1")
    ///     .device("nvidia/gpu/1080ti", |d| {
    ///         d.instance("u1").instance("u2").attribute("memory", DeviceAttribute::int(11, "GiB"))
    ///     })
    ///     .build()?;
    /// assert_eq!(node.devices()[0].instances.len(), 2);
    /// # Ok::<(), stowplan::model::NodeErrors>(())
    /// ```
    pub fn device(
        mut self,
        name: &str,
        build: impl FnOnce(NodeDeviceBuilder) -> NodeDeviceBuilder,
    ) -> Self {
        let mut parts = name.splitn(3, '/');
        let (first, second) = (parts.next().unwrap_or_default(), parts.next());
        let (vendor, device_type) = second.map_or(("", first), |second| (first, second));
        let spec = NodeDevice {
            vendor: vendor.to_owned(),
            device_type: device_type.to_owned(),
            name: parts.next().unwrap_or_default().to_owned(),
            ..NodeDevice::default()
        };
        let device = build(NodeDeviceBuilder { spec }).spec;
        self.resources().devices.push(device);
        self
    }

    fn resources(&mut self) -> &mut NodeResources {
        self.spec.node_resources.get_or_insert_with(NodeResources::default)
    }

    fn reserved(&mut self) -> &mut NodeReservedResources {
        self.spec.reserved_resources.get_or_insert_with(NodeReservedResources::default)
    }

    everything!(NodeSpec);
}

impl NodeDeviceBuilder {
    /// Adds a device that works, by its ID.
    pub fn instance(mut self, id: impl Into<String>) -> Self {
        let id = id.into();
        self.spec.instances.push(DeviceInstance { id, healthy: true, ..DeviceInstance::default() });
        self
    }

    /// Adds a fact about each of the devices.
    pub fn attribute(mut self, key: impl Into<String>, value: DeviceAttribute) -> Self {
        self.spec.attributes.insert(key.into(), value);
        self
    }

    everything!(NodeDevice);
}

/// An address of a host network.
fn address(alias: &str, ip: &str) -> NodeNetworkAddress {
    NodeNetworkAddress {
        family: if ip.contains(':') { "ipv6" } else { "ipv4" }.to_owned(),
        alias: alias.to_owned(),
        address: ip.to_owned(),
        ..NodeNetworkAddress::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_said_is_in_the_document() {
        let node = Node::builder("n1")
            .name("first")
            .datacenter("dc2")
            .class("large")
            .pool("gpu")
            .status(NodeStatus::Down)
            .eligible(false)
            .cpu_shares(8_000)
            .cores(4)
            .memory_mb(16_384)
            .disk_mb(50_000)
            .reserved_cpu_shares(100)
            .reserved_memory_mb(256)
            .reserved_disk_mb(1_000)
            .reserved_cores([3])
            .reserved_ports("22,80-81")
            .dynamic_ports(30_000, 30_100)
            .max_allocations(20)
            .driver("docker")
            .attribute("kernel.name", "linux")
            .meta("rack", "r1")
            .network("eth0", "10.0.0.4/32", 1_000)
            .address("public", "2001:db8::4")
            .network_mode("bridge")
            .host_volume("data", true)
            .device("gpu", |d| d.instance("g1"))
            .device("intel/fpga/f100", |d| d.instance("f1"))
            .build()
            .unwrap();
        assert_eq!((node.name.as_str(), node.datacenter.as_str()), ("first", "dc2"));
        assert_eq!((node.status(), node.is_ready()), (NodeStatus::Down, false));
        assert_eq!((node.cpu_mhz(), node.memory_mb(), node.disk_mb()), (8_000, 16_384, 50_000));
        assert_eq!((node.reserved_cpu_mhz(), node.reserved_memory_mb()), (100, 256));
        assert_eq!((node.reserved_disk_mb(), node.node_max_allocs), (1_000, 20));
        assert_eq!(node.cores().len(), 3);
        assert_eq!(node.cores()[2].speed_mhz, 2_000);
        assert_eq!(node.reserved_ports(), [22..=22, 80..=81]);
        assert_eq!(node.dynamic_ports(), (30_000, 30_100));
        assert!(node.drivers["docker"].healthy);
        assert_eq!(node.attributes["driver.docker"], "1");
        let aliases: Vec<_> = node.addresses().iter().map(|a| a.alias.as_str()).collect();
        assert_eq!(aliases, ["default", "public"]);
        assert_eq!(node.networks().len(), 2);
        assert_eq!(node.host_volumes["data"].name, "data");
        let kinds: Vec<_> = node.devices().iter().map(|d| d.device_type.as_str()).collect();
        assert_eq!(kinds, ["gpu", "fpga"]);
    }

    #[test]
    fn a_node_with_an_address_has_a_network_for_groups() {
        let node = Node::builder("n1").address("default", "10.0.0.1").build().unwrap();
        assert_eq!(node.networks()[0].mode(), "host");
        assert_eq!(node.addresses()[0].mode, "host");
    }

    #[test]
    fn a_node_has_a_host_network_unless_it_is_told_otherwise() {
        let node = Node::builder("n1").build().unwrap();
        assert_eq!(node.networks()[0].mode(), "host");
        assert_eq!(node.networks()[0].mbits, Some(1_000));
        assert_eq!((node.addresses().len(), node.addresses()[0].alias.as_str()), (1, "default"));
        assert_eq!(node.dynamic_ports(), (20_000, 32_000));
        let bare = Node::builder("n1").no_network().build().unwrap();
        assert_eq!((bare.networks().len(), bare.addresses().len()), (0, 0));
        let bridge = Node::builder("n1").network_mode("bridge").build().unwrap();
        assert_eq!((bridge.networks().len(), bridge.addresses().len()), (1, 0));
    }

    #[test]
    fn a_number_that_json_cannot_hold_is_refused() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let speed = DeviceAttribute::float(number, "GHz");
            let node = Node::builder("n1").device("gpu", |d| d.attribute("speed", speed)).build();
            let errors = node.unwrap_err().to_string();
            let expected =
                "NodeResources.Devices[0].Attributes.speed.Float: expected a finite number";
            assert!(errors.contains(expected), "{errors}");
        }
    }
}
