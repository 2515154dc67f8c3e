//! Selecting by looking at nodes one after another: at all of them, at a sample, or at one.

use std::sync::Arc;

use super::counter::Counter;
use super::sample::{self, Cursor};
use super::selection::{Selected, Selection};
use crate::placement::group::GroupPlan;
use crate::placement::record::BatchBuilder;
use crate::placement::scan::{NodeResult, RankedNode, Scan, compare};
use crate::rank::preempt::Evicted;
use crate::state::State;
use crate::state::slots::NodeSlot;
use crate::state::tally::{BaseTally, Filtered, Tally, add};

/// What every way of looking at nodes takes.
pub(crate) struct Look<'a> {
    pub(crate) state: &'a State,
    pub(crate) plan: &'a GroupPlan<'a>,
    /// What was evicted so far, if allocations of lower priority may be evicted.
    pub(crate) evicted: Option<&'a Evicted>,
    /// Of how many nodes the scores are written down.
    pub(crate) shown: usize,
    /// Where they are written.
    pub(crate) batch: &'a mut BatchBuilder,
    /// The places where they were written, best node first.
    pub(crate) top: &'a mut Vec<u32>,
}

impl Look<'_> {
    /// Selects among all nodes.
    pub(crate) fn at_all(self) -> Selection {
        let scan = Scan::new(self.state, self.plan, self.evicted);
        let mut counter = Counter::new(self.plan);
        let nodes = self.state.nodes();
        let ranked = nodes.filter_map(|(slot, node)| counter.look(&scan, slot, node));
        let mut ranked: Vec<RankedNode> = ranked.collect();
        ranked.sort_by(|a, b| compare(b, a));
        self.finish(ranked, counter.finish())
    }

    /// Selects among a sample of nodes, from where the cursor is.
    pub(crate) fn at_sample(self, limit: usize, cursor: &mut Cursor) -> Selection {
        let scan = Scan::new(self.state, self.plan, self.evicted);
        let mut counter = Counter::new(self.plan);
        let state = self.state;
        let round = cursor.round().filter_map(|slot| Some((slot, state.node(slot)?)));
        let offers = round.filter_map(|(slot, node)| counter.look(&scan, slot, node));
        let mut ranked = sample::limited(offers, limit, |it: &RankedNode| it.scores.mean());
        // Of equals in a sample the one that came first is taken.
        ranked.sort_by(|a, b| b.scores.mean().total_cmp(&a.scores.mean()));
        self.finish(ranked, counter.finish())
    }

    /// Looks at one node; `base` has the nodes that the job could look at.
    pub(crate) fn at_one(self, slot: NodeSlot, base: &Arc<BaseTally>) -> Selection {
        let scan = Scan::new(self.state, self.plan, self.evicted);
        let mut counter = Counter::new(self.plan);
        let node = self.state.node(slot);
        let result = node.map_or(NodeResult::NotCandidate, |node| scan.result(slot, node));
        let filter = match &result {
            NodeResult::Filtered(filter) => Some(filter.clone()),
            _ => None,
        };
        let ranked = node.and_then(|node| counter.count(&scan, node, result));
        let tally = Tally { base: base.clone(), ..counter.finish() };
        Selection { filter, ..self.found(ranked.into_iter().collect(), tally) }
    }

    fn finish(self, ranked: Vec<RankedNode>, mut tally: Tally) -> Selection {
        let filtered = std::mem::take(&mut tally.filtered);
        tally.base = Arc::new(base_tally(self.state, self.plan, filtered));
        self.found(ranked, tally)
    }

    fn found(self, ranked: Vec<RankedNode>, tally: Tally) -> Selection {
        let shown = ranked.iter().take(self.shown);
        self.top.extend(shown.map(|it| self.batch.scores(it.node, &it.scores)));
        let best = ranked.into_iter().next();
        let best =
            best.map(|it| Selected { node: it.node, score: it.scores.mean(), victims: it.victims });
        Selection { best, tally: Arc::new(tally), filter: None }
    }
}

/// The nodes that a job looks at, counted.
pub(crate) fn base_tally(state: &State, plan: &GroupPlan<'_>, filtered: Filtered) -> BaseTally {
    let mut base = BaseTally { filtered, ..BaseTally::default() };
    for (_, node) in state.nodes().filter(|(_, node)| plan.base.contains(node)) {
        base.nodes += 1;
        add(&mut base.available, state.name(node.datacenter), 1);
    }
    base
}
