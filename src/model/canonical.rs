//! Canonical documents: what a valid document leaves out is filled in (specification, sections 1.1
//! and 1.2). Making a canonical document canonical changes nothing.

use std::net::IpAddr;

use super::constraint::{Affinity, Spread, WEIGHT_DEFAULT};
use super::job_spec::{COUNT_DEFAULT, EphemeralDisk, JobSpec, PRIORITY_DEFAULT, Task, TaskGroup};
use super::network::{NetworkResource, NodeNetwork, NodeNetworkAddress};
use super::node_spec::NodeSpec;
use super::resources::{NodeReservedResources, NodeResources, Resources};

/// Fills in an empty text.
fn fill(text: &mut String, default: &str) {
    if text.is_empty() {
        default.clone_into(text);
    }
}

/// Completes a job.
pub(super) fn job(spec: &mut JobSpec) {
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
    spec.task_groups.iter_mut().for_each(group);
}

fn group(group: &mut TaskGroup) {
    group.count.get_or_insert(COUNT_DEFAULT);
    affinities(&mut group.affinities);
    spreads(&mut group.spreads);
    for (alias, volume) in &mut group.volumes {
        fill(&mut volume.name, alias);
    }
    // Disk asked for by tasks is the first API's way to ask for the group's. It stays where it is, or
    // the document would say something that its era does not know.
    let mut task_disk = group.tasks.iter().filter_map(|task| task.resources.as_ref()?.disk_mb);
    if group.ephemeral_disk.is_some() || !task_disk.any(|disk_mb| disk_mb > 0) {
        let size_mb = group.disk_mb();
        let disk = group.ephemeral_disk.get_or_insert_with(EphemeralDisk::default);
        disk.size_mb = Some(size_mb);
    }
    group.tasks.iter_mut().for_each(task);
}

fn task(task: &mut Task) {
    affinities(&mut task.affinities);
    let resources = task.resources.get_or_insert_with(Resources::default);
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
