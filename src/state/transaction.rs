//! One change of the state: one index, one instant, and a log by which all of it can be taken back.
//!
//! Everything that changes the state is a method of [`Transaction`], which logs what was there before.
//! Taking back undoes the log from its end, so that tables, lists in their order, free lists,
//! generations, interned names and the index are those from before. Journals, which caches read, only
//! go forward. A placement costs no log entry of its own: allocations are logged by batch.

use std::ops::Deref;

use super::State;
use super::log::{Log, Savepoint};
use super::slots::{AllocationSlot, DeploymentSlot, EvaluationSlot, JobSlot, NodeSlot};
use super::undo::Undo;
use crate::time::Timestamp;

/// A change of the state that is under way. Dropping it takes everything back that was not
/// [committed](Transaction::commit). It reads like the state.
#[derive(Debug)]
pub(crate) struct Transaction<'a> {
    pub(super) state: &'a mut State,
}

/// What a transaction did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Committed {
    /// The index of all of its changes; where it changed nothing, that of the last change before.
    pub(crate) index: u64,
}

/// What a transaction changed. Each list is ascending and holds each slot once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    pub(crate) nodes: Vec<NodeSlot>,
    pub(crate) jobs: Vec<JobSlot>,
    pub(crate) allocations: Vec<AllocationSlot>,
    pub(crate) evaluations: Vec<EvaluationSlot>,
    pub(crate) deployments: Vec<DeploymentSlot>,
}

impl State {
    /// Begins a change at an instant.
    pub(crate) fn begin(&mut self, now: Timestamp) -> Transaction<'_> {
        debug_assert!(self.log.is_empty(), "one change at a time");
        self.log.now = now;
        Transaction { state: self }
    }

    /// Goes on with a change that was [set aside](Transaction::set_aside).
    pub(crate) fn resume(&mut self, log: Log) -> Transaction<'_> {
        self.log = log;
        Transaction { state: self }
    }
}

impl Deref for Transaction<'_> {
    type Target = State;

    #[inline]
    fn deref(&self) -> &State {
        self.state
    }
}

impl Transaction<'_> {
    /// The instant at which everything in it happens.
    pub(crate) fn now(&self) -> Timestamp {
        self.state.log.now
    }

    /// A moment to come back to. One that is made while a batch is open is good until that batch is
    /// closed.
    pub(crate) fn savepoint(&self) -> Savepoint {
        Savepoint {
            entries: self.state.log.entries.len(),
            pending: self.state.log.open.pending.len(),
        }
    }

    /// Takes back everything since a savepoint.
    pub(crate) fn take_back_to(&mut self, savepoint: Savepoint) {
        while self.state.log.entries.len() > savepoint.entries {
            let Some(entry) = self.state.log.entries.pop() else { break };
            self.undo(entry);
        }
        if self.state.log.indexed_at.is_some_and(|at| at >= savepoint.entries) {
            self.state.log.indexed_at = None;
            self.state.modify_index -= 1;
        }
        self.drop_pending(savepoint.pending);
    }

    /// Keeps all changes.
    pub(crate) fn commit(mut self) -> Committed {
        self.drop_open_batch();
        self.end_staging();
        self.state.log.end();
        Committed { index: self.state.modify_index }
    }

    /// Keeps the changes for now, but also what is needed to [go on](State::resume), to commit later or
    /// to take them back. Until then nothing else may change the state.
    pub(crate) fn set_aside(mut self) -> Log {
        self.drop_open_batch();
        self.end_staging();
        std::mem::take(&mut self.state.log)
    }

    /// What was changed so far.
    #[cfg(test)]
    pub(crate) fn touched(&self) -> Touched {
        let mut touched = Touched::default();
        for entry in &self.state.log.entries {
            entry.touches(self.state, &mut touched);
        }
        touched.sort();
        touched
    }

    /// The index of everything that the transaction changes. The first change takes it.
    pub(crate) fn index(&mut self) -> u64 {
        if self.state.log.indexed_at.is_none() {
            self.state.log.indexed_at = Some(self.state.log.entries.len());
            self.state.modify_index += 1;
        }
        self.state.modify_index
    }

    /// The index that the transaction has or would take.
    pub(crate) fn index_to_be(&self) -> u64 {
        self.state.modify_index + u64::from(self.state.log.indexed_at.is_none())
    }

    pub(super) fn log(&mut self, entry: Undo) {
        self.state.log.entries.push(entry);
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.state.log.is_empty() {
            self.take_back_to(Savepoint { entries: 0, pending: 0 });
            self.state.log.end();
        }
    }
}

impl Touched {
    pub(super) fn sort(&mut self) {
        sort_and_dedup(&mut self.nodes);
        sort_and_dedup(&mut self.jobs);
        sort_and_dedup(&mut self.allocations);
        sort_and_dedup(&mut self.evaluations);
        sort_and_dedup(&mut self.deployments);
    }
}

/// Adds an item to a list that is sorted in the end, unless it is the one that came last: mostly what is
/// about one thing comes one after another.
#[inline]
pub(crate) fn push_other<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if list.last() != Some(&item) {
        list.push(item);
    }
}

/// Sorts a list, which mostly has one item at most, and leaves one of those that are equal.
#[inline]
pub(crate) fn sort_and_dedup<T: Ord>(list: &mut Vec<T>) {
    if list.len() > 1 {
        list.sort_unstable();
        list.dedup();
    }
}
