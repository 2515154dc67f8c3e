//! Refusals: requests for which no node was found, and what they come to for their group.

use std::sync::Arc;

use super::group::GroupPlan;
use super::scan::Filter;
use super::select::counter::FilterCounter;
use crate::state::tally::{BaseTally, Tally};

/// A request for which no node was found.
pub(crate) struct Refusal {
    /// The counts of the selection that failed.
    pub(crate) tally: Arc<Tally>,
    pub(crate) name_index: u32,
    pub(crate) time_ns: u64,
    /// Where one node was looked at: what filters it.
    pub(crate) filter: Option<Filter>,
}

/// The refusals of one group of a system job, of which each looked at one node (docs/placement.md,
/// section 8).
pub(crate) struct NodeRefusals {
    /// All filtered nodes together.
    filters: FilterCounter,
    filtered: u32,
    /// The first node without room.
    first_exhausted: Option<Refusal>,
    exhausted: u32,
}

impl NodeRefusals {
    pub(crate) fn new(plan: &GroupPlan<'_>) -> NodeRefusals {
        let filters = FilterCounter::new(plan);
        NodeRefusals { filters, filtered: 0, first_exhausted: None, exhausted: 0 }
    }

    pub(crate) fn add(&mut self, refusal: Refusal) {
        if let Some(filter) = &refusal.filter {
            self.filtered += 1;
            let class = refusal.tally.filtered.by_class.first();
            let class = class.map_or_else(|| Arc::from(""), |(class, _)| class.clone());
            self.filters.add(filter, &class);
        } else if refusal.tally.exhausted.nodes > 0 {
            self.exhausted += 1;
            self.first_exhausted.get_or_insert(refusal);
        }
    }

    /// The first node without room, and how many have none.
    pub(crate) fn exhausted(&mut self) -> Option<(Refusal, u32)> {
        Some((self.first_exhausted.take()?, self.exhausted))
    }

    /// Whether any node is filtered.
    pub(crate) fn has_filtered(&self) -> bool {
        self.filtered > 0
    }

    /// All filtered nodes together.
    pub(crate) fn filtered(self, plan: &GroupPlan<'_>, base: Arc<BaseTally>) -> Refusal {
        let (evaluated, filtered) = (self.filtered, self.filters.finish(plan));
        let tally = Arc::new(Tally { base, evaluated, filtered, ..Tally::default() });
        Refusal { tally, name_index: 0, time_ns: 0, filter: None }
    }
}
