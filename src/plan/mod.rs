//! Plans: what one evaluation or one caller wants to change, and how two versions of a job differ.
//!
//! In: documents of jobs and the figures of plans. Out: differences as documents. May import `model`
//! and what is below it.

mod annotate_diff;
mod diff;
mod diff_rules;
#[cfg(test)]
mod diff_tests;

pub use annotate_diff::annotate_diff;
pub use diff::job_diff;
