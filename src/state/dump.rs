//! The whole state as text, line by line in one order: two states with the same dump answer everything
//! in the same way and go on in the same way.
//!
//! What is left out can be told from the rest, which `check` does, or is only there to be quick: hash
//! indexes, sums, journals, and which slots' records were there before.

use std::fmt::{Debug, Write as _};

use super::State;
use super::allocation::Own;
use super::bookkeeping::NodeLife;
use super::pages::Pages;
use super::records::{Identified, Records};
use super::slots::{AllocationSlot, JobSlot, NodeSlot};

impl State {
    /// Everything that is known.
    pub(crate) fn dump(&self) -> String {
        let mut out = Lines(String::new());
        let seeds = (self.seed, self.identity_seed);
        out.line("state", &(self.modify_index, self.now, seeds));
        out.line("volumes", &self.volumes);
        out.line("names", &self.names);
        out.line("kinds of nodes", &self.facts_classes);
        out.line("sizes of nodes", &self.sizes);
        self.dump_nodes(&mut out);
        self.dump_jobs(&mut out);
        self.dump_batches(&mut out);
        self.dump_allocations(&mut out);
        self.dump_records(&mut out, "evaluation", &self.evaluations);
        self.dump_records(&mut out, "deployment", &self.deployments);
        self.dump_book(&mut out);
        out.0
    }

    fn dump_nodes(&self, out: &mut Lines) {
        out.line("next nodes", &to_be_given(&self.free_nodes, self.node_slots()));
        out.line("ports of nodes", &self.port_users.ranges());
        let generations = self.on_node.iter().map(|on_node| (on_node.generation, on_node.named));
        out.line("slots of nodes", &used(generations, (0, 0)));
        for (slot, record) in self.nodes() {
            let node = &record.node;
            let numbers = (record.datacenter, record.class, record.facts_class);
            out.line("node", &(slot, node, numbers, self.identities.get(slot.at())));
            let generation = self.node_ref(slot).generation;
            out.line("on it", &(self.allocations_on(slot), self.is_unchecked(slot), generation));
            self.dump_room(out, slot);
        }
        // Nodes that left, as long as allocations name them.
        for slot in (0..self.node_slots()).map(NodeSlot::new) {
            if self.node(slot).is_none() && self.is_named(slot) {
                let identity = self.identities.get(slot.at());
                out.line("gone node", &(slot, identity, self.allocations_on(slot)));
            }
        }
    }

    fn dump_room(&self, out: &mut Lines, slot: NodeSlot) {
        let Some(node) = self.node(slot) else { return };
        let (room, at) = self.room(slot);
        let room = (room.free(at), room.free_allocations[at], room.size[at], room.tie_break[at]);
        let taken = self.taken(slot, node);
        let mut ports: Vec<(&str, u16)> = Vec::new();
        for (ip, of_ip) in &taken.ports {
            ports.extend(of_ip.iter().map(|port| (&**ip, port)));
        }
        ports.sort_unstable();
        let mut bandwidth = taken.bandwidth.clone();
        bandwidth.retain(|(_, mbits)| *mbits != 0);
        bandwidth.sort_unstable();
        out.line("room", &(room, ports, bandwidth, &taken.cores, &taken.devices));
        out.line("leaving", &(self.leaving(slot), taken.is_odd()));
        out.line("held by several", &taken.holders());
    }

    fn dump_jobs(&self, out: &mut Lines) {
        out.line("next jobs", &to_be_given(&self.free_jobs, self.jobs.len()));
        out.line("slots of jobs", &used(self.job_generations.iter().copied(), 0));
        for (at, job) in self.jobs.iter().enumerate() {
            let Some(job) = job else { continue };
            out.line("job", &(self.job_ref(JobSlot::new(at)), job.names()));
            if let Some(registered) = self.registration(JobSlot::new(at)) {
                let indexes = (registered.create_index, registered.modify_index);
                out.line("registered", &(indexes, &*registered.versions, registered.present));
            }
            let work = &job.work;
            if !work.is_untouched() {
                out.line(
                    "its evaluations",
                    &(&*work.evaluations.slots, work.evaluations.modify_index),
                );
                out.line(
                    "its deployments",
                    &(&*work.deployments.slots, work.deployments.modify_index),
                );
            }
            if let Some(standing) = &job.standing {
                out.line("its standing", standing);
            }
            for group in job.groups.iter() {
                out.line("group", &(&group.name, &*group.allocations));
            }
        }
    }

    fn dump_batches(&self, out: &mut Lines) {
        out.line("next batches", &to_be_given(&self.free_batches, self.batches.len()));
        for (at, kept) in self.batches.iter().enumerate() {
            let Some((batch, left)) = kept else { continue };
            let job = batch.version.job_spec().map(|job| (&job.namespace, &job.id));
            let version = &batch.version;
            let version = (job, version.group, version.amounts, version.memory_oversubscription);
            let part_of = (batch.evaluation, batch.deployment);
            let created = (batch.create_index, batch.created);
            out.line("batch", &(at, left, version, part_of, created, &*batch.placed));
            out.line("shown", &(&*batch.tallies, &batch.scores, &batch.evicted));
        }
    }

    fn dump_book(&self, out: &mut Lines) {
        let book = self.book();
        out.line("settings", &book.settings);
        out.line("indexes", &book.indexes);
        out.line("deliveries", &(&book.deliveries, book.tokens));
        out.line("in hand", &(&book.claims, &book.released));
        out.line("unblocked", &book.unblocks);
        out.line("news of deployments", &book.news);
        out.line("clients", &used(book.lives.iter().copied(), NodeLife::default()));
    }

    fn dump_records<R: Identified>(&self, out: &mut Lines, what: &str, records: &Records<R>) {
        out.line("next of kind", &(what, to_be_given(records.free(), records.slots())));
        out.line("slots of kind", &(what, used(records.generations(), 0), records.given_away()));
        for (slot, record) in records.iter() {
            out.line(what, &(slot, record));
        }
    }

    fn dump_allocations(&self, out: &mut Lines) {
        let slots = self.allocations.len();
        out.line("next allocations", &to_be_given(&self.free_allocations, slots));
        let mut given_away: Vec<(AllocationSlot, u32)> = self.given_away.iter().copied().collect();
        given_away.sort_unstable();
        out.line("identities given away", &given_away);
        for (at, record) in self.allocations.iter().enumerate() {
            match record.own {
                // A free slot that never had an allocation is like one beyond the end.
                Own::Vacant if record.generation == 0 => {}
                Own::Vacant => out.line("free", &(at, record.generation)),
                _ => {
                    out.line("allocation", &(at, record));
                    out.line("since then", &self.lifecycle(AllocationSlot::new(at)));
                }
            }
        }
    }
}

/// What there is by slot, where it is not as in a slot that was never used.
fn used<T: PartialEq>(slots: impl Iterator<Item = T>, unused: T) -> Vec<(usize, T)> {
    slots.enumerate().filter(|(_, slot)| *slot != unused).collect()
}

/// The slots that will be given out, up to the point from which on one follows the other.
fn to_be_given<const LEAF: usize>(free: &Pages<u32, LEAF>, slots: usize) -> (Vec<u32>, usize) {
    let mut free: Vec<u32> = free.iter().copied().collect();
    free.reverse();
    let mut end = slots;
    while free.last().is_some_and(|&last| last as usize + 1 == end) {
        free.pop();
        end -= 1;
    }
    (free, end)
}

struct Lines(String);

impl Lines {
    fn line(&mut self, what: &str, content: &dyn Debug) {
        // Writing to a text does not fail.
        let _ = writeln!(self.0, "{what} {content:?}");
    }
}
