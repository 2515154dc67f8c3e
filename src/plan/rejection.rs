//! Why a node's part of a plan is refused.

use thiserror::Error;

/// Why a node takes no part in a plan: its placements, stops and evictions are not committed
/// (docs/lifecycle.md, section 5).
///
/// ```
/// # use stowplan::model::{Job, Node};
/// # use stowplan::{Cluster, PlaceOptions};
/// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// # let job = Job::builder("web")
/// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
/// #     .build()?;
/// # let mut cluster = Cluster::new([node])?;
/// use stowplan::{NodeRejection, Timestamp};
///
/// let plan = cluster.plan_requests(&cluster.missing(&job), &PlaceOptions::default())?;
/// cluster.remove_node("n1")?;
/// let committed = cluster.commit(plan, Timestamp::EPOCH);
/// assert_eq!(committed.rejected(), [("n1".into(), NodeRejection::DoesNotExist)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NodeRejection {
    /// It is not there, or another node is there under its identity.
    #[error("node does not exist")]
    DoesNotExist,
    /// It does not answer, and something is to be placed there.
    #[error("node is disconnected and contains invalid updates")]
    Disconnected,
    /// It is lost, and something is to be placed there.
    #[error("node is down and contains invalid updates")]
    Down,
    /// It has not come up yet.
    #[error("node is not ready for placements")]
    NotReady,
    /// It takes no new allocations.
    #[error("node is not eligible")]
    NotEligible,
    /// What is planned does not fit beside what is there by now.
    #[error("node has too little free: {dimension}")]
    DoesNotFit {
        /// What there is too little of, `memory` or `port 8080` for instance.
        dimension: String,
    },
}
