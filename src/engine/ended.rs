//! Allocations that ended by themselves and still say something about their nodes (docs/lifecycle.md, section 1,
//! *Node events*, and section 7): those of services, which their jobs are looked at for, and those that outlive the
//! silence of their node. They take no room. It is derived from the state.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::JobType;
use crate::state::State;
use crate::state::slots::{AllocationSlot, NodeSlot};
use crate::time::Span;

/// Whether an allocation is of a service by the version that it runs.
pub(super) fn is_of_service(state: &State, slot: AllocationSlot) -> bool {
    state.job_spec_of(slot).is_some_and(|job| job.job_type() == JobType::Service)
}

/// How long an allocation may be out of reach by its own version of its job.
pub(super) fn lost_after(state: &State, slot: AllocationSlot) -> Option<Span> {
    state.group_spec_of(slot)?.disconnect.as_ref()?.lost_after
}

/// Allocations that should run and do not.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ended {
    by_node: BTreeMap<NodeSlot, BTreeSet<AllocationSlot>>,
    nodes: BTreeMap<AllocationSlot, NodeSlot>,
}

impl Ended {
    /// Those that were on a node, in the order of slots.
    pub(super) fn on(&self, node: NodeSlot) -> impl Iterator<Item = AllocationSlot> + '_ {
        self.by_node.get(&node).into_iter().flatten().copied()
    }

    /// Follows an allocation that came, changed or left.
    pub(super) fn follow(&mut self, state: &State, slot: AllocationSlot) {
        let record = state.allocation(slot);
        let ended = record.filter(|it| it.client.is_terminal() && !it.desired.is_terminal());
        let counts = || {
            is_of_service(state, slot) || lost_after(state, slot).is_some_and(|it| it > Span::ZERO)
        };
        let node = ended.map(|record| record.node).filter(|_| counts());
        if self.nodes.get(&slot) == node.as_ref() {
            return;
        }
        if let Some(before) = self.nodes.remove(&slot)
            && let Some(of_node) = self.by_node.get_mut(&before)
        {
            of_node.remove(&slot);
            if of_node.is_empty() {
                self.by_node.remove(&before);
            }
        }
        if let Some(node) = node {
            self.by_node.entry(node).or_default().insert(slot);
            self.nodes.insert(slot, node);
        }
    }
}
