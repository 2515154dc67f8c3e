//! Allocations as documents: a group's tasks placed on a node (docs/placement.md, sections 1.2 to
//! 1.4; docs/lifecycle.md, section 8).

use std::sync::Arc;

use indexmap::IndexMap;

use super::allocation_state::{
    AllocationDeploymentStatus, AllocationState, DesiredTransition, NetworkStatus,
    RescheduleTracker, TaskState,
};
use super::document::{document, is_default};
use super::job_spec::JobSpec;
use super::metrics::AllocationMetrics;
use super::resources::{AllocatedResources, Resources};
use super::status::{ClientStatus, DesiredStatus};

document! {
    /// An allocation as the API has it: read from an inventory, or written from a placement.
    ///
    /// ```
    /// # use stowplan::model::{Job, Node};
    /// # use stowplan::{Cluster, PlaceOptions};
    /// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
    /// # let job = Job::builder("web")
    /// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
    /// #     .build()?;
    /// # let mut cluster = Cluster::new([node])?;
    /// use stowplan::model::{ClientStatus, DesiredStatus};
    ///
    /// let placement = cluster.place(&job, &PlaceOptions::default());
    /// let allocation = placement.allocations().next().ok_or("nothing was placed")?.to_allocation();
    /// assert_eq!((allocation.name.as_str(), allocation.node_id.as_str()), ("web.front[0]", "n1"));
    /// assert_eq!(allocation.desired(), DesiredStatus::Run);
    /// assert_eq!(allocation.client(), ClientStatus::Pending);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct Allocation {
        /// Its identity.
        "ID" => pub id: String,
        /// The evaluation that placed it.
        "EvalID" => pub eval_id: String,
        /// Empty is `default`.
        "Namespace" => pub namespace: String,
        /// `<job>.<group>[<index>]`.
        "Name" => pub name: String,
        /// The node; empty for a failed placement.
        "NodeID" => pub node_id: String,
        /// The node's name.
        "NodeName" => pub node_name: String,
        /// The job.
        "JobID" => pub job_id: String,
        /// The job as it was.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Job" => pub job: Option<Arc<JobSpec>>,
        /// The version of the job that it runs, where the job as it was is left out.
        #[serde(skip_serializing_if = "Option::is_none")]
        "JobVersion" => pub job_version: Option<u64>,
        /// The group.
        "TaskGroup" => pub task_group: String,
        /// What it holds.
        #[serde(skip_serializing_if = "Option::is_none")]
        "AllocatedResources" => pub allocated_resources: Option<AllocatedResources>,
        /// What it holds in sum, in documents of the first API.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Resources" => pub resources: Option<Resources>,
        /// What its tasks hold, in documents of the first API.
        "TaskResources" => pub task_resources: Option<IndexMap<String, Resources>>,
        /// `run`, `stop`, `evict` or `failed`.
        "DesiredStatus" => pub desired_status: String,
        /// Why.
        "DesiredDescription" => pub desired_description: String,
        /// `pending`, `running`, `complete`, `failed`, `lost` or `unknown`.
        "ClientStatus" => pub client_status: String,
        /// Why.
        "ClientDescription" => pub client_description: String,
        /// What it was told to do.
        #[serde(skip_serializing_if = "is_default")]
        "DesiredTransition" => pub desired_transition: DesiredTransition,
        /// What its tasks do, by name.
        #[serde(skip_serializing_if = "IndexMap::is_empty")]
        "TaskStates" => pub task_states: IndexMap<String, TaskState>,
        /// The network of its own that it has on its node; none where it uses the node's.
        #[serde(skip_serializing_if = "Option::is_none")]
        "NetworkStatus" => pub network_status: Option<NetworkStatus>,
        /// Changes of its client status that the server made or noted, oldest first.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        "AllocStates" => pub alloc_states: Vec<AllocationState>,
        /// The deployment that it is part of.
        #[serde(skip_serializing_if = "is_default")]
        "DeploymentID" => pub deployment_id: String,
        /// Its part in it.
        #[serde(skip_serializing_if = "Option::is_none")]
        "DeploymentStatus" => pub deployment_status: Option<AllocationDeploymentStatus>,
        /// Which allocations it was the replacement of.
        #[serde(skip_serializing_if = "Option::is_none")]
        "RescheduleTracker" => pub reschedule_tracker: Option<RescheduleTracker>,
        /// The evaluation that will look at it anew.
        #[serde(skip_serializing_if = "is_default")]
        "FollowupEvalID" => pub followup_eval_id: String,
        /// The allocation that it took the place of.
        #[serde(skip_serializing_if = "is_default")]
        "PreviousAllocation" => pub previous_allocation: String,
        /// The allocation that took its place.
        #[serde(skip_serializing_if = "is_default")]
        "NextAllocation" => pub next_allocation: String,
        /// What it evicted, sorted.
        "PreemptedAllocations" => pub preempted_allocations: Vec<String>,
        /// What evicted it.
        "PreemptedByAllocation" => pub preempted_by_allocation: String,
        /// How its placement went.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Metrics" => pub metrics: Option<AllocationMetrics>,
        /// The index at which it was created.
        "CreateIndex" => pub create_index: u64,
        /// The index at which it last changed.
        "ModifyIndex" => pub modify_index: u64,
        /// The index at which the server last changed it.
        #[serde(skip_serializing_if = "is_default")]
        "AllocModifyIndex" => pub alloc_modify_index: u64,
        /// When it was created, in nanoseconds since 1970.
        #[serde(skip_serializing_if = "is_default")]
        "CreateTime" => pub create_time: i64,
        /// When it last changed, in nanoseconds since 1970.
        #[serde(skip_serializing_if = "is_default")]
        "ModifyTime" => pub modify_time: i64,
    }
}

impl Allocation {
    /// What should become of it; an empty or unknown text is `run`.
    pub fn desired(&self) -> DesiredStatus {
        DesiredStatus::from_text(&self.desired_status).unwrap_or(DesiredStatus::Run)
    }

    /// What became of it on its node; an empty or unknown text is `pending`, and `dead`, which the
    /// first API had, is `complete`.
    pub fn client(&self) -> ClientStatus {
        match self.client_status.as_str() {
            "dead" => ClientStatus::Complete,
            text => ClientStatus::from_text(text).unwrap_or(ClientStatus::Pending),
        }
    }

    /// Whether the node has done with it.
    pub fn is_client_terminal(&self) -> bool {
        self.client().is_terminal()
    }

    /// Whether the scheduler has done with it.
    pub fn is_server_terminal(&self) -> bool {
        self.desired().is_terminal()
    }

    /// Whether it has task states, and every task has ended and did not fail.
    pub fn ran_successfully(&self) -> bool {
        !self.task_states.is_empty() && self.task_states.values().all(TaskState::is_successful)
    }

    /// Whether the scheduler or the node has done with it.
    pub fn is_terminal(&self) -> bool {
        self.desired().is_terminal() || self.client().is_terminal()
    }

    /// The version of the job that it runs: its own word, else the job's that it holds, else 0.
    pub fn job_version(&self) -> u64 {
        let version = || self.job.as_ref().map_or(0, |job| job.version);
        self.job_version.unwrap_or_else(version)
    }

    /// Whether it is a canary that was not promoted.
    pub fn is_canary(&self) -> bool {
        self.deployment_status.as_ref().is_some_and(|status| status.canary)
    }
}
