//! Reading the allocations of a job: in loops over many records, each of which has what it reads at hand.

use super::super::asked::{Asked, GIVEN};
use super::{GONE, Known, LATEST_DEPLOYMENT, OTHER_DEPLOYMENT};
use crate::model::{AllocationState, ClientStatus, RescheduleTracker};
use crate::reconcile::changes::RescheduleEvent;
use crate::reconcile::classify::is_plain;
use crate::reconcile::view::{AllocationView, Flags, NONE, NodeCondition};
use crate::state::State;
use crate::state::allocation::AllocationRecord;
use crate::state::job::GroupRecord;
use crate::state::lifecycle::{Life, LifecycleRecord, is_beside};
use crate::state::links::Link;
use crate::state::slots::{AllocationSlot, BatchSlot, DeploymentRef, DeploymentSlot};

/// What allocations share that were placed together.
#[derive(Clone, Copy)]
struct Shared {
    batch: BatchSlot,
    version: u32,
    deployment: u32,
}

impl Known {
    /// Adds the allocations of all groups.
    pub(super) fn add_allocations(&mut self, state: &State, asked: &Asked, groups: &[GroupRecord]) {
        let list = |place: &Option<usize>| place.and_then(|at| groups.get(at));
        let places = std::mem::take(&mut self.places);
        let total = places.iter().filter_map(list).map(|group| group.allocations.len()).sum();
        self.views.reserve_exact(total);
        for (group, place) in places.iter().enumerate() {
            if let Some(record) = list(place) {
                self.add_group(state, asked, group as u32, &record.allocations);
            }
        }
        self.reschedules.sort_unstable_by_key(|(handle, _)| *handle);
        self.places = places;
    }

    /// Adds the allocations of a group. Its own function, as every instruction here is one for all that runs;
    /// so are the loops, each of which has what it reads at hand.
    #[inline(never)]
    fn add_group(&mut self, state: &State, asked: &Asked, group: u32, slots: &[AllocationSlot]) {
        let (from, notable_from) = (self.views.len(), self.notable.len());
        let is_in_order = self.add_records(state, group, slots);
        let special = self.add_lives(state, from);
        let mut views = std::mem::take(&mut self.views);
        for at in &special {
            self.add_special(state, asked, &mut views[*at as usize]);
        }
        if !is_in_order {
            // The places of vacant slots go, and with them the places after those.
            views.retain(|view| view.handle != NONE);
            sort_by_name(state, &mut views[from..]);
            self.notable.truncate(notable_from);
            let places = from as u32..views.len() as u32;
            self.notable.extend(places.filter(|at| !is_plain(&views[*at as usize])));
        } else if !special.is_empty() {
            self.notable.extend(special.iter().filter(|at| !is_plain(&views[**at as usize])));
            self.notable[notable_from..].sort_unstable();
            self.notable.dedup();
        }
        self.views = views;
    }

    /// Adds what the records of a group's allocations say. False if they are not in the order of their names, or
    /// there are vacant slots among them.
    fn add_records(&mut self, state: &State, group: u32, slots: &[AllocationSlot]) -> bool {
        let mut views = std::mem::take(&mut self.views);
        let mut notable = std::mem::take(&mut self.notable);
        let mut shared = Shared { batch: BatchSlot::NONE, version: NONE, deployment: NONE };
        let mut records = state.allocation_records();
        let mut conditions = state.conditions().reader();
        // Mostly each has a name of its own, and they are in order.
        let (mut is_in_order, mut latest) = (true, -1);
        let from = views.len();
        // How many there are is known, so that none is asked room for by itself.
        views.extend(slots.iter().enumerate().map(|(at, slot)| {
            let view = AllocationView::new(slot.0, group);
            let record = records.get(slot.at()).filter(|record| !record.is_vacant());
            let Some(record) = record else {
                is_in_order = false;
                return AllocationView { handle: NONE, ..view };
            };
            if shared.batch != record.batch {
                shared = self.share(state, record);
            }
            let condition = conditions.get(record.node.at()).copied();
            let view = AllocationView {
                name_index: record.name_index,
                version: shared.version,
                deployment: shared.deployment,
                desired: record.desired,
                client: record.client,
                condition: condition.unwrap_or(NodeCondition::Missing),
                ..view
            };
            if !is_plain(&view) {
                notable.push((from + at) as u32);
            }
            is_in_order &= latest < i64::from(view.name_index);
            latest = i64::from(view.name_index);
            view
        }));
        self.views = views;
        self.notable = notable;
        is_in_order
    }

    /// Adds what happened to the allocations from this place on since they were placed, and gives the places of
    /// those of which more is known than of most.
    fn add_lives(&mut self, state: &State, from: usize) -> Vec<u32> {
        let mut special = Vec::new();
        let mut views = std::mem::take(&mut self.views);
        // The deployment that the one before was part of, and its handle.
        let mut known = (DeploymentRef::NONE, NONE);
        let mut at = from as u32;
        let slot = |view: &AllocationView| AllocationSlot(view.handle);
        for beside in views[from..].chunk_by_mut(|a, b| is_beside(slot(a), slot(b))) {
            let (first, len) = (slot(&beside[0]), beside.len() as u32);
            if let Some(lives) = state.lives_beside(first) {
                for (view, at) in beside.iter_mut().zip(at..) {
                    match lives.read(slot(view)) {
                        Life::AsPlaced => {}
                        Life::Usual(life) => {
                            if known.0 != life.deployment {
                                known = (life.deployment, self.deployment_of_life(state, life));
                            }
                            (view.deployment, view.healthy) = (known.1, life.health.verdict());
                        }
                        Life::Special => special.push(at),
                    }
                }
            }
            at += len;
        }
        self.views = views;
        special
    }

    /// What the placements of the batch that placed an allocation have in common.
    fn share(&mut self, state: &State, record: &AllocationRecord) -> Shared {
        let batch = state.batch(record.batch);
        let spec = batch.and_then(|batch| batch.version.job.clone());
        let deployment = batch.map(|batch| state.linked_to_deployment(batch.deployment));
        Shared {
            batch: record.batch,
            version: spec.map_or(NONE, |spec| self.version_of(&spec)),
            deployment: self.deployment_handle(deployment.unwrap_or(Link::None)),
        }
    }

    fn deployment_handle(&self, link: Link<DeploymentSlot>) -> u32 {
        match link {
            Link::None => NONE,
            Link::To(slot) if Some(slot) == self.latest => LATEST_DEPLOYMENT,
            Link::To(_) | Link::Gone => OTHER_DEPLOYMENT,
        }
    }

    fn deployment_of_life(&self, state: &State, life: &LifecycleRecord) -> u32 {
        self.deployment_handle(state.linked_to_deployment(life.deployment))
    }

    /// Adds what few allocations have.
    #[inline(never)]
    fn add_special(&mut self, state: &State, asked: &Asked, view: &mut AllocationView) {
        let Some(life) = state.kept_lifecycle(AllocationSlot(view.handle)) else { return };
        view.healthy = life.health.verdict();
        if let Some(own) = &life.version {
            view.version = match &own.job {
                Some(spec) => self.version_of(spec),
                None => self.version_by_number(life),
            };
        }
        view.deployment = self.deployment_handle(state.deployment_of_life(life));
        let told = life.transition;
        let mut flags = view.flags;
        let mut set = |is_set: bool, flag: Flags| {
            if is_set {
                flags = flags.with(flag);
            }
        };
        set(told.migrate, Flags::MIGRATE);
        set(told.reschedule, Flags::RESCHEDULE);
        set(told.force_reschedule, Flags::FORCE_RESCHEDULE);
        set(told.disable_placement, Flags::MIGRATE_DISABLE_PLACEMENT);
        set(life.is_canary, Flags::CANARY);
        if let Some(rare) = life.rare.as_deref() {
            set(rare.task_states.ran_successfully(), Flags::RAN_SUCCESSFULLY);
            let tracker = rare.reschedules.as_deref();
            let has_failed = tracker.is_some_and(RescheduleTracker::has_failed);
            set(has_failed, Flags::RESCHEDULE_FAILED);
            let mut states = rare.client_states.iter().filter_map(AllocationState::client_status);
            set(states.next_back() == Some(ClientStatus::Unknown), Flags::LAST_UNKNOWN);
            if let Some(tracker) = tracker.filter(|tracker| !tracker.events.is_empty()) {
                let event = |event: &crate::model::RescheduleEvent| RescheduleEvent {
                    at: event.at(),
                    delay: event.delay,
                };
                self.reschedules.push((view.handle, tracker.events.iter().map(event).collect()));
            }
            let follow_up = state.follow_up_of_life(life);
            view.follow_up = match follow_up {
                Link::None => NONE,
                Link::To(slot) => slot.0,
                Link::Gone
                    if asked.slot.is_none() && life.written_follow_up() == asked.given_id =>
                {
                    GIVEN
                }
                Link::Gone => GONE,
            };
            if let Link::To(slot) = follow_up {
                let waits = state.evaluation(slot).is_some_and(|it| !it.status.is_terminal());
                set(waits, Flags::FOLLOW_UP_WAITS);
            }
        }
        view.flags = flags;
        if life.is_replaced() {
            view.next = successor(state, life).map_or(GONE, |slot| slot.0);
        }
    }
}

/// Sorts the allocations of a group by their names, and those of one name by their identities.
fn sort_by_name(state: &State, views: &mut [AllocationView]) {
    views.sort_by_key(|view| view.name_index);
    for of_name in views.chunk_by_mut(|a, b| a.name_index == b.name_index) {
        if of_name.len() > 1 {
            of_name.sort_by_cached_key(|view| state.allocation_id(AllocationSlot(view.handle)));
        }
    }
}

/// What took an allocation's place, if it is still there.
fn successor(state: &State, life: &LifecycleRecord) -> Option<AllocationSlot> {
    let id = life.rare.as_deref().map_or("", |rare| &rare.successor_id);
    match id.is_empty() {
        true => state.resolve_allocation(life.successor),
        false => state.find_allocation(id),
    }
}
