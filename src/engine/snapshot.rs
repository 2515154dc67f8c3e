//! Snapshots: what an engine was at an instant, for readers and for files.

use std::ops::Deref;
use std::sync::Arc;

use super::event::Event;
use super::history::History;
use super::options::EngineOptions;
use super::settings::place_options;
use crate::cluster::snapshot::Snapshot as ClusterSnapshot;
#[cfg(feature = "http")]
use crate::model::JobSpec;
use crate::placement::options::PlaceOptions;
use crate::rng::hash_bytes;

/// An engine as it was when the snapshot was made, from [`Engine::snapshot`](super::Engine::snapshot). It reads like a
/// [`Cluster`](crate::Cluster), goes to other threads, and is what is [saved](Snapshot::save) in files.
///
/// ```
/// use stowplan::Timestamp;
/// use stowplan::engine::{Engine, EngineOptions, RegisterNode};
/// use stowplan::model::Node;
///
/// let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).build()?;
/// let mut engine = Engine::new(EngineOptions::default());
/// engine.apply(Timestamp::EPOCH, RegisterNode::from(node.spec().clone()).into())?;
/// let snapshot = engine.snapshot();
/// let reader = std::thread::spawn(move || snapshot.nodes().count());
/// assert_eq!(reader.join().ok(), Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(super) cluster: ClusterSnapshot,
    pub(super) options: Arc<EngineOptions>,
    pub(super) history: History,
    pub(super) commands: u64,
}

impl Deref for Snapshot {
    type Target = ClusterSnapshot;

    fn deref(&self) -> &ClusterSnapshot {
        &self.cluster
    }
}

impl Snapshot {
    /// How many commands the engine was told until then, those that it refused included.
    pub fn commands(&self) -> u64 {
        self.commands
    }

    /// A number of all that is [saved](Snapshot::save), to compare engines by: who was told the same has the same.
    /// It costs as much as saving.
    ///
    /// ```
    /// use stowplan::engine::{Engine, EngineOptions};
    ///
    /// let digest = |seed| Engine::new(EngineOptions { seed, ..EngineOptions::default() }).snapshot().saved_digest();
    /// assert_eq!(digest(1), digest(1));
    /// assert_ne!(digest(1), digest(2));
    /// ```
    pub fn saved_digest(&self) -> u64 {
        self.save().fold(0, |digest, chunk| hash_bytes(digest, &chunk))
    }

    /// How jobs are placed, by the options of the engine and what an operator has set.
    pub fn place_options(&self) -> PlaceOptions {
        place_options(&self.options.place, &self.state().book().settings).into_owned()
    }

    /// What registering a job here would warn of, whether or not it is valid.
    #[cfg(feature = "http")]
    pub(crate) fn registration_warnings(&self, job: &JobSpec) -> String {
        job.registration_warnings(self.place_options().memory_oversubscription)
    }

    /// So many of the events above an index, the oldest, and what else happened with the last of them.
    #[cfg(feature = "http")]
    pub(crate) fn first_events(&self, index: u64, number: usize) -> Vec<Event> {
        self.history.first_since(self.state(), index, number)
    }

    /// The index up to which events are forgotten.
    #[cfg(feature = "http")]
    pub(crate) fn forgotten_events(&self) -> u64 {
        self.history.forgotten()
    }

    /// The events above an index that are kept, as [`Engine::events`](super::Engine::events) has them.
    pub fn events(&self, index: u64) -> Vec<Event> {
        self.history.since(self.state(), index)
    }
}
