//! Canonical documents: what a valid document leaves out is filled in (docs/placement.md, sections
//! 1.1 and 1.2). Making a canonical document canonical changes nothing.

use std::net::IpAddr;

use super::constraint::{Affinity, Spread, WEIGHT_DEFAULT};
use super::document::Extra;
use super::era::Era;
use super::job_spec::{COUNT_DEFAULT, DISK_MB_DEFAULT, JobSpec, PRIORITY_DEFAULT, Task, TaskGroup};
use super::job_type::JobType;
use super::network::{DEFAULT_HOST_NETWORK, NetworkResource, NodeNetwork, NodeNetworkAddress};
use super::node_spec::NodeSpec;
use super::resources::{NodeReservedResources, NodeResources, Resources};
use super::strategy::UpdateStrategy;

/// Fills in an empty text, in as much memory as it needs.
pub(super) fn fill(text: &mut String, default: &str) {
    if text.is_empty() {
        *text = default.to_owned();
    }
}

/// Takes out keys with nothing under them: whether a document of today has them makes no difference. One of
/// the first API keeps what it was written with.
fn says_nothing(extra: &mut Extra) {
    if !extra.is_empty() {
        extra.retain(|_, value| !value.is_null());
    }
}

/// Completes a job of an era.
pub(super) fn job(spec: &mut JobSpec, era: Era) {
    fill(&mut spec.region, "global");
    fill(&mut spec.namespace, "default");
    fill(&mut spec.name, &spec.id);
    fill(&mut spec.job_type, "service");
    fill(&mut spec.node_pool, "default");
    spec.priority.get_or_insert(PRIORITY_DEFAULT);
    if spec.datacenters.is_empty() {
        spec.datacenters.push("*".to_owned());
    }
    affinities(&mut spec.affinities);
    spreads(&mut spec.spreads);
    match era {
        Era::First => {
            let update = spec.update.get_or_insert_default();
            update.stagger.get_or_insert_default();
            update.max_parallel.get_or_insert_default();
            spec.task_groups.iter_mut().for_each(first_group);
        }
        Era::Today => {
            says_nothing(&mut spec.extra);
            // Batches come in one go, so that their groups have no update block.
            let has_updates = matches!(spec.job_type(), JobType::Service | JobType::System);
            let update = spec.update.as_ref().filter(|_| has_updates);
            spec.task_groups.iter_mut().for_each(|each| group(each, update));
        }
    }
}

/// Completes a group of the first API: with that API's keys only.
fn first_group(group: &mut TaskGroup) {
    group.count.get_or_insert(COUNT_DEFAULT);
    for each in &mut group.tasks {
        task(each);
        // Nothing reads it, but it says which API the document is of.
        each.resources.get_or_insert_default().iops.get_or_insert(0);
    }
}

/// Completes a group of today. The job's update block fills in what the group's leaves out.
fn group(group: &mut TaskGroup, update: Option<&UpdateStrategy>) {
    says_nothing(&mut group.extra);
    for each in &mut group.tasks {
        says_nothing(&mut each.extra);
        each.resources.iter_mut().for_each(|it| says_nothing(&mut it.extra));
    }
    group.count.get_or_insert(COUNT_DEFAULT);
    affinities(&mut group.affinities);
    spreads(&mut group.spreads);
    // An object has no order, so what comes first in the document must not come first elsewhere.
    group.volumes.sort_unstable_keys();
    for (alias, volume) in &mut group.volumes {
        fill(&mut volume.name, alias);
    }
    for network in &mut group.networks {
        let ports = network.reserved_ports.iter_mut().chain(network.dynamic_ports.iter_mut());
        ports.for_each(|port| fill(&mut port.host_network, DEFAULT_HOST_NETWORK));
    }
    // Disk that tasks ask for stays where it is.
    let mut task_disk = group.tasks.iter().filter_map(|task| task.resources.as_ref()?.disk_mb);
    if group.ephemeral_disk.is_some() || !task_disk.any(|disk_mb| disk_mb > 0) {
        let disk = group.ephemeral_disk.get_or_insert_default();
        disk.size_mb.get_or_insert(DISK_MB_DEFAULT);
    }
    if let Some(update) = update {
        group.update.get_or_insert_default().fill_from(update);
    }
    group.tasks.iter_mut().for_each(task);
}

fn task(task: &mut Task) {
    affinities(&mut task.affinities);
    let resources = task.resources.get_or_insert_default();
    resources.cpu = Some(resources.cpu_mhz());
    resources.memory_mb = Some(resources.memory_mb());
    for device in &mut resources.devices {
        device.count = Some(i64::from(device.count()));
        affinities(&mut device.affinities);
    }
}

fn affinities(affinities: &mut [Affinity]) {
    for affinity in affinities {
        affinity.weight.get_or_insert(WEIGHT_DEFAULT);
    }
}

fn spreads(spreads: &mut [Spread]) {
    for spread in spreads {
        spread.weight.get_or_insert(WEIGHT_DEFAULT);
    }
}

/// Completes a node.
pub(super) fn node(spec: &mut NodeSpec) {
    fill(&mut spec.node_pool, "default");
    fill(&mut spec.status, "ready");
    if spec.is_draining() {
        "ineligible".clone_into(&mut spec.scheduling_eligibility);
    }
    fill(&mut spec.scheduling_eligibility, "eligible");
    for (name, volume) in &mut spec.host_volumes {
        fill(&mut volume.name, name);
    }
    let legacy = spec.resources.as_ref().map(from_resources).unwrap_or_default();
    let resources = spec.node_resources.get_or_insert(legacy);
    if resources.node_networks.is_empty() {
        resources.node_networks = resources.networks.iter().map(node_network).collect();
    }
    if let (None, Some(reserved)) = (&spec.reserved_resources, &spec.reserved) {
        spec.reserved_resources = Some(from_reserved(reserved));
    }
}

/// What a node has, from a document of the first API.
fn from_resources(legacy: &Resources) -> NodeResources {
    let mut resources = NodeResources::default();
    resources.cpu.cpu_shares = legacy.cpu.unwrap_or(0);
    resources.memory.memory_mb = legacy.memory_mb.unwrap_or(0);
    resources.disk.disk_mb = legacy.disk_mb.unwrap_or(0);
    resources.networks.clone_from(&legacy.networks);
    resources
}

/// What of a node is reserved, from a document of the first API. Its ports are reserved on every
/// address here.
fn from_reserved(legacy: &Resources) -> NodeReservedResources {
    let mut reserved = NodeReservedResources::default();
    reserved.cpu.cpu_shares = legacy.cpu.unwrap_or(0);
    reserved.memory.memory_mb = legacy.memory_mb.unwrap_or(0);
    reserved.disk.disk_mb = legacy.disk_mb.unwrap_or(0);
    let ports = legacy.networks.iter().flat_map(|network| network.reserved_ports.iter());
    let ports: Vec<String> = ports.map(|port| port.value.to_string()).collect();
    reserved.networks.reserved_host_ports = ports.join(",");
    reserved
}

/// A node's network with its address, from the network with its bandwidth.
fn node_network(network: &NetworkResource) -> NodeNetwork {
    let family = match network.ip.parse() {
        Ok(IpAddr::V6(_)) => "ipv6",
        _ => "ipv4",
    };
    let address = NodeNetworkAddress {
        family: family.to_owned(),
        alias: "default".to_owned(),
        address: network.ip.clone(),
        ..NodeNetworkAddress::default()
    };
    NodeNetwork {
        mode: network.mode.clone(),
        device: network.device.clone(),
        speed: network.mbits(),
        addresses: if network.ip.is_empty() { Vec::new() } else { vec![address] },
        ..NodeNetwork::default()
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Job, Node, read};

    /// A job of one group with one task, made of the keys of each.
    fn job(job: &str, group: &str, task: &str) -> Job {
        Job::from_json(format!(
            r#"{{"ID": "web", {job} "TaskGroups": [{{"Name": "g", {group} "Tasks": [
                {{"Name": "t", {task} "Driver": "exec"}}]}}]}}"#
        ))
        .unwrap()
    }

    #[test]
    fn what_a_job_leaves_out_is_filled_in() {
        let job = job(
            r#""Affinities": [{"LTarget": "${meta.a}", "RTarget": "b"}],"#,
            r#""Spreads": [{"Attribute": "${meta.a}"}], "Volumes": {"v": {"Type": "host", "Source": "s"}},"#,
            r#""Resources": {"Devices": [{"Name": "gpu"}]},"#,
        );
        assert_eq!((job.region.as_str(), job.namespace.as_str()), ("global", "default"));
        assert_eq!((job.name.as_str(), job.spec().job_type.as_str()), ("web", "service"));
        assert_eq!((job.spec().priority, job.node_pool.as_str()), (Some(50), "default"));
        assert_eq!(job.datacenters, ["*"]);
        assert_eq!(job.affinities[0].weight, Some(50));
        let group = &job.task_groups[0];
        assert_eq!((group.count, group.spreads[0].weight), (Some(1), Some(50)));
        assert_eq!(group.ephemeral_disk.as_ref().unwrap().size_mb, Some(300));
        assert_eq!(group.volumes["v"].name, "v");
        let resources = group.tasks[0].resources.as_ref().unwrap();
        assert_eq!((resources.cpu, resources.memory_mb), (Some(100), Some(300)));
        assert_eq!(resources.devices[0].count, Some(1));
    }

    #[test]
    fn whole_cores_come_without_the_default_of_cpu() {
        let cpu = |resources| {
            let job = job("", "", &format!(r#""Resources": {resources},"#));
            job.task_groups[0].tasks[0].resources.as_ref().unwrap().cpu
        };
        assert_eq!(cpu(r#"{"Cores": 2}"#), Some(0));
        assert_eq!(cpu(r#"{"Cores": 2, "CPU": 700}"#), Some(700));
        assert_eq!(cpu(r#"{"Cores": 0}"#), Some(100));
        assert_eq!(cpu(r#"{"CPU": 0}"#), Some(0));
        assert_eq!(cpu("null"), Some(100));
    }

    #[test]
    fn disk_of_tasks_is_the_groups_in_the_first_api() {
        let disk_mb = |group, task| job("", group, task).task_groups[0].disk_mb();
        assert_eq!(disk_mb("", r#""Resources": {"DiskMB": 500},"#), 500);
        assert_eq!(disk_mb("", r#""Resources": {"DiskMB": 5},"#), 5);
        assert_eq!(disk_mb("", r#""Resources": {"DiskMB": 0},"#), 0);
        assert_eq!(disk_mb("", r#""Resources": {"IOPS": 0},"#), 300);
        let today = r#""RestartPolicy": {"Mode": "fail"},"#;
        assert_eq!(disk_mb(today, r#""Resources": {"DiskMB": 0},"#), 300);
        assert_eq!(disk_mb(r#""EphemeralDisk": {"SizeMB": 40},"#, ""), 40);
        assert_eq!(disk_mb(r#""EphemeralDisk": {"Sticky": true},"#, ""), 300);
    }

    #[test]
    fn regions_and_gateways_may_bring_what_is_missing() {
        let regions = r#"{"ID": "web", "Multiregion": {"Regions": []}, "TaskGroups": null}"#;
        assert_eq!(Job::from_json(regions).unwrap().task_groups, []);
        let gateway = |gateway| {
            Job::from_json(format!(
                r#"{{"ID": "web", "TaskGroups": [{{"Name": "g", "Tasks": null,
                    "Services": [{{"Connect": null}}, {{"Connect": {{"Gateway": {gateway}}}}}]}}]}}"#
            ))
        };
        assert!(gateway("{}").is_ok());
        assert!(gateway("null").is_err());
    }

    #[test]
    fn a_node_of_the_first_api_has_todays_resources() {
        let node = Node::from_json(
            r#"{"ID": "n", "Datacenter": "dc1", "Drain": true, "SchedulingEligibility": "eligible",
                "Resources": {"CPU": 4000, "MemoryMB": 8192, "DiskMB": 9000, "Networks": [
                    {"Device": "eth0", "CIDR": "10.0.0.4/24", "IP": "10.0.0.4", "MBits": 100},
                    {"Device": "eth0", "CIDR": "fd00::4/64", "IP": "fd00::4", "MBits": 100},
                    {"Device": "eth1"}]},
                "Reserved": {"CPU": 100, "MemoryMB": 256, "Networks": [{"ReservedPorts": [22, 80]}]}}"#,
        )
        .unwrap();
        assert_eq!((node.cpu_mhz(), node.memory_mb(), node.disk_mb()), (4000, 8192, 9000));
        assert_eq!((node.reserved_cpu_mhz(), node.reserved_memory_mb()), (100, 256));
        assert_eq!(node.reserved_ports(), [22..=22, 80..=80]);
        assert_eq!((node.status.as_str(), node.is_ready()), ("ready", false));
        assert_eq!(node.scheduling_eligibility, "ineligible");
        let addresses: Vec<_> =
            node.addresses().iter().map(|a| (a.alias.as_str(), a.ip.as_str())).collect();
        assert_eq!(addresses, [("default", "10.0.0.4"), ("default", "fd00::4")]);
        let families = node.node_resources.as_ref().unwrap().node_networks.iter();
        let families: Vec<_> =
            families.flat_map(|n| &n.addresses).map(|a| a.family.as_str()).collect();
        assert_eq!(families, ["ipv4", "ipv6"]);
    }

    #[test]
    fn reading_fills_in_nothing() {
        let spec = read::job(r#"{"ID": "web"}"#).unwrap();
        assert_eq!((spec.priority, spec.namespace.as_str()), (None, ""));
    }
}
