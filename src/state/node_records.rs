//! The records of nodes by slot, with what is told from them beside.

use std::sync::Arc;

use super::State;
use super::conditions::{Conditions, NodeCondition};
use super::node::{NodeRecord, NodeTable};
use super::slots::NodeSlot;

impl State {
    /// How many slots nodes have; some may be empty.
    pub(crate) fn node_slots(&self) -> usize {
        self.nodes.len()
    }

    /// Every node with its slot, in the order of slots.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (NodeSlot, &Arc<NodeRecord>)> {
        let slots = self.nodes.iter().enumerate();
        slots.filter_map(|(at, node)| Some((NodeSlot::new(at), node.as_ref()?)))
    }

    /// A node that is there.
    pub(crate) fn node(&self, slot: NodeSlot) -> Option<&Arc<NodeRecord>> {
        self.nodes.get(slot.at())?.as_ref()
    }

    /// A node that is there, or the one that had the slot last.
    pub(super) fn node_or_gone(&self, slot: NodeSlot) -> Option<&Arc<NodeRecord>> {
        self.node(slot).or_else(|| self.identities.get(slot.at())?.gone.as_ref())
    }

    /// All nodes.
    pub(crate) fn node_table(&self) -> &NodeTable {
        &self.nodes
    }

    /// The conditions of all nodes.
    pub(crate) fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// Adds a slot, with its node if it has one.
    pub(super) fn push_node(&mut self, record: Option<Arc<NodeRecord>>) {
        self.conditions.push(NodeCondition::of(record.as_deref().map(|it| &it.node)));
        self.nodes.push(record);
    }

    /// Puts a node into a slot, or takes out what is there.
    pub(super) fn set_node(&mut self, slot: NodeSlot, record: Option<Arc<NodeRecord>>) {
        if let Some(condition) = self.conditions.get_mut(slot.at()) {
            *condition = NodeCondition::of(record.as_deref().map(|it| &it.node));
        }
        if let Some(place) = self.nodes.get_mut(slot.at()) {
            *place = record;
        }
    }
}
