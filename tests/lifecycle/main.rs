//! Evaluations from their documents to the decision: what the specification's numbered cases and traps
//! say of a whole evaluation, every trigger for every type of job, and what holds for every state.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test measures time, and fails by panicking"
)]

mod apply;
mod cases;
mod first_api;
mod found;
#[path = "../common/lifecycle.rs"]
#[allow(dead_code, unreachable_pub, reason = "what tests share")]
mod lifecycle;
mod odd;
mod traps;
mod triggers;
mod world;
