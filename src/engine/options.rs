//! How an engine works.

use crate::model::JobType;
use crate::placement::options::PlaceOptions;
use crate::time::Span;

/// How an engine works, for [`Engine::new`](super::Engine::new). The defaults are those of a real agent
/// (docs/lifecycle.md, sections 6 and 7).
///
/// ```
/// use stowplan::engine::{Engine, EngineOptions};
///
/// let engine = Engine::new(EngineOptions { seed: 7, history: 1_000, ..EngineOptions::default() });
/// assert_eq!(engine.next_deadline(), None);
/// ```
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Orders equal nodes, and everything that is drawn is drawn from it.
    pub seed: u64,
    /// How jobs are placed, beyond what the scheduler's configuration says: how failures are recorded,
    /// how placements are measured and how much of their scores is shown.
    pub place: PlaceOptions,
    /// The types of jobs whose evaluations the engine processes itself; those of the others wait.
    pub processed: Vec<JobType>,
    /// How often an evaluation is given out before it counts as failed.
    pub delivery_limit: u32,
    /// How long an evaluation may be out.
    pub nack_timeout: Span,
    /// How long a failed evaluation waits the first time.
    pub initial_nack_delay: Span,
    /// How much longer it waits each further time.
    pub nack_delay: Span,
    /// When nodes have to be heard of.
    pub heartbeats: HeartbeatOptions,
    /// When what has ended is forgotten.
    pub garbage: GarbageOptions,
    /// How many events are kept with their payloads; 0 keeps those of the latest call only, without.
    pub history: usize,
}

/// When nodes have to be heard of (docs/lifecycle.md, section 7).
///
/// ```
/// use stowplan::Span;
/// use stowplan::engine::{EngineOptions, HeartbeatOptions};
///
/// let mut options = EngineOptions::default();
/// options.heartbeats.is_watched_from_registration = true;
/// assert_eq!(options.heartbeats.grace, Span::from_secs(10));
/// assert_ne!(options.heartbeats, HeartbeatOptions::default());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartbeatOptions {
    /// The shortest time that a node is given until its next heartbeat.
    pub min_ttl: Span,
    /// The most heartbeats a second of all nodes together.
    pub max_per_second: u32,
    /// How long a heartbeat may be late.
    pub grace: Span,
    /// The time that nodes are given after a restart.
    pub after_restart: Span,
    /// Whether a node is watched from its registration on, or only once it has sent a heartbeat.
    pub is_watched_from_registration: bool,
}

/// When what has ended is forgotten (docs/lifecycle.md, section 7).
///
/// ```
/// use stowplan::Span;
/// use stowplan::engine::EngineOptions;
///
/// let mut options = EngineOptions::default();
/// options.garbage.evaluations = Some(Span::from_secs(60));
/// assert_eq!(options.garbage.nodes, Some(Span::from_secs(24 * 3_600)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GarbageOptions {
    /// Evaluations, with the allocations that they made; never where there is no age.
    pub evaluations: Option<Span>,
    /// Evaluations of batch jobs.
    pub batch_evaluations: Option<Span>,
    /// Deployments that have ended and of which no allocation is left.
    pub deployments: Option<Span>,
    /// Jobs that are dead.
    pub jobs: Option<Span>,
    /// Nodes that are down.
    pub nodes: Option<Span>,
}

impl Default for EngineOptions {
    fn default() -> EngineOptions {
        EngineOptions {
            seed: 0,
            place: PlaceOptions::default(),
            processed: vec![JobType::Service, JobType::Batch, JobType::System, JobType::Sysbatch],
            delivery_limit: 3,
            nack_timeout: Span::from_secs(60),
            initial_nack_delay: Span::from_secs(1),
            nack_delay: Span::from_secs(20),
            heartbeats: HeartbeatOptions::default(),
            garbage: GarbageOptions::default(),
            history: 0,
        }
    }
}

impl Default for HeartbeatOptions {
    fn default() -> HeartbeatOptions {
        HeartbeatOptions {
            min_ttl: Span::from_secs(10),
            max_per_second: 50,
            grace: Span::from_secs(10),
            after_restart: Span::from_secs(300),
            is_watched_from_registration: false,
        }
    }
}

impl Default for GarbageOptions {
    fn default() -> GarbageOptions {
        let hours = |hours: i64| Some(Span::from_secs(3_600).saturating_mul(hours));
        GarbageOptions {
            evaluations: hours(1),
            batch_evaluations: hours(24),
            deployments: hours(1),
            jobs: hours(4),
            nodes: hours(24),
        }
    }
}
