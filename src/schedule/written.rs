//! What changes, as documents.

use super::attempt::Attempt;
use super::evaluations::new_id;
use super::search::Chosen;
use crate::model::{
    Allocation, AllocationDeploymentStatus, AllocationState, Deployment, DeploymentState,
    DeploymentStatus, DesiredStatus, RescheduleEvent, RescheduleTracker,
};
use crate::reconcile::changes::{Placement, Stop, Update};

/// The name of a new deployment, until it has an identity.
const NEW_DEPLOYMENT: &str = "new[0]";

impl Attempt<'_> {
    /// The deployment that new and changed allocations belong to: the new one, or the latest while it is
    /// active.
    fn deployment_id(&self) -> &str {
        if self.changes.deployment.is_some() {
            return NEW_DEPLOYMENT;
        }
        let latest =
            self.latest().filter(|it| it.status().is_some_and(DeploymentStatus::is_active));
        latest.map_or("", |it| it.id.as_str())
    }

    /// The latest deployment of a job that has any.
    pub(super) fn latest(&self) -> Option<&Deployment> {
        let deployments = &self.known.deployments;
        deployments.last().filter(|_| self.documents.deployment.is_some())
    }

    /// A new allocation with all that its placement says of it.
    pub(super) fn written(
        &self,
        placement: &Placement,
        found: Allocation,
        chosen: &Chosen<'_>,
    ) -> Allocation {
        let previous = placement.previous.map(|at| self.documents.allocations[at as usize]);
        let deployment_id = chosen.deployment_id.unwrap_or_else(|| self.deployment_id());
        let has_deployment = self.changes.deployment.is_some() || self.latest().is_some();
        let is_canary = placement.is_canary && has_deployment;
        let mut tracker = None;
        if let (Some(record), Some(previous)) = (&placement.reschedule, previous) {
            let past = previous.reschedule_tracker.as_ref().map_or(&[][..], |it| &it.events);
            let kept = record.kept.iter().filter_map(|at| past.get(*at).cloned());
            let event = RescheduleEvent {
                reschedule_time: record.event.at.as_nanos(),
                prev_alloc_id: previous.id.clone(),
                prev_node_id: previous.node_id.clone(),
                delay: record.event.delay,
                ..RescheduleEvent::default()
            };
            let events = kept.chain([event]).collect();
            tracker = Some(RescheduleTracker { events, ..RescheduleTracker::default() });
        }
        Allocation {
            id: new_id(self.placed.len()),
            eval_id: self.evaluation.id.clone(),
            job_version: Some(chosen.job.version),
            deployment_id: deployment_id.to_owned(),
            deployment_status: is_canary.then(|| AllocationDeploymentStatus {
                canary: true,
                ..AllocationDeploymentStatus::default()
            }),
            reschedule_tracker: tracker,
            previous_allocation: previous.map_or(String::new(), |it| it.id.clone()),
            create_time: self.now.as_nanos(),
            modify_time: self.now.as_nanos(),
            ..found
        }
    }

    /// The records of failed placements; that of an earlier failure of a group is written anew.
    pub(super) fn failed_written(&self) -> Vec<Allocation> {
        let written = |(at, record): (usize, &Allocation)| {
            let is_before = |it: &&Allocation| {
                it.desired() == DesiredStatus::Failed && it.task_group == record.task_group
            };
            let before = self.known.allocations.iter().rfind(is_before);
            let id = || new_id(self.placed.len() + at);
            Allocation {
                id: before.map_or_else(id, |it| it.id.clone()),
                name: before.map_or(record.name.clone(), |it| it.name.clone()),
                eval_id: self.evaluation.id.clone(),
                job_version: self.known.versions.last().map(|job| job.version),
                metrics: self.failures.get(&record.task_group).cloned(),
                create_time: before.map_or(self.now.as_nanos(), |it| it.create_time),
                modify_time: self.now.as_nanos(),
                ..record.clone()
            }
        };
        self.records.iter().enumerate().map(written).collect()
    }

    /// A stop.
    pub(super) fn stop_written(&self, stop: &Stop) -> Allocation {
        let allocation = self.documents.allocations[stop.at as usize];
        let follow_up = stop.follow_up.map_or(String::new(), |at| new_id(at as usize));
        Allocation {
            id: allocation.id.clone(),
            node_id: allocation.node_id.clone(),
            desired_status: "stop".into(),
            desired_description: stop.reason.description().into(),
            client_status: if stop.is_lost { "lost".into() } else { String::new() },
            followup_eval_id: follow_up,
            ..Allocation::default()
        }
    }

    /// An allocation as it is after an update.
    pub(super) fn update_written(&self, update: &Update) -> Allocation {
        let mut allocation = self.documents.allocations[update.at as usize].clone();
        if update.in_place {
            let job = self.known.versions.last();
            allocation.job = None;
            allocation.job_version = job.map(|job| job.version);
            let deployment_id = self.deployment_id();
            if !deployment_id.is_empty() && allocation.deployment_id != deployment_id {
                allocation.deployment_id = deployment_id.into();
                allocation.deployment_status = None;
            }
        }
        let mut note = |status: String| {
            allocation.alloc_states.push(AllocationState {
                field: AllocationState::CLIENT_STATUS,
                value: status,
                time: Some(self.now),
                ..AllocationState::default()
            });
        };
        if update.is_disconnecting {
            note("unknown".into());
            allocation.client_status = "unknown".into();
            allocation.client_description =
                "alloc is unknown since its node is disconnected".into();
        } else if update.is_reconnecting {
            note(allocation.client_status.clone());
        }
        if let Some(at) = update.follow_up {
            allocation.followup_eval_id = new_id(at as usize);
        }
        let is_noted = !update.in_place
            && !update.is_disconnecting
            && !update.is_reconnecting
            && update.follow_up.is_none();
        // Nothing else writes an update that changes nothing.
        if is_noted {
            let mut tracker = allocation.reschedule_tracker.take().unwrap_or_default();
            tracker.last_reschedule = RescheduleTracker::NO_PLACEMENT.into();
            allocation.reschedule_tracker = Some(tracker);
        }
        allocation
    }

    /// The new deployment.
    pub(super) fn deployment_written(&self) -> Option<Deployment> {
        let new = self.changes.deployment.as_ref()?;
        let job = self.known.versions.last()?;
        let group = |it: &crate::reconcile::changes::NewDeploymentGroup| {
            let state = DeploymentState {
                auto_revert: it.auto_revert,
                auto_promote: it.auto_promote,
                progress_deadline: it.progress_deadline,
                desired_canaries: i64::from(it.desired_canaries),
                desired_total: i64::from(it.desired_total),
                ..DeploymentState::default()
            };
            (self.documents.groups[it.group as usize].to_owned(), state)
        };
        Some(Deployment {
            id: NEW_DEPLOYMENT.into(),
            namespace: job.namespace.clone(),
            job_id: job.id.clone(),
            job_version: job.version,
            job_modify_index: job.modify_index,
            job_spec_modify_index: job.job_modify_index,
            job_create_index: job.create_index,
            task_groups: new.groups.iter().map(group).collect(),
            status: "running".into(),
            status_description: new.description().into(),
            ..Deployment::default()
        })
    }
}
