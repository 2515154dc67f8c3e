//! Nodes as documents (docs/placement.md, section 1.1).

use indexmap::IndexMap;

use super::document::document;
use super::resources::{NodeReservedResources, NodeResources, Resources};
use super::volume::HostVolume;

/// The first dynamic port of a node that names none (docs/placement.md, section 4.2).
pub(crate) const DYNAMIC_PORT_MIN: u16 = 20_000;
/// The last dynamic port of a node that names none.
pub(crate) const DYNAMIC_PORT_MAX: u16 = 32_000;

document! {
    /// A node as its document has it; [`Node`](super::Node) is the validated form that the engine takes.
    ///
    /// ```
    /// use stowplan::model::{Node, NodeResources, NodeSpec};
    ///
    /// let spec = NodeSpec {
    ///     id: "n1".into(),
    ///     datacenter: "dc1".into(),
    ///     node_resources: Some(NodeResources::default()),
    ///     ..NodeSpec::default()
    /// };
    /// assert!(!spec.is_draining() && spec.node_pool.is_empty());
    /// assert_eq!(Node::new(spec)?.spec().node_pool, "default");
    /// # Ok::<(), stowplan::model::NodeErrors>(())
    /// ```
    pub struct NodeSpec {
        /// Unique in the cluster.
        "ID" => pub id: String,
        /// For people.
        "Name" => pub name: String,
        /// Where it stands.
        "Datacenter" => pub datacenter: String,
        /// Its pool; empty is `default`.
        "NodePool" => pub node_pool: String,
        /// A name for nodes alike; metrics count by it.
        "NodeClass" => pub node_class: String,
        /// Facts that the node found out about itself.
        "Attributes" => pub attributes: IndexMap<String, String>,
        /// Facts that its operator wrote down.
        "Meta" => pub meta: IndexMap<String, String>,
        /// `initializing`, `ready`, `down` or `disconnected`; empty is `ready`.
        "Status" => pub status: String,
        /// `eligible` (also when empty) or `ineligible`.
        "SchedulingEligibility" => pub scheduling_eligibility: String,
        /// Whether it drains. Documents of the first API; today's have `drain_strategy`.
        "Drain" => pub drain: bool,
        /// How it drains; absent when it does not.
        #[serde(skip_serializing_if = "Option::is_none")]
        "DrainStrategy" => pub drain_strategy: Option<serde_json::Value>,
        /// Its drivers by name.
        "Drivers" => pub drivers: IndexMap<String, DriverInfo>,
        /// Its volumes by name.
        "HostVolumes" => pub host_volumes: IndexMap<String, HostVolume>,
        /// What it has.
        #[serde(skip_serializing_if = "Option::is_none")]
        "NodeResources" => pub node_resources: Option<NodeResources>,
        /// What of it is not to be given to tasks.
        #[serde(skip_serializing_if = "Option::is_none")]
        "ReservedResources" => pub reserved_resources: Option<NodeReservedResources>,
        /// What it has, in documents of the first API.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Resources" => pub resources: Option<Resources>,
        /// What of it is reserved, in documents of the first API.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Reserved" => pub reserved: Option<Resources>,
        /// The most allocations it takes; 0 is no limit.
        "NodeMaxAllocs" => pub node_max_allocs: i64,
        /// The index at which it last changed.
        "ModifyIndex" => pub modify_index: u64,
    }
}

document! {
    /// A driver of a node.
    pub struct DriverInfo {
        /// Whether the node has it.
        "Detected" => pub detected: bool,
        /// Whether it works.
        "Healthy" => pub healthy: bool,
    }
}

impl NodeSpec {
    /// Whether allocations are leaving the node, in either era of the API.
    pub fn is_draining(&self) -> bool {
        self.drain || self.drain_strategy.is_some()
    }
}
