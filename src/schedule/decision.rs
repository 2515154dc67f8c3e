//! What processing an evaluation comes to.

use indexmap::IndexMap;

use crate::cluster::Cluster;
use crate::model::{Allocation, Deployment, DesiredUpdates, Evaluation};

/// The outcome of processing an evaluation. New things are named by their position: `new[0]`, `new[1]`
/// and so on, allocations in the order of `placements`, evaluations in that of `created`.
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
/// let known = JobState { versions: vec![job], ..JobState::default() };
/// let options = PlaceOptions::default();
/// let decision = decide(&cluster, &known, &evaluation, &options, Timestamp::EPOCH);
/// assert_eq!((decision.placements.len(), decision.stops.len()), (2, 0));
/// // What found no place waits for room.
/// assert_eq!(decision.created[0].status, "blocked");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Decision {
    /// The evaluation as it is then.
    pub evaluation: Evaluation,
    /// Whether it goes back to wait for room.
    pub is_reblocked: bool,
    /// The evaluations to create.
    pub created: Vec<Evaluation>,
    /// The allocations that stop.
    pub stops: Vec<Allocation>,
    /// The allocations that are placed.
    pub placements: Vec<Allocation>,
    /// The allocations that stay and are written anew.
    pub updates: Vec<Allocation>,
    /// The records of failed placements, one for each group, as the first API has them: a new one, or
    /// that of an earlier failure with other metrics (docs/lifecycle.md, section 10, *0.1 semantics*).
    pub failed: Vec<Allocation>,
    /// The IDs of what of it moves to the present version.
    pub in_place: Vec<String>,
    /// A new deployment.
    pub deployment: Option<Deployment>,
    /// The latest deployment as it is then, if it changes.
    pub deployment_update: Option<Deployment>,
    /// Evaluations that wait for nothing any more.
    pub superseded: Vec<String>,
    /// The figures of a dry run, by group.
    pub figures: IndexMap<String, DesiredUpdates>,
    /// The cluster with what was placed, and without what stops; none if nothing was looked for.
    pub(crate) after: Option<Cluster>,
}
