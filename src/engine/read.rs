//! Making, copying and reading engines.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::chronicle;
use super::deliveries;
use super::event::{Event, Payload};
#[cfg(feature = "http")]
use super::kept_event::KeptEvent;
use super::options::EngineOptions;
use super::place::Place;
use super::settings::place_options;
use super::snapshot::Snapshot;
use super::stats::{self, EngineStats};
use super::{Engine, History};
use crate::cluster::Cluster;
use crate::placement::options::PlaceOptions;

impl Engine {
    /// An engine that knows of nothing.
    pub fn new(options: EngineOptions) -> Engine {
        Engine {
            cluster: Cluster::empty(options.seed),
            queues: Arc::default(),
            options: Arc::new(options),
            history: History::default(),
            commands: 0,
        }
    }

    /// A whole engine of its own with the same content, that goes its own way. It costs a few pointers;
    /// the first change of either copies the queues.
    pub fn fork(&self) -> Engine {
        self.clone()
    }

    /// The engine as it is now, for readers. It costs a few pointers and copies nothing.
    pub fn snapshot(&self) -> Snapshot {
        let Engine { cluster, queues: _, options, history, commands } = self;
        Snapshot {
            cluster: cluster.snapshot(),
            options: options.clone(),
            history: history.clone(),
            commands: *commands,
        }
    }

    /// How it works.
    pub fn options(&self) -> &EngineOptions {
        &self.options
    }

    /// How many commands it was told, those that it refused included.
    pub fn commands(&self) -> u64 {
        self.commands
    }

    /// How jobs are placed now: under its options and the scheduler's configuration. Schedulers outside
    /// that are to do as it does take these.
    pub fn place_options(&self) -> PlaceOptions {
        place_options(&self.options.place, &self.cluster.state().book().settings).into_owned()
    }

    /// What waits in it. It costs as much as there is of that.
    pub fn stats(&self) -> EngineStats {
        stats::of(self.cluster.state(), &self.queues)
    }

    /// The evaluations that are with schedulers outside, each with its token, in the order of slots. What
    /// tries an engine needs no memory of its own by this.
    #[cfg_attr(not(feature = "testing"), allow(dead_code, reason = "only random steps ask for it"))]
    pub(crate) fn outstanding(&self) -> Vec<(String, String)> {
        let state = self.cluster.state();
        let out = self.queues.places().filter(|(_, place)| matches!(place, Place::Out(_)));
        let with_token = out.filter_map(|(slot, _)| {
            let token = deliveries::token_of(state, state.delivery(slot)?)?;
            Some((state.evaluation_id(slot), token))
        });
        with_token.collect()
    }

    /// The events above an index that are kept: those of the latest call, or as many as the options say.
    pub fn events(&self, index: u64) -> Vec<Event> {
        self.history.since(self.cluster.state(), index)
    }

    /// The same without their payloads.
    #[cfg(feature = "http")]
    pub(crate) fn bare_events(&self, index: u64) -> Vec<Arc<KeptEvent>> {
        self.history.bare_since(self.cluster.state(), index)
    }

    /// The index of the latest event that is no longer kept; 0 if all are.
    pub fn forgotten_events(&self) -> u64 {
        self.history.forgotten
    }

    /// The thing that an event is about: as it was where history is kept, else as it is now. None if it is
    /// gone.
    pub fn payload(&self, event: &Event) -> Option<Arc<Payload>> {
        event.payload.clone().or_else(|| chronicle::payload(self.cluster.state(), event))
    }

    /// A text of everything that decides what it will do: engines with the same text go the same way.
    #[doc(hidden)]
    pub fn dump(&self) -> String {
        self.cluster.state().dump()
    }
}

impl Deref for Engine {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("now", &self.now())
            .field("modify_index", &self.modify_index())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
