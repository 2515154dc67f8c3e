//! What is known of a job.

use crate::model::{Allocation, Deployment, Job};

/// The job of an evaluation with all that is known of it.
///
/// ```
/// # use stowplan::Timestamp;
/// # use stowplan::model::Evaluation;
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let cluster = Cluster::new([node])?;
/// # let evaluation = Evaluation {
/// #     job_id: "web".into(),
/// #     evaluation_type: "service".into(),
/// #     triggered_by: "job-register".into(),
/// #     ..Evaluation::default()
/// # };
/// use stowplan::schedule::{JobState, decide};
///
/// // The job is gone: nothing is placed for it.
/// let options = PlaceOptions::default();
/// let gone = decide(&cluster, &JobState::default(), &evaluation, &options, Timestamp::EPOCH);
/// assert!(gone.placements.is_empty());
/// let known = JobState { versions: vec![job], ..JobState::default() };
/// let there = decide(&cluster, &known, &evaluation, &options, Timestamp::EPOCH);
/// assert_eq!(there.placements.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct JobState {
    /// The versions of the job, the present one last and the others, oldest first, before it. None if the job
    /// is gone.
    pub versions: Vec<Job>,
    /// All allocations of the job.
    pub allocations: Vec<Allocation>,
    /// Its deployments, oldest first.
    pub deployments: Vec<Deployment>,
    /// The IDs of evaluations of the job that wait for their time.
    pub waiting: Vec<String>,
}
