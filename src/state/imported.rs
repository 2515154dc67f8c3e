//! Allocations of an inventory: reading off their documents what they hold.

use std::sync::Arc;

use super::group_version::GroupVersion;
use super::phases::{Phase, PhaseSums};
use super::usage::{Amounts, DeviceName, HeldCore, HeldDevice, HeldPort, Holdings};
use crate::model::allocation::Allocation;
use crate::model::resources::{AllocatedResources, Resources};
use crate::model::{JobSpec, TaskGroup};

/// The most of an amount that an imported allocation is taken to hold, which is what validation allows:
/// so that sums of many never overflow.
const AMOUNT_MAX: i64 = 1 << 40;

/// An allocation of an inventory.
#[derive(Clone, Debug)]
pub(crate) struct Imported {
    pub(crate) document: Allocation,
    /// What it runs, as far as the inventory tells.
    pub(crate) version: GroupVersion,
    pub(crate) holdings: Holdings,
}

impl Imported {
    /// Reads an allocation of an inventory, in the shape of either era.
    pub(crate) fn new(document: Allocation, job: Option<Arc<JobSpec>>) -> Imported {
        let (amounts, holdings) = match &document.allocated_resources {
            Some(resources) => (amounts_of(resources), holdings_of(resources)),
            None => of_first_era(&document),
        };
        let is_its = |group: &TaskGroup| group.name == document.task_group;
        let group = job.as_ref().and_then(|job| job.task_groups.iter().position(is_its));
        let version = GroupVersion {
            job,
            group: group.unwrap_or(usize::MAX),
            amounts,
            memory_oversubscription: false,
        };
        Imported { document, version, holdings }
    }
}

/// The sum of what an allocation's tasks hold (docs/placement.md, section 1.3).
fn amounts_of(resources: &AllocatedResources) -> Amounts {
    let mut sums = PhaseSums::default();
    for (name, task) in &resources.tasks {
        let lifecycle = resources.task_lifecycles.get(name).and_then(Option::as_ref);
        let phase = lifecycle.map_or(Phase::Main, |it| Phase::of(&it.hook, it.sidecar));
        let has_cores = !task.cpu.reserved_cores.is_empty();
        sums.add(phase, held(task.cpu.cpu_shares), held(task.memory.memory_mb), has_cores);
    }
    sums.total(held(resources.shared.disk_mb))
}

/// An amount that a document claims, within what may be: a negative one would make room.
fn held(amount: i64) -> i64 {
    amount.clamp(0, AMOUNT_MAX)
}

/// What an allocation has for itself (docs/placement.md, section 4.1).
fn holdings_of(resources: &AllocatedResources) -> Holdings {
    let mut holdings = Holdings::default();
    let shared = &resources.shared;
    // Where the group lists its ports, its network repeats them under the node's main address.
    for port in &shared.ports {
        holdings.ports.push(HeldPort {
            ip: port.host_ip.as_str().into(),
            value: port.value,
            ignore_collision: port.ignore_collision,
        });
    }
    for network in shared.networks.iter().filter(|_| shared.ports.is_empty()) {
        hold_ports(network, &mut holdings);
    }
    let of_group = holdings.ports.len();
    for (at, task) in resources.tasks.values().enumerate() {
        if let Some(network) = task.networks.first() {
            // Those that the group lists too are held once.
            let mut of_task = Holdings::default();
            hold_ports(network, &mut of_task);
            let is_listed = |port: &HeldPort| {
                let mut listed = holdings.ports[..of_group].iter();
                listed.any(|it| it.value == port.value && it.ip == port.ip)
            };
            of_task.ports.retain(|port| shared.ports.is_empty() || !is_listed(port));
            holdings.ports.append(&mut of_task.ports);
            holdings.bandwidth.push((network.device.as_str().into(), held(network.mbits())));
        }
        for core in &task.cpu.reserved_cores {
            if let Ok(id) = u16::try_from(*core) {
                holdings.cores.push(HeldCore { task: at as u16, id, speed_mhz: 0 });
            }
        }
        for device in &task.devices {
            let name = Arc::new(DeviceName {
                vendor: device.vendor.as_str().into(),
                device_type: device.device_type.as_str().into(),
                model: device.name.as_str().into(),
            });
            holdings.devices.extend(device.device_ids.iter().map(|id| HeldDevice {
                request: at as u16,
                device: name.clone(),
                instance: id.as_str().into(),
            }));
        }
    }
    holdings
}

fn hold_ports(network: &crate::model::network::NetworkResource, holdings: &mut Holdings) {
    let ports = network.reserved_ports.iter().chain(network.dynamic_ports.iter());
    // Documents of the first API have the numbers of dynamic ports among the reserved ones; what they
    // list as dynamic are labels, which hold nothing.
    for port in ports.filter(|port| port.value != 0) {
        holdings.ports.push(HeldPort {
            ip: network.ip.as_str().into(),
            value: port.value,
            ignore_collision: port.ignore_collision,
        });
    }
}

/// Documents of the first API give the sum, and the networks by task.
fn of_first_era(document: &Allocation) -> (Amounts, Holdings) {
    let none = Resources::default();
    let sum = document.resources.as_ref().unwrap_or(&none);
    let amounts = Amounts {
        cpu_mhz: held(sum.cpu.unwrap_or(0)),
        memory_mb: held(sum.memory_mb.unwrap_or(0)),
        disk_mb: held(sum.disk_mb.unwrap_or(0)),
    };
    let mut holdings = Holdings::default();
    for task in document.task_resources.iter().flat_map(|tasks| tasks.values()) {
        if let Some(network) = task.networks.first() {
            hold_ports(network, &mut holdings);
            holdings.bandwidth.push((network.device.as_str().into(), held(network.mbits())));
        }
    }
    (amounts, holdings)
}
