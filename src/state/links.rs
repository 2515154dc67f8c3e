//! What allocations refer to: the deployment that they are part of, the evaluation that will look at
//! them anew. It may be gone, and of an allocation of an inventory it may have come later.

use super::State;
use super::allocation::RecordReader;
use super::lifecycle::{LifecycleRecord, LivesBeside};
use super::slots::{
    AllocationSlot, DeploymentRef, DeploymentSlot, EvaluationRef, EvaluationSlot, JobSlot,
};
use crate::model::AllocationMetrics;
use crate::time::Timestamp;

/// What a reference leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link<S> {
    /// There is no reference.
    None,
    /// It leads to nothing that is there.
    Gone,
    To(S),
}

impl State {
    /// A reader of the records of allocations.
    pub(crate) fn allocation_records(&self) -> RecordReader<'_> {
        self.allocations.reader()
    }

    /// What happened to an allocation, and to those beside it, since they were placed; none if nothing did.
    pub(crate) fn lives_beside(&self, slot: AllocationSlot) -> Option<LivesBeside<'_>> {
        self.lifecycles.beside(slot)
    }

    /// What is kept of an allocation's life; none if it is as it was placed.
    pub(crate) fn kept_lifecycle(&self, slot: AllocationSlot) -> Option<&LifecycleRecord> {
        self.lifecycles.get(slot)
    }

    /// How the placement of an allocation went, as far as that is known.
    pub(crate) fn metrics_of(&self, slot: AllocationSlot) -> Option<AllocationMetrics> {
        let record = self.allocation(slot)?;
        match self.document_of(slot) {
            Some(document) => document.metrics.clone(),
            None => self.batch(record.batch)?.metrics(record.in_batch as usize),
        }
    }

    /// The index and the instant at which an allocation was made.
    pub(crate) fn created_at(&self, slot: AllocationSlot) -> (u64, Timestamp) {
        if let Some(document) = self.document_of(slot) {
            return (document.create_index, Timestamp::from_nanos(document.create_time));
        }
        let batch = self.allocation(slot).and_then(|record| self.batch(record.batch));
        batch.map_or((0, Timestamp::EPOCH), |batch| (batch.create_index, batch.created))
    }

    /// The evaluation that placed an allocation or last updated it in place; none if there is no such
    /// allocation.
    pub(crate) fn evaluation_of_allocation(&self, slot: AllocationSlot) -> Option<EvaluationRef> {
        let record = self.allocation(slot)?;
        match self.kept_lifecycle(slot) {
            Some(life) => Some(life.evaluation),
            None => Some(self.batch(record.batch)?.evaluation),
        }
    }

    /// The identity of the evaluation that placed an allocation or last updated it in place.
    pub(crate) fn evaluation_id_of(&self, slot: AllocationSlot) -> String {
        let of = self.evaluation_of_allocation(slot).unwrap_or(EvaluationRef::NONE);
        match self.document_of(slot) {
            Some(document) if of == EvaluationRef::NONE => document.eval_id.clone(),
            _ => self.id_of_evaluation(of),
        }
    }

    /// The identity of the deployment that an allocation is part of; empty if it is of none.
    pub(crate) fn deployment_id_of(&self, slot: AllocationSlot) -> String {
        let of_batch = || Some(self.batch(self.allocation(slot)?.batch)?.deployment);
        let kept = self.kept_lifecycle(slot).map(|life| life.deployment);
        let of = kept.or_else(of_batch).unwrap_or(DeploymentRef::NONE);
        match self.document_of(slot) {
            Some(document) if of == DeploymentRef::NONE => document.deployment_id.clone(),
            _ => self.id_of_deployment(of),
        }
    }

    /// The latest deployment of a job.
    pub(crate) fn latest_deployment(&self, job: JobSlot) -> Option<DeploymentSlot> {
        let slots = self.work(job)?.deployments.slots.iter();
        slots.max_by_key(|slot| self.deployment(**slot).map(|it| it.create_index)).copied()
    }

    /// Where a reference to a deployment leads.
    pub(crate) fn linked_to_deployment(&self, of: DeploymentRef) -> Link<DeploymentSlot> {
        match self.resolve_deployment(of) {
            Some(slot) => Link::To(slot),
            None if of == DeploymentRef::NONE => Link::None,
            None => Link::Gone,
        }
    }

    /// The deployment that an allocation is part of, given what is kept of its life.
    pub(crate) fn deployment_of_life(&self, life: &LifecycleRecord) -> Link<DeploymentSlot> {
        let document = life.rare.as_deref().and_then(|rare| rare.document.as_deref());
        match document {
            Some(document) if life.deployment == DeploymentRef::NONE => {
                linked(&document.deployment_id, |id| self.find_deployment(id))
            }
            _ => self.linked_to_deployment(life.deployment),
        }
    }

    /// Whether an evaluation that has not ended will look at an allocation anew.
    pub(crate) fn is_awaited(&self, slot: AllocationSlot) -> bool {
        let Link::To(follow_up) = self.follow_up_of(slot) else { return false };
        self.evaluation(follow_up).is_some_and(|it| !it.status.is_terminal())
    }

    /// The evaluation that will look at an allocation anew.
    pub(crate) fn follow_up_of(&self, slot: AllocationSlot) -> Link<EvaluationSlot> {
        self.lifecycle(slot).map_or(Link::None, |it| self.follow_up_of_life(&it))
    }

    /// The evaluation that will look at an allocation anew, given what is kept of its life.
    pub(crate) fn follow_up_of_life(&self, life: &LifecycleRecord) -> Link<EvaluationSlot> {
        let Some(rare) = life.rare.as_deref() else { return Link::None };
        match (rare.document.as_deref(), self.resolve_evaluation(rare.follow_up)) {
            (_, Some(slot)) => Link::To(slot),
            (Some(document), None) if rare.follow_up == EvaluationRef::NONE => {
                linked(&document.followup_eval_id, |id| self.find_evaluation(id))
            }
            _ if rare.follow_up == EvaluationRef::NONE => Link::None,
            _ => Link::Gone,
        }
    }
}

impl LifecycleRecord {
    /// The identity of the evaluation that will look at an allocation of an inventory anew, as it was
    /// written there.
    pub(crate) fn written_follow_up(&self) -> &str {
        let document = self.rare.as_deref().and_then(|rare| rare.document.as_deref());
        document.map_or("", |document| document.followup_eval_id.as_str())
    }

    /// The number of the version that an allocation of an inventory runs, as it was written there.
    pub(crate) fn written_version(&self) -> u64 {
        let document = self.rare.as_deref().and_then(|rare| rare.document.as_deref());
        document.map_or(0, |document| document.job_version())
    }

    /// Whether anything took the allocation's place.
    pub(crate) fn is_replaced(&self) -> bool {
        self.successor != super::slots::AllocationRef::NONE
            || self.rare.as_deref().is_some_and(|rare| !rare.successor_id.is_empty())
    }
}

/// Where an identity leads.
fn linked<S>(id: &str, find: impl Fn(&str) -> Option<S>) -> Link<S> {
    match find(id) {
        _ if id.is_empty() => Link::None,
        Some(slot) => Link::To(slot),
        None => Link::Gone,
    }
}
