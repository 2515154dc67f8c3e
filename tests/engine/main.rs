//! The engine: what commands come to, who is looked at when, and that the same commands give the same.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod bad_input;
mod broker;
mod deployments;
mod drains;
mod figures;
mod follow_ups;
mod garbage;
mod jobs;
mod launches;
mod mended;
mod nodes;
mod odd_input;
mod outside;
mod random;
mod saved;
mod slice;
mod summaries;
mod traps;
mod waiting;
mod world;
