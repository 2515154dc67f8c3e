//! A load at the level of the scheduler: jobs are registered and taken out, and each time evaluated.

use stowplan::model::{Evaluation, Job, Trigger};
use stowplan::schedule::process_with;
use stowplan::{Attempt, Cluster, Committed, PlaceOptions};

use super::level::{Arrived, Level, Resident};

/// Registers a job and evaluates it.
pub(super) fn arrive(
    cluster: &mut Cluster,
    level: Level,
    job: Job,
    options: &PlaceOptions,
    leaves: bool,
) -> Arrived {
    let wanted: usize = job.task_groups.iter().map(|it| it.count() as usize).sum();
    let mut evaluation = Evaluation {
        namespace: job.namespace.clone(),
        job_id: job.id.clone(),
        evaluation_type: job.job_type().as_str().into(),
        triggered_by: Trigger::JobRegister.as_str().into(),
        priority: job.priority(),
        status: "pending".into(),
        ..Evaluation::default()
    };
    cluster.register_owned_job(job);
    let Some(committed) = evaluate(cluster, level, &mut evaluation, options) else {
        return Arrived::default();
    };
    let placed = committed.allocations().count();
    let first = committed.allocations().next().filter(|_| leaves).map(|it| it.id());
    let resident = first.map(|allocation| Resident::Evaluated {
        allocation,
        created: committed.created().to_vec(),
        _job: registered(cluster, &evaluation).cloned(),
        evaluation: Box::new(evaluation),
    });
    Arrived { placed, failed: wanted.saturating_sub(placed), scanned: 0, resident }
}

/// The job that is registered.
fn registered<'a>(cluster: &'a Cluster, of: &Evaluation) -> Option<&'a Job> {
    cluster.job(&of.namespace, &of.job_id)?.versions().next()
}

/// Takes a job out and evaluates it once more. The evaluation of that is forgotten as soon as it is done.
pub(super) fn leave(
    cluster: &mut Cluster,
    level: Level,
    arrived: &Evaluation,
    options: &PlaceOptions,
) {
    cluster.unregister_job(&arrived.namespace, &arrived.job_id);
    let mut evaluation = Evaluation {
        namespace: arrived.namespace.clone(),
        job_id: arrived.job_id.clone(),
        evaluation_type: arrived.evaluation_type.clone(),
        triggered_by: Trigger::JobDeregister.as_str().into(),
        priority: arrived.priority,
        status: "pending".into(),
        ..Evaluation::default()
    };
    _ = evaluate(cluster, level, &mut evaluation, options);
    cluster.remove_evaluation(&evaluation.id);
}

/// Adds an evaluation, which gets its identity by that, and carries out what comes of it.
fn evaluate(
    cluster: &mut Cluster,
    level: Level,
    evaluation: &mut Evaluation,
    options: &PlaceOptions,
) -> Option<Committed> {
    let now = cluster.now();
    evaluation.id = cluster.upsert_evaluation(evaluation).ok()?;
    let attempt = Attempt::default();
    match level {
        Level::Scheduler => cluster.process_verified(&evaluation.id, now, options),
        Level::Plans => {
            let plan = process_with(cluster, evaluation, now, options, attempt);
            Some(cluster.commit(plan, now))
        }
        Level::Forks => {
            let mut fork = cluster.fork();
            let plan = process_with(&mut fork, evaluation, now, options, attempt);
            drop(fork);
            Some(cluster.commit(plan, now))
        }
        Level::Cluster | Level::Engine => None,
    }
}
