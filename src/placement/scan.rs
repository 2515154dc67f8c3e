//! The plain scan: one node after another, everything asked anew. It is slow and hard to get wrong,
//! which makes it the oracle that every faster way has to agree with, and what explanations are made
//! of.

use std::cmp::Ordering;

use indexmap::IndexMap;

use super::group::GroupPlan;
use crate::feasibility::distinct::Scope;
use crate::feasibility::finding::Finding;
use crate::feasibility::fix_action::FixAction;
use crate::feasibility::reason::{DISTINCT_HOSTS, FilterReason};
use crate::feasibility::remedies::Remedies;
use crate::feasibility::view::Surroundings;
use crate::feasibility::volume;
use crate::fit::exhausted::Exhausted;
use crate::fit::{self, Assignment, Room};
use crate::rank::anti_affinity::{RESCHEDULE_PENALTY, job_anti_affinity};
use crate::rank::binpack::AskFactors;
use crate::rank::preempt::{self, Evicted, Preemptor};
use crate::rank::spread::{self, UsedByValue};
use crate::state::State;
use crate::state::allocation::AllocationRecord;
use crate::state::node::NodeRecord;
use crate::state::scores::{Scorer, Scores};
use crate::state::slots::{AllocationSlot, NodeSlot};
use crate::state::usage::factor;

/// What one node is to the next allocation of a group.
#[derive(Clone, Debug)]
pub(crate) enum NodeResult {
    /// The job does not look at it.
    NotCandidate,
    /// It may not run the group, and the first rule that says so.
    Filtered(Filter),
    /// It has no room.
    Exhausted(Exhausted),
    /// It would do.
    Ranked(RankedNode),
}

/// A rule that filters a node.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) reason: FilterReason,
    /// Of a `distinct_property` its place among the group's.
    pub(crate) property: Option<usize>,
}

/// A node that would do.
#[derive(Clone, Debug)]
pub(crate) struct RankedNode {
    pub(crate) node: NodeSlot,
    /// Orders nodes that are equal otherwise.
    pub(crate) tie_break: u64,
    pub(crate) scores: Scores,
    /// What would have to be evicted.
    pub(crate) victims: Vec<AllocationSlot>,
}

/// The order of ranked nodes, the better one being greater: by score; of equal scores, by the part that
/// is the node's own; of equal nodes, by tie-break.
pub(crate) fn compare(a: &RankedNode, b: &RankedNode) -> Ordering {
    let scores = a.scores.mean().total_cmp(&b.scores.mean());
    scores
        .then_with(|| a.scores.local().total_cmp(&b.scores.local()))
        .then_with(|| b.tie_break.cmp(&a.tie_break))
        .then_with(|| b.node.cmp(&a.node))
}

/// A group and where its job's allocations are now.
pub(crate) struct Scan<'a> {
    state: &'a State,
    plan: &'a GroupPlan<'a>,
    /// For each `distinct_property`, how many allocations each value has.
    used_by_property: Vec<UsedByValue>,
    /// For each spread.
    used_by_spread: Vec<UsedByValue>,
    /// What was evicted for the job so far, where eviction is on.
    evicted: Option<&'a Evicted>,
}

impl<'a> Scan<'a> {
    /// Counts where the job's allocations are.
    pub(crate) fn new(
        state: &'a State,
        plan: &'a GroupPlan<'a>,
        evicted: Option<&'a Evicted>,
    ) -> Scan<'a> {
        let mut scan = Scan { evicted, ..Scan::of_rules(state, plan) };
        let spreads = plan.scorers.spreads.iter();
        scan.used_by_spread =
            spreads.map(|it| scan.used(Scope::Group, |node| it.value(node))).collect();
        scan
    }

    /// The same to ask only what the rules say of nodes and whether there is room, for which spreads need no
    /// counts.
    pub(crate) fn of_rules(state: &'a State, plan: &'a GroupPlan<'a>) -> Scan<'a> {
        let (used_by_property, used_by_spread) = (Vec::new(), Vec::new());
        let mut scan = Scan { state, plan, used_by_property, used_by_spread, evicted: None };
        let properties = plan.distinct_properties.iter();
        scan.used_by_property =
            properties.map(|it| scan.used(it.scope, |node| it.value(node))).collect();
        scan
    }

    /// The state that is scanned.
    pub(crate) fn state(&self) -> &'a State {
        self.state
    }

    /// How many live allocations of the job or of the group each value of a property has.
    fn used(
        &self,
        scope: Scope,
        value_on: impl Fn(&'a NodeRecord) -> Option<&'a str>,
    ) -> UsedByValue {
        let mut used: UsedByValue = IndexMap::new();
        let groups = self.plan.job_slot.and_then(|slot| self.state.job(slot));
        let groups = groups.into_iter().flat_map(|job| job.groups.iter());
        let in_scope = groups.filter(|it| scope == Scope::Job || *it.name == *self.plan.group.name);
        for &slot in in_scope.flat_map(|group| group.allocations.iter()) {
            let Some(record) = self.state.allocation(slot).filter(|it| it.is_live()) else {
                continue;
            };
            let node = self.state.node(record.node);
            if let Some(value) = node.and_then(|node| value_on(node)) {
                *used.entry(value.into()).or_insert(0) += 1;
            }
        }
        used
    }

    /// What a node is to the group's next allocation.
    pub(crate) fn result(&self, slot: NodeSlot, node: &'a NodeRecord) -> NodeResult {
        if !self.plan.base.contains(node) {
            return NodeResult::NotCandidate;
        }
        if let Some(rule) = self.first_filter(slot, node) {
            return NodeResult::Filtered(rule);
        }
        match self.assign(slot, node) {
            Err(exhausted) => NodeResult::Exhausted(exhausted),
            Ok((assignment, victims)) => {
                let scores = self.scores(slot, node, &assignment, &victims);
                let tie_break = self.state.tie_break(slot);
                NodeResult::Ranked(RankedNode { node: slot, tie_break, scores, victims })
            }
        }
    }

    /// Whether a node may run the group, room aside.
    pub(crate) fn may_run(&self, slot: NodeSlot, node: &'a NodeRecord) -> bool {
        self.plan.base.contains(node) && self.first_filter(slot, node).is_none()
    }

    /// Whether what was on a node may be there again as one of the group: the node need not take anything
    /// new.
    pub(crate) fn takes_back(&self, slot: NodeSlot, node: &'a NodeRecord) -> bool {
        self.plan.base.has_place(node)
            && self.first_filter(slot, node).is_none()
            && fit::assign(room(self.state, slot, node), &self.plan.ask).is_ok()
    }

    /// The first rule that filters a node.
    fn first_filter(&self, slot: NodeSlot, node: &'a NodeRecord) -> Option<Filter> {
        let has_writer = |source: &str| self.has_writer(slot, source);
        let surroundings = Surroundings { volumes: &self.state.volumes, has_writer: &has_writer };
        let by_facts = self.plan.chain().first_failure(node, &surroundings);
        let by_facts = by_facts.map(|reason| Filter { reason, property: None });
        by_facts.or_else(|| self.distinct_failures(slot, node).next())
    }

    /// All reasons why a node is filtered, the first one first.
    pub(crate) fn all_filters(&self, slot: NodeSlot, node: &'a NodeRecord) -> Vec<FilterReason> {
        let has_writer = |source: &str| self.has_writer(slot, source);
        let surroundings = Surroundings { volumes: &self.state.volumes, has_writer: &has_writer };
        let mut failures = self.plan.chain().all_failures(node, &surroundings);
        // Job and group may have the same rule.
        for failure in self.distinct_failures(slot, node).map(|filter| filter.reason) {
            if !failures.contains(&failure) {
                failures.push(failure);
            }
        }
        failures
    }

    /// All that the rules ask of a node, and what they find.
    pub(crate) fn findings(&self, slot: NodeSlot, node: &'a NodeRecord) -> Vec<Finding> {
        let has_writer = |source: &str| self.has_writer(slot, source);
        let surroundings = Surroundings { volumes: &self.state.volumes, has_writer: &has_writer };
        let mut findings = self.plan.chain().findings(node, &surroundings);
        if let Some(scope) = self.plan.distinct_hosts {
            let (there, of) = (self.allocations_on(slot, scope), scope.noun());
            let asked = format!("no other allocation of the {of}");
            findings.push(Finding::new(
                DISTINCT_HOSTS,
                &asked,
                &format!("{there} there"),
                there == 0,
            ));
        }
        for (property, used) in self.plan.distinct_properties.iter().zip(&self.used_by_property) {
            let value = property.value(node);
            let used = value.and_then(|value| used.get(value)).copied().unwrap_or(0);
            findings.push(property.finding(value, used.into()));
        }
        findings
    }

    /// Adds what would do away with all rules that a node breaks.
    pub(crate) fn remedies(&self, slot: NodeSlot, node: &NodeRecord, remedies: &mut Remedies) {
        let has_writer = |source: &str| self.has_writer(slot, source);
        let surroundings = Surroundings { volumes: &self.state.volumes, has_writer: &has_writer };
        self.plan.chain().remedies(node, &surroundings, remedies);
        if self.is_taken_by_job(slot) {
            let text = DISTINCT_HOSTS.into();
            remedies.add(FixAction::DropConstraint { text, paths: Vec::new() });
        }
        for (property, used) in self.plan.distinct_properties.iter().zip(&self.used_by_property) {
            let value = property.value(node);
            let used = value.and_then(|value| used.get(value)).copied().unwrap_or(0);
            property.remedy(value, used.into(), remedies);
        }
    }

    /// The rules on where the job's allocations are that a node breaks.
    fn distinct_failures(
        &self,
        slot: NodeSlot,
        node: &'a NodeRecord,
    ) -> impl Iterator<Item = Filter> {
        let hosts = self.is_taken_by_job(slot);
        let hosts = hosts.then_some(Filter { reason: FilterReason::DistinctHosts, property: None });
        let properties = self.plan.distinct_properties.iter().zip(&self.used_by_property);
        let properties = properties.enumerate().filter_map(move |(at, (property, used))| {
            let value = property.value(node);
            let used = value.and_then(|value| used.get(value)).copied().unwrap_or(0);
            let reason = property.filter(value, used.into())?;
            Some(Filter { reason, property: Some(at) })
        });
        hosts.into_iter().chain(properties)
    }

    /// Whether `distinct_hosts` keeps the group off a node.
    pub(crate) fn is_taken_by_job(&self, slot: NodeSlot) -> bool {
        self.plan.distinct_hosts.is_some_and(|scope| self.allocations_on(slot, scope) > 0)
    }

    /// How many allocations of the job or of the group occupy a node.
    fn allocations_on(&self, slot: NodeSlot, scope: Scope) -> u32 {
        let Some(job) = self.plan.job_slot else { return 0 };
        let is_of_job = |record: &&AllocationRecord| {
            record.job == job && (scope == Scope::Job || self.is_in_group(record))
        };
        self.records_on(slot).filter(is_of_job).count() as u32
    }

    /// How many allocations of the group, and of groups and jobs of the same names in other
    /// namespaces, occupy a node: anti-affinity does not tell namespaces apart.
    fn namesakes_on(&self, slot: NodeSlot) -> u32 {
        let is_namesake = |record: &&AllocationRecord| {
            let job = self.state.job(record.job);
            job.is_some_and(|job| job.id() == self.plan.job.id) && self.is_in_group(record)
        };
        self.records_on(slot).filter(is_namesake).count() as u32
    }

    fn is_in_group(&self, record: &AllocationRecord) -> bool {
        let job = self.state.job(record.job);
        let group = job.and_then(|job| job.groups.get(usize::from(record.group)));
        group.is_some_and(|group| *group.name == *self.plan.group.name)
    }

    fn records_on(&self, slot: NodeSlot) -> impl Iterator<Item = &'a AllocationRecord> {
        let state = self.state;
        state.allocations_on(slot).iter().filter_map(|&it| state.allocation(it))
    }

    /// Whether an allocation on a node has a volume to write, or may have for all that is known.
    pub(crate) fn has_writer(&self, slot: NodeSlot, source: &str) -> bool {
        self.state.allocations_on(slot).iter().any(|&it| {
            let Some(group) = self.state.group_spec_of(it) else { return true };
            let name_index = self.state.allocation(it).map_or(0, |record| record.name_index);
            volume::writes(group, name_index, source)
        })
    }

    /// What the allocation would have on a node, and what would have to be evicted.
    fn assign(
        &self,
        slot: NodeSlot,
        node: &'a NodeRecord,
    ) -> Result<(Assignment, Vec<AllocationSlot>), Exhausted> {
        match self.evicted {
            None => Ok((fit::assign(room(self.state, slot, node), &self.plan.ask)?, Vec::new())),
            Some(evicted) => {
                let preemptor = Preemptor {
                    state: self.state,
                    ask: &self.plan.ask,
                    job: self.plan.job_slot,
                    priority: self.plan.job.priority(),
                    evicted,
                };
                preemptor.make_room(slot, node)
            }
        }
    }

    fn scores(
        &self,
        slot: NodeSlot,
        node: &'a NodeRecord,
        assignment: &Assignment,
        victims: &[AllocationSlot],
    ) -> Scores {
        let plan = self.plan;
        let is_system = plan.job.job_type().is_system();
        let mut scores = if is_system { Scores::of_system() } else { Scores::default() };
        let mut free = self.state.free(slot);
        for &victim in victims {
            free = free.plus(self.state.amounts_of(victim));
        }
        let cpu_factor = factor(free.cpu_mhz, node.capacity.cpu_mhz);
        let memory_factor = factor(free.memory_mb, node.capacity.memory_mb);
        let ask = AskFactors::new(assignment.amounts, node.capacity);
        scores.set(Scorer::Binpack, ask.score(plan.algorithm, cpu_factor, memory_factor));
        if plan.device_weights > 0.0 {
            scores.set(Scorer::Devices, assignment.device_affinity / plan.device_weights);
        }
        if let Some(count) = plan.scorers.anti_affinity_count {
            let collisions = self.namesakes_on(slot);
            if let Some(score) = job_anti_affinity(collisions, count) {
                scores.set(Scorer::JobAntiAffinity, score);
            }
        }
        if plan.scorers.penalty_nodes.contains(&slot) {
            scores.set(Scorer::ReschedulePenalty, RESCHEDULE_PENALTY);
        }
        if let Some(affinities) = plan.affinities() {
            scores.set(Scorer::NodeAffinity, affinities.score(node));
        }
        let spreads = plan.scorers.spreads.iter().zip(&self.used_by_spread);
        let spread_scores = spreads.map(|(spread, used)| spread.score(spread.value(node), used));
        if let Some(total) = spread::total(spread_scores) {
            scores.set(Scorer::Spread, total);
        }
        // A system job takes every node that has room, so none has to be made less welcome because
        // something is evicted there.
        if !victims.is_empty() && !is_system {
            let priorities = victims.iter().map(|&it| preempt::priority_of(self.state, it));
            let priorities: Vec<i64> = priorities.collect();
            scores.set(Scorer::Preemption, preempt::score(&priorities));
        }
        scores
    }
}

/// A node as one more allocation meets it.
pub(crate) fn room<'a>(state: &'a State, slot: NodeSlot, node: &'a NodeRecord) -> Room<'a> {
    Room {
        node,
        taken: state.taken(slot, node),
        free: state.free(slot),
        free_allocations: state.free_allocations(slot),
    }
}
