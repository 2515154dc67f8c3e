//! Scaling jobs, going back to earlier versions, and calling versions stable (docs/lifecycle.md, section
//! 9).

use super::change::Change;
use super::command::{RevertJob, ScaleJob, SetJobStability};
use super::error::JobCommandError;
use super::jobs::{find, look_at, namespace_of, note_job, present, put};
use super::launch_times;
use super::surroundings;
use crate::model::{Job, JobType, TaskGroup, Trigger};
use crate::state::slots::{EvaluationSlot, JobSlot};
use crate::state::standing::Scaling;

/// Changes the count of a group, or only notes something about it.
pub(super) fn scale(change: &mut Change<'_>, body: ScaleJob) -> Result<(), JobCommandError> {
    let group = body.target.get("Group").cloned().unwrap_or_default();
    if group.is_empty() {
        return Err(JobCommandError::NoGroup);
    }
    if body.error && body.count.is_some() {
        return Err(JobCommandError::CountOfError);
    }
    if body.count.is_some_and(|count| count < 0) {
        return Err(JobCommandError::NegativeCount);
    }
    let (slot, job) = find(change, &body.namespace, &body.job_id)?;
    let Some(known) = job.group(&group) else {
        return Err(JobCommandError::UnknownGroup { group });
    };
    let previous_count = i64::from(known.count());
    let mut evaluation = None;
    if let Some(count) = body.count {
        check_count(&job, known, count)?;
        if is_being_deployed(change, slot) {
            return Err(JobCommandError::ActiveDeployment);
        }
        evaluation = set_count(change, slot, &job, &group, count)?;
    }
    note_job(change, slot);
    let id = evaluation.map_or_else(String::new, |slot| change.evaluation_id(slot));
    let scaling = Scaling {
        group: group.into(),
        at: change.now(),
        index: change.index_to_be(),
        count: body.count,
        previous_count,
        message: body.message.into(),
        is_error: body.error,
        meta: body.meta,
        evaluation_id: id.into(),
    };
    let mut standing = change.standing(slot).map(|it| (**it).clone()).unwrap_or_default();
    standing.note_scaling(scaling);
    change.set_standing(slot, standing);
    // A note alone is a change too.
    change.touch_job(slot);
    Ok(())
}

fn check_count(job: &Job, group: &TaskGroup, count: i64) -> Result<(), JobCommandError> {
    let policy = group.scaling.as_ref();
    if let Some(min) = policy.and_then(|it| it.min).filter(|min| count < *min) {
        return Err(JobCommandError::CountTooSmall { count, min });
    }
    let of_system = (job.job_type() == JobType::System).then_some(1);
    let max = policy.and_then(|it| it.max).into_iter().chain(of_system).min();
    match max.filter(|max| count > *max) {
        Some(max) => Err(JobCommandError::CountTooLarge { count, max }),
        None => Ok(()),
    }
}

/// Whether a version of a job is on its way.
fn is_being_deployed(change: &Change<'_>, slot: JobSlot) -> bool {
    let latest = change.deployments_of(slot).into_iter().next();
    latest.and_then(|it| change.deployment(it)).is_some_and(|it| it.status.is_active())
}

/// Registers a job with another count of one of its groups.
fn set_count(
    change: &mut Change<'_>,
    slot: JobSlot,
    job: &Job,
    group: &str,
    count: i64,
) -> Result<Option<EvaluationSlot>, JobCommandError> {
    let mut spec = job.spec().clone();
    for scaled in spec.task_groups.iter_mut().filter(|it| it.name == group) {
        scaled.count = Some(count);
    }
    let scaled = Job::registered(spec, Some(job))?;
    put(change, Some(slot), scaled);
    Ok(look_at(change, slot, Trigger::JobScaling, 0))
}

/// Registers an earlier version of a job anew.
pub(super) fn revert(change: &mut Change<'_>, body: &RevertJob) -> Result<(), JobCommandError> {
    let (slot, job) = find(change, &body.namespace, &body.job_id)?;
    if let Some(enforced) = body.enforce_prior_version
        && enforced != job.version
    {
        return Err(JobCommandError::PriorVersion { version: job.version, enforced });
    }
    if body.job_version == job.version {
        return Err(JobCommandError::SameVersion);
    }
    revert_to(change, slot, &job, body.job_version)?;
    look_at(change, slot, Trigger::JobRegister, 0);
    Ok(())
}

/// Registers an earlier version of a job as its newest one.
pub(super) fn revert_to(
    change: &mut Change<'_>,
    slot: JobSlot,
    job: &Job,
    version: u64,
) -> Result<(), JobCommandError> {
    let Some(earlier) = change.job_version(slot, version).map(|it| it.job.clone()) else {
        return Err(JobCommandError::UnknownVersion {
            job_id: job.id.clone(),
            namespace: job.namespace.clone(),
            version,
        });
    };
    // What was valid once is so again, unless the rules have become stricter.
    let again = Job::registered(earlier.spec().clone(), Some(job))?;
    surroundings::check(&change.state, &again)?;
    put(change, Some(slot), again);
    change.applied.reverted_job_version = Some(version);
    Ok(())
}

/// Calls a version of a job stable, or no longer so, which makes it the present one (docs/lifecycle.md,
/// section 9, *Stable*).
pub(super) fn set_stability(
    change: &mut Change<'_>,
    body: &SetJobStability,
) -> Result<(), JobCommandError> {
    let (slot, job) = find(change, &body.namespace, &body.job_id)?;
    let version = body.job_version;
    let Some(was_stable) = change.job_version(slot, version).map(|it| it.is_stable) else {
        return Err(JobCommandError::UnknownVersion {
            job_id: job.id.clone(),
            namespace: namespace_of(&body.namespace).to_owned(),
            version,
        });
    };
    if was_stable != body.stable {
        // The present version is not let go, so that it comes first.
        change.make_present(slot, version);
        change.set_stable(slot, version, body.stable);
        let is_other = |it: &Job| it.version != job.version && it.periodic.is_some();
        if present(change, slot).as_ref().is_some_and(is_other) {
            launch_times::count_from_now(change, slot);
        }
    }
    note_job(change, slot);
    Ok(())
}
