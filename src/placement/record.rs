//! Writing down a run while it is made: what each placement's metrics will show.

use std::sync::Arc;

use super::group::GroupPlan;
use super::options::PlaceOptions;
use crate::state::State;
use crate::state::run::{Placed, Run};
use crate::state::scores::{ScoreLog, Scores};
use crate::state::slots::NodeSlot;
use crate::state::tally::Tally;

/// Beyond this many scores a placement, room for them is made as they come.
const MOST_EXPECTED_SCORES: usize = 8;

/// A run that is being made.
#[derive(Debug)]
pub(crate) struct RunBuilder {
    run: Run,
}

/// What one placement adds to a run.
pub(crate) struct NewPlaced {
    pub(crate) node: NodeSlot,
    pub(crate) name_index: u32,
    pub(crate) score: f64,
    pub(crate) time_ns: u64,
    /// Identities of what it evicts, sorted.
    pub(crate) evicted: Vec<String>,
}

impl RunBuilder {
    /// An empty run, with room for as many placements as are expected.
    pub(crate) fn new(
        state: &State,
        plan: &GroupPlan<'_>,
        options: &PlaceOptions,
        expected: usize,
    ) -> RunBuilder {
        let shown = options.score_detail.limit().min(MOST_EXPECTED_SCORES);
        let mut scores = ScoreLog::default();
        // Mostly each placement changes one of the best nodes, and each node has a score or two.
        scores.reserve(expected + shown, 2);
        let run = Run {
            job: plan.job.clone(),
            group: plan.at,
            amounts: plan.ask.amounts,
            memory_oversubscription: options.memory_oversubscription,
            nodes: state.identities.clone(),
            tallies: Vec::new(),
            scores,
            best: Vec::with_capacity(expected * shown),
            placed: Vec::with_capacity(expected),
            evicted: Vec::new(),
        };
        RunBuilder { run }
    }

    /// The run as far as it is known before its first placement: what its allocations use.
    pub(crate) fn opening(&self) -> Arc<Run> {
        Arc::new(self.run.clone())
    }

    /// Writes down a node's scores and gives the place of the entry.
    pub(crate) fn scores(&mut self, node: NodeSlot, scores: &Scores) -> u32 {
        self.run.scores.push(node, scores)
    }

    /// Adds a placement with the counts of its selection and the entries of its best nodes.
    pub(crate) fn placed(&mut self, new: NewPlaced, tally: &Arc<Tally>, best: &[u32]) {
        let at = self.run.placed.len() as u32;
        let is_known = |last: &Arc<Tally>| Arc::ptr_eq(last, tally) || last == tally;
        if !self.run.tallies.last().is_some_and(is_known) {
            self.run.tallies.push(tally.clone());
        }
        self.run.best.extend_from_slice(best);
        if !new.evicted.is_empty() {
            self.run.evicted.push((at, new.evicted));
        }
        self.run.placed.push(Placed {
            node: new.node,
            tally: (self.run.tallies.len() as u32).saturating_sub(1),
            best_end: self.run.best.len() as u32,
            name_index: new.name_index,
            score: new.score,
            time_ns: new.time_ns,
        });
    }

    /// How many placements there are so far.
    pub(crate) fn len(&self) -> usize {
        self.run.placed.len()
    }

    /// The finished run.
    pub(crate) fn finish(mut self) -> Arc<Run> {
        self.run.shrink();
        Arc::new(self.run)
    }
}
