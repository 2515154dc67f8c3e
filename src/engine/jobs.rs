//! Registering, stopping and evaluating jobs (docs/lifecycle.md, section 9).

use std::sync::Arc;

use super::change::Change;
use super::command::{DeregisterJob, EvaluateJob, RegisterJob};
use super::error::JobCommandError;
use super::forget::allocations_of;
use super::launch_times;
use super::settings::place_options;
use super::standings;
use super::summaries;
use super::surroundings;
use crate::model::{DesiredStatus, Era, EvaluationStatus, Job, JobSpec, JobType, Trigger};
use crate::state::evaluation::EvaluationRecord;
use crate::state::settings::DEFAULT_NAMESPACE;
use crate::state::slots::{DeploymentSlot, EvaluationSlot, JobSlot};
use crate::state::small_list::SmallList;
use crate::state::standing::JobStatus;
use crate::state::stop_reason::StopReason;

/// The priorities that there are.
const PRIORITIES: std::ops::RangeInclusive<i64> = 1..=100;
/// The priority of the evaluation that stops a job which is not there.
const PRIORITY_DEFAULT: i64 = 50;

/// The namespace of a command.
pub(super) fn namespace_of(namespace: &str) -> &str {
    if namespace.is_empty() { DEFAULT_NAMESPACE } else { namespace }
}

/// Registers a job, or a new version of it.
pub(super) fn register(
    change: &mut Change<'_>,
    mut body: Box<RegisterJob>,
) -> Result<(), JobCommandError> {
    if change.book().settings.scheduler.reject_job_registration {
        return Err(JobCommandError::RegistrationDisabled);
    }
    check_priority(body.eval_priority)?;
    let mut problems = Job::correct(&mut body.job)?;
    let known = change.find_job(namespace_of(&body.job.namespace), &body.job.id);
    let before = known.and_then(|slot| present(change, slot));
    if body.enforce_index {
        enforce(before.as_ref(), body.job_modify_index)?;
    }
    if body.preserve_counts
        && let Some(before) = &before
    {
        keep_counts(&mut body.job, before);
        // It may have been a count that was wrong.
        problems = Job::correct(&mut body.job)?;
    }
    let era = Job::complete_registered(&mut body.job, problems, before.as_ref())?;
    let job = Job::as_kept(Arc::new(body.job), era);
    surroundings::check(&change.state, &job)?;
    let settings = &change.book().settings;
    let has_more_memory = place_options(&change.options.place, settings).memory_oversubscription;
    change.applied.warnings = job.registration_warnings(has_more_memory);
    let slot = put(change, known, job);
    if let Some(submission) = body.submission {
        change.set_submission(slot, *submission);
    }
    look_at(change, slot, Trigger::JobRegister, body.eval_priority);
    Ok(())
}

/// Looks at a job that was registered, unless only what is launched from it runs. A priority of 0 is the
/// job's.
pub(super) fn look_at(
    change: &mut Change<'_>,
    slot: JobSlot,
    trigger: Trigger,
    priority: i64,
) -> Option<EvaluationSlot> {
    present(change, slot).filter(|job| !job.is_launched_later())?;
    let mut record = change.pending_evaluation(slot, trigger);
    if priority > 0 {
        record.priority = priority;
    }
    Some(change.evaluate(slot, record))
}

/// Registers a job that is valid, and says so in the reply. It is known where it is, if it is there.
pub(super) fn put(change: &mut Change<'_>, known: Option<JobSlot>, job: Job) -> JobSlot {
    let is_periodic = job.periodic.is_some();
    let is_launched_later = is_periodic || job.parameterized_job.is_some();
    let registered = change.register_job_of(known, job);
    if registered.is_new && is_periodic {
        launch_times::count_from_now(change, registered.job);
    }
    if registered.is_new && registered.version == 0 {
        stop_earlier(change, registered.job);
        if is_launched_later {
            summaries::adopt(change, registered.job);
        }
    }
    note_job(change, registered.job);
    registered.job
}

/// Stops what a job that was purged has left to one of its name that is registered before the evaluation
/// for that was processed: it would be taken for the new one's (docs/lifecycle.md, section 9, *Purge*).
fn stop_earlier(change: &mut Change<'_>, slot: JobSlot) {
    let trigger = |it| change.evaluation(it).map(|it| it.trigger);
    if !change.queues.open_of(slot).any(|it| trigger(it) == Some(Trigger::JobDeregister)) {
        return;
    }
    let left = allocations_of(&change.state, slot);
    let left: Vec<_> = left.filter(|it| change.is_of_earlier_life(*it, slot)).collect();
    for allocation in left {
        let Some(record) = change.allocation(allocation) else { continue };
        let (client, is_wanted) = (record.client, !record.desired.is_terminal());
        if client.is_terminal() {
            change.remove_allocation(allocation);
        } else if is_wanted {
            change.set_status(allocation, DesiredStatus::Stop, client);
            change.change_lifecycle(allocation, false, |record| {
                record.describe_desired(StopReason::NotNeeded.description().into());
            });
        }
    }
}

/// Says in the reply at which index a job is.
pub(super) fn note_job(change: &mut Change<'_>, slot: JobSlot) {
    let index = present(change, slot).map_or(0, |job| job.job_modify_index);
    change.applied.job_modify_index = index;
}

/// The present version of a job, if it is registered.
pub(super) fn present(change: &Change<'_>, slot: JobSlot) -> Option<Job> {
    Some(change.registration(slot)?.present()?.job.clone())
}

/// A registered job of a command.
pub(super) fn find(
    change: &Change<'_>,
    namespace: &str,
    job_id: &str,
) -> Result<(JobSlot, Job), JobCommandError> {
    let slot = change.find_job(namespace_of(namespace), job_id);
    let found = slot.and_then(|slot| Some((slot, present(change, slot)?)));
    found.ok_or(JobCommandError::UnknownJob)
}

fn check_priority(priority: i64) -> Result<(), JobCommandError> {
    match priority == 0 || PRIORITIES.contains(&priority) {
        true => Ok(()),
        false => Err(JobCommandError::Priority { priority }),
    }
}

/// Whether a job is at the index that it has to be at.
fn enforce(before: Option<&Job>, index: u64) -> Result<(), JobCommandError> {
    match (before.map(|job| job.job_modify_index), index) {
        (None, 0) => Ok(()),
        (Some(_), 0) => Err(JobCommandError::AlreadyExists),
        (None, index) => Err(JobCommandError::DoesNotExist { index }),
        (Some(found), index) if found != index => Err(JobCommandError::Conflict { index, found }),
        (Some(_), _) => Ok(()),
    }
}

/// Lets groups that are there keep their counts.
fn keep_counts(spec: &mut JobSpec, before: &Job) {
    for group in &mut spec.task_groups {
        if let Some(known) = before.group(&group.name) {
            group.count = known.count;
        }
    }
}

/// Stops a job; one of the first API, or one that is purged, is forgotten.
pub(super) fn deregister(
    change: &mut Change<'_>,
    body: &DeregisterJob,
) -> Result<(), JobCommandError> {
    check_priority(body.eval_priority)?;
    let namespace = namespace_of(&body.namespace);
    let slot = change.ensure_named_job(namespace, &body.job_id);
    let job = present(change, slot);
    let priority = job.as_ref().map_or(PRIORITY_DEFAULT, |job| job.priority());
    let is_forgotten = body.purge || job.as_ref().is_some_and(|job| job.era() == Era::First);
    let priority = if body.eval_priority > 0 { body.eval_priority } else { priority };
    let mut record = EvaluationRecord::new(Trigger::JobDeregister, JobType::Service, priority);
    record.job_modify_index = change.index_to_be();
    change.applied.job_modify_index = record.job_modify_index;
    if !job.as_ref().is_some_and(|job| job.is_launched_later()) {
        // It keeps the name of a job of which nothing else is left.
        change.evaluate(slot, record);
    }
    if let Some(job) = job {
        if is_forgotten {
            forget(change, slot, body.purge);
        } else if let Ok(stopped) = job.changed(|spec| spec.stop = true) {
            let was_stable =
                change.job_version(slot, job.version).is_some_and(|version| version.is_stable);
            let number = change.add_version(slot, stopped).version;
            change.set_stable(slot, number, was_stable);
        }
    }
    if body.no_shutdown_delay {
        skip_delays(change, slot);
    }
    Ok(())
}

/// Forgets the versions of a job, and if it is purged its deployments; what is to be done for it is
/// needless then.
fn forget(change: &mut Change<'_>, slot: JobSlot, is_purged: bool) {
    let deployments: Vec<DeploymentSlot> = change.deployments_of(slot);
    for deployment in deployments {
        let is_active = change.deployment(deployment).is_some_and(|it| it.status.is_active());
        if is_purged {
            change.remove_deployment(deployment);
        } else if is_active {
            change.change_deployment(deployment, |record| {
                record.status = crate::model::DeploymentStatus::Cancelled;
                record.description = "Cancelled because job is stopped".into();
            });
        }
    }
    let open: SmallList<EvaluationSlot> = change.queues.open_of(slot).collect();
    for &evaluation in open.iter() {
        let reason = format!("job {} deleted", change.job(slot).map_or("", |job| job.id()));
        super::broker::end(change, evaluation, EvaluationStatus::Complete, &reason);
    }
    if is_purged {
        let has_ended = |it: &_| change.allocation(*it).is_some_and(|it| it.client.is_terminal());
        let ended: SmallList<_> = allocations_of(&change.state, slot).filter(has_ended).collect();
        ended.iter().for_each(|&allocation| change.remove_allocation(allocation));
    }
    let status = change.status_of_job(slot);
    standings::count_child(change, slot, Some(status), JobStatus::Dead);
    change.unregister_job(slot);
}

/// Lets the tasks of a job be stopped without their delay.
fn skip_delays(change: &mut Change<'_>, slot: JobSlot) {
    let groups = change.job(slot).map(|job| &*job.groups).unwrap_or_default();
    let all = groups.iter().flat_map(|group| group.allocations.iter().copied());
    let is_live = |slot: &_| change.allocation(*slot).is_some_and(|it| it.is_live());
    let live: Vec<_> = all.filter(is_live).collect();
    for allocation in live {
        change.change_lifecycle(allocation, false, |record| {
            record.transition.no_shutdown_delay = true;
        });
    }
}

/// Looks at a job anew.
pub(super) fn evaluate(change: &mut Change<'_>, body: &EvaluateJob) -> Result<(), JobCommandError> {
    let (slot, job) = find(change, &body.namespace, &body.job_id)?;
    if job.periodic.is_some() {
        return Err(JobCommandError::EvaluatesPeriodic);
    }
    if job.is_parameterized() {
        return Err(JobCommandError::EvaluatesParameterized);
    }
    if body.eval_options.force_reschedule {
        force_reschedule(change, slot);
    }
    note_job(change, slot);
    let record = change.pending_evaluation(slot, Trigger::JobRegister);
    change.evaluate(slot, record);
    Ok(())
}

/// Tells failed allocations to be replaced whatever their policy says, where there is one.
fn force_reschedule(change: &mut Change<'_>, slot: JobSlot) {
    let groups = change.job(slot).map(|job| &*job.groups).unwrap_or_default();
    let all = groups.iter().flat_map(|group| group.allocations.iter().copied());
    let is_forced = |slot: &_| {
        let policy = change.group_spec_of(*slot).and_then(|it| it.reschedule_policy.as_ref());
        change
            .allocation(*slot)
            .is_some_and(|it| it.client.is_terminal() && !it.desired.is_terminal())
            && policy.is_some_and(|policy| policy.is_enabled())
    };
    let forced: Vec<_> = all.filter(is_forced).collect();
    for allocation in forced {
        change.change_lifecycle(allocation, false, |record| {
            record.transition.force_reschedule = true;
        });
    }
}
