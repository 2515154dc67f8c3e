//! Writing down what an engine is told.

use crate::engine::{Command, Recorded};
use crate::time::Timestamp;

/// Who is shown every command, if anybody is.
#[derive(Default)]
pub(super) struct Recorder(Option<Box<Show>>);

type Show = dyn FnMut(&Recorded) + Send;

impl Recorder {
    pub(super) fn new(recorder: impl FnMut(&Recorded) + Send + 'static) -> Recorder {
        Recorder(Some(Box::new(recorder)))
    }

    /// Shows a command, and gives it back.
    pub(super) fn shown(&mut self, now: Timestamp, command: Command) -> Command {
        let Some(recorder) = &mut self.0 else { return command };
        let recorded = Recorded::new(now, command);
        recorder(&recorded);
        recorded.command
    }
}
