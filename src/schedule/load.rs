//! Documents of a job, put into the records of a copy of a cluster.

use std::sync::Arc;

use indexmap::IndexSet;

use super::asked::Asked;
use super::job_state::JobState;
use crate::model::{
    Allocation, Deployment, DeploymentStatus, Evaluation, EvaluationStatus, Job, JobSpec, Trigger,
};
use crate::state::evaluation::EvaluationRecord;
use crate::state::imported::Imported;
use crate::state::slots::JobSlot;
use crate::state::transaction::Transaction;

/// The names of a job: its namespace and its identity.
struct Names<'a> {
    namespace: &'a str,
    job_id: &'a str,
}

/// Writes what is known of a job into the state, and gives the job, if there is any.
pub(super) fn load(
    transaction: &mut Transaction<'_>,
    known: &JobState,
    evaluation: &Evaluation,
) -> Option<JobSlot> {
    let names = match known.versions.last() {
        Some(job) => Names { namespace: &job.namespace, job_id: &job.id },
        None if evaluation.namespace.is_empty() => {
            Names { namespace: "default", job_id: &evaluation.job_id }
        }
        None => Names { namespace: &evaluation.namespace, job_id: &evaluation.job_id },
    };
    if let Some(job) = transaction.find_job(names.namespace, names.job_id) {
        transaction.unregister_job(job);
    }
    for version in &known.versions {
        transaction.import_version(version);
    }
    for (at, deployment) in known.deployments.iter().enumerate() {
        add_deployment(transaction, &names, deployment, at);
    }
    let follow_ups = known.allocations.iter().map(|it| it.followup_eval_id.as_str());
    let follow_ups: IndexSet<&str> =
        follow_ups.filter(|id| !id.is_empty() && *id != evaluation.id).collect();
    for id in follow_ups {
        let waits = known.waiting.iter().any(|waiting| waiting == id);
        add_follow_up(transaction, &names, id, waits);
    }
    for allocation in &known.allocations {
        add_allocation(transaction, &names, known, allocation);
    }
    transaction.find_job(names.namespace, names.job_id)
}

/// An evaluation as it is asked, which the state need not hold.
pub(super) fn asked(
    transaction: &Transaction<'_>,
    evaluation: &Evaluation,
    job: Option<&Job>,
) -> Asked {
    let of_job = job.map(Job::job_type).unwrap_or_default();
    let trigger = evaluation.trigger().unwrap_or(Trigger::JobRegister);
    let mut record = EvaluationRecord {
        status: evaluation.status().unwrap_or(EvaluationStatus::Pending),
        annotate_plan: evaluation.annotate_plan,
        job_modify_index: evaluation.job_modify_index,
        created: transaction.now(),
        ..EvaluationRecord::new(
            trigger,
            evaluation.job_type().unwrap_or(of_job),
            evaluation.priority,
        )
    };
    if evaluation.wait_until.is_some() {
        record.links_mut().wait_until = evaluation.wait_until;
    }
    Asked {
        record: Arc::new(record),
        slot: None,
        given_id: evaluation.id.clone(),
        is_written: true,
    }
}

/// Deployments are in order; what their documents say of when they were made may be nothing.
fn add_deployment(
    transaction: &mut Transaction<'_>,
    names: &Names<'_>,
    document: &Deployment,
    at: usize,
) {
    let status = document.status().unwrap_or(DeploymentStatus::Cancelled);
    let document = Deployment {
        namespace: names.namespace.to_owned(),
        job_id: names.job_id.to_owned(),
        status: status.as_str().to_owned(),
        create_index: at as u64 + 1,
        ..document.clone()
    };
    if transaction.import_deployment(&document).is_err() {
        // It is another job's already.
    }
}

/// An evaluation of which only its name is known, and whether it waits.
fn add_follow_up(transaction: &mut Transaction<'_>, names: &Names<'_>, id: &str, waits: bool) {
    let document = Evaluation {
        id: id.to_owned(),
        namespace: names.namespace.to_owned(),
        job_id: names.job_id.to_owned(),
        evaluation_type: "service".to_owned(),
        triggered_by: Trigger::AllocFailure.as_str().to_owned(),
        status: if waits { "pending" } else { "complete" }.to_owned(),
        ..Evaluation::default()
    };
    if transaction.import_evaluation(&document).is_err() {
        // It is another job's already.
    }
}

/// One that the cluster has already is written anew: the document says more of it.
fn add_allocation(
    transaction: &mut Transaction<'_>,
    names: &Names<'_>,
    known: &JobState,
    document: &Allocation,
) {
    let version = || {
        let number = document.job_version();
        let job = known.versions.iter().find(|job| job.version == number);
        job.map(Job::shared_spec)
    };
    let spec: Option<Arc<JobSpec>> = document.job.clone().or_else(version);
    let mut document = Allocation {
        namespace: names.namespace.to_owned(),
        job_id: names.job_id.to_owned(),
        ..document.clone()
    };
    if let Some(slot) = transaction.find_allocation(&document.id) {
        let node = transaction.allocation(slot).map(|record| record.node);
        // A node that was registered later under the same identity is another one.
        if node.is_some_and(|node| transaction.node(node).is_none()) {
            document.node_id.clear();
        }
        transaction.remove_allocation(slot);
    }
    transaction.import(Imported::new(document, spec));
}
