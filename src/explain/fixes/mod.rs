//! The nearest fixes for what cannot be placed: what would have to change so that the group's next
//! allocation finds a node.
//!
//! In: the state in which placing failed, and the group. Out: changes that were carried out on a copy
//! and found to work, the smallest first. Nothing is said of what was not found to work. May import
//! what `explain` may: plans and scans of `placement` and everything below.

pub(crate) mod apply;
mod blockers;
pub(crate) mod fix;
mod reduced_ask;
pub(crate) mod search;
mod shortage;
mod text;
