//! Dry runs on snapshots: what registering a job would change, without an engine's being asked.

use super::cron;
use super::error::JobCommandError;
use super::jobs::namespace_of;
use super::options::EngineOptions;
use super::settings::place_options;
use super::surroundings;
use crate::cluster::snapshot::Snapshot;
use crate::model::problem::excerpt;
use crate::model::{Allocation, Deployment, EvaluationStatus, Job, JobErrors, JobSpec, Problem};
use crate::schedule::{DryRun, JobState, dry_run_if};
use crate::time::Timestamp;

/// The longest text that repeats names of a document whole, in bytes.
const TEXT_MAX: usize = 300;

/// A text that has names of a document in it, which may be of any length.
fn shortened(text: String) -> String {
    if text.len() <= TEXT_MAX { text } else { excerpt(&text).into_owned() }
}

impl Snapshot {
    /// Finds out what registering a job would change, under the options of the engine that the snapshot is
    /// of (docs/lifecycle.md, section 2, *Dry run*). It works in the reader's own thread.
    ///
    /// # Errors
    ///
    /// What registering it would be refused with, unless an operator has all registering refused.
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
        mut job: JobSpec,
        now: Timestamp,
    ) -> Result<DryRun, JobCommandError> {
        Job::correct(&mut job)?;
        let settings = &self.state().book().settings;
        let options =
            place_options(&options.place, settings).into_owned().record_failed_placements(false);
        let known = self.known_of(namespace_of(&job.namespace), &job.id);
        dry_run_if(self, &known, job, &options, now.max(self.now()), |job| {
            let mut mistakes = surroundings::mistakes(self.state(), job).into_iter();
            // What is launched later is only compared, for which expressions need not be read.
            let first = mistakes.find(|it| *it != JobCommandError::PeriodicNotSupported);
            first.map_or(Ok(()), Err)
        })
    }

    /// Checks and completes a job as one that is registered here, without looking at what is registered under
    /// its name now (docs/lifecycle.md, section 9, *Validation*).
    ///
    /// # Errors
    ///
    /// All that is wrong with the job, each with its path; what it names and is not there comes last.
    ///
    /// ```
    /// use stowplan::engine::{Engine, EngineOptions};
    /// use stowplan::model::Job;
    ///
    /// let job = Job::builder("web").group("front", 3, |g| g.task("nginx", "docker", |t| t)).build()?;
    /// let snapshot = Engine::new(EngineOptions::default()).snapshot();
    /// assert!(snapshot.validate(job.spec().clone()).is_ok());
    /// let elsewhere = job.changed(|spec| spec.node_pool = "gpu".into())?.spec().clone();
    /// assert_eq!(
    ///     snapshot.validate(elsewhere).map_err(|errors| errors.to_string()),
    ///     Err("job \"web\" is in nonexistent node pool \"gpu\"".to_owned()),
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn validate(&self, mut job: JobSpec) -> Result<Job, JobErrors> {
        Job::correct(&mut job)?;
        let mistakes = surroundings::mistakes(self.state(), &job);
        let registered = Job::registered(job, None);
        let mut problems = registered.as_ref().map_or_else(|it| it.problems().to_vec(), |_| vec![]);
        for mistake in mistakes {
            match mistake {
                JobCommandError::Invalid(errors) => problems.extend_from_slice(errors.problems()),
                other => problems.push(Problem::new("", &shortened(other.to_string()))),
            }
        }
        JobErrors::check(problems)?;
        registered
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
