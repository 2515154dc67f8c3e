//! Job files in HCL.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod expressions;
mod files;
mod mistakes;
mod real;
#[path = "../common/shared.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]
mod shared;
