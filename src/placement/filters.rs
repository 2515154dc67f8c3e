//! The nodes that a `distinct_property` filters, counted as metrics name them: by value, as long as
//! there are few.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::feasibility::distinct::{DistinctProperty, VALUES_NAMED};
use crate::state::tally::{Filtered, add};

/// The nodes that one rule filters.
#[derive(Clone, Debug, Default)]
pub(super) struct FilteredByProperty {
    /// By the rule's text, which names the value. None of them is 0.
    by_text: IndexMap<Arc<str>, u32>,
    /// All of them.
    nodes: u32,
}

impl FilteredByProperty {
    /// Counts nodes.
    pub(super) fn add(&mut self, text: &Arc<str>, nodes: u32) {
        if nodes > 0 {
            self.nodes += nodes;
            *self.by_text.entry(text.clone()).or_insert(0) += nodes;
        }
    }

    /// Takes nodes off that were counted.
    pub(super) fn remove(&mut self, text: &Arc<str>, nodes: u32) {
        let Some(known) = self.by_text.get_mut(text) else { return };
        *known -= nodes;
        self.nodes -= nodes;
        if *known == 0 {
            self.by_text.swap_remove(text);
        }
    }

    /// Adds the nodes to those that other rules filter: under one text for each value, or under one for
    /// all where there are more than metrics name.
    pub(super) fn add_to(&self, rule: &DistinctProperty, filtered: &mut Filtered) {
        filtered.nodes += self.nodes;
        if self.by_text.len() > VALUES_NAMED {
            add(&mut filtered.by_rule, &rule.text_of_many(), self.nodes);
            return;
        }
        for (text, nodes) in &self.by_text {
            add(&mut filtered.by_rule, text, *nodes);
        }
    }
}
