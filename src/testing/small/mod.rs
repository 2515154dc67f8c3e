//! Small worlds made from the bytes of a fuzzer: few nodes, alike enough to be in each other's way, a
//! little of everything, and claims that cannot be.
//!
//! In: bytes. Out: nodes, jobs, allocations, options. May import `model`, `placement`, `rank` and what
//! stands beside it.

mod allocations;
mod jobs;
mod nodes;

pub use allocations::allocation;
pub use jobs::{JOBS, job, options};
pub use nodes::{NODES, id as node_id, node, volumes};
