//! What users write and read: the documents of the API, field for field.
//!
//! In: JSON, Rust literals and builders. Out: documents, and their validated forms [`Job`](crate::Job)
//! and [`Node`](crate::Node), which the rest of the crate works on. Imports `syntax` only.

pub mod allocation;
pub mod constraint;
pub mod device;
pub(crate) mod document;
pub mod job;
pub mod metrics;
pub mod network;
pub mod node;
pub mod resources;
pub mod volume;
