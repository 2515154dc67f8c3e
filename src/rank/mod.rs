//! Which node is best? One scorer, one small file.
//!
//! In: facts of nodes and what is free on them. Out: scores, higher being better, and victims where
//! room has to be made. May import `fit` and everything below it.

pub(crate) mod affinity;
pub(crate) mod anti_affinity;
pub(crate) mod binpack;
pub(crate) mod frontier;
pub(crate) mod preempt;
pub(crate) mod spread;
pub(crate) mod value_counts;
