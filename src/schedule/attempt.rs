//! An evaluation being processed.

use indexmap::IndexMap;

use super::classes::Classes;
use super::documents::Documents;
use super::job_state::JobState;
use crate::cluster::Cluster;
use crate::model::{Allocation, AllocationMetrics, Evaluation, JobType};
use crate::reconcile::changes::{Changes, Placement};
use crate::time::Timestamp;

/// An evaluation being processed.
pub(super) struct Attempt<'a> {
    pub(super) evaluation: &'a Evaluation,
    pub(super) known: &'a JobState,
    pub(super) documents: &'a Documents<'a>,
    pub(super) now: Timestamp,
    pub(super) job_type: JobType,
    pub(super) changes: Changes,
    /// What was placed, in the order of their requests.
    pub(super) placed: Vec<(Placement, Allocation)>,
    /// Migrations that found no room, whose stops stay nevertheless.
    pub(super) unmoved: Vec<Placement>,
    pub(super) failures: IndexMap<String, AllocationMetrics>,
    /// The failed allocations that stand for them.
    pub(super) records: Vec<Allocation>,
    /// Which nodes may help what failed.
    pub(super) classes: Classes,
    /// By group: how many are to be placed still.
    pub(super) queued: IndexMap<String, i64>,
    /// Of a system job: the nodes without room.
    pub(super) exhausted_nodes: Vec<String>,
    /// The cluster that was placed on.
    pub(super) after: Option<Cluster>,
}
