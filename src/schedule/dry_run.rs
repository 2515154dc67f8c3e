//! Dry runs: what registering a job would change, found out without changing anything
//! (docs/lifecycle.md, section 2, *Dry run*).

use indexmap::IndexMap;

use super::cron;
use super::decide::decide;
use super::decision::Decision;
use super::job_state::JobState;
use crate::cluster::Cluster;
use crate::cluster::failed::FailedGroup;
use crate::cluster::request::PlacementRequest;
use crate::model::{
    Allocation, DesiredUpdates, DiffType, Evaluation, Job, JobDiff, JobErrors, JobPlanResponse,
    JobSpec, PlanAnnotations, Trigger,
};
use crate::placement::options::PlaceOptions;
use crate::plan::{annotate_diff, job_diff};
use crate::time::Timestamp;

/// The changes that registering a job would make, from [`dry_run`].
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let cluster = Cluster::new([node])?;
/// use stowplan::Timestamp;
/// use stowplan::schedule::{JobState, dry_run};
///
/// let (spec, options) = (job.spec().clone(), PlaceOptions::default());
/// let found = dry_run(&cluster, &JobState::default(), spec, &options, Timestamp::EPOCH)?;
/// assert!(!found.is_complete());
/// assert_eq!(found.failed()[0].unplaced(), 1);
/// assert!(found.reply(true).diff.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DryRun {
    /// The job as it would be registered.
    pub job: Job,
    /// How it would differ from the version that is registered, with what that comes to.
    pub diff: JobDiff,
    /// The figures of what would be done.
    pub annotations: PlanAnnotations,
    /// The outcome of the job's evaluation.
    pub decision: Decision,
    /// The index at which the job's specification last changed; 0 if the job is new.
    pub job_modify_index: u64,
    /// When a periodic job would be launched by itself next; none of others, and without the feature `cron`.
    pub next_launch: Option<Timestamp>,
    options: PlaceOptions,
}

/// Finds out what registering a job would change. `known` is what there is of the job now; the cluster
/// must hold its allocations that have not ended. Nothing of either is changed.
///
/// A job that is only launched later, by the clock or by a call, is checked and compared, and nothing
/// is placed for it.
///
/// # Errors
///
/// All that is wrong with the job, each with its path.
///
/// ```
/// use stowplan::model::{JobSpec, Node, read};
/// use stowplan::schedule::{JobState, dry_run};
/// use stowplan::{Cluster, PlaceOptions, Timestamp};
///
/// let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// let job = read::job(r#"{"ID": "web", "TaskGroups": [{"Name": "front", "Count": 2, "Tasks": [
///     {"Name": "nginx", "Driver": "docker", "Resources": {"CPU": 100, "MemoryMB": 64}}]}]}"#)?;
/// let cluster = Cluster::new([node])?;
/// let options = PlaceOptions::default();
/// let found = dry_run(&cluster, &JobState::default(), job, &options, Timestamp::EPOCH)?;
/// assert_eq!(found.annotations.desired_tg_updates["front"].place, 2);
/// assert_eq!(found.diff.task_groups[0].updates["create"], 2);
/// assert_eq!(cluster.allocation_count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn dry_run(
    cluster: &Cluster,
    known: &JobState,
    spec: JobSpec,
    options: &PlaceOptions,
    now: Timestamp,
) -> Result<DryRun, JobErrors> {
    dry_run_if(cluster, known, spec, options, now, |job| {
        let periodic = job.periodic.as_deref().filter(|periodic| periodic.is_enabled());
        periodic.map_or(Ok(()), cron::check)
    })
}

/// The same, if something else holds of the job too once it is found to be valid.
pub(crate) fn dry_run_if<E: From<JobErrors>>(
    cluster: &Cluster,
    known: &JobState,
    spec: JobSpec,
    options: &PlaceOptions,
    now: Timestamp,
    check: impl FnOnce(&Job) -> Result<(), E>,
) -> Result<DryRun, E> {
    let before = known.versions.last();
    let (job, mut diff) = registered(spec, known)?;
    check(&job)?;
    let mut known = known.clone();
    if diff.diff_type == DiffType::None {
        known.versions.pop();
    }
    known.versions.push(job.clone());
    let decision = match job.is_launched_later() {
        true => Decision::default(),
        false => decide(cluster, &known, &evaluation(&job, now), options, now),
    };
    let annotations = annotations(cluster, &decision);
    annotate_diff(&mut diff, &annotations);
    let job_modify_index = before.map_or(0, |before| before.job_modify_index);
    let next_launch = next_launch(&job, now);
    let options = options.clone();
    Ok(DryRun { job, diff, annotations, decision, job_modify_index, next_launch, options })
}

/// The job as it would be registered, and how it differs from the version that is: as a version of its
/// own where it does.
fn registered(spec: JobSpec, known: &JobState) -> Result<(Job, JobDiff), JobErrors> {
    let before = known.versions.last();
    let job = Job::registered(spec, before)?;
    let diff = job_diff(before.map(Job::spec), Some(job.spec()));
    let index = known.versions.iter().map(|it| it.modify_index.max(it.job_modify_index)).max();
    let newest = known.allocations.iter().map(Allocation::job_version).max();
    let numbered = job.changed(|spec| match before {
        Some(before) if diff.diff_type == DiffType::None => {
            spec.version = before.version;
            spec.create_index = before.create_index;
            (spec.modify_index, spec.job_modify_index) =
                (before.modify_index, before.job_modify_index);
        }
        Some(before) => {
            spec.version = known.versions.iter().map(|it| it.version + 1).max().unwrap_or(0);
            spec.create_index = before.create_index;
            spec.job_modify_index = index.unwrap_or(0) + 1;
            spec.modify_index = spec.job_modify_index;
        }
        None => {
            // Versions that only allocations name are older than this one.
            spec.version = newest.map_or(0, |version| version + 1);
            spec.job_modify_index = 1;
            spec.modify_index = 1;
        }
    })?;
    Ok((numbered, diff))
}

/// When a job that is registered at an instant is launched by itself next.
fn next_launch(job: &Job, now: Timestamp) -> Option<Timestamp> {
    let periodic = job.periodic.as_deref().filter(|_| !job.stop)?;
    cron::next_launch(periodic, now)
}

/// The evaluation that registering the job would make.
fn evaluation(job: &Job, now: Timestamp) -> Evaluation {
    Evaluation {
        id: "dry-run".into(),
        namespace: job.namespace.clone(),
        priority: job.priority(),
        evaluation_type: job.job_type().as_str().into(),
        triggered_by: Trigger::JobRegister.as_str().into(),
        job_id: job.id.clone(),
        job_modify_index: job.modify_index,
        status: "pending".into(),
        create_time: now.as_nanos(),
        modify_time: now.as_nanos(),
        ..Evaluation::default()
    }
}

/// The figures, with what would be evicted.
fn annotations(cluster: &Cluster, decision: &Decision) -> PlanAnnotations {
    let mut desired_tg_updates: IndexMap<String, DesiredUpdates> = decision.figures.clone();
    let mut preempted_allocs = Vec::new();
    for placement in &decision.placements {
        let preempted = &placement.preempted_allocations;
        if let Some(figures) = desired_tg_updates.get_mut(&placement.task_group) {
            figures.preemptions += preempted.len() as u64;
        }
        preempted_allocs.extend(preempted.iter().filter_map(|id| cluster.allocation(id)));
    }
    PlanAnnotations { desired_tg_updates, preempted_allocs, ..PlanAnnotations::default() }
}

impl DryRun {
    /// Tells whether everything would find its place.
    pub fn is_complete(&self) -> bool {
        self.decision.evaluation.failed_tg_allocs.is_empty()
    }

    /// The cluster as it would be; none for a job that is only launched later.
    pub fn cluster(&self) -> Option<&Cluster> {
        self.decision.after.as_ref()
    }

    /// The groups of which not everything would find its place, each with its whole reason, to be
    /// explained on [`DryRun::cluster`].
    pub fn failed(&self) -> Vec<FailedGroup> {
        let Some(after) = self.cluster().filter(|_| !self.is_complete()) else { return Vec::new() };
        let failed = &self.decision.evaluation.failed_tg_allocs;
        // What is missing of them is asked for once more, where all else has its place.
        let placement = after.fork().place(&self.job, &self.options);
        let known = placement.failed().iter().filter(|it| failed.contains_key(it.name()));
        let mut known: Vec<FailedGroup> = known.cloned().collect();
        for group in failed.keys() {
            if !known.iter().any(|it| it.name() == group) {
                known.extend(self.failed_replacement(after, group));
            }
        }
        known
    }

    /// Why none of a group's allocations can be replaced by the new version.
    fn failed_replacement(&self, after: &Cluster, group: &str) -> Option<FailedGroup> {
        let job = &self.job;
        let live = after.allocations_of(&job.namespace, &job.id).filter(|it| it.is_live());
        let old = live.filter(|it| it.task_group() == group).min_by_key(|it| it.name_index())?;
        let request = PlacementRequest::new(job, group, old.name_index()?).replaces(old.id());
        let request = match job.job_type().is_system() {
            true => request.only_node(old.node_id()),
            false => request,
        };
        let placement = after.fork().place_requests(&[request], &self.options).ok()?;
        placement.failed().first().cloned()
    }

    /// The reply of the API; `with_diff` says whether the difference was asked for.
    pub fn reply(&self, with_diff: bool) -> JobPlanResponse {
        JobPlanResponse {
            annotations: Some(self.annotations.clone()),
            failed_tg_allocs: self.decision.evaluation.failed_tg_allocs.clone(),
            job_modify_index: self.job_modify_index,
            created_evals: self.decision.created.clone(),
            diff: with_diff.then(|| self.diff.clone()),
            warnings: self.job.registration_warnings(self.options.memory_oversubscription),
            next_periodic_launch: self.next_launch,
            index: self.job_modify_index,
            ..JobPlanResponse::default()
        }
    }
}

#[cfg(test)]
#[path = "dry_run_tests.rs"]
mod tests;
