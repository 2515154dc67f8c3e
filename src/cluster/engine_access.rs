//! What the engine needs of a cluster: its state and its caches, to change them in one transaction.

use std::sync::Arc;

use super::Cluster;
use crate::placement::caches::Caches;
use crate::state::State;

impl Cluster {
    /// The state.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// The state and the caches, to change.
    pub(crate) fn parts_mut(&mut self) -> (&mut State, &mut Caches) {
        (Arc::make_mut(&mut self.state), Arc::make_mut(&mut self.caches))
    }

    /// An empty cluster of a seed.
    pub(crate) fn empty(seed: u64) -> Cluster {
        Cluster { state: Arc::new(State::new(seed)), caches: Arc::default() }
    }
}
