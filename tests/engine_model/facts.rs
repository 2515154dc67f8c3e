//! What the model takes over from an engine after each step: which allocations, deployments and evaluations
//! there are. Which of them there should be is what it says beforehand.

use std::collections::BTreeMap;

use stowplan::Span;
use stowplan::engine::Engine;
use stowplan::model::{
    Allocation, Deployment, DisconnectStrategy, Evaluation, JobSpec, ReschedulePolicy,
};

/// What there is.
pub(crate) struct Facts {
    pub(crate) allocations: BTreeMap<String, Fact>,
    pub(crate) deployments: BTreeMap<String, Deployment>,
    pub(crate) evaluations: BTreeMap<String, Evaluation>,
}

/// An allocation, with what its own version of its job says of it.
pub(crate) struct Fact {
    pub(crate) it: Allocation,
    pub(crate) job_type: String,
    pub(crate) lost_after: Span,
    /// Whether something takes its place while it does not answer.
    pub(crate) is_replaceable: bool,
    pub(crate) policy: ReschedulePolicy,
    /// Whether the node that it is on or was on is still there.
    pub(crate) has_node: bool,
    /// Whether its job is the one that is registered, and none that was purged before.
    pub(crate) has_job: bool,
}

impl Facts {
    pub(crate) fn of(engine: &Engine) -> Facts {
        let mut created: BTreeMap<(String, String), Option<u64>> = BTreeMap::new();
        let mut is_registered = |it: &Allocation, spec: &JobSpec| {
            let key = (it.namespace.clone(), it.job_id.clone());
            let created = created.entry(key).or_insert_with(|| {
                let job = engine.job(&it.namespace, &it.job_id)?;
                job.document().map(|job| job.create_index)
            });
            *created == Some(spec.create_index)
        };
        // Those of each job, without what they hold and how they were placed, of which the model says nothing.
        let views = engine.jobs().flat_map(|job| job.allocations().collect::<Vec<_>>());
        let allocations = views.map(|view| {
            let (it, spec) = (view.outline(), view.job_spec());
            let fact = Fact {
                job_type: spec.map_or(String::new(), |spec| spec.job_type.clone()),
                is_replaceable: spec.is_none_or(|spec| is_replaceable(spec, &it.task_group)),
                lost_after: spec.map_or(Span::ZERO, |spec| lost_after(spec, &it.task_group)),
                policy: spec.map_or_else(Default::default, |spec| policy(spec, &it.task_group)),
                has_job: spec.is_some_and(|spec| is_registered(&it, spec)),
                has_node: view.node().is_some(),
                it,
            };
            (fact.it.id.clone(), fact)
        });
        let allocations: BTreeMap<String, Fact> = allocations.collect();
        assert_eq!(allocations.len(), engine.allocation_count(), "an allocation is of no job");
        Facts {
            allocations,
            deployments: engine.deployments_with_prefix("").map(|it| (it.id.clone(), it)).collect(),
            evaluations: engine.evaluations_with_prefix("").map(|it| (it.id.clone(), it)).collect(),
        }
    }

    /// Shows all of it, for whoever looks for a fault.
    pub(crate) fn print(&self) {
        for Fact { it, .. } in self.allocations.values() {
            println!(
                "allocation {} {} v{:?} on {}: {} ({}), {}; follow-up {:?}, next {:?}, of {:?} {:?}, {:?}, {}",
                it.id,
                it.name,
                it.job_version,
                it.node_id,
                it.desired(),
                it.desired_description,
                it.client(),
                it.followup_eval_id,
                it.next_allocation,
                it.deployment_id,
                it.deployment_status,
                it.desired_transition,
                it.modify_index,
            );
        }
        for it in self.deployments.values() {
            println!(
                "deployment {} of {} v{}: {} ({}) {:?}",
                it.id, it.job_id, it.job_version, it.status, it.status_description, it.task_groups,
            );
        }
        for it in self.evaluations.values() {
            println!(
                "evaluation {} of {} at {} to {}: {} {} ({}) until {:?}, blocked {:?}",
                it.id,
                it.job_id,
                it.create_index,
                it.modify_index,
                it.triggered_by,
                it.status,
                it.status_description,
                it.wait_until,
                it.blocked_eval,
            );
        }
    }

    pub(crate) fn allocations_of(&self, key: &(String, String)) -> impl Iterator<Item = &Fact> {
        self.allocations
            .values()
            .filter(move |fact| is_of(&fact.it.namespace, &fact.it.job_id, key))
    }

    pub(crate) fn evaluations_of(
        &self,
        key: &(String, String),
    ) -> impl Iterator<Item = &Evaluation> {
        self.evaluations.values().filter(move |it| is_of(&it.namespace, &it.job_id, key))
    }

    /// The latest deployment of a job.
    pub(crate) fn deployment_of(&self, key: &(String, String)) -> Option<&Deployment> {
        let of_it = self.deployments.values().filter(|it| is_of(&it.namespace, &it.job_id, key));
        of_it.max_by_key(|it| it.create_index)
    }

    /// That of a job's present version. What was cancelled for a newer version is over, though its version may
    /// be the present one again (section 13).
    pub(crate) fn current_deployment_of(
        &self,
        key: &(String, String),
        present: u64,
    ) -> Option<&Deployment> {
        let is_current = |it: &&Deployment| it.job_version == present && it.status != "cancelled";
        self.deployment_of(key).filter(is_current)
    }
}

fn is_of(namespace: &str, id: &str, key: &(String, String)) -> bool {
    (namespace, id) == (key.0.as_str(), key.1.as_str())
}

impl Fact {
    /// Whether neither the scheduler nor the node has done with it.
    pub(crate) fn is_live(&self) -> bool {
        !self.it.desired().is_terminal() && !self.it.client().is_terminal()
    }
}

fn disconnect<'a>(spec: &'a JobSpec, group: &str) -> Option<&'a DisconnectStrategy> {
    spec.task_groups.iter().find(|it| it.name == group)?.disconnect.as_deref()
}

pub(crate) fn lost_after(spec: &JobSpec, group: &str) -> Span {
    disconnect(spec, group).and_then(|it| it.lost_after).unwrap_or(Span::ZERO)
}

pub(crate) fn is_replaceable(spec: &JobSpec, group: &str) -> bool {
    disconnect(spec, group).and_then(|it| it.replace).unwrap_or(true)
}

/// The rules of replacing what failed, those of section 3 where a group has none of its own.
fn policy(spec: &JobSpec, group: &str) -> ReschedulePolicy {
    let group = spec.task_groups.iter().find(|it| it.name == group);
    if let Some(policy) = group.and_then(|it| it.reschedule_policy.clone()) {
        return policy;
    }
    match spec.job_type.as_str() {
        "batch" => ReschedulePolicy {
            attempts: Some(1),
            interval: Some(Span::from_secs(24 * 3_600)),
            ..ReschedulePolicy::default()
        },
        "system" | "sysbatch" => ReschedulePolicy::default(),
        _ => ReschedulePolicy { unlimited: Some(true), ..ReschedulePolicy::default() },
    }
}

/// Whether a deployment may still go on.
pub(crate) fn is_active(deployment: &Deployment) -> bool {
    !matches!(deployment.status.as_str(), "successful" | "failed" | "cancelled")
}
