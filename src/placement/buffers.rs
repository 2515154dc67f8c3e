//! Memory that one placement leaves for the next, so that a job of one allocation asks for little.

use super::pass::Scratch;
use super::record::BatchLists;
use super::request::{Request, Verdict};

/// Lists that are empty between placements. There is nothing in them to copy.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    /// What a pass works with.
    pub(crate) scratch: Option<Box<Scratch>>,
    /// Places of the best nodes' scores.
    pub(crate) best: Vec<u32>,
    /// Requests for missing allocations.
    pub(crate) requests: Vec<Request>,
    /// What became of requests of an evaluation.
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) batch: Option<Box<BatchLists>>,
}

impl Clone for Buffers {
    fn clone(&self) -> Buffers {
        Buffers::default()
    }
}
