//! One change that an engine makes: a transaction with what it is made by, and what comes of it.

use std::ops::{Deref, DerefMut};

use super::applied::Applied;
use super::options::EngineOptions;
use super::queues::Queues;
use crate::model::Trigger;
use crate::placement::caches::Caches;
use crate::placement::options::PlaceOptions;
use crate::plan::parts::Committed;
use crate::state::evaluation::EvaluationRecord;
use crate::state::slots::{EvaluationSlot, JobSlot, NodeSlot};
use crate::state::small_list::SmallList;
use crate::state::transaction::Transaction;

/// A change that is under way. It reads and is written like its transaction.
pub(super) struct Change<'a> {
    pub(super) state: Transaction<'a>,
    pub(super) caches: &'a mut Caches,
    /// The queues as they were before.
    pub(super) queues: &'a Queues,
    pub(super) options: &'a EngineOptions,
    /// What the reply says.
    pub(super) applied: &'a mut Applied,
    /// The evaluations that the reply names.
    pub(super) created: SmallList<EvaluationSlot>,
    /// Evaluations whose place in the queues or whose end may be another one now, though nothing of them changed.
    pub(super) revisited: Vec<EvaluationSlot>,
    /// Whether what is new of deployments was looked at already.
    pub(super) is_looked_at: bool,
    /// Whether all that waits for room is to be looked at again.
    pub(super) wakes_all: bool,
    /// What became of a plan, and under which options that was made.
    pub(super) committed: Option<Box<(Committed, PlaceOptions)>>,
}

impl<'a> Deref for Change<'a> {
    type Target = Transaction<'a>;

    #[inline]
    fn deref(&self) -> &Transaction<'a> {
        &self.state
    }
}

impl DerefMut for Change<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.state
    }
}

impl Change<'_> {
    /// Makes an evaluation of a job that the reply names.
    pub(super) fn evaluate(&mut self, job: JobSlot, record: EvaluationRecord) -> EvaluationSlot {
        let slot = self.state.add_evaluation(job, record);
        self.created.push(slot);
        slot
    }

    /// A pending evaluation of a job because of a node.
    pub(super) fn evaluation_by(
        &self,
        job: JobSlot,
        trigger: Trigger,
        node: NodeSlot,
    ) -> EvaluationRecord {
        let mut record = self.pending_evaluation(job, trigger);
        let links = record.links_mut();
        links.node = self.node_ref(node);
        links.node_modify_index = self.index_to_be();
        links.node_id = self.node(node).map(|it| it.node.id.as_str().into());
        record
    }
}
