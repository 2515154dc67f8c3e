//! Columns: the value of one target on every node, as numbers, kept up to date as nodes change.

use std::sync::Arc;

use indexmap::IndexSet;

use super::target::{facts_of, resolve};
use super::view::NodeView;
use crate::state::State;
use crate::state::node::NodeRecord;
use crate::state::pages::Pages;
use crate::state::slots::NodeSlot;
use crate::syntax::target::Target;

/// A value of a column: 0 where the target is not found, or one more than the value's place.
pub(crate) type Symbol = u32;

/// The symbol of nodes on which the target is not found.
pub(crate) const NO_VALUE: Symbol = 0;

/// Pages are large, so that the values of a job's nodes, which may be anywhere, lie on few of them.
const LEAF: usize = 4096;

/// The values of a target by node.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    target: Target,
    symbols: Pages<Symbol, LEAF>,
    values: Arc<IndexSet<Arc<str>>>,
    /// How far the journal of facts has been read.
    seen: u64,
}

impl Column {
    /// Reads the target on every node.
    pub(crate) fn new(state: &State, target: Target) -> Column {
        let (symbols, values) = Default::default();
        let mut column = Column { target, symbols, values, seen: state.facts_journal.next() };
        column.read_all(state);
        column
    }

    /// Reads the target again on nodes whose facts changed.
    pub(crate) fn catch_up(&mut self, state: &State) {
        match state.facts_journal.since(self.seen) {
            None => self.read_all(state),
            Some(changes) => {
                for slot in changes {
                    self.read(state, slot);
                }
            }
        }
        self.seen = state.facts_journal.next();
    }

    /// Whether there is nothing to catch up with.
    pub(crate) fn is_current(&self, state: &State) -> bool {
        self.seen == state.facts_journal.next()
    }

    /// The target whose values these are.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// The symbol of a node.
    pub(crate) fn symbol(&self, slot: NodeSlot) -> Symbol {
        self.symbols.get(slot.at()).copied().unwrap_or(NO_VALUE)
    }

    /// The symbols of nodes, one after the other.
    pub(crate) fn symbols(
        &self,
        nodes: impl Iterator<Item = NodeSlot>,
    ) -> impl Iterator<Item = Symbol> {
        let mut reader = self.symbols.reader();
        nodes.map(move |slot| reader.get(slot.at()).copied().unwrap_or(NO_VALUE))
    }

    /// The symbol of a value, if any node has or had it.
    pub(crate) fn find(&self, value: &str) -> Option<Symbol> {
        self.values.get_index_of(value).map(|at| at as Symbol + 1)
    }

    /// The value of a symbol.
    pub(crate) fn value(&self, symbol: Symbol) -> Option<&Arc<str>> {
        self.values.get_index(symbol.checked_sub(1)? as usize)
    }

    /// All values that any node had, in the order of their symbols.
    pub(crate) fn values(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.values.iter()
    }

    fn read_all(&mut self, state: &State) {
        let mut symbols = vec![NO_VALUE; state.node_slots()];
        let mut known = vec![None; state.facts_classes()];
        let shares = facts_of(&self.target).is_shared();
        for (slot, node) in state.nodes() {
            let known = &mut known[node.facts_class as usize];
            let symbol = match *known {
                Some(symbol) if shares => symbol,
                _ => *known.insert(self.symbol_on(node)),
            };
            symbols[slot.at()] = symbol;
        }
        self.symbols = symbols.into_iter().collect();
    }

    fn read(&mut self, state: &State, slot: NodeSlot) {
        let symbol = state.node(slot).map_or(NO_VALUE, |node| self.symbol_on(node));
        self.set(slot, symbol);
    }

    /// The symbol of the value on a node, which is made if the value is new.
    fn symbol_on(&mut self, node: &NodeRecord) -> Symbol {
        let node = NodeView::alone(node, facts_of(&self.target));
        let Some(value) = resolve(&self.target, node) else { return NO_VALUE };
        match self.values.get_index_of(value) {
            Some(at) => at as Symbol + 1,
            None => Arc::make_mut(&mut self.values).insert_full(value.into()).0 as Symbol + 1,
        }
    }

    fn set(&mut self, slot: NodeSlot, symbol: Symbol) {
        while self.symbols.len() <= slot.at() {
            self.symbols.push(NO_VALUE);
        }
        if let Some(of_node) = self.symbols.get_mut(slot.at()) {
            *of_node = symbol;
        }
    }
}
