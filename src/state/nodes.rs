//! Nodes: they join, change and leave, and room on them is taken and given back.

use std::sync::Arc;

use super::allocation::{self, AllocationRecord};
use super::facts;
use super::index::name_hash;
use super::journal::RoomChange;
use super::node::{Identity, NodeRecord};
use super::slots::{AllocationSlot, NodeRef, NodeSlot};
use super::transaction::Transaction;
use super::undo::{NodeBefore, Undo};
use super::usage::{Amounts, BLOCK, Holdings, Leaving, RoomBlock, Taken, block_of};
use super::{OnNode, State};
use crate::model::Node;
use crate::rng::hash_bytes;

/// Who is more than a change for so many nodes behind looks at all nodes for those that changed.
pub(super) const NODES_PER_CHANGE: usize = 32;

impl State {
    pub(crate) fn find_node(&self, id: &str) -> Option<NodeSlot> {
        let is_it = |slot: u32| self.node(NodeSlot(slot)).is_some_and(|it| it.node.spec().id == id);
        self.node_index.find(name_hash(id), is_it).map(NodeSlot)
    }

    /// The flat arrays that a node is in, and its place there.
    pub(crate) fn room(&self, slot: NodeSlot) -> (&RoomBlock, usize) {
        let (block, at) = block_of(slot);
        (&self.room[block], at)
    }

    /// The flat arrays of 64 nodes.
    pub(crate) fn room_block(&self, block: usize) -> &RoomBlock {
        &self.room[block]
    }

    /// The node's place among equals; lower goes first.
    pub(crate) fn tie_break(&self, slot: NodeSlot) -> u64 {
        let (room, at) = self.room(slot);
        room.tie_break[at]
    }

    pub(crate) fn free(&self, slot: NodeSlot) -> Amounts {
        let (room, at) = self.room(slot);
        room.free(at)
    }

    pub(crate) fn free_allocations(&self, slot: NodeSlot) -> i64 {
        let (room, at) = self.room(slot);
        room.free_allocations[at]
    }

    /// Ports, devices and cores taken on a node.
    pub(crate) fn taken<'a>(&'a self, slot: NodeSlot, node: &'a NodeRecord) -> &'a Taken {
        self.on_node[slot.at()].taken.as_deref().unwrap_or(&node.reserved)
    }

    /// The allocations that occupy a node.
    pub(crate) fn allocations_on(&self, slot: NodeSlot) -> &[AllocationSlot] {
        self.on_node
            .get(slot.at())
            .map(|on_node| on_node.allocations.as_slice())
            .unwrap_or_default()
    }

    /// Orders equal nodes by another seed.
    pub(super) fn change_seed(&mut self, seed: u64) {
        self.seed = seed;
        let tie_breaks: Vec<(NodeSlot, u64)> =
            self.nodes().map(|(slot, it)| (slot, tie_break_of(seed, &it.node.spec().id))).collect();
        for (slot, tie_break) in tie_breaks {
            self.change_room(slot, |room, at| room.tie_break[at] = tie_break);
            self.facts_journal.push(slot);
        }
    }

    /// Takes room on a node. Who does so has to [touch](State::touch) the node, once for all it takes.
    pub(crate) fn take_room(
        &mut self,
        slot: NodeSlot,
        amounts: Amounts,
        holdings: Option<&Holdings>,
        is_leaving: bool,
    ) {
        self.change_free(slot, |free| free.minus(amounts), -1);
        if let Some(holdings) = holdings.filter(|holdings| !holdings.is_empty()) {
            self.change_taken(slot, |taken, node| taken.add(holdings, node, is_leaving));
            self.note_ports(slot, holdings);
        }
        if is_leaving {
            self.change_leaving(slot, |leaving| {
                leaving.amounts = leaving.amounts.plus(amounts);
                leaving.allocations += 1;
            });
        }
    }

    /// Gives room on a node back. The holder must have left the node's list, and the node has to be
    /// [touched](State::touch).
    pub(super) fn give_room_back(
        &mut self,
        slot: NodeSlot,
        amounts: Amounts,
        holdings: Option<&Holdings>,
        is_leaving: bool,
    ) {
        self.change_free(slot, |free| free.plus(amounts), 1);
        if let Some(holdings) = holdings.filter(|holdings| !holdings.is_empty()) {
            self.change_taken(slot, |taken, node| taken.subtract(holdings, node, is_leaving));
            self.note_ports(slot, holdings);
        }
        if is_leaving {
            self.change_leaving(slot, |leaving| {
                leaving.amounts = leaving.amounts.minus(amounts);
                leaving.allocations -= 1;
            });
        }
    }

    /// Notes that something which holds room on a node is to leave it from now on, or no more. It holds the
    /// same room either way, so that few who look at nodes have to look again.
    pub(super) fn set_leaving(
        &mut self,
        slot: NodeSlot,
        amounts: Amounts,
        holdings: Option<&Holdings>,
        is_leaving: bool,
    ) {
        if let Some(holdings) = holdings.filter(|holdings| !holdings.is_empty()) {
            self.change_taken(slot, |taken, node| {
                taken.subtract(holdings, node, !is_leaving);
                taken.add(holdings, node, is_leaving);
            });
            self.touch(slot);
        }
        self.change_leaving(slot, |leaving| {
            if is_leaving {
                leaving.amounts = leaving.amounts.plus(amounts);
                leaving.allocations += 1;
            } else {
                leaving.amounts = leaving.amounts.minus(amounts);
                leaving.allocations -= 1;
            }
        });
    }

    /// A reference to a node that outlives it.
    pub(crate) fn node_ref(&self, slot: NodeSlot) -> NodeRef {
        let generation = self.on_node.get(slot.at()).map_or(0, |on_node| on_node.generation);
        NodeRef { slot, generation }
    }

    /// The node of a reference, if it is still there.
    pub(crate) fn resolve_node(&self, node: NodeRef) -> Option<NodeSlot> {
        (self.node(node.slot).is_some() && self.node_ref(node.slot) == node).then_some(node.slot)
    }

    /// Whether a node has too little for what is wanted on it, or something of it is held twice.
    fn is_short(&self, slot: NodeSlot) -> bool {
        let leaving = self.leaving(slot);
        let Amounts { cpu_mhz, memory_mb, disk_mb } = self.free(slot).plus(leaving.amounts);
        let places = self.free_allocations(slot).saturating_add(leaving.allocations);
        let is_odd = self.node(slot).is_some_and(|node| self.taken(slot, node).is_odd());
        is_odd || cpu_mhz.min(memory_mb).min(disk_mb).min(places) < 0
    }

    /// Whether any allocation names a node, or the one that had the slot last.
    pub(super) fn is_named(&self, slot: NodeSlot) -> bool {
        self.on_node.get(slot.at()).is_some_and(|on_node| on_node.named > 0)
    }

    /// Notes that one more allocation names a node.
    pub(super) fn name_node(&mut self, slot: NodeSlot) {
        if let Some(on_node) = self.on_node.get_mut(slot.at()) {
            on_node.named += 1;
        }
    }

    /// Notes that one allocation less names a node; true if that makes the slot free.
    pub(super) fn unname_node(&mut self, slot: NodeSlot) -> bool {
        let Some(on_node) = self.on_node.get_mut(slot.at()) else { return false };
        on_node.named = on_node.named.saturating_sub(1);
        let is_free = on_node.named == 0 && self.node(slot).is_none();
        if is_free {
            self.free_nodes.push(slot.0);
        }
        is_free
    }

    /// Takes that back.
    pub(super) fn undo_unname_node(&mut self, slot: NodeSlot, freed: bool) {
        self.name_node(slot);
        if freed {
            self.free_nodes.pop();
        }
    }

    /// What is held on a node by allocations that were told to stop or evicted.
    pub(crate) fn leaving(&self, slot: NodeSlot) -> Leaving {
        self.leaving.get(slot.at()).copied().unwrap_or_default()
    }

    fn change_leaving(&mut self, slot: NodeSlot, change: impl FnOnce(&mut Leaving)) {
        if self.node(slot).is_none() {
            return;
        }
        // Few nodes have anything leaving: the table goes as far as the last one that had.
        while self.leaving.len() <= slot.at() {
            self.leaving.push(Leaving::default());
        }
        if let Some(leaving) = self.leaving.get_mut(slot.at()) {
            change(leaving);
        }
    }

    /// What would be taken on a node if some of its allocations were not there.
    pub(crate) fn taken_without(&self, slot: NodeSlot, without: &[AllocationSlot]) -> Taken {
        let Some(node) = self.node(slot) else { return Taken::default() };
        let holders = self.allocations_on(slot).iter().filter(|holder| !without.contains(holder));
        allocation::taken_by(node, holders.filter_map(|&holder| self.allocation(holder)))
    }

    /// A node with its names and its kind.
    pub(super) fn record_of(&mut self, node: Node) -> NodeRecord {
        let key = facts::class_key(&node);
        let facts_class = match self.facts_classes.get_index_of(key.bytes()) {
            Some(at) => at,
            None => Arc::make_mut(&mut self.facts_classes).insert_full(key.bytes().into()).0,
        };
        let (datacenter, class) =
            (self.names.intern(&node.datacenter), self.names.intern(&node.node_class));
        let facts_class = facts_class as u32;
        NodeRecord { datacenter, class, facts_class, ..NodeRecord::new(node) }
    }

    /// The list of allocations on a node, to change.
    pub(super) fn on_node_mut(&mut self, slot: NodeSlot) -> Option<&mut Vec<AllocationSlot>> {
        Some(Arc::make_mut(&mut self.on_node.get_mut(slot.at())?.allocations))
    }

    /// Whether anything is on a node that nobody saw fit there.
    pub(super) fn is_unchecked(&self, slot: NodeSlot) -> bool {
        self.on_node.get(slot.at()).is_some_and(|it| it.is_unchecked)
    }

    /// Notes whether anything is on a node that nobody saw fit there.
    pub(super) fn set_unchecked(&mut self, slot: NodeSlot, is_unchecked: bool) {
        // Mostly it stays as it is, and then nothing is written.
        if self.is_unchecked(slot) != is_unchecked
            && let Some(on_node) = self.on_node.get_mut(slot.at())
        {
            on_node.is_unchecked = is_unchecked;
        }
    }

    /// Notes who has a slot. It mostly stays the same, and then nothing is written: every batch keeps
    /// the identities as they were.
    fn set_identity(&mut self, slot: NodeSlot, node: &Node) {
        let (id, name) = (node.id.as_str(), node.name.as_str());
        let identity = Identity { id: id.into(), name: name.into(), gone: None };
        match self.identities.get(slot.at()) {
            Some(known) if (&*known.id, &*known.name) == (id, name) && known.gone.is_none() => {}
            Some(_) => {
                if let Some(place) = self.identities.get_mut(slot.at()) {
                    *place = Arc::new(identity);
                }
            }
            // Slots are given out in order.
            None => self.identities.push(Arc::new(identity)),
        }
    }

    /// The slot that the next node will have, made if none is free.
    fn free_node_slot(&mut self) -> NodeSlot {
        if let Some(&slot) =
            self.free_nodes.len().checked_sub(1).and_then(|at| self.free_nodes.get(at))
        {
            return NodeSlot(slot);
        }
        self.push_node(None);
        self.on_node.push(OnNode::default());
        if self.nodes.len() > self.room.len() * BLOCK {
            self.room.push(RoomBlock::empty());
        }
        self.journal.reserve(self.nodes.len() / NODES_PER_CHANGE);
        self.facts_journal.reserve(self.nodes.len());
        let slot = NodeSlot::new(self.nodes.len() - 1);
        self.free_nodes.push(slot.0);
        slot
    }

    /// Gives a node the slot that was told to be the next one.
    fn give_slot(&mut self, slot: NodeSlot, id: &str) {
        self.free_nodes.pop();
        if let Some(on_node) = self.on_node.get_mut(slot.at()) {
            on_node.generation = on_node.generation.wrapping_add(1);
        }
        self.node_index.insert(name_hash(id), slot.0);
        let tie_break = tie_break_of(self.seed, id);
        self.change_room(slot, |room, at| room.tie_break[at] = tie_break);
    }

    /// Counts from nothing what is free and taken on a node.
    pub(super) fn recount(&mut self, slot: NodeSlot) {
        let Some(node) = self.node(slot).cloned() else { return };
        let holders = self.allocations_on(slot).to_vec();
        let mut free = node.capacity;
        for &holder in &holders {
            free = free.minus(self.amounts_of(holder));
        }
        let size = self.size_of(node.capacity);
        let free_allocations = node.max_allocations.saturating_sub(holders.len() as i64);
        self.change_room(slot, |room, at| {
            room.set_free(at, free, node.capacity);
            room.free_allocations[at] = free_allocations;
            room.size[at] = size;
            room.class[at] = node.class;
        });
        let records: Vec<&AllocationRecord> =
            holders.iter().filter_map(|&holder| self.allocation(holder)).collect();
        let holds_any = records.iter().any(|record| record.holdings().is_some());
        let taken = holds_any.then(|| Arc::new(allocation::taken_by(&node, records.into_iter())));
        let is_odd = taken.as_ref().is_some_and(|taken| taken.is_odd());
        self.change_room(slot, |room, at| room.set_odd(at, is_odd));
        if let Some(on_node) = self.on_node.get_mut(slot.at()) {
            on_node.taken = taken;
        }
        self.touch(slot);
    }

    fn change_free(
        &mut self,
        slot: NodeSlot,
        change: impl FnOnce(Amounts) -> Amounts,
        allocations: i64,
    ) {
        let (block, at) = block_of(slot);
        // The size has the capacities that the score asks for, and is nearer than the node itself.
        let size = self.room.get(block).map(|room| room.size[at] as usize);
        let Some(&capacity) = size.and_then(|size| self.sizes.get_index(size)) else { return };
        self.change_room(slot, |room, at| {
            let free = change(room.free(at));
            room.set_free(at, free, capacity);
            let left = &mut room.free_allocations[at];
            *left = left.saturating_add(allocations);
        });
    }

    /// Changes what is taken on a node.
    fn change_taken(&mut self, slot: NodeSlot, change: impl FnOnce(&mut Taken, &NodeRecord)) {
        let Some(node) = self.node(slot).cloned() else { return };
        let Some(on_node) = self.on_node.get_mut(slot.at()) else { return };
        let taken = on_node.taken.get_or_insert_with(|| node.reserved.clone());
        change(Arc::make_mut(taken), &node);
        let is_odd = taken.is_odd();
        self.change_room(slot, |room, at| room.set_odd(at, is_odd));
    }

    /// Notes for the ports of an allocation that came or went whether they are in use on its node.
    pub(super) fn note_ports(&mut self, slot: NodeSlot, holdings: &Holdings) {
        for port in holdings.ports.iter().filter_map(|port| u16::try_from(port.value).ok()) {
            let taken = self.on_node.get(slot.at()).and_then(|on_node| on_node.taken.as_ref());
            let is_used = taken.is_some_and(|it| it.ports.iter().any(|(_, it)| it.contains(port)));
            self.port_users.set(slot, port, is_used);
        }
    }

    pub(super) fn change_room(
        &mut self,
        slot: NodeSlot,
        change: impl FnOnce(&mut RoomBlock, usize),
    ) {
        let (block, at) = block_of(slot);
        if let Some(room) = self.room.get_mut(block) {
            change(room, at);
        }
    }

    /// Notes that a node changed.
    pub(super) fn touch(&mut self, slot: NodeSlot) {
        let position = self.journal.next();
        let (block, at) = block_of(slot);
        let Some(room) = self.room.get_mut(block) else { return };
        let before = std::mem::replace(&mut room.changed[at], position);
        room.latest = position;
        let change = RoomChange { node: slot, room: room.of(at), is_outdated: false };
        // Of a node's changes the latest is enough.
        if let Some(change) = self.journal.get_mut(before).filter(|change| change.node == slot) {
            change.is_outdated = true;
        }
        self.journal.push(change);
    }

    fn size_of(&mut self, capacity: Amounts) -> u32 {
        let size = Amounts { disk_mb: 0, ..capacity };
        if let Some(at) = self.sizes.get_index_of(&size) {
            return at as u32;
        }
        Arc::make_mut(&mut self.sizes).insert_full(size).0 as u32
    }
}

impl Transaction<'_> {
    /// Adds a node, or takes over the new facts of one that is there, and gives its slot.
    pub(crate) fn upsert_node(&mut self, node: Node) -> NodeSlot {
        self.drop_open_batch();
        let known = self.find_node(&node.spec().id);
        self.index();
        let slot = known.unwrap_or_else(|| self.state.free_node_slot());
        self.log_node(slot);
        let state = &mut *self.state;
        let record = Arc::new(state.record_of(node));
        let reserved = record.reserved.ports.iter().flat_map(|(_, ports)| ports.iter());
        state.port_users.add_node(reserved, record.dynamic_ports());
        if known.is_none() {
            state.give_slot(slot, &record.node.spec().id);
        }
        state.set_identity(slot, &record.node);
        state.set_node(slot, Some(record));
        state.recount(slot);
        state.facts_journal.push(slot);
        if state.is_short(slot) {
            state.set_unchecked(slot, true);
        }
        slot
    }

    /// Takes a node out. Its allocations stay as they are, but hold nothing any more: they name a node
    /// that is gone, whose slot no other node gets as long as they do.
    pub(crate) fn remove_node(&mut self, slot: NodeSlot) {
        self.drop_open_batch();
        let Some(gone) = self.node(slot).cloned() else { return };
        self.index();
        while let Some(&allocation) = self.allocations_on(slot).last() {
            self.leave_lost_node(allocation);
        }
        self.log_node(slot);
        let state = &mut *self.state;
        let (id, name) = (gone.node.id.as_str(), gone.node.name.as_str());
        state.node_index.remove(name_hash(id), slot.0);
        let identity = Identity { id: id.into(), name: name.into(), gone: Some(gone.clone()) };
        if let Some(place) = state.identities.get_mut(slot.at()) {
            *place = Arc::new(identity);
        }
        state.set_node(slot, None);
        if !state.is_named(slot) {
            state.free_nodes.push(slot.0);
        }
        state.facts_journal.push(slot);
        state.touch(slot);
    }

    /// Orders equal nodes by another seed.
    pub(crate) fn set_seed(&mut self, seed: u64) {
        if seed != self.seed {
            self.drop_open_batch();
            self.index();
            self.log(Undo::Seed(self.state.seed));
            self.state.change_seed(seed);
        }
    }

    /// Logs what a slot is before its node comes, changes or leaves.
    fn log_node(&mut self, slot: NodeSlot) {
        let (reserved_ports, dynamic_ports) = self.port_users.ranges();
        let before = NodeBefore {
            slot,
            record: self.node(slot).cloned(),
            identity: self.identities.get(slot.at()).cloned(),
            was_unchecked: self.is_unchecked(slot),
            names: self.names.len(),
            facts_classes: self.facts_classes.len(),
            sizes: self.sizes.len(),
            reserved_ports,
            dynamic_ports,
        };
        self.log(Undo::Node(Box::new(before)));
    }
}

/// A node's place among equals.
pub(crate) fn tie_break_of(seed: u64, id: &str) -> u64 {
    hash_bytes(seed, id.as_bytes())
}
