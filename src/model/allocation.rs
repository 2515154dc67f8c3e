//! Allocations as documents: a group's tasks placed on a node (specification, sections 1.2 to 1.4).

use std::sync::Arc;

use indexmap::IndexMap;

use super::document::document;
use super::job::JobSpec;
use super::metrics::AllocationMetrics;
use super::resources::{AllocatedResources, Resources};

document! {
    /// An allocation as the API has it: read from an inventory, or written from a placement.
    pub struct Allocation {
        /// Its identity.
        #[serde(rename = "ID")]
        pub id: String,
        /// The evaluation that placed it.
        #[serde(rename = "EvalID")]
        pub eval_id: String,
        /// Empty is `default`.
        pub namespace: String,
        /// `<job>.<group>[<index>]`.
        pub name: String,
        /// The node; empty for a failed placement.
        #[serde(rename = "NodeID")]
        pub node_id: String,
        /// The node's name.
        pub node_name: String,
        /// The job.
        #[serde(rename = "JobID")]
        pub job_id: String,
        /// The job as it was.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub job: Option<Arc<JobSpec>>,
        /// The group.
        pub task_group: String,
        /// What it holds.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub allocated_resources: Option<AllocatedResources>,
        /// What it holds in sum, in documents of the first API.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub resources: Option<Resources>,
        /// What its tasks hold, in documents of the first API.
        pub task_resources: Option<IndexMap<String, Resources>>,
        /// `run`, `stop`, `evict` or `failed`.
        pub desired_status: String,
        /// Why.
        pub desired_description: String,
        /// `pending`, `running`, `complete`, `failed`, `lost` or `unknown`.
        pub client_status: String,
        /// Why.
        pub client_description: String,
        /// What it evicted, sorted.
        pub preempted_allocations: Vec<String>,
        /// What evicted it.
        pub preempted_by_allocation: String,
        /// How its placement went.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub metrics: Option<AllocationMetrics>,
        /// The index at which it was created.
        pub create_index: u64,
        /// The index at which it last changed.
        pub modify_index: u64,
    }
}
