//! An allocation as the state keeps it: small, with everything that it shares with its siblings kept
//! once, by its batch.

use std::sync::Arc;

use super::node::NodeRecord;
use super::phases::{Phase, PhaseSums};
use super::slots::{BatchSlot, JobSlot, NodeSlot};
use super::usage::{Amounts, DeviceName, HeldCore, HeldDevice, HeldPort, Holdings};
use crate::model::allocation::Allocation;
use crate::model::resources::{AllocatedResources, Resources};
use crate::model::status::{ClientStatus, DesiredStatus};
use crate::model::{JobSpec, JobType};

/// The most of an amount that an imported allocation is taken to hold, which is what validation allows:
/// so that sums of many never overflow.
const AMOUNT_MAX: i64 = 1 << 40;

/// What placing touches of an allocation; what happens to it afterwards is its lifecycle.
#[derive(Clone, Debug)]
pub(crate) struct AllocationRecord {
    pub(crate) job: JobSlot,
    /// The group, as its place in the job's record.
    pub(crate) group: u16,
    pub(crate) desired: DesiredStatus,
    pub(crate) client: ClientStatus,
    /// Whether it takes room on its node. It does until it has ended there.
    pub(crate) occupies: bool,
    pub(crate) node: NodeSlot,
    /// Its place in the node's list, while it occupies.
    pub(crate) at_node: u32,
    /// Its place in the group's list.
    pub(crate) at_group: u32,
    /// The number in its name.
    pub(crate) name_index: u32,
    /// How many allocations had this slot before.
    pub(crate) generation: u32,
    /// What placed it; none for an allocation of an inventory.
    pub(crate) batch: BatchSlot,
    pub(crate) in_batch: u32,
    pub(crate) own: Own,
}

/// What an allocation has that its siblings have not.
#[derive(Clone, Debug)]
pub(crate) enum Own {
    /// The slot is free.
    Vacant,
    /// Amounts only, the same as its siblings.
    Amounts,
    /// Ports, cores or devices beside the amounts.
    Holdings(Arc<Holdings>),
    /// It came from an inventory.
    Imported(Arc<Imported>),
}

/// An allocation of an inventory.
#[derive(Clone, Debug)]
pub(crate) struct Imported {
    pub(crate) document: Allocation,
    /// The job it belongs to, as far as the inventory tells.
    pub(crate) job: Option<Arc<JobSpec>>,
    pub(crate) amounts: Amounts,
    pub(crate) holdings: Holdings,
}

impl AllocationRecord {
    /// Whether neither the scheduler nor the node has done with it.
    pub(crate) fn is_live(&self) -> bool {
        !matches!(self.own, Own::Vacant)
            && !self.desired.is_terminal()
            && !self.client.is_terminal()
    }

    /// Whether its place in its group is filled: it lives, or it has completed work that is done once
    /// (docs/lifecycle.md, section 12, trap 1).
    pub(crate) fn fills_place(&self, job_type: JobType) -> bool {
        let is_done_once = matches!(job_type, JobType::Batch | JobType::Sysbatch);
        self.is_live() || (is_done_once && self.has_completed())
    }

    fn has_completed(&self) -> bool {
        !matches!(self.own, Own::Vacant) && self.client == ClientStatus::Complete
    }

    /// Whether it was told to stop or evicted. As long as it is on its node nevertheless, it is leaving.
    pub(crate) fn is_to_leave(&self) -> bool {
        self.desired.is_terminal()
    }

    /// What it holds for itself.
    pub(crate) fn holdings(&self) -> Option<&Holdings> {
        self.own.holdings()
    }

    /// A free slot.
    pub(super) fn vacant(generation: u32) -> AllocationRecord {
        AllocationRecord {
            job: JobSlot::NONE,
            group: 0,
            desired: DesiredStatus::Stop,
            client: ClientStatus::Complete,
            occupies: false,
            node: NodeSlot::NONE,
            at_node: 0,
            at_group: 0,
            name_index: 0,
            generation,
            batch: BatchSlot::NONE,
            in_batch: 0,
            own: Own::Vacant,
        }
    }
}

impl Own {
    /// Ports, cores and devices.
    pub(crate) fn holdings(&self) -> Option<&Holdings> {
        match self {
            Own::Vacant | Own::Amounts => None,
            Own::Holdings(holdings) => Some(holdings),
            Own::Imported(imported) => Some(&imported.holdings),
        }
    }
}

/// The CPU of the cores that an allocation holds.
pub(crate) fn core_mhz(holdings: &Holdings) -> i64 {
    holdings.cores.iter().map(|core| core.speed_mhz).sum()
}

impl Imported {
    /// Reads an allocation of an inventory, in the shape of either era.
    pub(crate) fn new(document: Allocation, job: Option<Arc<JobSpec>>) -> Imported {
        let (amounts, holdings) = match &document.allocated_resources {
            Some(resources) => (amounts_of(resources), holdings_of(resources)),
            None => of_first_era(&document),
        };
        Imported { document, job, amounts, holdings }
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

/// What is taken on a node by the given allocations, counted from nothing.
pub(crate) fn taken_by<'a>(
    node: &NodeRecord,
    holders: impl Iterator<Item = &'a AllocationRecord>,
) -> super::usage::Taken {
    let mut taken = (*node.reserved).clone();
    for holder in holders {
        if let Some(holdings) = holder.holdings() {
            taken.add(holdings, node, holder.is_to_leave());
        }
    }
    taken
}
