//! Why: every node's verdict on a group, the nearest fixes for what cannot be placed, and both in words.
//!
//! In: the state in which something was or was not placed, and the group. Out: verdicts by node with all
//! reasons, changes that were found to help, prose as `Display`. May import everything below:
//! `placement`, `rank`, `fit`, `feasibility`, `state`, `model`, `syntax`.

pub(crate) mod checks;
mod documents;
pub(crate) mod fixes;
pub(crate) mod format;
mod prose;
pub(crate) mod verdicts;
