//! A group that is being placed: the batch that its placements share.

use std::sync::Arc;

use super::group::GroupPlan;
use super::options::PlaceOptions;
use super::outcome::GroupPlacement;
use super::record::{BatchBuilder, BatchLists};
use super::request::Origin;
use super::select::selector::SelectorKind;
use crate::model::Job;
use crate::rng::{KeyPrefix, hash_bytes};
use crate::state::State;
use crate::state::batches::OpenBatch;
use crate::state::slots::{JobSlot, NodeSlot};
use crate::state::tally::BaseTally;
use crate::state::transaction::Transaction;
use crate::state::usage::Holdings;

/// One group being placed.
pub(crate) struct OpenGroup {
    pub(crate) batch: BatchBuilder,
    pub(super) open_batch: OpenBatch,
    pub(super) holdings: Vec<Arc<Holdings>>,
    /// What the evaluation adds to these keys.
    evaluation_key: Option<u64>,
    /// The beginning of the keys that ports are drawn by, once any was drawn.
    port_key: Option<KeyPrefix>,
    /// What serves requests that may go to any node, once that is known.
    pub(super) any_node: Option<SelectorKind>,
    /// The nodes that the job looks at, once anybody asked.
    pub(super) base: Option<Arc<BaseTally>>,
}

impl OpenGroup {
    pub(super) fn new(
        state: &mut Transaction<'_>,
        lists: Box<BatchLists>,
        (job, origin): (JobSlot, Origin),
        plan: &GroupPlan<'_>,
        options: &PlaceOptions,
    ) -> OpenGroup {
        OpenGroup {
            batch: BatchBuilder::new(state, plan, options, origin, lists),
            open_batch: state.open_batch(job, &plan.group.name, plan.ask.amounts),
            holdings: Vec::new(),
            evaluation_key: origin.port_key,
            port_key: None,
            any_node: None,
            base: None,
        }
    }

    /// The beginning of the keys that its ports are drawn by. The whole key is that of the evaluation and
    /// an allocation's name, so that what else was placed before does not matter, and schedulers on equal
    /// forks do not draw the same.
    pub(super) fn port_key(&mut self, state: &State, plan: &GroupPlan<'_>) -> KeyPrefix {
        *self.port_key.get_or_insert_with(|| {
            let name = [&plan.job.namespace, &plan.job.id, &plan.group.name];
            let parts = name.map(|name| hash_bytes(0, name.as_bytes()));
            match self.evaluation_key {
                None => KeyPrefix::new(state.seed, parts.len() + 1, &parts),
                Some(key) => {
                    let [namespace, job, group] = parts;
                    let parts = [key, namespace, job, group];
                    KeyPrefix::new(state.seed, parts.len() + 1, &parts)
                }
            }
        })
    }

    /// Notes the nodes of what is not on the lists yet in the journal, each once.
    pub(super) fn note_nodes(
        &self,
        state: &mut Transaction<'_>,
        nodes: impl Iterator<Item = NodeSlot>,
    ) {
        state.note_nodes(&self.open_batch, nodes);
    }

    /// Puts allocations that have their room on the state's lists.
    pub(super) fn enlist(&self, state: &mut Transaction<'_>) {
        state.enlist(&self.open_batch, || self.batch.opening());
    }

    /// What was placed, and memory for the next group; nothing, and no trace of the group, if nothing
    /// was.
    pub(super) fn close(
        self,
        state: &mut Transaction<'_>,
        job: &Job,
    ) -> (Option<GroupPlacement>, Box<BatchLists>) {
        let (batch, allocations, lists) = self.batch.finish();
        state.close_batch(self.open_batch, batch.clone());
        if allocations.is_empty() {
            return (None, lists);
        }
        let job = job.clone();
        let nodes = state.node_table().clone();
        let holdings = self.holdings;
        (Some(GroupPlacement { job, batch, allocations, nodes, holdings }), lists)
    }
}
