//! What schedulers outside say of evaluations that they have: plans, and what becomes of them
//! (docs/lifecycle.md, sections 1, 5 and 6).

use super::change::Change;
use super::command::{CreateEvaluation, SubmitPlan, UpdateEvaluation};
use super::deliveries::token_of;
use super::error::EvaluationCommandError;
use crate::model::{Evaluation, EvaluationStatus};
use crate::plan::commit::commit;
use crate::plan::content::Plan;
use crate::state::bookkeeping::Delivery;
use crate::state::settings::DEFAULT_NAMESPACE;
use crate::state::slots::EvaluationSlot;

/// An evaluation that is out under a token.
fn outstanding(
    change: &Change<'_>,
    id: &str,
    token: &str,
) -> Result<EvaluationSlot, EvaluationCommandError> {
    let slot = change.find_evaluation(id).ok_or(EvaluationCommandError::IsNotOut)?;
    let delivery = change.delivery(slot).ok_or(EvaluationCommandError::IsNotOut)?;
    match token_of(change, delivery) {
        None => Err(EvaluationCommandError::IsOverdue),
        Some(known) if known != token => Err(EvaluationCommandError::IsOutOtherwise),
        Some(_) => Ok(slot),
    }
}

/// Verifies a plan, and carries out what its nodes take. While that is done no time passes for the
/// evaluation.
pub(super) fn submit(
    change: &mut Change<'_>,
    body: &SubmitPlan,
) -> Result<(), EvaluationCommandError> {
    let document = &body.plan;
    let token = if body.token.is_empty() { &document.eval_token } else { &body.token };
    let slot = outstanding(change, &document.eval_id, token)?;
    let plan = Plan::of_document(&change.state, document)?;
    let options = plan.options.clone();
    let committed = commit(&mut change.state, plan);
    change.created.extend(committed.created.iter().copied());
    change.committed = Some(Box::new((committed, options)));
    // One that has ended, but is out still, is kept by what was placed for it.
    if change.evaluation(slot).is_some_and(|it| it.status.is_terminal()) {
        change.revisited.push(slot);
    }
    if let Some(delivery) = change.delivery(slot) {
        let due = change.now().checked_add(change.options.nack_timeout);
        change.set_delivery(slot, Some(Delivery { due, ..delivery }));
    }
    Ok(())
}

/// Writes down what has become of an evaluation. One that waits for room again has to have done so before.
pub(super) fn update(
    change: &mut Change<'_>,
    body: &UpdateEvaluation,
) -> Result<(), EvaluationCommandError> {
    let document = &body.evaluation;
    let slot = outstanding(change, &document.id, &body.token)?;
    let before = change.evaluation(slot).map(|it| it.status);
    let is_blocked = |status: Option<EvaluationStatus>| status == Some(EvaluationStatus::Blocked);
    if is_blocked(document.status()) && !is_blocked(before) {
        return Err(EvaluationCommandError::NotBlocked { id: document.id.clone() });
    }
    change.upsert_evaluation(document)?;
    Ok(())
}

/// Makes an evaluation that comes of one that is out.
pub(super) fn create(
    change: &mut Change<'_>,
    body: &CreateEvaluation,
) -> Result<(), EvaluationCommandError> {
    let document = &body.evaluation;
    outstanding(change, &document.previous_eval, &body.token)?;
    if change.find_evaluation(&document.id).is_some() {
        return Err(EvaluationCommandError::AlreadyExists { id: document.id.clone() });
    }
    let status = document.status().filter(|status| !status.is_terminal());
    if status.is_none() {
        let (id, status) = (document.id.clone(), document.status.clone());
        return Err(EvaluationCommandError::NotNew { id, status });
    }
    check_job(change, document)?;
    let slot = change.upsert_evaluation(document)?;
    change.created.push(slot);
    Ok(())
}

fn check_job(change: &Change<'_>, document: &Evaluation) -> Result<(), EvaluationCommandError> {
    let namespace = match document.namespace.as_str() {
        "" => DEFAULT_NAMESPACE,
        namespace => namespace,
    };
    match change.find_job(namespace, &document.job_id) {
        Some(_) => Ok(()),
        None => Err(EvaluationCommandError::UnknownJob { job_id: document.job_id.clone() }),
    }
}
