//! The metrics of one placement, as the API has them (docs/placement.md, section 8).

use indexmap::IndexMap;

use super::document::{document, null_when_empty};
use super::resources::Resources;

document! {
    /// How a placement went: what was looked at, what was left out and why, and the best scores.
    pub struct AllocationMetrics {
        /// Nodes looked at: ready, in the job's datacenters and pool.
        "NodesEvaluated" => pub nodes_evaluated: u64,
        /// Of these, nodes that may not run the group.
        "NodesFiltered" => pub nodes_filtered: u64,
        /// Nodes in the job's pool and datacenters.
        "NodesInPool" => pub nodes_in_pool: u64,
        /// The pool.
        "NodePool" => pub node_pool: String,
        /// Nodes looked at by datacenter.
        #[serde(serialize_with = "null_when_empty")]
        "NodesAvailable" => pub nodes_available: IndexMap<String, u64>,
        /// Filtered nodes by class.
        #[serde(serialize_with = "null_when_empty")]
        "ClassFiltered" => pub class_filtered: IndexMap<String, u64>,
        /// Filtered nodes by the rule that filtered them.
        #[serde(serialize_with = "null_when_empty")]
        "ConstraintFiltered" => pub constraint_filtered: IndexMap<String, u64>,
        /// Nodes that may run the group but have no room.
        "NodesExhausted" => pub nodes_exhausted: u64,
        /// Exhausted nodes by class.
        #[serde(serialize_with = "null_when_empty")]
        "ClassExhausted" => pub class_exhausted: IndexMap<String, u64>,
        /// Exhausted nodes by what ran out.
        #[serde(serialize_with = "null_when_empty")]
        "DimensionExhausted" => pub dimension_exhausted: IndexMap<String, u64>,
        /// What the unplaced allocations ask for of what ran out, by task.
        #[serde(serialize_with = "null_when_empty")]
        "ResourcesExhausted" => pub resources_exhausted: IndexMap<String, Resources>,
        /// Scores of the first API: `<node>.binpack` and `<node>.job-anti-affinity`.
        #[serde(serialize_with = "null_when_empty")]
        "Scores" => pub scores: IndexMap<String, f64>,
        /// The best nodes, best first.
        "ScoreMetaData" => pub score_meta_data: Vec<NodeScoreMeta>,
        /// Nanoseconds.
        "AllocationTime" => pub allocation_time: u64,
        /// Further allocations of the group that were not attempted after this failure.
        "CoalescedFailures" => pub coalesced_failures: u64,
    }
}

document! {
    /// One node's scores.
    pub struct NodeScoreMeta {
        /// The node.
        "NodeID" => pub node_id: String,
        /// By scorer.
        "Scores" => pub scores: IndexMap<String, f64>,
        /// The mean of the active scorers.
        "NormScore" => pub norm_score: f64,
    }
}
