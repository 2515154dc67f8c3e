//! What is kept between placements because it is dear to make and cheap to keep up to date: masks,
//! columns, lanes and frontiers. None of it decides anything: without it, the same placements come out
//! later.

mod check;
mod kinds;
mod lru_cache;

use std::sync::Arc;

use self::kinds::Kinds;
use self::lru_cache::{Loan, LruCache};
use super::buffers::Buffers;
use super::group::GroupPlan;
use crate::feasibility::column::Column;
use crate::feasibility::mask::{self, Mask};
use crate::model::Node;
use crate::rank::affinity::{self, AffinityColumn};
use crate::rank::frontier::members::Members;
use crate::rank::frontier::partition::{Lanes, Partition};
use crate::rank::frontier::{Basis, Frontier, Purpose};
use crate::state::State;
use crate::state::key_writer::KeyWriter;
use crate::state::small_list::SmallList;
use crate::syntax::target::Target;

/// The most frontiers that are kept, and the most bytes they may take together.
const MOST_FRONTIERS: usize = 512;
const MOST_FRONTIER_BYTES: usize = 64 << 20;

/// What stands for the number of a mask in the keys of lanes that have all nodes.
const OF_ALL_NODES: u64 = u64::MAX;

/// What is kept. Cloning copies pointers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caches {
    masks: LruCache<Mask>,
    affinities: LruCache<AffinityColumn>,
    columns: LruCache<Column>,
    lanes: LruCache<Lanes>,
    frontiers: LruCache<Frontier>,
    frontier_bytes: usize,
    kinds: Option<Arc<Kinds>>,
    /// As of what [renumbering](State) of names, kinds and sizes all of it is.
    renumberings: u64,
    writer: KeyWriter,
    pub(crate) buffers: Buffers,
}

/// What a pass over a frontier reads beside it.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) mask: Arc<Mask>,
    pub(crate) affinities: Option<Arc<AffinityColumn>>,
    /// Those of the spreads, then those of the properties.
    pub(crate) columns: Vec<Arc<Column>>,
    pub(crate) partition: Arc<Partition>,
    /// Where the frontier goes.
    loan: Loan,
}

impl Prepared {
    /// What the frontier is computed from.
    pub(crate) fn basis<'a>(&'a self, state: &'a State) -> Basis<'a> {
        Basis { state, mask: &self.mask, affinities: self.affinities.as_deref() }
    }
}

impl Caches {
    /// Everything that placing a group off a frontier takes, up to date, and the frontier, which is
    /// handed out and has to be [kept](Caches::keep) again.
    pub(crate) fn prepare(
        &mut self,
        state: &State,
        plan: &GroupPlan<'_>,
    ) -> (Prepared, Arc<Frontier>) {
        self.forget_old_numbers(state);
        let (mask, mask_number) = self.mask(state, plan);
        let (affinities, affinity_number) = self.affinities(state, plan);
        let (columns, partition, partition_number) = self.lanes(state, plan, (&mask, mask_number));
        let parts = [mask_number, affinity_number, partition_number, plan.algorithm as u64];
        let is_reserved = |port| state.port_users.may_be_reserved(port);
        self.writer.clear();
        parts.into_iter().for_each(|part| self.writer.number(part));
        plan.ask.write_key(plan.group, is_reserved, &mut self.writer);
        let basis = Basis { state, mask: &mask, affinities: affinities.as_deref() };
        let (loan, frontier) = match self.frontiers.lend(self.writer.words()) {
            (loan, Some(mut frontier)) => {
                self.frontier_bytes -= frontier.bytes();
                if !frontier.is_current(state, &partition) {
                    Arc::make_mut(&mut frontier).catch_up(basis, &partition);
                }
                (loan, frontier)
            }
            (loan, None) => {
                let purpose = Purpose {
                    ask: Arc::new(plan.ask.presuming_free(|port| !is_reserved(port))),
                    algorithm: plan.algorithm,
                    device_weights: plan.device_weights,
                };
                (loan, Arc::new(Frontier::new(basis, partition.clone(), purpose)))
            }
        };
        (Prepared { mask, affinities, columns, partition, loan }, frontier)
    }

    /// Forgets everything if numbers of names, kinds or sizes were given out anew.
    fn forget_old_numbers(&mut self, state: &State) {
        if self.renumberings != state.renumberings {
            let (writer, buffers) =
                (std::mem::take(&mut self.writer), std::mem::take(&mut self.buffers));
            *self =
                Caches { renumberings: state.renumberings, writer, buffers, ..Caches::default() };
        }
    }

    /// The kinds of nodes that there are; nodes alike have one name.
    pub(crate) fn kinds(&mut self, state: &State, name: impl Fn(&Node) -> String) -> Arc<Kinds> {
        self.forget_old_numbers(state);
        Kinds::of(&mut self.kinds, state, name)
    }

    /// Keeps a frontier for later.
    pub(crate) fn keep(&mut self, prepared: Prepared, frontier: Arc<Frontier>) {
        let bytes = frontier.bytes();
        if self.frontiers.give_back(prepared.loan, frontier) {
            self.frontier_bytes += bytes;
        }
        while self.frontier_bytes > MOST_FRONTIER_BYTES || self.frontiers.len() > MOST_FRONTIERS {
            let Some(oldest) = self.frontiers.evict_oldest() else { break };
            self.frontier_bytes -= oldest.bytes();
        }
    }

    fn mask(&mut self, state: &State, plan: &GroupPlan<'_>) -> (Arc<Mask>, u64) {
        mask::write_key(&plan.rule_source(), &mut self.writer);
        let make = || Mask::new(state, plan.job, plan.chain().clone());
        let (mask, number) = self.masks.get(self.writer.words(), make, |mask| {
            if !mask.is_current(state) {
                Arc::make_mut(mask).catch_up(state);
            }
        });
        (mask.clone(), number)
    }

    fn affinities(
        &mut self,
        state: &State,
        plan: &GroupPlan<'_>,
    ) -> (Option<Arc<AffinityColumn>>, u64) {
        const NONE: (Option<Arc<AffinityColumn>>, u64) = (None, u64::MAX);
        if !affinity::write_key(plan.job, plan.group, &mut self.writer) {
            return NONE;
        }
        let Some(affinities) = plan.affinities() else { return NONE };
        let make = || affinities.clone().column(state);
        let (column, number) = self.affinities.get(self.writer.words(), make, |column| {
            if !column.is_current(state) {
                Arc::make_mut(column).catch_up(state);
            }
        });
        (Some(column.clone()), number)
    }

    fn lanes(
        &mut self,
        state: &State,
        plan: &GroupPlan<'_>,
        (mask, mask_number): (&Mask, u64),
    ) -> (Vec<Arc<Column>>, Arc<Partition>, u64) {
        let spreads = plan.scorers.spreads.iter().map(|spread| &spread.target);
        let properties = plan.distinct_properties.iter().map(|property| &property.target);
        let mut columns = Vec::new();
        let mask = Members::are_few(state, mask).then_some(mask);
        let mut key = SmallList::default();
        key.push(mask.map_or(OF_ALL_NODES, |_| mask_number));
        for target in spreads.chain(properties) {
            let (column, number) = self.column(state, target);
            columns.push(column);
            key.push(number);
        }
        let make = || Lanes::new(state, &columns, mask);
        let (lanes, number) = self.lanes.get(&key, make, |lanes| {
            if !lanes.is_current(state) {
                Arc::make_mut(lanes).catch_up(state, &columns, mask);
            }
        });
        let partition = lanes.partition.clone();
        (columns, partition, number)
    }

    fn column(&mut self, state: &State, target: &Target) -> (Arc<Column>, u64) {
        self.writer.clear();
        self.writer.text(&format!("{target:?}"));
        let make = || Column::new(state, target.clone());
        let (column, number) = self.columns.get(self.writer.words(), make, |column| {
            if !column.is_current(state) {
                Arc::make_mut(column).catch_up(state);
            }
        });
        (column.clone(), number)
    }
}
