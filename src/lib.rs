//! stowplan
#![forbid(unsafe_code)]

pub mod model;
mod syntax;
