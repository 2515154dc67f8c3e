//! Figures of what waits in an engine.

use indexmap::IndexMap;

use crate::model::JobType;

/// What waits in an engine, from [`Engine::stats`](super::Engine::stats) (docs/lifecycle.md, section 6).
///
/// ```
/// use stowplan::engine::{Engine, EngineOptions};
///
/// let stats = Engine::new(EngineOptions::default()).stats();
/// assert_eq!((stats.ready, stats.blocked), (0, 0));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineStats {
    /// Evaluations that may be processed.
    pub ready: usize,
    /// The same by type of job.
    pub ready_by_type: IndexMap<JobType, usize>,
    /// Evaluations that are with schedulers outside.
    pub unacked: usize,
    /// Evaluations that wait for another one of their job.
    pub pending: usize,
    /// Evaluations that failed and are tried again later.
    pub waiting: usize,
    /// Evaluations that wait for their time.
    pub delayed: usize,
    /// Evaluations that wait for room.
    pub blocked: usize,
    /// Of these, those that any change of a node may help.
    pub escaped: usize,
}
