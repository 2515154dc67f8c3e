//! Why a node's part of a plan is refused.

use thiserror::Error;

/// Why a node takes no part in a plan: its placements, stops and evictions are not committed
/// (docs/lifecycle.md, section 5).
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
