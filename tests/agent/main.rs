//! The agent as a process of its own: its connections, and what it keeps.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod connections;
mod durability;
mod process;
