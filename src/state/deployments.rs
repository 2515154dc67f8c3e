//! Deployments: looking them up, adding, changing and taking them out, and their documents.

use std::cmp::Reverse;
use std::sync::Arc;

use super::State;
use super::deployment::{
    DeployedGroup, DeploymentDetails, DeploymentError, DeploymentRecord, PlacedCanary,
};
use super::evaluations::DEFAULT_NAMESPACE;
use super::ids;
use super::records::{Identified, RecordChange};
use super::slots::{AllocationRef, AllocationSlot, DeploymentRef, DeploymentSlot, JobRef, JobSlot};
use super::transaction::Transaction;
use super::undo::{Undo, Worked};
use crate::model::deployment::{Deployment, DeploymentState};

impl State {
    /// What the identities of deployments are made of.
    pub(super) fn deployment_seed(&self) -> u64 {
        self.identity_seed ^ ids::DEPLOYMENTS
    }

    pub(crate) fn deployment(&self, slot: DeploymentSlot) -> Option<&DeploymentRecord> {
        self.deployments.get(slot.0)
    }

    /// Every deployment with its slot, in the order of slots.
    pub(crate) fn deployments(&self) -> impl Iterator<Item = (DeploymentSlot, &DeploymentRecord)> {
        self.deployments.iter().map(|(slot, record)| (DeploymentSlot(slot), record))
    }

    /// How many slots there are for deployments, free ones among them.
    pub(crate) fn deployment_slots(&self) -> usize {
        self.deployments.slots()
    }

    /// The deployments of a job, in the order in which they came.
    pub(crate) fn deployment_slots_of(&self, job: JobSlot) -> &[DeploymentSlot] {
        self.work(job).map(|work| &*work.deployments.slots).unwrap_or_default()
    }

    /// The deployments of a job, the latest first.
    pub(crate) fn deployments_of(&self, job: JobSlot) -> Vec<DeploymentSlot> {
        let listed = self.deployment_slots_of(job);
        let mut slots: Vec<DeploymentSlot> = listed.iter().rev().copied().collect();
        slots.sort_by_key(|slot| Reverse(self.deployment(*slot).map(|it| it.create_index)));
        slots
    }

    /// The identity of a deployment.
    pub(crate) fn deployment_id(&self, slot: DeploymentSlot) -> String {
        self.deployments.id(self.deployment_seed(), slot.0)
    }

    pub(crate) fn find_deployment(&self, id: &str) -> Option<DeploymentSlot> {
        self.deployments.find(self.deployment_seed(), id).map(DeploymentSlot)
    }

    /// The deployments whose identities begin with a text. Every deployment is looked at.
    pub(crate) fn deployments_with_prefix(
        &self,
        prefix: &str,
    ) -> impl Iterator<Item = DeploymentSlot> {
        self.deployments.with_prefix(self.deployment_seed(), prefix).map(DeploymentSlot)
    }

    /// A reference to a deployment that outlives it.
    pub(crate) fn deployment_ref(&self, slot: DeploymentSlot) -> DeploymentRef {
        DeploymentRef { slot, generation: self.deployments.generation(slot.0) }
    }

    /// The deployment of a reference, if it is still there.
    pub(crate) fn resolve_deployment(&self, of: DeploymentRef) -> Option<DeploymentSlot> {
        let is_it = self.deployment(of.slot).is_some() && self.deployment_ref(of.slot) == of;
        is_it.then_some(of.slot)
    }

    /// A reference to the deployment of an identity, and the identity itself where it cannot be told from
    /// the reference.
    pub(super) fn deployment_link(&self, id: &str) -> (DeploymentRef, Box<str>) {
        if let Some(slot) = self.find_deployment(id) {
            let is_kept = self.deployment(slot).is_some_and(|it| it.kept_id().is_some());
            return (self.deployment_ref(slot), if is_kept { id.into() } else { "".into() });
        }
        match ids::decode(self.deployment_seed(), id) {
            Some((slot, generation)) => {
                (DeploymentRef { slot: DeploymentSlot(slot), generation }, "".into())
            }
            None => (DeploymentRef::NONE, id.into()),
        }
    }

    /// The identity that a reference stands for; `kept` is one that cannot be told from it.
    pub(super) fn linked_deployment(&self, of: DeploymentRef, kept: &str) -> String {
        if kept.is_empty() { self.id_of_deployment(of) } else { kept.to_owned() }
    }

    /// The identity that a deployment came with; the empty text for one that got it here.
    pub(crate) fn kept_deployment_id(&self, of: DeploymentRef) -> &str {
        let record = self.resolve_deployment(of).and_then(|slot| self.deployment(slot));
        record.and_then(DeploymentRecord::kept_id).unwrap_or_default()
    }

    /// The identity of a deployment that may be gone since; none is the empty text.
    pub(crate) fn id_of_deployment(&self, of: DeploymentRef) -> String {
        match self.resolve_deployment(of) {
            Some(slot) => self.deployment_id(slot),
            None if of == DeploymentRef::NONE => String::new(),
            None => ids::encode(self.deployment_seed(), of.slot.0, of.generation),
        }
    }

    /// The identity of a canary, which may be gone.
    fn canary_id(&self, canary: &PlacedCanary) -> String {
        match canary {
            PlacedCanary::Ours(of) => ids::encode(self.identity_seed, of.slot.0, of.generation),
            PlacedCanary::Other(id) => id.to_string(),
        }
    }

    fn canary_of(&self, id: &str) -> PlacedCanary {
        match ids::decode(self.identity_seed, id) {
            Some((slot, generation)) => {
                PlacedCanary::Ours(AllocationRef { slot: AllocationSlot(slot), generation })
            }
            None => PlacedCanary::Other(id.into()),
        }
    }

    /// A deployment as the API has it.
    pub(crate) fn deployment_document(&self, slot: DeploymentSlot) -> Option<Deployment> {
        let record = self.deployment(slot)?;
        let names = self.job(record.job.slot)?.names();
        Some(self.document_of_deployment(record, self.deployment_id(slot), names))
    }

    /// The document of a record, of an identity and of a job by its namespace and identity.
    pub(super) fn document_of_deployment(
        &self,
        record: &DeploymentRecord,
        id: String,
        (namespace, job_id): (&str, &str),
    ) -> Deployment {
        record.document(id, namespace, job_id, |canary| self.canary_id(canary))
    }

    pub(crate) fn group_document(&self, group: &DeployedGroup) -> DeploymentState {
        group.document(|canary| self.canary_id(canary))
    }

    /// The record of a document, its job aside.
    pub(crate) fn deployment_of(
        &self,
        document: &Deployment,
    ) -> Result<DeploymentRecord, DeploymentError> {
        let unknown_status = || DeploymentError::UnknownStatus { status: document.status.clone() };
        let known = self.find_deployment(&document.id).and_then(|slot| self.deployment(slot));
        let is_ours = document.id.is_empty() || known.is_some_and(|it| it.kept_id().is_none());
        let details = DeploymentDetails {
            id: (!is_ours).then(|| document.id.as_str().into()),
            is_multiregion: document.is_multiregion,
            eval_priority: document.eval_priority,
            keys: document.extra.clone(),
        };
        let groups = document.task_groups.iter();
        Ok(DeploymentRecord {
            job: JobRef::NONE,
            version: document.job_version,
            job_modify_index: document.job_modify_index,
            job_spec_modify_index: document.job_spec_modify_index,
            job_create_index: document.job_create_index,
            create_index: document.create_index,
            modify_index: document.modify_index,
            modified: self.now,
            status: document.status().ok_or_else(unknown_status)?,
            description: document.status_description.as_str().into(),
            groups: groups.map(|(name, group)| self.group_of(name, group)).collect(),
            details: (details != DeploymentDetails::default()).then(|| Box::new(details)),
        })
    }

    fn group_of(&self, name: &str, group: &DeploymentState) -> DeployedGroup {
        DeployedGroup {
            name: name.into(),
            auto_revert: group.auto_revert,
            auto_promote: group.auto_promote,
            promoted: group.promoted,
            progress_deadline: group.progress_deadline,
            require_progress_by: group.require_progress_by,
            desired_canaries: group.desired_canaries,
            desired_total: group.desired_total,
            placed: group.placed_allocs,
            healthy: group.healthy_allocs,
            unhealthy: group.unhealthy_allocs,
            placed_canaries: group.placed_canaries.iter().map(|id| self.canary_of(id)).collect(),
            keys: (!group.extra.is_empty()).then(|| Box::new(group.extra.clone())),
        }
    }
}

impl Transaction<'_> {
    /// Adds a deployment of a job, in this transaction's index.
    pub(crate) fn add_deployment(
        &mut self,
        job: JobSlot,
        mut record: DeploymentRecord,
    ) -> DeploymentSlot {
        let index = self.index();
        (record.create_index, record.modify_index) = (index, index);
        record.modified = self.now();
        self.insert_deployment(job, record)
    }

    /// The same with its own indexes.
    fn insert_deployment(&mut self, job: JobSlot, mut record: DeploymentRecord) -> DeploymentSlot {
        self.drop_open_batch();
        let (index, seed) = (self.index(), self.deployment_seed());
        record.job = self.job_ref(job);
        let (slot, change) = self.state.deployments.add(seed, record);
        let noted = DeploymentSlot(slot);
        self.note_deployment(noted, job, change, index);
        noted
    }

    /// Changes a deployment, in this transaction's index. False if there is none.
    pub(crate) fn change_deployment(
        &mut self,
        slot: DeploymentSlot,
        change: impl FnOnce(&mut DeploymentRecord),
    ) -> bool {
        let Some(mut record) = self.deployment(slot).cloned() else { return false };
        change(&mut record);
        (record.modify_index, record.modified) = (self.index(), self.now());
        self.replace_deployment(slot, record)
    }

    /// Puts a record in the place of another of the same identity and job.
    fn replace_deployment(&mut self, slot: DeploymentSlot, mut record: DeploymentRecord) -> bool {
        let Some(job) = self.deployment(slot).map(|it| it.job) else { return false };
        self.drop_open_batch();
        record.job = job;
        let index = self.index();
        let Some(change) = self.state.deployments.replace(slot.0, Arc::new(record)) else {
            return false;
        };
        self.note_deployment(slot, job.slot, change, index);
        true
    }

    /// Takes a deployment out, and with it its job if nothing else is left of that.
    pub(crate) fn remove_deployment(&mut self, slot: DeploymentSlot) {
        let Some(job) = self.deployment(slot).map(|it| it.job.slot) else { return };
        self.drop_open_batch();
        let index = self.index();
        // The slot is given out anew, and what there is news of is told by it.
        self.set_news(slot, None);
        let Some(change) = self.state.deployments.remove(slot.0) else { return };
        self.note_deployment(slot, job, change, index);
        self.forget_if_unused(job);
    }

    /// Writes the deployment of a document with the indexes that this says.
    #[allow(dead_code, reason = "saved states are read with it")]
    pub(crate) fn import_deployment(
        &mut self,
        document: &Deployment,
    ) -> Result<DeploymentSlot, DeploymentError> {
        let record = self.deployment_of(document)?;
        match self.known_deployment(document)? {
            Some(slot) => {
                self.replace_deployment(slot, record);
                Ok(slot)
            }
            None => {
                let job = self.ensure_named_job(namespace_of(document), &document.job_id);
                Ok(self.insert_deployment(job, record))
            }
        }
    }

    /// Writes the deployment of a document as a change of now: it is new, or changed, in this
    /// transaction's index.
    pub(crate) fn upsert_deployment(
        &mut self,
        document: &Deployment,
    ) -> Result<DeploymentSlot, DeploymentError> {
        let record = self.deployment_of(document)?;
        match self.known_deployment(document)? {
            Some(slot) => {
                self.change_deployment(slot, |known| {
                    *known = DeploymentRecord { create_index: known.create_index, ..record };
                });
                Ok(slot)
            }
            None => {
                let job = self.ensure_named_job(namespace_of(document), &document.job_id);
                Ok(self.add_deployment(job, record))
            }
        }
    }

    /// The deployment of a document's identity, which must be of the same job.
    fn known_deployment(
        &self,
        document: &Deployment,
    ) -> Result<Option<DeploymentSlot>, DeploymentError> {
        let Some(slot) = self.find_deployment(&document.id) else { return Ok(None) };
        let job = self.deployment(slot).and_then(|it| self.job(it.job.slot));
        let (namespace, job_id) = job.map(|job| job.names()).unwrap_or_default();
        if (namespace, job_id) != (namespace_of(document), &document.job_id) {
            let (id, job_id) = (document.id.clone(), job_id.to_owned());
            return Err(DeploymentError::AnotherJob { id, job_id });
        }
        Ok(Some(slot))
    }

    fn note_deployment(
        &mut self,
        slot: DeploymentSlot,
        job: JobSlot,
        change: RecordChange<DeploymentRecord>,
        index: u64,
    ) {
        let list = self.state.change_work(job, |work| match change {
            RecordChange::Added { .. } => work.deployments.add(slot, index),
            RecordChange::Changed(_) => work.deployments.touch(index),
            RecordChange::Removed(_) => work.deployments.take(slot, index),
        });
        self.log(Undo::Deployment(Worked { slot: slot.0, change, job, list }));
    }
}

fn namespace_of(document: &Deployment) -> &str {
    if document.namespace.is_empty() { DEFAULT_NAMESPACE } else { &document.namespace }
}
