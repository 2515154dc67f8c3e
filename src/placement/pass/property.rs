//! A `distinct_property` while a pass goes on: which values it still allows.

use std::sync::Arc;

use crate::feasibility::column::{Column, NO_VALUE, Symbol};
use crate::feasibility::distinct::DistinctProperty;
use crate::rank::frontier::partition::RARE;
use crate::rank::value_counts::ValueCounts;

/// A `distinct_property` with how many allocations each value has.
pub(super) struct PropertyCounter<'a> {
    pub(super) rule: &'a DistinctProperty,
    /// By symbol.
    pub(super) used: ValueCounts,
}

impl<'a> PropertyCounter<'a> {
    pub(super) fn new(rule: &'a DistinctProperty, column: &Column, mut used: ValueCounts) -> Self {
        used.begin(column.values().len() + 1);
        PropertyCounter { rule, used }
    }

    /// Whether nodes with this value may be used.
    pub(super) fn allows(&self, symbol: Symbol) -> bool {
        self.rule.allows(symbol != NO_VALUE, self.used.get(symbol).into())
    }

    /// Why nodes with this value may not be used.
    pub(super) fn text(&self, column: &Column, symbol: Symbol) -> Arc<str> {
        let value = match symbol {
            RARE => Some("*"),
            _ => column.value(symbol).map(|value| &**value),
        };
        let reason = self.rule.filter(value, self.used.get(symbol).into());
        reason.map(|reason| reason.text()).unwrap_or_default()
    }
}
