//! What an engine remembers: reading and writing it. Only settings and what becomes of jobs take an
//! index; what readers do not see does not.

use std::sync::Arc;

use super::State;
use super::bookkeeping::{BookUndo, Bookkeeping, Delivery, NodeLife, TableIndexes, Unblock, put};
use super::settings::Settings;
use super::slots::{DeploymentSlot, EvaluationSlot, JobSlot, NodeSlot};
use super::standing::{Counted, Standing};
use super::transaction::Transaction;
use super::undo::Undo;
use crate::time::Timestamp;

impl State {
    #[inline]
    pub(crate) fn book(&self) -> &Bookkeeping {
        &self.book
    }

    /// What is known of a node's client.
    pub(crate) fn life(&self, node: NodeSlot) -> NodeLife {
        self.book.lives.get(node.at()).copied().unwrap_or_default()
    }

    /// What a job has come to; none of one that no engine looked after.
    #[inline]
    pub(crate) fn standing(&self, job: JobSlot) -> Option<&Arc<Standing>> {
        self.job(job)?.standing.as_ref()
    }

    fn standing_mut(&mut self, job: JobSlot) -> Option<&mut Standing> {
        self.job_mut(job)?.standing.as_mut().map(Arc::make_mut)
    }

    /// The evaluation of a job that is in hand.
    pub(crate) fn claim(&self, job: JobSlot) -> Option<EvaluationSlot> {
        self.book.claims.get(&job).copied()
    }

    pub(crate) fn delivery(&self, evaluation: EvaluationSlot) -> Option<Delivery> {
        self.book.deliveries.get(&evaluation).copied()
    }

    /// Whether a blocked evaluation is to be looked at again.
    pub(crate) fn is_released(&self, evaluation: EvaluationSlot) -> bool {
        self.book.released.contains(&evaluation)
    }

    pub(super) fn undo_book(&mut self, before: BookUndo) {
        match before {
            BookUndo::Standing(job, before) => {
                if let Some(record) = self.job_mut(job) {
                    record.standing = before;
                }
            }
            BookUndo::Counted(job, before) => {
                if let Some(standing) = self.standing_mut(job) {
                    standing.counted = before;
                }
            }
            BookUndo::AllocationsModified(job, before) => {
                if let Some(standing) = self.standing_mut(job) {
                    standing.counted.allocations_modified = before;
                }
            }
            before => self.book.undo(before),
        }
    }
}

impl Transaction<'_> {
    fn log_book(&mut self, before: BookUndo) {
        self.log(Undo::Book(before));
    }

    /// Changes what an operator sets.
    pub(crate) fn change_settings(&mut self, change: impl FnOnce(&mut Settings, u64)) {
        let index = self.index();
        let before = Arc::clone(&self.book.settings);
        change(Arc::make_mut(&mut self.state.book.settings), index);
        self.log_book(BookUndo::Settings(before));
    }

    /// Writes down at which index tables last changed. That is not logged: nothing of the transaction is to
    /// be taken back after it.
    pub(crate) fn set_table_indexes(&mut self, indexes: TableIndexes) {
        self.state.book.indexes = indexes;
    }

    /// Writes down what a job has come to.
    pub(crate) fn set_standing(&mut self, job: JobSlot, standing: impl Into<Arc<Standing>>) {
        self.drop_open_batch();
        let Some(record) = self.state.job_mut(job) else { return };
        let before = record.standing.replace(standing.into());
        self.log_book(BookUndo::Standing(job, before));
    }

    /// Writes down what is counted of a job, and leaves the rest of what it has come to as it is.
    pub(crate) fn set_counted(&mut self, job: JobSlot, counted: Counted) {
        self.drop_open_batch();
        match self.state.standing_mut(job) {
            Some(standing) => {
                let before = std::mem::replace(&mut standing.counted, counted);
                self.log_book(BookUndo::Counted(job, before));
            }
            None => self.set_standing(job, Standing { counted, ..Standing::default() }),
        }
    }

    /// Writes down at which index an allocation of a job came, changed or left, where nothing else of what
    /// the job has come to has moved: that needs no copy of all of it.
    pub(crate) fn note_allocations(&mut self, job: JobSlot, index: u64) {
        self.drop_open_batch();
        let Some(standing) = self.state.standing_mut(job) else { return };
        let before = std::mem::replace(&mut standing.counted.allocations_modified, index);
        self.log_book(BookUndo::AllocationsModified(job, before));
    }

    /// Forgets what a job has come to, but for when its list of allocations last changed.
    pub(super) fn forget_standing(&mut self, job: JobSlot) {
        let Some(before) = self.standing(job) else { return };
        let allocations_modified = before.counted.allocations_modified;
        let counted = Counted { allocations_modified, ..Counted::default() };
        if before.is_only_counted() {
            self.set_counted(job, counted);
        } else {
            self.set_standing(job, Standing { counted, ..Standing::default() });
        }
    }

    pub(crate) fn set_delivery(&mut self, of: EvaluationSlot, delivery: Option<Delivery>) {
        let before = self.delivery(of);
        if before != delivery {
            put(&mut self.state.book.deliveries, of, delivery);
            self.log_book(BookUndo::Delivery(of, before.map(Box::new)));
        }
    }

    /// Says which evaluation of a job is in hand, of which another one was, or none.
    pub(crate) fn set_claim(&mut self, job: JobSlot, evaluation: Option<EvaluationSlot>) {
        let before = put(&mut self.state.book.claims, job, evaluation);
        if before != evaluation {
            self.log_book(BookUndo::Claim { job, before, after: evaluation });
        }
    }

    /// Says whether a blocked evaluation is to be looked at again.
    pub(crate) fn set_released(&mut self, evaluation: EvaluationSlot, is_released: bool) {
        if self.is_released(evaluation) == is_released {
            return;
        }
        let released = Arc::make_mut(&mut self.state.book.released);
        if is_released {
            released.insert(evaluation);
        } else {
            released.remove(&evaluation);
        }
        self.log_book(BookUndo::Released(evaluation, !is_released));
    }

    /// Says when room of a class became free, or forgets it.
    pub(crate) fn set_unblock(&mut self, class: &str, unblock: Option<Unblock>) {
        let before = self.book.unblocks.get(class).copied();
        if before != unblock {
            put(&mut self.state.book.unblocks, class.into(), unblock);
            self.log_book(BookUndo::Unblock(class.into(), before.map(Box::new)));
        }
    }

    /// Says when the job of a deployment is looked at for what is new of it; none if nothing is.
    pub(crate) fn set_news(&mut self, deployment: DeploymentSlot, at: Option<Timestamp>) {
        let before = self.book.news.get(&deployment).copied();
        if before != at {
            put(&mut self.state.book.news, deployment, at);
            self.log_book(BookUndo::News(deployment, before));
        }
    }

    /// A number that no token had before.
    pub(crate) fn next_token(&mut self) -> u64 {
        let before = self.book.tokens;
        self.state.book.tokens = before.wrapping_add(1);
        self.log_book(BookUndo::Tokens(before));
        self.book.tokens
    }

    /// Writes down when the lists of allocations of nodes last changed. That is not logged: nothing of the
    /// transaction is to be taken back after it.
    pub(crate) fn note_lists(&mut self, nodes: &[NodeSlot]) {
        let index = self.index_to_be();
        for &node in nodes.iter().filter(|node| **node != NodeSlot::NONE) {
            if let Some(life) = self.state.book.life_mut(node) {
                life.allocations_modified = index;
            }
        }
    }

    /// Writes down what is known of a node's client.
    pub(crate) fn set_life(&mut self, node: NodeSlot, life: NodeLife) {
        let before = self.life(node);
        if before != life {
            self.state.book.set_life(node, life);
            self.log_book(BookUndo::Life(node, Box::new(before)));
        }
    }
}
