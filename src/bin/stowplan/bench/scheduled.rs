//! A load at the level of the scheduler: jobs are registered and taken out, and each time evaluated.

use stowplan::model::{Job, Trigger};
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
    let (namespace, job_id) = (job.namespace.clone(), job.id.clone());
    cluster.register_owned_job(job);
    let evaluation = cluster.evaluate_job(&namespace, &job_id, Trigger::JobRegister);
    let Some(committed) = evaluation.ok().and_then(|id| process(cluster, level, &id, options))
    else {
        return Arrived::default();
    };
    let placed = committed.allocations().count();
    let resident = (leaves && placed > 0).then(|| Resident::Evaluated {
        _job: registered(cluster, &namespace, &job_id).cloned(),
        namespace,
        job_id,
    });
    Arrived { placed, failed: wanted.saturating_sub(placed), scanned: 0, resident }
}

/// The job that is registered.
fn registered<'a>(cluster: &'a Cluster, namespace: &str, job_id: &str) -> Option<&'a Job> {
    cluster.job(namespace, job_id)?.present_version()
}

/// Takes a job out and evaluates it once more, which stops what there is of it. Then all of it is forgotten.
pub(super) fn leave(
    cluster: &mut Cluster,
    level: Level,
    (namespace, job_id): (&str, &str),
    options: &PlaceOptions,
) {
    let evaluation = cluster.evaluate_job(namespace, job_id, Trigger::JobDeregister);
    cluster.unregister_job(namespace, job_id);
    if let Ok(id) = evaluation {
        _ = process(cluster, level, &id, options);
    }
    cluster.remove_job(namespace, job_id);
}

/// Carries out all that comes of an evaluation.
fn process(
    cluster: &mut Cluster,
    level: Level,
    id: &str,
    options: &PlaceOptions,
) -> Option<Committed> {
    let now = cluster.now();
    match level {
        Level::Scheduler => cluster.process_verified(id, now, options),
        Level::Plans => {
            let evaluation = cluster.evaluation(id)?;
            let plan = process_with(cluster, &evaluation, now, options, Attempt::default());
            Some(cluster.commit(plan, now))
        }
        Level::Forks => {
            let evaluation = cluster.evaluation(id)?;
            let mut fork = cluster.fork();
            let plan = process_with(&mut fork, &evaluation, now, options, Attempt::default());
            drop(fork);
            Some(cluster.commit(plan, now))
        }
        Level::Cluster | Level::Engine => None,
    }
}
