//! One node of each kind: what is true of all that are alike is asked of it alone.

use std::sync::Arc;

use crate::model::Node;
use crate::state::State;
use crate::state::slots::NodeSlot;

/// The kinds of nodes that there are.
#[derive(Clone, Debug)]
pub(crate) struct Kinds {
    /// For each kind its first node and its name, in the order of slots.
    pub(crate) nodes: Vec<(NodeSlot, Box<str>)>,
    /// How far the journal of facts was read.
    seen: u64,
}

impl Kinds {
    /// The kinds of the nodes that a state has: those that are kept, if they are up to date.
    pub(super) fn of(
        kept: &mut Option<Arc<Kinds>>,
        state: &State,
        name: impl Fn(&Node) -> String,
    ) -> Arc<Kinds> {
        let seen = state.facts_journal.next();
        if let Some(kinds) = kept.as_ref().filter(|kinds| kinds.seen == seen) {
            return kinds.clone();
        }
        let mut is_seen = vec![false; state.facts_classes()];
        let first = state.nodes().filter(|(_, record)| {
            let is_seen = is_seen.get_mut(record.facts_class as usize);
            is_seen.is_none_or(|it| !std::mem::replace(it, true))
        });
        let nodes = first.map(|(slot, record)| (slot, name(&record.node).into())).collect();
        let kinds = Arc::new(Kinds { nodes, seen });
        *kept = Some(kinds.clone());
        kinds
    }
}
