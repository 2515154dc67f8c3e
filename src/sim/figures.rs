//! What happened in a world, as numbers.

/// What happened in a [`World`](super::World) so far.
///
/// ```
/// use stowplan::engine::EngineOptions;
/// use stowplan::sim::{Behaviour, World};
///
/// let world = World::new(EngineOptions::default(), Behaviour::default());
/// assert_eq!(world.figures().started, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Figures {
    /// Allocations that came to run, each time that they did.
    pub started: u64,
    /// Allocations that ended as they should.
    pub completed: u64,
    /// Allocations that failed.
    pub failed: u64,
    /// Allocations that died with their nodes.
    pub died: u64,
    /// Nodes that died.
    pub node_failures: u64,
    /// Nodes that came back.
    pub node_returns: u64,
    /// Commands that the engine took.
    pub commands: u64,
    /// Commands that it refused.
    pub refused: u64,
    /// Events.
    pub events: u64,
}
