//! The agent as a process of its own: its connections, and what it keeps.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "how long an answer takes is a matter of the clock"
)]

mod connections;
mod damage;
mod durability;
mod options;
mod process;
mod simulated;
