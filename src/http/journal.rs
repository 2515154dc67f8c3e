//! Where commands are kept before they are applied, so that they outlast the process.

use crate::engine::{Command, Snapshot};
use crate::time::Timestamp;

/// Keeps what an engine is told, for [`EngineHandle::start_kept`](super::EngineHandle::start_kept): applying what
/// was kept, in its order and each at its instant, makes the engine again.
pub trait Journal: Send + 'static {
    /// Keeps commands, each with the instant at which it is applied, in the order in which they are; and after
    /// them, if there is one, an instant to which time came by itself, and by which something happened: it has
    /// to come there when the engine is made again, before anything else is told. They are kept for good when
    /// this returns.
    ///
    /// # Errors
    ///
    /// None of them could be kept: they are not applied; those that a machine told its engine by itself come
    /// again.
    fn keep(
        &mut self,
        commands: &[(Timestamp, &Command)],
        reached: Option<Timestamp>,
    ) -> Result<(), String>;

    /// Whether the engine as a whole is to be kept now, so that what was kept before is needed no more.
    fn wants_state(&self) -> bool {
        false
    }

    /// Keeps the engine as it is after all that was kept so far. Making the copy is quick; writing it may go
    /// on elsewhere.
    fn save(&mut self, _: Snapshot) {}

    /// It is over: keeps the engine as it is at last.
    ///
    /// # Errors
    ///
    /// It cannot be kept; the commands are.
    fn end(&mut self, _: Snapshot) -> Result<(), String> {
        Ok(())
    }
}

/// Keeps nothing.
pub(super) struct Nowhere;

impl Journal for Nowhere {
    fn keep(&mut self, _: &[(Timestamp, &Command)], _: Option<Timestamp>) -> Result<(), String> {
        Ok(())
    }
}
