//! The statuses of nodes.

use std::fmt;

/// The condition that a node is known to be in.
///
/// ```
/// use stowplan::model::{Node, NodeStatus};
///
/// let node = Node::builder("n1").status(NodeStatus::Down).build()?;
/// assert_eq!((node.status(), node.is_ready()), (NodeStatus::Down, false));
/// assert_eq!(node.spec().status, "down");
/// # Ok::<(), stowplan::model::NodeErrors>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeStatus {
    /// It has registered and not yet answered.
    Initializing,
    /// It runs tasks.
    Ready,
    /// It is lost, with all that runs on it.
    Down,
    /// It does not answer, but may come back with what runs on it.
    Disconnected,
}

impl NodeStatus {
    /// The status of its name, `ready` for instance.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "ready" => NodeStatus::Ready,
            "down" => NodeStatus::Down,
            "disconnected" => NodeStatus::Disconnected,
            // Validation lets no other name through.
            _ => NodeStatus::Initializing,
        }
    }

    /// The name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            NodeStatus::Initializing => "initializing",
            NodeStatus::Ready => "ready",
            NodeStatus::Down => "down",
            NodeStatus::Disconnected => "disconnected",
        }
    }
}

impl fmt::Display for NodeStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
