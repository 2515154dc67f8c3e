//! The engine: commands in, events out. A deterministic state machine around the scheduler, with the
//! queues, watchers and timers of a whole orchestrator, and without a thread or a clock.
//!
//! In: commands and evaluations, each with the instant at which it came. Out: what they came to, events,
//! the next instant at which something will happen, and snapshots for readers. May import `schedule`
//! and what that imports.
//!
//! Two defaults are worth a thought: of events only those of the latest call are kept ([`EngineOptions::history`]), and
//! a node is watched from its first heartbeat on
//! ([`is_watched_from_registration`](HeartbeatOptions::is_watched_from_registration)).
//!
//! - A command changes the state in one transaction, and with it goes all that follows at once: which
//!   evaluation of a job is in hand, what is no longer blocked, what jobs have come to. What is refused
//!   changes nothing, except that time has come to its instant.
//! - Evaluations that are ready are processed by [`Engine::step`] and [`Engine::advance`], at the instant at
//!   which they became ready, and timers fire at their own.
//! - Queues and timers are derived from the state.
//!
//! ```
//! use stowplan::engine::{Command, Engine, EngineOptions};
//! use stowplan::model::{Job, Node};
//! use stowplan::Timestamp;
//!
//! let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
//! let job = Job::builder("web")
//!     .group("front", 2, |g| g.task("nginx", "docker", |t| t.cpu_shares(200).memory_mb(64)))
//!     .build()?;
//! let now = Timestamp::from_secs(1_000);
//! let mut engine = Engine::new(EngineOptions::default());
//! engine.apply(now, Command::from(&node))?;
//! engine.apply(now, Command::from(&job))?;
//! assert_eq!(engine.next_deadline(), Some(now));
//! engine.advance(now)?;
//! assert_eq!(engine.allocations_on("n1").count(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod advance;
mod allocations;
mod applied;
mod apply;
mod blocked;
mod body;
mod broker;
mod change;
mod check;
mod chronicle;
mod command;
mod cron;
mod deliveries;
mod deployment_commands;
mod deployments;
mod dispatch_error;
mod drain_spec;
mod drains;
mod ended;
mod error;
mod evaluation_bodies;
mod evaluation_error;
mod event;
mod follow_ups;
mod forget;
mod garbage;
mod health;
mod heartbeat;
mod history;
mod job_changes;
mod jobs;
mod kept_event;
mod launch_times;
mod launch_tokens;
mod launches;
mod load;
mod node_evaluations;
pub(crate) mod node_events;
mod node_keys;
mod nodes;
mod open;
mod options;
mod place;
mod processing;
mod progress;
mod queues;
mod read;
mod recorded;
mod rehearsal;
mod reschedule;
mod rooms;
mod saved;
mod settings;
mod settle;
mod silence;
mod snapshot;
mod standings;
mod stats;
mod submissions;
mod summaries;
mod surroundings;
mod timers;
mod unblock;
mod wanted;
mod wanting;

use std::sync::Arc;

use self::history::History;
use self::queues::Queues;
use crate::cluster::Cluster;

pub use crate::cluster::readers::{ScalingView, Table};
pub use crate::cluster::snapshot::AdvanceError;
pub use crate::cluster::views::{AllocationView, JobView};
pub use crate::plan::job_diff;
pub use crate::schedule::{DryRun, next_launch};
pub use crate::time::{Span, Timestamp};

pub use self::applied::Applied;
pub use self::command::{
    Ack, AllocationUpdate, CollectGarbage, Command, CreateEvaluation, DeleteEvaluations,
    DeleteNamespace, DeleteNodePool, Dequeue, DeregisterJob, DispatchJob, DrainNode, DrainSpec,
    EvalOptions, EvaluateJob, EvaluateNode, FailDeployment, ForcePeriodic, Heartbeat, Nack,
    PauseDeployment, PromoteDeployment, PurgeNode, ReconcileSummaries, RegisterJob, RegisterNode,
    Resume, RevertJob, ScaleJob, SetAllocationHealth, SetEligibility, SetJobStability,
    SetNodeStatus, SetSchedulerConfiguration, StopAllocation, SubmitPlan, UnblockDeployment,
    UpdateAllocations, UpdateEvaluation, UpsertNamespace, UpsertNodePool,
};
pub use self::error::{
    AllocationCommandError, BrokenEngine, CommandError, DeploymentCommandError, DispatchError,
    EvaluationCommandError, JobCommandError, NodeCommandError, SettingsCommandError,
};
pub use self::event::{Event, Payload, Topic};
#[cfg(feature = "http")]
pub(crate) use self::kept_event::KeptEvent;
pub use self::options::{EngineOptions, GarbageOptions, HeartbeatOptions};
pub use self::recorded::{Recorded, RecordedError};
pub use self::saved::{LoadError, SavedChunks};
pub use self::snapshot::Snapshot;
pub use self::stats::{BlockedPlace, BlockedResources, EngineStats};

/// An orchestrator's brain: it is told what happens, and says what comes of it.
///
/// It reads like a [`Cluster`], and so do its [snapshots](Cluster::snapshot).
///
/// ```
/// use stowplan::Timestamp;
/// use stowplan::engine::{Engine, EngineOptions, RegisterJob, RegisterNode};
/// use stowplan::model::{Job, Node};
///
/// let job = Job::builder("web")
///     .group("front", 1, |g| g.task("nginx", "docker", |t| t.cpu_shares(200).memory_mb(64)))
///     .build()?;
/// let mut engine = Engine::new(EngineOptions::default());
/// engine.apply(Timestamp::EPOCH, RegisterJob::from(job.spec().clone()).into())?;
/// engine.advance(Timestamp::from_secs(1))?;
/// // There is no node yet, so it waits for one.
/// assert_eq!(engine.stats().blocked, 1);
/// let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
/// engine.apply(Timestamp::from_secs(2), RegisterNode::from(node.spec().clone()).into())?;
/// engine.advance(Timestamp::from_secs(2))?;
/// assert_eq!(engine.allocations_of("default", "web").count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Engine {
    cluster: Cluster,
    queues: Arc<Queues>,
    options: Arc<EngineOptions>,
    history: History,
    /// How many commands it was told.
    commands: u64,
}
