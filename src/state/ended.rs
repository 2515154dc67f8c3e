//! Which allocations were on a node and are no longer: readers ask for them by node.

use std::sync::Arc;

use super::State;
use super::slots::{AllocationSlot, NodeSlot};

impl State {
    /// The allocations that name a node and do not occupy it: they have ended, or the node left. As long as
    /// a transaction is under way, those that it told to stop are not among them.
    pub(crate) fn ended_on(&self, slot: NodeSlot) -> &[AllocationSlot] {
        let ended = self.on_node.get(slot.at()).and_then(|on_node| on_node.ended.as_ref());
        ended.map(|ended| ended.as_slice()).unwrap_or_default()
    }

    /// The slots that a node has, and that others under its identity had whose allocations are still there.
    pub(crate) fn slots_named<'a>(
        &'a self,
        id: &'a str,
    ) -> impl Iterator<Item = NodeSlot> + use<'a> {
        let gone = (0..self.node_slots()).map(NodeSlot::new).filter(move |&slot| {
            self.node(slot).is_none()
                && self.is_named(slot)
                && self.identities.get(slot.at()).is_some_and(|identity| *identity.id == *id)
        });
        self.find_node(id).into_iter().chain(gone)
    }

    /// Brings the list of what has ended on a node up to date with the record of an allocation.
    pub(super) fn note_ended(&mut self, slot: AllocationSlot) {
        let Some(record) = self.allocation(slot) else { return };
        let (node, is_client_done) = (record.node, record.client.is_terminal());
        let is_ended = !record.occupies && (is_client_done || self.node(node).is_none());
        self.list_ended(node, slot, is_ended);
    }

    /// Puts an allocation on the list of what has ended on a node, or takes it off.
    pub(super) fn list_ended(&mut self, node: NodeSlot, slot: AllocationSlot, is_ended: bool) {
        let found = self.ended_on(node).binary_search(&slot);
        let Some(on_node) = self.on_node.get_mut(node.at()).filter(|_| found.is_ok() != is_ended)
        else {
            return;
        };
        let ended = Arc::make_mut(on_node.ended.get_or_insert_default());
        match found {
            Ok(at) => drop(ended.remove(at)),
            Err(at) => ended.insert(at, slot),
        }
        if ended.is_empty() {
            on_node.ended = None;
        }
    }

    /// Lists from nothing what has ended on each node.
    pub(super) fn list_all_ended(&mut self) {
        let ended = self.allocations().filter(|(_, record)| !record.occupies);
        let ended: Vec<_> = ended.map(|(slot, record)| (record.node, slot)).collect();
        for (node, slot) in ended {
            self.list_ended(node, slot, true);
        }
    }
}
