//! Logs of what a world tells its engine.

use super::recorder::Recorder;
use super::world::World;
use crate::engine::Recorded;

impl World {
    /// Has every command shown before the engine is told, those that it will refuse included: a log of them
    /// comes to the same engine.
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    ///
    /// use stowplan::engine::EngineOptions;
    /// use stowplan::model::Node;
    /// use stowplan::sim::{Behaviour, World};
    ///
    /// let mut world = World::new(EngineOptions::default(), Behaviour::default());
    /// let (told, log) = channel();
    /// world.record_with(move |recorded| drop(told.send(recorded.clone())));
    /// world.add_node(Node::builder("n1").build()?.spec().clone())?;
    /// let first = log.try_recv()?;
    /// assert!(serde_json::to_string(&first)?.contains("RegisterNode"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn record_with(&mut self, recorder: impl FnMut(&Recorded) + Send + 'static) {
        self.recorder = Recorder::new(recorder);
    }
}
