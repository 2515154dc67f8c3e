//! Dry runs on snapshots: what registering a job would change, without an engine's being asked.

use super::cron;
use super::error::JobCommandError;
use super::options::EngineOptions;
use super::settings::place_options;
use crate::cluster::snapshot::Snapshot;
use crate::model::{Allocation, Deployment, EvaluationStatus, Job, JobErrors, JobSpec};
use crate::schedule::{DryRun, JobState, dry_run};
use crate::time::Timestamp;

impl Snapshot {
    /// Finds out what registering a job would change, under the options of the engine that the snapshot is
    /// of (docs/lifecycle.md, section 2, *Dry run*). It works in the reader's own thread.
    ///
    /// # Errors
    ///
    /// All that is wrong with the job, each with its path.
    ///
    /// ```
    /// use stowplan::Timestamp;
    /// use stowplan::engine::{Engine, EngineOptions, RegisterNode};
    /// use stowplan::model::{Job, Node};
    ///
    /// let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
    /// let job = Job::builder("web")
    ///     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
    ///     .build()?;
    /// let mut engine = Engine::new(EngineOptions::default());
    /// engine.apply(Timestamp::EPOCH, RegisterNode::from(node.spec().clone()).into())?;
    /// let spec = job.spec().clone();
    /// let found = engine.snapshot().dry_run(engine.options(), spec, Timestamp::EPOCH)?;
    /// assert_eq!(found.failed()[0].unplaced(), 1);
    /// assert!(engine.job("default", "web").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn dry_run(
        &self,
        options: &EngineOptions,
        job: JobSpec,
        now: Timestamp,
    ) -> Result<DryRun, JobErrors> {
        let settings = &self.state().book().settings;
        let options =
            place_options(&options.place, settings).into_owned().record_failed_placements(false);
        if let Some(periodic) = job.periodic.as_ref().filter(|it| it.is_enabled())
            && let Err(JobCommandError::Invalid(errors)) = cron::check(periodic)
        {
            return Err(errors);
        }
        let namespace = if job.namespace.is_empty() { "default" } else { job.namespace.as_str() };
        let known = self.known_of(namespace, &job.id);
        dry_run(self, &known, job, &options, now.max(self.now()))
    }

    /// When a registered job is launched by itself next; none if it never is.
    pub fn next_launch(&self, namespace: &str, id: &str) -> Option<Timestamp> {
        cron::due_at(self.state(), self.state().find_job(namespace, id)?)
    }

    /// What is known of a job.
    fn known_of(&self, namespace: &str, id: &str) -> JobState {
        let Some(job) = self.job(namespace, id) else { return JobState::default() };
        let mut versions: Vec<Job> = job.versions().cloned().collect();
        versions.reverse();
        // The last is taken for the present one.
        let present = job.present_version().map(|present| present.version);
        versions.sort_by_key(|version| Some(version.version) == present);
        let allocations: Vec<Allocation> =
            job.allocations().map(|it| it.whole_document()).collect();
        let mut deployments: Vec<Deployment> = self.deployments_of(namespace, id).collect();
        deployments.reverse();
        let waits = |status: Option<EvaluationStatus>| status == Some(EvaluationStatus::Pending);
        let waiting = self
            .evaluations_of(namespace, id)
            .filter(|it| waits(it.status()) && it.wait_until.is_some())
            .map(|it| it.id);
        JobState { versions, allocations, deployments, waiting: waiting.collect() }
    }
}
