//! stowplan
#![forbid(unsafe_code)]

// Until `placement` uses these modules, their items have no users but tests.
#[allow(dead_code)]
mod feasibility;
pub mod model;
#[allow(dead_code)]
mod rank;
#[allow(dead_code)]
mod rng;
#[allow(dead_code)]
mod syntax;
