//! What is asked of the scheduler: the evaluation that is processed.

use std::borrow::Cow;
use std::sync::Arc;

use crate::reconcile::view::NONE;
use crate::state::State;
use crate::state::evaluation::EvaluationRecord;
use crate::state::slots::{EvaluationRef, EvaluationSlot};

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
    /// Whether what it comes to is written down rather than carried out at once: with figures then, and with
    /// the record of its new deployment.
    pub(super) is_written: bool,
}

impl Asked {
    /// The identity of the evaluation.
    pub(super) fn id(&self, state: &State) -> Cow<'_, str> {
        match self.slot {
            Some(slot) => state.evaluation_id(slot).into(),
            None => Cow::Borrowed(&self.given_id),
        }
    }

    /// What names the evaluation.
    pub(super) fn reference(&self, state: &State) -> EvaluationRef {
        self.slot.map(|slot| state.evaluation_ref(slot)).unwrap_or_default()
    }

    /// The handle of the evaluation.
    pub(super) fn handle(&self) -> u32 {
        self.slot.map_or(GIVEN, |slot| slot.0)
    }
}
