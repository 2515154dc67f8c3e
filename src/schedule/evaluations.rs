//! The evaluations that come of processing one (docs/lifecycle.md, sections 1 and 2).

use indexmap::IndexMap;

use super::classes::Classes;
use crate::model::{AllocationMetrics, Evaluation};
use crate::reconcile::changes::{FollowUp, FollowUpKind};
use crate::time::Timestamp;

/// The name of a new evaluation by its position, until it has an identity.
pub(super) fn new_id(position: usize) -> String {
    format!("new[{position}]")
}

/// An evaluation that another one makes.
fn child(parent: &Evaluation, position: usize, now: Timestamp) -> Evaluation {
    Evaluation {
        id: new_id(position),
        namespace: parent.namespace.clone(),
        priority: parent.priority,
        evaluation_type: parent.evaluation_type.clone(),
        job_id: parent.job_id.clone(),
        job_modify_index: parent.job_modify_index,
        previous_eval: parent.id.clone(),
        create_time: now.as_nanos(),
        modify_time: now.as_nanos(),
        ..Evaluation::default()
    }
}

/// An evaluation that looks again later.
pub(super) fn follow_up(
    parent: &Evaluation,
    position: usize,
    follow_up: &FollowUp,
    now: Timestamp,
) -> Evaluation {
    let child = child(parent, position, now);
    let is_relative = follow_up.kind == FollowUpKind::RollingUpdate;
    Evaluation {
        triggered_by: follow_up.kind.triggered_by().into(),
        status: "pending".into(),
        status_description: follow_up.kind.description().into(),
        wait: if is_relative { follow_up.wait_until.since(now) } else { child.wait },
        wait_until: (!is_relative).then_some(follow_up.wait_until),
        ..child
    }
}

/// An evaluation that waits for room.
pub(super) fn blocked(
    parent: &Evaluation,
    position: usize,
    failures: &IndexMap<String, AllocationMetrics>,
    classes: &Classes,
    node_id: &str,
    now: Timestamp,
) -> Evaluation {
    Evaluation {
        triggered_by: "queued-allocs".into(),
        status: "blocked".into(),
        status_description: "created to place remaining allocations".into(),
        node_id: node_id.into(),
        class_eligibility: classes.eligibility.clone(),
        escaped_computed_class: classes.is_escaped,
        failed_tg_allocs: failures.clone(),
        ..child(parent, position, now)
    }
}
