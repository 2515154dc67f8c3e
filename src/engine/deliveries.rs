//! Evaluations that go out to schedulers outside, and come back (docs/lifecycle.md, section 6).

use super::broker;
use super::change::Change;
use super::command::{Ack, Dequeue, Nack};
use super::error::EvaluationCommandError;
use crate::model::{EvaluationStatus, JobType, Trigger};
use crate::rng::KeyPrefix;
use crate::state::State;
use crate::state::bookkeeping::Delivery;
use crate::state::ids;
use crate::state::slots::EvaluationSlot;
use crate::time::Span;

/// What tokens are made of.
const TOKENS: u64 = 0x746f_6b65_6e00;
/// The least that a failed evaluation's follow-up waits, and the most that is drawn to it.
const FOLLOW_UP_WAIT: Span = Span::from_secs(60);
const FOLLOW_UP_JITTER: Span = Span::from_secs(5 * 60);

/// The text of a token.
fn token_text(state: &State, token: u64) -> String {
    ids::encode(state.identity_seed ^ TOKENS, token as u32, (token >> 32) as u32)
}

/// The token by which an evaluation is out; none while it is not.
pub(super) fn token_of(state: &State, delivery: Delivery) -> Option<String> {
    delivery.token.map(|token| token_text(state, token))
}

/// Gives the evaluation out that is first among those of the types, if there is any.
pub(super) fn dequeue(
    change: &mut Change<'_>,
    body: &Dequeue,
) -> Result<(), EvaluationCommandError> {
    let types = body.types.iter().map(|text| {
        let unknown = || EvaluationCommandError::UnknownType { text: text.clone() };
        JobType::from_text(text).ok_or_else(unknown)
    });
    let types: Vec<JobType> = types.collect::<Result<_, _>>()?;
    if change.book().settings.scheduler.pause_eval_broker {
        return Err(EvaluationCommandError::Paused);
    }
    let Some(slot) = change.queues.first_ready(&types) else { return Ok(()) };
    let token = change.next_token();
    let count = change.delivery(slot).map_or(0, |it| it.count) + 1;
    let due = change.now().checked_add(change.options.nack_timeout);
    change.set_delivery(slot, Some(Delivery { count, token: Some(token), due }));
    change.applied.dequeued = Some(change.evaluation_id(slot));
    change.applied.token = token_text(&change.state, token);
    Ok(())
}

/// An evaluation that is out under a token.
fn find(
    change: &Change<'_>,
    id: &str,
    token: &str,
) -> Result<EvaluationSlot, EvaluationCommandError> {
    let slot = change.find_evaluation(id).ok_or(EvaluationCommandError::NotOutstanding)?;
    let known = change.delivery(slot).and_then(|it| it.token);
    let known = known.ok_or(EvaluationCommandError::NotOutstanding)?;
    match token_text(&change.state, known) == token {
        true => Ok(slot),
        false => Err(EvaluationCommandError::WrongToken),
    }
}

/// Takes an evaluation back that is done. One that nobody gave another status is complete.
pub(super) fn ack(change: &mut Change<'_>, body: &Ack) -> Result<(), EvaluationCommandError> {
    let slot = find(change, &body.evaluation_id, &body.token)?;
    change.set_delivery(slot, None);
    change.set_released(slot, false);
    let status = change.evaluation(slot).map(|it| it.status);
    if status == Some(EvaluationStatus::Pending) {
        broker::end(change, slot, EvaluationStatus::Complete, "");
    }
    Ok(())
}

/// Takes an evaluation back that was not done.
pub(super) fn nack(change: &mut Change<'_>, body: &Nack) -> Result<(), EvaluationCommandError> {
    let slot = find(change, &body.evaluation_id, &body.token)?;
    give_back(change, slot);
    Ok(())
}

/// What is due of an evaluation: one that is out was not done in time, one that failed may go out again.
pub(super) fn fire(change: &mut Change<'_>, slot: EvaluationSlot) {
    let Some(delivery) = change.delivery(slot) else { return };
    if delivery.token.is_some() {
        return give_back(change, slot);
    }
    change.set_delivery(slot, Some(Delivery { due: None, ..delivery }));
}

/// Lets an evaluation go out again later, unless it did so too often.
fn give_back(change: &mut Change<'_>, slot: EvaluationSlot) {
    let Some(delivery) = change.delivery(slot) else { return };
    if change.evaluation(slot).is_none_or(|it| it.status.is_terminal()) {
        // Something has become of it; only that it is done was not said.
        return change.set_delivery(slot, None);
    }
    let limit = change.options.delivery_limit;
    if delivery.count >= limit {
        return give_up(change, slot, limit);
    }
    let delay = match delivery.count {
        0 | 1 => change.options.initial_nack_delay,
        count => change.options.nack_delay.saturating_mul(i64::from(count) - 1),
    };
    let due = change.now().checked_add(delay);
    change.set_delivery(slot, Some(Delivery { token: None, due, ..delivery }));
}

/// Fails an evaluation that went out too often, and looks at its job again later, if that is still there.
fn give_up(change: &mut Change<'_>, slot: EvaluationSlot, limit: u32) {
    let reason = format!("evaluation reached delivery limit ({limit})");
    let record = change.evaluation(slot).cloned();
    broker::end(change, slot, EvaluationStatus::Failed, &reason);
    let Some(record) = record else { return };
    let Some(job) = change.resolve_job(record.job) else { return };
    if change.registration(job).is_none() {
        return;
    }
    let key = KeyPrefix::new(change.identity_seed, 2, &[TOKENS]);
    let drawn = key.stream_of(change.index_to_be()).below(FOLLOW_UP_JITTER.as_nanos() as u64);
    let mut child = record.child(Trigger::FailedFollowUp);
    child.links_mut().wait =
        FOLLOW_UP_WAIT.checked_add(Span::from_nanos(drawn as i64)).unwrap_or(FOLLOW_UP_WAIT);
    let of = change.evaluation_ref(slot);
    let follow_up = change.add_child_evaluation(job, of, child);
    let next = change.evaluation_ref(follow_up);
    change.change_evaluation(slot, |record| record.follow_with(next));
}
