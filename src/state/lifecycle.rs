//! What a running system needs of an allocation beside what placing touches: when it last changed, what
//! it replaced, its health, and the little that few have.
//!
//! An allocation that is as it was placed has no record here: all that one would say is its batch's.
//! A record is written when something differs, so that placing and removing touch nothing of this.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::batch::Batch;
use super::group_version::GroupVersion;
use super::page_arc::PageArc;
use super::pages::Pages;
use super::slots::{AllocationRef, AllocationSlot, DeploymentRef, EvaluationRef};
use super::stop_reason::StopReason;
use super::task_states::TaskStates;
use crate::model::Allocation;
use crate::model::{
    AllocationMetrics, AllocationState, ClientStatus, NetworkStatus, RescheduleTracker,
};
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
    pub(crate) evaluation: EvaluationRef,
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
    /// Why it is to stop, if that is one of the reasons that there mostly are. What else is said of it is
    /// among what few have.
    pub(super) stop_reason: Option<StopReason>,
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

impl Health {
    /// The verdict, while there is one.
    #[inline]
    pub(crate) fn verdict(self) -> Option<bool> {
        match self {
            Health::Unknown => None,
            Health::Healthy => Some(true),
            Health::Unhealthy => Some(false),
        }
    }
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
    /// Its tasks are to be stopped without their delay.
    pub(crate) no_shutdown_delay: bool,
    /// It is to leave its node and not to be replaced.
    pub(crate) disable_placement: bool,
}

impl Transition {
    /// Whether it was told anything.
    #[inline]
    pub(crate) fn is_told(self) -> bool {
        self.migrate
            | self.reschedule
            | self.force_reschedule
            | self.no_shutdown_delay
            | self.disable_placement
    }
}

/// What few allocations have, but for what all have that run.
#[derive(Clone, Default)]
pub(crate) struct Rare {
    pub(crate) client_description: Box<str>,
    /// What its tasks do, by name.
    pub(crate) task_states: TaskStates,
    /// The index at which its health or its being a canary last changed.
    pub(crate) health_index: u64,
    pub(super) rarest: Option<Box<Rarest>>,
}

/// What few of those have that run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rarest {
    /// What the document of an allocation of an inventory says beyond its records: its identity and
    /// its name, how it was placed, its resources as they were written.
    pub(super) document: Option<Arc<Allocation>>,
    /// The evaluation that will look at it anew.
    pub(crate) follow_up: EvaluationRef,
    /// What is said of what is wanted of it, unless that is a [reason to stop](StopReason).
    pub(super) desired_description: String,
    /// Changes of its client status that were noted, oldest first.
    pub(crate) client_states: Vec<AllocationState>,
    /// The network of its own that it has.
    pub(crate) network_status: Option<Box<NetworkStatus>>,
    /// Which allocations it was the replacement of.
    pub(crate) reschedules: Option<Box<RescheduleTracker>>,
    /// The identity of its predecessor, where that was not made here.
    pub(crate) predecessor_id: String,
    /// The identity of its successor, likewise.
    pub(crate) successor_id: String,
}

/// What there is where nothing of it is kept.
static NOTHING: Rarest = Rarest {
    document: None,
    follow_up: EvaluationRef::NONE,
    desired_description: String::new(),
    client_states: Vec::new(),
    network_status: None,
    reschedules: None,
    predecessor_id: String::new(),
    successor_id: String::new(),
};

impl Deref for Rare {
    type Target = Rarest;

    fn deref(&self) -> &Rarest {
        self.rarest.as_deref().unwrap_or(&NOTHING)
    }
}

impl DerefMut for Rare {
    fn deref_mut(&mut self) -> &mut Rarest {
        self.rarest.get_or_insert_default()
    }
}

/// However it is kept that there is nothing.
impl fmt::Debug for Rare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rare { client_description, task_states, health_index, rarest: _ } = self;
        let parts = (client_description, task_states, health_index, &**self);
        f.debug_tuple("Rare").field(&parts).finish()
    }
}

/// However it is kept that there is nothing.
impl PartialEq for Rare {
    fn eq(&self, other: &Rare) -> bool {
        let Rare { client_description, task_states, health_index, rarest: _ } = self;
        *client_description == other.client_description
            && *task_states == other.task_states
            && *health_index == other.health_index
            && **self == **other
    }
}

impl LifecycleRecord {
    /// No record.
    pub(super) const NONE: LifecycleRecord = LifecycleRecord {
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
        transition: Transition {
            migrate: false,
            reschedule: false,
            force_reschedule: false,
            no_shutdown_delay: false,
            disable_placement: false,
        },
        stop_reason: None,
        rare: None,
    };

    /// Whether there is nothing of what few allocations have but states of tasks that go on.
    fn is_usual(&self) -> bool {
        let goes_on = |rare: &Rare| rare.rarest.is_none() && !rare.task_states.ran_successfully();
        !self.is_canary
            && !self.transition.is_told()
            && self.version.is_none()
            && self.successor == AllocationRef::NONE
            && self.rare.as_deref().is_none_or(goes_on)
    }

    /// An allocation as a batch placed it.
    pub(super) fn as_placed(batch: &Batch) -> LifecycleRecord {
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
            no_shutdown_delay: transition.no_shutdown_delay == Some(true),
            disable_placement: transition.disables_placement(),
        };
        // What the record says is not said twice.
        document.job = None;
        let alloc_modify_index = document.alloc_modify_index;
        let modify_time = Timestamp::from_nanos(document.modify_time);
        let client_description = std::mem::take(&mut document.client_description).into();
        let task_states = TaskStates::from(&std::mem::take(&mut document.task_states));
        let mut desired_description = std::mem::take(&mut document.desired_description);
        let stop_reason = StopReason::of_description(&desired_description);
        if stop_reason.is_some() {
            desired_description.clear();
        }
        let rarest = Rarest {
            desired_description,
            client_states: std::mem::take(&mut document.alloc_states),
            network_status: document.network_status.take().map(Box::new),
            reschedules: document.reschedule_tracker.take().map(Box::new),
            predecessor_id: std::mem::take(&mut document.previous_allocation),
            successor_id: std::mem::take(&mut document.next_allocation),
            ..Rarest::default()
        };
        let rarest = Some(Box::new(Rarest { document: Some(Arc::new(document)), ..rarest }));
        LifecycleRecord {
            version: Some(version),
            modify_index: index,
            alloc_modify_index,
            modify_time,
            health_time,
            health,
            is_canary,
            transition,
            stop_reason,
            rare: Some(Arc::new(Rare { client_description, task_states, health_index, rarest })),
            ..LifecycleRecord::NONE
        }
    }

    /// Moves it to another version of its job, in place.
    pub(crate) fn move_to(&mut self, version: Arc<GroupVersion>) {
        let number = version.job_spec().map(|job| job.version);
        self.change_document(|document| document.job_version = number);
        self.version = Some(version);
    }

    /// Writes down how the search for its node went; only of one with a document of its own.
    pub(crate) fn show_metrics(&mut self, metrics: AllocationMetrics) {
        self.change_document(|document| document.metrics = Some(metrics));
    }

    fn change_document(&mut self, change: impl FnOnce(&mut Allocation)) {
        if let Some(rare) = self.rare.as_mut().filter(|rare| rare.document.is_some())
            && let Some(document) = &mut Arc::make_mut(rare).document
        {
            change(Arc::make_mut(document));
        }
    }

    /// Makes it part of a deployment, which knows nothing of its health yet.
    pub(crate) fn join(&mut self, deployment: DeploymentRef) {
        self.deployment = deployment;
        (self.health, self.health_time) = (Health::Unknown, Timestamp::MIN);
        self.is_canary = false;
        if self.rare.is_some() {
            self.rare_mut().health_index = 0;
        }
        self.change_document(|document| document.deployment_status = None);
    }

    /// Notes that its client status became what it is.
    pub(crate) fn note_client(&mut self, status: ClientStatus, now: Timestamp) {
        self.rare_mut().client_states.push(AllocationState {
            field: AllocationState::CLIENT_STATUS,
            value: status.as_str().to_owned(),
            time: Some(now),
            ..AllocationState::default()
        });
    }

    /// What is said of what is wanted of it.
    pub(super) fn desired_description(&self) -> &str {
        match self.stop_reason {
            Some(reason) => reason.description(),
            None => self.rare.as_deref().map_or("", |rare| &rare.desired_description),
        }
    }

    /// Says something else of what is wanted of it. A reason to stop takes no memory of its own.
    pub(crate) fn describe_desired(&mut self, description: Cow<'static, str>) {
        self.stop_reason = StopReason::of_description(&description);
        let other = match self.stop_reason {
            Some(_) => String::new(),
            None => description.into_owned(),
        };
        let known = self.rare.as_deref().map_or("", |rare| &rare.desired_description);
        if known != other {
            self.rare_mut().desired_description = other;
        }
    }

    /// What few have, to change.
    pub(crate) fn rare_mut(&mut self) -> &mut Rare {
        Arc::make_mut(self.rare.get_or_insert_default())
    }
}

/// Records by slot, as far as there are any: a page is made when the first record on it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Lifecycles(Pages<Option<PageArc<Page>>, 32>);

/// Records that lie together.
#[derive(Clone, Debug)]
struct Page {
    records: [LifecycleRecord; PAGE],
    /// A bit for each that is there and [usual](LifecycleRecord::is_usual).
    usual: u16,
}

/// What happened to an allocation since it was placed.
pub(crate) enum Life<'a> {
    /// Nothing that was noted.
    AsPlaced,
    /// Nothing of what happens to few.
    Usual(&'a LifecycleRecord),
    Special,
}

/// Whether two allocations have their lives on one page.
#[inline]
pub(crate) fn is_beside(a: AllocationSlot, b: AllocationSlot) -> bool {
    a.at() / PAGE == b.at() / PAGE
}

/// The lives of allocations that lie [beside each other](is_beside).
pub(crate) struct LivesBeside<'a>(&'a Page);

impl<'a> LivesBeside<'a> {
    #[inline]
    pub(crate) fn read(&self, slot: AllocationSlot) -> Life<'a> {
        let (page, at) = (self.0, slot.at() % PAGE);
        match page.usual & (1 << at) != 0 {
            true => Life::Usual(&page.records[at]),
            false if page.records[at].modify_index == 0 => Life::AsPlaced,
            false => Life::Special,
        }
    }
}

impl Lifecycles {
    #[inline]
    pub(super) fn get(&self, slot: AllocationSlot) -> Option<&LifecycleRecord> {
        let record = &self.page_of(slot)?.records[slot.at() % PAGE];
        (record.modify_index != 0).then_some(record)
    }

    #[inline]
    fn page_of(&self, slot: AllocationSlot) -> Option<&Page> {
        self.0.get(slot.at() / PAGE)?.as_deref()
    }

    /// What happened to an allocation and to those beside it; none if nothing did.
    pub(super) fn beside(&self, slot: AllocationSlot) -> Option<LivesBeside<'_>> {
        self.page_of(slot).map(LivesBeside)
    }

    /// Writes a record, and gives the one before.
    pub(super) fn set(
        &mut self,
        slot: AllocationSlot,
        record: LifecycleRecord,
    ) -> Option<LifecycleRecord> {
        let (page, at) = (slot.at() / PAGE, slot.at() % PAGE);
        while self.0.len() <= page {
            self.0.push(None);
        }
        let page = PageArc::make_mut(self.0.get_mut(page)?.get_or_insert_with(Page::empty));
        let is_usual = record.modify_index != 0 && record.is_usual();
        page.usual = page.usual & !(1 << at) | u16::from(is_usual) << at;
        let before = std::mem::replace(&mut page.records[at], record);
        (before.modify_index != 0).then_some(before)
    }

    /// Takes a record out.
    pub(super) fn take(&mut self, slot: AllocationSlot) -> Option<LifecycleRecord> {
        self.get(slot)?;
        self.set(slot, LifecycleRecord::NONE)
    }
}

impl Page {
    fn empty() -> PageArc<Page> {
        let records = std::array::from_fn(|_| LifecycleRecord::NONE);
        PageArc::new(Page { records, usual: 0 })
    }
}
