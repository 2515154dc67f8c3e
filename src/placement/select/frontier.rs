//! Selecting off a frontier: the way of nearly all placements.

use std::sync::Arc;

use super::nodes::Look;
use super::selection::{Selected, Selection};
use crate::feasibility::distinct::DistinctProperty;
use crate::placement::caches::{Caches, Prepared};
use crate::placement::group::GroupPlan;
use crate::placement::options::{PlaceOptions, ScoreDetail, Search};
use crate::placement::pass::{Pass, Scratch};
use crate::placement::record::BatchBuilder;
use crate::rank::frontier::Frontier;
use crate::rank::frontier::queue::Entry;
use crate::state::State;
use crate::state::slots::NodeSlot;

/// The most scores in the metrics: beyond them looking at every node is about as quick.
const MOST_SCORES: usize = 64;

/// Whether a group can be placed off a frontier. What cannot: samples, which look at few nodes in an
/// order of their own; rules that depend on other jobs' allocations; static ports that nodes may give
/// out by themselves; as many scores as there are nodes; and properties of which nothing is allowed, so
/// that every value filters nodes.
pub(crate) fn serves(state: &State, plan: &GroupPlan<'_>, options: &PlaceOptions) -> bool {
    let has_few_scores = match options.score_detail {
        ScoreDetail::None => true,
        ScoreDetail::Top(limit) => limit <= MOST_SCORES,
        ScoreDetail::All => false,
    };
    !options.oracle
        && options.search == Search::Best
        && has_few_scores
        && !plan.names_volumes_by_number()
        && !plan.chain_depends_on_allocations()
        && !plan.ask.static_ports().any(|port| state.port_users.may_be_dynamic(port))
        && !plan.distinct_properties.iter().any(DistinctProperty::allows_nothing)
}

/// A frontier and what is read beside it, taken from the caches for as long as a selector needs them.
pub(crate) struct FrontierLoan {
    prepared: Prepared,
    frontier: Arc<Frontier>,
    scratch: Box<Scratch>,
}

impl FrontierLoan {
    pub(crate) fn take(caches: &mut Caches, state: &State, plan: &GroupPlan<'_>) -> FrontierLoan {
        let scratch = caches.buffers.scratch.take().unwrap_or_default();
        let (prepared, frontier) = caches.prepare(state, plan);
        FrontierLoan { prepared, frontier, scratch }
    }

    /// A selector that works on what was taken.
    pub(crate) fn selector<'a>(
        &'a mut self,
        state: &State,
        plan: &'a GroupPlan<'a>,
    ) -> FrontierSelector<'a> {
        let FrontierLoan { prepared, frontier, scratch } = self;
        let prepared = &*prepared;
        let (basis, lanes) = (prepared.basis(state), (&*prepared.partition, &*prepared.columns));
        let pass = Pass::new(basis, plan, Arc::make_mut(frontier), lanes, scratch);
        FrontierSelector { prepared, pass }
    }

    /// Puts everything back.
    pub(crate) fn give_back(self, caches: &mut Caches) {
        caches.keep(self.prepared, self.frontier);
        caches.buffers.scratch = Some(self.scratch);
    }
}

/// The placements of one group taken off a frontier, one after another.
pub(crate) struct FrontierSelector<'a> {
    prepared: &'a Prepared,
    pass: Pass<'a>,
}

impl FrontierSelector<'_> {
    /// Selects the best node.
    pub(super) fn select(&mut self, look: Look<'_>) -> Selection {
        let Look { state, shown, batch, top, .. } = look;
        let found = self.pass.best(self.prepared.basis(state), shown.max(1)).len();
        let tally = self.pass.tally(self.prepared.basis(state));
        top.extend((0..found.min(shown)).map(|at| self.write_down(state, batch, at)));
        let best = (found > 0).then(|| self.pass.found(0)).map(|choice| Selected {
            node: NodeSlot(choice.entry.node),
            score: choice.score,
            victims: Vec::new(),
        });
        Selection { best, tally, filter: None }
    }

    /// Takes over that an allocation was placed on the node that was selected last, and whether another
    /// one is to be selected.
    pub(crate) fn placed(&mut self, state: &State, goes_on: bool) {
        let Some(choice) = self.pass.take() else { return };
        match goes_on {
            true => self.pass.placed(self.prepared.basis(state), &choice),
            false => self.pass.placed_last(&choice),
        }
    }

    /// Whether an allocation of the group can leave its node while the selector is at work.
    pub(crate) fn lets_leave(&self) -> bool {
        self.pass.lets_leave()
    }

    /// Prepares for an allocation of the group leaving a node.
    pub(crate) fn before_leaving(&mut self, state: &State, node: NodeSlot) {
        self.pass.before_leaving(self.prepared.basis(state), node);
    }

    /// Goes on once it has left.
    pub(crate) fn after_leaving(&mut self, state: &State, node: NodeSlot) {
        self.pass.after_leaving(self.prepared.basis(state), node);
    }

    /// The nodes that anything was placed on.
    pub(crate) fn changed_nodes(&self) -> impl Iterator<Item = NodeSlot> {
        self.pass.changed_nodes()
    }

    /// Gives everything back to the frontier, once the state's journal has the changed nodes.
    pub(crate) fn finish(self, state: &State) {
        self.pass.finish(self.prepared.basis(state));
    }

    /// Writes the scores of one of the best candidates down in the batch, unless they are there already,
    /// and gives their place.
    fn write_down(&mut self, state: &State, batch: &mut BatchBuilder, at: usize) -> u32 {
        let choice = self.pass.found(at);
        if choice.entry.written != Entry::NOT_WRITTEN {
            return choice.entry.written;
        }
        let scores = self.pass.scores(self.prepared.basis(state), &choice);
        let written = batch.scores(NodeSlot(choice.entry.node), &scores);
        self.pass.set_written(at, written);
        written
    }
}
