//! A second opinion: a slow and obvious reconciler, written from the text of docs/lifecycle.md alone
//! by somebody who has not seen the engine's. Both must give the same answer.
//!
//! It follows the sections of the text one by one: `classify` and `reschedule` sort allocations,
//! `group` takes the steps of a group in their order, `generic` is one attempt of a service or batch
//! evaluation, `system` one of the other two types. What depends on room and constraints is asked of
//! the test (`questions`).

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads its environment, and fails by panicking"
)]

mod answer;
mod cases;
mod classify;
#[path = "../common/mod.rs"]
mod common;
mod deployment;
mod disconnect;
mod documents;
mod engine;
mod facts;
mod generic;
mod golden;
mod group;
mod judge;
mod names;
mod placements;
mod questions;
mod read;
mod reschedule;
mod system;
mod system_deployment;
mod variety;
