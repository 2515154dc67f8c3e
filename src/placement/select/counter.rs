//! Counting what becomes of the nodes that a selection looks at.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::fit::exhausted::Exhausted;
use crate::placement::filters::FilteredByProperty;
use crate::placement::group::GroupPlan;
use crate::placement::scan::{Filter, NodeResult, RankedNode, Scan};
use crate::state::node::NodeRecord;
use crate::state::slots::NodeSlot;
use crate::state::tally::{Filtered, Tally};

/// Counts what becomes of nodes.
pub(super) struct Counter<'a> {
    plan: &'a GroupPlan<'a>,
    tally: Tally,
    filtered: FilterCounter,
    /// The texts of what ran out, each made once.
    keys: IndexMap<Exhausted, Arc<str>>,
}

/// Counts nodes that are filtered.
#[derive(Debug)]
pub(crate) struct FilterCounter {
    filtered: Filtered,
    /// What each `distinct_property` filters.
    by_property: Vec<FilteredByProperty>,
}

impl<'a> Counter<'a> {
    pub(super) fn new(plan: &'a GroupPlan<'a>) -> Counter<'a> {
        let (tally, filtered) = (Tally::default(), FilterCounter::new(plan));
        Counter { plan, tally, filtered, keys: IndexMap::new() }
    }

    /// Looks at a node and gives it back if it would do.
    pub(super) fn look<'s>(
        &mut self,
        scan: &Scan<'s>,
        slot: NodeSlot,
        node: &'s NodeRecord,
    ) -> Option<RankedNode> {
        let result = scan.result(slot, node);
        self.count(scan, node, result)
    }

    /// Counts a node by what it is to the group.
    pub(super) fn count(
        &mut self,
        scan: &Scan<'_>,
        node: &NodeRecord,
        result: NodeResult,
    ) -> Option<RankedNode> {
        if !matches!(result, NodeResult::NotCandidate) {
            self.tally.evaluated += 1;
        }
        let class = scan.state().name(node.class);
        match result {
            NodeResult::NotCandidate => None,
            NodeResult::Filtered(filter) => {
                self.filtered.add(&filter, class);
                None
            }
            NodeResult::Exhausted(exhausted) => {
                let ask = &self.plan.ask;
                let key = self.keys.entry(exhausted).or_insert_with(|| exhausted.text(ask));
                self.tally.exhausted.add(key, class);
                None
            }
            NodeResult::Ranked(ranked) => Some(ranked),
        }
    }

    pub(super) fn finish(self) -> Tally {
        Tally { filtered: self.filtered.finish(self.plan), ..self.tally }
    }
}

impl FilterCounter {
    pub(crate) fn new(plan: &GroupPlan<'_>) -> FilterCounter {
        let by_property = vec![FilteredByProperty::default(); plan.distinct_properties.len()];
        FilterCounter { filtered: Filtered::default(), by_property }
    }

    /// Counts a node of a class.
    pub(crate) fn add(&mut self, filter: &Filter, class: &Arc<str>) {
        let text = filter.reason.text();
        match filter.property.and_then(|at| self.by_property.get_mut(at)) {
            None => self.filtered.add(&text, class),
            Some(of_property) => {
                of_property.add(&text, 1);
                self.filtered.add_class(class, 1);
            }
        }
    }

    /// The counts as metrics have them.
    pub(crate) fn finish(self, plan: &GroupPlan<'_>) -> Filtered {
        let mut filtered = self.filtered;
        for (rule, of_rule) in plan.distinct_properties.iter().zip(&self.by_property) {
            of_rule.add_to(rule, &mut filtered);
        }
        filtered
    }
}
