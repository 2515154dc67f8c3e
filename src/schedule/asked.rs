//! What is asked of the scheduler: the evaluation that is processed.

use std::borrow::Cow;
use std::sync::Arc;

use crate::reconcile::view::NONE;
use crate::state::State;
use crate::state::evaluation::EvaluationRecord;
use crate::state::slots::EvaluationSlot;

/// The handle of the evaluation that is processed, where the state does not hold it.
pub(super) const GIVEN: u32 = NONE - 2;

/// What is asked: the evaluation that is processed.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) record: Arc<EvaluationRecord>,
    /// Its slot, if the state holds it.
    pub(super) slot: Option<EvaluationSlot>,
    /// The identity of one that the state does not hold.
    pub(super) given_id: String,
    /// Whether the figures of what is found out are wanted.
    pub(super) wants_figures: bool,
}

impl Asked {
    /// The identity of the evaluation.
    pub(super) fn id(&self, state: &State) -> Cow<'_, str> {
        match self.slot {
            Some(slot) => state.evaluation_id(slot).into(),
            None => Cow::Borrowed(&self.given_id),
        }
    }

    /// The handle of the evaluation.
    pub(super) fn handle(&self) -> u32 {
        self.slot.map_or(GIVEN, |slot| slot.0)
    }
}
