//! The counts of a pass, kept while nodes change and lanes close, so that the metrics of a placement
//! cost no walk over lanes.

use std::sync::Arc;

use super::super::filters::FilteredByProperty;
use crate::feasibility::distinct::DistinctProperty;
use crate::feasibility::reason::DISTINCT_HOSTS;
use crate::fit::ask::Ask;
use crate::fit::exhausted::Exhausted;
use crate::rank::frontier::Basis;
use crate::rank::frontier::counts::{DimensionTexts, LaneCounts};
use crate::state::fast_map::FastMap;
use crate::state::names::Name;
use crate::state::tally::{ClassCounts, ExhaustedNodes, Filtered, Tally, add};

/// What the nodes of a pass come to that may run the group by their facts.
#[derive(Debug, Default)]
pub(super) struct PassCounts {
    /// Of all lanes those that the group's own allocations keep it from; of open lanes those without
    /// room.
    total: LaneCounts,
    /// Where lanes can close: those that are not as the frontier has them.
    lanes: FastMap<usize, ClosableLane>,
    /// By rule: the nodes of closed lanes, but for those that were filtered before.
    closed_nodes: Vec<FilteredByProperty>,
    closed_classes: ClassCounts,
    /// The texts of what ran out.
    dimension_texts: DimensionTexts,
}

/// A lane that may be closed.
#[derive(Debug, Default)]
struct ClosableLane {
    counts: LaneCounts,
    closed_by: Option<ClosedBy>,
}

/// What closes a lane.
#[derive(Clone, Debug)]
pub(super) struct ClosedBy {
    /// The rule, as its place among the group's.
    pub(super) rule: usize,
    /// What metrics say of the lane's nodes.
    pub(super) text: Arc<str>,
}

impl PassCounts {
    /// Begins with the counts of a frontier, and so many rules that can close lanes.
    pub(super) fn begin(&mut self, of_frontier: &[LaneCounts], rules: usize) {
        match of_frontier.split_first() {
            Some((first, others)) => {
                self.total.clone_from(first);
                others.iter().for_each(|lane| self.total.merge(lane));
            }
            None => self.total.clear(),
        }
        self.lanes.clear();
        self.closed_nodes.clear();
        self.closed_nodes.resize_with(rules, FilteredByProperty::default);
        self.closed_classes.clear();
        self.dimension_texts.forget_ask();
    }

    /// Whether lanes can close at all.
    fn lanes_close(&self) -> bool {
        !self.closed_nodes.is_empty()
    }

    /// The place of the rule that closes a lane.
    pub(super) fn closed_by(&self, lane: usize) -> Option<usize> {
        self.lanes.get(&lane)?.closed_by.as_ref().map(|closed_by| closed_by.rule)
    }

    /// Sets what closes a lane.
    pub(super) fn close(
        &mut self,
        of_frontier: &[LaneCounts],
        lane: usize,
        closed_by: Option<ClosedBy>,
    ) {
        self.change_lane(of_frontier, lane, |lane| lane.closed_by = closed_by);
    }

    /// Counts a node that the group's own allocations keep it from.
    pub(super) fn add_host(&mut self, of_frontier: &[LaneCounts], lane: usize, class: Name) {
        self.change(of_frontier, lane, |counts| counts.hosts.add(class));
    }

    /// The counts of all lanes, to be changed where none of them can close.
    pub(super) fn total_mut(&mut self) -> &mut LaneCounts {
        debug_assert!(!self.lanes_close());
        &mut self.total
    }

    /// Counts a node without room.
    pub(super) fn add_exhausted(
        &mut self,
        of_frontier: &[LaneCounts],
        lane: usize,
        exhausted: Exhausted,
        class: Name,
    ) {
        self.change(of_frontier, lane, |counts| counts.add_exhausted(exhausted, class));
    }

    /// Counts a node as one with room.
    pub(super) fn remove_exhausted(
        &mut self,
        of_frontier: &[LaneCounts],
        lane: usize,
        exhausted: Exhausted,
        class: Name,
    ) {
        self.change(of_frontier, lane, |counts| counts.remove_exhausted(exhausted, class));
    }

    /// Counts a node in another lane than before.
    pub(super) fn move_node(
        &mut self,
        of_frontier: &[LaneCounts],
        from: usize,
        to: usize,
        class: Name,
    ) {
        if from != to && self.lanes_close() {
            self.change_lane(of_frontier, from, |lane| lane.counts.passing.remove(class));
            self.change_lane(of_frontier, to, |lane| lane.counts.passing.add(class));
        }
    }

    /// Changes the counts of a lane, and with them those of all.
    fn change(
        &mut self,
        of_frontier: &[LaneCounts],
        lane: usize,
        change: impl Fn(&mut LaneCounts),
    ) {
        if !self.lanes_close() {
            return change(&mut self.total);
        }
        if self.closed_by(lane).is_some() {
            return self.change_lane(of_frontier, lane, |lane| change(&mut lane.counts));
        }
        change(&mut self.lane(of_frontier, lane).counts);
        change(&mut self.total);
    }

    /// Changes a lane, taking its counts off those of all for the time.
    fn change_lane(
        &mut self,
        of_frontier: &[LaneCounts],
        lane: usize,
        change: impl FnOnce(&mut ClosableLane),
    ) {
        let mut of_lane = std::mem::take(self.lane(of_frontier, lane));
        let ClosableLane { counts, closed_by } = &of_lane;
        self.total.hosts.subtract(&counts.hosts);
        match closed_by {
            None => self.total.subtract_exhausted(counts),
            Some(ClosedBy { rule, text }) => {
                self.closed_nodes[*rule].remove(text, counts.passing.nodes - counts.hosts.nodes);
                self.closed_classes.merge(&counts.hosts);
                self.closed_classes.subtract(&counts.passing);
            }
        }
        change(&mut of_lane);
        let ClosableLane { counts, closed_by } = &of_lane;
        self.total.hosts.merge(&counts.hosts);
        match closed_by {
            None => self.total.merge_exhausted(counts),
            Some(ClosedBy { rule, text }) => {
                self.closed_nodes[*rule].add(text, counts.passing.nodes - counts.hosts.nodes);
                self.closed_classes.merge(&counts.passing);
                self.closed_classes.subtract(&counts.hosts);
            }
        }
        *self.lane(of_frontier, lane) = of_lane;
    }

    /// A lane to change.
    fn lane(&mut self, of_frontier: &[LaneCounts], lane: usize) -> &mut ClosableLane {
        self.lanes.entry(lane).or_insert_with(|| ClosableLane {
            counts: of_frontier.get(lane).cloned().unwrap_or_default(),
            closed_by: None,
        })
    }

    /// The counts as metrics have them.
    pub(super) fn tally(
        &mut self,
        basis: Basis<'_>,
        ask: &Ask,
        rules: &[DistinctProperty],
    ) -> Tally {
        let names = &basis.state.names;
        let base = basis.mask.tally();
        let mut filtered = Filtered::default();
        let hosts = &self.total.hosts;
        if hosts.nodes > 0 {
            filtered.nodes += hosts.nodes;
            add(&mut filtered.by_rule, &DISTINCT_HOSTS.into(), hosts.nodes);
            hosts.add_named(names, &mut filtered.by_class);
        }
        for (rule, nodes) in rules.iter().zip(&self.closed_nodes) {
            nodes.add_to(rule, &mut filtered);
        }
        self.closed_classes.add_named(names, &mut filtered.by_class);
        let mut exhausted = ExhaustedNodes {
            nodes: self.total.exhausted_classes.nodes,
            ..ExhaustedNodes::default()
        };
        for &(what, nodes) in self.total.exhausted.iter().filter(|(_, nodes)| *nodes > 0) {
            add(&mut exhausted.by_dimension, &self.dimension_texts.get(what, ask), nodes);
        }
        self.total.exhausted_classes.add_named(names, &mut exhausted.by_class);
        Tally { base: base.clone(), evaluated: base.nodes, filtered, exhausted }
    }
}
