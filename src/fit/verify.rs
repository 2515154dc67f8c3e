//! Does what allocations were given still fit on their node?

use std::borrow::Cow;
use std::fmt;

use super::Room;
use crate::state::node::NodeRecord;
use crate::state::usage::{Amounts, Holdings, Taken};

/// Why what allocations were given does not fit on their node any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    Cpu,
    Memory,
    Disk,
    Cores,
    Devices,
    Bandwidth,
    /// A port is in use, or its address is not there.
    Port(i64),
    MaxAllocations,
}

impl Misfit {
    pub(crate) fn is_port(&self) -> bool {
        matches!(self, Misfit::Port(_))
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Misfit::Cpu => "cpu",
            Misfit::Memory => "memory",
            Misfit::Disk => "disk",
            Misfit::Cores => "cores",
            Misfit::Devices => "devices",
            Misfit::Bandwidth => "bandwidth",
            Misfit::MaxAllocations => "max allocations",
            Misfit::Port(port) => return write!(f, "port {port}"),
        })
    }
}

/// Whether all of these fit on a node beside what is there: the amounts of each, the CPU of its cores
/// included, and what it holds for itself.
pub(crate) fn verify<'a>(
    room: Room<'_>,
    given: impl Iterator<Item = (Amounts, Option<&'a Holdings>)>,
) -> Result<(), Misfit> {
    // Mostly nothing is held but amounts.
    let mut taken: Cow<'_, Taken> = Cow::Borrowed(room.taken);
    let (mut sum, mut allocations) = (Amounts::default(), 0);
    for (amounts, holdings) in given {
        sum = sum.plus(amounts);
        allocations += 1;
        if let Some(holdings) = holdings {
            verify_holdings(room.node, &taken, holdings)?;
            taken.to_mut().add(holdings, room.node, false);
        }
    }
    let short = |asked: i64, free: i64| asked > 0 && asked > free;
    match () {
        () if allocations > room.free_allocations => Err(Misfit::MaxAllocations),
        () if short(sum.cpu_mhz, room.free.cpu_mhz) => Err(Misfit::Cpu),
        () if short(sum.memory_mb, room.free.memory_mb) => Err(Misfit::Memory),
        () if short(sum.disk_mb, room.free.disk_mb) => Err(Misfit::Disk),
        () => Ok(()),
    }
}

/// Which kinds of things allocations hold on a node that it does not have, or not twice.
pub(crate) fn misfits<'a>(
    node: &NodeRecord,
    holders: impl Iterator<Item = &'a Holdings>,
) -> Vec<Misfit> {
    let mut taken = (*node.reserved).clone();
    let mut misfits = Vec::new();
    for holdings in holders {
        let Holdings { ports, bandwidth, cores, devices } = holdings;
        // Kind by kind, so that one does not hide another.
        for part in [
            Holdings { ports: ports.clone(), ..Holdings::default() },
            Holdings { bandwidth: bandwidth.clone(), ..Holdings::default() },
            Holdings { cores: cores.clone(), ..Holdings::default() },
            Holdings { devices: devices.clone(), ..Holdings::default() },
        ] {
            misfits.extend(verify_holdings(node, &taken, &part).err());
        }
        taken.add(holdings, node, false);
    }
    misfits
}

/// Whether what one allocation holds for itself can be had.
fn verify_holdings(node: &NodeRecord, taken: &Taken, holdings: &Holdings) -> Result<(), Misfit> {
    for port in &holdings.ports {
        let value = u16::try_from(port.value).map_err(|_| Misfit::Port(port.value))?;
        if !node.has_address(&port.ip) {
            return Err(Misfit::Port(port.value));
        }
        let is_used = taken.ports_on(&port.ip).is_some_and(|ports| ports.contains(value));
        if is_used && !port.ignore_collision {
            return Err(Misfit::Port(port.value));
        }
    }
    for (device, mbits) in &holdings.bandwidth {
        let network = node.task_networks.iter().find(|network| network.device == *device);
        let limit = network.map_or(0, |network| network.mbits);
        if taken.bandwidth_on(device) + mbits > limit {
            return Err(Misfit::Bandwidth);
        }
    }
    for core in &holdings.cores {
        let is_there = node.node.cores().iter().any(|it| it.id == core.id);
        if !is_there || taken.cores.binary_search(&core.id).is_ok() {
            return Err(Misfit::Cores);
        }
    }
    for device in &holdings.devices {
        let (group, instance) = node.find_device(device).ok_or(Misfit::Devices)?;
        let is_used =
            taken.devices.get(group).is_some_and(|it| it.binary_search(&instance).is_ok());
        let instances = node.devices.get(group).map(|group| &group.instances);
        let is_healthy = instances
            .and_then(|instances| instances.get(usize::from(instance)))
            .is_some_and(|instance| instance.healthy);
        if is_used || !is_healthy {
            return Err(Misfit::Devices);
        }
    }
    Ok(())
}
