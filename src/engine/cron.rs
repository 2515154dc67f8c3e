//! When registered jobs are launched by themselves (docs/lifecycle.md, section 9, *Periodic*).

use super::error::JobCommandError;
use crate::model::PeriodicConfig;
use crate::schedule::{cron, next_launch};
use crate::state::State;
use crate::state::slots::JobSlot;
use crate::time::Timestamp;

/// When a registered job is launched by itself next.
pub(super) fn due_at(state: &State, slot: JobSlot) -> Option<Timestamp> {
    let present = &state.registration(slot)?.present()?.job;
    let periodic = present.periodic.as_ref().filter(|_| !present.stop)?;
    next_launch(periodic, state.standing(slot)?.launched?)
}

/// Whether a periodic job can be launched here, and its expressions and its time zone can be read.
pub(super) fn check(periodic: &PeriodicConfig) -> Result<(), JobCommandError> {
    match cfg!(feature = "cron") {
        true => Ok(cron::check(periodic)?),
        false => Err(JobCommandError::PeriodicNotSupported),
    }
}
