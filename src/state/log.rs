//! The log of a transaction: what takes it back, and the batch that it has open.

use std::sync::Arc;

use super::slots::{AllocationSlot, BatchSlot, JobSlot, NodeSlot};
use super::undo::Undo;
use super::usage::{Amounts, Holdings};
use crate::time::Timestamp;

/// A log with room for more entries than this is let go rather than kept for the next transaction.
const MOST_KEPT_ENTRIES: usize = 4096;

/// What a transaction knows beside the state.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(super) entries: Vec<Undo>,
    /// How many entries there were when the transaction took its index, if it has.
    pub(super) indexed_at: Option<usize>,
    pub(super) now: Timestamp,
    /// The batch that is being placed.
    pub(super) open: OpenState,
    /// Allocations that were stopped or evicted, whose room is free until the end.
    pub(super) staged: Vec<AllocationSlot>,
}

/// A copy starts without a log: nothing of another state's transaction can be taken back in it.
impl Clone for Log {
    fn clone(&self) -> Log {
        Log::default()
    }
}

impl Log {
    /// Whether there is nothing to take back.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.indexed_at.is_none()
            && self.staged.is_empty()
            && self.open.head.is_none()
            && self.open.pending.is_empty()
    }

    /// Forgets everything, and leaves its memory for the next transaction.
    pub(super) fn end(&mut self) {
        if self.entries.capacity().max(self.open.pending.capacity()) > MOST_KEPT_ENTRIES {
            *self = Log::default();
        }
        self.indexed_at = None;
        self.entries.clear();
        self.staged.clear();
    }
}

/// A moment in a transaction to which it can be taken back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Savepoint {
    pub(super) entries: usize,
    /// How many allocations of the open batch have their room but are not on the lists.
    pub(super) pending: usize,
}

/// What a transaction knows of the open batch.
#[derive(Debug, Default)]
pub(crate) struct OpenState {
    pub(super) head: Option<Head>,
    /// Allocations that have their room but are not on the lists, in the order of their slots to be.
    pub(super) pending: Vec<NewAllocation>,
    /// How many of them have their nodes in the journal.
    pub(super) in_journal: usize,
}

/// What the allocations of the open batch share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) job: JobSlot,
    pub(super) group: u16,
    pub(super) batch: BatchSlot,
    /// What each takes, without the CPU of its cores.
    pub(super) amounts: Amounts,
    /// Whether the state has the batch.
    pub(super) is_begun: bool,
    /// The moment before the batch was opened.
    pub(super) opened: Savepoint,
}

/// An allocation to be added.
#[derive(Clone, Debug)]
pub(crate) struct NewAllocation {
    pub(crate) node: NodeSlot,
    pub(crate) name_index: u32,
    /// Its place in the batch.
    pub(crate) in_batch: u32,
    /// What it holds beside amounts, if anything.
    pub(crate) holdings: Option<Arc<Holdings>>,
}
