//! What tests share: properties tried on many worlds, and audits that know nothing of the crate's
//! insides.

#![allow(dead_code, unreachable_pub)]
#![allow(clippy::panic, clippy::unwrap_used)]

pub mod audit;
pub mod check;
pub mod devices;
pub mod lifecycle;
pub mod situations;
