//! Where the placements of a reconciliation go: what stops is staged, then requests are made of them and
//! served (docs/lifecycle.md, section 2, *Placement loop*, and section 4, *Placement failure*).

use std::ops::Range;

use super::classes::Classes;
use super::pass::Pass;
use crate::cluster::failed::FailedGroup;
use crate::model::{ClientStatus, Job, RescheduleEvent, RescheduleTracker};
use crate::placement::evaluation::{EvaluationRequests, place_for_evaluation};
use crate::placement::outcome::Outcome;
use crate::placement::place::GroupRequests;
use crate::placement::request::{Origin, Request, Verdict};
use crate::placement::reuse::emptied;
use crate::plan::effects::DeploymentChoice;
use crate::reconcile::changes::{NewDeploymentGroup, Placement, PlacementKind, Stop, Update};
use crate::reconcile::view::NodeCondition;
use crate::rng::hash_bytes;
use crate::state::deployment::{DeployedGroup, DeploymentRecord};
use crate::state::slots::{AllocationSlot, DeploymentRef, NodeSlot};
use crate::state::small_list::SmallList;
use crate::state::stop_reason::StopReason;

/// Requests for one group that are served together.
#[derive(Clone)]
struct Chunk {
    job: Job,
    group: usize,
    origin: Origin,
    /// Their places among all requests.
    requests: Range<usize>,
}

/// The version of a placement, and its deployment.
struct Chosen {
    job: Job,
    deployment: DeploymentChoice,
}

impl Pass<'_, '_, '_> {
    /// Stages what stops and places what is missing of a job.
    pub(super) fn place(&mut self, job: &Job) {
        let changes = &mut *self.changes;
        let fresh = std::mem::take(&mut changes.placements);
        let destructive = std::mem::take(&mut changes.destructive);
        let is_held_back = changes.held_back.iter().any(|held| *held > 0);
        let is_still = fresh.is_empty() && destructive.is_empty() && !is_held_back;
        if is_still && changes.deployment.is_none() {
            return;
        }
        self.stops_alone = false;
        let rescheduled = rescheduled(&fresh);
        let is_sure =
            |stop: &Stop| !is_tentative(stop.reason) || is_replaced_by_nothing(stop, &rescheduled);
        self.stage(is_sure);
        let before = self.transaction.savepoint();
        self.stage(|stop| stop.reason == StopReason::Migrating);
        self.add_deployment(job);
        let placements: Vec<Placement> = match self.job_type.is_system() {
            true => self.by_group(fresh).into_iter().chain(destructive).collect(),
            false if destructive.is_empty() => fresh,
            false => destructive.into_iter().chain(fresh).collect(),
        };
        let verdicts = self.serve(job, &placements);
        let replaced: Vec<u32> = match job.all_at_once {
            true => placements.iter().filter_map(|placement| placement.previous).collect(),
            false => Vec::new(),
        };
        if !self.outcome.failed.is_empty() {
            self.note_failed();
        }
        if self.job_type.is_system() {
            self.settle_on_nodes(placements, &verdicts);
        } else {
            self.settle(placements, &verdicts);
        }
        self.caches.buffers.verdicts = emptied(verdicts);
        if job.all_at_once && self.shortage.is_some() {
            self.transaction.take_back_to(before);
            self.give_up(&replaced);
        }
        if let Some(shortage) = &mut self.shortage {
            let failed = shortage.failed_groups.keys().map(String::as_str);
            let classes = Classes::of(self.transaction, self.caches, job, failed, self.options);
            shortage.class_eligibility = classes.eligibility;
            shortage.escaped_computed_class = classes.is_escaped;
        }
    }

    /// Makes the room free of what stops for such reasons.
    fn stage(&mut self, is_for: impl Fn(&Stop) -> bool) {
        for stop in self.changes.stops.iter().filter(|stop| is_for(stop)) {
            self.transaction.stage_stop(self.known.slot(stop.at));
        }
    }

    /// Adds the new deployment, so that what is placed can be part of it.
    fn add_deployment(&mut self, job: &Job) {
        let Some(new) = &self.changes.deployment else { return };
        let group = |it: &NewDeploymentGroup| {
            let mut group = DeployedGroup::new(self.known.group_name(it.group));
            (group.auto_revert, group.auto_promote) = (it.auto_revert, it.auto_promote);
            group.progress_deadline = it.progress_deadline;
            group.desired_canaries = it.desired_canaries.into();
            group.desired_total = it.desired_total.into();
            group
        };
        let groups = new.groups.iter().map(group).collect();
        let record = DeploymentRecord::new(job.spec(), new.description(), groups);
        if let Some(slot) = self.known.job {
            self.deployment = Some(self.transaction.add_deployment(slot, record));
        }
    }

    /// Puts the placements of a system job in the order of the groups' names. On each node they are in
    /// it already.
    fn by_group(&self, mut placements: Vec<Placement>) -> Vec<Placement> {
        let mut places = vec![0; self.known.groups_by_name.len()];
        for (place, group) in self.known.groups_by_name.iter().enumerate() {
            places[*group as usize] = place;
        }
        placements.sort_by_key(|placement| places[placement.group as usize]);
        placements
    }

    /// Places as far as there is room, and gives what became of each placement.
    fn serve(&mut self, job: &Job, placements: &[Placement]) -> Vec<Verdict> {
        let port_key = self.port_key(job, placements);
        let evaluation = self.asked.reference(self.transaction);
        let mut all = std::mem::take(&mut self.caches.buffers.requests);
        let mut chunks: SmallList<Chunk> = SmallList::None;
        let mut latest = None;
        for placement in placements {
            let chosen = self.chosen(job, placement);
            all.push(self.request(placement, &chosen.job));
            let key = (placement.group, chosen.job.version, chosen.deployment);
            if latest.replace(key) != Some(key) {
                let name = self.known.group_name(placement.group);
                let group = chosen.job.task_groups.iter().position(|it| it.name == name);
                chunks.push(Chunk {
                    // What the present version has not is not asked for.
                    group: group.unwrap_or(usize::MAX),
                    origin: Origin {
                        evaluation,
                        deployment: self.deployment_of(chosen.deployment),
                        port_key,
                    },
                    job: chosen.job,
                    requests: all.len() - 1..all.len(),
                });
            }
            if let Some(chunk) = chunks.get_mut(chunks.len().saturating_sub(1)) {
                chunk.requests.end = all.len();
            }
        }
        let requests = chunks.iter().map(|chunk| EvaluationRequests {
            requests: GroupRequests {
                job: &chunk.job,
                group: chunk.group,
                requests: &all[chunk.requests.clone()],
            },
            origin: chunk.origin,
        });
        let job = (job, self.known.job);
        let (outcome, verdicts) =
            place_for_evaluation(self.transaction, self.caches, job, requests, self.options);
        self.outcome = outcome;
        self.caches.buffers.requests = emptied(all);
        verdicts
    }

    /// What ports are drawn by: the evaluation. None where none can be asked for.
    fn port_key(&self, job: &Job, placements: &[Placement]) -> Option<u64> {
        let is_any_older = placements.iter().any(|placement| placement.is_downgraded);
        let has_ports = job.task_groups.iter().any(|group| {
            let mut resources = group.tasks.iter().filter_map(|task| task.resources.as_ref());
            !group.networks.is_empty() || resources.any(|it| !it.networks.is_empty())
        });
        let id = || self.asked.id(self.transaction);
        (is_any_older || has_ports).then(|| hash_bytes(0, id().as_bytes()))
    }

    /// The reference to a deployment.
    fn deployment_of(&self, choice: DeploymentChoice) -> DeploymentRef {
        match choice {
            DeploymentChoice::None => DeploymentRef::NONE,
            DeploymentChoice::Existing(of) => of,
            DeploymentChoice::New => {
                let slot = self.deployment.map(|slot| self.transaction.deployment_ref(slot));
                slot.unwrap_or_default()
            }
        }
    }

    /// The deployment that new and changed allocations belong to: the new one, or the latest while it is
    /// active.
    pub(super) fn usual_deployment(&self) -> DeploymentChoice {
        if self.deployment.is_some() {
            return DeploymentChoice::New;
        }
        let latest = self.known.latest.filter(|slot| {
            self.transaction.deployment(*slot).is_some_and(|it| it.status.is_active())
        });
        match latest {
            Some(slot) => DeploymentChoice::Existing(self.transaction.deployment_ref(slot)),
            None => DeploymentChoice::None,
        }
    }

    /// The version of the job that a placement runs: while canaries wait, what replaces none of them
    /// runs what ran well last.
    fn chosen(&self, job: &Job, placement: &Placement) -> Chosen {
        let usual = || Chosen { job: job.clone(), deployment: self.usual_deployment() };
        let Some(previous) = placement.previous.filter(|_| placement.is_downgraded) else {
            return usual();
        };
        let own = self.known.views.get(previous as usize).map_or(0, |view| view.version as usize);
        let replaced = self.known.specs.get(own).map_or(0, |spec| spec.version);
        let group = self.known.group_name(placement.group);
        let find = |version: u64| {
            let has_group = |job: &&Job| job.task_groups.iter().any(|it| it.name == group);
            self.known.registered(version).filter(has_group).cloned()
        };
        let slots = self.known.job.map(|job| self.transaction.deployments_of(job));
        let deployments = slots.unwrap_or_default().into_iter();
        // The new one has settled nothing.
        let mut known = deployments.filter(|slot| Some(*slot) != self.deployment);
        let settled = known.find_map(|slot| {
            let record = self.transaction.deployment(slot)?;
            let state = record.groups.iter().find(|it| *it.name == *group)?;
            state.is_settled().then(|| (record.version, self.transaction.deployment_ref(slot)))
        });
        let chosen = match settled {
            Some((version, _)) if version < replaced => None,
            Some((version, of)) => find(version).map(|job| (job, DeploymentChoice::Existing(of))),
            None => find(replaced).map(|job| (job, DeploymentChoice::None)),
        };
        chosen.map_or_else(usual, |(job, deployment)| Chosen { job, deployment })
    }

    fn request(&self, placement: &Placement, job: &Job) -> Request {
        let mut request = Request::named(placement.name_index);
        let previous = placement.previous.map(|at| self.known.slot(at));
        request.replaces = previous.filter(|slot| self.is_replaced(placement, *slot));
        if let Some(&node) = placement.node.and_then(|at| self.known.nodes.get(at as usize)) {
            request.only_node = Some(node);
            return request;
        }
        let Some(slot) = previous else { return request };
        let Some(record) = self.transaction.allocation(slot) else { return request };
        let mut avoid = |node: NodeSlot| {
            if self.transaction.node(node).is_some() {
                request.penalty_nodes.push(node);
            }
        };
        if record.client == ClientStatus::Failed {
            avoid(record.node);
        }
        for event in self.tracker(slot).iter().flat_map(|tracker| &tracker.events) {
            if let Some(node) = self.transaction.find_node(&event.prev_node_id) {
                avoid(node);
            }
        }
        if self.prefers_node(placement, record.node, job) {
            request.preferred_node = Some(record.node);
        }
        request
    }

    /// Whether an allocation gives its room to a placement only if there is one.
    fn is_replaced(&self, placement: &Placement, slot: AllocationSlot) -> bool {
        let kinds = [PlacementKind::Destructive, PlacementKind::Reschedule];
        let is_on_node = self.transaction.allocation(slot).is_some_and(|record| record.occupies);
        // What only lost its connection does not stop, as it may come back.
        let stops = || self.changes.stops.iter().any(|stop| Some(stop.at) == placement.previous);
        kinds.contains(&placement.kind)
            && is_on_node
            && (placement.kind == PlacementKind::Destructive || stops())
    }

    fn tracker(&self, slot: AllocationSlot) -> Option<&RescheduleTracker> {
        self.transaction.kept_lifecycle(slot)?.rare.as_deref()?.reschedules.as_deref()
    }

    /// Whether what an allocation keeps on its disk makes its node the preferred one.
    fn prefers_node(&self, placement: &Placement, node: NodeSlot, job: &Job) -> bool {
        let name = self.known.group_name(placement.group);
        let spec = job.task_groups.iter().find(|it| it.name == name);
        let disk = spec.and_then(|group| group.ephemeral_disk.as_ref());
        if !disk.is_some_and(|disk| disk.sticky || disk.migrate) {
            return false;
        }
        let is_ready = self.transaction.node(node).is_some_and(|it| it.node.is_ready());
        let view = placement.previous.and_then(|at| self.known.views.get(at as usize));
        let own = view.and_then(|view| self.known.specs.get(view.version as usize));
        is_ready
            && own.is_none_or(|own| {
                own.datacenters == job.datacenters && own.node_pool == job.node_pool
            })
    }

    /// Notes the groups of which not everything was placed, and what is recorded of them.
    fn note_failed(&mut self) {
        let failed = self.outcome.failed.iter().map(|failure| {
            let group = FailedGroup::new(self.options, self.transaction, failure.clone());
            (group.name().to_owned(), group.metrics().clone())
        });
        self.shortage.get_or_insert_default().failed_groups = failed.collect();
        let records = self.outcome.failed.iter();
        let recorded = records.filter(|it| self.options.records_failures_of(&it.job));
        self.records = recorded.cloned().collect();
    }

    /// Takes over what became of the placements of a service or batch job.
    fn settle(&mut self, mut placements: Vec<Placement>, verdicts: &[Verdict]) {
        let (mut verdicts, mut kept) = (verdicts.iter(), 0);
        placements.retain(|placement| {
            let is_placed = verdicts.next() == Some(&Verdict::Placed);
            self.queue(placement.group, i64::from(!is_placed));
            match placement.kind {
                _ if is_placed => {
                    self.keep(placement, kept);
                    kept += 1;
                }
                // Where nothing is found the old one goes on.
                PlacementKind::Destructive => {}
                _ => self.keep_failed(placement),
            }
            is_placed
        });
        self.placed = placements;
    }

    /// Notes what a placement that was found brings with it; `at` is its place among what was placed.
    pub(super) fn keep(&mut self, placement: &Placement, at: u32) {
        if placement.kind == PlacementKind::Destructive {
            self.stop_for(placement);
        }
        if let Some(tracker) = self.rescheduled(placement) {
            self.trackers.push((at, tracker));
        }
    }

    /// Stops what is replaced by a new version of itself.
    pub(super) fn stop_for(&mut self, placement: &Placement) {
        if let Some(at) = placement.previous {
            let reason = StopReason::Updating;
            self.changes.stops.push(Stop { at, reason, is_lost: false, follow_up: None });
        }
    }

    /// The tracker of what replaces a failed allocation.
    fn rescheduled(&self, placement: &Placement) -> Option<RescheduleTracker> {
        let (record, at) = (placement.reschedule.as_ref()?, placement.previous?);
        let slot = self.known.slot(at);
        let past = self.tracker(slot).map_or(&[][..], |tracker| &tracker.events);
        let kept = record.kept.iter().filter_map(|at| past.get(*at).cloned());
        let event = RescheduleEvent {
            reschedule_time: record.event.at.as_nanos(),
            prev_alloc_id: self.transaction.allocation_id(slot),
            prev_node_id: self.transaction.node_id_of(slot).unwrap_or_default().to_owned(),
            delay: record.event.delay,
            ..RescheduleEvent::default()
        };
        let events = kept.chain([event]).collect();
        let last_reschedule = RescheduleTracker::OK.to_owned();
        Some(RescheduleTracker { events, last_reschedule, ..RescheduleTracker::default() })
    }

    /// Leaves a failed allocation as it is where no node is found to replace it, but for the note of
    /// that (docs/lifecycle.md, section 2, *Placement loop*).
    fn keep_failed(&mut self, placement: &Placement) {
        let Some(at) = placement.previous else { return };
        if placement.kind != PlacementKind::Reschedule || self.is_lost_anyway(at) {
            return;
        }
        self.changes.stops.retain(|stop| stop.at != at);
        let tracker = self.tracker(self.known.slot(at));
        let is_noted =
            tracker.is_some_and(|it| it.last_reschedule == RescheduleTracker::NO_PLACEMENT);
        if !is_noted {
            self.changes.updates.push(Update { at, ..Update::default() });
        }
    }

    /// Whether an allocation may run on a node that is gone. Of that nothing can be kept: no update of it is
    /// taken there (docs/lifecycle.md, section 5).
    fn is_lost_anyway(&self, at: u32) -> bool {
        self.known.views.get(at as usize).is_some_and(|view| {
            matches!(view.condition, NodeCondition::Down | NodeCondition::Missing)
                && !view.client.is_terminal()
        })
    }

    /// Counts what is to be placed of a group.
    pub(super) fn queue(&mut self, group: u32, change: i64) {
        match self.queued.iter().position(|(known, _)| *known == group) {
            Some(at) => {
                if let Some((_, queued)) = self.queued.get_mut(at) {
                    *queued += change;
                }
            }
            None => self.queued.push((group, change)),
        }
    }

    /// How many are to be placed still of a group.
    pub(super) fn left_of(&self, group: u32) -> i64 {
        let found = self.queued.iter().find(|(known, _)| *known == group);
        found.map_or(0, |(_, queued)| *queued)
    }

    /// Places nothing, as not all of it can be placed; what was to stop for it stays, but for what was
    /// lost on its way out. The transaction has none of it any more.
    fn give_up(&mut self, replaced: &[u32]) {
        let failed = std::mem::take(&mut self.outcome.failed);
        self.outcome = Outcome { failed, ..Outcome::default() };
        (self.deployment, self.changes.deployment) = (None, None);
        self.trackers.clear();
        for placement in std::mem::take(&mut self.placed) {
            self.queue(placement.group, 1);
            self.keep_failed(&placement);
        }
        let mut stops = std::mem::take(&mut self.changes.stops);
        stops.retain_mut(|stop| {
            let is_of_placement = match stop.reason {
                StopReason::Rescheduled => !self.is_lost_anyway(stop.at),
                reason => reason == StopReason::Migrating || reason == StopReason::Updating,
            };
            if !is_of_placement || !replaced.contains(&stop.at) {
                return true;
            }
            stop.reason = StopReason::Lost;
            stop.is_lost
        });
        self.changes.stops = stops;
        self.stage(|_| true);
    }
}

/// What placements replace as failed, ascending.
fn rescheduled(placements: &[Placement]) -> Vec<u32> {
    let of_kind = placements.iter().filter(|it| it.kind == PlacementKind::Reschedule);
    let mut replaced: Vec<u32> = of_kind.filter_map(|it| it.previous).collect();
    replaced.sort_unstable();
    replaced
}

/// Whether what stops as failed stops for good, as its replacement was cut off.
fn is_replaced_by_nothing(stop: &Stop, rescheduled: &[u32]) -> bool {
    stop.reason == StopReason::Rescheduled && rescheduled.binary_search(&stop.at).is_err()
}

/// Whether what stops for such a reason may stay after all.
fn is_tentative(reason: StopReason) -> bool {
    matches!(reason, StopReason::Migrating | StopReason::Rescheduled)
}
