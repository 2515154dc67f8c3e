//! Placing off a frontier: the way of nearly all placements.

use std::sync::Arc;

use super::group::GroupPlan;
use super::options::{ScoreDetail, Search};
use super::pass::Pass;
use super::place::{Chosen, Failure, OpenGroup, Placing};
use crate::feasibility::distinct::DistinctProperty;
use crate::rank::frontier::Facts;
use crate::rank::frontier::queue::Entry;
use crate::state::slots::NodeSlot;

/// The most scores in the metrics: beyond them looking at every node is about as quick.
const MOST_SCORES: usize = 64;

/// Whether a group can be placed off a frontier. What cannot: samples, which look at few nodes in an
/// order of their own; rules that depend on other jobs' allocations; static ports that nodes may give
/// out by themselves; as many scores as there are nodes; and properties of which nothing is allowed, so
/// that every value filters nodes.
pub(crate) fn is_quick(placing: &mut Placing<'_, '_>, plan: &GroupPlan<'_>) -> bool {
    let options = placing.options;
    let has_few_scores = match options.score_detail {
        ScoreDetail::None => true,
        ScoreDetail::Top(limit) => limit <= MOST_SCORES,
        ScoreDetail::All => false,
    };
    !options.oracle
        && options.search == Search::Best
        && has_few_scores
        && !plan.group.volumes.values().any(|volume| volume.per_alloc)
        && !plan.chain_depends_on_allocations()
        && !plan.ask.static_ports().any(|port| placing.state.port_users.may_be_dynamic(port))
        && !plan.distinct_properties.iter().any(DistinctProperty::allows_nothing)
}

/// Places allocations one after another off the group's frontier. Where it has nothing to offer,
/// eviction is tried if it is on.
pub(crate) fn place(
    placing: &mut Placing<'_, '_>,
    plan: &GroupPlan<'_>,
    open: &mut OpenGroup,
    names: &[u32],
) -> Option<Failure> {
    let may_evict = placing.options.preemption.is_on_for(placing.job.job_type());
    let mut done = 0;
    loop {
        let failure = place_on_frontier(placing, plan, open, names, &mut done)?;
        if !may_evict {
            return Some(failure);
        }
        let started = placing.now_ns();
        let selection = placing.select_with_eviction(plan);
        let time_ns = placing.now_ns().saturating_sub(started);
        let tally = Arc::new(selection.tally.clone());
        let name_index = failure.name_index;
        if !placing.commit_selection(plan, open, selection, &tally, name_index, time_ns) {
            return Some(Failure { tally, time_ns, ..failure });
        }
        done += 1;
        if done == names.len() {
            return None;
        }
    }
}

/// Places until nothing is missing or the frontier has nothing to offer.
fn place_on_frontier(
    placing: &mut Placing<'_, '_>,
    plan: &GroupPlan<'_>,
    open: &mut OpenGroup,
    names: &[u32],
    done: &mut usize,
) -> Option<Failure> {
    let shown = placing.options.score_detail.limit();
    let mut scratch = std::mem::take(&mut placing.caches.buffers.scratch);
    let (prepared, mut frontier) = placing.caches.prepare(placing.state, plan);
    let facts = prepared.facts(placing.state);
    let columns = &prepared.columns;
    let mut pass = Pass::new(facts, plan, Arc::make_mut(&mut frontier), columns, &mut scratch);
    let mut best = std::mem::take(&mut placing.caches.buffers.best);
    let mut failure = None;
    while let Some(&name_index) = names.get(*done) {
        let started = placing.now_ns();
        let facts = prepared.facts(placing.state);
        let found = pass.best(shown.max(1)).len();
        let tally = pass.tally(facts);
        let time_ns = placing.now_ns().saturating_sub(started);
        best.clear();
        best.extend((0..found.min(shown)).map(|at| write_down(&mut pass, facts, open, at)));
        let is_placed = pass.take().is_some_and(|choice| {
            let (node, score) = (NodeSlot(choice.entry.node), choice.score);
            let chosen = Chosen { node, score, victims: Vec::new(), name_index, time_ns };
            let is_placed = placing.commit(plan, open, chosen, &tally, &best);
            pass.placed(prepared.facts(placing.state), &choice);
            is_placed
        });
        if !is_placed {
            let missing = (names.len() - *done) as u32;
            failure = Some(Failure { tally, missing, name_index, time_ns });
            break;
        }
        *done += 1;
    }
    // The lists are read by who evicts; else all allocations go there at the end.
    if placing.options.preemption.is_on_for(placing.job.job_type()) {
        placing.enlist(open);
    }
    for node in pass.changed_nodes() {
        placing.state.touch(node);
    }
    pass.finish(prepared.facts(placing.state));
    placing.caches.keep(&prepared, frontier);
    (placing.caches.buffers.scratch, placing.caches.buffers.best) = (scratch, best);
    failure
}

/// Writes the scores of one of the best candidates down in the run, unless they are there already, and
/// gives their place.
fn write_down(pass: &mut Pass<'_>, facts: Facts<'_>, open: &mut OpenGroup, at: usize) -> u32 {
    let choice = pass.found(at);
    if choice.entry.written != Entry::NOT_WRITTEN {
        return choice.entry.written;
    }
    let scores = pass.scores(facts, &choice);
    let written = open.run.scores(NodeSlot(choice.entry.node), &scores);
    pass.set_written(at, written);
    written
}
