//! A world to run an engine in: client nodes that start, finish and lose what they are given, simulated
//! time, and arrivals.
//!
//! In: an engine's options, how clients behave, nodes, and commands with their instants. Out: the engine as
//! it is later, its events, and figures. It drives the engine through commands alone and learns of it
//! through events and documents, as real clients do, so that what is tried here is tried on what runs
//! there. It is pure: every draw is by key, from one seed. May import `engine`, `model`, `rng` and `time`.

mod behaviour;
mod client;
mod figures;
mod happening;
mod lasting;
mod recorder;
mod recording;
mod script;
mod world;

pub use self::behaviour::Behaviour;
pub use self::figures::Figures;
pub use self::lasting::Lasting;
pub use self::world::World;
