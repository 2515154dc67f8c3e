//! What a target means on a node (docs/placement.md, section 2.5).

use super::view::NodeView;
use crate::state::facts::{Fact, FactSet};
use crate::syntax::target::Target;

/// The value of a target on a node; `None` if it is not found.
pub(crate) fn resolve<'a>(target: &'a Target, node: NodeView<'a>) -> Option<&'a str> {
    match target {
        Target::Literal(text) => Some(text),
        Target::NodeId => Some(node.id()),
        Target::NodeName => Some(node.name()),
        Target::Datacenter => Some(node.datacenter()),
        Target::NodeClass => Some(node.node_class()),
        Target::NodePool => Some(node.node_pool()),
        Target::Attribute(key) => node.attribute(key),
        Target::Meta(key) => node.meta(key),
        Target::Unknown(_) => None,
    }
}

/// The facts that resolving a target reads.
pub(crate) fn facts_of(target: &Target) -> FactSet {
    FactSet::of(&[match target {
        Target::Literal(_) | Target::Unknown(_) => return FactSet::default(),
        Target::NodeId => Fact::Id,
        Target::NodeName => Fact::Name,
        Target::Datacenter => Fact::Datacenter,
        Target::NodeClass => Fact::Class,
        Target::NodePool => Fact::Pool,
        Target::Attribute(key) => Fact::of_attribute(key),
        Target::Meta(key) => Fact::of_meta(key),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_that_differ_from_node_to_node_are_not_shared_by_nodes_alike() {
        let unique =
            ["${node.unique.id}", "${node.unique.name}", "${attr.unique.x}", "${meta.unique.x}"];
        for text in unique {
            assert!(!facts_of(&Target::left(text)).is_shared(), "{text}");
        }
        assert!(!facts_of(&Target::left("unique.hostname")).is_shared());
        let shared =
            ["${node.class}", "${attr.uniquely}", "${meta.a.unique.b}", "unique", "${unique.x}"];
        for text in shared {
            assert!(facts_of(&Target::left(text)).is_shared(), "{text}");
        }
    }
}
