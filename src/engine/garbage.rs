//! Forgetting what has ended (docs/lifecycle.md, section 7).

use super::change::Change;
use super::command::DeleteEvaluations;
use super::error::EvaluationCommandError;
use super::forget::{allocations_of, is_dead, is_deployed, is_over};
use crate::model::NodeStatus;
use crate::state::bookkeeping::NodeLife;
use crate::state::slots::{AllocationSlot, DeploymentSlot, EvaluationSlot, JobSlot, NodeSlot};

/// Forgets all that has ended, whatever its age.
pub(super) fn collect(change: &mut Change<'_>) {
    let evaluations = change.evaluations().filter(|(_, record)| record.status.is_terminal());
    let evaluations: Vec<EvaluationSlot> = evaluations.map(|(slot, _)| slot).collect();
    let allocations = change.allocations().map(|(slot, _)| slot);
    let allocations: Vec<AllocationSlot> =
        allocations.filter(|it| is_over(&change.state, *it)).collect();
    let mut collected = allocations.len();
    allocations.iter().for_each(|&slot| change.remove_allocation(slot));
    for slot in evaluations {
        collected += usize::from(remove_evaluation(change, slot));
    }
    let deployments = change.deployments().map(|(slot, _)| slot);
    let deployments: Vec<DeploymentSlot> =
        deployments.filter(|it| is_deployed(&change.state, *it)).collect();
    deployments.iter().for_each(|&slot| change.remove_deployment(slot));
    collected += deployments.len();
    let jobs: Vec<JobSlot> = change.job_slots().filter(|it| is_dead(&change.state, *it)).collect();
    for &job in &jobs {
        collected += allocations_of(&change.state, job).count() + change.evaluations_of(job).len();
        forget_job(change, job);
    }
    let is_left = |slot: &NodeSlot| {
        let is_down = change.node(*slot).is_some_and(|it| it.node.status() == NodeStatus::Down);
        is_down && change.allocations_on(*slot).is_empty()
    };
    let nodes: Vec<NodeSlot> = change.nodes().map(|(slot, _)| slot).filter(is_left).collect();
    nodes.iter().for_each(|&node| forget_node(change, node));
    change.applied.collected = collected + jobs.len() + nodes.len();
}

/// Takes an evaluation out of which no allocation is left; false if there is one.
fn remove_evaluation(change: &mut Change<'_>, slot: EvaluationSlot) -> bool {
    let is_taken_out = change.evaluation(slot).is_some() && !is_needed(change, slot);
    if is_taken_out {
        change.remove_evaluation(slot);
    }
    is_taken_out
}

/// Whether any allocation is left of an evaluation: they are forgotten by way of it.
fn is_needed(change: &Change<'_>, slot: EvaluationSlot) -> bool {
    let Some(job) = change.evaluation(slot).map(|it| it.job.slot) else { return false };
    let of = change.evaluation_ref(slot);
    let is_left = |it: AllocationSlot| change.lifecycle(it).is_some_and(|it| it.evaluation == of);
    allocations_of(&change.state, job).any(is_left)
}

/// Forgets an evaluation that is old enough, and the allocations that it made.
pub(super) fn forget_evaluation(change: &mut Change<'_>, slot: EvaluationSlot) {
    let Some(job) = change.evaluation(slot).map(|it| it.job.slot) else { return };
    let of = change.evaluation_ref(slot);
    let is_its = |it: &AllocationSlot| {
        change.lifecycle(*it).is_some_and(|it| it.evaluation == of) && is_over(&change.state, *it)
    };
    let its: Vec<AllocationSlot> = allocations_of(&change.state, job).filter(is_its).collect();
    its.into_iter().for_each(|allocation| change.remove_allocation(allocation));
    remove_evaluation(change, slot);
}

/// Forgets a deployment that has ended, unless any of its allocations is left.
pub(super) fn forget_deployment(change: &mut Change<'_>, slot: DeploymentSlot) {
    if is_deployed(&change.state, slot) {
        change.remove_deployment(slot);
    }
}

/// Forgets a job that is dead, and all that there was of it.
pub(super) fn forget_job(change: &mut Change<'_>, job: JobSlot) {
    if !is_dead(&change.state, job) {
        return;
    }
    change.remove_job(job);
}

/// Forgets a node that is down.
pub(super) fn forget_node(change: &mut Change<'_>, node: NodeSlot) {
    change.remove_node(node);
    change.set_life(node, NodeLife::default());
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
        if is_needed(change, slot) {
            return Err(EvaluationCommandError::HasAllocations { id: id.clone() });
        }
        slots.push(slot);
    }
    slots.iter().for_each(|&slot| change.remove_evaluation(slot));
    change.applied.collected = slots.len();
    Ok(())
}
