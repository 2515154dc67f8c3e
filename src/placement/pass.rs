//! A pass: the placements of one group taken off a frontier, one after another.
//!
//! Most nodes are to the group what they are to every group with the same ask, and stay in the
//! frontier. The few that are not are checked out of it for the time of the pass and judged one by one:
//! those that the job has allocations on or failed on, and those of rare values that it has anything
//! on. At the end they go back as what they are by then. Where the group is on many nodes, those are checked
//! out only once they come up.

mod counts;
mod finding;
mod held_apart;
mod lanes;
mod later;
mod leaving;
mod property;
mod relations;
mod scoring;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use self::counts::{ClosedBy, PassCounts};
use self::lanes::PassLanes;
use self::property::PropertyCounter;
use self::relations::{Relation, Relations};
use super::group::GroupPlan;
use super::leaderboard::{Choice, Leaderboard};
use crate::feasibility::column::{Column, Symbol};
use crate::feasibility::mask::PASSES;
use crate::rank::frontier::hide::HiddenNodes;
use crate::rank::frontier::partition::Partition;
use crate::rank::frontier::queue::Entry;
use crate::rank::frontier::{Basis, Frontier};
use crate::rank::spread::{self, SpreadCounter};
use crate::rank::value_counts::ValueCounts;
use crate::state::slots::NodeSlot;
use crate::state::tally::Tally;

/// One group's placements.
pub(crate) struct Pass<'a> {
    plan: &'a GroupPlan<'a>,
    frontier: &'a mut Frontier,
    partition: &'a Partition,
    /// Those of the spreads, then those of the properties.
    columns: &'a [Arc<Column>],
    scratch: &'a mut Scratch,
    /// How many scorers are active on every node.
    active: u32,
    spreads: Vec<SpreadCounter<'a>>,
    properties: Vec<PropertyCounter<'a>>,
    /// The counts as metrics show them, unless they changed since.
    tally: Option<Arc<Tally>>,
    /// Whether the counts are still those of the frontier.
    is_untouched: bool,
    /// Where nodes that the group is on are checked out only once they come up: how many candidates the
    /// frontier has beside them, by its lanes, once that is counted; [`usize::MAX`] where they are too many to be
    /// used up.
    others: Option<Vec<Option<usize>>>,
    /// The nodes that are hidden from the frontier.
    hidden: Option<HiddenNodes>,
}

/// As many nodes as this that the job has something on are dealt with at once, not one by one. Tests see both
/// ways with few nodes.
const MANY: usize = if cfg!(debug_assertions) { 2 } else { 32 };

/// Memory that one pass leaves for the next. It is nothing to copy.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    leaderboard: Leaderboard,
    nodes: Relations,
    hidden: HiddenNodes,
    lanes: PassLanes,
    counts: PassCounts,
    values: Vec<ValueCounts>,
    /// What the values of one node count under.
    buckets: Vec<u32>,
    /// How many candidates lanes have beside those that the group is on.
    others: Vec<Option<usize>>,
    /// The nodes of a group's allocations, while they are counted.
    live: Vec<NodeSlot>,
}

impl Clone for Scratch {
    fn clone(&self) -> Scratch {
        Scratch::default()
    }
}

impl<'a> Pass<'a> {
    /// Checks nodes out of the frontier. The partition is the frontier's; the columns are those of the
    /// spreads, then those of the properties.
    pub(crate) fn new(
        basis: Basis<'_>,
        plan: &'a GroupPlan<'a>,
        frontier: &'a mut Frontier,
        (partition, columns): (&'a Partition, &'a [Arc<Column>]),
        scratch: &'a mut Scratch,
    ) -> Pass<'a> {
        let (of_spreads, of_properties) = columns.split_at(plan.scorers.spreads.len());
        let mut memory = || scratch.values.pop().unwrap_or_default();
        let spreads = plan.scorers.spreads.iter().zip(of_spreads);
        let spreads: Vec<_> =
            spreads.map(|(spread, column)| SpreadCounter::new(spread, column, memory())).collect();
        let properties = plan.distinct_properties.iter().zip(of_properties);
        let properties: Vec<_> =
            properties.map(|(rule, column)| PropertyCounter::new(rule, column, memory())).collect();
        let active =
            1 + u32::from(plan.device_weights > 0.0) + u32::from(basis.affinities.is_some());
        scratch.counts.begin(&frontier.counts, properties.len());
        scratch.leaderboard.begin(active);
        scratch.nodes.begin(basis.state.node_slots());
        scratch.lanes.begin(columns.len());
        frontier.forget_written();
        let mut pass = Pass {
            active,
            scratch,
            spreads,
            properties,
            tally: None,
            is_untouched: true,
            others: None,
            hidden: None,
            plan,
            partition,
            columns,
            frontier,
        };
        let held = pass.find_nodes(basis.state);
        pass.add_lanes();
        pass.find_rare(basis);
        if let Some(held) = held {
            pass.hide(basis, held);
        } else if !pass.check_out_later(basis) {
            pass.check_out_known(basis);
        }
        pass
    }

    /// The best candidates, best first, at most `limit`.
    pub(crate) fn best(&mut self, basis: Basis<'_>, limit: usize) -> &[Choice] {
        if self.others.is_some() {
            self.look_at_best(basis, limit);
        }
        self.scratch.leaderboard.best(self.frontier, limit)
    }

    /// One of the best candidates that were found last.
    pub(crate) fn found(&self, at: usize) -> Choice {
        self.scratch.leaderboard.found(at)
    }

    /// Notes where the scores of one of the best candidates are written down.
    pub(crate) fn set_written(&mut self, at: usize, written: u32) {
        // With spreads the scores differ from placement to placement.
        if self.spreads.is_empty() {
            self.scratch.leaderboard.set_written(self.frontier, at, written);
        }
    }

    /// The counts of the selection that is being made.
    pub(crate) fn tally(&mut self, basis: Basis<'_>) -> Arc<Tally> {
        if let Some(tally) = &self.tally {
            return tally.clone();
        }
        // Groups with static ports of their own share frontiers, and their metrics name the ports.
        let is_shared = self.is_untouched && self.plan.ask.static_ports().next().is_none();
        let tally = match self.frontier.tally(basis).filter(|_| is_shared) {
            Some(tally) => tally.clone(),
            None => {
                let rules = &self.plan.distinct_properties;
                let tally = Arc::new(self.scratch.counts.tally(basis, &self.plan.ask, rules));
                if is_shared {
                    self.frontier.keep_tally(tally.clone());
                }
                tally
            }
        };
        self.tally.insert(tally).clone()
    }

    /// Takes the best candidate out, to be placed on.
    pub(crate) fn take(&mut self) -> Option<Choice> {
        let choice = self.scratch.leaderboard.take(self.frontier)?;
        if self.others.is_some() && choice.is_of_frontier() {
            self.one_of_others_left(choice.lane as usize);
        }
        Some(choice)
    }

    /// Notes an allocation that was placed on the node that was taken, nothing being placed after it.
    pub(crate) fn placed_last(&mut self, choice: &Choice) {
        self.scratch.nodes.change(NodeSlot(choice.entry.node));
    }

    /// Counts an allocation that was placed on the node that was taken, and queues the node again as
    /// what it is now.
    pub(crate) fn placed(&mut self, basis: Basis<'_>, choice: &Choice) {
        let slot = NodeSlot(choice.entry.node);
        let is_new = !self.scratch.nodes.placed(slot);
        let mut changes_others = false;
        for at in 0..self.columns.len() {
            let symbol = self.columns[at].symbol(slot);
            let is_first = match self.spreads.get_mut(at) {
                Some(spread) => {
                    let bucket = spread.bucket(symbol);
                    changes_others |= spread.add(bucket);
                    spread.tells_all_apart() && spread.used(bucket) == 1
                }
                None => self.properties[at - self.spreads.len()].used.add(symbol) == 1,
            };
            if is_first {
                self.check_out_rare(basis, at, symbol, slot);
            }
        }
        if is_new {
            let lane = self.lane_of(slot, choice.lane as usize);
            self.move_to(slot, choice.lane as usize, lane);
        }
        if !self.columns.is_empty() {
            self.score_after(slot, changes_others);
        }
        self.queue(basis, slot);
    }

    /// Scores the lanes again that an allocation on a node may make a difference to.
    fn score_after(&mut self, slot: NodeSlot, changes_others: bool) {
        let is_alone = self.columns.len() == 1
            && self.spreads.iter().all(SpreadCounter::tells_all_apart)
            && !changes_others;
        if is_alone {
            // Lanes differ by one value, and no other lane has this one's.
            return self.score_lane(self.scratch.nodes.get(slot).lane as usize);
        }
        self.note_buckets(slot);
        for lane in 0..self.scratch.lanes.len() {
            let of_lane = self.scratch.lanes.buckets(lane);
            let shares_any = |at: Range<usize>| {
                let mut pairs = of_lane[at.clone()].iter().zip(&self.scratch.buckets[at]);
                pairs.any(|(a, b)| a == b)
            };
            let boost_changes = changes_others || shares_any(0..self.spreads.len());
            // A closed lane stays closed, and has no use for a score.
            let may_close = shares_any(self.spreads.len()..of_lane.len());
            let is_open = !self.scratch.leaderboard.is_closed(lane);
            if may_close || is_open && boost_changes {
                self.score_lane(lane);
            }
        }
    }

    /// The nodes that anything was placed on.
    pub(crate) fn changed_nodes(&self) -> impl Iterator<Item = NodeSlot> {
        let nodes = &self.scratch.nodes;
        nodes.touched().iter().copied().filter(|slot| nodes.get(*slot).is_changed)
    }

    /// Gives everything back to the frontier: the checked-out nodes as what they are now.
    pub(crate) fn finish(self, basis: Basis<'_>) {
        if let Some(mut hidden) = self.hidden {
            self.frontier.show(&mut hidden);
            self.scratch.hidden = hidden;
        }
        if let Some(others) = self.others {
            self.scratch.others = others;
        }
        // The others are in the frontier still.
        for slot in self.scratch.nodes.touched() {
            self.frontier.look_at(basis, *slot);
        }
        self.frontier.find_best();
        self.frontier.mark_seen(basis);
        let of_spreads = self.spreads.into_iter().map(SpreadCounter::into_counts);
        self.scratch.values.extend(of_spreads);
        self.scratch.values.extend(self.properties.into_iter().map(|property| property.used));
    }

    /// Checks out the nodes of a value that has its first allocation, which is on one of them, if the
    /// value is rare.
    fn check_out_rare(&mut self, basis: Basis<'_>, column: usize, symbol: Symbol, on: NodeSlot) {
        let partition = self.partition;
        for slot in partition.rare_nodes(column, symbol).filter(|slot| *slot != on) {
            if self.scratch.nodes.get(slot).lane == Relation::NO_LANE {
                self.check_out(basis, slot);
            }
        }
    }

    /// Checks out all nodes that are to the job what others are not.
    fn check_out_known(&mut self, basis: Basis<'_>) {
        for at in 0..self.scratch.nodes.listed().len() {
            self.check_out(basis, self.scratch.nodes.listed()[at].0);
        }
        self.check_out_of_group(basis, |_, _| true);
    }

    /// Checks out those of the nodes that the group is on for which this holds.
    fn check_out_of_group(&mut self, basis: Basis<'_>, is_it: impl Fn(&Self, NodeSlot) -> bool) {
        for at in 0..self.scratch.nodes.of_group().len() {
            let slot = self.scratch.nodes.of_group()[at];
            let node = self.scratch.nodes.get(slot);
            if node.collisions > 0 && node.lane == Relation::NO_LANE && is_it(self, slot) {
                self.check_out(basis, slot);
            }
        }
    }

    /// Checks a node out of the frontier and queues it as what it is to this group.
    fn check_out(&mut self, basis: Basis<'_>, slot: NodeSlot) {
        if basis.mask.code(slot) != PASSES {
            return;
        }
        let Some(id) = self.partition.leaf(slot) else { return };
        let from = self.partition.lane(id);
        if let Some(exhausted) = self.frontier.exhausted(id) {
            let (class, counts) = (self.frontier.class(id), &self.frontier.counts);
            self.scratch.counts.remove_exhausted(counts, from, exhausted, class);
            self.note_change();
        }
        self.frontier.check_out(id);
        self.scratch.leaderboard.forget(from, slot.0);
        let lane = self.lane_of(slot, from);
        self.move_to(slot, from, lane);
        self.queue(basis, slot);
    }

    /// Puts a node into its lane for the time of the pass.
    fn move_to(&mut self, slot: NodeSlot, from: usize, lane: usize) {
        self.scratch.nodes.put_into(slot, lane as u32);
        if let Some(id) = self.partition.leaf(slot).filter(|_| from != lane) {
            let class = self.frontier.class(id);
            self.scratch.counts.move_node(&self.frontier.counts, from, lane, class);
        }
    }

    /// Queues a checked-out node as what it is now, and counts it as that.
    fn queue(&mut self, basis: Basis<'_>, slot: NodeSlot) {
        let Some(id) = self.partition.leaf(slot) else { return };
        let node = self.scratch.nodes.get(slot);
        let lane = node.lane as usize;
        let (class, counts) = (self.frontier.class(id), &self.frontier.counts);
        if self.plan.distinct_hosts.is_some() && node.keeps_away {
            self.scratch.counts.add_host(counts, lane, class);
            return self.note_change();
        }
        match self.node_scores(basis, slot, &node) {
            Err(exhausted) => {
                let counts = &self.frontier.counts;
                self.scratch.counts.add_exhausted(counts, lane, exhausted, class);
                self.note_change();
            }
            Ok(scores) => {
                let entry = Entry::new(scores.local(), basis.state.tie_break(slot), slot.0);
                let extras = (scores.count() - self.active) as usize;
                self.scratch.leaderboard.insert(lane, extras, entry);
            }
        }
    }

    /// Notes that the counts are no longer what they were.
    fn note_change(&mut self) {
        (self.tally, self.is_untouched) = (None, false);
    }

    /// Adds the lanes of the frontier.
    fn add_lanes(&mut self) {
        let partition = self.partition;
        for (at, lane) in partition.lanes.iter().enumerate() {
            let (of_spreads, of_properties) = lane.symbols.split_at(self.spreads.len());
            let spreads = self.spreads.iter().zip(of_spreads);
            let of_spreads = spreads.map(|(spread, &symbol)| spread.bucket(symbol));
            let buckets = of_spreads.chain(of_properties.iter().copied());
            self.scratch.lanes.add_of_frontier(buckets);
            self.add_lane(at);
        }
    }

    /// The lane of a node, which was in this one of the frontier. It is made if there is none.
    fn lane_of(&mut self, slot: NodeSlot, of_frontier: usize) -> usize {
        if self.columns.is_empty() {
            return of_frontier;
        }
        self.note_buckets(slot);
        let Scratch { lanes, buckets, .. } = &mut *self.scratch;
        let (lane, is_new) = lanes.find_or_make(of_frontier, buckets);
        if is_new {
            self.add_lane(lane);
        }
        lane
    }

    /// Notes what the values of a node count under.
    fn note_buckets(&mut self, slot: NodeSlot) {
        let (of_spreads, of_properties) = self.columns.split_at(self.spreads.len());
        let spreads = self.spreads.iter().zip(of_spreads);
        let of_spreads = spreads.map(|(spread, column)| spread.bucket(column.symbol(slot)));
        let of_properties = of_properties.iter().map(|column| column.symbol(slot));
        self.scratch.buckets.clear();
        self.scratch.buckets.extend(of_spreads.chain(of_properties));
    }

    fn add_lane(&mut self, lane: usize) {
        let (spread, is_closed) = self.judge_lane(lane);
        self.scratch.leaderboard.add_lane(spread, is_closed);
    }

    /// Scores the spread of a lane again and finds out whether it is closed.
    fn score_lane(&mut self, lane: usize) {
        let (spread, is_closed) = self.judge_lane(lane);
        self.scratch.leaderboard.set_lane(lane, spread, is_closed);
    }

    /// The spread score of a lane and whether it is closed.
    fn judge_lane(&mut self, lane: usize) -> (f64, bool) {
        let buckets = self.scratch.lanes.buckets(lane);
        let (of_spreads, of_properties) = buckets.split_at(self.spreads.len());
        let spreads = self.spreads.iter().zip(of_spreads);
        let scores = spreads.map(|(spread, &bucket)| spread.score(bucket));
        let spread = spread::total(scores).unwrap_or(0.0);
        let mut properties = self.properties.iter().zip(of_properties);
        let closed_by = properties.position(|(property, &symbol)| !property.allows(symbol));
        if closed_by != self.scratch.counts.closed_by(lane) {
            let text_of = |rule: usize| {
                let column = &self.columns[self.spreads.len() + rule];
                let text = self.properties[rule].text(column, of_properties[rule]);
                ClosedBy { rule, text }
            };
            let closed_by = closed_by.map(text_of);
            self.scratch.counts.close(&self.frontier.counts, lane, closed_by);
            self.note_change();
        }
        (spread, closed_by.is_some())
    }
}
