//! Engines of the bytes of saved states.

use std::sync::Arc;

use super::Engine;
use super::history::History;
use super::options::EngineOptions;
use super::queues::Queues;
use super::saved::frames::{self, Frames, Kind};
use super::saved::{FORMAT, LoadError, REPLAY_VERSION};
use crate::cluster::Cluster;
use crate::state::State;
use crate::state::codec::{Flaw, Reader, Saved};

impl Engine {
    /// Counts the ways in which an engine answers to commands: another version of this crate with the same
    /// number makes the same of a log of commands. One with another number does not; it reads saved states
    /// all the same.
    pub const REPLAY_VERSION: u32 = REPLAY_VERSION;

    /// An engine of the bytes of a saved state, from [`Snapshot::save`](super::Snapshot::save). It goes on exactly as the one that
    /// was saved would have. It has no stopwatch; see [`Engine::set_stopwatch`].
    ///
    /// # Errors
    ///
    /// The bytes are not a saved state, or of a later format, or not all of one, or not as they were
    /// written. Bytes from anywhere do no harm.
    ///
    /// ```
    /// use stowplan::engine::{Engine, EngineOptions, LoadError};
    ///
    /// let mut bytes: Vec<u8> =
    ///     Engine::new(EngineOptions::default()).snapshot().save().flatten().collect();
    /// assert!(Engine::load(&bytes)?.check().is_ok());
    /// bytes.pop();
    /// assert!(matches!(Engine::load(&bytes), Err(LoadError::Torn { .. })));
    /// assert!(matches!(Engine::load(b"{}"), Err(LoadError::Foreign)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn load(bytes: &[u8]) -> Result<Engine, LoadError> {
        let mut frames = Frames::of(bytes, FORMAT)?;
        let mut input = Reader::new(&[], frames.format());
        let (options, commands, mut history) = frames.expect(Kind::Engine, |bytes| {
            input.go_on(bytes);
            load_engine(&mut input)
        })?;
        let mut state = frames.expect(Kind::Base, |bytes| {
            input.go_on(bytes);
            State::load_base(&mut input)
        })?;
        loop {
            let (kind, bytes) = frames.next()?;
            input.go_on(bytes);
            match kind {
                Kind::Records(records) => frames.read(state.load_part(records, &mut input))?,
                Kind::Events => frames.read(history.load_kept(&mut input))?,
                Kind::End => {
                    let count = u64::load(&mut input).and_then(|count| {
                        input.end()?;
                        frames.is_end_after(count)
                    });
                    frames.read(count)?;
                    frames.end()?;
                    break;
                }
                Kind::Engine | Kind::Base => return Err(frames.unexpected()),
            }
        }
        let state = frames.read(state.complete())?;
        let queues = Queues::of(&state, &options.garbage);
        let cluster = Cluster::of_state(state);
        let (queues, options) = (Arc::new(queues), Arc::new(options));
        Ok(Engine { cluster, queues, options, history, commands })
    }

    /// Says by what clock the time is measured that placements take; by none, it is 0.
    pub fn set_stopwatch(&mut self, now_ns: Option<fn() -> u64>) {
        Arc::make_mut(&mut self.options).place.stopwatch = now_ns;
    }

    /// Bytes of a saved state with their checksums made right, so that what was changed in them is read:
    /// for fuzzing.
    #[doc(hidden)]
    pub fn reseal(bytes: &mut [u8]) {
        frames::reseal(bytes);
    }
}

fn load_engine(input: &mut Reader<'_>) -> Result<(EngineOptions, u64, History), Flaw> {
    let options = EngineOptions::load(input)?;
    let commands = u64::load(input)?;
    let history = History::load_latest(input)?;
    input.end()?;
    Ok((options, commands, history))
}
