//! System jobs: one allocation on every node that takes it, each node a selection of its own
//! (docs/placement.md, sections 2.2, 3.1 and 8).

use std::sync::Arc;

use super::filters::FilteredByProperty;
use super::group::GroupPlan;
use super::place::{Failure, Placing};
use super::scan::{Filter, Scan, Verdict};
use super::select::{Selection, base_tally};
use crate::rank::preempt::Evicted;
use crate::state::State;
use crate::state::names::Name;
use crate::state::slots::NodeSlot;
use crate::state::tally::{BaseTally, Filtered, Tally};

/// What the nodes that did not take an allocation come to.
#[derive(Default)]
struct Refusals {
    /// All filtered nodes together.
    filtered: Filtered,
    /// What each `distinct_property` filters.
    by_property: Vec<FilteredByProperty>,
    evaluated: u32,
    /// The first node without room.
    first_exhausted: Option<Tally>,
    exhausted: u32,
}

/// Places a group of a system job on every node that takes it and does not have it yet.
pub(crate) fn place_group(placing: &mut Placing<'_, '_>, at: usize) {
    let Some(plan) = GroupPlan::new(placing.state, placing.job, at, 0, placing.options) else {
        return;
    };
    let may_evict = placing.options.preemption.is_on_for(placing.job.job_type());
    placing.begin(&plan);
    let base = base_tally(placing.state, &plan, Filtered::default());
    let (nodes, has_any) = nodes_without(placing.state, &plan);
    let mut refusals = Refusals::new(&plan);
    let mut open = placing.open_group(&plan, nodes.len());
    let mut placed_any = false;
    if plan.group.count() > 0 {
        for slot in nodes {
            let started = placing.now_ns();
            let verdict = look(placing.state, &plan, slot, may_evict.then_some(&placing.evicted));
            let tally = tally_of_one(placing.state, &plan, &base, slot, &verdict);
            match verdict {
                Verdict::NotCandidate => {}
                Verdict::Filtered(filter) => {
                    let class = placing.state.node(slot).map_or(Name::NONE, |node| node.class);
                    refusals.add_filtered(&filter, placing.state.name(class));
                }
                Verdict::Exhausted(_) => {
                    refusals.exhausted += 1;
                    refusals.first_exhausted.get_or_insert(tally);
                }
                Verdict::Ranked(candidate) => {
                    let time_ns = placing.now_ns().saturating_sub(started);
                    let limit = placing.options.score_detail.limit().min(1);
                    let top = vec![candidate.clone(); limit];
                    let tally = Arc::new(tally);
                    let selection =
                        Selection { best: Some(candidate), tally: Tally::default(), top };
                    placed_any |=
                        placing.commit_selection(&plan, &mut open, selection, &tally, 0, time_ns);
                }
            }
        }
    }
    placing.close_group(open);
    match refusals.first_exhausted {
        Some(tally) => placing.fail(&plan, failure(tally, refusals.exhausted)),
        // Filtered nodes are as it should be, unless nothing runs anywhere.
        None if !placed_any && !has_any && plan.group.count() > 0 => {
            let (evaluated, filtered) = refusals.filtered(&plan);
            let base = Arc::new(base);
            let tally = Tally { base, evaluated, filtered, ..Tally::default() };
            placing.fail(&plan, failure(tally, 1));
        }
        None => {}
    }
}

fn failure(tally: Tally, missing: u32) -> Failure {
    Failure { tally: Arc::new(tally), missing, name_index: 0, time_ns: 0 }
}

/// The nodes that have the group of a system job and need it no more, ascending; of other jobs none.
pub(crate) fn nodes_with(state: &State, plan: &GroupPlan<'_>) -> Vec<NodeSlot> {
    if !plan.job.job_type().is_system() {
        return Vec::new();
    }
    let own = plan.job_slot.map(|job| state.allocations_of(job, &plan.group.name));
    let records = own.unwrap_or_default().iter().filter_map(|&slot| state.allocation(slot));
    let mut has: Vec<NodeSlot> = records.filter(|it| it.is_live()).map(|it| it.node).collect();
    has.sort_unstable();
    has
}

/// The nodes that do not have the group yet, by identity, and whether any has it.
fn nodes_without(state: &State, plan: &GroupPlan<'_>) -> (Vec<NodeSlot>, bool) {
    let has = nodes_with(state, plan);
    let without = state.nodes().filter(|(slot, _)| has.binary_search(slot).is_err());
    let mut nodes: Vec<(&str, NodeSlot)> =
        without.map(|(slot, node)| (node.node.id.as_str(), slot)).collect();
    nodes.sort_unstable();
    (nodes.into_iter().map(|(_, slot)| slot).collect(), !has.is_empty())
}

/// What a node is to the group; with eviction, if that is on and the node has no room otherwise.
fn look(state: &State, plan: &GroupPlan<'_>, slot: NodeSlot, evicted: Option<&Evicted>) -> Verdict {
    let Some(node) = state.node(slot) else { return Verdict::NotCandidate };
    Scan::new(state, plan, evicted).verdict(slot, node)
}

/// The counts of a selection that looks at one node of those that the job could look at.
fn tally_of_one(
    state: &State,
    plan: &GroupPlan<'_>,
    base: &BaseTally,
    slot: NodeSlot,
    verdict: &Verdict,
) -> Tally {
    let mut tally = Tally { evaluated: 1, base: Arc::new(base.clone()), ..Tally::default() };
    let Some(node) = state.node(slot) else { return tally };
    match verdict {
        Verdict::Filtered(filter) => {
            tally.filtered.add(&filter.reason.text(), state.name(node.class));
        }
        Verdict::Exhausted(exhausted) => {
            tally.exhausted.add(&exhausted.key(&plan.ask).into(), state.name(node.class));
        }
        Verdict::NotCandidate | Verdict::Ranked(_) => {}
    }
    tally
}

impl Refusals {
    fn new(plan: &GroupPlan<'_>) -> Refusals {
        let by_property = vec![FilteredByProperty::default(); plan.distinct_properties.len()];
        Refusals { by_property, ..Refusals::default() }
    }

    fn add_filtered(&mut self, filter: &Filter, class: &Arc<str>) {
        self.evaluated += 1;
        let text = filter.reason.text();
        match filter.property {
            None => self.filtered.add(&text, class),
            Some(at) => {
                self.by_property[at].add(&text, 1);
                self.filtered.add_class(class, 1);
            }
        }
    }

    /// How many nodes were looked at and filtered, and why.
    fn filtered(self, plan: &GroupPlan<'_>) -> (u32, Filtered) {
        let mut filtered = self.filtered;
        for (rule, of_rule) in plan.distinct_properties.iter().zip(&self.by_property) {
            of_rule.add_to(rule, &mut filtered);
        }
        (self.evaluated, filtered)
    }
}
