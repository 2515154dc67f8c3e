//! Small nodes, alike enough to be in each other's way.

use crate::model::{
    CpuCore, CpuTopology, DeviceAttribute, DeviceInstance, DriverInfo, DynamicVolume, HostVolume,
    NetworkResource, Node, NodeCpuResources, NodeDevice, NodeDiskResources, NodeMemoryResources,
    NodeNetwork, NodeNetworkAddress, NodeProcessors, NodeReservedCpuResources,
    NodeReservedNetworkResources, NodeReservedResources, NodeResources, NodeSpec, VolumeCapability,
};

use crate::testing::bytes::Bytes;

/// The most nodes of a world.
pub const NODES: usize = 7;

/// The identity of a node.
pub fn id(at: usize) -> String {
    format!("n{at}")
}

/// A node under the `at`th identity.
pub fn node(bytes: &mut Bytes<'_>, at: usize) -> Node {
    let mut spec = NodeSpec {
        id: id(at),
        name: id(at),
        datacenter: bytes.pick(&["dc1", "dc2", "eu-1"]).into(),
        node_class: bytes.pick(&["", "small", "large"]).into(),
        node_pool: bytes.pick(&["", "", "", "gpu"]).into(),
        status: bytes.pick(&["ready", "ready", "ready", "down", "", "disconnected"]).into(),
        node_max_allocs: bytes.pick(&[0, 0, 0, 1, 2, 3]),
        node_resources: Some(resources(bytes)),
        ..NodeSpec::default()
    };
    match bytes.below(12) {
        10 => spec.drain = true,
        11 => spec.scheduling_eligibility = "ineligible".into(),
        _ => {}
    }
    let cpu_mhz = spec.node_resources.as_ref().map_or(0, NodeResources::cpu_mhz);
    if bytes.one_in(3) {
        spec.reserved_resources = Some(reserved(bytes, cpu_mhz));
    }
    facts(bytes, &mut spec);
    Node::new(spec).unwrap()
}

fn facts(bytes: &mut Bytes<'_>, spec: &mut NodeSpec) {
    match bytes.below(8) {
        6 => {}
        7 => {
            let info =
                DriverInfo { detected: true, healthy: bytes.one_in(2), ..DriverInfo::default() };
            spec.drivers.insert("docker".into(), info);
        }
        _ => {
            spec.attributes.insert("driver.docker".into(), "1".into());
        }
    }
    for key in ["a", "b", "kernel.name"] {
        let value = bytes.pick(&["", "1", "2", "10", "linux", "1.2.3", "1.2.3-beta.1", "x,y"]);
        if !value.is_empty() {
            spec.attributes.insert(key.into(), value.into());
        }
    }
    let rack = bytes.pick(&["", "r1", "r2", "r3"]);
    if !rack.is_empty() {
        spec.meta.insert("rack".into(), rack.into());
    }
    if bytes.one_in(3) {
        let volume = HostVolume {
            read_only: bytes.one_in(2),
            id: bytes.pick(&["", "", "v1", "v2"]).into(),
            ..HostVolume::default()
        };
        spec.host_volumes.insert(bytes.pick(&["data", "data[0]", "data[1]"]).into(), volume);
    }
}

/// The dynamic volumes that nodes may have.
pub fn volumes() -> Vec<DynamicVolume> {
    let capability = |mode: &str| VolumeCapability {
        access_mode: mode.into(),
        attachment_mode: "file-system".into(),
        ..VolumeCapability::default()
    };
    let modes = ["single-node-writer", "single-node-single-writer", "single-node-reader-only"];
    let volume = |id: &str, modes: &[&str]| DynamicVolume {
        id: id.into(),
        state: "ready".into(),
        requested_capabilities: modes.iter().map(|mode| capability(mode)).collect(),
        ..DynamicVolume::default()
    };
    vec![volume("v1", &modes), volume("v2", &modes[1..])]
}

fn resources(bytes: &mut Bytes<'_>) -> NodeResources {
    let amounts = [1000, 2000, 500, 4000, 0, 1300];
    let mut resources = NodeResources {
        cpu: NodeCpuResources { cpu_shares: bytes.pick(&amounts), ..NodeCpuResources::default() },
        memory: NodeMemoryResources {
            memory_mb: bytes.pick(&amounts),
            ..NodeMemoryResources::default()
        },
        disk: NodeDiskResources {
            disk_mb: bytes.pick(&[10_000, 2000, 700]),
            ..NodeDiskResources::default()
        },
        ..NodeResources::default()
    };
    match bytes.below(4) {
        2 => resources.cpu.total_cpu_cores = 3,
        3 => resources.processors = Some(processors(bytes)),
        _ => {}
    }
    if bytes.one_in(2) {
        networks(bytes, &mut resources);
    }
    if bytes.one_in(3) {
        resources.devices = devices(bytes);
    }
    resources
}

fn processors(bytes: &mut Bytes<'_>) -> NodeProcessors {
    let core = |id: i64, disable: bool| CpuCore {
        id,
        base_speed: 400 + 100 * id,
        disable,
        ..CpuCore::default()
    };
    let topology = CpuTopology {
        cores: (0..4).map(|id| core(id, bytes.one_in(4))).collect(),
        override_total_compute: bytes.pick(&[0, 0, 1500]),
        ..CpuTopology::default()
    };
    NodeProcessors { topology: Some(topology), ..NodeProcessors::default() }
}

fn networks(bytes: &mut Bytes<'_>, resources: &mut NodeResources) {
    let network = |device: &str, cidr: &str, mbits: i64| NetworkResource {
        mode: "host".into(),
        device: device.into(),
        cidr: cidr.into(),
        mbits: Some(mbits),
        ..NetworkResource::default()
    };
    resources.networks.push(network("eth0", bytes.pick(&["10.0.0.0/31", "10.0.0.1/32", ""]), 100));
    if bytes.one_in(3) {
        resources.networks.push(network("eth1", "10.1.0.1/32", 1000));
    }
    if bytes.one_in(3) {
        let bridge = NetworkResource { mode: "bridge".into(), ..NetworkResource::default() };
        resources.networks.push(bridge);
    }
    for ip in ["10.0.0.1", "10.0.0.0", "10.2.0.1"] {
        let address = NodeNetworkAddress {
            alias: bytes.pick(&["default", "private"]).into(),
            address: ip.into(),
            reserved_ports: bytes.pick(&["", "", "80", "20000-20001"]).into(),
            ..NodeNetworkAddress::default()
        };
        let network = NodeNetwork {
            mode: "host".into(),
            device: "eth0".into(),
            addresses: vec![address],
            ..NodeNetwork::default()
        };
        resources.node_networks.push(network);
        if bytes.one_in(2) {
            break;
        }
    }
    // Few enough for placements to use them all up.
    (resources.min_dynamic_port, resources.max_dynamic_port) =
        bytes.pick(&[(20_000, 20_003), (20_000, 20_000), (0, 0), (79, 82)]);
}

fn devices(bytes: &mut Bytes<'_>) -> Vec<NodeDevice> {
    let mut devices = Vec::new();
    for (model, memory) in [("1080ti", 11), ("2080ti", 8), ("f1", 4)] {
        let instances = bytes.below(4);
        if instances == 0 {
            continue;
        }
        let instance = |at: usize, healthy: bool| DeviceInstance {
            id: format!("{model}-{at}"),
            healthy,
            ..DeviceInstance::default()
        };
        let mut device = NodeDevice {
            vendor: "nvidia".into(),
            device_type: if model == "f1" { "fpga" } else { "gpu" }.into(),
            name: model.into(),
            instances: (0..instances).map(|at| instance(at, !bytes.one_in(5))).collect(),
            ..NodeDevice::default()
        };
        let attribute =
            DeviceAttribute { int: Some(memory), unit: "GiB".into(), ..DeviceAttribute::default() };
        device.attributes.insert("memory".into(), attribute);
        devices.push(device);
    }
    devices
}

fn reserved(bytes: &mut Bytes<'_>, cpu_mhz: i64) -> NodeReservedResources {
    NodeReservedResources {
        cpu: NodeReservedCpuResources {
            cpu_shares: bytes.pick(&[0, 100, 300]).min(cpu_mhz),
            reserved_cpu_cores: bytes.pick(&[&[][..], &[0], &[1, 2]]).to_vec(),
            ..NodeReservedCpuResources::default()
        },
        networks: NodeReservedNetworkResources {
            reserved_host_ports: bytes.pick(&["", "80", "20000,22-30"]).into(),
            ..NodeReservedNetworkResources::default()
        },
        ..NodeReservedResources::default()
    }
}
