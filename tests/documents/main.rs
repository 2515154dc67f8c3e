//! Documents: real ones, spoilt ones, and any JSON at all.

#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "that large input is quick can only be measured"
)]

mod any_document;
mod bad_input;
mod real;
#[path = "../common/shared.rs"]
#[allow(dead_code, unreachable_pub, reason = "what tests share")]
mod shared;
