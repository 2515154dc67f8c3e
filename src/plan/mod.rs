//! Plans: what a scheduler proposes, verified against the latest state and committed whole or in part
//! (docs/lifecycle.md, section 5), and how two versions of a job differ.
//!
//! In: the outcome of placing on a fork or in a transaction that is taken back; documents of jobs and
//! the figures of plans. Out: an owned plan; the nodes whose part of it is refused, with reasons; the
//! changes of the state; differences as documents. A plan holds no slot without its generation: nodes
//! by reference, allocations and jobs by identity, so that it means the same on every cluster that has
//! them. What is new gets its slots and identities at the commit, in the order of the plan. May import
//! everything below: `placement`, `fit`, `state`, `model`.

mod annotate_diff;
pub(crate) mod apply;
pub(crate) mod attempt;
pub(crate) mod commit;
pub(crate) mod content;
mod diff;
mod diff_rules;
#[cfg(test)]
mod diff_tests;
pub(crate) mod effects;
pub(crate) mod evaluated;
mod known;
mod of_evaluation;
pub(crate) mod parts;
mod read;
mod read_placements;
mod reading;
pub(crate) mod rejection;
mod settle;
pub(crate) mod verify;
mod written;

pub use annotate_diff::annotate_diff;
pub use diff::job_diff;
