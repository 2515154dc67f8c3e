//! Does one more allocation fit on a node now, and what would it get there?
//!
//! In: a node, what is free and what is taken on it, and what a group asks for. Out: the amounts it
//! would use and the ports, cores and devices it would have, or what ran out first. May import
//! `feasibility`, `state` and everything below them.

pub(crate) mod amounts;
pub(crate) mod ask;
pub(crate) mod cores;
pub(crate) mod devices;
pub(crate) mod exhausted;
mod packing;
pub(crate) mod ports;
pub(crate) mod verify;

use self::ask::Ask;
use self::exhausted::Exhausted;
use self::ports::{Chooser, PortAssignment};
use crate::rng::Rng;
use crate::state::node::NodeRecord;
use crate::state::usage::{Amounts, Holdings, Taken};

/// A node as one more allocation meets it.
#[derive(Clone, Copy)]
pub(crate) struct Room<'a> {
    pub(crate) node: &'a NodeRecord,
    pub(crate) taken: &'a Taken,
    pub(crate) free: Amounts,
    /// How many more allocations the node takes.
    pub(crate) free_allocations: i64,
}

/// What one more allocation would have on a node.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    /// With the CPU of its cores.
    pub(crate) amounts: Amounts,
    pub(crate) holdings: Holdings,
    /// The sum of the matched weights of the device requests' affinities.
    pub(crate) device_affinity: f64,
}

/// What one more allocation would come to: the amounts, and the sum of the matched weights of its
/// device requests' affinities. The same as of [`assign`], but found out without assigning anything
/// where that is possible.
pub(crate) fn measure(room: Room<'_>, ask: &Ask) -> Result<(Amounts, f64), Exhausted> {
    let Room { node, taken, .. } = room;
    if !ask.is_simple() || taken.has_port_collision() {
        return assign(room, ask).map(|it| (it.amounts, it.device_affinity));
    }
    if let Some(network) = &ask.network {
        match ports::fits(node, taken, network) {
            None => return assign(room, ask).map(|it| (it.amounts, it.device_affinity)),
            Some(result) => result.map_err(Exhausted::Network)?,
        }
    }
    let device_affinity = match ask.devices.is_empty() {
        true => 0.0,
        false => devices::affinity(node, taken, ask).map_err(Exhausted::Devices)?,
    };
    fits(room, ask.amounts)?;
    Ok((ask.amounts, device_affinity))
}

/// Whether one more allocation fits and what it would have, with the lowest free ports; the checks and
/// their order follow docs/placement.md, section 3.3.
pub(crate) fn assign(room: Room<'_>, ask: &Ask) -> Result<Assignment, Exhausted> {
    assign_with(room, ask, Chooser::Lowest)
}

/// The same with ports at random, for an allocation that is really made. It succeeds where [`assign`]
/// does: should a draw of ports leave a later one without, which takes a dynamic range almost used
/// up, the lowest ones are taken.
pub(crate) fn assign_at_random(
    room: Room<'_>,
    ask: &Ask,
    rng: &mut Rng,
) -> Result<Assignment, Exhausted> {
    assign_with(room, ask, Chooser::Random(rng)).or_else(|_| assign(room, ask))
}

fn assign_with(room: Room<'_>, ask: &Ask, chooser: Chooser<'_>) -> Result<Assignment, Exhausted> {
    if room.taken.has_port_collision() {
        return Err(Exhausted::PortCollision);
    }
    let mut holdings = Holdings::default();
    let mut device_affinity = 0.0;
    if !ask.is_plain() {
        device_affinity = assign_exclusive(room, ask, chooser, &mut holdings)?;
    }
    let mut amounts = ask.amounts;
    amounts.cpu_mhz += holdings.cores.iter().map(|core| core.speed_mhz).sum::<i64>();
    fits(room, amounts)?;
    Ok(Assignment { amounts, holdings, device_affinity })
}

/// Ports, devices and cores: the group's ports first, then task by task.
fn assign_exclusive(
    room: Room<'_>,
    ask: &Ask,
    chooser: Chooser<'_>,
    holdings: &mut Holdings,
) -> Result<f64, Exhausted> {
    let Room { node, taken, .. } = room;
    let mut ports = PortAssignment { node, taken, ask, chooser, holdings };
    ports.assign_group().map_err(Exhausted::Network)?;
    // The requests of all tasks compete for the same devices, so they are assigned together, at the
    // first task that has one.
    let mut device_affinity = None;
    let mut network_number = 0;
    for task in &ask.tasks {
        if let Some(network) = &task.network {
            network_number += 1;
            ports.assign_task(network_number, network).map_err(Exhausted::Network)?;
        }
        if !task.devices.is_empty() {
            let sum = device_affinity.get_or_insert_with(|| {
                devices::assign_requests(node, taken, &ask.devices, ports.holdings)
            });
            // Where not all can be had, it fails at the task that cannot have its own beside those
            // before it: something else may run out before.
            if sum.is_err() {
                let so_far = ask.devices.get(..task.devices.end).unwrap_or_default();
                let scratch = &mut Holdings::default();
                devices::assign_requests(node, taken, so_far, scratch)
                    .map_err(Exhausted::Devices)?;
            }
        }
        if !cores::assign(node, taken, task.task, task.cores, ports.holdings) {
            return Err(Exhausted::Cores);
        }
    }
    device_affinity.unwrap_or(Ok(0.0)).map_err(Exhausted::Devices)
}

/// The fit test proper (docs/placement.md, section 7).
fn fits(room: Room<'_>, amounts: Amounts) -> Result<(), Exhausted> {
    if room.free_allocations < 1 {
        return Err(Exhausted::MaxAllocations);
    }
    if room.taken.has_core_collision() {
        return Err(Exhausted::Cores);
    }
    match amounts::fits(room.free, amounts) {
        Err(Exhausted::Cpu) => Err(Exhausted::Cpu),
        _ if room.taken.has_foreign_core() => Err(Exhausted::Cores),
        result => result,
    }
}
