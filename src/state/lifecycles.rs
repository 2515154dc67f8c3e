//! What happened to allocations: looking it up and writing it down.

use std::borrow::Cow;
use std::sync::Arc;

use super::State;
use super::allocation::AllocationRecord;
use super::group_version::GroupVersion;
use super::slots::{AllocationRef, AllocationSlot};
use super::transaction::Transaction;
use super::undo::Undo;
use super::usage::Amounts;
use indexmap::IndexMap;

use crate::model::{Allocation, TaskState};

use super::lifecycle::LifecycleRecord;
use super::task_states::TaskStates;

impl State {
    /// What happened to an allocation since it was placed: what its batch says, where nothing did.
    pub(crate) fn lifecycle(&self, slot: AllocationSlot) -> Option<Cow<'_, LifecycleRecord>> {
        let record = self.allocation(slot)?;
        if let Some(own) = self.lifecycles.get(slot) {
            return Some(Cow::Borrowed(own));
        }
        Some(Cow::Owned(LifecycleRecord::as_placed(self.batch(record.batch)?)))
    }

    /// What an allocation runs, where that is not what its batch says.
    pub(super) fn own_version(&self, slot: AllocationSlot) -> Option<&Arc<GroupVersion>> {
        self.lifecycles.get(slot)?.version.as_ref()
    }

    /// What the document of an allocation of an inventory says beyond its records.
    pub(crate) fn document_of(&self, slot: AllocationSlot) -> Option<&Allocation> {
        self.lifecycles.get(slot)?.rare.as_deref()?.document.as_deref()
    }

    /// The record of an allocation, if it has one of its own.
    pub(super) fn own_lifecycle(&self, slot: AllocationSlot) -> Option<Box<LifecycleRecord>> {
        self.lifecycles.get(slot).cloned().map(Box::new)
    }

    /// Takes the record of an allocation out, which is then as it was placed.
    pub(super) fn take_lifecycle(&mut self, slot: AllocationSlot) -> Option<LifecycleRecord> {
        self.lifecycles.take(slot)
    }

    /// Puts the record of an allocation back to what it was; none if it had none.
    pub(super) fn restore_lifecycle(
        &mut self,
        slot: AllocationSlot,
        before: Option<Box<LifecycleRecord>>,
    ) {
        match before {
            Some(before) => drop(self.lifecycles.set(slot, *before)),
            None => drop(self.lifecycles.take(slot)),
        }
    }

    /// Takes back a change of an allocation's record.
    pub(super) fn undo_lifecycle(
        &mut self,
        slot: AllocationSlot,
        before: Option<Box<LifecycleRecord>>,
    ) {
        let amounts = self.amounts_of(slot);
        self.restore_lifecycle(slot, before);
        self.take_difference(slot, amounts);
    }

    /// Takes what an allocation takes now of its node in place of what it took before.
    fn take_difference(&mut self, slot: AllocationSlot, before: Amounts) {
        let Some(record) = self.allocation(slot).filter(|record| record.occupies) else { return };
        let (node, is_leaving, own) = (record.node, record.is_to_leave(), record.own.clone());
        let after = self.amounts_of(slot);
        if before != after {
            self.give_room_back(node, before, own.holdings(), is_leaving);
            self.take_room(node, after, own.holdings(), is_leaving);
            self.touch(node);
        }
    }

    /// Writes the record of an allocation of an inventory.
    pub(super) fn import_lifecycle(&mut self, slot: AllocationSlot, record: LifecycleRecord) {
        self.lifecycles.set(slot, record);
    }

    /// A reference to an allocation that outlives it.
    pub(crate) fn allocation_ref(&self, slot: AllocationSlot) -> AllocationRef {
        match self.allocations.get(slot.at()) {
            Some(record) => AllocationRef { slot, generation: record.generation },
            None => AllocationRef::NONE,
        }
    }

    /// The allocation of a reference, if it is still there.
    pub(crate) fn resolve_allocation(&self, allocation: AllocationRef) -> Option<AllocationSlot> {
        let record = self.allocation(allocation.slot)?;
        (record.generation == allocation.generation).then_some(allocation.slot)
    }
}

impl Transaction<'_> {
    /// Changes what is kept of an allocation's life, in this transaction's index and instant. An
    /// allocation of which only its client said something was changed by its client.
    pub(super) fn note_change(
        &mut self,
        slot: AllocationSlot,
        is_clients: bool,
        change: impl FnOnce(&mut LifecycleRecord),
    ) {
        let Some(mut record) = self.lifecycle(slot).map(Cow::into_owned) else { return };
        let (index, now) = (self.index(), self.now());
        record.modify_index = index;
        record.modify_time = now;
        if !is_clients {
            record.alloc_modify_index = index;
        }
        change(&mut record);
        self.state.lifecycles.set(slot, record);
    }

    /// The same as a change of its own. One that comes to run something else, having been updated in
    /// place, takes what that takes; whether there is room for more is for the caller to see to.
    pub(crate) fn change_lifecycle(
        &mut self,
        slot: AllocationSlot,
        is_clients: bool,
        change: impl FnOnce(&mut LifecycleRecord),
    ) {
        self.drop_open_batch();
        if self.allocation(slot).is_none() {
            return;
        }
        // The index is logged before what it is the index of.
        self.index();
        let (before, amounts) = (self.own_lifecycle(slot), self.amounts_of(slot));
        self.note_change(slot, is_clients, change);
        self.state.take_difference(slot, amounts);
        self.log(Undo::Lifecycle { slot, before });
    }

    /// What tasks do, in little room. Nothing is changed by it.
    pub(crate) fn task_states(&mut self, documents: &IndexMap<String, TaskState>) -> TaskStates {
        self.state.sayings.shared(documents)
    }

    /// Notes that one allocation took the place of another.
    pub(crate) fn link(&mut self, predecessor: AllocationSlot, successor: AllocationSlot) {
        let refs = (self.allocation_ref(predecessor), self.allocation_ref(successor));
        let ids = [predecessor, successor].map(|slot| {
            match self.allocation(slot).is_some_and(AllocationRecord::is_imported) {
                true => self.allocation_id(slot),
                false => String::new(),
            }
        });
        let [predecessor_id, successor_id] = ids;
        self.change_lifecycle(predecessor, false, |record| {
            record.successor = refs.1;
            let known = record.rare.as_deref().map_or("", |rare| &rare.successor_id);
            if known != successor_id {
                record.rare_mut().successor_id = successor_id;
            }
        });
        self.change_lifecycle(successor, false, |record| {
            record.predecessor = refs.0;
            let known = record.rare.as_deref().map_or("", |rare| &rare.predecessor_id);
            if known != predecessor_id {
                record.rare_mut().predecessor_id = predecessor_id;
            }
        });
    }
}
