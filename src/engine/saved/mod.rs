//! Saved states: a whole engine as bytes, and from bytes again.
//!
//! In: a snapshot; or bytes. Out: its bytes, chunk by chunk; or an engine, or why the bytes are none. May import
//! `state`, `placement`, `rank` and `model`.
//!
//! The bytes begin with a magic, the number of the format and that of the [replay
//! version](crate::engine::Engine::REPLAY_VERSION). Frames follow: a kind, a length, a checksum and that many bytes. The first has what
//! is the engine's own, then come the parts of its state, its events, and a last frame that says that nothing is
//! missing.

mod error;
mod events;
pub(super) mod frames;
mod options;

use std::collections::VecDeque;
use std::ops::Range;

use self::frames::{Kind, frame, header};
use super::options::EngineOptions;
use super::snapshot::Snapshot;
use crate::state::codec::{Saved, Writer};
use crate::state::saved::Part;

pub use self::error::LoadError;

/// The number of the present format. A file of an earlier one is read.
pub(super) const FORMAT: u32 = 1;

/// Counts the ways in which an engine answers to commands.
pub(super) const REPLAY_VERSION: u32 = 1;

/// How many events a frame has at most.
const EVENTS: usize = 1 << 12;

/// A saved state on its way to where it is kept, from [`Snapshot::save`]: its bytes, chunk by chunk.
///
/// ```
/// use stowplan::engine::{Engine, EngineOptions};
///
/// let chunks = Engine::new(EngineOptions::default()).snapshot().save();
/// let bytes: Vec<u8> = chunks.flatten().collect();
/// assert!(bytes.starts_with(b"stowplan"));
/// ```
#[derive(Debug)]
pub struct SavedChunks {
    snapshot: Snapshot,
    writer: Writer,
    left: VecDeque<Step>,
    frames: u64,
}

/// What a frame is made of.
#[derive(Clone, Debug)]
enum Step {
    Engine,
    Part(Part),
    Events(Range<usize>),
    End,
}

impl Snapshot {
    /// The whole engine as bytes, chunk by chunk, for [`Engine::load`](super::Engine::load): what it works by, every table, the
    /// history of events, the present instant and how many commands it was told. Queues and timers are
    /// not in it, since they are told from the rest. A stopwatch is not either.
    ///
    /// A chunk is made when it is asked for, and holds some thousand records. Where the chunks go, and how
    /// that is made to last, is for the program to see to.
    ///
    /// ```
    /// use stowplan::Timestamp;
    /// use stowplan::engine::{Engine, EngineOptions, RegisterNode};
    /// use stowplan::model::Node;
    ///
    /// let mut engine = Engine::new(EngineOptions { seed: 7, ..EngineOptions::default() });
    /// let node = Node::builder("n1").build()?;
    /// engine.apply(Timestamp::from_secs(5), RegisterNode::from(node.spec().clone()).into())?;
    ///
    /// let mut file: Vec<u8> = Vec::new();
    /// for chunk in engine.snapshot().save() {
    ///     file.extend(chunk);
    /// }
    /// let loaded = Engine::load(&file)?;
    /// assert_eq!(loaded.dump(), engine.dump());
    /// assert_eq!((loaded.commands(), loaded.now()), (1, Timestamp::from_secs(5)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self) -> SavedChunks {
        SavedChunks::of(self.clone())
    }
}

impl SavedChunks {
    fn of(snapshot: Snapshot) -> SavedChunks {
        let mut left = VecDeque::from([Step::Engine]);
        left.extend(snapshot.state().parts().into_iter().map(Step::Part));
        let events = snapshot.history.kept();
        let starts = (0..events).step_by(EVENTS);
        left.extend(starts.map(|at| Step::Events(at..events.min(at + EVENTS))));
        left.push_back(Step::End);
        SavedChunks { snapshot, writer: Writer::default(), left, frames: 0 }
    }
}

impl Iterator for SavedChunks {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let step = self.left.pop_front()?;
        let (snapshot, out) = (&self.snapshot, &mut self.writer);
        let kind = match &step {
            Step::Engine => {
                save_engine(snapshot, out);
                Kind::Engine
            }
            Step::Part(part) => {
                snapshot.state().save_part(part, out);
                match part {
                    Part::Base => Kind::Base,
                    Part::Of(records, _) => Kind::Records(*records),
                }
            }
            Step::Events(range) => {
                snapshot.history.save_kept(snapshot.state(), range.clone(), out);
                Kind::Events
            }
            Step::End => {
                self.frames.save(out);
                Kind::End
            }
        };
        let header = header(FORMAT, REPLAY_VERSION);
        let mut chunk = if self.frames == 0 { header.to_vec() } else { Vec::new() };
        frame(kind, &header, self.frames, &out.take(), &mut chunk);
        self.frames += 1;
        Some(chunk)
    }
}

/// What is the engine's own, its events aside.
fn save_engine(snapshot: &Snapshot, out: &mut Writer) {
    let Snapshot { options, history, commands, .. } = snapshot;
    EngineOptions::save(options, out);
    commands.save(out);
    history.save_latest(snapshot.state(), out);
}
