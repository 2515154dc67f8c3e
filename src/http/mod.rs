//! The HTTP API (docs/lifecycle.md, section 10), as a thin adapter on an engine: one request is one command
//! or one snapshot that is read. No scheduling decision is made here.
//!
//! In: requests, and engines, each with a thread that owns it ([`EngineHandle`]). Out: a [`router`] that
//! answers them, to serve or to mount elsewhere. May import `engine`, `model`, `time` and, with its
//! feature, `hcl` only.
//!
//! Reads work on the latest snapshot and never wait for a write. A request that waits for an index sleeps
//! until something that it read is touched.

mod about;
mod access;
mod allocations;
mod aside;
mod asked;
mod body;
mod clock;
mod deployments;
mod documents;
mod evaluations;
mod figures;
mod filter;
mod gzip;
mod host;
mod jobs;
mod journal;
mod limits;
mod lines;
mod mistakes;
mod nodes;
mod own;
mod page;
#[cfg(feature = "hcl")]
mod parse;
mod query;
mod read;
mod refusal;
mod reply;
mod route;
mod scaling;
mod search;
mod service;
mod settings;
mod sought;
mod statuses;
mod stream;
mod stubs;
mod telling;
mod text;
mod touched;
mod uuid;
mod waiting;
mod write;
mod write_deployments;
mod write_jobs;
mod write_nodes;

pub use self::access::Access;
pub use self::asked::Regions;
pub use self::clock::Clock;
pub use self::host::{EngineHandle, Machine};
pub use self::journal::Journal;
pub use self::limits::Limits;
pub use self::service::router;
