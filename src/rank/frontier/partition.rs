//! Lanes: nodes that have the same values of the attributes that a group spreads over or keeps apart,
//! and so get the same boost and close together. A group that does neither has one lane.
//!
//! Values that few nodes have, down to one each, share lanes: as long as a job has nothing on any of
//! them they are all alike to it. A pass takes out the nodes of those that are not.

use std::sync::Arc;

use super::members::Members;
use super::tournament::{self, TieBreaks};
use crate::feasibility::column::{Column, NO_VALUE, Symbol};
use crate::feasibility::mask::{Mask, PASSES};
use crate::state::State;
use crate::state::fast_map::FastMap;
use crate::state::names::Name;
use crate::state::slots::NodeSlot;

/// The nodes by lane, and each lane's nodes by shard.
#[derive(Clone, Debug)]
pub(crate) struct Partition {
    pub(crate) lanes: Vec<Lane>,
    pub(crate) shards: Vec<Geometry>,
    /// The nodes that have leaves, where those are not all.
    members: Option<Members>,
    /// By [place](Partition::place); not used where there is one lane, whose leaves are in that order.
    leaves: Vec<LeafId>,
    is_single: bool,
    /// By column: the nodes of its rare values.
    rare: Vec<RareValues>,
    /// How many nodes a shard has at most.
    pub(super) shard_size: usize,
}

/// The symbol that stands for all rare values of a column in the symbols of a lane.
pub(crate) const RARE: Symbol = Symbol::MAX;

/// A value is rare if fewer nodes than this have it, and fewer than the share below of all nodes, so
/// that a column has few values that are not.
const FEWEST_COMMON: usize = 4;
const COMMON_SHARE: usize = 256;

/// The nodes of the rare values of one column.
#[derive(Clone, Debug)]
struct RareValues {
    /// By symbol: whether it is rare.
    is_rare: Vec<bool>,
    /// Symbols and node slots, ascending.
    nodes: Vec<(Symbol, u32)>,
}

impl RareValues {
    fn new(slots: &[NodeSlot], column: &Column) -> RareValues {
        let mut nodes_by_symbol = vec![0; column.values().len() + 1];
        for slot in slots {
            nodes_by_symbol[column.symbol(*slot) as usize] += 1;
        }
        let fewest = (slots.len() / COMMON_SHARE).max(FEWEST_COMMON);
        let mut is_rare: Vec<bool> = nodes_by_symbol.iter().map(|&nodes| nodes < fewest).collect();
        is_rare[NO_VALUE as usize] = false;
        let symbols = slots.iter().map(|slot| (column.symbol(*slot), slot.0));
        let mut nodes: Vec<_> = symbols.filter(|(symbol, _)| is_rare[*symbol as usize]).collect();
        nodes.sort_unstable();
        RareValues { is_rare, nodes }
    }

    /// The symbol that a lane has for a node's.
    fn of_lane(&self, symbol: Symbol) -> Symbol {
        if self.is_rare[symbol as usize] { RARE } else { symbol }
    }

    /// The nodes of a value, if it is rare.
    fn nodes(&self, symbol: Symbol) -> &[(Symbol, u32)] {
        let first = self.nodes.partition_point(|(other, _)| *other < symbol);
        let rest = &self.nodes[first..];
        &rest[..rest.partition_point(|(other, _)| *other == symbol)]
    }
}

/// The size of shards as long as there are few. A fork's first placement copies a shard or two, and who
/// looks for the best node looks at the best of each shard.
const SMALL_SHARD: usize = 512;
/// With more nodes than this shards are larger.
const MOST_IN_SMALL: usize = 32 * SMALL_SHARD;

/// A partition that is kept up to date. As long as nodes stay in their lanes it stays the same one, by
/// which frontiers know that their leaves are still right.
#[derive(Clone, Debug)]
pub(crate) struct Lanes {
    pub(crate) partition: Arc<Partition>,
    /// How far the journal of facts has been read.
    seen: u64,
}

impl Lanes {
    /// The lanes of nodes by their values in the columns: of all, or of those that pass a mask, which has
    /// caught up.
    pub(crate) fn new(state: &State, columns: &[Arc<Column>], mask: Option<&Mask>) -> Lanes {
        let partition = Arc::new(Partition::new(state, columns, mask));
        Lanes { partition, seen: state.facts_journal.next() }
    }

    /// Makes the lanes anew if any node is no longer where it belongs.
    pub(crate) fn catch_up(&mut self, state: &State, columns: &[Arc<Column>], mask: Option<&Mask>) {
        let changes = state.facts_journal.since(self.seen);
        let is_right = |slot| self.partition.is_right(state, columns, mask, slot);
        if !changes.is_some_and(|mut changes| changes.all(is_right)) {
            self.partition = Arc::new(Partition::new(state, columns, mask));
        }
        self.seen = state.facts_journal.next();
    }

    /// Whether there is nothing to catch up with.
    pub(crate) fn is_current(&self, state: &State) -> bool {
        self.seen == state.facts_journal.next()
    }
}

/// Nodes with the same values.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    /// The values, in the order of the columns; [`RARE`] for any that is rare.
    pub(crate) symbols: Box<[Symbol]>,
    /// Its shards.
    pub(crate) shards: Vec<u32>,
}

/// Which nodes are the leaves of a shard, and what does not change about them.
#[derive(Clone, Debug)]
pub(crate) struct Geometry {
    pub(crate) lane: u32,
    pub(crate) nodes: Arc<[u32]>,
    pub(crate) tie_breaks: TieBreaks,
    pub(crate) classes: Arc<[Name]>,
}

/// The leaf of a node: its shard, and where it is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LeafId {
    pub(crate) shard: u32,
    pub(crate) leaf: u32,
}

impl LeafId {
    const NONE: LeafId = LeafId { shard: u32::MAX, leaf: 0 };
}

impl Partition {
    /// Puts nodes with the same values in the columns into one lane: all nodes, or those that pass a mask.
    pub(crate) fn new(state: &State, columns: &[Arc<Column>], mask: Option<&Mask>) -> Partition {
        let members = mask.map(|mask| Members::passing(state, mask));
        let places = members.as_ref().map_or(state.node_slots(), |it| it.nodes().len());
        let nodes: Vec<NodeSlot> = match &members {
            _ if columns.is_empty() => Vec::new(),
            Some(members) => members.nodes().to_vec(),
            None => state.nodes().map(|(slot, _)| slot).collect(),
        };
        let mut partition = Partition {
            lanes: Vec::new(),
            shards: Vec::new(),
            members,
            leaves: Vec::new(),
            is_single: columns.is_empty(),
            rare: columns.iter().map(|column| RareValues::new(&nodes, column)).collect(),
            shard_size: match places > MOST_IN_SMALL {
                true => tournament::LEAVES_MAX,
                false => SMALL_SHARD,
            },
        };
        let mut lanes = slots_by_symbols(&nodes, columns, &partition.rare);
        let are_rare = |symbols: &[Symbol]| symbols.iter().all(|symbol| *symbol == RARE);
        // Nodes that differ in everything are one lane until a job has something on them.
        if columns.is_empty() || lanes.len() == 1 && lanes.keys().all(|it| are_rare(it)) {
            partition.is_single = true;
            let slots = match &partition.members {
                Some(members) => members.nodes().iter().map(|slot| slot.0).collect(),
                None => (0..state.node_slots() as u32).collect(),
            };
            lanes = FastMap::from_iter([(vec![RARE; columns.len()].into(), slots)]);
        } else {
            partition.leaves = vec![LeafId::NONE; places];
        }
        for (symbols, slots) in lanes {
            partition.add_lane(state, symbols, &slots);
        }
        partition
    }

    /// The nodes of a value of a column, if it is rare.
    pub(crate) fn rare_nodes(
        &self,
        column: usize,
        symbol: Symbol,
    ) -> impl Iterator<Item = NodeSlot> + use<'_> {
        let nodes = self.rare.get(column).map_or(&[][..], |rare| rare.nodes(symbol));
        nodes.iter().map(|(_, slot)| NodeSlot(*slot))
    }

    /// Whether there is one lane, whose leaves are in the order of slots.
    pub(crate) fn is_single(&self) -> bool {
        self.is_single
    }

    /// Whether there is one lane, with a leaf for each slot.
    pub(super) fn has_all_slots(&self) -> bool {
        self.is_single && self.members.is_none()
    }

    /// How many [places](Partition::place) there are.
    pub(super) fn places(&self) -> usize {
        match &self.members {
            Some(members) => members.nodes().len(),
            None => self.shards.iter().map(|shard| shard.nodes.len()).sum(),
        }
    }

    /// The number of a node among all that may have a leaf, in the order of slots; in a partition with one lane
    /// leaves are numbered so across all shards.
    pub(crate) fn place(&self, slot: NodeSlot) -> Option<usize> {
        match &self.members {
            Some(members) => members.place(slot),
            None => Some(slot.at()),
        }
    }

    /// The leaf of a node, if it has one.
    pub(crate) fn leaf(&self, slot: NodeSlot) -> Option<LeafId> {
        let place = self.place(slot)?;
        if self.is_single {
            let (shard, leaf) = (place / self.shard_size, place % self.shard_size);
            let is_there = self.shards.get(shard).is_some_and(|it| leaf < it.nodes.len());
            return is_there.then_some(LeafId { shard: shard as u32, leaf: leaf as u32 });
        }
        self.leaves.get(place).copied().filter(|id| *id != LeafId::NONE)
    }

    /// The node of a leaf.
    pub(super) fn node(&self, id: LeafId) -> u32 {
        self.shards[id.shard as usize].nodes[id.leaf as usize]
    }

    /// The lane of a node.
    pub(crate) fn lane(&self, id: LeafId) -> usize {
        self.shards[id.shard as usize].lane as usize
    }

    /// Whether a node is where it belongs; one that does not pass the mask may be anywhere.
    pub(super) fn is_right(
        &self,
        state: &State,
        columns: &[Arc<Column>],
        mask: Option<&Mask>,
        slot: NodeSlot,
    ) -> bool {
        let id = self.leaf(slot);
        let Some(node) = state.node(slot) else {
            // A leaf without a node does no harm: it is never in the running.
            return true;
        };
        if mask.is_some_and(|mask| mask.code(slot) != PASSES) {
            return true;
        }
        id.is_some_and(|id| {
            let shard = &self.shards[id.shard as usize];
            let leaf = id.leaf as usize;
            shard.tie_breaks.get(leaf) == state.tie_break(slot)
                && shard.classes[leaf] == node.class
                && self.has_symbols(shard.lane, columns, slot)
        })
    }

    /// Whether a node has the values of a lane, and is known for those that are rare.
    fn has_symbols(&self, lane: u32, columns: &[Arc<Column>], slot: NodeSlot) -> bool {
        let of_lane = self.lanes[lane as usize].symbols.iter().zip(&self.rare);
        columns.iter().zip(of_lane).all(|(column, (&of_lane, rare))| {
            let symbol = column.symbol(slot);
            match of_lane {
                RARE => rare.nodes.binary_search(&(symbol, slot.0)).is_ok(),
                _ => symbol == of_lane,
            }
        })
    }

    fn add_lane(&mut self, state: &State, symbols: Box<[Symbol]>, slots: &[u32]) {
        let lane = self.lanes.len() as u32;
        let mut shards = Vec::new();
        for slots in slots.chunks(self.shard_size) {
            let shard = self.shards.len() as u32;
            if !self.is_single {
                for (leaf, &slot) in slots.iter().enumerate() {
                    let place = self.place(NodeSlot(slot));
                    if let Some(id) = place.and_then(|place| self.leaves.get_mut(place)) {
                        *id = LeafId { shard, leaf: leaf as u32 };
                    }
                }
            }
            let class = |&slot: &u32| state.node(NodeSlot(slot)).map_or(Name::NONE, |it| it.class);
            self.shards.push(Geometry {
                lane,
                nodes: slots.into(),
                tie_breaks: TieBreaks::new(
                    slots.iter().map(|&slot| state.tie_break(NodeSlot(slot))).collect(),
                ),
                classes: slots.iter().map(class).collect(),
            });
            shards.push(shard);
        }
        self.lanes.push(Lane { symbols, shards });
    }
}

/// The nodes by their values in the columns.
fn slots_by_symbols(
    slots: &[NodeSlot],
    columns: &[Arc<Column>],
    rare: &[RareValues],
) -> FastMap<Box<[Symbol]>, Vec<u32>> {
    let mut lanes: FastMap<Box<[Symbol]>, Vec<u32>> = FastMap::default();
    let mut symbols = Vec::new();
    for &slot in slots {
        symbols.clear();
        let of_columns = columns.iter().zip(rare);
        symbols.extend(of_columns.map(|(column, rare)| rare.of_lane(column.symbol(slot))));
        match lanes.get_mut(symbols.as_slice()) {
            Some(slots) => slots.push(slot.0),
            None => _ = lanes.insert(symbols.as_slice().into(), vec![slot.0]),
        }
    }
    lanes
}
