//! What a command came to.

use crate::model::PlanResult;
use crate::state::record_id::RecordId;
use crate::state::small_list::SmallList;
use crate::time::Span;

/// The outcome of a command, from [`Engine::apply`](super::Engine::apply): what the API's replies need.
/// What does not apply to a command is 0 or empty.
///
/// ```
/// use stowplan::Timestamp;
/// use stowplan::engine::{Engine, EngineOptions, RegisterJob};
/// use stowplan::model::Job;
///
/// let mut engine = Engine::new(EngineOptions::default());
/// let job = Job::builder("web").group("front", 1, |g| g.task("nginx", "docker", |t| t)).build()?;
/// let applied = engine.apply(Timestamp::EPOCH, RegisterJob::from(job.spec().clone()).into())?;
/// assert_eq!((applied.index, applied.job_modify_index), (1, 1));
/// let evaluation = engine.evaluation(&applied.evaluation_id()).ok_or("it is not there")?;
/// assert_eq!((evaluation.status.as_str(), evaluation.create_index), ("pending", 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Applied {
    /// The index of the change; where nothing changed, that of the latest one before.
    pub index: u64,
    /// The evaluations that it made.
    pub(super) evaluations: SmallList<RecordId>,
    /// The index at which they were made; 0 if there are none.
    pub evaluation_create_index: u64,
    /// The index at which the job's specification last changed.
    pub job_modify_index: u64,
    /// The job that was launched, or that was already under the caller's text.
    pub dispatched_job_id: String,
    /// The index at which that was registered.
    pub job_create_index: u64,
    /// The index at which the node last changed.
    pub node_modify_index: u64,
    /// The index at which the deployment last changed.
    pub deployment_modify_index: u64,
    /// The version that a job went back to.
    pub reverted_job_version: Option<u64>,
    /// By when, counted from now, the node has to be heard of again.
    pub heartbeat_ttl: Option<Span>,
    /// What is odd about a job that was registered, for people, as the API says it.
    pub warnings: String,
    /// The evaluation that went out to a scheduler outside, if any was ready.
    pub dequeued: Option<String>,
    /// The token that it went out with.
    pub token: String,
    /// What became of a plan that was submitted: what was carried out, and the nodes that refused.
    pub plan_result: Option<Box<PlanResult>>,
    /// What was forgotten.
    pub collected: usize,
}

impl Applied {
    /// The evaluations that it made.
    pub fn evaluation_ids(&self) -> Vec<String> {
        self.evaluations.iter().map(RecordId::text).collect()
    }

    /// The first of the evaluations that it made; empty if there are none.
    pub fn evaluation_id(&self) -> String {
        self.evaluations.first().map(RecordId::text).unwrap_or_default()
    }
}
