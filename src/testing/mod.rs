//! The generator of nodes, jobs and what runs already that tests, fuzzing and benchmarks use: everything
//! is made from a seed or from bytes, and from nothing else.
//!
//! - A [`World`] has a bit of everything, as its [`Recipe`] says, and most of its jobs find their nodes;
//!   with the feature `proptest`, `recipes` makes recipes that shrink.
//! - [`small`] makes small worlds from the [`Bytes`] of a fuzzer.
//! - A [`Step`] is something that is done to an engine, as numbers that choose among what is there; with the
//!   feature `proptest`, `steps` and `engines` make sequences of them that shrink.
//! - A [`Load`] is a cluster and jobs of any size, alike or not, for measuring.
//!
//! What is made may differ from one version of this crate to the next.
//!
//! In: a seed, a recipe, bytes. Out: valid documents, inventories, options. May import everything but
//! `http` and `bin`.

#![expect(clippy::unwrap_used, reason = "what is made here is valid, which tests rely on")]

mod allocations;
mod bytes;
mod commands;
mod jobs;
mod load;
mod nodes;
mod random;
mod recipe;
pub mod small;
mod steps;
mod steps_of_jobs;
mod steps_of_launches;
mod steps_of_runs;
#[cfg(feature = "proptest")]
mod strategies;
mod world;

pub use bytes::Bytes;
pub use jobs::job;
pub use load::Load;
pub use nodes::nodes;
pub use random::Random;
pub use recipe::{Feature, Recipe};
pub use steps::{Kind, Step};
#[cfg(feature = "proptest")]
pub use strategies::{engines, recipes, steps};
pub use world::World;
