//! What the engine needs of a cluster.

use std::sync::Arc;

use super::Cluster;
use crate::state::State;

impl Cluster {
    /// The state.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// An empty cluster of a seed.
    pub(crate) fn empty(seed: u64) -> Cluster {
        Cluster { state: Arc::new(State::new(seed)), caches: Arc::default() }
    }
}
