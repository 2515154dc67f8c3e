//! Processing: reconciles, then places what is missing.

use indexmap::IndexMap;

use super::attempt::Attempt;
use super::classes::Classes;
use super::decision::Decision;
use super::documents::{Documents, THIS_EVALUATION};
use super::facts::DocumentFacts;
use super::job_state::JobState;
use super::search::{Found, Search};
use super::{finish, triggers};
use crate::cluster::Cluster;
use crate::model::{Allocation, Era, Evaluation, Job, JobType};
use crate::placement::options::PlaceOptions;
use crate::reconcile::changes::{Placement, PlacementKind, Stop, StopReason};
use crate::reconcile::reconcile;
use crate::reconcile::view::{FirstApi, Input};
use crate::time::Timestamp;

/// Processes an evaluation: finds what has to change of its job, and where what is missing goes. The
/// cluster must hold the job's allocations that have not ended on its nodes. Nothing of it is changed.
///
/// An evaluation that the scheduler of its type does not take is decided to have `failed`.
///
/// ```
/// use stowplan::model::{Evaluation, Job, Node};
/// use stowplan::schedule::{JobState, process};
/// use stowplan::{Cluster, PlaceOptions, Timestamp};
///
/// let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// let job = Job::builder("web")
///     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(100).memory_mb(64)))
///     .build()?;
/// let mut known = JobState::default();
/// known.versions.push(job);
/// let evaluation = Evaluation {
///     id: "e1".into(),
///     job_id: "web".into(),
///     evaluation_type: "service".into(),
///     triggered_by: "job-register".into(),
///     ..Evaluation::default()
/// };
/// let cluster = Cluster::new([node])?;
/// let options = PlaceOptions::default();
/// let decision = process(&cluster, &known, &evaluation, &options, Timestamp::EPOCH);
/// assert_eq!((decision.placements.len(), decision.evaluation.status.as_str()), (3, "complete"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn process(
    cluster: &Cluster,
    known: &JobState,
    evaluation: &Evaluation,
    options: &PlaceOptions,
    now: Timestamp,
) -> Decision {
    let options = &options.for_evaluations();
    let job = known.versions.last();
    let is_stopped = job.is_none_or(|job| job.stop);
    let of_job = job.map(Job::job_type);
    let of_evaluation = evaluation.job_type().or(of_job).unwrap_or_default();
    let job_type = of_job.filter(|_| !is_stopped).unwrap_or(of_evaluation);
    if let Some(reason) = triggers::refusal(evaluation, of_evaluation) {
        return finish::refused(evaluation, reason, now);
    }
    let documents = Documents::new(known, cluster, job_type, &evaluation.id);
    let has_deployments = matches!(job_type, JobType::Service | JobType::System);
    let input = Input {
        now,
        job_type,
        is_stopped,
        current: documents.current,
        versions: &documents.versions,
        groups: documents.groups.len() as u32,
        allocations: &documents.views,
        deployment: documents.deployment.as_ref().filter(|_| has_deployments),
        evaluation: THIS_EVALUATION,
        nodes: &documents.standings,
        groups_by_name: &documents.groups_by_name,
        first_api: job.and_then(first_api),
    };
    let mut facts = DocumentFacts::new(&documents, cluster, job, options);
    let changes = reconcile(&input, &mut facts);
    let mut attempt = Attempt {
        evaluation,
        known,
        documents: &documents,
        now,
        job_type,
        changes,
        placed: Vec::new(),
        unmoved: Vec::new(),
        failures: IndexMap::new(),
        records: Vec::new(),
        classes: Classes::default(),
        queued: IndexMap::new(),
        exhausted_nodes: Vec::new(),
        after: None,
    };
    if let Some(job) = job {
        let search = Search::new(&documents, known, job, options, cluster, &attempt.changes);
        if job_type.is_system() {
            attempt.place_on_nodes(search);
        } else {
            attempt.place(search);
        }
        if job.all_at_once && !attempt.failures.is_empty() {
            attempt.give_up();
        }
        if !attempt.failures.is_empty() {
            let failed = attempt.failures.keys().map(String::as_str);
            attempt.classes = Classes::of(cluster, job, failed, options);
        }
    }
    attempt.finish()
}

/// How a job is changed, where it is one of the first API.
fn first_api(job: &Job) -> Option<FirstApi> {
    let update = job.update.as_ref().filter(|_| job.era() == Era::First)?;
    Some(FirstApi { max_parallel: update.max_parallel(), stagger: update.stagger() })
}

impl Attempt<'_> {
    /// Finds the places of a service or batch job's allocations, and counts what is left.
    pub(super) fn place(&mut self, mut search: Search<'_>) {
        for placement in std::mem::take(&mut self.changes.destructive) {
            self.queue(&placement, 1);
            // Where nothing is found the old one goes on.
            if let Found::Placed(allocation) = search.find(&placement) {
                self.stop_for(&placement);
                self.keep(&search, placement, *allocation);
            }
        }
        for placement in std::mem::take(&mut self.changes.placements) {
            self.queue(&placement, 1);
            match search.find(&placement) {
                Found::Placed(allocation) => self.keep(&search, placement, *allocation),
                Found::Filtered | Found::Exhausted => self.keep_failed(&placement),
            }
        }
        (self.failures, self.records) = (search.failures, search.records);
        self.after = Some(search.trial);
    }

    /// Stops what is replaced by a new version of itself.
    pub(super) fn stop_for(&mut self, placement: &Placement) {
        if let Some(at) = placement.previous {
            let reason = StopReason::Updating;
            self.changes.stops.push(Stop { at, reason, is_lost: false, follow_up: None });
        }
    }

    /// Leaves a failed allocation as it is where no node is found to replace it, but for the note of
    /// that (docs/lifecycle.md, section 2, *Placement loop*).
    pub(super) fn keep_failed(&mut self, placement: &Placement) {
        let Some(at) = placement.previous else { return };
        if placement.kind == PlacementKind::Migration {
            self.unmoved.push(placement.clone());
        }
        if placement.kind == PlacementKind::Reschedule {
            self.changes.stops.retain(|stop| stop.at != at);
            self.changes
                .updates
                .push(crate::reconcile::changes::Update { at, ..Default::default() });
        }
    }

    /// Keeps a placement that was found.
    pub(super) fn keep(
        &mut self,
        search: &Search<'_>,
        placement: Placement,
        allocation: Allocation,
    ) {
        self.queue(&placement, -1);
        let chosen = search.chosen(&placement);
        let allocation = self.written(&placement, allocation, &chosen);
        self.placed.push((placement, allocation));
    }

    /// Counts what is to be placed of a group.
    pub(super) fn queue(&mut self, placement: &Placement, change: i64) {
        let group = self.documents.groups[placement.group as usize];
        *self.queued.entry(group.to_owned()).or_insert(0) += change;
    }

    /// Places nothing, as not all of it can be placed; what was to stop for it stays, but for what was
    /// lost on its way out.
    pub(super) fn give_up(&mut self) {
        for (placement, _) in std::mem::take(&mut self.placed) {
            self.queue(&placement, 1);
            self.withdraw_stop(&placement);
        }
        for placement in std::mem::take(&mut self.unmoved) {
            self.withdraw_stop(&placement);
        }
        self.changes.deployment = None;
    }

    /// Takes back what was to stop for a placement only.
    fn withdraw_stop(&mut self, placement: &Placement) {
        let of_placement = [StopReason::Updating, StopReason::Migrating, StopReason::Rescheduled];
        self.changes.stops.retain_mut(|stop| {
            if Some(stop.at) != placement.previous || !of_placement.contains(&stop.reason) {
                return true;
            }
            stop.reason = StopReason::Lost;
            stop.is_lost
        });
    }
}
