//! One job: where does each allocation go, and why?
//!
//! In: a job, nodes and what is on them, options. Out: a placement with its metrics, and reasons for
//! what could not be placed. May import everything below: `rank`, `fit`, `feasibility`, `state`,
//! `model`.

mod buffers;
pub(crate) mod caches;
mod filters;
pub(crate) mod group;
mod leaderboard;
pub(crate) mod observer;
pub(crate) mod options;
pub(crate) mod outcome;
mod pass;
pub(crate) mod place;
mod quick;
mod record;
mod sample;
pub(crate) mod scan;
pub(crate) mod select;
pub(crate) mod system;
