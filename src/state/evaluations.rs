//! Evaluations: looking them up, adding, changing and taking them out, and their documents.

use std::sync::Arc;

use super::State;
use super::evaluation::{
    CORE, EvaluationDetails, EvaluationError, EvaluationLinks, EvaluationNames, EvaluationRecord,
};
use super::ids;
use super::queued::Queued;
use super::record_id::RecordId;
use super::records::{Identified, RecordChange};
use super::slots::{EvaluationRef, EvaluationSlot, JobRef, JobSlot, NodeRef};
use super::transaction::Transaction;
use super::undo::{Undo, Worked};
use crate::model::evaluation::Evaluation;
use crate::model::job_type::JobType;
use crate::time::Timestamp;

/// The namespace of a document that names none.
pub(super) const DEFAULT_NAMESPACE: &str = "default";

impl State {
    /// What the identities of evaluations are made of.
    pub(super) fn evaluation_seed(&self) -> u64 {
        self.identity_seed ^ ids::EVALUATIONS
    }

    #[inline]
    pub(crate) fn evaluation(&self, slot: EvaluationSlot) -> Option<&EvaluationRecord> {
        self.evaluations.get(slot.0)
    }

    /// An evaluation as it is now, to be held while it changes.
    pub(crate) fn shared_evaluation(&self, slot: EvaluationSlot) -> Option<Arc<EvaluationRecord>> {
        self.evaluations.shared(slot.0)
    }

    /// Every evaluation with its slot, in the order of slots.
    pub(crate) fn evaluations(&self) -> impl Iterator<Item = (EvaluationSlot, &EvaluationRecord)> {
        self.evaluations.iter().map(|(slot, record)| (EvaluationSlot(slot), record))
    }

    /// The evaluations of a job, the oldest first.
    pub(crate) fn evaluations_of(&self, job: JobSlot) -> &[EvaluationSlot] {
        self.work(job).map(|work| &*work.evaluations.slots).unwrap_or_default()
    }

    /// The identity of an evaluation.
    pub(crate) fn evaluation_id(&self, slot: EvaluationSlot) -> String {
        self.evaluations.id(self.evaluation_seed(), slot.0)
    }

    /// The same, of which the text is made when it is asked for.
    pub(crate) fn evaluation_record_id(&self, slot: EvaluationSlot) -> Option<RecordId> {
        self.evaluations.record_id(self.evaluation_seed(), slot.0)
    }

    pub(crate) fn find_evaluation(&self, id: &str) -> Option<EvaluationSlot> {
        self.evaluations.find(self.evaluation_seed(), id).map(EvaluationSlot)
    }

    /// The evaluations whose identities begin with a text. Every evaluation is looked at.
    pub(crate) fn evaluations_with_prefix(
        &self,
        prefix: &str,
    ) -> impl Iterator<Item = EvaluationSlot> {
        self.evaluations.with_prefix(self.evaluation_seed(), prefix).map(EvaluationSlot)
    }

    /// A reference to an evaluation that outlives it.
    pub(crate) fn evaluation_ref(&self, slot: EvaluationSlot) -> EvaluationRef {
        EvaluationRef { slot, generation: self.evaluations.generation(slot.0) }
    }

    /// The evaluation of a reference, if it is still there.
    pub(crate) fn resolve_evaluation(&self, of: EvaluationRef) -> Option<EvaluationSlot> {
        let is_it = self.evaluation(of.slot).is_some() && self.evaluation_ref(of.slot) == of;
        is_it.then_some(of.slot)
    }

    /// The identity that an evaluation came with; the empty text for one that got it here.
    pub(super) fn kept_evaluation_id(&self, of: EvaluationRef) -> &str {
        let record = self.resolve_evaluation(of).and_then(|slot| self.evaluation(slot));
        record.and_then(EvaluationRecord::kept_id).unwrap_or_default()
    }

    /// A reference to the evaluation of an identity, and the identity itself where it cannot be told from
    /// the reference.
    fn evaluation_link(&self, id: &str) -> (EvaluationRef, Box<str>) {
        if id.is_empty() {
            return (EvaluationRef::NONE, Box::default());
        }
        if let Some(slot) = self.find_evaluation(id) {
            let is_kept = self.evaluation(slot).is_some_and(|it| it.kept_id().is_some());
            return (self.evaluation_ref(slot), if is_kept { id.into() } else { "".into() });
        }
        match ids::decode(self.evaluation_seed(), id) {
            Some((slot, generation)) => {
                (EvaluationRef { slot: EvaluationSlot(slot), generation }, "".into())
            }
            None => (EvaluationRef::NONE, id.into()),
        }
    }

    /// The identity that a reference stands for; `kept` is one that cannot be told from it.
    fn linked_evaluation(&self, of: EvaluationRef, kept: &str) -> String {
        if kept.is_empty() { self.id_of_evaluation(of) } else { kept.to_owned() }
    }

    /// The identity of an evaluation that may be gone since; none is the empty text.
    pub(crate) fn id_of_evaluation(&self, of: EvaluationRef) -> String {
        match self.resolve_evaluation(of) {
            Some(slot) => self.evaluation_id(slot),
            None if of == EvaluationRef::NONE => String::new(),
            None => ids::encode(self.evaluation_seed(), of.slot.0, of.generation),
        }
    }

    /// An evaluation as the API has it.
    pub(crate) fn evaluation_document(&self, slot: EvaluationSlot) -> Option<Evaluation> {
        let record = self.evaluation(slot)?;
        let names = self.job(record.job.slot)?.names();
        Some(self.document_of_evaluation(record, self.evaluation_id(slot), names))
    }

    /// The document of a record, of an identity and of a job by its namespace and identity.
    pub(super) fn document_of_evaluation(
        &self,
        record: &EvaluationRecord,
        id: String,
        (namespace, job_id): (&str, &str),
    ) -> Evaluation {
        let none = EvaluationDetails::default();
        let details = record.details.as_deref().unwrap_or(&none);
        record.document(EvaluationNames {
            id,
            namespace: namespace.to_owned(),
            job_id: job_id.to_owned(),
            deployment_id: self.linked_deployment(record.deployment, &details.deployment_id),
            next: self.linked_evaluation(record.links().next, &details.next_id),
            previous: self.linked_evaluation(record.links().previous, &details.previous_id),
            blocked: self.linked_evaluation(record.links().blocked, &details.blocked_id),
        })
    }

    /// The record of a document, its job aside.
    pub(crate) fn evaluation_of(
        &self,
        document: &Evaluation,
    ) -> Result<EvaluationRecord, EvaluationError> {
        let unknown_status = || EvaluationError::UnknownStatus { status: document.status.clone() };
        let unknown_trigger =
            || EvaluationError::UnknownTrigger { trigger: document.triggered_by.clone() };
        let known = self.find_evaluation(&document.id).and_then(|slot| self.evaluation(slot));
        let is_ours = document.id.is_empty() || known.is_some_and(|it| it.kept_id().is_none());
        let (deployment, deployment_id) = self.deployment_link(&document.deployment_id);
        let (previous, previous_id) = self.evaluation_link(&document.previous_eval);
        let (next, next_id) = self.evaluation_link(&document.next_eval);
        let (blocked, blocked_id) = self.evaluation_link(&document.blocked_eval);
        let texts = [&*deployment_id, &previous_id, &next_id, &blocked_id];
        let has_details = !is_ours
            || texts.iter().any(|text| !text.is_empty())
            || !document.status_description.is_empty()
            || !document.failed_tg_allocs.is_empty()
            || !document.class_eligibility.is_empty()
            || !document.quota_limit_reached.is_empty()
            || !document.extra.is_empty();
        let details = has_details.then(|| EvaluationDetails {
            id: (!is_ours).then(|| document.id.as_str().into()),
            status_description: document.status_description.as_str().into(),
            failed_groups: document.failed_tg_allocs.clone(),
            class_eligibility: document.class_eligibility.clone(),
            quota_limit_reached: document.quota_limit_reached.as_str().into(),
            deployment_id,
            previous_id,
            next_id,
            blocked_id,
            keys: document.extra.clone(),
        });
        let node = self.find_node(&document.node_id);
        let links = EvaluationLinks {
            wait: document.wait,
            wait_until: document.wait_until,
            node: node.map_or(NodeRef::NONE, |slot| self.node_ref(slot)),
            node_modify_index: document.node_modify_index,
            node_id: Some(&*document.node_id).filter(|id| !id.is_empty()).map(Box::from),
            previous,
            next,
            blocked,
        };
        Ok(EvaluationRecord {
            job: JobRef::NONE,
            job_type: match document.evaluation_type.as_str() {
                CORE => None,
                text => Some(JobType::from_text(text).ok_or_else(|| {
                    EvaluationError::UnknownType { evaluation_type: text.to_owned() }
                })?),
            },
            trigger: document.trigger().ok_or_else(unknown_trigger)?,
            status: document.status().ok_or_else(unknown_status)?,
            annotate_plan: document.annotate_plan,
            escaped_computed_class: document.escaped_computed_class,
            priority: document.priority,
            create_index: document.create_index,
            modify_index: document.modify_index,
            created: Timestamp::from_nanos(document.create_time),
            modified: Timestamp::from_nanos(document.modify_time),
            job_modify_index: document.job_modify_index,
            snapshot_index: document.snapshot_index,
            deployment,
            links: links.kept(),
            queued: Queued::of(&document.queued_allocations),
            details: details.map(Box::new),
        })
    }
}

impl Transaction<'_> {
    /// Adds an evaluation that comes of another one, of the same job or of another.
    pub(crate) fn add_child_evaluation(
        &mut self,
        job: JobSlot,
        parent: EvaluationRef,
        mut record: EvaluationRecord,
    ) -> EvaluationSlot {
        record.links_mut().previous = parent;
        let known = self.resolve_evaluation(parent).and_then(|slot| self.evaluation(slot));
        if let Some(kept) = known.and_then(|it| it.kept_id().map(Box::from)) {
            record.details_mut().previous_id = kept;
        }
        self.add_evaluation(job, record)
    }

    /// Adds an evaluation of a job, in this transaction's index and instant.
    pub(crate) fn add_evaluation(
        &mut self,
        job: JobSlot,
        mut record: EvaluationRecord,
    ) -> EvaluationSlot {
        let (index, now) = (self.index(), self.now());
        (record.create_index, record.modify_index) = (index, index);
        (record.created, record.modified) = (now, now);
        self.insert_evaluation(job, record)
    }

    /// The same with its own indexes and instants.
    fn insert_evaluation(&mut self, job: JobSlot, mut record: EvaluationRecord) -> EvaluationSlot {
        self.drop_open_batch();
        let (index, seed) = (self.index(), self.evaluation_seed());
        record.job = self.job_ref(job);
        let (slot, change) = self.state.evaluations.add(seed, record);
        let noted = EvaluationSlot(slot);
        self.note_evaluation(noted, job, change, index);
        noted
    }

    /// Changes an evaluation, in this transaction's index and instant. False if there is none.
    pub(crate) fn change_evaluation(
        &mut self,
        slot: EvaluationSlot,
        change: impl FnOnce(&mut EvaluationRecord),
    ) -> bool {
        let Some(mut shared) = self.shared_evaluation(slot) else { return false };
        // The one copy of it that is made.
        let record = Arc::make_mut(&mut shared);
        change(record);
        (record.modify_index, record.modified) = (self.index(), self.now());
        self.replace_evaluation(slot, shared)
    }

    /// Puts a record in the place of another of the same identity and job.
    fn replace_evaluation(
        &mut self,
        slot: EvaluationSlot,
        mut record: Arc<EvaluationRecord>,
    ) -> bool {
        let Some(job) = self.evaluation(slot).map(|it| it.job) else { return false };
        self.drop_open_batch();
        if record.job != job {
            Arc::make_mut(&mut record).job = job;
        }
        let index = self.index();
        let Some(change) = self.state.evaluations.replace(slot.0, record) else { return false };
        self.note_evaluation(slot, job.slot, change, index);
        true
    }

    /// Takes an evaluation out, and with it its job if nothing else is left of that.
    pub(crate) fn remove_evaluation(&mut self, slot: EvaluationSlot) {
        let Some(job) = self.evaluation(slot).map(|it| it.job.slot) else { return };
        self.drop_open_batch();
        // Another one may come to be where it was.
        self.set_delivery(slot, None);
        self.set_released(slot, false);
        let index = self.index();
        let Some(change) = self.state.evaluations.remove(slot.0) else { return };
        self.note_evaluation(slot, job, change, index);
        self.forget_if_unused(job);
    }

    /// Writes the evaluation of a document with the indexes and instants that this says.
    #[allow(dead_code, reason = "saved states are read with it")]
    pub(crate) fn import_evaluation(
        &mut self,
        document: &Evaluation,
    ) -> Result<EvaluationSlot, EvaluationError> {
        let record = self.evaluation_of(document)?;
        match self.known_evaluation(document)? {
            Some(slot) => {
                self.replace_evaluation(slot, Arc::new(record));
                Ok(slot)
            }
            None => {
                let job = self.ensure_named_job(namespace_of(document), &document.job_id);
                Ok(self.insert_evaluation(job, record))
            }
        }
    }

    /// Writes the evaluation of a document as a change of now: it is new, or changed, in this
    /// transaction's index and instant.
    pub(crate) fn upsert_evaluation(
        &mut self,
        document: &Evaluation,
    ) -> Result<EvaluationSlot, EvaluationError> {
        let job = self.find_job(namespace_of(document), &document.job_id);
        self.upsert_evaluation_of(job, document)
    }

    /// The same of a job that is known, if it is.
    pub(crate) fn upsert_evaluation_of(
        &mut self,
        job: Option<JobSlot>,
        document: &Evaluation,
    ) -> Result<EvaluationSlot, EvaluationError> {
        let record = self.evaluation_of(document)?;
        match self.known_evaluation(document)? {
            Some(slot) => {
                self.change_evaluation(slot, |known| {
                    let (create_index, created) = (known.create_index, known.created);
                    *known = EvaluationRecord { create_index, created, ..record };
                });
                Ok(slot)
            }
            None => {
                let add = || self.ensure_named_job(namespace_of(document), &document.job_id);
                let job = job.unwrap_or_else(add);
                Ok(self.add_evaluation(job, record))
            }
        }
    }

    /// The evaluation of a document's identity, which must be of the same job.
    fn known_evaluation(
        &self,
        document: &Evaluation,
    ) -> Result<Option<EvaluationSlot>, EvaluationError> {
        if document.id.is_empty() {
            return Ok(None);
        }
        let Some(slot) = self.find_evaluation(&document.id) else { return Ok(None) };
        let job = self.evaluation(slot).and_then(|it| self.job(it.job.slot));
        let (namespace, job_id) = job.map(|job| job.names()).unwrap_or_default();
        if (namespace, job_id) != (namespace_of(document), &document.job_id) {
            let (id, job_id) = (document.id.clone(), job_id.to_owned());
            return Err(EvaluationError::AnotherJob { id, job_id });
        }
        Ok(Some(slot))
    }

    fn note_evaluation(
        &mut self,
        slot: EvaluationSlot,
        job: JobSlot,
        change: RecordChange<EvaluationRecord>,
        index: u64,
    ) {
        let list = self.state.change_work(job, |work| match change {
            RecordChange::Added { .. } => work.evaluations.add(slot, index),
            RecordChange::Changed(_) => work.evaluations.touch(index),
            RecordChange::Removed(_) => work.evaluations.take(slot, index),
        });
        self.log(Undo::Evaluation(Worked { slot: slot.0, change, job, list }));
    }
}

fn namespace_of(document: &Evaluation) -> &str {
    if document.namespace.is_empty() { DEFAULT_NAMESPACE } else { &document.namespace }
}
