//! What happens to allocations after they were placed, or without being placed here: they come from an
//! inventory, are stopped and evicted, end, and are taken out.

use std::sync::Arc;

use super::allocation::{AllocationRecord, Own};
use super::group_version::GroupVersion;
use super::ids;
use super::imported::Imported;
use super::index::name_hash;
use super::lifecycle::LifecycleRecord;
use super::slots::{AllocationRef, AllocationSlot, JobSlot, NodeSlot};
use super::transaction::Transaction;
use super::undo::{ChangedAllocation, RemovedAllocation, Undo};
use crate::model::status::{ClientStatus, DesiredStatus};

impl Transaction<'_> {
    /// Adds an allocation of an inventory. Its identity must not be there yet; its node may be
    /// unknown.
    pub(crate) fn import(&mut self, imported: Imported) -> AllocationSlot {
        self.drop_open_batch();
        let Imported { document, version, holdings } = imported;
        let namespace = if document.namespace.is_empty() { "default" } else { &document.namespace };
        let job = self.ensure_named_job(namespace, &document.job_id);
        let group = self.ensure_group(job, &document.task_group);
        let (desired, client) = (document.desired(), document.client());
        let node = self.find_node(&document.node_id).unwrap_or(NodeSlot::NONE);
        let hash = name_hash(&document.id);
        let version = self.shared_version(job, group, version);
        if let Some((slot, generation)) = ids::decode(self.identity_seed, &document.id)
            && Arc::make_mut(&mut self.state.given_away).insert((AllocationSlot(slot), generation))
        {
            self.log(Undo::GivenAway);
        }
        let record = AllocationRecord {
            job,
            group,
            desired,
            client,
            node,
            name_index: name_index(&document.name).unwrap_or(u32::MAX),
            own: match holdings.is_empty() {
                true => Own::Amounts,
                false => Own::Holdings(Arc::new(holdings)),
            },
            ..AllocationRecord::vacant(0)
        };
        let occupies = !client.is_terminal() && node != NodeSlot::NONE;
        let lifecycle = LifecycleRecord::imported(document, version, self.index());
        let slot = self.add(record, lifecycle, occupies);
        self.state.imported_index.insert(hash, slot.0);
        slot
    }

    /// The version of a group that an allocation of an inventory runs, which is kept once for those that
    /// come one after the other with the same.
    fn shared_version(&self, job: JobSlot, group: u16, version: GroupVersion) -> Arc<GroupVersion> {
        let groups = self.job(job).map(|job| &*job.groups).unwrap_or_default();
        let latest = groups.get(usize::from(group)).and_then(|it| it.allocations.last());
        let known = latest.and_then(|&latest| self.own_version(latest));
        known.filter(|known| ***known == version).cloned().unwrap_or_else(|| Arc::new(version))
    }

    /// Gives a record a slot and puts it on its node's and its group's lists.
    fn add(
        &mut self,
        mut record: AllocationRecord,
        lifecycle: LifecycleRecord,
        occupies: bool,
    ) -> AllocationSlot {
        let (job, group, node) = (record.job, record.group, record.node);
        let freed = self.state.free_allocations.pop().map(AllocationSlot);
        record.at_group = self.state.group_len(job, group) as u32;
        let slot = match freed {
            Some(slot) => {
                if let Some(place) = self.state.allocations.get_mut(slot.at()) {
                    record.generation = place.generation;
                    *place = record;
                }
                slot
            }
            None => {
                self.state.allocations.push(record);
                AllocationSlot::new(self.state.allocations.len() - 1)
            }
        };
        self.state.import_lifecycle(slot, lifecycle);
        if let Some(list) = self.state.group_mut(job, group) {
            list.push(slot);
        }
        self.state.name_node(node);
        let was_unchecked = occupies && self.is_unchecked(node);
        if occupies {
            self.state.join_node(slot);
            self.state.set_unchecked(node, true);
        }
        self.state.note_ended(slot);
        self.log(Undo::Imported { slot, is_reused: freed.is_some(), was_unchecked });
        slot
    }

    /// Changes what is wanted of an allocation and what became of it. One that has ended makes room;
    /// one that runs after all, having been lost for instance, takes room again if its node is still there.
    pub(crate) fn set_status(
        &mut self,
        slot: AllocationSlot,
        desired: DesiredStatus,
        client: ClientStatus,
    ) {
        self.drop_open_batch();
        let Some(record) = self.allocation(slot) else { return };
        if (record.desired, record.client) == (desired, client) {
            return;
        }
        let before = ChangedAllocation::before(self, slot, record);
        let (occupied, node) = (record.occupies, record.node);
        if client.is_terminal() && occupied {
            self.state.leave_node(slot);
        }
        self.state.set_desired(slot, desired);
        if !client.is_terminal()
            && !occupied
            && !self.state.log.staged.contains(&slot)
            && self.node(node).is_some()
        {
            self.state.join_node(slot);
            self.state.set_unchecked(node, true);
        }
        self.index();
        if let Some(record) = self.state.allocations.get_mut(slot.at()) {
            record.client = client;
        }
        self.state.note_ended(slot);
        let is_clients = before.desired == desired;
        self.note_change(slot, is_clients, |_| {});
        self.log(Undo::Changed(before));
    }

    /// Takes an allocation off a node that is about to be taken out. It stays as it is otherwise.
    pub(super) fn leave_lost_node(&mut self, slot: AllocationSlot) {
        let Some(record) = self.allocation(slot) else { return };
        let (before, node) = (ChangedAllocation::before(self, slot, record), record.node);
        self.state.leave_node(slot);
        self.state.list_ended(node, slot, true);
        self.log(Undo::Changed(before));
    }

    /// Evicts an allocation that is on its node, to make room for another. Its room is free for the
    /// rest of the transaction; when that ends, the allocation holds it again until its client says
    /// that it has ended.
    pub(crate) fn evict(&mut self, victim: AllocationSlot, by: AllocationRef) {
        self.stage(victim, DesiredStatus::Evict, by);
    }

    /// Tells an allocation that is on its node to stop, for another that replaces it. Its room is free
    /// likewise.
    pub(crate) fn stage_stop(&mut self, slot: AllocationSlot) {
        self.stage(slot, DesiredStatus::Stop, AllocationRef::NONE);
    }

    /// Tells an allocation to stop, wherever it is. The room of one that is on its node is free likewise.
    pub(crate) fn stop(&mut self, slot: AllocationSlot) {
        match self.allocation(slot).map(|record| (record.occupies, record.desired, record.client)) {
            Some((true, ..)) => self.stage_stop(slot),
            Some((false, desired, client)) if !desired.is_terminal() => {
                self.set_status(slot, DesiredStatus::Stop, client);
            }
            _ => {}
        }
    }

    /// Tells an allocation that is on its node to stop, where nobody takes its room, and writes more of it
    /// down. It is what stopping it comes to once the transaction has ended, without making its room free
    /// in between; only its place on its node's list, which means nothing, stays.
    pub(crate) fn stop_where_it_is(
        &mut self,
        slot: AllocationSlot,
        change: impl FnOnce(&mut LifecycleRecord),
    ) {
        self.drop_open_batch();
        let Some(record) = self.allocation(slot) else { return };
        let before = ChangedAllocation::before(self, slot, record);
        self.state.set_desired(slot, DesiredStatus::Stop);
        self.note_change(slot, false, |record| {
            record.evicted_by = AllocationRef::NONE;
            change(record);
        });
        self.log(Undo::Changed(before));
    }

    fn stage(&mut self, slot: AllocationSlot, desired: DesiredStatus, by: AllocationRef) {
        let Some(record) = self.allocation(slot).filter(|record| record.occupies) else { return };
        let mut before = ChangedAllocation::before(self, slot, record);
        before.is_staged = true;
        self.state.leave_node(slot);
        self.index();
        if let Some(record) = self.state.allocations.get_mut(slot.at()) {
            record.desired = desired;
        }
        self.note_change(slot, false, |record| record.evicted_by = by);
        self.state.log.staged.push(slot);
        self.log(Undo::Changed(before));
    }

    /// Gives those that were stopped or evicted the room back that they hold until they have ended.
    /// What is free on their nodes may be less than nothing then; what is wanted there fits.
    pub(super) fn end_staging(&mut self) {
        for at in 0..self.state.log.staged.len() {
            let Some(&slot) = self.state.log.staged.get(at) else { break };
            let Some(record) = self.allocation(slot) else { continue };
            if !record.occupies && !record.client.is_terminal() && self.node(record.node).is_some()
            {
                let node = record.node;
                let was_unchecked = self.is_unchecked(node);
                self.state.join_node(slot);
                self.log(Undo::EndedStaging { slot, was_unchecked });
            } else {
                // Its node left meanwhile, or it has ended there.
                self.state.note_ended(slot);
            }
        }
    }

    /// Takes an allocation out of everything. Its batch goes with the last of its allocations, its job
    /// likewise unless it is registered.
    pub(crate) fn remove_allocation(&mut self, slot: AllocationSlot) {
        self.drop_open_batch();
        let Some(record) = self.allocation(slot) else { return };
        let (batch, job, group) = (record.batch, record.job, record.group);
        let (occupies, node) = (record.occupies, record.node);
        let is_imported = record.is_imported();
        // All that this hangs on is read before anything is written: reads wait for memory together,
        // but none goes ahead of a write to what forks may share.
        let amounts = self.amounts_of(slot);
        let is_last_of_job =
            self.registration(job).is_none() && self.state.is_last_of_job(job, group);
        let left = self.state.batches.get(batch.at()).and_then(|batch| Some(batch.as_ref()?.1));
        let was_unchecked = occupies && self.is_unchecked(node);
        self.index();
        let state = &mut *self.state;
        if !is_last_of_job {
            state.leave_group(slot);
        }
        if occupies {
            state.leave_node_with(slot, amounts);
        } else {
            state.list_ended(node, slot, false);
        }
        if is_imported {
            state.imported_index.remove(name_hash(&state.allocation_id(slot)), slot.0);
        }
        let Some(place) = state.allocations.get_mut(slot.at()) else { return };
        let vacant = AllocationRecord::vacant(place.generation.wrapping_add(1));
        let record = AllocationRecord { occupies, ..std::mem::replace(place, vacant) };
        state.free_allocations.push(slot.0);
        let lifecycle = state.take_lifecycle(slot);
        let freed_node = state.unname_node(node);
        let mut last_of_batch = None;
        if let Some(place) = left.and_then(|_| state.batches.get_mut(batch.at())) {
            match place {
                Some((_, left)) if *left > 1 => *left -= 1,
                _ => {
                    last_of_batch = place.take().map(|(batch, _)| batch);
                    state.free_batches.push(batch.0);
                }
            }
        }
        let job = if is_last_of_job { state.take_job(job) } else { None };
        let batch = last_of_batch;
        let removed =
            RemovedAllocation { slot, record, lifecycle, was_unchecked, batch, job, freed_node };
        self.log(Undo::Removed(Box::new(removed)));
    }
}

/// The number in a name such as `web.front[3]`.
pub(crate) fn name_index(name: &str) -> Option<u32> {
    let (_, number) = name.strip_suffix(']')?.rsplit_once('[')?;
    number.parse().ok()
}
