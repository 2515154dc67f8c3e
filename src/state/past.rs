//! Allocations as they were: enough to write the document of one later, should anybody ask for it.

use std::borrow::Cow;
use std::sync::Arc;

use super::State;
use super::allocation::AllocationRecord;
use super::batch::Batch;
use super::group_version::GroupVersion;
use super::lifecycle::LifecycleRecord;
use super::node::NodeRecord;
use super::slots::{AllocationSlot, EvaluationRef};
use crate::model::Allocation;

/// All that the document of an allocation is made of, but for identities that the state has.
pub(super) struct Parts<'a> {
    pub(super) slot: AllocationSlot,
    pub(super) record: &'a AllocationRecord,
    /// What is kept of its life; none if it is as it was placed.
    pub(super) life: Option<&'a LifecycleRecord>,
    pub(super) batch: Option<&'a Batch>,
    pub(super) node: Option<&'a NodeRecord>,
}

/// An allocation as it was once. It shares what it can with the state, so that making it costs little,
/// whereas a document with its metrics is some hundred texts.
#[derive(Clone, Debug)]
pub(crate) struct PastAllocation {
    slot: AllocationSlot,
    record: AllocationRecord,
    life: Option<Box<LifecycleRecord>>,
    batch: Option<Arc<Batch>>,
    node: Option<Arc<NodeRecord>>,
    /// Of what it was part, and what was to look at it anew: these may be gone when somebody asks, and then
    /// their references do not tell an identity that came from elsewhere.
    evaluation_id: String,
    deployment_id: String,
    follow_up_id: String,
}

impl<'a> Parts<'a> {
    /// What it runs.
    pub(super) fn version(&self) -> Option<&'a GroupVersion> {
        let own = self.life.and_then(|life| life.version.as_deref());
        own.or_else(|| Some(&self.batch?.version))
    }

    /// What happened to it since it was placed: what its batch says, where nothing did.
    pub(super) fn lifecycle(&self) -> Option<Cow<'a, LifecycleRecord>> {
        match self.life {
            Some(life) => Some(Cow::Borrowed(life)),
            None => Some(Cow::Owned(LifecycleRecord::as_placed(self.batch?))),
        }
    }

    /// What an inventory said of it.
    pub(super) fn document(&self) -> Option<&'a Allocation> {
        self.life?.rare.as_deref()?.document.as_deref()
    }
}

impl State {
    pub(super) fn parts_of(&self, slot: AllocationSlot) -> Option<Parts<'_>> {
        let record = self.allocation(slot)?;
        Some(Parts {
            slot,
            record,
            life: self.kept_lifecycle(slot),
            batch: self.batch(record.batch).map(|batch| &**batch),
            node: self.node_or_gone(record.node).map(|node| &**node),
        })
    }

    /// An allocation as it is now, to be written down later.
    pub(crate) fn past_allocation(&self, slot: AllocationSlot) -> Option<PastAllocation> {
        let record = self.allocation(slot)?;
        let life = self.own_lifecycle(slot);
        let follow_up = life.as_deref().and_then(|life| life.rare.as_deref());
        let follow_up = follow_up.map_or(EvaluationRef::NONE, |rare| rare.follow_up);
        Some(PastAllocation {
            slot,
            record: record.clone(),
            batch: self.batch(record.batch).cloned(),
            node: self.node_or_gone(record.node).cloned(),
            evaluation_id: self.evaluation_id_of(slot),
            deployment_id: self.deployment_id_of(slot),
            follow_up_id: self.id_of_evaluation(follow_up),
            life,
        })
    }

    /// The document of an allocation as it was.
    pub(crate) fn past_document(&self, past: &PastAllocation) -> Option<Allocation> {
        let parts = Parts {
            slot: past.slot,
            record: &past.record,
            life: past.life.as_deref(),
            batch: past.batch.as_deref(),
            node: past.node.as_deref(),
        };
        let mut document = self.document_of_parts(&parts)?;
        document.eval_id.clone_from(&past.evaluation_id);
        document.deployment_id.clone_from(&past.deployment_id);
        if !past.follow_up_id.is_empty() {
            document.followup_eval_id.clone_from(&past.follow_up_id);
        }
        Some(document)
    }
}
