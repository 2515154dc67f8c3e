//! What is asked of the scheduler: the evaluation that is processed.

use crate::reconcile::view::NONE;
use crate::state::evaluation::EvaluationRecord;
use crate::state::slots::EvaluationSlot;

/// The handle of the evaluation that is processed, where the state does not hold it.
pub(super) const GIVEN: u32 = NONE - 2;

/// What is asked: the evaluation that is processed.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) record: EvaluationRecord,
    /// Its slot, if the state holds it.
    pub(super) slot: Option<EvaluationSlot>,
    pub(super) id: String,
    /// Whether the figures of what is found out are wanted.
    pub(super) wants_figures: bool,
}

impl Asked {
    /// The handle of the evaluation.
    pub(super) fn handle(&self) -> u32 {
        self.slot.map_or(GIVEN, |slot| slot.0)
    }
}
