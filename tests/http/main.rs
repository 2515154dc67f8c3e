//! The HTTP API, by requests to its router: no socket is opened, and time stands still unless a test moves
//! it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod access;
mod app;
mod blocking;
mod endpoints;
mod listed;
mod lists;
mod mistakes;
mod own;
#[cfg(feature = "hcl")]
mod parse;
mod recorded;
mod requests;
mod seed;
#[path = "../common/shared.rs"]
#[allow(dead_code, unreachable_pub, reason = "what tests share")]
mod shared;
mod steer;
mod stream;
