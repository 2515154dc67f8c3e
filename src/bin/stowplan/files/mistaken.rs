//! Documents of one kind in the place of another: files are easily given for the wrong option.

use std::fmt::Display;

use stowplan::model::{Allocation, JobSpec, NodeSpec, read};

/// What files of an option hold.
pub(super) trait Kind: Sized {
    /// What one is called.
    const NOUN: &'static str;

    /// Reads the documents of a text.
    fn read(text: &[u8]) -> Result<Vec<Self>, impl Display>;

    /// Its ID.
    fn id(&self) -> &str;

    /// What it seems to be instead, with the option for that.
    fn mistaken_for(&self) -> Option<(&'static str, &'static str)>;
}

const JOB: (&str, &str) = ("a job", "--job");
const NODE: (&str, &str) = ("a node", "--nodes");
const ALLOCATION: (&str, &str) = ("an allocation", "--allocs");

impl Kind for NodeSpec {
    const NOUN: &'static str = "node";

    fn read(text: &[u8]) -> Result<Vec<Self>, impl Display> {
        read::nodes(text)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn mistaken_for(&self) -> Option<(&'static str, &'static str)> {
        let has = |key| self.extra.contains_key(key);
        if has("JobID") {
            return Some(ALLOCATION);
        }
        (has("Job") || has("TaskGroups")).then_some(JOB)
    }
}

impl Kind for JobSpec {
    const NOUN: &'static str = "job";

    fn read(text: &[u8]) -> Result<Vec<Self>, impl Display> {
        read::jobs(text)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn mistaken_for(&self) -> Option<(&'static str, &'static str)> {
        let has = |key| self.extra.contains_key(key);
        if has("JobID") {
            return Some(ALLOCATION);
        }
        let is_node = has("NodeResources") || has("SchedulingEligibility") || has("Attributes");
        is_node.then_some(NODE)
    }
}

impl Kind for Allocation {
    const NOUN: &'static str = "allocation";

    fn read(text: &[u8]) -> Result<Vec<Self>, impl Display> {
        read::allocations(text)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn mistaken_for(&self) -> Option<(&'static str, &'static str)> {
        let has = |key| self.extra.contains_key(key);
        if has("NodeResources") || has("SchedulingEligibility") || has("Attributes") {
            return Some(NODE);
        }
        let is_wrapper = self.job.is_some() && self.id.is_empty() && self.job_id.is_empty();
        (is_wrapper || has("TaskGroups")).then_some(JOB)
    }
}
