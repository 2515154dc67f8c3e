//! What a pass comes to beside its placements, the evaluation itself included (docs/lifecycle.md, section
//! 2, *Finish*).

use std::sync::Arc;

use indexmap::IndexMap;

use super::pass::{Pass, Processed};
use crate::fit::ask::Ask;
use crate::model::{
    ClientStatus, DesiredStatus, DesiredUpdates, EvaluationStatus, JobType, Trigger,
};
use crate::plan::effects::{
    DeploymentChoice, DeploymentUpdate, Effects, EvaluationEffect, FailedRecord, PlacedEffect,
    StopEffect, UpdateEffect,
};
use crate::reconcile::changes::{FollowUpKind, Placement, Stop, Update};
use crate::reconcile::view::NONE;
use crate::state::deployment::DeploymentRecord;
use crate::state::evaluation::EvaluationRecord;
use crate::state::group_version::GroupVersion;
use crate::state::queued::Queued;
use crate::state::slots::{AllocationRef, AllocationSlot, EvaluationRef, EvaluationSlot};

/// The text of an allocation whose node does not answer (docs/lifecycle.md, section 8).
const DISCONNECTED: &str = "alloc is unknown since its node is disconnected";

impl Pass<'_, '_, '_> {
    /// All that the pass came to.
    pub(super) fn finish(mut self) -> Processed {
        let is_system = self.job_type.is_system();
        let was_blocked = self.asked.record.status == EvaluationStatus::Blocked;
        let is_reblocked = was_blocked && !is_system && self.shortage.is_some();
        self.drop_idle_step();
        let created = self.created();
        let failed = self.failed_records();
        let evaluation = self.evaluation_effect(&created, is_reblocked);
        let effects = Effects {
            job: self.known.job.map(|job| self.transaction.job_ref(job)).unwrap_or_default(),
            deployment: self.deployment_record(),
            deployment_update: self.deployment_update(),
            stops: self.changes.stops.iter().map(|stop| self.stop_effect(stop)).collect(),
            stops_alone: self.stops_alone,
            placed: self.placed_effects(),
            updates: self.update_effects(),
            failed,
            created,
            superseded: self.superseded(),
            evaluation,
            figures: match self.asked.is_written {
                true => self.figures(),
                false => Vec::new(),
            },
        };
        Processed { outcome: self.outcome, effects, deployment: self.deployment }
    }

    /// The record of the new deployment, where that is not carried out here.
    fn deployment_record(&self) -> Option<Box<DeploymentRecord>> {
        let slot = self.deployment.filter(|_| self.asked.is_written)?;
        self.transaction.deployment(slot).cloned().map(Box::new)
    }

    /// A step in which nothing changed has none that follows it: what waits for room goes on with it.
    fn drop_idle_step(&mut self) {
        let changes = &mut *self.changes;
        if self.placed.is_empty() && changes.stops.is_empty() && changes.updates.is_empty() {
            changes.follow_ups.retain(|it| it.kind != FollowUpKind::RollingUpdate);
        }
    }

    fn reference(&self, at: u32) -> AllocationRef {
        self.transaction.allocation_ref(self.known.slot(at))
    }

    fn figures(&self) -> Vec<(String, DesiredUpdates)> {
        let figures = self.changes.figures.iter().enumerate();
        let named = figures.map(|(group, figures)| {
            (self.known.group_name(group as u32).to_owned(), DesiredUpdates::from(*figures))
        });
        named.collect()
    }

    fn stop_effect(&self, stop: &Stop) -> StopEffect {
        StopEffect {
            allocation: self.reference(stop.at),
            description: stop.reason.description().into(),
            is_lost: stop.is_lost,
            follow_up: stop.follow_up,
        }
    }

    fn placed_effects(&mut self) -> Vec<PlacedEffect> {
        let says_any = |it: &Placement| it.previous.is_some() || it.is_canary;
        if self.trackers.is_empty() && !self.placed.iter().any(says_any) {
            return Vec::new();
        }
        let has_deployment = self.deployment.is_some() || self.known.latest.is_some();
        let mut trackers = std::mem::take(&mut self.trackers).into_iter().peekable();
        let placed = self.placed.iter().enumerate().map(|(at, it)| PlacedEffect {
            at: at as u32,
            predecessor: it.previous.map(|at| self.reference(at)),
            is_canary: it.is_canary && has_deployment,
            reschedules: trackers.next_if(|(of, _)| *of == at as u32).map(|(_, tracker)| tracker),
        });
        let says = |it: &PlacedEffect| {
            it.predecessor.is_some() || it.is_canary || it.reschedules.is_some()
        };
        placed.filter(says).collect()
    }

    fn update_effects(&self) -> Vec<UpdateEffect> {
        if self.changes.updates.is_empty() {
            return Vec::new();
        }
        let mut versions: IndexMap<u32, Arc<GroupVersion>> = IndexMap::new();
        let updates = self.changes.updates.iter();
        updates.map(|update| self.update_effect(update, &mut versions)).collect()
    }

    fn update_effect(
        &self,
        update: &Update,
        versions: &mut IndexMap<u32, Arc<GroupVersion>>,
    ) -> UpdateEffect {
        let view = self.known.views.get(update.at as usize);
        let in_place = view.filter(|_| update.in_place).and_then(|view| {
            let version = match versions.get(&view.group) {
                Some(version) => version.clone(),
                None => {
                    let version = Arc::new(self.group_version(view.group)?);
                    versions.insert(view.group, version.clone());
                    version
                }
            };
            Some((version, self.usual_deployment()))
        });
        let client = view.map_or(ClientStatus::Pending, |view| view.client);
        let is_changed = update.in_place
            || update.is_disconnecting
            || update.is_reconnecting
            || update.follow_up.is_some();
        UpdateEffect {
            allocation: self.reference(update.at),
            in_place,
            client: update.is_disconnecting.then_some((ClientStatus::Unknown, DISCONNECTED.into())),
            noted: match (update.is_disconnecting, update.is_reconnecting) {
                (true, _) => Some(ClientStatus::Unknown),
                (false, true) => Some(client),
                (false, false) => None,
            },
            follow_up: update.follow_up,
            // Nothing else writes an update that changes nothing.
            found_no_place: !is_changed,
        }
    }

    /// A group of the present version, as what runs it has it.
    fn group_version(&self, group: u32) -> Option<GroupVersion> {
        let job = self.known.current()?;
        let spec = job.spec().task_groups.get(group as usize)?;
        Some(GroupVersion {
            job: Some(job.shared_spec()),
            group: group as usize,
            amounts: Ask::of(spec).amounts,
            memory_oversubscription: self.options.memory_oversubscription,
        })
    }

    /// The records of failed placements; that of an earlier failure of a group is written anew.
    fn failed_records(&self) -> Vec<FailedRecord> {
        let failed = self.shortage.as_ref().map(|it| &it.failed_groups);
        let record = |failure: &crate::placement::outcome::GroupFailure| {
            let group = failure.job.spec().task_groups.get(failure.group)?;
            let is_before = |view: &&crate::reconcile::view::AllocationView| {
                view.desired == DesiredStatus::Failed
                    && self.known.group_name(view.group) == group.name
            };
            let before = self.known.views.iter().filter(is_before).map(|view| view.handle);
            let before = before.map(AllocationSlot).max_by_key(|slot| {
                (self.transaction.created_at(*slot), self.transaction.allocation_id(*slot))
            });
            let version = self.known.current()?.task_groups.iter();
            let version = version.clone().position(|it| it.name == group.name)?;
            Some(FailedRecord {
                before: before.map(|slot| self.transaction.allocation_ref(slot)),
                version: Arc::new(self.group_version(version as u32)?),
                name_index: failure.name_index,
                metrics: failed.and_then(|it| it.get(&group.name)).cloned().unwrap_or_default(),
            })
        };
        self.records.iter().filter_map(record).collect()
    }

    /// The evaluations that come of this one: those that look again later, then those that wait for
    /// room.
    fn created(&self) -> Vec<EvaluationRecord> {
        let parent = &self.asked.record;
        let now = self.transaction.now();
        let mut created: Vec<EvaluationRecord> = Vec::new();
        for follow_up in &self.changes.follow_ups {
            let mut child = parent.child(follow_up.kind.trigger());
            match follow_up.kind {
                FollowUpKind::RollingUpdate => {
                    child.links_mut().wait = follow_up.wait_until.since(now)
                }
                _ => child.links_mut().wait_until = Some(follow_up.wait_until),
            }
            child.describe(follow_up.kind.description());
            created.push(child);
        }
        if self.job_type.is_system() {
            let nodes = self.exhausted_nodes.iter();
            created.extend(nodes.map(|node| self.blocked_on(*node)));
            return created;
        }
        // In time that is exact an evaluation is processed at the very instant it has waited for: that is past.
        let is_due = parent.links().wait_until.is_none_or(|at| now >= at);
        let may_block = created.is_empty() || is_due;
        let was_blocked = parent.status == EvaluationStatus::Blocked;
        if !was_blocked && self.shortage.is_some() && may_block {
            created.push(self.blocked());
        }
        created
    }

    /// An evaluation that waits for room.
    fn blocked(&self) -> EvaluationRecord {
        let mut blocked = self.asked.record.child(Trigger::QueuedAllocs);
        blocked.status = EvaluationStatus::Blocked;
        let details = blocked.details_mut();
        details.status_description = "created to place remaining allocations".into();
        if let Some(shortage) = &self.shortage {
            details.failed_groups.clone_from(&shortage.failed_groups);
            details.class_eligibility.clone_from(&shortage.class_eligibility);
            blocked.escaped_computed_class = shortage.escaped_computed_class;
        }
        blocked
    }

    /// An evaluation that waits for room on one node.
    fn blocked_on(&self, node: u32) -> EvaluationRecord {
        let mut blocked = self.blocked();
        let slot = self.known.nodes.get(node as usize).copied();
        if let Some(record) = slot.and_then(|slot| self.transaction.node(slot)) {
            blocked.links_mut().node_id = Some(record.node.id.as_str().into());
        }
        if let Some(slot) = slot {
            blocked.links_mut().node = self.transaction.node_ref(slot);
        }
        blocked
    }

    /// The evaluation as it is afterwards.
    fn evaluation_effect(
        &mut self,
        created: &[EvaluationRecord],
        is_reblocked: bool,
    ) -> EvaluationEffect {
        let waits = created.iter().rposition(|it| it.status == EvaluationStatus::Blocked);
        let waits = waits.filter(|_| !self.job_type.is_system());
        let last = self.changes.follow_ups.len().checked_sub(1);
        EvaluationEffect {
            evaluation: self.asked.reference(self.transaction),
            snapshot_index: self.snapshot_index,
            status: (!is_reblocked).then_some(EvaluationStatus::Complete),
            is_reblocked,
            next: last.map(|at| at as u32),
            blocked: waits.map(|at| at as u32),
            deployment: match (self.deployment, self.known.latest) {
                (Some(_), _) => DeploymentChoice::New,
                (None, Some(latest)) => {
                    DeploymentChoice::Existing(self.transaction.deployment_ref(latest))
                }
                (None, None) => DeploymentChoice::None,
            },
            queued: self.queued_by_group(),
            shortage: self.shortage.take(),
            job_type: self.asked.record.job_type,
            ..EvaluationEffect::default()
        }
    }

    /// How many are to be placed still, by group.
    fn queued_by_group(&self) -> Queued {
        let job = self.known.current();
        let is_stopped = job.is_none_or(|job| job.stop);
        let named =
            |group: u32, queued: i64| (self.known.shared_name(self.transaction, group), queued);
        let all = 0..job.map_or(0, |job| job.task_groups.len() as u32);
        match self.job_type {
            JobType::System | JobType::Sysbatch if is_stopped => Queued::default(),
            JobType::System => all.map(|group| named(group, self.left_of(group))).collect(),
            _ if self.queued.is_empty() => all.map(|group| named(group, 0)).collect(),
            _ => self.queued.iter().map(|(group, queued)| named(*group, *queued)).collect(),
        }
    }

    fn deployment_update(&self) -> Option<DeploymentUpdate> {
        let (status, description) = self.changes.deployment_update?.status();
        let latest = self.known.latest?;
        Some(DeploymentUpdate {
            deployment: self.transaction.deployment_ref(latest),
            status,
            description: description.into(),
        })
    }

    /// The evaluations that nothing waits for any more, as what they would give up is back.
    fn superseded(&self) -> Vec<EvaluationRef> {
        if self.changes.superseded.is_empty() {
            return Vec::new();
        }
        let mut back: Vec<bool> = self.known.views.iter().map(|it| it.is_terminal()).collect();
        let reconnecting = self.changes.updates.iter().filter(|it| it.is_reconnecting);
        for update in reconnecting {
            if let Some(back) = back.get_mut(update.at as usize) {
                *back = true;
            }
        }
        let mut left = self.changes.superseded.clone();
        left.sort_unstable();
        left.dedup();
        for (view, _) in self.known.views.iter().zip(&back).filter(|(_, is_back)| !**is_back) {
            if view.follow_up != NONE {
                left.retain(|handle| *handle != view.follow_up);
            }
        }
        let slots = left.into_iter().map(EvaluationSlot);
        let known = slots.filter(|slot| self.transaction.evaluation(*slot).is_some());
        let mut known: Vec<EvaluationSlot> = known.collect();
        known.sort_by_cached_key(|slot| self.transaction.evaluation_id(*slot));
        known.into_iter().map(|slot| self.transaction.evaluation_ref(slot)).collect()
    }
}
