//! stowplan
#![forbid(unsafe_code)]

pub mod model;
// Until `placement` uses this module, its items have no users but tests.
#[allow(dead_code)]
mod syntax;
