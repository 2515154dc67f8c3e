//! Forgetting what has ended (docs/lifecycle.md, section 7).

use super::change::Change;
use super::command::DeleteEvaluations;
use super::error::EvaluationCommandError;
use crate::model::{JobType, NodeStatus};
use crate::state::State;
use crate::state::bookkeeping::NodeLife;
use crate::state::slots::{
    AllocationRef, AllocationSlot, DeploymentSlot, EvaluationSlot, JobSlot, NodeSlot,
};
use crate::state::standing::JobStatus;

/// Forgets all that has ended, whatever its age.
pub(super) fn collect(change: &mut Change<'_>) {
    let allocations: Vec<AllocationSlot> = change
        .allocations()
        .map(|(slot, _)| slot)
        .filter(|it| is_over(&change.state, *it))
        .collect();
    allocations.iter().for_each(|&slot| change.remove_allocation(slot));
    let mut collected = allocations.len();
    let evaluations: Vec<EvaluationSlot> = change
        .evaluations()
        .map(|(slot, _)| slot)
        .filter(|it| is_done(&change.state, *it))
        .collect();
    evaluations.iter().for_each(|&slot| change.remove_evaluation(slot));
    collected += evaluations.len();
    let deployments = change.deployments().map(|(slot, _)| slot);
    let deployments: Vec<DeploymentSlot> =
        deployments.filter(|it| is_deployed(&change.state, *it)).collect();
    deployments.iter().for_each(|&slot| change.remove_deployment(slot));
    collected += deployments.len();
    let jobs: Vec<JobSlot> = change.job_slots().filter(|it| is_dead(&change.state, *it)).collect();
    jobs.iter().for_each(|&slot| change.unregister_job(slot));
    collected += jobs.len();
    let nodes: Vec<NodeSlot> =
        change.nodes().map(|(slot, _)| slot).filter(|it| is_gone(&change.state, *it)).collect();
    for &node in &nodes {
        change.remove_node(node);
        change.set_life(node, NodeLife::default());
    }
    change.applied.collected = collected + nodes.len();
}

/// Whether an allocation has ended and nothing is to follow from it: it was to stop, was replaced, or its
/// job is over.
fn is_over(state: &State, slot: AllocationSlot) -> bool {
    let Some(record) = state.allocation(slot).filter(|it| it.client.is_terminal()) else {
        return false;
    };
    let is_replaced = state.lifecycle(slot).is_some_and(|it| it.successor != AllocationRef::NONE);
    let job_is_over =
        state.registration(record.job).and_then(|it| it.newest()).is_none_or(|it| it.job.stop);
    let is_batch = state
        .job_spec_of(slot)
        .is_some_and(|job| matches!(job.job_type(), JobType::Batch | JobType::Sysbatch));
    // What a batch job has completed is done for as long as it is known.
    job_is_over || (!is_batch && (record.desired.is_terminal() || is_replaced))
}

/// Whether an evaluation has ended and none of the allocations that it made is left.
fn is_done(state: &State, slot: EvaluationSlot) -> bool {
    let Some(record) = state.evaluation(slot).filter(|it| it.status.is_terminal()) else {
        return false;
    };
    let of = state.evaluation_ref(slot);
    let groups = state.job(record.job.slot).map(|job| &*job.groups).unwrap_or_default();
    let mut allocations = groups.iter().flat_map(|group| group.allocations.iter());
    !allocations.any(|it| state.lifecycle(*it).is_some_and(|it| it.evaluation == of))
}

/// Whether a deployment has ended and none of its allocations is left.
fn is_deployed(state: &State, slot: DeploymentSlot) -> bool {
    let Some(record) = state.deployment(slot).filter(|it| !it.status.is_active()) else {
        return false;
    };
    let of = state.deployment_ref(slot);
    let groups = state.job(record.job.slot).map(|job| &*job.groups).unwrap_or_default();
    let mut allocations = groups.iter().flat_map(|group| group.allocations.iter());
    !allocations.any(|it| state.lifecycle(*it).is_some_and(|it| it.deployment == of))
}

/// Whether a job is stopped or done, and nothing is left of what ran.
fn is_dead(state: &State, slot: JobSlot) -> bool {
    let Some(newest) = state.registration(slot).and_then(|it| it.newest()) else { return false };
    let is_over = newest.job.stop || newest.job.job_type() == JobType::Batch;
    let groups = state.job(slot).map(|job| &*job.groups).unwrap_or_default();
    let has_ended = |it: &AllocationSlot| {
        state.allocation(*it).is_none_or(|record| record.client.is_terminal())
    };
    let is_open =
        |it: &EvaluationSlot| state.evaluation(*it).is_some_and(|it| !it.status.is_terminal());
    is_over
        && state.status_of_job(slot) == JobStatus::Dead
        && groups.iter().flat_map(|group| group.allocations.iter()).all(has_ended)
        && !state.evaluations_of(slot).iter().any(is_open)
}

/// Whether a node is down and nothing is on it.
fn is_gone(state: &State, slot: NodeSlot) -> bool {
    let is_down = state.node(slot).is_some_and(|it| it.node.status() == NodeStatus::Down);
    is_down && state.allocations_on(slot).is_empty()
}

/// Takes evaluations out that have ended.
pub(super) fn delete_evaluations(
    change: &mut Change<'_>,
    body: &DeleteEvaluations,
) -> Result<(), EvaluationCommandError> {
    let mut slots = Vec::new();
    for id in &body.ids {
        let Some(slot) = change.find_evaluation(id) else {
            return Err(EvaluationCommandError::UnknownEvaluation { id: id.clone() });
        };
        let status = change.evaluation(slot).map(|it| it.status);
        if let Some(status) = status.filter(|status| !status.is_terminal()) {
            let (id, status) = (id.clone(), status.as_str());
            return Err(EvaluationCommandError::NotEnded { id, status });
        }
        slots.push(slot);
    }
    slots.iter().for_each(|&slot| change.remove_evaluation(slot));
    change.applied.collected = slots.len();
    Ok(())
}
