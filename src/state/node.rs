//! A node as the state keeps it: its document and what placement reads of it again and again.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::device::DeviceFacts;
use super::names::Name;
use super::pages::Pages;
use super::usage::{Amounts, DeviceName, HeldDevice, Taken};
use crate::model::Node;
use crate::model::device::NodeDevice;

/// One node: facts that do not change with what is placed on it.
#[derive(Clone, Debug)]
pub(crate) struct NodeRecord {
    pub(crate) node: Node,
    /// What tasks may use: everything less what is reserved.
    pub(crate) capacity: Amounts,
    pub(crate) datacenter: Name,
    pub(crate) class: Name,
    /// Which kind of node it is, nodes alike being of one kind.
    pub(crate) facts_class: u32,
    /// The most allocations it takes.
    pub(crate) max_allocations: i64,
    /// Device groups in the document's order.
    pub(crate) devices: Vec<DeviceGroup>,
    /// Addresses in the document's order, for the ports of groups.
    pub(crate) addresses: Vec<Address>,
    /// Networks with a device, for the ports and the bandwidth of tasks.
    pub(crate) task_networks: Vec<TaskNetwork>,
    /// What is taken while nothing is placed: the reserved ports.
    pub(crate) reserved: Arc<Taken>,
}

impl NodeRecord {
    /// Prepares a node for placement. Names and kind are the state's to give.
    pub(crate) fn new(node: Node) -> NodeRecord {
        let addresses = node.addresses().iter().map(|address| Address {
            alias: address.alias.as_str().into(),
            ip: address.ip.as_str().into(),
        });
        let with_device = node.networks().iter().filter(|network| !network.device.is_empty());
        let task_networks = with_device.map(|network| TaskNetwork {
            device: network.device.as_str().into(),
            mbits: network.mbits.unwrap_or(0),
            cidr: Cidr::parse(&network.cidr),
        });
        let mut record = NodeRecord {
            capacity: Amounts {
                cpu_mhz: node.cpu_mhz() - node.reserved_cpu_mhz(),
                memory_mb: node.memory_mb() - node.reserved_memory_mb(),
                disk_mb: node.disk_mb() - node.reserved_disk_mb(),
            },
            datacenter: Name::NONE,
            class: Name::NONE,
            facts_class: 0,
            max_allocations: match node.spec().node_max_allocs {
                0 => i64::MAX,
                limit => limit,
            },
            devices: node.devices().iter().map(DeviceGroup::new).collect(),
            addresses: addresses.collect(),
            task_networks: task_networks.collect(),
            reserved: Arc::default(),
            node,
        };
        record.reserved = Arc::new(record.taken_by_nothing());
        record
    }

    /// The first and the last port of the dynamic range.
    pub(crate) fn dynamic_ports(&self) -> (u16, u16) {
        self.node.dynamic_ports()
    }

    /// Where a held device is in the node's lists, if the node still has it.
    pub(crate) fn find_device(&self, held: &HeldDevice) -> Option<(usize, u16)> {
        let same = |name: &Arc<DeviceName>| Arc::ptr_eq(name, &held.device) || *name == held.device;
        let group = self.devices.iter().position(|group| same(&group.name))?;
        let instances = &self.devices[group].instances;
        let at = instances.iter().position(|instance| instance.id == held.instance)?;
        Some((group, at as u16))
    }

    /// Whether an address is one of the node's: of its own, or of a block that tasks are given.
    pub(crate) fn has_address(&self, ip: &str) -> bool {
        let in_block = |network: &TaskNetwork| network.cidr.is_some_and(|cidr| cidr.contains(ip));
        self.reserved.ports_on(ip).is_some() || self.task_networks.iter().any(in_block)
    }

    /// The reserved ports: the node's on every address, an address's own on it (section 4.1).
    fn taken_by_nothing(&self) -> Taken {
        let mut taken = Taken { devices: vec![Vec::new(); self.devices.len()], ..Taken::default() };
        for address in &self.addresses {
            taken.ports_on_mut(&address.ip);
        }
        for network in self.node.networks() {
            if !network.ip.is_empty() {
                taken.ports_on_mut(&network.ip.as_str().into());
            }
        }
        for (_, ports) in &mut taken.ports {
            for port in self.node.reserved_ports().iter().cloned().flatten() {
                ports.insert(port);
            }
        }
        for address in self.node.addresses() {
            let ports = taken.ports_on_mut(&address.ip.as_str().into());
            for port in address.reserved_ports.iter().cloned().flatten() {
                ports.insert(port);
            }
        }
        taken
    }
}

/// Nodes by slot; `None` for a slot whose node left.
pub(crate) type NodeTable = Pages<Option<Arc<NodeRecord>>, 32>;

/// Identities of nodes by slot.
pub(crate) type Identities = Pages<Arc<Identity>, 32>;

/// What names a node.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) id: Box<str>,
    pub(crate) name: Box<str>,
    /// The node itself once it has left, for the documents of allocations that name it.
    pub(crate) gone: Option<Arc<NodeRecord>>,
}

/// Alike devices.
#[derive(Clone, Debug)]
pub(crate) struct DeviceGroup {
    pub(crate) name: Arc<DeviceName>,
    pub(crate) facts: DeviceFacts,
    pub(crate) instances: Vec<Instance>,
    /// How many of them are healthy.
    pub(crate) healthy: usize,
}

impl DeviceGroup {
    /// One of its instances as a request holds it.
    pub(crate) fn hand_out(&self, request: u16, at: u16) -> HeldDevice {
        let instance = self.instances[usize::from(at)].id.clone();
        HeldDevice { request, device: self.name.clone(), instance }
    }

    fn new(device: &NodeDevice) -> DeviceGroup {
        let instances = device.instances.iter().map(|instance| Instance {
            id: instance.id.as_str().into(),
            healthy: instance.healthy,
        });
        DeviceGroup {
            healthy: device.instances.iter().filter(|instance| instance.healthy).count(),
            name: Arc::new(DeviceName {
                vendor: device.vendor.as_str().into(),
                device_type: device.device_type.as_str().into(),
                model: device.name.as_str().into(),
            }),
            facts: DeviceFacts::new(device),
            instances: instances.collect(),
        }
    }
}

/// One device.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) id: Arc<str>,
    pub(crate) healthy: bool,
}

/// An address that the ports of groups are bound to.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) alias: Box<str>,
    pub(crate) ip: Arc<str>,
}

/// A device with its addresses and its bandwidth.
#[derive(Clone, Debug)]
pub(crate) struct TaskNetwork {
    pub(crate) device: Arc<str>,
    pub(crate) mbits: i64,
    /// `None` where the document gives no addresses.
    pub(crate) cidr: Option<Cidr>,
}

/// A block of addresses, IPv4 or IPv6, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cidr {
    first: u128,
    last: u128,
    is_ipv6: bool,
}

impl Cidr {
    /// Reads `192.168.0.100/30` or `fd00::1/64`; a bare address is a block of one.
    pub(crate) fn parse(text: &str) -> Option<Cidr> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let (bits, value, is_ipv6) = match address.parse::<IpAddr>().ok()? {
            IpAddr::V4(ip) => (32, u128::from(u32::from(ip)), false),
            IpAddr::V6(ip) => (128, u128::from(ip), true),
        };
        let host_bits = bits - prefix.unwrap_or(bits).min(bits);
        if prefix.is_some_and(|prefix| prefix > bits) {
            return None;
        }
        let mask = if host_bits == 128 { u128::MAX } else { (1 << host_bits) - 1 };
        Some(Cidr { first: value & !mask, last: value | mask, is_ipv6 })
    }

    /// The addresses in ascending order, network and broadcast included, as texts.
    pub(crate) fn addresses(self) -> impl Iterator<Item = String> {
        (self.first..=self.last).map(move |value| self.text_of(value))
    }

    /// Whether it has an address.
    fn contains(self, ip: &str) -> bool {
        Cidr::parse(ip).is_some_and(|it| {
            it.is_ipv6 == self.is_ipv6 && (self.first..=self.last).contains(&it.first)
        })
    }

    /// The last of the addresses.
    pub(crate) fn last_address(self) -> String {
        self.text_of(self.last)
    }

    fn text_of(self, value: u128) -> String {
        if self.is_ipv6 {
            Ipv6Addr::from(value).to_string()
        } else {
            // A block of IPv4 addresses was made from 32 bits.
            Ipv4Addr::from(value as u32).to_string()
        }
    }
}
