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

    /// What is wrong with an object around documents that is not one of the API's.
    fn wrapped_otherwise(&self) -> Option<String>;
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

    fn wrapped_otherwise(&self) -> Option<String> {
        list_inside(Self::WHAT, "Nodes", &self.id, self.extra.contains_key("Nodes"))
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
        is_of_node(has).then_some(NODE)
    }

    fn wrapped_otherwise(&self) -> Option<String> {
        if self.id.is_empty() && self.extra.contains_key("Job") {
            return Some(
                "the job is inside two `Job` objects, one of which is too many".to_owned(),
            );
        }
        list_inside(Self::WHAT, "Jobs", &self.id, self.extra.contains_key("Jobs"))
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
        if is_of_node(has) {
            return Some(NODE);
        }
        let is_wrapper = self.job.is_some() && self.id.is_empty() && self.job_id.is_empty();
        (is_wrapper || has("TaskGroups")).then_some(JOB)
    }

    fn wrapped_otherwise(&self) -> Option<String> {
        list_inside(Self::WHAT, "Allocations", &self.id, self.extra.contains_key("Allocations"))
    }
}

/// Whether an object has what only nodes have.
fn is_of_node(has: impl Fn(&'static str) -> bool) -> bool {
    ["NodeResources", "SchedulingEligibility", "Attributes"].into_iter().any(has)
}

/// What to say of an object without an ID that has the documents as a list inside it.
fn list_inside(what: What, key: &str, id: &str, has_key: bool) -> Option<String> {
    let is = what.is;
    let noun = is.rsplit(' ').next().unwrap_or_default();
    (id.is_empty() && has_key).then(|| {
        format!(
            "expected {is} or a list of {noun}s, found an object with `{key}`; give the list in it"
        )
    })
}
