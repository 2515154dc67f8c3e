//! Processing evaluations on the live state, without a copy and without a second look
//! (docs/lifecycle.md, section 2).

use super::broker;
use super::change::Change;
use super::settings::place_options;
use crate::model::EvaluationStatus;
use crate::schedule::process::process_whole;
use crate::state::slots::EvaluationSlot;

/// Processes an evaluation that is in hand, and writes down what it comes to.
pub(super) fn process(change: &mut Change<'_>, evaluation: EvaluationSlot) {
    let options = place_options(&change.options.place, &change.book().settings);
    process_whole(&mut change.state, change.caches, evaluation, &options);
    // One that waits for room again has been looked at.
    change.set_released(evaluation, false);
    let status = change.evaluation(evaluation).map(|it| it.status);
    if status == Some(EvaluationStatus::Pending) {
        let reason = "the scheduler left it as it was";
        broker::end(change, evaluation, EvaluationStatus::Failed, reason);
    }
}
