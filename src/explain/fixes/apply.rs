//! Carrying out the actions of a fix: on jobs, on nodes and on states.
//!
//! What is reported as a fix was carried out by the same functions on a copy of the state and found to
//! work there.

use indexmap::{IndexMap, IndexSet};
use thiserror::Error;

use crate::feasibility::fix_action::FixAction;
use crate::feasibility::reason::DISTINCT_HOSTS;
use crate::model::resources::{CpuCore, CpuTopology, NodeProcessors};
use crate::model::{
    ClientStatus, Constraint, DesiredStatus, DriverInfo, HostVolume, Job, JobErrors, JobSpec,
    NetworkResource, Node, NodeErrors, NodeNetwork, NodeNetworkAddress, NodeResources, NodeSpec,
    Operand, TaskGroup,
};
use crate::state::slots::AllocationRef;
use crate::state::transaction::Transaction;

/// Why a fix cannot be carried out on something.
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// use stowplan::FixError;
///
/// let placement = cluster.place(&job, &PlaceOptions::default());
/// let explanation = placement.failed()[0].explain(&cluster);
/// let other = job.changed(|spec| spec.id = "shop".into())?;
/// let error = explanation.fixes()[0].apply_to(&cluster, &other).unwrap_err();
/// assert_eq!(error, FixError::OtherJob { expected: "web".into(), found: "shop".into() });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FixError {
    /// It is for another job.
    #[error("the fix is for the job `{expected}`, not for `{found}`")]
    OtherJob {
        /// The identity of the job that it is for.
        expected: String,
        /// The identity of the job that was given.
        found: String,
    },
    /// The job does not have what the fix takes away or changes.
    #[error("the job has no {what}")]
    NotInJob {
        /// What is missing.
        what: String,
    },
    /// A node is not there.
    #[error("there is no node with the ID `{id}`")]
    UnknownNode {
        /// The node.
        id: String,
    },
    /// An allocation that should go is not there.
    #[error("there is no allocation with the ID `{id}`")]
    UnknownAllocation {
        /// The allocation.
        id: String,
    },
    /// The changed job is not valid.
    #[error("the changed job is not valid: {0}")]
    Job(JobErrors),
    /// A changed node is not valid.
    #[error("the changed node is not valid: {0}")]
    Node(NodeErrors),
}

/// The job with the changes that actions make to it for one of its groups.
pub(super) fn change_job(job: &Job, group: &str, actions: &[FixAction]) -> Result<Job, FixError> {
    if actions.iter().all(|action| !action.nodes().is_empty()) {
        return Ok(job.clone());
    }
    let mut result = Ok(());
    let changed = job.changed(|spec| result = change_spec(spec, group, actions));
    result?;
    changed.map_err(FixError::Job)
}

fn change_spec(spec: &mut JobSpec, group: &str, actions: &[FixAction]) -> Result<(), FixError> {
    let Some(at) = spec.task_groups.iter().position(|it| it.name == group) else {
        return Err(FixError::NotInJob { what: format!("group `{group}`") });
    };
    for action in actions {
        match action {
            FixAction::DropConstraint { text, .. } => drop_constraint(spec, at, text)?,
            FixAction::RaiseDistinctProperty { text, allowed, .. } => {
                raise_distinct_property(spec, at, text, *allowed)?;
            }
            FixAction::AllowDatacenter { datacenter } => {
                spec.datacenters.push(datacenter.clone());
            }
            FixAction::UsePool { pool } => spec.node_pool.clone_from(pool),
            _ => {}
        }
    }
    match spec.task_groups.get_mut(at) {
        Some(group) => change_group(group, actions),
        None => Ok(()),
    }
}

/// Where a job has a constraint that counts for one of its groups.
pub(super) fn paths_of(spec: &JobSpec, at: usize, text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut look = |prefix: &str, constraints: &[Constraint]| {
        let same = constraints.iter().enumerate().filter(|(_, it)| says(it, text));
        paths.extend(same.map(|(place, _)| format!("{prefix}Constraints[{place}]")));
    };
    look("", &spec.constraints);
    if let Some(group) = spec.task_groups.get(at) {
        look(&format!("TaskGroups[{at}]."), &group.constraints);
        for (task_at, task) in group.tasks.iter().enumerate() {
            look(&format!("TaskGroups[{at}].Tasks[{task_at}]."), &task.constraints);
        }
    }
    paths
}

/// The text by which a constraint filters.
pub(super) fn text_of(constraint: &Constraint) -> String {
    match constraint.operand {
        Operand::DistinctHosts => DISTINCT_HOSTS.into(),
        _ => constraint.to_string(),
    }
}

fn says(constraint: &Constraint, text: &str) -> bool {
    !constraint.is_soft() && text_of(constraint) == text
}

/// The lists of constraints that count for a group.
fn constraint_lists(spec: &mut JobSpec, at: usize) -> impl Iterator<Item = &mut Vec<Constraint>> {
    let of_group = spec.task_groups.get_mut(at).into_iter().flat_map(|group| {
        let tasks = group.tasks.iter_mut().map(|task| &mut task.constraints);
        std::iter::once(&mut group.constraints).chain(tasks)
    });
    std::iter::once(&mut spec.constraints).chain(of_group)
}

fn drop_constraint(spec: &mut JobSpec, at: usize, text: &str) -> Result<(), FixError> {
    let mut dropped = 0;
    for constraints in constraint_lists(spec, at) {
        let before = constraints.len();
        constraints.retain(|it| !says(it, text));
        dropped += before - constraints.len();
    }
    found(dropped > 0, || format!("constraint `{text}`"))
}

fn raise_distinct_property(
    spec: &mut JobSpec,
    at: usize,
    text: &str,
    allowed: u64,
) -> Result<(), FixError> {
    let mut raised = 0;
    for constraint in constraint_lists(spec, at).flatten().filter(|it| says(it, text)) {
        constraint.r_target = allowed.to_string();
        raised += 1;
    }
    found(raised > 0, || format!("constraint `{text}`"))
}

/// Takes from a group what actions drop of it. The places in its lists are those before any was
/// dropped, so the last ones go first.
pub(super) fn change_group(group: &mut TaskGroup, actions: &[FixAction]) -> Result<(), FixError> {
    let mut requests: Vec<(&str, usize, &str)> = Vec::new();
    for action in actions {
        match action {
            FixAction::DropNetwork { task, .. } => drop_network(group, task.as_deref())?,
            FixAction::DropPort { task, label, port } => {
                drop_port(group, task.as_deref(), label, *port)?;
            }
            FixAction::DropDevices { task, request, devices } => {
                requests.push((task, *request, devices));
            }
            FixAction::DropCores { task } => drop_cores(group, task)?,
            FixAction::DropVolume { alias } => {
                let dropped = group.volumes.shift_remove(alias);
                found(dropped.is_some(), || format!("volume `{alias}`"))?;
            }
            _ => {}
        }
    }
    requests.sort_unstable_by(|a, b| b.cmp(a));
    for (task, request, devices) in requests {
        let resources = group.tasks.iter_mut().find(|it| it.name == task);
        let list = resources.and_then(|task| Some(&mut task.resources.as_mut()?.devices));
        let asked = list.filter(|list| list.get(request).is_some_and(|it| it.name == devices));
        match asked {
            Some(list) => {
                list.remove(request);
            }
            None => found(false, || format!("request for devices `{devices}`"))?,
        }
    }
    Ok(())
}

fn drop_network(group: &mut TaskGroup, task: Option<&str>) -> Result<(), FixError> {
    let networks = networks_of(group, task);
    let had_any = networks.as_ref().is_some_and(|list| !list.is_empty());
    if let Some(networks) = networks {
        networks.clear();
    }
    found(had_any, || match task {
        Some(task) => format!("network of the task `{task}`"),
        None => "network of the group".into(),
    })
}

fn drop_port(
    group: &mut TaskGroup,
    task: Option<&str>,
    label: &str,
    port: i64,
) -> Result<(), FixError> {
    let network = networks_of(group, task).and_then(|networks| networks.first_mut());
    let dropped = network.is_some_and(|network| {
        [&mut network.reserved_ports.0, &mut network.dynamic_ports.0].into_iter().any(|ports| {
            let at = ports.iter().position(|it| it.label == label && it.value == port);
            at.map(|at| ports.remove(at)).is_some()
        })
    });
    found(dropped, || format!("port `{label}`"))
}

fn drop_cores(group: &mut TaskGroup, task: &str) -> Result<(), FixError> {
    let task_resources = group.tasks.iter_mut().find(|it| it.name == task);
    let resources = task_resources.and_then(|task| task.resources.as_mut());
    let with_cores = resources.filter(|resources| resources.cores() > 0);
    let had_any = with_cores.is_some();
    if let Some(resources) = with_cores {
        // Without cores the default of CPU counts again.
        (resources.cores, resources.cpu) = (None, None);
    }
    found(had_any, || format!("cores of the task `{task}`"))
}

fn networks_of<'a>(
    group: &'a mut TaskGroup,
    task: Option<&str>,
) -> Option<&'a mut Vec<crate::model::NetworkResource>> {
    match task {
        None => Some(&mut group.networks),
        Some(name) => {
            let task = group.tasks.iter_mut().find(|task| task.name == name)?;
            Some(&mut task.resources.as_mut()?.networks)
        }
    }
}

fn found(is_there: bool, what: impl FnOnce() -> String) -> Result<(), FixError> {
    if is_there { Ok(()) } else { Err(FixError::NotInJob { what: what() }) }
}

/// A node with the changes of actions, all of which are for it.
pub(crate) fn change_node<'a>(
    node: &Node,
    actions: impl Iterator<Item = &'a FixAction>,
) -> Result<Node, FixError> {
    let changed = node.changed(|spec| {
        for action in actions {
            change_node_spec(spec, node, action);
        }
    });
    changed.map_err(FixError::Node)
}

pub(crate) fn change_node_spec(spec: &mut NodeSpec, node: &Node, action: &FixAction) {
    match action {
        FixAction::MakeReady { .. } => {
            "ready".clone_into(&mut spec.status);
            "eligible".clone_into(&mut spec.scheduling_eligibility);
            spec.drain = false;
            spec.drain_strategy = None;
        }
        FixAction::AddDriver { driver, .. } => {
            let healthy = DriverInfo { detected: true, healthy: true, ..DriverInfo::default() };
            spec.drivers.insert(driver.clone(), healthy);
        }
        FixAction::AddSecretsProvider { provider, .. } => {
            let attribute = format!("plugins.secrets.{provider}.version");
            spec.attributes.insert(attribute, "1.0.0".into());
        }
        FixAction::AddVolume { volume, .. } => {
            let new = || HostVolume { name: volume.clone(), ..HostVolume::default() };
            spec.host_volumes.entry(volume.clone()).or_insert_with(new).read_only = false;
        }
        FixAction::AddNetwork { mode, .. } => add_network(spec, node, mode),
        FixAction::RaiseMaxAllocations { allocations, .. } => {
            spec.node_max_allocs += i64::from(*allocations);
        }
        FixAction::RepairDevices { devices, .. } => repair_devices(spec, devices),
        FixAction::AddResources { cpu_mhz, memory_mb, disk_mb, .. } => {
            let resources = spec.node_resources.get_or_insert_default();
            let (memory, disk) = (&mut resources.memory.memory_mb, &mut resources.disk.disk_mb);
            *memory = memory.saturating_add(*memory_mb);
            *disk = disk.saturating_add(*disk_mb);
            if *cpu_mhz > 0 {
                let total = &mut explicit_topology(resources, node).override_total_compute;
                *total = total.saturating_add(*cpu_mhz);
            }
        }
        FixAction::AddCores { cores, .. } => {
            let resources = spec.node_resources.get_or_insert_default();
            let speed_mhz = core_speed_mhz(node);
            let topology = explicit_topology(resources, node);
            let used_ids = topology.cores.iter().map(|core| core.id);
            let first = used_ids.max().map_or(0, |last| last + 1);
            topology.cores.extend((first..).take(*cores as usize).map(|id| core(id, speed_mhz)));
            let more = speed_mhz.saturating_mul(i64::from(*cores));
            topology.override_total_compute = topology.override_total_compute.saturating_add(more);
        }
        _ => {}
    }
}

/// Adds a network of a mode. What needs an address to take ports on finds one.
fn add_network(spec: &mut NodeSpec, node: &Node, mode: &str) {
    let resources = spec.node_resources.get_or_insert_default();
    resources.networks.push(NetworkResource { mode: mode.into(), ..NetworkResource::default() });
    if node.addresses().is_empty() {
        let address = NodeNetworkAddress {
            family: "ipv4".into(),
            alias: "default".into(),
            address: "10.0.0.1".into(),
            ..NodeNetworkAddress::default()
        };
        resources.node_networks.push(NodeNetwork {
            mode: "host".into(),
            addresses: vec![address],
            ..NodeNetwork::default()
        });
    }
}

fn repair_devices(spec: &mut NodeSpec, devices: &str) {
    let pattern: Vec<&str> = devices.split('/').collect();
    let is_asked_for = |it: &&mut crate::model::NodeDevice| {
        let names = [it.vendor.as_str(), it.device_type.as_str(), it.name.as_str()];
        let names = if pattern.len() == 1 { &names[1..] } else { &names[..] };
        pattern.iter().zip(names).all(|(asked, name)| asked.is_empty() || asked == name)
    };
    let resources = spec.node_resources.get_or_insert_default();
    for device in resources.devices.iter_mut().filter(is_asked_for) {
        device.instances.iter_mut().for_each(|instance| instance.healthy = true);
    }
}

/// The speed of a new core: that of the fastest there is.
pub(super) fn core_speed_mhz(node: &Node) -> i64 {
    node.cores().iter().map(|core| core.speed_mhz).max().unwrap_or(0)
}

fn core(id: i64, base_speed: i64) -> CpuCore {
    CpuCore { id, base_speed, ..CpuCore::default() }
}

/// The topology of a node with the total written out, so that the total can grow without the cores
/// getting faster. Where the document has no cores, those that tasks may have are written out too.
fn explicit_topology<'a>(resources: &'a mut NodeResources, node: &Node) -> &'a mut CpuTopology {
    let total = resources.cpu_mhz();
    let processors = resources.processors.get_or_insert_with(NodeProcessors::default);
    let topology = processors.topology.get_or_insert_default();
    if topology.cores.is_empty() {
        let cores = node.cores().iter().map(|it| core(i64::from(it.id), it.speed_mhz));
        topology.cores = cores.collect();
    }
    topology.override_total_compute = total;
    topology
}

/// Makes the changes of actions to the nodes and the allocations of a state.
pub(crate) fn change_state(
    state: &mut Transaction<'_>,
    actions: &[FixAction],
) -> Result<(), FixError> {
    for (id, actions) in by_node(actions) {
        let node = state.find_node(id).and_then(|slot| state.node(slot));
        let node = node.ok_or_else(|| FixError::UnknownNode { id: id.into() })?;
        let changed = change_node(&node.node, actions.into_iter())?;
        state.upsert_node(changed);
    }
    for id in evicted(actions) {
        let victim = state.find_allocation(id);
        let victim = victim.ok_or_else(|| FixError::UnknownAllocation { id: id.into() })?;
        // What would be evicted is looked at as gone.
        state.evict(victim, AllocationRef::NONE);
        state.set_status(victim, DesiredStatus::Evict, ClientStatus::Complete);
    }
    Ok(())
}

/// What actions do to each node.
pub(crate) fn by_node(actions: &[FixAction]) -> IndexMap<&str, Vec<&FixAction>> {
    let mut by_node: IndexMap<&str, Vec<&FixAction>> = IndexMap::new();
    for action in actions.iter().filter(|it| !matches!(it, FixAction::Evict { .. })) {
        let nodes: IndexSet<&str> = action.nodes().iter().map(String::as_str).collect();
        for node in nodes {
            by_node.entry(node).or_default().push(action);
        }
    }
    by_node
}

/// The allocations that actions evict.
pub(crate) fn evicted(actions: &[FixAction]) -> impl Iterator<Item = &str> {
    actions.iter().flat_map(|action| match action {
        FixAction::Evict { allocations, .. } => allocations.iter().map(String::as_str),
        _ => [].iter().map(String::as_str),
    })
}
