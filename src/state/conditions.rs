//! How nodes are to what runs on them. It is told from their documents, and kept beside these.

use super::pages::Pages;
use crate::model::{Node, NodeStatus};

/// The conditions of nodes by slot. They are asked for all that runs, and lie close together: the nodes of a
/// job may be anywhere.
pub(crate) type Conditions = Pages<NodeCondition, 4096>;

/// How a node is to what runs on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum NodeCondition {
    /// Neither of the others.
    #[default]
    Fine,
    /// It is ready and drains.
    Draining,
    /// It is neither ready nor down, and drains.
    DrainingUnready,
    /// It is gone from sight for now.
    Disconnected,
    Down,
    /// There is no such node any more.
    Missing,
}

impl NodeCondition {
    /// The condition of a node; none is missing.
    pub(crate) fn of(node: Option<&Node>) -> NodeCondition {
        let Some(node) = node else { return NodeCondition::Missing };
        match (node.status(), node.is_draining()) {
            (NodeStatus::Ready | NodeStatus::Initializing, false) => NodeCondition::Fine,
            (NodeStatus::Down, _) => NodeCondition::Down,
            (NodeStatus::Disconnected, _) => NodeCondition::Disconnected,
            (NodeStatus::Ready, true) => NodeCondition::Draining,
            (NodeStatus::Initializing, true) => NodeCondition::DrainingUnready,
        }
    }
}
