//! Jobs, allocations, evaluations and deployments as they were: enough to write the document of one later,
//! should anybody ask for it.

use std::borrow::Cow;
use std::sync::Arc;

use super::State;
use super::allocation::AllocationRecord;
use super::batch::Batch;
use super::deployment::DeploymentRecord;
use super::evaluation::EvaluationRecord;
use super::group_version::GroupVersion;
use super::ids;
use super::job::JobNames;
use super::lifecycle::LifecycleRecord;
use super::node::NodeRecord;
use super::records::Identified;
use super::slots::{AllocationSlot, DeploymentSlot, EvaluationRef, EvaluationSlot, JobSlot};
use super::standing::JobStatus;
use crate::model::{Allocation, Deployment, Evaluation, Job, JobSpec};

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
    batch: Arc<Batch>,
    node: Option<Arc<NodeRecord>>,
    /// What its identity is made of, with its slot.
    seed: u64,
    /// Of what it was part, and what was to look at it anew, where their references do not tell the identity:
    /// these may be gone when somebody asks.
    evaluation_id: Box<str>,
    deployment_id: Box<str>,
    follow_up_id: Box<str>,
}

/// A version of a registered job as it was once.
#[derive(Clone, Debug)]
pub(crate) struct PastJob {
    job: Job,
    is_stable: bool,
    /// What the job had come to, if it was the present version, and the index of that.
    state: Option<(u64, JobStatus)>,
}

/// An evaluation or a deployment as it was once.
#[derive(Clone, Debug)]
pub(crate) struct PastRecord<R> {
    record: R,
    job: JobNames,
    /// What its identity is made of, unless it came with one.
    identity: (u64, u32, u32),
}

pub(crate) type PastEvaluation = PastRecord<EvaluationRecord>;
pub(crate) type PastDeployment = PastRecord<DeploymentRecord>;

#[expect(private_bounds, reason = "nobody else has records")]
impl<R: Identified> PastRecord<R> {
    pub(crate) fn id(&self) -> String {
        let (seed, slot, generation) = self.identity;
        let kept = self.record.kept_id().map(str::to_owned);
        kept.unwrap_or_else(|| ids::encode(seed, slot, generation))
    }

    /// The namespace and the identity of its job.
    pub(crate) fn job(&self) -> (&str, &str) {
        self.job.both()
    }
}

impl PastJob {
    /// The document as it was registered.
    pub(crate) fn spec(&self) -> &JobSpec {
        self.job.spec()
    }

    /// The document as it was then.
    pub(crate) fn document(&self) -> JobSpec {
        let mut document = self.job.spec().clone();
        document.stable = self.is_stable;
        if let Some((modify_index, status)) = self.state {
            document.modify_index = modify_index;
            status.as_str().clone_into(&mut document.status);
        }
        document
    }
}

impl PastAllocation {
    pub(crate) fn id(&self) -> String {
        ids::encode(self.seed, self.slot.0, self.record.generation)
    }

    /// What it ran when it was placed.
    pub(crate) fn job(&self) -> Option<&JobSpec> {
        self.batch.version.job_spec()
    }

    pub(crate) fn node_id(&self) -> &str {
        let node = self.batch.node_of(self.record.in_batch as usize);
        node.map(|identity| &*identity.id).unwrap_or_default()
    }
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

    /// An allocation as it is now, to be written down later; none if it came from an inventory.
    pub(crate) fn past_allocation(&self, slot: AllocationSlot) -> Option<PastAllocation> {
        let record = self.allocation(slot)?;
        let batch = self.batch(record.batch)?;
        batch.version.job_spec()?;
        let life = self.own_lifecycle(slot);
        let (evaluation, deployment) = match life.as_deref() {
            Some(life) => (life.evaluation, life.deployment),
            None => (batch.evaluation, batch.deployment),
        };
        let follow_up = life.as_deref().and_then(|life| life.rare.as_deref());
        let follow_up = follow_up.map_or(EvaluationRef::NONE, |rare| rare.follow_up);
        Some(PastAllocation {
            slot,
            record: record.clone(),
            batch: Arc::clone(batch),
            node: self.node_or_gone(record.node).cloned(),
            seed: self.identity_seed,
            evaluation_id: self.kept_evaluation_id(evaluation).into(),
            deployment_id: self.kept_deployment_id(deployment).into(),
            follow_up_id: self.kept_evaluation_id(follow_up).into(),
            life,
        })
    }

    /// The document of an allocation as it was.
    pub(crate) fn past_document(&self, past: &PastAllocation) -> Option<Allocation> {
        let parts = Parts {
            slot: past.slot,
            record: &past.record,
            life: past.life.as_deref(),
            batch: Some(&past.batch),
            node: past.node.as_deref(),
        };
        let mut document = self.document_of_parts(&parts)?;
        let kept = [
            (&past.evaluation_id, &mut document.eval_id),
            (&past.deployment_id, &mut document.deployment_id),
            (&past.follow_up_id, &mut document.followup_eval_id),
        ];
        for (kept, id) in kept.into_iter().filter(|(kept, _)| !kept.is_empty()) {
            (**kept).clone_into(id);
        }
        Some(document)
    }

    /// The present version of a registered job as it is now, to be written down later.
    pub(crate) fn past_job(&self, job: JobSlot) -> Option<PastJob> {
        let present = self.registration(job)?.present()?.number;
        self.past_version(job, present)
    }

    /// The same of any version.
    pub(super) fn past_version(&self, job: JobSlot, number: u64) -> Option<PastJob> {
        let registration = self.registration(job)?;
        let version = self.job_version(job, number)?;
        let is_present = registration.present().is_some_and(|present| present.number == number);
        Some(PastJob {
            job: version.job.clone(),
            is_stable: version.is_stable,
            state: is_present.then(|| (registration.modify_index, self.status_of_job(job))),
        })
    }

    /// An evaluation as it is now, to be written down later.
    pub(crate) fn past_evaluation(&self, slot: EvaluationSlot) -> Option<PastEvaluation> {
        let record = self.evaluation(slot)?;
        let generation = self.evaluation_ref(slot).generation;
        Some(PastRecord {
            record: record.clone(),
            job: self.job(record.job.slot)?.names.clone(),
            identity: (self.evaluation_seed(), slot.0, generation),
        })
    }

    /// The document of an evaluation as it was.
    pub(crate) fn past_evaluation_document(&self, past: &PastEvaluation) -> Evaluation {
        self.document_of_evaluation(&past.record, past.id(), past.job())
    }

    /// A deployment as it is now, to be written down later.
    pub(crate) fn past_deployment(&self, slot: DeploymentSlot) -> Option<PastDeployment> {
        let record = self.deployment(slot)?;
        let generation = self.deployment_ref(slot).generation;
        Some(PastRecord {
            record: record.clone(),
            job: self.job(record.job.slot)?.names.clone(),
            identity: (self.deployment_seed(), slot.0, generation),
        })
    }

    /// The document of a deployment as it was.
    pub(crate) fn past_deployment_document(&self, past: &PastDeployment) -> Deployment {
        self.document_of_deployment(&past.record, past.id(), past.job())
    }
}
