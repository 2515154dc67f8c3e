//! Whether the state's tables agree with each other: everything that is kept twice for speed is counted
//! again from the records.

use std::fmt::Debug;

use super::State;
use super::allocation::{AllocationRecord, taken_by};
use super::conditions::NodeCondition;
use super::node::NodeRecord;
use super::nodes::tie_break_of;
use super::settings::DEFAULT_NAMESPACE;
use super::slots::{AllocationSlot, BatchSlot, JobSlot, NodeSlot};
use super::usage::{Amounts, Leaving, RoomBlock, Taken};

/// Something about a cluster that should hold at all times and does not: a fault of this crate.
///
/// ```
/// use stowplan::{BrokenInvariant, Cluster};
///
/// let is_of_node = |it: &BrokenInvariant| it.place.starts_with("node");
/// let of_nodes = match Cluster::default().check() {
///     Ok(()) => 0,
///     Err(error) => error.broken().iter().filter(|it| is_of_node(it)).count(),
/// };
/// assert_eq!(of_nodes, 0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what} should be {expected}, but is {found}")]
#[non_exhaustive]
pub struct BrokenInvariant {
    /// Where: a node, a job, an allocation, or something that is kept for speed.
    pub place: String,
    /// The thing that is wrong there.
    pub what: String,
    /// The value that it should have.
    pub expected: String,
    /// The value that it has.
    pub found: String,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Report(pub(crate) Vec<BrokenInvariant>);

impl Report {
    /// Notes two things that differ but should not.
    pub(crate) fn same<T: PartialEq + Debug>(
        &mut self,
        place: impl FnOnce() -> String,
        what: &str,
        expected: T,
        found: T,
    ) {
        if expected != found {
            self.0.push(BrokenInvariant {
                place: place(),
                what: what.into(),
                expected: format!("{expected:?}"),
                found: format!("{found:?}"),
            });
        }
    }
}

impl State {
    /// Compares everything that is kept with what the records come to.
    pub(crate) fn check(&self, report: &mut Report) {
        for (slot, node) in self.nodes() {
            self.check_node(report, slot, node);
        }
        let free_nodes = self.free_nodes.len();
        let nodes = self.nodes().count();
        let all = || "the table of nodes".to_owned();
        let mut named = vec![0; self.node_slots()];
        let mut ended = vec![Vec::new(); self.node_slots()];
        for (slot, record) in self.allocations() {
            if let Some(named) = named.get_mut(record.node.at()) {
                *named += 1;
            }
            // What was told to stop by a transaction that is under way is neither on its node nor ended.
            let has_left = self.node(record.node).is_none() && !self.log.staged.contains(&slot);
            let is_ended = !record.occupies && (record.client.is_terminal() || has_left);
            if let Some(ended) = ended.get_mut(record.node.at()).filter(|_| is_ended) {
                ended.push(slot);
            }
        }
        let kept: Vec<u32> = self.on_node.iter().map(|on_node| on_node.named).collect();
        report.same(all, "how many allocations name each node", &named, &kept);
        for (at, ended) in ended.iter().enumerate() {
            let place = || format!("node slot {at}");
            report.same(place, "what ended on it", &ended[..], self.ended_on(NodeSlot::new(at)));
        }
        let gone = (0..self.node_slots()).filter(|&at| self.node(NodeSlot::new(at)).is_none());
        let still_named = gone.filter(|&at| named[at] > 0).count();
        let free = self.node_slots() - nodes - still_named;
        report.same(all, "how many slots are free", free, free_nodes);
        self.check_jobs(report);
        self.check_work(report);
        let mut of_batches = vec![0; self.batches.len()];
        for (slot, record) in self.allocations() {
            self.check_allocation(report, slot, record);
            if let Some(of_batch) = of_batches.get_mut(record.batch.at()) {
                *of_batch += 1;
            }
        }
        let vacant = self.allocations.iter().filter(|it| it.is_vacant()).count();
        let all = || "the table of allocations".to_owned();
        report.same(all, "how many slots are free", vacant, self.free_allocations.len());
        let slots = (0..self.allocations.len()).map(AllocationSlot::new);
        let left_over =
            slots.filter(|&it| self.allocation(it).is_none() && self.own_lifecycle(it).is_some());
        report.same(all, "what is kept of allocations that are gone", 0, left_over.count());
        for (at, allocations) in of_batches.into_iter().enumerate() {
            let kept = self.batches.get(at).and_then(Option::as_ref).map_or(0, |(_, left)| *left);
            report.same(
                || format!("batch {at}"),
                "how many allocations are left",
                allocations,
                kept,
            );
        }
    }

    fn check_node(&self, report: &mut Report, slot: NodeSlot, node: &NodeRecord) {
        let id = node.node.spec().id.as_str();
        let place = || format!("node `{id}`");
        report.same(place, "the slot under its ID", Some(slot), self.find_node(id));
        let identity = self.identities.get(slot.at()).map(|it| &*it.id);
        report.same(place, "the ID kept for batches", Some(id), identity);
        let condition = self.conditions.get(slot.at()).copied();
        report.same(place, "its condition", Some(NodeCondition::of(Some(&node.node))), condition);
        let on_node = self.allocations_on(slot);
        for (at, &allocation) in on_node.iter().enumerate() {
            let record = self.allocation(allocation);
            let found = record.map(|it| (it.occupies, it.node, it.at_node as usize));
            report.same(place, "the record of an allocation", Some((true, slot, at)), found);
        }
        let used = on_node.iter().map(|&it| self.amounts_of(it));
        let free = used.fold(node.capacity, Amounts::minus);
        let (room, at) = self.room(slot);
        let mut expected = RoomBlock::empty();
        expected.set_free(at, free, node.capacity);
        report.same(place, "what is free", expected.free(at), room.free(at));
        let factors = |room: &RoomBlock| (room.cpu_factor[at], room.memory_factor[at]);
        report.same(place, "the factors of what is free", factors(&expected), factors(room));
        let places = node.max_allocations.saturating_sub(on_node.len() as i64);
        report.same(place, "places for allocations", places, room.free_allocations[at]);
        let size = self.sizes().nth(room.size[at] as usize);
        report.same(place, "its size", Some(Amounts { disk_mb: 0, ..node.capacity }), size);
        let facts = (node.class, tie_break_of(self.seed, id));
        report.same(place, "class and tie-break", facts, (room.class[at], room.tie_break[at]));
        self.check_taken(report, slot, node);
        let mut leaving = Leaving::default();
        for &allocation in on_node {
            if self.allocation(allocation).is_some_and(AllocationRecord::is_to_leave) {
                leaving.amounts = leaving.amounts.plus(self.amounts_of(allocation));
                leaving.allocations += 1;
            }
        }
        report.same(place, "what is leaving", leaving, self.leaving(slot));
        if !self.is_unchecked(slot) && !on_node.is_empty() {
            // What is leaving is not wanted: it may be in the way for a while.
            let Amounts { cpu_mhz, memory_mb, disk_mb } = free.plus(leaving.amounts);
            let places = places.saturating_add(leaving.allocations);
            let lowest = cpu_mhz.min(memory_mb).min(disk_mb).min(places);
            report.same(place, "whether it is overcommitted", false, lowest < 0);
            let is_odd = self.taken(slot, node).is_odd();
            report.same(place, "whether anything is held twice", false, is_odd);
        }
    }

    /// Ports, bandwidth, cores and devices.
    fn check_taken(&self, report: &mut Report, slot: NodeSlot, node: &NodeRecord) {
        let place = || format!("node `{}`", node.node.spec().id);
        let records = self.allocations_on(slot).iter().filter_map(|&it| self.allocation(it));
        let expected = taken_by(node, records);
        let found = self.taken(slot, node);
        report.same(place, "ports in use", ports_of(&expected), ports_of(found));
        report.same(place, "bandwidth in use", bandwidth_of(&expected), bandwidth_of(found));
        report.same(place, "cores in use", &expected.cores, &found.cores);
        report.same(place, "devices in use", &expected.devices, &found.devices);
        let collisions = |taken: &Taken| {
            (taken.has_port_collision(), taken.has_core_collision(), taken.has_foreign_core())
        };
        report.same(place, "collisions", collisions(&expected), collisions(found));
        let (room, at) = self.room(slot);
        report.same(place, "whether more than amounts decides", found.is_odd(), room.is_odd(at));
        let statics = ports_of(&expected).into_iter().map(|(_, port)| port);
        let reserved = ports_of(&node.reserved);
        for port in statics.filter(|&port| !self.port_users.may_be_dynamic(port.into())) {
            let is_reserved = reserved.iter().any(|(_, it)| *it == port);
            let is_known = self.port_users.of(port.into()).contains(&slot.0);
            report.same(place, "the users of its static ports", true, is_known || is_reserved);
        }
    }

    fn check_jobs(&self, report: &mut Report) {
        let all = self.job_slots().filter_map(|slot| self.job(slot));
        let elsewhere = all.filter(|job| job.names().0 != DEFAULT_NAMESPACE).count();
        let place = || "the jobs".to_owned();
        report.same(place, "how many are elsewhere", elsewhere, self.jobs_elsewhere);
        for at in 0..self.jobs.len() {
            let slot = JobSlot::new(at);
            let Some(job) = self.job(slot) else { continue };
            let (namespace, id) = job.names();
            let place = || format!("job `{id}`");
            let found = self.find_job(namespace, id);
            report.same(place, "the slot under its ID", Some(slot), found);
            if let Some(registered) = &job.registered {
                let is_sorted = registered.versions.is_sorted_by(|a, b| a.number > b.number);
                let found = (is_sorted, registered.present().is_some());
                report.same(place, "whether its versions are in order", (true, true), found);
            }
            for (group, record) in job.groups.iter().enumerate() {
                for (at, &allocation) in record.allocations.iter().enumerate() {
                    let found = self.allocation(allocation);
                    let found = found.map(|it| (it.job, usize::from(it.group), it.at_group));
                    let expected = Some((slot, group, at as u32));
                    report.same(place, "the record of an allocation", expected, found);
                }
            }
        }
    }

    fn check_allocation(
        &self,
        report: &mut Report,
        slot: AllocationSlot,
        record: &AllocationRecord,
    ) {
        let id = self.allocation_id(slot);
        let place = || format!("allocation `{id}`");
        report.same(place, "the slot under its ID", Some(slot), self.find_allocation(&id));
        let of_group = self.job(record.job).and_then(|job| job.groups.get(record.group as usize));
        let listed = of_group.and_then(|it| it.allocations.get(record.at_group as usize));
        report.same(place, "its place in its group's list", Some(&slot), listed);
        let has_room = !record.client.is_terminal() && self.node(record.node).is_some();
        report.same(place, "whether it takes room on its node", has_room, record.occupies);
        if record.occupies {
            let listed = self.allocations_on(record.node).get(record.at_node as usize);
            report.same(place, "its place in its node's list", Some(&slot), listed);
        }
        if let Some(node) = self.node_or_gone(record.node) {
            let id = Some(node.node.id.as_str());
            report.same(place, "the ID of its node", id, self.node_id_of(slot));
        }
        if record.batch != BatchSlot::NONE {
            let placed = self
                .batch(record.batch)
                .and_then(|batch| batch.placed.get(record.in_batch as usize));
            let found = placed.map(|placed| placed.name_index);
            report.same(place, "its number in its batch", Some(record.name_index), found);
        }
    }
}

/// Every port in use on every address, in order.
fn ports_of(taken: &Taken) -> Vec<(&str, u16)> {
    let of_address = taken.ports.iter().flat_map(|(ip, ports)| ports.iter().map(|it| (&**ip, it)));
    let mut ports: Vec<(&str, u16)> = of_address.collect();
    ports.sort_unstable();
    ports
}

/// The bandwidth in use on every device that has any, in order.
fn bandwidth_of(taken: &Taken) -> Vec<(&str, i64)> {
    let in_use = taken.bandwidth.iter().filter(|(_, mbits)| *mbits != 0);
    let mut bandwidth: Vec<(&str, i64)> = in_use.map(|(name, mbits)| (&**name, *mbits)).collect();
    bandwidth.sort_unstable();
    bandwidth
}
