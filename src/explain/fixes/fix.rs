//! Fixes: a change of a job or of nodes after which the next allocation of a group finds a node.

use super::apply::{FixError, change_job};
use crate::feasibility::fix_action::FixAction;
use crate::model::Job;

/// A change after which the next allocation of a group finds a node.
///
/// Its text (`Display`) says which, and how many nodes would then do. Of a job that is placed whole or
/// not at all it also says what would fail next, if anything would: see [`Fix::fails_next`]. Where a
/// system job fails for want of room, fewer of its allocations are then missing.
///
/// ```
/// use stowplan::{Cluster, PlaceOptions, model::{Job, Node}};
///
/// let node = r#"{"ID": "n1", "Datacenter": "dc1", "Attributes": {"driver.docker": "1"},
///     "NodeResources": {"Cpu": {"CpuShares": 1000}, "Memory": {"MemoryMB": 1000},
///                       "Disk": {"DiskMB": 10000}}}"#;
/// let job = Job::from_json(r#"{"ID": "web", "TaskGroups": [{"Name": "front", "Tasks": [
///     {"Name": "nginx", "Driver": "docker", "Resources": {"MemoryMB": 1500}}]}]}"#)?;
/// let mut cluster = Cluster::new([Node::from_json(node)?])?;
/// let placement = cluster.place(&job, &PlaceOptions::default());
/// let explanation = placement.failed()[0].explain(&cluster);
/// let fix = &explanation.fixes()[0];
/// assert_eq!(fix.to_string(), "1 node (`n1`) with 500 MB more memory free");
///
/// let (mut cluster, job) = fix.apply_to(&cluster, &job)?;
/// assert!(cluster.place(&job, &PlaceOptions::default()).is_complete());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub(super) namespace: String,
    pub(super) job: String,
    pub(crate) group: String,
    pub(crate) actions: Vec<FixAction>,
    pub(super) nodes: usize,
    /// What to call the nodes, if they are few.
    pub(super) labels: Vec<String>,
    /// What keeps a job that is placed whole or not at all from being placed even so.
    pub(crate) next: Option<NextFailure>,
    /// Of drivers that it wants added and no node has: those that were perhaps meant.
    pub(super) meant: Vec<(String, String)>,
}

/// What fails once a fix is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NextFailure {
    pub(crate) group: String,
    /// How many allocations of the group are missing.
    pub(crate) missing: u32,
}

impl Fix {
    /// All the changes that it takes.
    pub fn actions(&self) -> &[FixAction] {
        &self.actions
    }

    /// How many nodes would then do for the group's next allocation.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// Of a job that is placed whole or not at all: the group that would fail next, which may be the
    /// same one with its next allocation. None if the whole job would be placed, and of
    /// any other job.
    pub fn fails_next(&self) -> Option<&str> {
        self.next.as_ref().map(|next| next.group.as_str())
    }

    /// The job with what the fix changes of it.
    ///
    /// # Errors
    ///
    /// The fix is for another job, or what it changes is not there.
    pub(crate) fn changed_job(&self, job: &Job) -> Result<Job, FixError> {
        if job.id != self.job || job.namespace != self.namespace {
            let (expected, found) = (self.job.clone(), job.id.clone());
            return Err(FixError::OtherJob { expected, found });
        }
        change_job(job, &self.group, &self.actions)
    }
}
