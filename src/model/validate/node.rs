//! Nodes (docs/placement.md, sections 1.1 and 4).

use super::{
    AMOUNT_MAX, CORES_MAX, amount, keys, name, network, no_nul, one_of, optional_name, range,
    repeated,
};
use crate::model::device::NodeDevice;
use crate::model::network::{NetworkResource, NodeNetwork};
use crate::model::node_spec::{DYNAMIC_PORT_MAX, DYNAMIC_PORT_MIN, NodeSpec};
use crate::model::problem::{Path, Problem, Problems, ROOT};
use crate::model::resources::{CpuTopology, NodeReservedResources, NodeResources, Resources};
use crate::syntax::ports::PortList;

/// The states of nodes.
const STATUSES: [&str; 4] = ["initializing", "ready", "down", "disconnected"];

/// Whether nodes take work.
const ELIGIBILITIES: [&str; 2] = ["eligible", "ineligible"];

/// The largest number of a core or a port.
const U16_MAX: i64 = 65_535;

/// Everything that is wrong with a node.
pub(in crate::model) fn node(spec: &NodeSpec) -> Vec<Problem> {
    let mut problems = Problems::default();
    keys(&mut problems, &ROOT, spec);
    name(&mut problems, ROOT.key("ID"), &spec.id, "a node", "an ID");
    no_nul(&mut problems, ROOT.key("Name"), &spec.name);
    name(&mut problems, ROOT.key("Datacenter"), &spec.datacenter, "a node", "a datacenter");
    optional_name(&mut problems, ROOT.key("NodePool"), &spec.node_pool);
    no_nul(&mut problems, ROOT.key("NodeClass"), &spec.node_class);
    if !spec.status.is_empty() {
        one_of(&mut problems, ROOT.key("Status"), &spec.status, "status", &STATUSES);
    }
    if !spec.scheduling_eligibility.is_empty() {
        let at = ROOT.key("SchedulingEligibility");
        let eligibility = &spec.scheduling_eligibility;
        one_of(&mut problems, at, eligibility, "eligibility", &ELIGIBILITIES);
    }
    range(&mut problems, ROOT.key("NodeMaxAllocs"), spec.node_max_allocs, 0, AMOUNT_MAX, "");
    for (driver, info) in &spec.drivers {
        keys(&mut problems, &ROOT.key("Drivers").key(driver), info);
    }
    for (volume, info) in &spec.host_volumes {
        keys(&mut problems, &ROOT.key("HostVolumes").key(volume), info);
    }
    let has = match (&spec.node_resources, &spec.resources) {
        (Some(resources), _) => node_resources(&mut problems, resources),
        (None, Some(resources)) => legacy(&mut problems, &ROOT.key("Resources"), resources),
        (None, None) => {
            let message = "a node needs its resources, which the entries of `/v1/nodes` lack \
                           without `?resources=true`";
            problems.add(ROOT.key("NodeResources"), message);
            None
        }
    };
    match (&spec.reserved_resources, &spec.reserved) {
        (Some(reserved), _) => node_reserved(&mut problems, reserved, has),
        (None, Some(reserved)) => legacy_reserved(&mut problems, reserved, has),
        (None, None) => {}
    }
    problems.into_vec()
}

/// What a node has in sum, where that is known.
struct Total {
    cpu_mhz: i64,
    memory_mb: i64,
    disk_mb: i64,
}

fn node_resources(problems: &mut Problems, resources: &NodeResources) -> Option<Total> {
    let at = ROOT.key("NodeResources");
    keys(problems, &at, resources);
    cores(problems, &at, resources);
    let (cpu, memory, disk) = (at.key("Cpu"), at.key("Memory"), at.key("Disk"));
    keys(problems, &cpu, &resources.cpu);
    keys(problems, &memory, &resources.memory);
    keys(problems, &disk, &resources.disk);
    let total = Total {
        cpu_mhz: resources.cpu_mhz(),
        memory_mb: resources.memory.memory_mb,
        disk_mb: resources.disk.disk_mb,
    };
    amount(problems, cpu.key("CpuShares"), resources.cpu.cpu_shares, " MHz");
    amount(problems, memory.key("MemoryMB"), total.memory_mb, " MB");
    amount(problems, disk.key("DiskMB"), total.disk_mb, " MB");
    devices(problems, &at, &resources.devices);
    networks(problems, &at, &resources.networks);
    let list = at.key("NodeNetworks");
    for (i, network) in resources.node_networks.iter().enumerate() {
        node_network(problems, &list.index(i), network);
    }

    let min_port = at.key("MinDynamicPort");
    let max_port = at.key("MaxDynamicPort");
    range(problems, min_port, resources.min_dynamic_port, 0, U16_MAX, "");
    range(problems, max_port, resources.max_dynamic_port, 0, U16_MAX, "");
    let (first, last) = resources.dynamic_ports();
    if first > last {
        let message = format!(
            "the first dynamic port ({first}) is above the last ({last}); the defaults are \
             {DYNAMIC_PORT_MIN} and {DYNAMIC_PORT_MAX}"
        );
        problems.add(min_port, message);
    }
    Some(total)
}

fn cores(problems: &mut Problems, at: &Path<'_>, resources: &NodeResources) {
    let cpu = at.key("Cpu");
    let total = cpu.key("TotalCpuCores");
    range(problems, total, resources.cpu.total_cpu_cores, 0, CORES_MAX, " cores");
    core_ids(problems, &cpu.key("ReservableCpuCores"), &resources.cpu.reservable_cpu_cores);
    let Some(processors) = &resources.processors else {
        return;
    };
    let at = at.key("Processors");
    keys(problems, &at, processors);
    if let Some(topology) = &processors.topology {
        topology_cores(problems, &at.key("Topology"), topology, resources.cpu_mhz());
    }
}

fn topology_cores(problems: &mut Problems, at: &Path<'_>, topology: &CpuTopology, cpu_mhz: i64) {
    keys(problems, at, topology);
    let withheld_mhz = topology.override_withold_compute;
    amount(problems, at.key("OverrideTotalCompute"), topology.override_total_compute, " MHz");
    amount(problems, at.key("OverrideWitholdCompute"), withheld_mhz, " MHz");
    let list = at.key("Cores");
    for (i, core) in topology.cores.iter().enumerate() {
        let at = list.index(i);
        keys(problems, &at, core);
        range(problems, at.key("ID"), core.id, 0, U16_MAX, "");
        amount(problems, at.key("BaseSpeed"), core.base_speed, " MHz");
        amount(problems, at.key("MaxSpeed"), core.max_speed, " MHz");
        amount(problems, at.key("GuessSpeed"), core.guess_speed, " MHz");
    }
    for (i, first) in repeated(topology.cores.iter().map(|core| core.id)) {
        problems.add(list.index(i).key("ID"), format!("the number is that of Cores[{first}] too"));
    }
    let each_is_good =
        topology.cores.iter().all(|core| (0..=AMOUNT_MAX).contains(&core.speed_mhz()));
    if each_is_good && topology.override_total_compute <= 0 && cpu_mhz > AMOUNT_MAX {
        problems
            .add(list, format!("expected at most {AMOUNT_MAX} MHz together, found `{cpu_mhz}`"));
    }
}

fn core_ids(problems: &mut Problems, at: &Path<'_>, ids: &[i64]) {
    for (i, id) in ids.iter().enumerate() {
        range(problems, at.index(i), *id, 0, U16_MAX, "");
    }
    for (i, first) in repeated(ids.iter()) {
        problems.add(at.index(i), format!("the core is listed already, at [{first}]"));
    }
}

fn devices(problems: &mut Problems, at: &Path<'_>, devices: &[NodeDevice]) {
    let list = at.key("Devices");
    let identity = |device: &NodeDevice| {
        (device.vendor.clone(), device.device_type.clone(), device.name.clone())
    };
    for (i, first) in repeated(devices.iter().map(identity)) {
        let message = format!("vendor, type and name are those of Devices[{first}] too");
        problems.add(list.index(i), message);
    }
    let mut places = Vec::new();
    for (i, device) in devices.iter().enumerate() {
        let at = list.index(i);
        keys(problems, &at, device);
        name(problems, at.key("Type"), &device.device_type, "a device", "a type, such as `gpu`");
        for (key, attribute) in &device.attributes {
            let attributes = at.key("Attributes");
            let at = attributes.key(key);
            keys(problems, &at, attribute);
            if attribute.kinds() != 1 {
                let message = "expected one of `Int`, `Float`, `String` and `Bool`";
                problems.add(at, message);
            } else if attribute.float.is_some_and(|number| !number.is_finite()) {
                // JSON cannot hold it, so it comes from a program.
                problems.add(at.key("Float"), "expected a finite number");
            }
        }
        let instances = at.key("Instances");
        for (j, instance) in device.instances.iter().enumerate() {
            let at = instances.index(j);
            keys(problems, &at, instance);
            name(problems, at.key("ID"), &instance.id, "an instance", "an ID");
            places.push((i, j, &instance.id));
        }
    }
    for (second, first) in repeated(places.iter().map(|(_, _, id)| *id)) {
        if let (Some((i, j, _)), Some((x, y, _))) = (places.get(second), places.get(first)) {
            let at = list.index(*i);
            let instances = at.key("Instances");
            let message = format!("the ID is that of Devices[{x}].Instances[{y}] too");
            problems.add(instances.index(*j).key("ID"), message);
        }
    }
}

fn networks(problems: &mut Problems, at: &Path<'_>, networks: &[NetworkResource]) {
    let list = at.key("Networks");
    for (i, one) in networks.iter().enumerate() {
        let at = list.index(i);
        keys(problems, &at, one);
        amount(problems, at.key("MBits"), one.mbits(), " MBit/s");
        network::ip(problems, at.key("IP"), &one.ip);
        network::cidr(problems, at.key("CIDR"), &one.cidr);
    }
}

fn node_network(problems: &mut Problems, at: &Path<'_>, network: &NodeNetwork) {
    keys(problems, at, network);
    let list = at.key("Addresses");
    for (i, address) in network.addresses.iter().enumerate() {
        let at = list.index(i);
        keys(problems, &at, address);
        name(problems, at.key("Address"), &address.address, "an entry", "an IP address");
        network::ip(problems, at.key("Address"), &address.address);
        port_list(problems, at.key("ReservedPorts"), &address.reserved_ports);
    }
}

fn port_list(problems: &mut Problems, at: Path<'_>, text: &str) {
    if let Err(error) = PortList::parse(text) {
        problems.add(at, error.to_string());
    }
}

/// Checks a node's resources in a document of the first API.
fn legacy(problems: &mut Problems, at: &Path<'_>, resources: &Resources) -> Option<Total> {
    keys(problems, at, resources);
    let total = Total {
        cpu_mhz: resources.cpu.unwrap_or(0),
        memory_mb: resources.memory_mb.unwrap_or(0),
        disk_mb: resources.disk_mb.unwrap_or(0),
    };
    amount(problems, at.key("CPU"), total.cpu_mhz, " MHz");
    amount(problems, at.key("MemoryMB"), total.memory_mb, " MB");
    amount(problems, at.key("DiskMB"), total.disk_mb, " MB");
    networks(problems, at, &resources.networks);
    Some(total)
}

fn legacy_reserved(problems: &mut Problems, reserved: &Resources, has: Option<Total>) {
    let at = ROOT.key("Reserved");
    let list = at.key("Networks");
    for (i, network) in reserved.networks.iter().enumerate() {
        let at = list.index(i);
        let ports = at.key("ReservedPorts");
        for (j, port) in network.reserved_ports.iter().enumerate() {
            range(problems, ports.index(j), port.value, 1, U16_MAX, "");
        }
    }
    if let (Some(asked), Some(has)) = (legacy(problems, &at, reserved), has) {
        at_most(problems, at.key("CPU"), asked.cpu_mhz, has.cpu_mhz, "MHz");
        at_most(problems, at.key("MemoryMB"), asked.memory_mb, has.memory_mb, "MB");
        at_most(problems, at.key("DiskMB"), asked.disk_mb, has.disk_mb, "MB");
    }
}

fn node_reserved(problems: &mut Problems, reserved: &NodeReservedResources, has: Option<Total>) {
    let at = ROOT.key("ReservedResources");
    keys(problems, &at, reserved);
    let (cpu, memory, disk) = (at.key("Cpu"), at.key("Memory"), at.key("Disk"));
    keys(problems, &cpu, &reserved.cpu);
    keys(problems, &memory, &reserved.memory);
    keys(problems, &disk, &reserved.disk);
    core_ids(problems, &cpu.key("ReservedCpuCores"), &reserved.cpu.reserved_cpu_cores);
    let cpu_mhz = reserved.cpu.cpu_shares;
    let memory_mb = reserved.memory.memory_mb;
    let disk_mb = reserved.disk.disk_mb;
    amount(problems, cpu.key("CpuShares"), cpu_mhz, " MHz");
    amount(problems, memory.key("MemoryMB"), memory_mb, " MB");
    amount(problems, disk.key("DiskMB"), disk_mb, " MB");
    if let Some(has) = has {
        at_most(problems, cpu.key("CpuShares"), cpu_mhz, has.cpu_mhz, "MHz");
        at_most(problems, memory.key("MemoryMB"), memory_mb, has.memory_mb, "MB");
        at_most(problems, disk.key("DiskMB"), disk_mb, has.disk_mb, "MB");
    }
    let networks = at.key("Networks");
    keys(problems, &networks, &reserved.networks);
    let ports = &reserved.networks.reserved_host_ports;
    port_list(problems, networks.key("ReservedHostPorts"), ports);
}

/// Checks that no more is reserved than there is. Amounts that are bad in themselves have problems of
/// their own.
fn at_most(problems: &mut Problems, at: Path<'_>, reserved: i64, has: i64, unit: &str) {
    if (0..=AMOUNT_MAX).contains(&reserved) && (0..reserved).contains(&has) {
        let message = format!("expected at most the node's {has} {unit}, found `{reserved}`");
        problems.add(at, message);
    }
}
