//! A scheduling engine to embed: jobs and an inventory of nodes go in, allocations come out, with the
//! reason for each, and for what cannot be placed the whole reason why not.
//!
//! The documents are those of HashiCorp Nomad's HTTP API, and so are the rules. Both are written down in
//! the repository, in `docs/placement.md` (which node, and why) and `docs/lifecycle.md` (what happens over
//! time), whose sections this documentation cites; where this crate differs on purpose, they say so. What
//! who embeds it should know is in `docs/embedding.md`.
//!
//! # The contract
//!
//! 1. **Pure and synchronous.** No input or output, threads, clock, environment or ambient randomness.
//!    Randomness comes from one seed; a clock is an [option](PlaceOptions::stopwatch).
//! 2. **Repeatable.** The same seed and the same calls give the same bytes, on every platform, whatever
//!    order nodes and the keys of maps come in.
//! 3. **Best of all nodes.** A placement is the exact best over every eligible node, not over a sample,
//!    and its cost does not grow with their number.
//! 4. **Never an overcommitted node.** What was accepted stays; what was refused changed nothing. A node
//!    that comes back smaller keeps what is on it, says [of what](NodeChange::overcommitted) it has too
//!    little, and is given nothing more until there is room.
//! 5. **A refusal is an answer, not an error.** It carries the verdict on every node and what would
//!    have to change. Errors are for documents that are wrong and calls that make no sense.
//! 6. **Forking is free.** A [fork](Cluster::fork) costs a pointer, whatever the size of the cluster; it
//!    is `Send` and `Sync`, and many may live at once.
//!
//! # Where to begin
//!
//! - [`place`] answers a question and keeps nothing.
//! - A [`Cluster`] keeps what it placed; nodes and allocations come and go.
//! - [`schedule`] says what an evaluation of a job comes to.
//! - An [`engine::Engine`] does everything: commands go in, events come out; [`sim`] has a world to run one in.
//! - [`model`] has the documents, their builders, and their validated forms.
//!
//! ```
//! use stowplan::model::{Job, Node, Operand};
//! use stowplan::{Cluster, PlaceOptions};
//!
//! let node = |id| Node::builder(id).cpu_shares(4_000).memory_mb(8_192).driver("docker");
//! let nodes = [node("n1").build()?, node("n2").attribute("kernel.name", "linux").build()?];
//! let job = Job::builder("web")
//!     .group("front", 20, |g| {
//!         g.dynamic_port("http").task("nginx", "docker", |t| t.cpu_shares(500).memory_mb(256))
//!     })
//!     .constraint("${attr.kernel.name}", Operand::Eq, "linux")
//!     .build()?; // all that is wrong at once, each with its path
//!
//! let mut cluster = Cluster::new(nodes)?;
//! let placement = cluster.place(&job, &PlaceOptions::default());
//! assert_eq!((placement.len(), placement.is_complete()), (8, false));
//! let failed = &placement.failed()[0];
//! assert_eq!(failed.metrics().dimension_exhausted["cpu"], 1);
//! let fixes = failed.explain(&cluster).fixes().to_vec();
//! assert!(!fixes.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! - `regexp` (default): the operand `regexp` in constraints. Without it a job that uses the operand is
//!   refused.
//! - `cron`: cron expressions and time zones, by which an engine launches periodic jobs. Without it a job that
//!   is launched by the clock is refused.
//! - `cli`: the program `stowplan`, and the packages that it needs.
//! - `hcl`: job files in HCL, in the module `hcl`; with `cli` the program reads them too.
//! - `http`: the HTTP API of an engine, as a router to mount in a server.
//! - `agent`: `stowplan agent`, the program with `http`, `hcl` and `cron`, and a server.
//! - `testing`: the generator of nodes, jobs and loads that this crate's own tests use; with `proptest`
//!   also its strategies.
//!
//! A feature adds something; none changes a placement.

#![forbid(unsafe_code)]

mod cluster;
pub mod engine;
mod exp10;
mod explain;
mod feasibility;
mod fit;
#[cfg(feature = "hcl")]
pub mod hcl;
#[cfg(feature = "http")]
pub mod http;
pub mod model;
mod placement;
mod plan;
mod rank;
mod reconcile;
mod rng;
pub mod schedule;
pub mod sim;
mod state;
mod syntax;
#[cfg(feature = "testing")]
pub mod testing;
mod time;

pub use cluster::check::BrokenCluster;
pub use cluster::difference::JobDifference;
pub use cluster::failed::FailedGroup;
pub use cluster::inventory::{Inventory, InventoryError};
pub use cluster::inventory_json::InventoryJsonError;
pub use cluster::jobs::Registered;
pub use cluster::node_changes::NodeChange;
pub use cluster::place::Proposal;
pub use cluster::placement::{PlacedAllocation, Placement};
pub use cluster::plan::Committed;
pub use cluster::question::place;
pub use cluster::request::{PlacementRequest, RequestError};
pub use cluster::room_for::Room;
pub use cluster::snapshot::{AdvanceError, Snapshot};
pub use cluster::usage::{NodeUsage, TotalUsage, Usage};
pub use cluster::views::{AllocationView, JobView};
pub use cluster::{Cluster, ClusterError};
pub use explain::checks::{Measure, NodeCheck, NodeExplanation, Stage};
pub use explain::fixes::apply::FixError;
pub use explain::fixes::fix::Fix;
pub use explain::verdicts::{Explanation, NodeVerdict, Shortage, Verdict};
pub use feasibility::base::NotCandidate;
pub use feasibility::fix_action::FixAction;
pub use feasibility::reason::FilterReason;
pub use fit::exhausted::Dimension;
pub use placement::options::{FailureRecords, PlaceOptions, Preemption, ScoreDetail, Search};
pub use plan::attempt::Attempt;
pub use plan::content::{Plan, PlannedAllocation};
pub use plan::evaluated::{PlannedStop, PlannedUpdate};
pub use plan::rejection::NodeRejection;
pub use plan::{annotate_diff, job_diff};
pub use rank::binpack::Algorithm;
pub use state::check::BrokenInvariant;
pub use state::deployment::DeploymentError;
pub use state::evaluation::EvaluationError;
pub use time::{Span, SpanError, Timestamp, TimestampError};

/// The README's example, so that it stays true.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

/// The examples of the guide to embedding.
#[cfg(doctest)]
#[doc = include_str!("../docs/embedding.md")]
pub struct Embedding;
