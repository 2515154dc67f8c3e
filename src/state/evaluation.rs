//! An evaluation as the state keeps it (docs/lifecycle.md, section 1).

use indexmap::IndexMap;
use thiserror::Error;

use super::queued::Queued;
use super::records::Identified;
use super::slots::{DeploymentRef, EvaluationRef, JobRef, NodeRef};
use crate::model::document::Extra;
use crate::model::evaluation::{Evaluation, EvaluationStatus, Trigger};
use crate::model::job_type::JobType;
use crate::model::metrics::AllocationMetrics;
use crate::time::{Span, Timestamp};

/// A reason to look at a job anew, and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct EvaluationRecord {
    /// Its job, which stays known as long as the evaluation is there.
    pub(crate) job: JobRef,
    /// The type of job that it is for; none is `_core`.
    pub(crate) job_type: Option<JobType>,
    pub(crate) trigger: Trigger,
    pub(crate) status: EvaluationStatus,
    pub(crate) annotate_plan: bool,
    pub(crate) escaped_computed_class: bool,
    pub(crate) priority: i64,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) job_modify_index: u64,
    /// The index of the state that a scheduler looked at.
    pub(crate) snapshot_index: u64,
    pub(crate) deployment: DeploymentRef,
    /// What it waits for, its node and the evaluations before and after it, if there is any of that.
    pub(crate) links: Option<Box<EvaluationLinks>>,
    /// How many allocations of each group it left to be placed.
    pub(crate) queued: Queued,
    /// What few have.
    pub(crate) details: Option<Box<EvaluationDetails>>,
}

/// What ties an evaluation to an instant, a node and other evaluations. Most are about a job alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EvaluationLinks {
    pub(crate) wait: Span,
    pub(crate) wait_until: Option<Timestamp>,
    pub(crate) node: NodeRef,
    pub(crate) node_modify_index: u64,
    /// The identity of its node, which may be gone; empty if it is about none.
    pub(crate) node_id: Option<Box<str>>,
    /// The evaluation that made it.
    pub(crate) previous: EvaluationRef,
    /// The evaluation that follows it.
    pub(crate) next: EvaluationRef,
    /// The evaluation that waits for room for what it could not place.
    pub(crate) blocked: EvaluationRef,
}

impl EvaluationLinks {
    const NONE: EvaluationLinks = EvaluationLinks {
        wait: Span::ZERO,
        wait_until: None,
        node: NodeRef::NONE,
        node_modify_index: 0,
        node_id: None,
        previous: EvaluationRef::NONE,
        next: EvaluationRef::NONE,
        blocked: EvaluationRef::NONE,
    };

    /// What is kept of them.
    pub(crate) fn kept(self) -> Option<Box<EvaluationLinks>> {
        (self != EvaluationLinks::NONE).then(|| Box::new(self))
    }

    /// The identity of its node; empty if it is about none.
    pub(crate) fn node_id(&self) -> &str {
        self.node_id.as_deref().unwrap_or_default()
    }
}

/// What few evaluations have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct EvaluationDetails {
    /// The identity that it came with.
    pub(super) id: Option<Box<str>>,
    pub(crate) status_description: Box<str>,
    pub(crate) failed_groups: IndexMap<String, AllocationMetrics>,
    pub(crate) class_eligibility: IndexMap<String, bool>,
    pub(crate) quota_limit_reached: Box<str>,
    /// Identities of what it refers to, where they were not made here.
    pub(super) deployment_id: Box<str>,
    pub(super) previous_id: Box<str>,
    pub(super) next_id: Box<str>,
    pub(super) blocked_id: Box<str>,
    /// What its document says beside.
    pub(super) keys: Extra,
}

/// What an evaluation's document says of other things, and its own identity.
#[derive(Clone, Debug, Default)]
pub(crate) struct EvaluationNames {
    pub(crate) id: String,
    pub(crate) namespace: String,
    pub(crate) job_id: String,
    pub(crate) deployment_id: String,
    pub(crate) next: String,
    pub(crate) previous: String,
    pub(crate) blocked: String,
}

/// Why an evaluation's document is not taken.
///
/// ```
/// use stowplan::model::Evaluation;
/// use stowplan::{Cluster, EvaluationError};
///
/// let evaluation = Evaluation { job_id: "web".into(), ..Evaluation::default() };
/// let error = Cluster::default().upsert_evaluation(&evaluation).unwrap_err();
/// assert!(matches!(error, EvaluationError::UnknownJob { job_id, .. } if job_id == "web"));
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvaluationError {
    /// An evaluation of the same identity is of another job.
    #[error("evaluation `{id}` is of job `{job_id}`")]
    AnotherJob {
        /// The evaluation.
        id: String,
        /// The job that it is of.
        job_id: String,
    },
    /// The job is neither registered nor has it any allocations.
    #[error("there is no job `{job_id}` in the namespace `{namespace}`")]
    UnknownJob {
        /// The namespace.
        namespace: String,
        /// The job.
        job_id: String,
    },
    /// The status is none that an evaluation can have.
    #[error("`{status}` is no status of an evaluation")]
    UnknownStatus {
        /// What the document says.
        status: String,
    },
    /// The trigger is none that there is.
    #[error("`{trigger}` is no trigger of an evaluation")]
    UnknownTrigger {
        /// What the document says.
        trigger: String,
    },
    /// The type is neither one of jobs nor `_core`.
    #[error("`{evaluation_type}` is no type of an evaluation")]
    UnknownType {
        /// What the document says.
        evaluation_type: String,
    },
}

/// The type of the server's own work in documents.
pub(super) const CORE: &str = "_core";

impl EvaluationRecord {
    /// A pending evaluation for a job of a type. Its job, its indexes and its instants are those of
    /// [adding](super::transaction::Transaction::add_evaluation) it.
    pub(crate) fn new(trigger: Trigger, job_type: JobType, priority: i64) -> EvaluationRecord {
        EvaluationRecord {
            job: JobRef::NONE,
            job_type: Some(job_type),
            trigger,
            status: EvaluationStatus::Pending,
            annotate_plan: false,
            escaped_computed_class: false,
            priority,
            create_index: 0,
            modify_index: 0,
            created: Timestamp::EPOCH,
            modified: Timestamp::EPOCH,
            job_modify_index: 0,
            snapshot_index: 0,
            deployment: DeploymentRef::NONE,
            links: None,
            queued: Queued::default(),
            details: None,
        }
    }

    /// A pending evaluation that comes of this one: of the same type, priority and job
    /// (docs/lifecycle.md, section 1, *Chains*).
    pub(crate) fn child(&self, trigger: Trigger) -> EvaluationRecord {
        EvaluationRecord {
            job_type: self.job_type,
            job_modify_index: self.job_modify_index,
            ..EvaluationRecord::new(trigger, JobType::default(), self.priority)
        }
    }

    /// The evaluation as the API has it.
    pub(crate) fn document(&self, names: EvaluationNames) -> Evaluation {
        let none = EvaluationDetails::default();
        let details = self.details.as_deref().unwrap_or(&none);
        let links = self.links();
        Evaluation {
            id: names.id,
            namespace: names.namespace,
            priority: self.priority,
            evaluation_type: self.job_type.map_or(CORE, JobType::as_str).to_owned(),
            triggered_by: self.trigger.as_str().to_owned(),
            job_id: names.job_id,
            job_modify_index: self.job_modify_index,
            node_id: links.node_id().to_owned(),
            node_modify_index: links.node_modify_index,
            deployment_id: names.deployment_id,
            status: self.status.as_str().to_owned(),
            status_description: details.status_description.to_string(),
            wait: links.wait,
            wait_until: links.wait_until,
            next_eval: names.next,
            previous_eval: names.previous,
            blocked_eval: names.blocked,
            failed_tg_allocs: details.failed_groups.clone(),
            class_eligibility: details.class_eligibility.clone(),
            quota_limit_reached: details.quota_limit_reached.to_string(),
            escaped_computed_class: self.escaped_computed_class,
            annotate_plan: self.annotate_plan,
            queued_allocations: self.queued.document(),
            snapshot_index: self.snapshot_index,
            create_index: self.create_index,
            modify_index: self.modify_index,
            create_time: self.created.as_nanos(),
            modify_time: self.modified.as_nanos(),
            extra: details.keys.clone(),
        }
    }

    /// The same to be given an identity here.
    pub(crate) fn without_identity(mut self) -> EvaluationRecord {
        if let Some(details) = &mut self.details {
            details.id = None;
        }
        self
    }

    /// Says why its status is what it is.
    pub(crate) fn describe(&mut self, description: &str) {
        if !description.is_empty() || self.details.is_some() {
            self.details_mut().status_description = description.into();
        }
    }

    /// Says which evaluation follows it.
    pub(crate) fn follow_with(&mut self, next: EvaluationRef) {
        self.links_mut().next = next;
        if let Some(details) = &mut self.details {
            details.next_id = "".into();
        }
    }

    /// Says which evaluation waits for room for what it could not place.
    pub(crate) fn wait_with(&mut self, blocked: EvaluationRef) {
        self.links_mut().blocked = blocked;
        if let Some(details) = &mut self.details {
            details.blocked_id = "".into();
        }
    }

    /// Says which deployment came of it; the identity is kept of one that came with its own.
    pub(crate) fn belong_to(&mut self, deployment: DeploymentRef, kept_id: &str) {
        self.deployment = deployment;
        if self.details.is_some() || !kept_id.is_empty() {
            self.details_mut().deployment_id = kept_id.into();
        }
    }

    /// What ties it to an instant, a node and other evaluations.
    pub(crate) fn links(&self) -> &EvaluationLinks {
        self.links.as_deref().unwrap_or(const { &EvaluationLinks::NONE })
    }

    /// The same to change.
    pub(crate) fn links_mut(&mut self) -> &mut EvaluationLinks {
        self.links.get_or_insert_with(|| Box::new(EvaluationLinks::NONE))
    }

    /// What few have, to change.
    pub(crate) fn details_mut(&mut self) -> &mut EvaluationDetails {
        self.details.get_or_insert_default()
    }
}

impl Identified for EvaluationRecord {
    fn kept_id(&self) -> Option<&str> {
        self.details.as_ref()?.id.as_deref()
    }
}
