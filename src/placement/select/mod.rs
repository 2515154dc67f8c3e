//! Selecting: which node is best for one request?
//!
//! In: a group made ready, a request, and the state. Out: the best node, the counts of what was looked
//! at, and the best scores, written down in the batch. There are four ways to search (see
//! [`selector`]), which agree wherever they can all be taken. May import what `placement` may.

pub(crate) mod counter;
pub(crate) mod frontier;
pub(crate) mod nodes;
pub(crate) mod sample;
pub(crate) mod selection;
pub(crate) mod selector;
