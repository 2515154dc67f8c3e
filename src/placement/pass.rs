//! A pass: the placements of one group taken off a frontier, one after another.
//!
//! Most nodes are to the group what they are to every group with the same ask, and stay in the
//! frontier. The few that are special to this job (it has allocations there, or failed there) are taken
//! out of it for the time of the pass and judged one by one; at the end they go back as what they are
//! by then.

use std::sync::Arc;

use super::contest::{Choice, Contest};
use super::group::GroupPlan;
use crate::feasibility::column::Column;
use crate::feasibility::distinct::{DistinctProperty, Scope};
use crate::feasibility::mask::PASSES;
use crate::feasibility::reason::DISTINCT_HOSTS;
use crate::fit::exhausted::Exhausted;
use crate::rank::anti_affinity::{RESCHEDULE_PENALTY, job_anti_affinity};
use crate::rank::frontier::counts::{Keys, LaneCounts};
use crate::rank::frontier::partition::Place;
use crate::rank::frontier::queue::Entry;
use crate::rank::frontier::{Facts, Frontier};
use crate::rank::spread::{self, SpreadCounter};
use crate::state::State;
use crate::state::allocation::AllocationRecord;
use crate::state::scores::{Scorer, Scores};
use crate::state::slots::NodeSlot;
use crate::state::tally::{ExhaustedNodes, Filtered, Tally, add};

/// One group's placements.
pub(crate) struct Pass<'a> {
    plan: &'a GroupPlan<'a>,
    frontier: &'a mut Frontier,
    scratch: &'a mut Scratch,
    /// How many scorers are active on every node.
    active: u32,
    spreads: Vec<SpreadCounter<'a>>,
    properties: Vec<PropertyCounter<'a>>,
    /// The counts as metrics show them, unless they changed since.
    tally: Option<Arc<Tally>>,
    /// Whether the counts are still those of the frontier.
    is_untouched: bool,
}

/// Memory that one pass leaves for the next. It is nothing to copy.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    contest: Contest,
    special: SpecialNodes,
    /// By lane where lanes close, or of all lanes together.
    counts: Vec<LaneCounts>,
    keys: Keys,
}

impl Scratch {
    /// Begins with the counts of a frontier.
    fn count(&mut self, lanes: &[LaneCounts], by_lane: bool) {
        let wanted = if by_lane { lanes.len() } else { 1 };
        self.counts.truncate(wanted);
        self.counts.iter_mut().for_each(LaneCounts::clear);
        self.counts.resize_with(wanted, LaneCounts::default);
        for (at, lane) in lanes.iter().enumerate() {
            self.counts[if by_lane { at } else { 0 }].merge(lane);
        }
    }
}

/// The nodes that are special to a job.
#[derive(Debug, Default)]
struct SpecialNodes {
    nodes: Vec<(NodeSlot, Special)>,
    /// By slot: one more than the node's place in the list, or 0. In stretches that are made when they
    /// are needed, since a fork begins with none.
    places: Vec<Vec<u32>>,
}

/// How many slots a stretch of places has.
const STRETCH: usize = 256;

impl SpecialNodes {
    fn clear(&mut self) {
        for (node, _) in self.nodes.drain(..) {
            self.places[node.at() / STRETCH][node.at() % STRETCH] = 0;
        }
    }

    /// One more than a node's place in the list, or 0.
    fn place(&self, node: NodeSlot) -> u32 {
        let stretch = self.places.get(node.at() / STRETCH);
        stretch.and_then(|stretch| stretch.get(node.at() % STRETCH)).copied().unwrap_or(0)
    }

    fn get(&self, node: NodeSlot) -> Special {
        match self.place(node) {
            0 => Special::default(),
            place => self.nodes[place as usize - 1].1,
        }
    }

    /// What is special about a node, which it becomes if it was not.
    fn entry(&mut self, node: NodeSlot) -> &mut Special {
        let (stretch, at) = (node.at() / STRETCH, node.at() % STRETCH);
        if self.places.len() <= stretch {
            self.places.resize(stretch + 1, Vec::new());
        }
        let stretch = &mut self.places[stretch];
        stretch.resize(STRETCH, 0);
        let place = &mut stretch[at];
        if *place == 0 {
            self.nodes.push((node, Special::default()));
            *place = self.nodes.len() as u32;
        }
        let at = *place as usize - 1;
        &mut self.nodes[at].1
    }
}

impl Clone for Scratch {
    fn clone(&self) -> Scratch {
        Scratch::default()
    }
}

/// A node that is special to the job.
#[derive(Clone, Copy, Debug, Default)]
struct Special {
    /// Allocations of the group, and of its namesakes in other namespaces.
    collisions: u32,
    /// Allocations of the job, or of the group, that keep others away.
    hosts: u32,
    has_penalty: bool,
    /// Whether anything was placed on it.
    is_changed: bool,
}

/// A `distinct_property` with how many allocations each value has.
struct PropertyCounter<'a> {
    rule: &'a DistinctProperty,
    column: Arc<Column>,
    /// By symbol.
    used: Vec<u64>,
}

impl<'a> Pass<'a> {
    /// Takes the special nodes out of the frontier. The columns are those of the spreads, then those of
    /// the properties.
    pub(crate) fn new(
        facts: Facts<'_>,
        plan: &'a GroupPlan<'a>,
        frontier: &'a mut Frontier,
        columns: &[Arc<Column>],
        scratch: &'a mut Scratch,
    ) -> Pass<'a> {
        let (of_spreads, of_properties) = columns.split_at(plan.scorers.spreads.len());
        let spreads = plan.scorers.spreads.iter().zip(of_spreads);
        let properties = plan.distinct_properties.iter().zip(of_properties);
        scratch.count(&frontier.counts, !plan.distinct_properties.is_empty());
        let active =
            1 + u32::from(plan.device_weights > 0.0) + u32::from(facts.affinities.is_some());
        scratch.contest.begin(frontier.partition.lanes.len(), active);
        scratch.special.clear();
        scratch.keys.forget_ask();
        frontier.forget_written();
        let mut pass = Pass {
            active,
            scratch,
            spreads: spreads.map(|(spread, column)| SpreadCounter::new(spread, column)).collect(),
            properties: properties
                .map(|(rule, column)| PropertyCounter::new(rule, column))
                .collect(),
            tally: None,
            is_untouched: true,
            plan,
            frontier,
        };
        pass.find_special(facts.state, of_spreads);
        for at in 0..pass.scratch.special.nodes.len() {
            pass.take_out(facts, pass.scratch.special.nodes[at].0);
        }
        pass.score_lanes(|_, _| true);
        pass
    }

    /// The best candidates, best first, at most `limit`.
    pub(crate) fn best(&mut self, limit: usize) -> &[Choice] {
        self.scratch.contest.best(self.frontier, limit)
    }

    /// One of the best candidates that were found last.
    pub(crate) fn found(&self, at: usize) -> Choice {
        self.scratch.contest.found(at)
    }

    /// Notes where the scores of one of the best candidates are written down.
    pub(crate) fn set_written(&mut self, at: usize, written: u32) {
        // With spreads the scores differ from placement to placement.
        if self.spreads.is_empty() {
            self.scratch.contest.set_written(self.frontier, at, written);
        }
    }

    /// All scores of a candidate.
    pub(crate) fn scores(&self, facts: Facts<'_>, choice: &Choice) -> Scores {
        let slot = NodeSlot(choice.entry.node);
        let special = self.scratch.special.get(slot);
        let mut scores = self.node_scores(facts, slot, &special).unwrap_or_default();
        let spread = self.scratch.contest.spread(choice.lane);
        if spread != 0.0 {
            scores.set(Scorer::Spread, spread);
        }
        scores
    }

    /// The counts of the selection that is being made.
    pub(crate) fn tally(&mut self, facts: Facts<'_>) -> Arc<Tally> {
        if let Some(tally) = &self.tally {
            return tally.clone();
        }
        // Groups with static ports of their own share frontiers, and their metrics name the ports.
        let is_shared = self.is_untouched && self.plan.ask.static_ports().next().is_none();
        let tally = match self.frontier.tally(facts).filter(|_| is_shared) {
            Some(tally) => tally.clone(),
            None => {
                let tally = Arc::new(self.count(facts));
                if is_shared {
                    self.frontier.keep_tally(tally.clone());
                }
                tally
            }
        };
        self.tally.insert(tally).clone()
    }

    fn count(&mut self, facts: Facts<'_>) -> Tally {
        let state = facts.state;
        let base = facts.mask.tally();
        let mut tally = Tally {
            base: base.clone(),
            evaluated: base.nodes,
            filtered: Filtered::default(),
            exhausted: ExhaustedNodes::default(),
        };
        for (at, counts) in self.scratch.counts.iter().enumerate() {
            let hosts = &counts.hosts;
            if hosts.nodes > 0 {
                tally.filtered.nodes += hosts.nodes;
                add(&mut tally.filtered.by_rule, &DISTINCT_HOSTS.into(), hosts.nodes);
                hosts.add_named(&state.names, &Default::default(), &mut tally.filtered.by_class);
            }
            // Only where lanes can close are they counted one by one.
            let closed = match self.properties.is_empty() {
                true => None,
                false => self.scratch.contest.closed(at),
            };
            if let Some(rule) = closed {
                add_closed(state, counts, rule, &mut tally.filtered);
                continue;
            }
            tally.exhausted.nodes += counts.exhausted_classes.nodes;
            for &(exhausted, nodes) in counts.exhausted.iter().filter(|(_, nodes)| *nodes > 0) {
                let key = self.scratch.keys.get(exhausted, &self.plan.ask);
                add(&mut tally.exhausted.by_dimension, &key, nodes);
            }
            let by_class = &mut tally.exhausted.by_class;
            counts.exhausted_classes.add_named(&state.names, &Default::default(), by_class);
        }
        tally
    }

    /// Takes the best candidate out, to be placed on.
    pub(crate) fn take(&mut self) -> Option<Choice> {
        self.scratch.contest.take(self.frontier)
    }

    /// Counts an allocation that was placed on the node that was taken, and queues the node again as
    /// what it is now.
    pub(crate) fn placed(&mut self, facts: Facts<'_>, choice: &Choice) {
        let slot = NodeSlot(choice.entry.node);
        let special = self.scratch.special.entry(slot);
        special.collisions += 1;
        special.hosts += 1;
        special.is_changed = true;
        self.requeue(facts, slot, choice.lane as usize);
        let lane = choice.lane as usize;
        let symbols = &self.frontier.partition.lanes[lane].symbols;
        let (of_spreads, of_properties) = symbols.split_at(self.spreads.len());
        let mut changes_others = false;
        for (spread, &symbol) in self.spreads.iter_mut().zip(of_spreads) {
            changes_others |= spread.add(symbol, 1);
        }
        for (property, &symbol) in self.properties.iter_mut().zip(of_properties) {
            property.used[symbol as usize] += 1;
        }
        if self.spreads.is_empty() && self.properties.is_empty() {
            return;
        }
        let is_alone =
            symbols.len() == 1 && self.spreads.iter().all(|spread| spread.tells_all_apart());
        if is_alone && !changes_others {
            // Lanes differ by one value, and no other lane has this one's.
            self.score_lane(lane);
        } else {
            self.score_lanes(|pass, at| changes_others || pass.counts_as(at, lane));
        }
    }

    /// Whether an allocation in one of two lanes counts in the other too.
    fn counts_as(&self, a: usize, b: usize) -> bool {
        let lanes = &self.frontier.partition.lanes;
        let (a, b) = (&lanes[a].symbols, &lanes[b].symbols);
        let mut spreads = self.spreads.iter().zip(a.iter().zip(b));
        let properties = a.iter().zip(b).skip(self.spreads.len());
        spreads.any(|(spread, (&a, &b))| spread.counts_as(a, b)) || { properties }
            .any(|(a, b)| a == b)
    }

    /// The nodes that anything was placed on.
    pub(crate) fn changed_nodes(&self) -> impl Iterator<Item = NodeSlot> {
        let special = self.scratch.special.nodes.iter();
        special.filter(|(_, special)| special.is_changed).map(|(node, _)| *node)
    }

    /// Gives everything back to the frontier: the special nodes as what they are now.
    pub(crate) fn finish(self, facts: Facts<'_>) {
        for &(node, _) in &self.scratch.special.nodes {
            self.frontier.look_at(facts, node);
        }
        self.frontier.settle();
        self.frontier.mark_seen(facts);
    }

    /// Finds the nodes that the job has allocations on or should stay away from, and counts the
    /// allocations for spreads and properties.
    fn find_special(&mut self, state: &State, of_spreads: &[Arc<Column>]) {
        let plan = self.plan;
        for slot in &plan.scorers.penalty_nodes {
            self.scratch.special.entry(*slot).has_penalty = true;
        }
        // A static port of the ask may be taken on the nodes that use it.
        for port in plan.ask.static_ports() {
            for &node in state.port_users.of(port) {
                self.scratch.special.entry(NodeSlot(node));
            }
        }
        state.visit_jobs_named(&plan.job.id, |slot, job| {
            let is_own = Some(slot) == plan.job_slot;
            for group in job.groups.iter() {
                let in_group = *group.name == *plan.group.name;
                for &allocation in group.allocations.iter() {
                    if let Some(record) = state.allocation(allocation) {
                        self.count_own(state, record, is_own, in_group, of_spreads);
                    }
                }
            }
        });
    }

    fn count_own(
        &mut self,
        state: &State,
        record: &AllocationRecord,
        is_own: bool,
        in_group: bool,
        of_spreads: &[Arc<Column>],
    ) {
        if record.occupies {
            let keeps_away = is_own
                && match self.plan.distinct_hosts {
                    Some(Scope::Job) => true,
                    Some(Scope::Group) => in_group,
                    None => false,
                };
            if in_group || keeps_away {
                let special = self.scratch.special.entry(record.node);
                special.collisions += u32::from(in_group);
                special.hosts += u32::from(keeps_away);
            }
        }
        if !is_own || !record.is_live() || state.node(record.node).is_none() {
            return;
        }
        for (spread, column) in self.spreads.iter_mut().zip(of_spreads).filter(|_| in_group) {
            spread.add(column.symbol(record.node), 1);
        }
        for property in &mut self.properties {
            if in_group || property.rule.scope == Scope::Job {
                property.used[property.column.symbol(record.node) as usize] += 1;
            }
        }
    }

    /// Takes a special node out of the frontier and queues it as what it is to this group.
    fn take_out(&mut self, facts: Facts<'_>, slot: NodeSlot) {
        if facts.mask.code(slot) != PASSES {
            return;
        }
        let Some(place) = self.frontier.partition.place(slot) else { return };
        if let Some(exhausted) = self.frontier.exhausted(place) {
            let class = self.frontier.class(place);
            self.counts_of(place).remove_exhausted(exhausted, class);
        }
        self.frontier.check_out(place);
        self.requeue(facts, slot, self.frontier.partition.lane(place));
    }

    /// Queues a special node as what it is now, and counts it as that.
    fn requeue(&mut self, facts: Facts<'_>, slot: NodeSlot, lane: usize) {
        let Some(place) = self.frontier.partition.place(slot) else { return };
        let special = self.scratch.special.get(slot);
        let class = self.frontier.class(place);
        if self.plan.distinct_hosts.is_some() && special.hosts > 0 {
            self.counts_of(place).hosts.add(class);
            return;
        }
        match self.node_scores(facts, slot, &special) {
            Err(exhausted) => {
                self.counts_of(place).add_exhausted(exhausted, class);
            }
            Ok(scores) => {
                let entry = Entry::new(scores.local(), facts.state.rank(slot), slot.0);
                let extras = (scores.count() - self.active) as usize;
                self.scratch.contest.insert(lane, extras, entry);
            }
        }
    }

    /// A node's scores but for spread, or what ran out on it.
    fn node_scores(
        &self,
        facts: Facts<'_>,
        slot: NodeSlot,
        special: &Special,
    ) -> Result<Scores, Exhausted> {
        let own = self.frontier.own_scores(facts, slot, &self.plan.ask)?;
        let mut scores = Scores::default();
        scores.set(Scorer::Binpack, own.fit);
        if self.plan.device_weights > 0.0 {
            scores.set(Scorer::Devices, own.devices);
        }
        let count = self.plan.scorers.anti_affinity_count.unwrap_or(1);
        if let Some(score) = job_anti_affinity(special.collisions, count) {
            scores.set(Scorer::JobAntiAffinity, score);
        }
        if special.has_penalty {
            scores.set(Scorer::ReschedulePenalty, RESCHEDULE_PENALTY);
        }
        if facts.affinities.is_some() {
            scores.set(Scorer::NodeAffinity, own.affinity);
        }
        Ok(scores)
    }

    /// The counts that a node is in, to change.
    fn counts_of(&mut self, place: Place) -> &mut LaneCounts {
        (self.tally, self.is_untouched) = (None, false);
        let at = match self.properties.is_empty() {
            true => 0,
            false => self.frontier.partition.lane(place),
        };
        &mut self.scratch.counts[at]
    }

    /// Scores the spread of lanes and finds out which of them are closed.
    fn score_lanes(&mut self, may_differ: impl Fn(&Pass<'_>, usize) -> bool) {
        for lane in 0..self.frontier.partition.lanes.len() {
            if may_differ(self, lane) {
                self.score_lane(lane);
            }
        }
    }

    fn score_lane(&mut self, lane: usize) {
        let symbols = &self.frontier.partition.lanes[lane].symbols;
        let (of_spreads, of_properties) = symbols.split_at(self.spreads.len());
        let spreads = self.spreads.iter().zip(of_spreads);
        let scores = spreads.map(|(spread, &symbol)| spread.score(symbol));
        let total = spread::total(scores).unwrap_or(0.0);
        let mut properties = self.properties.iter().zip(of_properties);
        let closed = properties.find_map(|(property, &symbol)| property.filter(symbol));
        if self.scratch.contest.set_lane(lane, total, closed) {
            (self.tally, self.is_untouched) = (None, false);
        }
    }
}

impl<'a> PropertyCounter<'a> {
    fn new(rule: &'a DistinctProperty, column: &Arc<Column>) -> PropertyCounter<'a> {
        PropertyCounter { rule, column: column.clone(), used: vec![0; column.values().len() + 1] }
    }

    /// Why nodes with this value may not be used, if so.
    fn filter(&self, symbol: u32) -> Option<Arc<str>> {
        let value = self.column.value(symbol).map(|value| &**value);
        self.rule.filter(value, self.used[symbol as usize]).map(|reason| reason.text())
    }
}

/// Counts all nodes of a closed lane under the rule that closed it, but for those that were filtered
/// before it.
fn add_closed(state: &State, counts: &LaneCounts, rule: &Arc<str>, filtered: &mut Filtered) {
    let nodes = counts.passing.nodes - counts.hosts.nodes;
    if nodes > 0 {
        filtered.nodes += nodes;
        add(&mut filtered.by_rule, rule, nodes);
        counts.passing.add_named(&state.names, &counts.hosts, &mut filtered.by_class);
    }
}
