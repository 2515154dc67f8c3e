//! What a target means on a node (docs/placement.md, section 2.5).

use crate::state::node::NodeRecord;
use crate::syntax::target::Target;

/// The value of a target on a node; `None` if it is not found.
pub(crate) fn resolve<'a>(target: &'a Target, node: &'a NodeRecord) -> Option<&'a str> {
    let spec = node.node.spec();
    match target {
        Target::Literal(text) => Some(text),
        Target::NodeId => Some(&spec.id),
        Target::NodeName => Some(&spec.name),
        Target::Datacenter => Some(&spec.datacenter),
        Target::NodeClass => Some(&spec.node_class),
        Target::NodePool => Some(&spec.node_pool),
        Target::Attribute(key) => spec.attributes.get(&**key).map(String::as_str),
        Target::Meta(key) => spec.meta.get(&**key).map(String::as_str),
        Target::Unknown(_) => None,
    }
}
