//! Secrets: every provider that a group's tasks read from must be on the node (docs/placement.md, section
//! 2.4).

use crate::state::node::NodeRecord;

/// The text the metrics count filtered nodes under.
pub(crate) const KEY: &str = "missing secrets provider";

/// Whether a node has the plugin of a secrets provider.
pub(crate) fn has_provider(node: &NodeRecord, provider: &str) -> bool {
    node.node.spec().attributes.contains_key(&format!("plugins.secrets.{provider}.version"))
}
