//! What a running system needs of an allocation beside what placing touches: when it last changed, what
//! it replaced, its health, and the little that few have.
//!
//! An allocation that is as it was placed has no record here: all that one would say is its batch's.
//! A record is written when something differs, so that placing and removing touch nothing of this.

use std::borrow::Cow;
use std::sync::Arc;

use indexmap::IndexMap;

use super::State;
use super::allocation::AllocationRecord;
use super::batch::Batch;
use super::group_version::GroupVersion;
use super::pages::Pages;
use super::slots::{AllocationRef, AllocationSlot, DeploymentRef, EvaluationRef};
use super::transaction::Transaction;
use super::undo::Undo;
use super::usage::Amounts;
use crate::model::Allocation;
use crate::model::{AllocationState, RescheduleTracker, TaskState};
use crate::time::Timestamp;

/// Records on one page of the table.
const PAGE: usize = 16;

/// What happened to an allocation since it was placed, and what it is part of.
#[derive(Clone, Debug)]
pub(crate) struct LifecycleRecord {
    /// The index of its latest change; 0 where there is no record.
    pub(crate) modify_index: u64,
    /// The index at which anybody but its client last changed it.
    pub(crate) alloc_modify_index: u64,
    pub(crate) modify_time: Timestamp,
    /// What it runs, where that is not what its batch says.
    pub(crate) version: Option<Arc<GroupVersion>>,
    /// The evaluation that placed it or last updated it in place.
    #[allow(dead_code, reason = "the table of evaluations comes next")]
    pub(crate) evaluation: EvaluationRef,
    #[allow(dead_code, reason = "the table of deployments comes next")]
    pub(crate) deployment: DeploymentRef,
    /// The allocation that it took the place of.
    pub(crate) predecessor: AllocationRef,
    /// The allocation that took its place.
    pub(crate) successor: AllocationRef,
    /// The allocation that evicted it.
    pub(crate) evicted_by: AllocationRef,
    /// When it was found well or not; the first instant there is stands for an unknown one.
    pub(crate) health_time: Timestamp,
    pub(crate) health: Health,
    /// Whether it is a canary that was not promoted.
    pub(crate) is_canary: bool,
    pub(crate) transition: Transition,
    /// What few have.
    pub(crate) rare: Option<Arc<Rare>>,
}

/// Whether an allocation is well, as its deployment has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Health {
    #[default]
    Unknown,
    Healthy,
    Unhealthy,
}

/// What an allocation was told to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Transition {
    /// It is to leave its node.
    pub(crate) migrate: bool,
    /// It is to be replaced, since it is unhealthy.
    pub(crate) reschedule: bool,
    /// It is to be replaced whatever its policy says.
    pub(crate) force_reschedule: bool,
}

/// What few allocations have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rare {
    /// What the document of an allocation of an inventory says beyond its records: its identity and
    /// its name, how it was placed, its resources as they were written.
    pub(super) document: Option<Arc<Allocation>>,
    /// The evaluation that will look at it anew.
    pub(crate) follow_up: EvaluationRef,
    pub(crate) desired_description: Box<str>,
    pub(crate) client_description: Box<str>,
    /// What its tasks do, by name.
    pub(crate) task_states: IndexMap<String, TaskState>,
    /// Changes of its client status that were noted, oldest first.
    pub(crate) client_states: Vec<AllocationState>,
    /// Which allocations it was the replacement of.
    pub(crate) reschedules: Option<RescheduleTracker>,
    /// The identity of its predecessor, where that was not made here.
    pub(crate) predecessor_id: Box<str>,
    /// The identity of its successor, likewise.
    pub(crate) successor_id: Box<str>,
    /// The index at which its health or its being a canary last changed.
    pub(crate) health_index: u64,
}

impl LifecycleRecord {
    /// No record.
    const NONE: LifecycleRecord = LifecycleRecord {
        modify_index: 0,
        alloc_modify_index: 0,
        modify_time: Timestamp::EPOCH,
        version: None,
        evaluation: EvaluationRef::NONE,
        deployment: DeploymentRef::NONE,
        predecessor: AllocationRef::NONE,
        successor: AllocationRef::NONE,
        evicted_by: AllocationRef::NONE,
        health_time: Timestamp::MIN,
        health: Health::Unknown,
        is_canary: false,
        transition: Transition { migrate: false, reschedule: false, force_reschedule: false },
        rare: None,
    };

    /// An allocation as a batch placed it.
    fn as_placed(batch: &Batch) -> LifecycleRecord {
        LifecycleRecord {
            modify_index: batch.create_index,
            alloc_modify_index: batch.create_index,
            modify_time: batch.created,
            evaluation: batch.evaluation,
            deployment: batch.deployment,
            ..LifecycleRecord::NONE
        }
    }

    /// An allocation of an inventory, that comes with an index.
    pub(super) fn imported(
        mut document: Allocation,
        version: Arc<GroupVersion>,
        index: u64,
    ) -> LifecycleRecord {
        let transition = &document.desired_transition;
        let status = document.deployment_status.as_ref();
        let health = status.map_or(Health::Unknown, |status| match status.healthy {
            Some(true) => Health::Healthy,
            Some(false) => Health::Unhealthy,
            None => Health::Unknown,
        });
        let health_time = status.and_then(|status| status.timestamp).unwrap_or(Timestamp::MIN);
        let health_index = status.map_or(0, |status| status.modify_index);
        let is_canary = document.is_canary();
        let transition = Transition {
            migrate: transition.migrates(),
            reschedule: transition.reschedules(),
            force_reschedule: transition.force_reschedules(),
        };
        // What the record says is not said twice.
        document.job = None;
        let rare = Rare {
            desired_description: std::mem::take(&mut document.desired_description).into(),
            client_description: std::mem::take(&mut document.client_description).into(),
            task_states: std::mem::take(&mut document.task_states),
            client_states: std::mem::take(&mut document.alloc_states),
            reschedules: document.reschedule_tracker.take(),
            predecessor_id: std::mem::take(&mut document.previous_allocation).into(),
            successor_id: std::mem::take(&mut document.next_allocation).into(),
            health_index,
            ..Rare::default()
        };
        LifecycleRecord {
            version: Some(version),
            modify_index: index,
            alloc_modify_index: document.alloc_modify_index,
            modify_time: Timestamp::from_nanos(document.modify_time),
            health_time,
            health,
            is_canary,
            transition,
            rare: Some(Arc::new(Rare { document: Some(Arc::new(document)), ..rare })),
            ..LifecycleRecord::NONE
        }
    }

    /// What few have, to change.
    #[allow(dead_code, reason = "what clients report is written here")]
    pub(crate) fn rare_mut(&mut self) -> &mut Rare {
        Arc::make_mut(self.rare.get_or_insert_default())
    }
}

/// Records by slot, as far as there are any: a page is made when the first record on it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Lifecycles(Pages<Option<Arc<[LifecycleRecord; PAGE]>>, 32>);

impl Lifecycles {
    fn get(&self, slot: AllocationSlot) -> Option<&LifecycleRecord> {
        let page = self.0.get(slot.at() / PAGE)?.as_deref()?;
        page.get(slot.at() % PAGE).filter(|record| record.modify_index != 0)
    }

    /// Writes a record, and gives the one before.
    fn set(&mut self, slot: AllocationSlot, record: LifecycleRecord) -> Option<LifecycleRecord> {
        let at = slot.at() / PAGE;
        while self.0.len() <= at {
            self.0.push(None);
        }
        let none = || Arc::new(std::array::from_fn(|_| LifecycleRecord::NONE));
        let page = Arc::make_mut(self.0.get_mut(at)?.get_or_insert_with(none));
        let before = std::mem::replace(page.get_mut(slot.at() % PAGE)?, record);
        (before.modify_index != 0).then_some(before)
    }

    /// Takes a record out.
    fn take(&mut self, slot: AllocationSlot) -> Option<LifecycleRecord> {
        self.get(slot)?;
        self.set(slot, LifecycleRecord::NONE)
    }
}

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
    pub(super) fn document_of(&self, slot: AllocationSlot) -> Option<&Allocation> {
        self.lifecycles.get(slot)?.rare.as_deref()?.document.as_deref()
    }

    /// The record of an allocation, if it has one of its own.
    pub(super) fn own_lifecycle(&self, slot: AllocationSlot) -> Option<Box<LifecycleRecord>> {
        self.lifecycles.get(slot).cloned().map(Box::new)
    }

    /// Takes the record of an allocation out, which is then as it was placed.
    pub(super) fn take_lifecycle(&mut self, slot: AllocationSlot) -> Option<Box<LifecycleRecord>> {
        self.lifecycles.take(slot).map(Box::new)
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
    #[allow(dead_code, reason = "evaluations name allocations by it")]
    pub(crate) fn allocation_ref(&self, slot: AllocationSlot) -> AllocationRef {
        match self.allocations.get(slot.at()) {
            Some(record) => AllocationRef { slot, generation: record.generation },
            None => AllocationRef::NONE,
        }
    }

    /// The allocation of a reference, if it is still there.
    #[allow(dead_code, reason = "evaluations name allocations by it")]
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
    #[allow(dead_code, reason = "evaluations write what they come to with it")]
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

    /// Notes that one allocation took the place of another.
    #[allow(dead_code, reason = "evaluations write what they come to with it")]
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
            if record.rare.is_some() || !successor_id.is_empty() {
                record.rare_mut().successor_id = successor_id.into();
            }
        });
        self.change_lifecycle(successor, false, |record| {
            record.predecessor = refs.0;
            if record.rare.is_some() || !predecessor_id.is_empty() {
                record.rare_mut().predecessor_id = predecessor_id.into();
            }
        });
    }
}
