//! Allocations: looking them up, and the lists that they are on.

use super::State;
use super::allocation::{AllocationRecord, Own, core_mhz};
use super::group_version::GroupVersion;
use super::ids;
use super::index::name_hash;
use super::slots::{AllocationSlot, JobSlot};
use super::usage::Amounts;
use crate::model::status::DesiredStatus;
use crate::model::{JobSpec, TaskGroup};

impl State {
    /// Every allocation with its slot, in the order of slots.
    pub(crate) fn allocations(&self) -> impl Iterator<Item = (AllocationSlot, &AllocationRecord)> {
        let slots = self.allocations.iter().enumerate();
        slots
            .filter(|(_, record)| !record.is_vacant())
            .map(|(at, record)| (AllocationSlot::new(at), record))
    }

    #[inline]
    pub(crate) fn allocation(&self, slot: AllocationSlot) -> Option<&AllocationRecord> {
        self.allocations.get(slot.at()).filter(|record| !record.is_vacant())
    }

    /// How many allocations there are.
    pub(crate) fn allocation_count(&self) -> usize {
        self.allocations.len() - self.free_allocations.len()
    }

    /// The identity of an allocation.
    pub(crate) fn allocation_id(&self, slot: AllocationSlot) -> String {
        match self.allocation(slot) {
            Some(record) if record.is_imported() => {
                self.document_of(slot).map_or_else(String::new, |document| document.id.clone())
            }
            Some(record) => ids::encode(self.identity_seed, slot.0, record.generation),
            None => String::new(),
        }
    }

    pub(crate) fn find_allocation(&self, id: &str) -> Option<AllocationSlot> {
        let is_imported = |slot: u32| {
            self.document_of(AllocationSlot(slot)).is_some_and(|document| document.id == id)
        };
        if !self.imported_index.is_empty()
            && let Some(slot) = self.imported_index.find(name_hash(id), is_imported)
        {
            return Some(AllocationSlot(slot));
        }
        let (slot, generation) = ids::decode(self.identity_seed, id)?;
        let slot = AllocationSlot(slot);
        let record = self.allocation(slot)?;
        let is_ours = !record.is_imported() && record.generation == generation;
        is_ours.then_some(slot)
    }

    /// The allocations whose identities begin with a text. Every allocation is looked at, but an
    /// identity of ours is compared as the number that it is.
    pub(crate) fn allocations_with_prefix(
        &self,
        prefix: &str,
    ) -> impl Iterator<Item = AllocationSlot> {
        let of_ours = ids::Prefix::parse(prefix);
        // Where no identity of ours begins like this, those from elsewhere may.
        let none_is_imported = of_ours.is_none() && self.imported_index.is_empty();
        let all = self.allocations().take_while(move |_| !none_is_imported);
        let begins = move |&(slot, record): &(AllocationSlot, &AllocationRecord)| {
            if record.is_imported() {
                return self.document_of(slot).is_some_and(|it| it.id.starts_with(prefix));
            }
            of_ours.is_some_and(|it| it.is_of(self.identity_seed, slot.0, record.generation))
        };
        all.filter(begins).map(|(slot, _)| slot)
    }

    /// What an allocation takes of its node's amounts.
    pub(crate) fn amounts_of(&self, slot: AllocationSlot) -> Amounts {
        let Some(record) = self.allocation(slot) else { return Amounts::default() };
        let of_batch = || self.version_of(slot).map(|it| it.amounts).unwrap_or_default();
        match &record.own {
            Own::Vacant => Amounts::default(),
            Own::Amounts => of_batch(),
            Own::Holdings(holdings) => {
                let amounts = of_batch();
                Amounts { cpu_mhz: amounts.cpu_mhz + core_mhz(holdings), ..amounts }
            }
        }
    }

    /// What an allocation runs: its group of a version of its job.
    pub(crate) fn version_of(&self, slot: AllocationSlot) -> Option<&GroupVersion> {
        match self.own_version(slot) {
            Some(own) => Some(own),
            None => Some(&self.batch(self.allocation(slot)?.batch)?.version),
        }
    }

    /// The job in the version that an allocation runs; none where an inventory did not tell.
    pub(crate) fn job_spec_of(&self, slot: AllocationSlot) -> Option<&JobSpec> {
        self.version_of(slot)?.job_spec()
    }

    /// Whether the job that an allocation was placed for was purged; another one may have its name since
    /// (docs/lifecycle.md, section 9, *Purge*). The job is the allocation's.
    pub(crate) fn is_of_earlier_life(&self, slot: AllocationSlot, job: JobSlot) -> bool {
        let created = self.registration(job).map(|it| it.create_index);
        created != self.job_spec_of(slot).map(|job| job.create_index)
    }

    /// The group of that job which an allocation is of.
    pub(crate) fn group_spec_of(&self, slot: AllocationSlot) -> Option<&TaskGroup> {
        self.version_of(slot)?.group_spec()
    }

    /// The identity of the node that an allocation is on or was on, which may be gone.
    pub(crate) fn node_id_of(&self, slot: AllocationSlot) -> Option<&str> {
        let record = self.allocation(slot)?;
        match self.identities.get(record.node.at()) {
            Some(identity) => Some(&identity.id),
            // It came from an inventory that has no such node.
            None => self.document_of(slot).map(|document| document.node_id.as_str()),
        }
    }

    /// An allocation's name.
    pub(crate) fn allocation_name(&self, slot: AllocationSlot) -> String {
        if let Some(document) = self.document_of(slot) {
            return document.name.clone();
        }
        let Some(record) = self.allocation(slot) else { return String::new() };
        let version = self.version_of(slot);
        version.map_or_else(String::new, |version| version.name_of(record.name_index))
    }

    /// Whether a job has one allocation left, of the given group, and nothing else.
    pub(super) fn is_last_of_job(&self, job: JobSlot, group: u16) -> bool {
        if self.work(job).is_some_and(|work| !work.is_empty()) {
            return false;
        }
        let groups = self.job(job).map(|job| &*job.groups).unwrap_or_default();
        let expected = |at: usize| usize::from(at == usize::from(group));
        groups.iter().enumerate().all(|(at, it)| it.allocations.len() == expected(at))
    }

    /// Takes an allocation off its group's list.
    pub(super) fn leave_group(&mut self, slot: AllocationSlot) {
        let Some(record) = self.allocation(slot) else { return };
        let (job, group, at_group) = (record.job, record.group, record.at_group);
        let moved = self.group_mut(job, group).and_then(|list| {
            list.swap_remove(at_group as usize);
            list.get(at_group as usize).copied()
        });
        if let Some(record) = moved.and_then(|moved| self.allocations.get_mut(moved.at())) {
            record.at_group = at_group;
        }
    }

    /// Puts an allocation at the end of its node's list, and takes its room.
    pub(super) fn join_node(&mut self, slot: AllocationSlot) {
        let Some(record) = self.allocation(slot) else { return };
        let (node, own, is_leaving) = (record.node, record.own.clone(), record.is_to_leave());
        let amounts = self.amounts_of(slot);
        if let Some(list) = self.on_node_mut(node) {
            list.push(slot);
            let at_node = list.len() as u32 - 1;
            if let Some(record) = self.allocations.get_mut(slot.at()) {
                (record.at_node, record.occupies) = (at_node, true);
            }
        }
        self.take_room(node, amounts, own.holdings(), is_leaving);
        self.touch(node);
    }

    /// Changes what is wanted of an allocation. One that is on its node becomes or ceases to be one that
    /// is leaving it.
    pub(super) fn set_desired(&mut self, slot: AllocationSlot, desired: DesiredStatus) {
        let Some(record) = self.allocation(slot) else { return };
        let (was, is) = (record.is_to_leave(), desired.is_terminal());
        let (node, own, occupies) = (record.node, record.own.clone(), record.occupies);
        if occupies && was != is {
            let amounts = self.amounts_of(slot);
            self.set_leaving(node, amounts, own.holdings(), is);
        }
        if let Some(record) = self.allocations.get_mut(slot.at()) {
            record.desired = desired;
        }
    }

    /// Takes an allocation off its node, whose room it gives back.
    pub(super) fn leave_node(&mut self, slot: AllocationSlot) {
        self.leave_node_with(slot, self.amounts_of(slot));
    }

    /// The same where it is known what the allocation takes.
    pub(super) fn leave_node_with(&mut self, slot: AllocationSlot, amounts: Amounts) {
        let Some(record) = self.allocation(slot) else { return };
        let (node, at_node, own) = (record.node, record.at_node, record.own.clone());
        let is_leaving = record.is_to_leave();
        let moved = self.on_node_mut(node).and_then(|list| swap_out(list, at_node));
        if let Some(record) = moved.and_then(|moved| self.allocations.get_mut(moved.at())) {
            record.at_node = at_node;
        }
        if let Some(record) = self.allocations.get_mut(slot.at()) {
            record.occupies = false;
        }
        self.give_room_back(node, amounts, own.holdings(), is_leaving);
        self.touch(node);
        if self.allocations_on(node).is_empty() {
            self.set_unchecked(node, false);
        }
    }
}

/// Takes a place out of a list by moving the last one there, and gives the one that moved.
fn swap_out(list: &mut Vec<AllocationSlot>, at: u32) -> Option<AllocationSlot> {
    let at = at as usize;
    if at < list.len() {
        list.swap_remove(at);
    }
    list.get(at).copied()
}
