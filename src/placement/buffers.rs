//! Memory that one placement leaves for the next, so that a job of one allocation asks for little.

use super::pass::Scratch;
use super::record::RunLists;
use crate::state::allocations::NewAllocation;

/// Longer lists than this are let go rather than kept.
const MOST_KEPT: usize = 4096;

/// Lists that are empty between placements. There is nothing in them to copy.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    /// What a pass works with.
    pub(crate) scratch: Scratch,
    /// Places of the best nodes' scores.
    pub(crate) best: Vec<u32>,
    /// Numbers of missing allocations.
    pub(crate) names: Vec<u32>,
    pub(crate) pending: Vec<NewAllocation>,
    pub(crate) run: RunLists,
}

impl Clone for Buffers {
    fn clone(&self) -> Buffers {
        Buffers::default()
    }
}

/// A list to keep for later: emptied, and let go if it grew long.
pub(crate) fn emptied<T>(mut list: Vec<T>) -> Vec<T> {
    if list.capacity() > MOST_KEPT {
        return Vec::new();
    }
    list.clear();
    list
}
