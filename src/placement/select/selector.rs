//! Selectors: the four ways to search for the best node.

use std::sync::Arc;

use super::frontier::FrontierSelector;
use super::nodes::Look;
use super::sample::Cursor;
use super::selection::Selection;
use crate::state::slots::NodeSlot;
use crate::state::tally::BaseTally;

/// A way to search, before what it needs is at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) kind: SelectorKind,
    /// Whether allocations of lower priority may be evicted.
    pub(crate) evicts: bool,
}

/// Which selector to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SelectorKind {
    Frontier,
    Scan,
    /// With how many nodes that would do.
    Sample(usize),
    OneNode(NodeSlot),
}

/// What searches for the best node.
pub(crate) enum Selector<'s, 'a> {
    /// Takes the best of all nodes off an order that is kept up to date.
    Frontier(&'s mut FrontierSelector<'a>),
    /// Looks at every node anew: the oracle that the frontier has to agree with.
    Scan,
    /// Looks at nodes in the order of the seed until so many were found that would do.
    Sample(usize, &'s mut Cursor),
    /// Looks at one node. The counts say which nodes the job could look at.
    OneNode(NodeSlot, Arc<BaseTally>),
}

impl Way {
    pub(crate) fn new(kind: SelectorKind) -> Way {
        Way { kind, evicts: false }
    }

    /// The same with eviction, which looks at the nodes themselves.
    pub(crate) fn evicting(self) -> Way {
        let kind = match self.kind {
            SelectorKind::Frontier => SelectorKind::Scan,
            kind => kind,
        };
        Way { kind, evicts: true }
    }

    /// Whether it looks at many nodes for each selection.
    pub(crate) fn looks_at_many(self) -> bool {
        matches!(self.kind, SelectorKind::Scan | SelectorKind::Sample(_))
    }

    /// Whether it goes on with the next request, if that is like the one before.
    pub(crate) fn serves_many(self) -> bool {
        !self.evicts && !matches!(self.kind, SelectorKind::OneNode(_))
    }
}

impl Selector<'_, '_> {
    /// The best node as things are now.
    pub(crate) fn select(&mut self, look: Look<'_>) -> Selection {
        match self {
            Selector::Frontier(frontier) => frontier.select(look),
            Selector::Scan => look.at_all(),
            Selector::Sample(limit, cursor) => look.at_sample(*limit, cursor),
            Selector::OneNode(node, base) => look.at_one(*node, base),
        }
    }
}
