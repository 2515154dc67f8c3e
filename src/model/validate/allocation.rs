//! Allocations (docs/placement.md, sections 1.2 to 1.4 and 4.1).

use super::{CORES_MAX, amount, keys, name, one_of, optional_name, range};
use crate::model::allocation::Allocation;
use crate::model::errors::AllocationErrors;
use crate::model::network::NetworkResource;
use crate::model::problem::{Path, Problem, Problems, ROOT, excerpt};
use crate::model::resources::{
    AllocatedResources, AllocatedSharedResources, AllocatedTaskResources, Resources,
};

/// What the server wants of allocations; `failed` is the first API's.
const DESIRED_STATUSES: [&str; 4] = ["run", "stop", "evict", "failed"];

/// What the client says of allocations; `dead` is the first API's.
const CLIENT_STATUSES: [&str; 7] =
    ["pending", "running", "complete", "failed", "lost", "unknown", "dead"];

/// The largest number of a port or a core.
const U16_MAX: i64 = 65_535;

impl Allocation {
    /// Checks the allocation by itself: its names are there, its statuses known, its amounts and ports
    /// in range. Whether its node exists and has room for it is the cluster's to say; the job that it
    /// may hold is checked by making a [`Job`](crate::model::Job) of it.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, each with its path.
    ///
    /// ```
    /// use stowplan::model::read;
    ///
    /// let allocations = read::allocations(
    ///     r#"[{"ID": "a1", "JobID": "web", "TaskGroup": "front", "ClientStatus": "runing"}]"#,
    /// )?;
    /// assert_eq!(
    ///     allocations[0].check().unwrap_err().to_string(),
    ///     "ClientStatus: unknown status `runing`, known are `pending`, `running`, `complete`, \
    ///      `failed`, `lost`, `unknown`, `dead`",
    /// );
    /// # Ok::<(), read::ReadError>(())
    /// ```
    pub fn check(&self) -> Result<(), AllocationErrors> {
        AllocationErrors::check(allocation(self))
    }
}

/// Everything that is wrong with an allocation. The job that it may hold is not looked into: that is
/// done where a [`Job`](crate::model::Job) is made of it.
fn allocation(spec: &Allocation) -> Vec<Problem> {
    let mut problems = Problems::default();
    keys(&mut problems, &ROOT, spec);
    name(&mut problems, ROOT.key("ID"), &spec.id, "an allocation", "an ID");
    name(&mut problems, ROOT.key("JobID"), &spec.job_id, "an allocation", "the ID of its job");
    name(&mut problems, ROOT.key("TaskGroup"), &spec.task_group, "an allocation", "its group");
    optional_name(&mut problems, ROOT.key("NodeID"), &spec.node_id);
    optional_name(&mut problems, ROOT.key("Namespace"), &spec.namespace);
    for (key, status, known) in [
        ("DesiredStatus", &spec.desired_status, &DESIRED_STATUSES[..]),
        ("ClientStatus", &spec.client_status, &CLIENT_STATUSES[..]),
    ] {
        if !status.is_empty() {
            one_of(&mut problems, ROOT.key(key), status, "status", known);
        }
    }
    if let Some(job) = &spec.job
        && job.id != spec.job_id
    {
        let message = format!(
            "expected the `JobID`, `{}`, found `{}`",
            excerpt(&spec.job_id),
            excerpt(&job.id)
        );
        problems.add(ROOT.key("Job").key("ID"), message);
    }
    if let Some(held) = &spec.allocated_resources {
        resources(&mut problems, &ROOT.key("AllocatedResources"), held);
    }
    if let Some(held) = &spec.resources {
        legacy(&mut problems, &ROOT.key("Resources"), held);
    }
    for (task, held) in spec.task_resources.iter().flatten() {
        legacy(&mut problems, &ROOT.key("TaskResources").key(task), held);
    }
    problems.into_vec()
}

fn resources(problems: &mut Problems, at: &Path<'_>, held: &AllocatedResources) {
    keys(problems, at, held);
    let tasks = at.key("Tasks");
    for (name, task) in &held.tasks {
        task_resources(problems, &tasks.key(name), task);
    }
    shared(problems, &at.key("Shared"), &held.shared);
}

fn task_resources(problems: &mut Problems, at: &Path<'_>, held: &AllocatedTaskResources) {
    keys(problems, at, held);
    let (cpu, memory) = (at.key("Cpu"), at.key("Memory"));
    keys(problems, &cpu, &held.cpu);
    keys(problems, &memory, &held.memory);
    amount(problems, cpu.key("CpuShares"), held.cpu.cpu_shares, " MHz");
    let cores = cpu.key("ReservedCores");
    for (i, core) in held.cpu.reserved_cores.iter().enumerate() {
        range(problems, cores.index(i), *core, 0, U16_MAX, "");
    }
    amount(problems, memory.key("MemoryMB"), held.memory.memory_mb, " MB");
    if held.memory.memory_max_mb != -1 {
        amount(problems, memory.key("MemoryMaxMB"), held.memory.memory_max_mb, " MB");
    }
    networks(problems, at, &held.networks);
    let devices = at.key("Devices");
    for (i, device) in held.devices.iter().enumerate() {
        keys(problems, &devices.index(i), device);
    }
}

fn shared(problems: &mut Problems, at: &Path<'_>, held: &AllocatedSharedResources) {
    keys(problems, at, held);
    amount(problems, at.key("DiskMB"), held.disk_mb, " MB");
    networks(problems, at, &held.networks);
    let ports = at.key("Ports");
    for (i, port) in held.ports.iter().enumerate() {
        let at = ports.index(i);
        keys(problems, &at, port);
        range(problems, at.key("Value"), port.value, 0, U16_MAX, "");
    }
}

fn networks(problems: &mut Problems, at: &Path<'_>, networks: &[NetworkResource]) {
    let list = at.key("Networks");
    for (i, network) in networks.iter().enumerate() {
        let at = list.index(i);
        keys(problems, &at, network);
        amount(problems, at.key("MBits"), network.mbits(), " MBit/s");
        for (key, ports) in
            [("ReservedPorts", &network.reserved_ports), ("DynamicPorts", &network.dynamic_ports)]
        {
            let list = at.key(key);
            for (j, port) in ports.iter().enumerate() {
                let at = list.index(j);
                keys(problems, &at, port);
                range(problems, at.key("Value"), port.value, 0, U16_MAX, "");
            }
        }
    }
}

/// Checks what an allocation or a task holds in a document of the first API.
fn legacy(problems: &mut Problems, at: &Path<'_>, held: &Resources) {
    keys(problems, at, held);
    amount(problems, at.key("CPU"), held.cpu.unwrap_or(0), " MHz");
    range(problems, at.key("Cores"), held.cores.unwrap_or(0), 0, CORES_MAX, " cores");
    amount(problems, at.key("MemoryMB"), held.memory_mb.unwrap_or(0), " MB");
    amount(problems, at.key("DiskMB"), held.disk_mb.unwrap_or(0), " MB");
    networks(problems, at, &held.networks);
}
