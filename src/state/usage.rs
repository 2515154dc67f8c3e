//! What is free and what is taken on each node: amounts in flat arrays, and the things that only one
//! allocation can have (ports, devices, cores), which few nodes and few allocations deal in
//! (docs/placement.md, sections 1.4, 4.1 and 7).

use std::fmt;
use std::sync::Arc;

use super::names::Name;
use super::ports::PortSet;
use super::slots::NodeSlot;
use crate::exp10::exp10;

/// Nodes in one block of the flat arrays.
pub(crate) const BLOCK: usize = 64;

/// Amounts that fit and score look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Amounts {
    pub(crate) cpu_mhz: i64,
    pub(crate) memory_mb: i64,
    pub(crate) disk_mb: i64,
}

impl Amounts {
    pub(crate) fn plus(self, other: Amounts) -> Amounts {
        Amounts {
            cpu_mhz: self.cpu_mhz + other.cpu_mhz,
            memory_mb: self.memory_mb + other.memory_mb,
            disk_mb: self.disk_mb + other.disk_mb,
        }
    }

    pub(crate) fn minus(self, other: Amounts) -> Amounts {
        Amounts {
            cpu_mhz: self.cpu_mhz - other.cpu_mhz,
            memory_mb: self.memory_mb - other.memory_mb,
            disk_mb: self.disk_mb - other.disk_mb,
        }
    }
}

/// What is free on 64 nodes, an array for each amount, so that a pass over many nodes reads memory
/// from front to back.
#[derive(Clone, Debug)]
pub(crate) struct RoomBlock {
    pub(crate) free_cpu_mhz: [i64; BLOCK],
    pub(crate) free_memory_mb: [i64; BLOCK],
    pub(crate) free_disk_mb: [i64; BLOCK],
    /// How many more allocations the node takes.
    pub(crate) free_allocations: [i64; BLOCK],
    /// Ten to the power of the free share of the CPU: the node's part of the fit score, which factors
    /// into this and a part of the ask (see `rank::binpack`).
    pub(crate) cpu_factor: [f64; BLOCK],
    /// The same for memory.
    pub(crate) memory_factor: [f64; BLOCK],
    /// Which size the node has: nodes of one size share the ask's part of the fit score.
    pub(crate) size: [u32; BLOCK],
    pub(crate) class: [Name; BLOCK],
    /// The node's place among equals, from the seed.
    pub(crate) tie_break: [u64; BLOCK],
    /// Where in the journal the node's latest change is.
    pub(crate) changed: [u64; BLOCK],
    /// The latest of them.
    pub(crate) latest: u64,
    /// A bit for each node on which allocations hold what they cannot have: more than amounts decides
    /// there.
    pub(crate) odd: u64,
}

/// What is free on one node, and the node's part of the fit score.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FreeRoom {
    pub(crate) free: Amounts,
    /// How many more allocations the node takes.
    pub(crate) allocations: i64,
    pub(crate) cpu_factor: f64,
    pub(crate) memory_factor: f64,
    pub(crate) size: u32,
    /// Whether more than amounts decides about every ask.
    pub(crate) is_odd: bool,
}

impl RoomBlock {
    pub(crate) fn empty() -> RoomBlock {
        RoomBlock {
            free_cpu_mhz: [0; BLOCK],
            free_memory_mb: [0; BLOCK],
            free_disk_mb: [0; BLOCK],
            free_allocations: [0; BLOCK],
            cpu_factor: [1.0; BLOCK],
            memory_factor: [1.0; BLOCK],
            size: [0; BLOCK],
            class: [Name::NONE; BLOCK],
            tie_break: [0; BLOCK],
            changed: [0; BLOCK],
            latest: 0,
            odd: 0,
        }
    }

    /// Whether more than amounts decides about every ask on a node.
    pub(crate) fn is_odd(&self, at: usize) -> bool {
        self.odd & (1 << at) != 0
    }

    pub(crate) fn set_odd(&mut self, at: usize, odd: bool) {
        self.odd = self.odd & !(1 << at) | u64::from(odd) << at;
    }

    pub(crate) fn free(&self, at: usize) -> Amounts {
        Amounts {
            cpu_mhz: self.free_cpu_mhz[at],
            memory_mb: self.free_memory_mb[at],
            disk_mb: self.free_disk_mb[at],
        }
    }

    /// All that is known of a node.
    pub(crate) fn of(&self, at: usize) -> FreeRoom {
        FreeRoom {
            free: self.free(at),
            allocations: self.free_allocations[at],
            cpu_factor: self.cpu_factor[at],
            memory_factor: self.memory_factor[at],
            size: self.size[at],
            is_odd: self.is_odd(at),
        }
    }

    /// Sets what is free on a node of the given capacity.
    pub(crate) fn set_free(&mut self, at: usize, free: Amounts, capacity: Amounts) {
        self.free_cpu_mhz[at] = free.cpu_mhz;
        self.free_memory_mb[at] = free.memory_mb;
        self.free_disk_mb[at] = free.disk_mb;
        self.cpu_factor[at] = factor(free.cpu_mhz, capacity.cpu_mhz);
        self.memory_factor[at] = factor(free.memory_mb, capacity.memory_mb);
    }
}

/// Ten to the power of `part / whole`; of nothing, nothing is free, which is the power 0.
pub(crate) fn factor(part: i64, whole: i64) -> f64 {
    if whole <= 0 { 1.0 } else { exp10(part as f64 / whole as f64) }
}

/// The block a node is in and its place there.
pub(crate) fn block_of(node: NodeSlot) -> (usize, usize) {
    (node.at() / BLOCK, node.at() % BLOCK)
}

/// What is taken on a node of the things that only one allocation can have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// By address, in the node's order: the ports in use, reserved ones among them.
    pub(crate) ports: Vec<(Arc<str>, PortSet)>,
    /// By device, in order of first use: MBit/s in use.
    pub(crate) bandwidth: Vec<(Arc<str>, i64)>,
    /// Cores in use, ascending.
    pub(crate) cores: Vec<u16>,
    /// By device group of the node: the instances in use, as places in the group's list, ascending.
    pub(crate) devices: Vec<Vec<u16>>,
    /// Who holds the ports that have other than one holder who minds others.
    pub(super) port_holders: Holders<(Arc<str>, u16)>,
    /// The same of cores.
    pub(super) core_holders: Holders<u16>,
    /// The same of device instances, by group and place.
    pub(super) device_holders: Holders<(u16, u16)>,
    /// How many ports are held that are no ports.
    pub(super) invalid_ports: u32,
    /// How many cores are held that the node, which lists its cores, has not.
    pub(super) foreign_cores: u32,
}

impl Taken {
    /// Who holds what with others, in one order: for the dump.
    pub(super) fn holders(&self) -> (Vec<String>, u32, u32) {
        let mut all: Vec<String> = self.port_holders.texts();
        all.extend(self.core_holders.texts());
        all.extend(self.device_holders.texts());
        all.sort_unstable();
        (all, self.invalid_ports, self.foreign_cores)
    }

    /// The ports in use on an address.
    pub(crate) fn ports_on(&self, ip: &str) -> Option<&PortSet> {
        self.ports.iter().find(|(address, _)| **address == *ip).map(|(_, ports)| ports)
    }

    /// The ports in use on an address, to change.
    pub(crate) fn ports_on_mut(&mut self, ip: &Arc<str>) -> &mut PortSet {
        let at = match self.ports.iter().position(|(address, _)| address == ip) {
            Some(at) => at,
            None => {
                self.ports.push((ip.clone(), PortSet::default()));
                self.ports.len() - 1
            }
        };
        &mut self.ports[at].1
    }

    /// MBit/s in use on a device.
    pub(crate) fn bandwidth_on(&self, device: &str) -> i64 {
        self.bandwidth.iter().find(|(name, _)| **name == *device).map_or(0, |(_, mbits)| *mbits)
    }

    /// Whether two hold one port, both of which mind: what an inventory may claim and we never place.
    pub(crate) fn has_port_collision(&self) -> bool {
        self.port_holders.collisions > 0 || self.invalid_ports > 0
    }

    /// Whether two hold one core.
    pub(crate) fn has_core_collision(&self) -> bool {
        self.core_holders.collisions > 0
    }

    /// Whether a core is held that the node, which lists its cores, has not.
    pub(crate) fn has_foreign_core(&self) -> bool {
        self.foreign_cores > 0
    }

    /// Whether allocations hold what they cannot have.
    pub(crate) fn is_odd(&self) -> bool {
        self.has_port_collision() || self.has_core_collision() || self.has_foreign_core()
    }
}

/// Who holds the things of one kind that have other than one holder who minds others: two allocations
/// may hold one thing on purpose, or because one of them is leaving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holders<T> {
    /// How many who mind and how many who do not, by thing, in no order that means anything.
    counts: Vec<(T, u32, u32)>,
    /// How many things have two or more who mind.
    collisions: u32,
}

impl<T> Default for Holders<T> {
    fn default() -> Holders<T> {
        Holders { counts: Vec::new(), collisions: 0 }
    }
}

impl<T: fmt::Debug> Holders<T> {
    fn texts(&self) -> Vec<String> {
        self.counts.iter().map(|counts| format!("{counts:?}")).collect()
    }
}

impl<T: PartialEq> Holders<T> {
    /// Adds a holder to a thing that nobody held, or that had one at least.
    pub(super) fn add(&mut self, thing: T, is_first: bool, minds: bool) {
        let at = self.counts.iter().position(|(known, ..)| *known == thing);
        let at = at.unwrap_or_else(|| {
            self.counts.push((thing, u32::from(!is_first), 0));
            self.counts.len() - 1
        });
        let (_, minding, others) = &mut self.counts[at];
        match minds {
            true => *minding += 1,
            false => *others += 1,
        }
        self.collisions += u32::from(minds && *minding == 2);
    }

    /// Takes a holder out; true if nobody holds the thing any more.
    pub(super) fn remove(&mut self, thing: &T, minds: bool) -> bool {
        let Some(at) = self.counts.iter().position(|(known, ..)| known == thing) else {
            return true;
        };
        let (_, minding, others) = &mut self.counts[at];
        self.collisions -= u32::from(minds && *minding == 2);
        match minds {
            true => *minding -= 1,
            false => *others -= 1,
        }
        let left = (*minding, *others);
        if matches!(left, (0, 0) | (1, 0)) {
            self.counts.swap_remove(at);
        }
        left == (0, 0)
    }
}

/// What one allocation has for itself, in the order of its group's asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holdings {
    /// The group's ports, then those of each task's network.
    pub(crate) ports: Vec<HeldPort>,
    /// The device of each task's network and its MBit/s.
    pub(crate) bandwidth: Vec<(Arc<str>, i64)>,
    /// Cores.
    pub(crate) cores: Vec<HeldCore>,
    /// Device instances.
    pub(crate) devices: Vec<HeldDevice>,
}

impl Holdings {
    pub(crate) fn is_empty(&self) -> bool {
        self.ports.is_empty()
            && self.bandwidth.is_empty()
            && self.cores.is_empty()
            && self.devices.is_empty()
    }
}

/// What the allocations on a node hold that were told to stop or evicted and have not ended. What is free
/// on the node is without it; what is wanted there is what is held less this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Leaving {
    pub(crate) amounts: Amounts,
    pub(crate) allocations: i64,
}

/// A port on an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeldPort {
    pub(crate) ip: Arc<str>,
    /// Of an inventory's allocation, whatever its document says.
    pub(crate) value: i64,
    pub(crate) ignore_collision: bool,
}

/// A core, for one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeldCore {
    /// The task, as its place in the group.
    pub(crate) task: u16,
    pub(crate) id: u16,
    pub(crate) speed_mhz: i64,
}

/// A device instance. It is held by name, since a node may come back with its devices in another
/// order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeldDevice {
    /// The request, counted over the group's tasks.
    pub(crate) request: u16,
    pub(crate) device: Arc<DeviceName>,
    pub(crate) instance: Arc<str>,
}

/// What names a group of devices on a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct DeviceName {
    pub(crate) vendor: Box<str>,
    pub(crate) device_type: Box<str>,
    pub(crate) model: Box<str>,
}
