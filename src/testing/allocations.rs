//! Allocations that are on nodes already, of jobs of their own and of the world's jobs.

use std::sync::Arc;

use crate::model::{
    AllocatedDevice, AllocatedPort, AllocatedResources, AllocatedTaskResources, Allocation,
    JobSpec, MigrateStrategy, NetworkResource, Node, Port, Resources, Task, TaskGroup,
    VolumeRequest,
};
use indexmap::IndexMap;

use super::random::Random;
use super::recipe::{Feature, Recipe};

/// What is left of a node for the allocations to come.
struct Left {
    cpu_mhz: i64,
    memory_mb: i64,
    disk_mb: i64,
    cores: Vec<u16>,
    devices: Vec<(String, String, String, String)>,
    ports: Vec<i64>,
    allocations: usize,
}

/// The allocations on the nodes of a recipe.
pub(super) fn allocations(recipe: &Recipe, nodes: &[Node], jobs: &[JobSpec]) -> Vec<Allocation> {
    let mut allocations = Vec::new();
    if !recipe.has(Feature::Allocations) {
        return allocations;
    }
    let mut own_index = 0;
    for node in nodes {
        let of_node =
            node.id.bytes().fold(0u64, |hash, byte| hash.wrapping_mul(31) ^ u64::from(byte));
        let mut random = Random::new(recipe.seed ^ of_node, 3);
        let mut left = Left::of(node);
        for number in 0..random.below(5) {
            let id = format!("alloc-{}-{number}", &node.id[..8]);
            if let Some(allocation) = other(id, node, &mut left, recipe, &mut random) {
                allocations.push(allocation);
            }
        }
        if recipe.has(Feature::Overcommit) && random.percent(8) {
            let mut too_much = legacy(node.cpu_mhz() + 5, node.memory_mb(), 0);
            finish(&mut too_much, format!("alloc-{}-x", &node.id[..8]), node, "hog", &mut random);
            allocations.push(too_much);
        }
        if recipe.has(Feature::Overcommit) && random.percent(4) {
            allocations.extend(colliding(node, &mut random));
        }
        if recipe.has(Feature::OwnAllocations)
            && let Some(job) = jobs.first()
            && random.percent(12)
        {
            allocations.push(own(node, job, &mut own_index, &mut random));
        }
    }
    allocations
}

impl Left {
    fn of(node: &Node) -> Left {
        let mut devices = Vec::new();
        for device in node.devices() {
            for instance in &device.instances {
                let name = (device.vendor.clone(), device.device_type.clone(), device.name.clone());
                devices.push((name.0, name.1, name.2, instance.id.clone()));
            }
        }
        Left {
            cpu_mhz: node.cpu_mhz() - node.reserved_cpu_mhz(),
            memory_mb: node.memory_mb() - node.reserved_memory_mb(),
            disk_mb: node.disk_mb() - node.reserved_disk_mb(),
            cores: node.cores().iter().map(|core| core.id).collect(),
            devices,
            ports: vec![80, 443, 9_000, 9_001, 20_003, 30_001],
            allocations: match node.node_max_allocs {
                0 => usize::MAX,
                limit => limit as usize,
            },
        }
    }
}

/// What an allocation of the first API holds.
fn legacy(cpu_mhz: i64, memory_mb: i64, disk_mb: i64) -> Allocation {
    let resources = Resources {
        cpu: Some(cpu_mhz),
        memory_mb: Some(memory_mb),
        disk_mb: Some(disk_mb),
        ..Resources::default()
    };
    Allocation { resources: Some(resources), ..Allocation::default() }
}

/// An allocation of another job that still has room on the node.
fn other(
    id: String,
    node: &Node,
    left: &mut Left,
    recipe: &Recipe,
    random: &mut Random,
) -> Option<Allocation> {
    let part = |whole: i64, random: &mut Random| whole * random.range(2, 45) / 100;
    let amounts = (part(left.cpu_mhz, random), part(left.memory_mb, random), random.range(0, 20));
    let (cpu_mhz, memory_mb, disk_mb) = amounts;
    if left.allocations == 0 || left.disk_mb < disk_mb || cpu_mhz < 0 || memory_mb < 0 {
        return None;
    }
    left.cpu_mhz -= cpu_mhz;
    left.memory_mb -= memory_mb;
    left.disk_mb -= disk_mb;
    left.allocations -= 1;
    let mut allocation = match random.below(4) {
        0 => legacy(cpu_mhz, memory_mb, disk_mb),
        _ => {
            let resources = modern(cpu_mhz, memory_mb, disk_mb, node, left, recipe, random);
            Allocation { allocated_resources: Some(resources), ..Allocation::default() }
        }
    };
    let job = format!("other-{}", random.below(6));
    finish(&mut allocation, id, node, &job, random);
    Some(allocation)
}

fn modern(
    cpu_mhz: i64,
    memory_mb: i64,
    disk_mb: i64,
    node: &Node,
    left: &mut Left,
    recipe: &Recipe,
    random: &mut Random,
) -> AllocatedResources {
    let mut task = AllocatedTaskResources::default();
    task.cpu.cpu_shares = cpu_mhz;
    task.memory.memory_mb = memory_mb;
    if recipe.has(Feature::Cores) && random.percent(25) && !left.cores.is_empty() {
        let at = random.below(left.cores.len());
        task.cpu.reserved_cores = vec![i64::from(left.cores.swap_remove(at))];
    }
    if recipe.has(Feature::Devices) && random.percent(40) && !left.devices.is_empty() {
        let (vendor, device_type, name, id) =
            left.devices.swap_remove(random.below(left.devices.len()));
        task.devices = vec![AllocatedDevice {
            vendor,
            device_type,
            name,
            device_ids: vec![id],
            ..AllocatedDevice::default()
        }];
    }
    let mut resources = AllocatedResources::default();
    resources.shared.disk_mb = disk_mb;
    let ips: Vec<&str> = node.addresses().iter().map(|address| address.ip.as_str()).collect();
    if recipe.has(Feature::Networks) && !ips.is_empty() && random.percent(60) {
        let value = left.ports.swap_remove(random.below(left.ports.len()));
        let is_reserved = node.reserved_ports().iter().any(|ports| ports.contains(&(value as u16)));
        let ip = random.pick(&ips);
        let port = Port { label: "p".into(), value, ..Port::default() };
        if is_reserved || left.ports.is_empty() {
            left.ports.push(value);
        } else if random.percent(50) {
            resources.shared.ports = vec![AllocatedPort {
                label: "p".into(),
                value,
                host_ip: ip.into(),
                ..AllocatedPort::default()
            }];
        } else {
            task.networks = vec![NetworkResource {
                device: "eth0".into(),
                ip: ip.into(),
                mbits: Some(random.pick(&[10, 40])),
                reserved_ports: vec![port].into(),
                ..NetworkResource::default()
            }];
        }
    }
    resources.tasks.insert("main".into(), task);
    resources
}

/// Names, states and mostly the job, so that its priority is known.
fn finish(allocation: &mut Allocation, id: String, node: &Node, job: &str, random: &mut Random) {
    allocation.name = format!("{job}.main[{}]", random.below(9));
    allocation.id = id;
    allocation.node_id.clone_from(&node.id);
    allocation.node_name.clone_from(&node.name);
    allocation.job_id = job.into();
    allocation.task_group = "main".into();
    allocation.client_status =
        random.pick(&["running", "running", "running", "pending", ""]).into();
    allocation.desired_status = "run".into();
    match random.below(12) {
        0 => allocation.client_status = random.pick(&["complete", "failed", "lost", "dead"]).into(),
        // Told to stop, but still there.
        1 => allocation.desired_status = "stop".into(),
        _ => {}
    }
    let priority = random.pick(&[1, 10, 30, 40, 50, 60, 90]);
    if random.percent(85) {
        allocation.job = Some(Arc::new(other_job(job, priority, random)));
    }
}

fn other_job(id: &str, priority: i64, random: &mut Random) -> JobSpec {
    let migrate = MigrateStrategy {
        max_parallel: random.pick(&[None, Some(0), Some(1), Some(2)]),
        ..MigrateStrategy::default()
    };
    let task = Task { name: "main".into(), driver: "docker".into(), ..Task::default() };
    let mut volumes = IndexMap::new();
    if random.percent(10) {
        let writer = VolumeRequest {
            volume_type: "host".into(),
            source: "shared".into(),
            ..VolumeRequest::default()
        };
        volumes.insert("vol".into(), writer);
    }
    let group = TaskGroup {
        name: "main".into(),
        migrate: Some(migrate),
        tasks: vec![task],
        volumes,
        ..TaskGroup::default()
    };
    JobSpec {
        id: id.into(),
        priority: Some(priority),
        task_groups: vec![group],
        ..JobSpec::default()
    }
}

/// Two allocations that hold one port.
fn colliding(node: &Node, random: &mut Random) -> Vec<Allocation> {
    let Some(address) = node.addresses().first() else { return Vec::new() };
    let port = AllocatedPort {
        label: "p".into(),
        value: 7_777,
        host_ip: address.ip.clone(),
        ..AllocatedPort::default()
    };
    let one = |number: usize| {
        let mut resources = AllocatedResources::default();
        resources.shared.ports = vec![port.clone()];
        let mut allocation =
            Allocation { allocated_resources: Some(resources), ..Allocation::default() };
        let id = format!("alloc-{}-c{number}", &node.id[..8]);
        finish(&mut allocation, id, node, "colliding", &mut random.clone());
        allocation
    };
    (0..2).map(one).collect()
}

/// An allocation of the test's first job.
fn own(node: &Node, job: &JobSpec, index: &mut usize, random: &mut Random) -> Allocation {
    let mut allocation = legacy(20, 20, 10);
    finish(&mut allocation, format!("own-{}", &node.id[..8]), node, &job.id, random);
    let group = &job.task_groups[random.below(job.task_groups.len())].name;
    allocation.namespace.clone_from(&job.namespace);
    allocation.name = format!("{}.{group}[{index}]", job.id);
    allocation.task_group.clone_from(group);
    allocation.job = random.percent(50).then(|| Arc::new(job.clone()));
    *index += 1 + random.below(2);
    allocation
}
