//! Writing down a batch while it is made: what each placement's metrics will show.

use std::sync::Arc;

use super::group::GroupPlan;
use super::options::PlaceOptions;
use super::request::Origin;
use super::reuse::empty;
use crate::state::batch::{Batch, Placed};
use crate::state::group_version::GroupVersion;
use crate::state::scores::{ScoreLog, Scores};
use crate::state::slots::{AllocationRef, NodeSlot};
use crate::state::small_list::SmallList;
use crate::state::tally::Tally;
use crate::state::transaction::Transaction;

/// A batch that is being made. Its lists grow in memory that one batch leaves for the next, and are copied
/// at the end, when it is known how long they are: batches are kept as long as their allocations.
#[derive(Debug)]
pub(crate) struct BatchBuilder {
    /// All but the lists.
    batch: Batch,
    lists: Box<BatchLists>,
}

/// The lists of a batch.
#[derive(Debug, Default)]
pub(crate) struct BatchLists {
    tallies: Vec<Arc<Tally>>,
    scores: ScoreLog,
    placed: Vec<Placed>,
    evicted: Vec<(u32, Vec<String>)>,
    allocations: Vec<AllocationRef>,
}

/// What one placement adds to a batch.
pub(crate) struct NewPlaced {
    pub(crate) allocation: AllocationRef,
    pub(crate) node: NodeSlot,
    pub(crate) name_index: u32,
    pub(crate) score: f64,
    pub(crate) time_ns: u64,
    /// Identities of what it evicts, sorted.
    pub(crate) evicted: Vec<String>,
}

impl BatchBuilder {
    /// A batch without placements, to be written into empty lists.
    pub(crate) fn new(
        state: &Transaction<'_>,
        plan: &GroupPlan<'_>,
        options: &PlaceOptions,
        origin: Origin,
        lists: Box<BatchLists>,
    ) -> BatchBuilder {
        let batch = Batch {
            version: GroupVersion {
                job: Some(plan.job.shared_spec()),
                group: plan.at,
                amounts: plan.ask.amounts,
                memory_oversubscription: options.memory_oversubscription,
            },
            evaluation: origin.evaluation,
            deployment: origin.deployment,
            create_index: state.index_to_be(),
            created: state.now(),
            nodes: state.identities.clone(),
            tallies: SmallList::None,
            scores: ScoreLog::default(),
            placed: SmallList::None,
            evicted: Vec::new(),
        };
        BatchBuilder { batch, lists }
    }

    /// What is known before the first placement: what all of its allocations use.
    pub(crate) fn opening(&self) -> Arc<Batch> {
        Arc::new(self.batch.clone())
    }

    /// Writes down a node's scores and gives their place.
    pub(crate) fn scores(&mut self, node: NodeSlot, scores: &Scores) -> u32 {
        self.lists.scores.push(node, scores)
    }

    /// Adds a placement with the counts of its selection and the places of its best nodes' scores.
    pub(crate) fn placed(&mut self, new: NewPlaced, tally: &Arc<Tally>, best: &[u32]) {
        let lists = &mut self.lists;
        let at = lists.placed.len() as u32;
        let is_known = |last: &Arc<Tally>| Arc::ptr_eq(last, tally) || last == tally;
        if !lists.tallies.last().is_some_and(is_known) {
            lists.tallies.push(tally.clone());
        }
        if !new.evicted.is_empty() {
            lists.evicted.push((at, new.evicted));
        }
        lists.allocations.push(new.allocation);
        lists.placed.push(Placed {
            node: new.node,
            tally: (lists.tallies.len() as u32).saturating_sub(1),
            best: lists.scores.push_best(best),
            name_index: new.name_index,
            score: new.score,
            time_ns: new.time_ns,
        });
    }

    /// How many placements there are so far.
    pub(crate) fn len(&self) -> usize {
        self.lists.placed.len()
    }

    /// The finished batch with its allocations, and the lists for another one.
    pub(crate) fn finish(self) -> (Arc<Batch>, SmallList<AllocationRef>, Box<BatchLists>) {
        let BatchBuilder { batch, mut lists } = self;
        let batch = Batch {
            tallies: SmallList::drained(&mut lists.tallies),
            scores: lists.scores.exact(),
            placed: SmallList::drained(&mut lists.placed),
            evicted: std::mem::take(&mut lists.evicted),
            ..batch
        };
        let allocations = SmallList::drained(&mut lists.allocations);
        lists.empty();
        (Arc::new(batch), allocations, lists)
    }
}

impl BatchLists {
    /// Leaves the memory for another batch.
    fn empty(&mut self) {
        empty(&mut self.tallies);
        self.scores.empty(empty);
        empty(&mut self.placed);
        empty(&mut self.evicted);
        empty(&mut self.allocations);
    }
}
