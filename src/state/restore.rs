//! Putting back what a transaction changed, entry by entry of its log.

use std::sync::Arc;

use super::State;
use super::allocation::AllocationRecord;
use super::index::name_hash;
use super::nodes::tie_break_of;
use super::slots::{AllocationSlot, DeploymentSlot, EvaluationSlot, JobSlot, NodeSlot};
use super::transaction::{Touched, Transaction, push_other};

use super::undo::{ChangedAllocation, NodeBefore, RemovedAllocation, Undo};

impl ChangedAllocation {
    /// An allocation as it is before a change.
    pub(super) fn before(state: &State, slot: AllocationSlot, record: &AllocationRecord) -> Self {
        ChangedAllocation {
            slot,
            desired: record.desired,
            client: record.client,
            occupied: record.occupies,
            was_unchecked: state.is_unchecked(record.node),
            is_staged: false,
            at_node: record.at_node,
            lifecycle: state.own_lifecycle(slot),
        }
    }
}

impl Undo {
    /// Adds what it changed.
    pub(super) fn touches(&self, state: &State, touched: &mut Touched) {
        let mut touch = |slot: AllocationSlot| {
            touched.allocations.push(slot);
            if let Some(record) = state.allocation(slot) {
                push_other(&mut touched.jobs, record.job);
                touched.nodes.push(record.node);
            }
        };
        match self {
            Undo::Enlisted(enlisted) => enlisted.slots.iter().for_each(|&slot| touch(slot)),
            Undo::Imported { slot, .. } => touch(*slot),
            Undo::Changed(before) => touch(before.slot),
            Undo::Lifecycle { slot, .. } => touch(*slot),
            Undo::EndedStaging { slot, .. } => touch(*slot),
            Undo::Removed(removed) => {
                touched.allocations.push(removed.slot);
                push_other(&mut touched.jobs, removed.record.job);
                touched.nodes.push(removed.record.node);
            }
            Undo::Node(before) => touched.nodes.push(before.slot),
            Undo::JobAdded { job, .. }
            | Undo::Registered { job, .. }
            | Undo::Touched { job, .. }
            | Undo::JobRemoved { job, .. }
            | Undo::GroupAdded(job) => push_other(&mut touched.jobs, *job),
            Undo::Evaluation(before) => {
                touched.evaluations.push(EvaluationSlot(before.slot));
                push_other(&mut touched.jobs, before.job);
            }
            Undo::Deployment(before) => {
                touched.deployments.push(DeploymentSlot(before.slot));
                push_other(&mut touched.jobs, before.job);
            }
            Undo::Seed(_)
            | Undo::BatchOpened { .. }
            | Undo::Book(_)
            | Undo::Generation { .. }
            | Undo::GivenAway => {}
        }
    }
}

impl Transaction<'_> {
    /// Takes the latest change back.
    pub(super) fn undo(&mut self, entry: Undo) {
        match entry {
            Undo::Seed(seed) => self.state.change_seed(seed),
            Undo::Node(before) => self.state.restore_node(*before),
            Undo::Registered { job, before } => {
                if let Some(record) = self.state.job_mut(job) {
                    record.registered = before;
                }
            }
            Undo::Touched { job, before } => _ = self.state.count_change(job, before),
            Undo::JobRemoved { job, record } => self.state.restore_job(job, record),
            Undo::JobAdded { job, is_reused } => self.state.undo_job_added(job, is_reused),
            Undo::GroupAdded(job) => self.state.undo_group_added(job),
            Undo::BatchOpened { batch, is_reused } => self.undo_batch_opened(batch, is_reused),
            Undo::Enlisted(enlisted) => self.undo_enlisted(enlisted),
            Undo::Generation { slot, before } => {
                if let Some(record) = self.state.allocations.get_mut(slot.at()) {
                    record.generation = before;
                }
            }
            Undo::Imported { slot, is_reused, was_unchecked } => {
                self.state.undo_imported(slot, is_reused, was_unchecked);
            }
            Undo::GivenAway => drop(Arc::make_mut(&mut self.state.given_away).pop()),
            Undo::Changed(before) => {
                if before.is_staged {
                    self.state.log.staged.pop();
                }
                self.state.restore_changed(before);
            }
            Undo::Lifecycle { slot, before } => self.state.undo_lifecycle(slot, before),
            Undo::EndedStaging { slot, was_unchecked } => {
                let node = self.allocation(slot).map_or(NodeSlot::NONE, |record| record.node);
                self.state.leave_node(slot);
                self.state.set_unchecked(node, was_unchecked);
            }
            Undo::Removed(removed) => self.state.restore_removed(*removed),
            Undo::Book(before) => self.state.undo_book(before),
            Undo::Evaluation(before) => {
                self.state.evaluations.undo(before.slot, before.change);
                self.state.restore_work(before.job, before.list, |work, list| {
                    work.evaluations.restore(EvaluationSlot(before.slot), list);
                });
            }
            Undo::Deployment(before) => {
                self.state.deployments.undo(before.slot, before.change);
                self.state.restore_work(before.job, before.list, |work, list| {
                    work.deployments.restore(DeploymentSlot(before.slot), list);
                });
            }
        }
    }
}

impl State {
    fn restore_node(&mut self, before: NodeBefore) {
        let slot = before.slot;
        let now = self.node(slot).map(|it| it.node.spec().id.clone());
        let then = before.record.as_ref().map(|it| it.node.spec().id.clone());
        match (&now, &then) {
            (Some(now), None) => {
                self.node_index.remove(name_hash(now), slot.0);
                // Tables of nodes do not shrink: a new slot at their end is as good as a free one.
                self.free_nodes.push(slot.0);
                if let Some(on_node) = self.on_node.get_mut(slot.at()) {
                    on_node.generation = on_node.generation.wrapping_sub(1);
                }
            }
            (None, Some(then)) => {
                self.node_index.insert(name_hash(then), slot.0);
                if !self.is_named(slot) {
                    self.free_nodes.pop();
                }
            }
            _ => {}
        }
        self.set_node(slot, before.record);
        if let (Some(identity), Some(place)) = (before.identity, self.identities.get_mut(slot.at()))
        {
            *place = identity;
        }
        if let Some(id) = &then {
            let tie_break = tie_break_of(self.seed, id);
            self.change_room(slot, |room, at| room.tie_break[at] = tie_break);
        }
        self.set_unchecked(slot, before.was_unchecked);
        self.recount(slot);
        self.facts_journal.push(slot);
        self.touch(slot);
        let is_renumbered = self.names.truncate(before.names)
            | truncate(&mut self.facts_classes, before.facts_classes)
            | truncate(&mut self.sizes, before.sizes);
        self.renumberings += u64::from(is_renumbered);
        self.port_users.restore(before.reserved_ports, before.dynamic_ports);
    }

    fn undo_imported(&mut self, slot: AllocationSlot, is_reused: bool, was_unchecked: bool) {
        let Some(record) = self.allocation(slot) else { return };
        let (node, generation, occupies) = (record.node, record.generation, record.occupies);
        self.unname_node(node);
        self.leave_group(slot);
        if occupies {
            self.leave_node(slot);
            self.set_unchecked(node, was_unchecked);
        } else {
            self.list_ended(node, slot, false);
        }
        self.imported_index.remove(name_hash(&self.allocation_id(slot)), slot.0);
        self.take_lifecycle(slot);
        self.vacate(slot, generation, is_reused);
    }

    fn restore_changed(&mut self, before: ChangedAllocation) {
        let slot = before.slot;
        let Some(record) = self.allocation(slot) else { return };
        let (occupies, node) = (record.occupies, record.node);
        if occupies && !before.occupied {
            self.leave_node(slot);
            self.set_unchecked(node, before.was_unchecked);
        }
        self.set_desired(slot, before.desired);
        if let Some(record) = self.allocations.get_mut(slot.at()) {
            (record.client, record.at_node) = (before.client, before.at_node);
        }
        self.restore_lifecycle(slot, before.lifecycle);
        if before.occupied && !occupies {
            self.rejoin_node(slot);
            self.set_unchecked(node, before.was_unchecked);
        }
        self.note_ended(slot);
    }

    fn restore_removed(&mut self, removed: RemovedAllocation) {
        let RemovedAllocation { slot, record, lifecycle, was_unchecked, batch, job, freed_node } =
            removed;
        self.undo_unname_node(record.node, freed_node);
        let (occupies, node, at_group) = (record.occupies, record.node, record.at_group);
        let (of_job, group, of_batch) = (record.job, record.group, record.batch);
        let is_imported = record.is_imported();
        self.free_allocations.pop();
        if let Some(place) = self.allocations.get_mut(slot.at()) {
            *place = record;
        }
        self.restore_lifecycle(slot, lifecycle.map(Box::new));
        if is_imported {
            self.imported_index.insert(name_hash(&self.allocation_id(slot)), slot.0);
        }
        match (batch, self.batches.get_mut(of_batch.at())) {
            (Some(batch), Some(place)) => {
                *place = Some((batch, 1));
                self.free_batches.pop();
            }
            (None, Some(Some((_, left)))) => *left += 1,
            _ => {}
        }
        match job {
            Some(job) => self.restore_job(of_job, job),
            None => self.rejoin_group(slot, of_job, group, at_group),
        }
        if occupies {
            self.rejoin_node(slot);
            self.set_unchecked(node, was_unchecked);
        }
        self.note_ended(slot);
    }

    /// Puts an allocation back into its place in its group's list, where taking it out moved the last
    /// one.
    fn rejoin_group(&mut self, slot: AllocationSlot, job: JobSlot, group: u16, at_group: u32) {
        let Some(list) = self.group_mut(job, group) else { return };
        let last = list.len() as u32;
        let moved = list.get_mut(at_group as usize).map(|place| std::mem::replace(place, slot));
        list.push(moved.unwrap_or(slot));
        if let Some(record) = moved.and_then(|moved| self.allocations.get_mut(moved.at())) {
            record.at_group = last;
        }
    }

    /// Puts an allocation back into its place in its node's list, likewise, with its room.
    fn rejoin_node(&mut self, slot: AllocationSlot) {
        let Some(record) = self.allocation(slot) else { return };
        let (node, at_node, own) = (record.node, record.at_node, record.own.clone());
        let is_leaving = record.is_to_leave();
        let amounts = self.amounts_of(slot);
        let Some(list) = self.on_node_mut(node) else { return };
        let last = list.len() as u32;
        let moved = list.get_mut(at_node as usize).map(|place| std::mem::replace(place, slot));
        list.push(moved.unwrap_or(slot));
        if let Some(record) = moved.and_then(|moved| self.allocations.get_mut(moved.at())) {
            record.at_node = last;
        }
        if let Some(record) = self.allocations.get_mut(slot.at()) {
            record.occupies = true;
        }
        self.take_room(node, amounts, own.holdings(), is_leaving);
        self.touch(node);
    }

    /// Frees the slot of an allocation that was added: it is on no list any more.
    pub(super) fn vacate(&mut self, slot: AllocationSlot, generation: u32, is_reused: bool) {
        if !is_reused {
            self.allocations.pop();
            return;
        }
        if let Some(record) = self.allocations.get_mut(slot.at()) {
            *record = AllocationRecord::vacant(generation);
        }
        self.free_allocations.push(slot.0);
    }
}

/// Shortens a set of numbered things; true if that took any out.
fn truncate<T: Clone + std::hash::Hash + Eq, S: Clone>(
    set: &mut Arc<indexmap::IndexSet<T, S>>,
    length: usize,
) -> bool {
    let is_longer = set.len() > length;
    if is_longer {
        Arc::make_mut(set).truncate(length);
    }
    is_longer
}
