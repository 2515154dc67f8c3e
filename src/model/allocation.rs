//! Allocations as documents: a group's tasks placed on a node (docs/placement.md, sections 1.2 to
//! 1.4).

use std::sync::Arc;

use indexmap::IndexMap;

use super::document::document;
use super::job_spec::JobSpec;
use super::metrics::AllocationMetrics;
use super::problem::AllocationErrors;
use super::resources::{AllocatedResources, Resources};
use super::validate;

document! {
    /// An allocation as the API has it: read from an inventory, or written from a placement.
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
    }
}

impl Allocation {
    /// Checks the allocation by itself: its names are there, its statuses known, its amounts and ports
    /// in range. Whether its node exists and has room for it is the cluster's to say; the job that it
    /// may hold is checked by making a [`Job`](super::Job) of it.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, each with its path.
    ///
    /// ```
    /// use stowplan::model::read;
    ///
    /// let allocations = read::allocations(
    ///     r#"[{"ID": "a1", "JobID": "web", "TaskGroup": "front", "ClientStatus": "runing"}]"#,
    /// )?;
    /// assert_eq!(
    ///     allocations[0].check().unwrap_err().to_string(),
    ///     "ClientStatus: unknown status `runing`, known are `pending`, `running`, `complete`, \
    ///      `failed`, `lost`, `unknown`, `dead`",
    /// );
    /// # Ok::<(), read::ReadError>(())
    /// ```
    pub fn check(&self) -> Result<(), AllocationErrors> {
        AllocationErrors::check(validate::allocation(self))
    }
}
