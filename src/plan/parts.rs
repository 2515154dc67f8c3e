//! The parts of a plan that its nodes take, carried out: stops, and placements with their evictions.

use std::sync::Arc;

use indexmap::IndexSet;

use super::attempt::Attempt;
use super::content::PlannedGroup;
use super::evaluated::PlannedStop;
use super::known::KnownAllocation;
use super::verify::{Rejection, Rejections};
use crate::placement::outcome::{GroupPlacement, Outcome};
use crate::state::State;
use crate::state::batch::Batch;
use crate::state::log::NewAllocation;
use crate::state::slots::{
    AllocationRef, AllocationSlot, DeploymentRef, DeploymentSlot, EvaluationRef, EvaluationSlot,
};
use crate::state::small_list::SmallList;
use crate::state::transaction::Transaction;

/// What became of a plan.
#[derive(Default)]
pub(crate) struct Committed {
    /// What was placed.
    pub(crate) outcome: Outcome,
    /// The nodes whose part was refused.
    pub(crate) rejected: Vec<Rejection>,
    /// Identities of what was told to stop.
    pub(crate) stopped: Vec<String>,
    /// What stays and was written anew.
    pub(crate) updated: Vec<AllocationSlot>,
    /// The new deployment.
    pub(crate) deployment: Option<DeploymentSlot>,
    /// The new evaluations.
    pub(crate) created: Vec<EvaluationSlot>,
    /// The attempt that comes next, where nodes refused and attempts are left.
    pub(crate) next_attempt: Option<Attempt>,
}

/// What placements of an evaluation's plan belong to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Origin {
    pub(super) evaluation: EvaluationRef,
    pub(super) deployment: DeploymentRef,
}

/// What of a plan is refused.
pub(super) struct Parts<'a> {
    /// Jobs, by namespace and identity, of which nothing is committed.
    pub(super) refused: IndexSet<(String, String)>,
    /// Whether nothing at all is.
    pub(super) refuses_all: bool,
    pub(super) rejections: &'a Rejections,
}

impl Parts<'_> {
    /// Whether anything of a job is committed.
    pub(super) fn takes_job(&self, (namespace, id): (&str, &str)) -> bool {
        let is_it = |refused: &(String, String)| (&*refused.0, &*refused.1) == (namespace, id);
        !self.refuses_all && !self.refused.iter().any(is_it)
    }

    /// Whether what is said of an allocation is committed.
    pub(super) fn takes(&self, known: &KnownAllocation) -> bool {
        !self.rejections.contains_key(&known.node) && self.takes_job(known.job())
    }
}

/// Makes the room of what may be stopped free, unless nobody takes it, and gives the stops with the
/// allocations that they are of.
pub(super) fn stop(
    state: &mut Transaction<'_>,
    stops: Vec<PlannedStop>,
    stops_alone: bool,
    parts: &Parts<'_>,
    committed: &mut Committed,
) -> Vec<(PlannedStop, AllocationRef)> {
    let mut stopped = Vec::new();
    for stop in stops {
        let found = stop.known.find(state).filter(|_| parts.takes(&stop.known));
        if let Some(slot) = found {
            if !stops_alone {
                state.stop(slot);
            }
            committed.outcome.stops.push(slot);
            committed.stopped.push(stop.id().to_owned());
            let reference = state.allocation_ref(slot);
            stopped.push((stop, reference));
        }
    }
    stopped
}

/// The placements of a group whose nodes take them, by their places in the group.
pub(super) fn accepted(group: &PlannedGroup, rejections: &Rejections) -> Vec<usize> {
    let accepted = group.placements.iter().enumerate();
    let accepted = accepted.filter(|(_, planned)| !rejections.contains_key(&planned.node));
    accepted.map(|(at, _)| at).collect()
}

/// Adds placements of a group.
pub(super) fn commit_group(
    state: &mut Transaction<'_>,
    group: &PlannedGroup,
    accepted: &[usize],
    origin: Origin,
) -> Option<GroupPlacement> {
    if accepted.is_empty() {
        return None;
    }
    let job = &group.job;
    let name = &group.batch.version.group_spec()?.name;
    let job_slot = state.ensure_job(job);
    let open = state.open_batch(job_slot, name, group.batch.version.amounts);
    let mut allocations = Vec::with_capacity(accepted.len());
    let (mut all_holdings, mut evicted) = (Vec::new(), Vec::new());
    let has_ended = |state: &State, slot: AllocationSlot| {
        state.allocation(slot).is_none_or(|record| record.client.is_terminal())
    };
    let holds_any = group.placements.iter().any(|planned| planned.holdings.is_some());
    for (in_batch, &at) in accepted.iter().enumerate() {
        let (Some(planned), Some(placed)) = (group.placements.get(at), group.batch.placed.get(at))
        else {
            continue;
        };
        let next = state.next_of_batch(&open);
        let mut ids = Vec::new();
        for victim in &planned.victims {
            // What has ended meanwhile makes room by itself.
            if let Some(slot) = victim.find(state).filter(|slot| !has_ended(state, *slot)) {
                state.evict(slot, next);
                ids.push(victim.id.clone());
            }
        }
        if !ids.is_empty() {
            evicted.push((in_batch as u32, ids));
        }
        let holdings = planned.holdings.clone();
        if holds_any {
            all_holdings.push(holdings.clone().unwrap_or_default());
        }
        let (node, name_index) = (planned.node.slot, placed.name_index);
        let in_batch = in_batch as u32;
        state.take(&open, NewAllocation { node, name_index, in_batch, holdings });
        allocations.push(next);
    }
    let batch = Arc::new(committed_batch(state, &group.batch, accepted, evicted, origin));
    state.close_batch(open, batch.clone());
    let nodes = state.node_table().clone();
    let allocations = SmallList::drained(&mut allocations);
    Some(GroupPlacement { job: job.clone(), batch, allocations, nodes, holdings: all_holdings })
}

/// A batch with those of its placements that were committed.
fn committed_batch(
    state: &Transaction<'_>,
    batch: &Batch,
    accepted: &[usize],
    evicted: Vec<(u32, Vec<String>)>,
    origin: Origin,
) -> Batch {
    let placed = accepted.iter().filter_map(|&at| batch.placed.get(at).copied());
    let placed: Vec<_> = placed.collect();
    Batch {
        evaluation: origin.evaluation,
        deployment: origin.deployment,
        create_index: state.index_to_be(),
        created: state.now(),
        placed: placed.as_slice().into(),
        evicted,
        ..batch.clone()
    }
}
