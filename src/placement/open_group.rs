//! A group that is being placed: the batch that its placements share, and those that have their room
//! but are on no list yet.

use std::sync::Arc;

use super::buffers::Buffers;
use super::group::GroupPlan;
use super::options::PlaceOptions;
use super::outcome::{GroupPlacement, NewSlot};
use super::record::RunBuilder;
use super::reuse::emptied;
use super::select::selector::SelectorKind;
use crate::state::State;
use crate::state::allocations::{NewAllocation, Siblings};
use crate::state::slots::{JobSlot, RunSlot};
use crate::state::tally::BaseTally;
use crate::state::usage::Holdings;

/// Room for more placements than this is made as they come: most of a large count may not fit.
const MOST_EXPECTED: usize = 4096;

/// One group being placed.
pub(crate) struct OpenGroup {
    pub(crate) run: RunBuilder,
    siblings: Siblings,
    /// Whether the state has the run.
    is_begun: bool,
    pub(super) allocations: Vec<NewSlot>,
    pub(super) holdings: Vec<Arc<Holdings>>,
    /// Allocations that have their room but are not on the state's lists yet.
    pub(super) pending: Vec<NewAllocation>,
    /// What serves requests that may go to any node, once that is known.
    pub(super) any_node: Option<SelectorKind>,
    /// The nodes that the job looks at, once anybody asked.
    pub(super) base: Option<Arc<BaseTally>>,
}

impl OpenGroup {
    pub(super) fn new(
        state: &mut State,
        buffers: &mut Buffers,
        job: JobSlot,
        plan: &GroupPlan<'_>,
        options: &PlaceOptions,
        expected: usize,
    ) -> OpenGroup {
        let run = RunBuilder::new(state, plan, options, std::mem::take(&mut buffers.run));
        let run_slot = state.reserve_run();
        let group = state.ensure_group(job, &plan.group.name);
        OpenGroup {
            run,
            siblings: Siblings { job, group, run: run_slot },
            is_begun: false,
            allocations: Vec::with_capacity(expected.min(MOST_EXPECTED)),
            holdings: Vec::new(),
            pending: std::mem::take(&mut buffers.pending),
            any_node: None,
            base: None,
        }
    }

    pub(super) fn run_slot(&self) -> RunSlot {
        self.siblings.run
    }

    /// Puts allocations that have their room on the state's lists.
    pub(super) fn enlist(&mut self, state: &mut State) {
        if !std::mem::replace(&mut self.is_begun, true) {
            state.keep_run(self.siblings.run, self.run.opening());
        }
        state.enlist(self.siblings, &self.pending);
        self.pending.clear();
    }

    /// What was placed; none, and no trace of the group, if nothing was.
    pub(super) fn close(self, state: &mut State, buffers: &mut Buffers) -> Option<GroupPlacement> {
        let (run, lists) = self.run.finish();
        buffers.run = lists;
        if self.allocations.is_empty() {
            state.drop_run(self.siblings.run);
            return None;
        }
        state.keep_run(self.siblings.run, run.clone());
        state.enlist(self.siblings, &self.pending);
        buffers.pending = emptied(self.pending);
        let nodes = state.node_table().clone();
        let (allocations, holdings) = (self.allocations, self.holdings);
        Some(GroupPlacement { run, allocations, nodes, holdings })
    }
}
