//! The nearest fixes for what cannot be placed: what would have to change so that the group's next
//! allocation finds a node.
//!
//! In: the state in which placing failed, and the group. Out: changes that were carried out on a copy
//! and found to work, the smallest first. Nothing is said of what was not found to work. May import
//! what `placement` may, and the rest of it: plans, scans, clusters.

mod action;
mod apply;
mod blockers;
mod search;
mod shortage;
mod text;
mod whole;

pub use self::action::FixAction;
pub use self::apply::FixError;
pub(crate) use self::search::nearest;
pub(crate) use self::whole::for_whole_job;

use crate::cluster::Cluster;
use crate::cluster::inventory::Inventory;
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
    namespace: String,
    job: String,
    group: String,
    actions: Vec<FixAction>,
    nodes: usize,
    /// What to call the nodes, if they are few.
    labels: Vec<String>,
    /// What keeps a job that is placed whole or not at all from being placed even so.
    next: Option<NextFailure>,
}

/// What fails once a fix is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NextFailure {
    group: String,
    /// How many allocations of the group are missing.
    missing: u32,
}

impl Fix {
    /// What has to be changed, all of it.
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

    /// The inventory and the job with the fix carried out. What placing has put on nodes meanwhile
    /// must be in the inventory for the fix to be one.
    ///
    /// # Errors
    ///
    /// The fix is for another job, or what it changes is not there.
    pub fn apply(&self, inventory: &Inventory, job: &Job) -> Result<(Inventory, Job), FixError> {
        let job = self.changed_job(job)?;
        Ok((apply::change_inventory(inventory, &self.actions)?, job))
    }

    /// The same for a cluster, of which it gives a fork.
    ///
    /// # Errors
    ///
    /// As for [`Fix::apply`].
    pub fn apply_to(&self, cluster: &Cluster, job: &Job) -> Result<(Cluster, Job), FixError> {
        let job = self.changed_job(job)?;
        let mut fork = cluster.fork();
        apply::change_state(fork.state_mut(), &self.actions)?;
        Ok((fork, job))
    }

    fn changed_job(&self, job: &Job) -> Result<Job, FixError> {
        if job.id != self.job || job.namespace != self.namespace {
            let (expected, found) = (self.job.clone(), job.id.clone());
            return Err(FixError::OtherJob { expected, found });
        }
        apply::change_job(job, &self.group, &self.actions)
    }
}
