//! Compact records read as the API's documents, made when asked for.

use indexmap::IndexMap;

use super::State;
use super::batch::Batch;
use super::group_version::GroupVersion;
use super::ids;
use super::lifecycle::{Health, LifecycleRecord, Rare};
use super::node::Cidr;
use super::past::Parts;
use super::slots::{AllocationRef, AllocationSlot, DeploymentRef, EvaluationRef};
use super::usage::{HeldDevice, Holdings};
use crate::model::network::Port;
use crate::model::{
    AllocatedCpuResources, AllocatedDevice, AllocatedMemoryResources, AllocatedPort,
    AllocatedResources, AllocatedSharedResources, AllocatedTaskResources, Allocation,
    DesiredStatus, NetworkResource, Node, Ports, Task, TaskGroup,
};
use crate::rng::{hash_bytes, mix64};
use crate::time::Timestamp;

impl State {
    /// An allocation as the API has it, without its job.
    pub(crate) fn allocation_document(&self, slot: AllocationSlot) -> Option<Allocation> {
        self.document_of_parts(&self.parts_of(slot)?)
    }

    /// The same without what it holds and how it was placed, which cost more than all the rest to write
    /// down. What an allocation of an inventory says of these is there.
    pub(crate) fn allocation_outline(&self, slot: AllocationSlot) -> Option<Allocation> {
        self.outline_of(&self.parts_of(slot)?)
    }

    /// What an allocation that was placed here holds; none of one of an inventory, whose document says it.
    pub(crate) fn resources_of(&self, slot: AllocationSlot) -> Option<AllocatedResources> {
        self.parts_of(slot)?.resources()
    }

    pub(super) fn document_of_parts(&self, parts: &Parts<'_>) -> Option<Allocation> {
        let mut document = self.outline_of(parts)?;
        if parts.document().is_none() {
            document.allocated_resources = parts.resources();
            document.metrics = parts.batch?.metrics(parts.record.in_batch as usize);
        }
        Some(document)
    }

    fn outline_of(&self, parts: &Parts<'_>) -> Option<Allocation> {
        let Parts { slot, record, .. } = *parts;
        let mut document = match parts.document() {
            Some(document) => document.clone(),
            None => {
                let id = ids::encode(self.identity_seed, slot.0, record.generation);
                outline(parts.batch?, parts.version()?, record.in_batch as usize, id)
            }
        };
        document.desired_status = record.desired.as_str().into();
        document.client_status = record.client.as_str().into();
        if let Some(lifecycle) = parts.lifecycle() {
            self.write_lifecycle(&lifecycle, &mut document);
        }
        Some(document)
    }

    /// Writes into an allocation's document what happened to it.
    fn write_lifecycle(&self, lifecycle: &LifecycleRecord, document: &mut Allocation) {
        document.modify_index = lifecycle.modify_index;
        document.alloc_modify_index = lifecycle.alloc_modify_index;
        document.modify_time = lifecycle.modify_time.as_nanos();
        let none = Rare::default();
        let rare = lifecycle.rare.as_deref().unwrap_or(&none);
        document.desired_description = lifecycle.desired_description().to_owned();
        document.client_description = rare.client_description.to_string();
        document.task_states = rare.task_states.documents();
        document.alloc_states.clone_from(&rare.client_states);
        document.network_status = rare.network_status.as_deref().cloned();
        document.reschedule_tracker = rare.reschedules.as_deref().cloned();
        self.write_origin(lifecycle, rare, document);
        document.previous_allocation =
            self.id_of_related(lifecycle.predecessor, &rare.predecessor_id);
        document.next_allocation = self.id_of_related(lifecycle.successor, &rare.successor_id);
        if document.desired() == DesiredStatus::Evict && lifecycle.evicted_by != AllocationRef::NONE
        {
            document.preempted_by_allocation = self.id_of_related(lifecycle.evicted_by, "");
            if document.desired_description.is_empty() {
                document.desired_description =
                    format!("Preempted by alloc ID {}", document.preempted_by_allocation);
            }
        }
        // What says the same already stays as it was written.
        let transition = &mut document.desired_transition;
        let told = lifecycle.transition;
        for (written, is_told) in [
            (&mut transition.migrate, told.migrate),
            (&mut transition.reschedule, told.reschedule),
            (&mut transition.force_reschedule, told.force_reschedule),
            (&mut transition.no_shutdown_delay, told.no_shutdown_delay),
            (&mut transition.migrate_disable_placement, told.disable_placement),
        ] {
            if is_told != (*written == Some(true)) {
                *written = is_told.then_some(true);
            }
        }
        let has_status = lifecycle.health != Health::Unknown || lifecycle.is_canary;
        if has_status || document.deployment_status.is_some() {
            let status = document.deployment_status.get_or_insert_default();
            status.healthy = lifecycle.health.verdict();
            status.canary = lifecycle.is_canary;
            status.timestamp = Some(lifecycle.health_time).filter(|it| *it != Timestamp::MIN);
            status.modify_index = rare.health_index;
        }
    }

    /// Writes the evaluations and the deployment that an allocation belongs to. What its document says
    /// stays where they were not known when it came.
    fn write_origin(&self, lifecycle: &LifecycleRecord, rare: &Rare, document: &mut Allocation) {
        if lifecycle.evaluation != EvaluationRef::NONE {
            document.eval_id = self.id_of_evaluation(lifecycle.evaluation);
        }
        if lifecycle.deployment != DeploymentRef::NONE {
            document.deployment_id = self.id_of_deployment(lifecycle.deployment);
        }
        if rare.follow_up != EvaluationRef::NONE {
            document.followup_eval_id = self.id_of_evaluation(rare.follow_up);
        }
    }

    /// The identity of an allocation that may be gone since; `id` is kept of one that was not made here.
    fn id_of_related(&self, related: AllocationRef, id: &str) -> String {
        if related == AllocationRef::NONE || !id.is_empty() {
            return id.to_owned();
        }
        ids::encode(self.identity_seed, related.slot.0, related.generation)
    }

    /// A number made of an allocation's name, node and ports.
    pub(crate) fn allocation_digest(&self, slot: AllocationSlot) -> u64 {
        let Some(record) = self.allocation(slot) else { return 0 };
        let name = self.allocation_name(slot);
        let node = self.node_id_of(slot).unwrap_or_default();
        let mut hash = mix64(hash_bytes(0, name.as_bytes()) ^ hash_bytes(1, node.as_bytes()));
        for port in record.holdings().iter().flat_map(|holdings| &holdings.ports) {
            hash = mix64(hash ^ hash_bytes(port.value as u64, port.ip.as_bytes()));
        }
        hash
    }
}

impl Parts<'_> {
    /// What it holds, unless an inventory says it.
    fn resources(&self) -> Option<AllocatedResources> {
        if self.document().is_some() {
            return None;
        }
        let none = Holdings::default();
        let holdings = self.record.holdings().unwrap_or(&none);
        Some(allocated_resources(self.version()?, self.node.map(|it| &it.node), holdings))
    }
}

/// A placement of a batch as the API has it.
pub(crate) fn document(
    batch: &Batch,
    version: &GroupVersion,
    at: usize,
    id: String,
    facts: Option<&Node>,
    holdings: &Holdings,
) -> Allocation {
    Allocation {
        allocated_resources: Some(allocated_resources(version, facts, holdings)),
        metrics: batch.metrics(at),
        ..outline(batch, version, at, id)
    }
}

/// The same without what it holds and how it was placed.
fn outline(batch: &Batch, version: &GroupVersion, at: usize, id: String) -> Allocation {
    let node = batch.node_of(at);
    let job = version.job_spec();
    Allocation {
        id,
        namespace: job.map_or_else(String::new, |job| job.namespace.clone()),
        name: batch.name_of(at),
        node_id: node.map_or_else(String::new, |node| node.id.to_string()),
        node_name: node.map_or_else(String::new, |node| node.name.to_string()),
        job_id: job.map_or_else(String::new, |job| job.id.clone()),
        task_group: version.group_name().to_owned(),
        // A job that was never registered has no versions.
        job_version: job.filter(|job| job.job_modify_index > 0).map(|job| job.version),
        desired_status: "run".into(),
        client_status: "pending".into(),
        preempted_allocations: batch.evicted_by(at).to_vec(),
        create_index: batch.create_index,
        modify_index: batch.create_index,
        alloc_modify_index: batch.create_index,
        create_time: batch.created.as_nanos(),
        modify_time: batch.created.as_nanos(),
        ..Allocation::default()
    }
}

/// What an allocation has on its node (docs/placement.md, section 1.2).
pub(crate) fn allocated_resources(
    version: &GroupVersion,
    node: Option<&Node>,
    holdings: &Holdings,
) -> AllocatedResources {
    let Some(group) = version.group_spec() else {
        return AllocatedResources::default();
    };
    let mut reader = Reader { holdings, node, ports: 0, bandwidth: 0, requests: 0 };
    let mut shared = reader.shared(group);
    // The group's network goes by the node's main address, whatever addresses its ports are on.
    let addresses = node.map(Node::addresses).unwrap_or_default();
    if let Some(main) = addresses.iter().find(|address| matches!(&*address.mode, "" | "host")) {
        shared.networks.iter_mut().for_each(|network| network.ip.clone_from(&main.ip));
    }
    let mut tasks = IndexMap::new();
    for (at, task) in group.tasks.iter().enumerate() {
        tasks.insert(task.name.clone(), reader.task(at, task, version.memory_oversubscription));
    }
    let with_hook = group.tasks.iter().any(|task| task.lifecycle.is_some());
    let lifecycles = group.tasks.iter().map(|task| (task.name.clone(), task.lifecycle.clone()));
    AllocatedResources {
        tasks,
        task_lifecycles: if with_hook { lifecycles.collect() } else { IndexMap::new() },
        shared,
        ..AllocatedResources::default()
    }
}

/// Goes through what an allocation holds in the order in which its group asks for it.
struct Reader<'a> {
    holdings: &'a Holdings,
    node: Option<&'a Node>,
    ports: usize,
    bandwidth: usize,
    requests: usize,
}

impl Reader<'_> {
    fn shared(&mut self, group: &TaskGroup) -> AllocatedSharedResources {
        let mut shared =
            AllocatedSharedResources { disk_mb: group.disk_mb(), ..Default::default() };
        let Some(ask) = group.network() else { return shared };
        let network = self.network(ask);
        let asked = ask.reserved_ports.iter().chain(ask.dynamic_ports.iter());
        let assigned = network.reserved_ports.iter().chain(network.dynamic_ports.iter());
        let first_port = self.ports - asked.clone().count();
        for (at, (asked, assigned)) in asked.zip(assigned).enumerate() {
            let held = self.holdings.ports.get(first_port + at);
            shared.ports.push(AllocatedPort {
                label: asked.label.clone(),
                value: assigned.value,
                to: assigned.to,
                host_ip: held.map_or_else(String::new, |held| held.ip.to_string()),
                ignore_collision: asked.ignore_collision,
                ..AllocatedPort::default()
            });
        }
        shared.networks.push(network);
        shared
    }

    fn task(&mut self, at: usize, task: &Task, oversubscription: bool) -> AllocatedTaskResources {
        let cores = self.holdings.cores.iter().filter(|core| usize::from(core.task) == at);
        let has_cores = task.cores() > 0;
        let core_mhz = cores.clone().map(|core| core.speed_mhz).sum();
        let secrets_mb = task.secrets_mb();
        let networks = task.network().map(|ask| {
            let first_port = self.ports;
            let mut network = self.network(ask);
            if let Some((device, mbits)) = self.holdings.bandwidth.get(self.bandwidth) {
                (network.device, network.mbits) = (device.to_string(), Some(*mbits));
            }
            let held = self.holdings.ports.get(first_port).filter(|_| self.ports > first_port);
            network.ip = match held {
                Some(held) => held.ip.to_string(),
                None => self.first_address(&network.device),
            };
            self.bandwidth += 1;
            network
        });
        AllocatedTaskResources {
            cpu: AllocatedCpuResources {
                cpu_shares: if has_cores { core_mhz } else { task.cpu_mhz() },
                reserved_cores: cores.map(|core| i64::from(core.id)).collect(),
                ..Default::default()
            },
            memory: AllocatedMemoryResources {
                memory_mb: task.memory_mb() + secrets_mb,
                memory_max_mb: match task.memory_max_mb() {
                    // No limit stays no limit.
                    -1 if oversubscription => -1,
                    max if oversubscription && max > 0 => max + secrets_mb,
                    _ => 0,
                },
                ..Default::default()
            },
            networks: networks.into_iter().collect(),
            devices: self.devices(task.devices().len()),
            ..AllocatedTaskResources::default()
        }
    }

    /// The first address of a device: where no port is asked for, it is what is offered.
    fn first_address(&self, device: &str) -> String {
        let networks = self.node.map(Node::networks).unwrap_or_default();
        let cidrs = networks.iter().filter(|network| network.device == device);
        let first = cidrs.filter_map(|network| Cidr::parse(&network.cidr)?.addresses().next());
        { first }.next().unwrap_or_default()
    }

    /// An asked network with the numbers that its ports were given.
    fn network(&mut self, ask: &NetworkResource) -> NetworkResource {
        let mut assign = |ports: &Ports| -> Vec<Port> {
            let held = self.holdings.ports.iter().skip(self.ports).map(|held| held.value);
            self.ports += ports.len();
            let with_number = |(port, value): (&Port, i64)| Port {
                value,
                to: if port.to == -1 { value } else { port.to },
                ..port.clone()
            };
            ports.iter().zip(held).map(with_number).collect()
        };
        let reserved_ports = assign(&ask.reserved_ports).into();
        let dynamic_ports = assign(&ask.dynamic_ports).into();
        NetworkResource { reserved_ports, dynamic_ports, ..ask.clone() }
    }

    /// The devices of a task's requests, instances of one group together.
    fn devices(&mut self, requests: usize) -> Vec<AllocatedDevice> {
        let asked = self.requests..self.requests + requests;
        self.requests += requests;
        let held = self.holdings.devices.iter();
        let held = held.filter(|device| asked.contains(&usize::from(device.request)));
        let mut devices: Vec<AllocatedDevice> = Vec::new();
        for HeldDevice { device: name, instance, .. } in held {
            let same = |device: &&mut AllocatedDevice| {
                (&*device.vendor, &*device.device_type, &*device.name)
                    == (&*name.vendor, &*name.device_type, &*name.model)
            };
            match devices.iter_mut().find(same) {
                Some(device) => device.device_ids.push(instance.to_string()),
                None => devices.push(AllocatedDevice {
                    vendor: name.vendor.to_string(),
                    device_type: name.device_type.to_string(),
                    name: name.model.to_string(),
                    device_ids: vec![instance.to_string()],
                    ..AllocatedDevice::default()
                }),
            }
        }
        devices
    }
}
