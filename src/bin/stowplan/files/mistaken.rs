//! Documents of one kind in the place of another: files are easily given for the wrong option.

use std::fmt::Display;

use stowplan::model::{Allocation, JobSpec, NodeSpec, read};

/// What files of an option hold.
pub(super) trait Kind: Sized {
    /// What one is called, and the option that takes files of them.
    const WHAT: What;

    /// Reads the documents of a text.
    fn read(text: &[u8]) -> Result<Vec<Self>, impl Display>;

    /// Its ID.
    fn id(&self) -> &str;

    /// What it seems to be instead.
    fn mistaken_for(&self) -> Option<What>;
}

/// A kind in words and the option that takes files of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct What {
    pub(super) is: &'static str,
    pub(super) option: &'static str,
}

pub(super) const JOB: What = What { is: "a job", option: "--job" };
pub(super) const NODE: What = What { is: "a node", option: "--nodes" };
pub(super) const ALLOCATION: What = What { is: "an allocation", option: "--allocs" };

impl Kind for NodeSpec {
    const WHAT: What = NODE;

    fn read(text: &[u8]) -> Result<Vec<Self>, impl Display> {
        read::nodes(text)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn mistaken_for(&self) -> Option<What> {
        let has = |key| self.extra.contains_key(key);
        if has("JobID") {
            return Some(ALLOCATION);
        }
        (has("Job") || has("TaskGroups")).then_some(JOB)
    }
}

impl Kind for JobSpec {
    const WHAT: What = JOB;

    fn read(text: &[u8]) -> Result<Vec<Self>, impl Display> {
        read::jobs(text)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn mistaken_for(&self) -> Option<What> {
        let has = |key| self.extra.contains_key(key);
        if has("JobID") {
            return Some(ALLOCATION);
        }
        let is_node = has("NodeResources") || has("SchedulingEligibility") || has("Attributes");
        is_node.then_some(NODE)
    }
}

impl Kind for Allocation {
    const WHAT: What = ALLOCATION;

    fn read(text: &[u8]) -> Result<Vec<Self>, impl Display> {
        read::allocations(text)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn mistaken_for(&self) -> Option<What> {
        let has = |key| self.extra.contains_key(key);
        if has("NodeResources") || has("SchedulingEligibility") || has("Attributes") {
            return Some(NODE);
        }
        let is_wrapper = self.job.is_some() && self.id.is_empty() && self.job_id.is_empty();
        (is_wrapper || has("TaskGroups")).then_some(JOB)
    }
}
