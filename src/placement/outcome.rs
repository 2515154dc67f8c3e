//! Outcomes: what was placed of a job, by group, and which groups could not be placed whole.

use std::sync::Arc;

use crate::model::Job;
use crate::state::batch::Batch;
use crate::state::node::NodeTable;
use crate::state::slots::{AllocationRef, AllocationSlot};
use crate::state::small_list::SmallList;
use crate::state::tally::Tally;
use crate::state::usage::Holdings;

/// What placing a job gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) groups: SmallList<GroupPlacement>,
    pub(crate) failed: Vec<GroupFailure>,
    /// Of a system job: the groups that some nodes may not run, with these nodes. It is as it should be as
    /// long as any of the group runs anywhere.
    pub(crate) filtered: Vec<GroupFailure>,
    /// What is to stop because something else takes its place.
    pub(crate) stops: Vec<AllocationSlot>,
    /// For how many selections every node was looked at.
    pub(crate) scanned: usize,
}

impl Outcome {
    /// Takes over what another one has.
    pub(crate) fn add(&mut self, other: Outcome) {
        self.groups.extend(other.groups.iter().cloned());
        self.failed.extend(other.failed);
        self.filtered.extend(other.filtered);
        self.stops.extend(other.stops);
        self.scanned += other.scanned;
    }
}

/// What was placed of one group.
#[derive(Clone, Debug)]
pub(crate) struct GroupPlacement {
    pub(crate) job: Job,
    pub(crate) batch: Arc<Batch>,
    pub(crate) allocations: SmallList<AllocationRef>,
    /// The nodes by slot, as they were.
    pub(crate) nodes: NodeTable,
    /// What each allocation holds beside amounts; empty where none holds anything.
    pub(crate) holdings: Vec<Arc<Holdings>>,
}

/// A group of which not everything could be placed.
#[derive(Clone, Debug)]
pub(crate) struct GroupFailure {
    pub(crate) job: Job,
    /// The group, as its place in the job.
    pub(crate) group: usize,
    /// The number in the name of the first allocation that could not be placed.
    pub(crate) name_index: u32,
    /// How many allocations are missing.
    pub(crate) unplaced: u32,
    /// The counts of the selection that failed.
    pub(crate) tally: Arc<Tally>,
    pub(crate) time_ns: u64,
    /// Identities of the nodes that the request was to stay away from.
    pub(crate) penalty_nodes: Vec<String>,
    /// The state's index when it failed.
    pub(crate) modify_index: u64,
}
