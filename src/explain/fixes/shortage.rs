//! What a node is short of for a group, each dimension by itself, whatever else is in the way.

use super::apply::core_speed_mhz;
use super::reduced_ask::ReducedAsks;
use crate::feasibility::fix_action::FixAction;
use crate::feasibility::remedies::sorted;
use crate::fit::ask::Ask;
use crate::fit::exhausted::{Exhausted, NetworkError};
use crate::fit::{self, Room, cores, devices};
use crate::state::State;
use crate::state::node::NodeRecord;
use crate::state::slots::{AllocationSlot, NodeSlot};
use crate::state::usage::{Amounts, Taken};

/// The most things that are done away with before a node is given up.
const STEPS_MAX: usize = 64;

/// How much more of what comes in amounts a node would need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Short {
    pub(super) cpu_mhz: i64,
    pub(super) memory_mb: i64,
    pub(super) disk_mb: i64,
    pub(super) cores: i64,
    pub(super) allocations: i64,
}

impl Short {
    fn parts(self) -> [i64; 5] {
        [self.cpu_mhz, self.memory_mb, self.disk_mb, self.cores, self.allocations]
    }

    /// Whether this much is enough where `other` is short.
    pub(super) fn covers(self, other: Short) -> bool {
        self.parts().into_iter().zip(other.parts()).all(|(has, needs)| has >= needs)
    }

    /// Enough for both.
    pub(super) fn max(self, other: Short) -> Short {
        Short {
            cpu_mhz: self.cpu_mhz.max(other.cpu_mhz),
            memory_mb: self.memory_mb.max(other.memory_mb),
            disk_mb: self.disk_mb.max(other.disk_mb),
            cores: self.cores.max(other.cores),
            allocations: self.allocations.max(other.allocations),
        }
    }

    /// How much that is: parts of what is asked for, summed.
    pub(super) fn size(self, ask: Amounts) -> f64 {
        let part = |short: i64, ask: i64| short as f64 / ask.max(1) as f64;
        part(self.cpu_mhz, ask.cpu_mhz)
            + part(self.memory_mb, ask.memory_mb)
            + part(self.disk_mb, ask.disk_mb)
            + self.cores as f64
            + self.allocations as f64
    }

    /// The actions that make up for it, without their nodes; the same kinds wherever the same things
    /// are short.
    pub(super) fn actions(self) -> Vec<FixAction> {
        let nodes = Vec::new;
        let mut actions = Vec::new();
        let Short { cpu_mhz, memory_mb, disk_mb, .. } = self;
        if cpu_mhz > 0 || memory_mb > 0 || disk_mb > 0 {
            actions.push(FixAction::AddResources { nodes: nodes(), cpu_mhz, memory_mb, disk_mb });
        }
        if let Ok(cores) = u32::try_from(self.cores)
            && cores > 0
        {
            actions.push(FixAction::AddCores { nodes: nodes(), cores });
        }
        if let Ok(allocations) = u32::try_from(self.allocations)
            && allocations > 0
        {
            actions.push(FixAction::RaiseMaxAllocations { nodes: nodes(), allocations });
        }
        actions
    }

    /// Which things are short, as a number.
    pub(super) fn kinds(self) -> u8 {
        let bits = self.parts().into_iter().enumerate();
        bits.map(|(at, part)| u8::from(part > 0) << at).sum()
    }
}

/// The most cores of a node: their numbers have 16 bits.
const CORES_MAX: i64 = 65_536;

/// What would have to be dropped of the ask on a node beside what is dropped already, and what is then
/// short, with some allocations evicted; none if that does not help either.
pub(super) fn shortage(
    state: &State,
    asks: &mut ReducedAsks<'_>,
    slot: NodeSlot,
    node: &NodeRecord,
    mut dropped: Vec<FixAction>,
    evictable: &[AllocationSlot],
) -> Option<(Vec<FixAction>, Short)> {
    let mut room = Extended::new(state, slot, node, evictable);
    let mut more = Vec::new();
    for _ in 0..STEPS_MAX {
        let ask = room.ask_with_cores(&*asks.ask_without(&dropped)?);
        let drop = match fit::assign(room.room(), &ask) {
            Ok(_) => return Some((sorted(more), room.short)),
            Err(Exhausted::PortCollision) => return None,
            Err(Exhausted::Network(error)) => Some(port_to_drop(asks, &ask, error)?),
            Err(Exhausted::Devices(_)) => Some(request_to_drop(asks, &room, &ask, &dropped)?),
            Err(Exhausted::Cores) if node.node.cores().is_empty() => {
                Some(cores_to_drop(asks, &ask)?)
            }
            Err(Exhausted::Cores) => {
                room.add_cores(&ask)?;
                None
            }
            Err(Exhausted::MaxAllocations) => {
                room.short.allocations = 1i64.saturating_sub(room.free_allocations);
                room.free_allocations = 1;
                None
            }
            Err(Exhausted::Cpu | Exhausted::Memory | Exhausted::Disk) => {
                room.add_amounts(&ask);
                None
            }
        };
        if let Some(drop) = drop {
            more.push(drop.clone());
            dropped.push(drop);
            dropped = sorted(dropped);
        }
    }
    None
}

/// A node with more room than it has.
struct Extended<'a> {
    node: &'a NodeRecord,
    taken: Taken,
    free: Amounts,
    free_allocations: i64,
    short: Short,
    /// The CPU of all cores asked for, once some were added.
    core_mhz: Option<i64>,
}

impl<'a> Extended<'a> {
    /// The node with some allocations evicted.
    fn new(
        state: &State,
        slot: NodeSlot,
        node: &'a NodeRecord,
        evictable: &[AllocationSlot],
    ) -> Extended<'a> {
        let mut free = state.free(slot);
        let mut free_allocations = state.free_allocations(slot);
        let mut taken = state.taken(slot, node).clone();
        if !evictable.is_empty() {
            for &victim in evictable {
                free = free.plus(state.amounts_of(victim));
                free_allocations = free_allocations.saturating_add(1);
            }
            // Nothing is ever evicted for its cores.
            let cores = std::mem::take(&mut taken.cores);
            taken = state.taken_without(slot, evictable);
            taken.cores = cores;
        }
        let short = Short::default();
        Extended { node, taken, free, free_allocations, short, core_mhz: None }
    }

    fn room(&self) -> Room<'_> {
        Room {
            node: self.node,
            taken: &self.taken,
            free: self.free,
            free_allocations: self.free_allocations,
        }
    }

    /// An ask with the cores that were added as had.
    fn ask_with_cores(&self, ask: &Ask) -> Ask {
        let mut ask = ask.clone();
        if let Some(core_mhz) = self.core_mhz {
            ask.amounts.cpu_mhz = ask.amounts.cpu_mhz.saturating_add(core_mhz);
            ask.tasks.iter_mut().for_each(|task| task.cores = 0);
        }
        ask
    }

    /// Adds the cores that are missing; none if it is not their number that is wrong.
    fn add_cores(&mut self, ask: &Ask) -> Option<()> {
        let wanted: usize = ask.tasks.iter().map(|task| task.cores).sum();
        let is_free = |id: u16| self.taken.cores.binary_search(&id).is_err();
        let free = self.node.node.cores().iter().filter(|core| is_free(core.id));
        let (count, free_mhz) =
            free.fold((0, 0), |(count, mhz), core| (count + 1, mhz + core.speed_mhz));
        let missing = wanted.checked_sub(count).filter(|missing| *missing > 0)?;
        let missing = i64::try_from(missing).ok()?;
        let new_mhz = core_speed_mhz(&self.node.node).checked_mul(missing)?;
        self.short.cores = self.short.cores.saturating_add(missing);
        self.free.cpu_mhz = self.free.cpu_mhz.saturating_add(new_mhz);
        self.core_mhz = Some(new_mhz.saturating_add(free_mhz));
        Some(())
    }

    /// Adds all amounts that are missing. Where the group asks for cores, CPU comes in whole cores: the
    /// speed of those that are there is what it is.
    fn add_amounts(&mut self, ask: &Ask) {
        let asked = cores::amounts_with_cores(self.node, &self.taken, ask);
        let wants_cores = self.core_mhz.is_some() || ask.tasks.iter().any(|task| task.cores > 0);
        let speed_mhz = core_speed_mhz(&self.node.node);
        let missing_mhz = asked.cpu_mhz.saturating_sub(self.free.cpu_mhz);
        // No node has more cores than these; what takes more is missing as an amount.
        let cores = (missing_mhz.max(1) - 1) / speed_mhz.max(1) + 1;
        if wants_cores && speed_mhz > 0 && missing_mhz > 0 && cores <= CORES_MAX {
            self.short.cores = self.short.cores.saturating_add(cores);
            self.free.cpu_mhz = self.free.cpu_mhz.saturating_add(cores.saturating_mul(speed_mhz));
        }
        let add = |asked: i64, free: &mut i64, short: &mut i64| {
            *short = short.saturating_add(asked.saturating_sub(*free).max(0));
            *free = asked.max(*free);
        };
        add(asked.cpu_mhz, &mut self.free.cpu_mhz, &mut self.short.cpu_mhz);
        add(asked.memory_mb, &mut self.free.memory_mb, &mut self.short.memory_mb);
        add(asked.disk_mb, &mut self.free.disk_mb, &mut self.short.disk_mb);
    }
}

/// The port, or the network, without which an ask gets past an error.
fn port_to_drop(asks: &ReducedAsks<'_>, ask: &Ask, error: NetworkError) -> Option<FixAction> {
    let task_names: Vec<&str> = ask
        .tasks
        .iter()
        .filter(|task| task.network.is_some())
        .filter_map(|task| asks.plan.group.tasks.get(usize::from(task.task)))
        .map(|task| task.name.as_str())
        .collect();
    match error {
        NetworkError::ReservedPort { network, port }
        | NetworkError::NoAddresses { network, port } => {
            let task = usize::from(network).checked_sub(1).and_then(|at| task_names.get(at));
            let port = ask.port(network, port)?;
            let task = task.map(|name| (*name).to_owned());
            Some(FixAction::DropPort { task, label: port.label.clone(), port: port.value })
        }
        NetworkError::DynamicPorts => {
            // Which of the ask's ports found none left is not known; each one less helps.
            let of_group = ask.network.as_ref().and_then(|network| network.to_choose().last());
            let mut of_tasks = ask.task_networks().zip(&task_names);
            let of_task = of_tasks.find_map(|(network, name)| {
                Some((Some((*name).to_owned()), network.to_choose().last()?))
            });
            let (task, port) = of_group.map(|port| (None, port)).or(of_task)?;
            Some(FixAction::DropPort { task, label: port.label.clone(), port: 0 })
        }
        NetworkError::Bandwidth | NetworkError::NoNetworks => {
            let task = (*task_names.first()?).to_owned();
            Some(FixAction::DropNetwork { task: Some(task), mode: "host".into() })
        }
    }
}

/// A task without whose cores less is missing on a node that has none.
fn cores_to_drop(asks: &ReducedAsks<'_>, ask: &Ask) -> Option<FixAction> {
    let with_cores = ask.tasks.iter().find(|task| task.cores > 0)?;
    let task = asks.plan.group.tasks.get(usize::from(with_cores.task))?.name.clone();
    Some(FixAction::DropCores { task })
}

/// The first request for devices that cannot be met beside those before it.
fn request_to_drop(
    asks: &ReducedAsks<'_>,
    room: &Extended<'_>,
    ask: &Ask,
    dropped: &[FixAction],
) -> Option<FixAction> {
    let unmet = devices::first_unmet(room.node, &room.taken, ask)?;
    let mut left = asks.device_drops.iter().filter(|drop| !dropped.contains(drop));
    left.nth(unmet).cloned()
}
