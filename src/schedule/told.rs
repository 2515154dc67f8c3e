//! What an evaluation came to, as documents. New things are named by their positions.

use indexmap::IndexMap;

use super::decision::Decision;
use super::job_state::JobState;
use super::pass::Processed;
use crate::cluster::failed::FailedGroup;
use crate::cluster::placement::Placement;
use crate::model::{
    Allocation, AllocationDeploymentStatus, AllocationState, Deployment, DesiredStatus, Evaluation,
    RescheduleTracker,
};
use crate::placement::options::PlaceOptions;
use crate::plan::effects::{DeploymentChoice, PlacedEffect, StopEffect, UpdateEffect};
use crate::state::State;
use crate::state::deployment::DeploymentRecord;
use crate::state::evaluation::EvaluationRecord;
use crate::state::slots::{AllocationRef, DeploymentRef};
use crate::time::Timestamp;

/// Who tells it: the state that has the placements, and what it was asked.
pub(super) struct Teller<'a> {
    pub(super) state: &'a State,
    pub(super) known: &'a JobState,
    pub(super) evaluation: &'a Evaluation,
    pub(super) options: &'a PlaceOptions,
    pub(super) now: Timestamp,
}

/// The name of a new thing by its position, until it has an identity.
fn new_id(position: usize) -> String {
    format!("new[{position}]")
}

impl Teller<'_> {
    pub(super) fn decision(&self, processed: Processed) -> Decision {
        let effects = &processed.effects;
        let by_id = self.known.allocations.iter().map(|it| (it.id.as_str(), it));
        let before: IndexMap<&str, &Allocation> = by_id.collect();
        let in_place = effects.updates.iter().filter(|it| it.in_place.is_some());
        Decision {
            evaluation: self.evaluation_told(&processed),
            is_reblocked: effects.evaluation.is_reblocked,
            created: self.created(&effects.created),
            stops: effects.stops.iter().map(|stop| self.stop(stop, &before)).collect(),
            placements: self.placements(&processed),
            updates: effects.updates.iter().map(|it| self.update(it, &before)).collect(),
            failed: self.failed(&processed, &before),
            in_place: in_place.map(|it| self.id(it.allocation)).collect(),
            deployment: effects.deployment.as_ref().map(|it| self.deployment(it)),
            deployment_update: self.deployment_update(&processed),
            superseded: {
                let superseded = effects.superseded.iter();
                superseded.map(|it| self.state.evaluation_id(it.slot)).collect()
            },
            figures: effects.figures.iter().cloned().collect(),
            after: None,
        }
    }

    fn id(&self, allocation: AllocationRef) -> String {
        self.state.allocation_id(allocation.slot)
    }

    fn deployment_id(&self, of: DeploymentRef, processed: &Processed) -> String {
        match processed.deployment {
            Some(new) if of.slot == new => new_id(0),
            _ => self.state.deployment_id(of.slot),
        }
    }

    fn chosen_deployment(&self, choice: DeploymentChoice) -> String {
        match choice {
            DeploymentChoice::None => String::new(),
            DeploymentChoice::Existing(of) => self.state.deployment_id(of.slot),
            DeploymentChoice::New => new_id(0),
        }
    }

    fn evaluation_told(&self, processed: &Processed) -> Evaluation {
        let effect = &processed.effects.evaluation;
        let parent = self.evaluation;
        let status = effect.status.map_or("blocked", |status| status.as_str());
        let new = |at: Option<u32>, before: &String| {
            at.map_or_else(|| before.clone(), |at| new_id(at as usize))
        };
        let told = Evaluation {
            status: status.to_owned(),
            status_description: effect.description.clone(),
            modify_time: self.now.as_nanos(),
            ..parent.clone()
        };
        if effect.status == Some(crate::model::EvaluationStatus::Failed) {
            return told;
        }
        let shortage = effect.shortage();
        let (class_eligibility, escaped_computed_class) = match effect.is_reblocked {
            true => (shortage.class_eligibility, shortage.escaped_computed_class),
            false => (parent.class_eligibility.clone(), parent.escaped_computed_class),
        };
        Evaluation {
            deployment_id: self.chosen_deployment(effect.deployment),
            blocked_eval: new(effect.blocked, &parent.blocked_eval),
            next_eval: new(effect.next, &parent.next_eval),
            failed_tg_allocs: shortage.failed_groups,
            queued_allocations: effect.queued.document(),
            class_eligibility,
            escaped_computed_class,
            ..told
        }
    }

    fn created(&self, created: &[EvaluationRecord]) -> Vec<Evaluation> {
        let told = |(at, record): (usize, &EvaluationRecord)| {
            let details = record.details.as_deref().cloned().unwrap_or_default();
            Evaluation {
                id: new_id(at),
                namespace: self.evaluation.namespace.clone(),
                priority: record.priority,
                evaluation_type: self.evaluation.evaluation_type.clone(),
                triggered_by: record.trigger.as_str().to_owned(),
                job_id: self.evaluation.job_id.clone(),
                job_modify_index: self.evaluation.job_modify_index,
                node_id: record.links().node_id().to_owned(),
                status: record.status.as_str().to_owned(),
                status_description: details.status_description.to_string(),
                wait: record.links().wait,
                wait_until: record.links().wait_until,
                previous_eval: self.evaluation.id.clone(),
                failed_tg_allocs: details.failed_groups,
                class_eligibility: details.class_eligibility,
                escaped_computed_class: record.escaped_computed_class,
                create_time: self.now.as_nanos(),
                modify_time: self.now.as_nanos(),
                ..Evaluation::default()
            }
        };
        created.iter().enumerate().map(told).collect()
    }

    fn stop(&self, stop: &StopEffect, before: &IndexMap<&str, &Allocation>) -> Allocation {
        let id = self.id(stop.allocation);
        let node_id = before.get(id.as_str()).map_or(String::new(), |it| it.node_id.clone());
        Allocation {
            id,
            node_id,
            desired_status: "stop".into(),
            desired_description: stop.description.to_string(),
            client_status: if stop.is_lost { "lost".into() } else { String::new() },
            followup_eval_id: stop.follow_up.map_or(String::new(), |at| new_id(at as usize)),
            ..Allocation::default()
        }
    }

    fn placements(&self, processed: &Processed) -> Vec<Allocation> {
        let outcome = processed.outcome.clone();
        let groups = outcome.groups.iter().flat_map(|group| {
            group.allocations.iter().map(|_| (group.job.version, group.batch.deployment))
        });
        let groups: Vec<(u64, DeploymentRef)> = groups.collect();
        let effects = &processed.effects.placed;
        let placement = Placement::new(self.state, self.options, outcome, Vec::new());
        let found = placement.allocations().zip(groups).enumerate();
        let told = found.map(|(at, (found, (version, deployment)))| {
            let effect = effects.iter().find(|it| it.at as usize == at);
            let is_canary = effect.is_some_and(|it| it.is_canary);
            let predecessor = effect.and_then(|it: &PlacedEffect| it.predecessor);
            Allocation {
                id: new_id(at),
                eval_id: self.evaluation.id.clone(),
                job_version: Some(version),
                deployment_id: self.deployment_id(deployment, processed),
                deployment_status: is_canary.then(|| AllocationDeploymentStatus {
                    canary: true,
                    ..AllocationDeploymentStatus::default()
                }),
                reschedule_tracker: effect.and_then(|it| it.reschedules.clone()),
                previous_allocation: predecessor.map_or(String::new(), |it| self.id(it)),
                create_time: self.now.as_nanos(),
                modify_time: self.now.as_nanos(),
                ..found.to_allocation()
            }
        });
        told.collect()
    }

    /// An allocation as it is after an update.
    fn update(&self, update: &UpdateEffect, before: &IndexMap<&str, &Allocation>) -> Allocation {
        let id = self.id(update.allocation);
        let mut allocation =
            before.get(id.as_str()).map_or_else(Allocation::default, |it| (*it).clone());
        if let Some((version, deployment)) = &update.in_place {
            allocation.job = None;
            allocation.job_version = version.job_spec().map(|job| job.version);
            let deployment_id = self.chosen_deployment(*deployment);
            if !deployment_id.is_empty() && allocation.deployment_id != deployment_id {
                allocation.deployment_id = deployment_id;
                allocation.deployment_status = None;
            }
        }
        if let Some(noted) = update.noted {
            allocation.alloc_states.push(AllocationState {
                field: AllocationState::CLIENT_STATUS,
                value: noted.as_str().to_owned(),
                time: Some(self.now),
                ..AllocationState::default()
            });
        }
        if let Some((client, description)) = &update.client {
            allocation.client_status = client.as_str().to_owned();
            allocation.client_description = description.to_string();
        }
        if let Some(at) = update.follow_up {
            allocation.followup_eval_id = new_id(at as usize);
        }
        if update.found_no_place {
            let tracker = allocation.reschedule_tracker.get_or_insert_default();
            tracker.last_reschedule = RescheduleTracker::NO_PLACEMENT.into();
        }
        allocation
    }

    fn failed(
        &self,
        processed: &Processed,
        before: &IndexMap<&str, &Allocation>,
    ) -> Vec<Allocation> {
        let placed: usize = processed.outcome.groups.iter().map(|it| it.allocations.len()).sum();
        let records = processed.effects.failed.iter().enumerate().filter_map(|(at, record)| {
            let name = record.version.group_name();
            let failed = processed
                .outcome
                .failed
                .iter()
                .map(|failure| FailedGroup::new(self.options, self.state, failure.clone()));
            let failed = { failed }.find(|group| group.name() == name)?.to_allocation()?;
            let id = record.before.map(|it| self.id(it));
            let before = id.as_ref().and_then(|id| before.get(id.as_str()).copied());
            Some(Allocation {
                id: id.unwrap_or_else(|| new_id(placed + at)),
                name: before.map_or_else(|| failed.name.clone(), |it| it.name.clone()),
                eval_id: self.evaluation.id.clone(),
                job_version: record.version.job_spec().map(|job| job.version),
                metrics: Some(record.metrics.clone()),
                desired_status: DesiredStatus::Failed.as_str().to_owned(),
                create_time: before.map_or(self.now.as_nanos(), |it| it.create_time),
                modify_time: self.now.as_nanos(),
                ..failed
            })
        });
        records.collect()
    }

    fn deployment(&self, record: &DeploymentRecord) -> Deployment {
        let groups = record.groups.iter();
        let groups = groups.map(|it| (it.name.to_string(), self.state.group_document(it)));
        Deployment {
            id: new_id(0),
            namespace: self.known.versions.last().map_or(String::new(), |it| it.namespace.clone()),
            job_id: self.known.versions.last().map_or(String::new(), |it| it.id.clone()),
            job_version: record.version,
            job_modify_index: record.job_modify_index,
            job_spec_modify_index: record.job_spec_modify_index,
            job_create_index: record.job_create_index,
            task_groups: groups.collect(),
            status: record.status.as_str().to_owned(),
            status_description: record.description.to_string(),
            ..Deployment::default()
        }
    }

    fn deployment_update(&self, processed: &Processed) -> Option<Deployment> {
        let update = processed.effects.deployment_update.as_ref()?;
        let latest = self.known.deployments.last()?;
        Some(Deployment {
            status: update.status.as_str().to_owned(),
            status_description: update.description.to_string(),
            ..latest.clone()
        })
    }
}
