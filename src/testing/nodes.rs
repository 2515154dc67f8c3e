//! Nodes of worlds: of many sizes, with everything that a node can have.

use crate::model::{
    CpuCore, CpuTopology, DeviceAttribute, DeviceInstance, DriverInfo, DynamicVolume, HostVolume,
    NetworkResource, NodeDevice, NodeNetwork, NodeNetworkAddress, NodeProcessors,
    NodeReservedResources, NodeResources, NodeSpec, VolumeCapability,
};

use super::random::Random;
use super::recipe::{Feature, Recipe};

/// The models of devices that nodes have: vendor, type, name and GiB of memory.
const MODELS: [(&str, &str, &str, i64); 5] = [
    ("nvidia", "gpu", "t4", 16),
    ("nvidia", "gpu", "a100", 80),
    ("nvidia", "gpu", "1080ti", 11),
    ("intel", "fpga", "f100", 4),
    ("amd", "gpu", "mi300", 192),
];

/// The nodes of a recipe, in no particular order of identities.
pub fn nodes(recipe: &Recipe) -> Vec<NodeSpec> {
    let mut random = Random::new(recipe.seed, 1);
    let mut nodes: Vec<NodeSpec> =
        (0..recipe.nodes).map(|at| node(at, &mut random.clone_for(at), recipe)).collect();
    random.shuffle(&mut nodes);
    nodes
}

fn node(at: usize, random: &mut Random, recipe: &Recipe) -> NodeSpec {
    let mut spec = NodeSpec {
        id: format!("{:08x}-node-{at:03}", random.next() as u32),
        name: format!("client-{at}"),
        datacenter: random.pick(&["dc1", "dc1", "dc2", "dc3"]).into(),
        node_class: random.pick(&["", "small", "large", "gpu"]).into(),
        node_resources: Some(resources(at, random, recipe)),
        ..NodeSpec::default()
    };
    facts(&mut spec, at, random);
    if recipe.has(Feature::Reserved) {
        spec.reserved_resources = Some(reserved(random));
    }
    if recipe.has(Feature::Volumes) {
        volumes(&mut spec, at, random);
    }
    if recipe.has(Feature::MaxAllocations) && random.percent(20) {
        spec.node_max_allocs = random.range(1, 8);
    }
    if recipe.has(Feature::NotReady) {
        not_ready(&mut spec, random);
    }
    spec
}

fn facts(spec: &mut NodeSpec, at: usize, random: &mut Random) {
    let versions = ["5.4.0", "5.15.0-91-generic", "6.1.2", "4.19.0", "3.10", "6.0.0-rc1"];
    let mut attribute = |key: &str, value: &str| {
        spec.attributes.insert(key.into(), value.into());
    };
    attribute("kernel.name", random.pick(&["linux", "linux", "linux", "linux", "windows"]));
    attribute("kernel.version", random.pick(&versions));
    attribute("cpu.arch", random.pick(&["amd64", "amd64", "arm64"]));
    attribute("cpu.numcores", random.pick(&["2", "4", "8", "16"]));
    attribute("unique.hostname", &format!("host-{at}.example"));
    if random.percent(80) {
        attribute("os.version", random.pick(&["22.04", "20.04", "7.9.2009"]));
    }
    if random.percent(70) {
        attribute("plugins.secrets.vault.version", "1.2.0");
    }
    if random.percent(10) {
        attribute("nomad.version", random.pick(&["0.11.0", "1.7.2"]));
    }
    // Some nodes name their drivers in attributes, others describe them.
    match random.below(10) {
        0 => attribute("driver.docker", random.pick(&["1", "true", "false", "0"])),
        _ => {
            let health = DriverInfo {
                detected: random.percent(97),
                healthy: random.percent(95),
                ..DriverInfo::default()
            };
            spec.drivers.insert("docker".into(), health);
        }
    }
    if random.percent(90) {
        spec.attributes.insert("driver.exec".into(), "1".into());
    }
    if random.percent(90) {
        spec.meta.insert("rack".into(), format!("r{}", random.below(5)));
    }
    // Values that one node or two have.
    if at % 7 != 3 {
        spec.meta.insert("pair".into(), format!("p{}", at / 2));
    }
    if random.percent(50) {
        spec.meta.insert("tier".into(), random.pick(&["gold", "silver", "bronze"]).into());
    }
    if random.percent(30) {
        spec.meta.insert("tags".into(), random.pick(&["ssd,fast", "ssd", "hdd, slow"]).into());
    }
}

fn resources(at: usize, random: &mut Random, recipe: &Recipe) -> NodeResources {
    let mut resources = NodeResources::default();
    let cpu_mhz = random.pick(&[1_000, 2_000, 4_000, 8_000, 8_000, 14_003, 32_000]);
    resources.cpu.cpu_shares = cpu_mhz;
    resources.memory.memory_mb = random.pick(&[600, 1_024, 2_048, 4_096, 8_192, 8_192, 16_385]);
    resources.disk.disk_mb = random.pick(&[900, 2_000, 20_000, 102_400]);
    if recipe.has(Feature::Cores) && random.percent(80) {
        cores(&mut resources, random);
    }
    if recipe.has(Feature::Networks) && random.percent(92) {
        networks(&mut resources, at, random);
    }
    if recipe.has(Feature::Devices) && random.percent(75) {
        resources.devices = devices(at, random);
    }
    resources
}

fn cores(resources: &mut NodeResources, random: &mut Random) {
    let count = random.pick(&[2, 4, 4, 8]);
    match random.below(3) {
        0 => resources.cpu.total_cpu_cores = count,
        1 => resources.cpu.reservable_cpu_cores = (0..count).map(|id| id * 2).collect(),
        _ => {
            let core = |id| CpuCore {
                id,
                base_speed: random.pick(&[1_000, 2_000, 2_500]),
                disable: random.percent(10),
                ..CpuCore::default()
            };
            let cores = (0..count).map(core).collect();
            let total = random.pick(&[0, 0, 9_000]);
            let topology =
                CpuTopology { cores, override_total_compute: total, ..CpuTopology::default() };
            let topology = Some(topology);
            resources.processors = Some(NodeProcessors { topology, ..NodeProcessors::default() });
        }
    }
}

fn networks(resources: &mut NodeResources, at: usize, random: &mut Random) {
    let ip = |last: usize| format!("10.{}.{}.{last}", at / 250, at % 250);
    let prefix = random.pick(&[32, 32, 32, 30]);
    let of_mode = |mode: &str, device: &str| NetworkResource {
        mode: mode.into(),
        device: device.into(),
        ..NetworkResource::default()
    };
    resources.networks = vec![NetworkResource {
        cidr: format!("{}/{prefix}", ip(8)),
        ip: ip(8),
        mbits: Some(random.pick(&[100, 1_000, 10_000])),
        ..of_mode(random.pick(&["host", ""]), "eth0")
    }];
    if random.percent(80) {
        resources.networks.push(of_mode("bridge", ""));
    }
    let mut address = |alias: &str, last: usize| NodeNetworkAddress {
        family: "ipv4".into(),
        alias: alias.into(),
        address: ip(last),
        reserved_ports: random.pick(&["", "", "", "22", "8000-8002"]).into(),
        ..NodeNetworkAddress::default()
    };
    let mut addresses = vec![address("default", 8)];
    if at.is_multiple_of(3) {
        addresses.push(address("public", 9));
    }
    if at.is_multiple_of(4) {
        addresses.push(address("default", 10));
    }
    let network = |mode: &str, addresses| NodeNetwork {
        mode: mode.into(),
        device: "eth0".into(),
        speed: 1_000,
        addresses,
        ..NodeNetwork::default()
    };
    resources.node_networks = vec![network("host", addresses)];
    if random.percent(20) {
        resources.min_dynamic_port = 30_000;
        resources.max_dynamic_port = 30_000 + random.range(0, 4);
    }
}

fn devices(at: usize, random: &mut Random) -> Vec<NodeDevice> {
    let mut devices = Vec::new();
    for (model, (vendor, device_type, name, gib)) in MODELS.into_iter().enumerate() {
        if !random.percent(45) {
            continue;
        }
        let int = |value: i64, unit: &str| DeviceAttribute {
            int: Some(value),
            unit: unit.into(),
            ..DeviceAttribute::default()
        };
        let mut device = NodeDevice {
            vendor: vendor.into(),
            device_type: device_type.into(),
            name: name.into(),
            ..NodeDevice::default()
        };
        device.attributes.insert("memory".into(), int(gib, "GiB"));
        device.attributes.insert("cores".into(), int(random.range(1, 4) * 1_000, ""));
        let instance = |place| DeviceInstance {
            id: format!("dev-{at}-{model}-{place}"),
            healthy: random.percent(85),
            ..DeviceInstance::default()
        };
        device.instances = (0..1 + at % 4).map(instance).collect();
        devices.push(device);
    }
    devices
}

fn reserved(random: &mut Random) -> NodeReservedResources {
    let mut reserved = NodeReservedResources::default();
    reserved.cpu.cpu_shares = random.pick(&[0, 0, 100, 250]);
    reserved.memory.memory_mb = random.pick(&[0, 0, 128, 256]);
    reserved.disk.disk_mb = random.pick(&[0, 100, 500]);
    reserved.networks.reserved_host_ports = random.pick(&["", "22", "22,8080-8082,20000"]).into();
    if random.percent(15) {
        reserved.cpu.reserved_cpu_cores = vec![0];
    }
    reserved
}

fn volumes(spec: &mut NodeSpec, at: usize, random: &mut Random) {
    let mut add = |name: &str, read_only: bool, id: String| {
        let volume = HostVolume {
            name: name.into(),
            path: format!("/srv/{name}"),
            read_only,
            id,
            ..HostVolume::default()
        };
        spec.host_volumes.insert(name.into(), volume);
    };
    if random.percent(60) {
        add("data", random.percent(20), String::new());
    }
    if random.percent(40) {
        add("certs", true, String::new());
    }
    if random.percent(40) {
        add("shared", false, format!("vol-{at}"));
    }
    for index in 0..3 {
        if random.percent(30) {
            add(&format!("own[{index}]"), false, String::new());
        }
    }
}

/// The dynamic volumes that some of the nodes have.
pub(super) fn dynamic_volumes(nodes: &[NodeSpec], seed: u64) -> Vec<DynamicVolume> {
    let mut random = Random::new(seed, 2);
    let of_nodes = nodes.iter().flat_map(|node| {
        let dynamic = node.host_volumes.values().filter(|volume| !volume.id.is_empty());
        dynamic.map(|volume| (volume.clone(), node.id.clone()))
    });
    let mut volumes: Vec<DynamicVolume> = Vec::new();
    for (volume, node_id) in of_nodes {
        let modes = ["single-node-writer", "single-node-single-writer", "single-node-multi-writer"];
        let capable = modes.into_iter().filter(|_| random.percent(80));
        let capability = |mode: &str| VolumeCapability {
            access_mode: mode.into(),
            attachment_mode: "file-system".into(),
            ..VolumeCapability::default()
        };
        volumes.push(DynamicVolume {
            id: volume.id,
            name: volume.name,
            node_id,
            requested_capabilities: capable.map(capability).collect(),
            state: random.pick(&["ready", "ready", "ready", "pending"]).into(),
            ..DynamicVolume::default()
        });
    }
    volumes.sort_by(|a, b| a.id.cmp(&b.id));
    volumes
}

fn not_ready(spec: &mut NodeSpec, random: &mut Random) {
    match random.below(30) {
        0 => spec.status = "down".into(),
        1 => spec.status = "initializing".into(),
        2 => spec.drain = true,
        3 => spec.scheduling_eligibility = "ineligible".into(),
        4 | 5 => spec.node_pool = "edge".into(),
        _ => {}
    }
}
