//! Where an evaluation is that has not ended: told from the state alone (docs/lifecycle.md, section 6).

use std::cmp::Reverse;
use std::sync::Arc;

use super::blocked::{Eligibility, Hope, Wait};
use super::wanted::wanted_by;
use crate::model::{EvaluationStatus, JobType, Trigger};
use crate::state::State;
use crate::state::evaluation::EvaluationRecord;
use crate::state::slots::{EvaluationSlot, NodeRef};
use crate::time::{Span, Timestamp};

/// What orders evaluations that are ready: the priority, the index of creation and the slot.
pub(super) type ReadyKey = (Reverse<i64>, u64, EvaluationSlot);

/// How long a blocked evaluation waits, from when it was looked at last, whose plans met too many conflicts.
const RETRY: Span = Span::from_secs(60);

/// Where an evaluation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It may go out.
    Ready(JobType, ReadyKey),
    /// It waits until an instant.
    Waiting(Timestamp),
    /// It is out, until an instant.
    Out(Option<Timestamp>),
    /// It failed, and may go out again at an instant.
    Failed(Option<Timestamp>),
    /// Another one of its job is in hand.
    Pending,
    /// It waits for room, or for an instant at which it is tried again.
    Blocked(Arc<Wait>, Option<Timestamp>),
}

/// Where an evaluation is; none of one that has ended.
pub(super) fn place_of(state: &State, slot: EvaluationSlot) -> Option<Place> {
    let record = state.evaluation(slot)?;
    let delivery = state.delivery(slot).unwrap_or_default();
    if delivery.token.is_some() {
        return Some(Place::Out(delivery.due));
    }
    match record.status {
        EvaluationStatus::Pending => {}
        EvaluationStatus::Blocked if state.is_released(slot) => {}
        EvaluationStatus::Blocked => {
            let is_failed = record.trigger == Trigger::MaxPlanAttempts;
            let retry = is_failed.then(|| record.modified.checked_add(RETRY)).flatten();
            return Some(Place::Blocked(Arc::new(wait_of(state, record)), retry));
        }
        EvaluationStatus::Complete | EvaluationStatus::Failed | EvaluationStatus::Canceled => {
            return None;
        }
    }
    if delivery.due.is_some() {
        return Some(Place::Failed(delivery.due));
    }
    if let Some(at) = due_at(record).filter(|at| *at > state.now) {
        return Some(Place::Waiting(at));
    }
    if state.claim(record.job.slot) != Some(slot) {
        return Some(Place::Pending);
    }
    let key = (Reverse(record.priority), record.create_index, slot);
    Some(Place::Ready(record.job_type.unwrap_or_default(), key))
}

/// Before when an evaluation is not to be looked at.
pub(super) fn due_at(record: &EvaluationRecord) -> Option<Timestamp> {
    let links = record.links();
    if links.wait_until.is_some() {
        return links.wait_until;
    }
    let wait = Some(links.wait).filter(|wait| *wait > Span::ZERO)?;
    record.created.checked_add(wait)
}

/// What an evaluation waits for that waits for room.
fn wait_of(state: &State, record: &EvaluationRecord) -> Wait {
    let job = state.resolve_job(record.job).and_then(|job| state.registration(job));
    let job = job.and_then(|job| job.present()).map(|version| &version.job);
    let job_type = job.map(|job| job.job_type()).or(record.job_type).unwrap_or_default();
    let details = record.details.as_deref();
    Wait {
        hope: hope_of(record),
        kind: (job_type, job.map_or(record.priority, |job| job.priority())),
        wanted: wanted_by(state, record),
        quota: details.map_or_else(Box::default, |details| details.quota_limit_reached.clone()),
    }
}

/// Where an evaluation may be helped that waits for room.
pub(super) fn hope_of(record: &EvaluationRecord) -> Hope {
    let links = record.links();
    let is_of_node = links.node != NodeRef::NONE || !links.node_id().is_empty();
    if is_of_node && record.job_type.is_some_and(JobType::is_system) {
        return Hope::Node(links.node);
    }
    let details = record.details.as_deref();
    if record.escaped_computed_class {
        return Hope::Any;
    }
    let known = details.map(|details| &details.class_eligibility).into_iter().flatten();
    let mut classes: Vec<(Box<str>, bool)> =
        known.map(|(class, may)| (class.as_str().into(), *may)).collect();
    classes.sort_unstable();
    Hope::Classes(Eligibility::from(classes))
}
