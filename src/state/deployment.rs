//! A deployment as the state keeps it (docs/lifecycle.md, section 3.1).

use thiserror::Error;

use super::records::Identified;
use super::slots::{AllocationRef, JobRef};
use crate::model::JobSpec;
use crate::model::deployment::{Deployment, DeploymentState, DeploymentStatus};
use crate::model::document::Extra;
use crate::time::{Span, Timestamp};

/// The way of one version of a job onto its nodes.
#[derive(Clone, Debug)]
pub(crate) struct DeploymentRecord {
    /// Its job, which stays known as long as the deployment is there.
    pub(crate) job: JobRef,
    /// The job's version.
    pub(crate) version: u64,
    pub(crate) job_modify_index: u64,
    pub(crate) job_spec_modify_index: u64,
    pub(crate) job_create_index: u64,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
    /// When it last changed.
    pub(crate) modified: Timestamp,
    pub(crate) status: DeploymentStatus,
    pub(crate) description: Box<str>,
    pub(crate) groups: Vec<DeployedGroup>,
    /// What few have.
    pub(super) details: Option<Box<DeploymentDetails>>,
}

/// How far a deployment has come with one group.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeployedGroup {
    pub(crate) name: Box<str>,
    pub(crate) auto_revert: bool,
    pub(crate) auto_promote: bool,
    pub(crate) promoted: bool,
    pub(crate) progress_deadline: Span,
    pub(crate) require_progress_by: Option<Timestamp>,
    pub(crate) desired_canaries: i64,
    pub(crate) desired_total: i64,
    pub(crate) placed: i64,
    pub(crate) healthy: i64,
    pub(crate) unhealthy: i64,
    /// The canaries that were ever placed, which may be gone.
    pub(crate) placed_canaries: Vec<PlacedCanary>,
    /// What its document says beside.
    pub(super) keys: Option<Box<Extra>>,
}

impl DeployedGroup {
    /// Whether its canaries were promoted, or it has none: what is replaced while canaries of a later
    /// deployment wait goes back to its version (docs/lifecycle.md, section 2, *Placement loop*).
    pub(crate) fn is_settled(&self) -> bool {
        self.promoted || self.desired_canaries == 0
    }
}

/// A canary that was placed once.
#[derive(Clone, Debug)]
pub(crate) enum PlacedCanary {
    /// It has an identity that was made here.
    Ours(AllocationRef),
    /// It came with this identity.
    Other(Box<str>),
}

/// What few deployments have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct DeploymentDetails {
    /// The identity that it came with.
    pub(super) id: Option<Box<str>>,
    pub(super) is_multiregion: bool,
    pub(super) eval_priority: i64,
    /// What its document says beside.
    pub(super) keys: Extra,
}

/// Why a deployment's document is not taken.
///
/// ```
/// use stowplan::model::Deployment;
/// use stowplan::{Cluster, DeploymentError};
///
/// let deployment = Deployment { job_id: "web".into(), ..Deployment::default() };
/// let error = Cluster::default().upsert_deployment(&deployment).unwrap_err();
/// assert!(matches!(error, DeploymentError::UnknownJob { job_id, .. } if job_id == "web"));
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeploymentError {
    /// A deployment of the same identity is of another job.
    #[error("deployment `{id}` is of job `{job_id}`")]
    AnotherJob {
        /// The deployment.
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
    /// The status is none that a deployment can have.
    #[error("`{status}` is no status of a deployment")]
    UnknownStatus {
        /// What the document says.
        status: String,
    },
}

impl DeploymentRecord {
    /// A running deployment of a version of a job. Its job and its indexes are those of
    /// [adding](super::transaction::Transaction::add_deployment) it.
    pub(crate) fn new(job: &JobSpec, description: &str, groups: Vec<DeployedGroup>) -> Self {
        DeploymentRecord {
            job: JobRef::NONE,
            version: job.version,
            job_modify_index: job.modify_index,
            job_spec_modify_index: job.job_modify_index,
            job_create_index: job.create_index,
            create_index: 0,
            modify_index: 0,
            modified: Timestamp::EPOCH,
            status: DeploymentStatus::Running,
            description: description.into(),
            groups,
            details: None,
        }
    }
}

impl DeploymentRecord {
    /// Whether it has canaries, or is to have them, that nobody has promoted.
    pub(crate) fn awaits_canaries(&self) -> bool {
        let is_over =
            matches!(self.status, DeploymentStatus::Successful | DeploymentStatus::Cancelled);
        !is_over && self.groups.iter().any(|group| !group.is_settled())
    }

    /// The same to be given an identity here, before anything of it is placed.
    pub(crate) fn without_identity(mut self) -> DeploymentRecord {
        if let Some(details) = &mut self.details {
            details.id = None;
        }
        for group in &mut self.groups {
            (group.placed, group.healthy, group.unhealthy) = (0, 0, 0);
            group.placed_canaries.clear();
            group.require_progress_by = None;
        }
        self
    }

    /// The deployment as the API has it.
    pub(crate) fn document(
        &self,
        id: String,
        namespace: &str,
        job_id: &str,
        canary_id: impl Fn(&PlacedCanary) -> String,
    ) -> Deployment {
        let none = DeploymentDetails::default();
        let details = self.details.as_deref().unwrap_or(&none);
        let groups = self.groups.iter();
        Deployment {
            id,
            namespace: namespace.to_owned(),
            job_id: job_id.to_owned(),
            job_version: self.version,
            job_modify_index: self.job_modify_index,
            job_spec_modify_index: self.job_spec_modify_index,
            job_create_index: self.job_create_index,
            is_multiregion: details.is_multiregion,
            task_groups: groups.map(|it| (it.name.to_string(), it.document(&canary_id))).collect(),
            status: self.status.as_str().to_owned(),
            status_description: self.description.to_string(),
            eval_priority: details.eval_priority,
            create_index: self.create_index,
            modify_index: self.modify_index,
            extra: details.keys.clone(),
        }
    }
}

impl DeployedGroup {
    pub(super) fn document(&self, canary_id: impl Fn(&PlacedCanary) -> String) -> DeploymentState {
        DeploymentState {
            auto_revert: self.auto_revert,
            auto_promote: self.auto_promote,
            progress_deadline: self.progress_deadline,
            promoted: self.promoted,
            placed_canaries: self.placed_canaries.iter().map(canary_id).collect(),
            desired_canaries: self.desired_canaries,
            desired_total: self.desired_total,
            placed_allocs: self.placed,
            healthy_allocs: self.healthy,
            unhealthy_allocs: self.unhealthy,
            require_progress_by: self.require_progress_by,
            extra: self.keys.as_deref().cloned().unwrap_or_default(),
        }
    }
    /// A group of which nothing is wanted or placed yet.
    pub(crate) fn new(name: &str) -> DeployedGroup {
        DeployedGroup { name: name.into(), ..DeployedGroup::default() }
    }

    /// Gives it its time from an instant on, until the next allocation has to be healthy. Without a
    /// deadline nothing is required.
    pub(crate) fn give_time(&mut self, from: Timestamp) {
        if self.progress_deadline > Span::ZERO {
            self.require_progress_by = from.checked_add(self.progress_deadline);
        }
    }

    /// The same, but that it never has less time than it had.
    pub(crate) fn give_more_time(&mut self, from: Timestamp) {
        let before = self.require_progress_by;
        self.give_time(from);
        self.require_progress_by = self.require_progress_by.max(before);
    }
}

impl Identified for DeploymentRecord {
    fn kept_id(&self) -> Option<&str> {
        self.details.as_ref()?.id.as_deref()
    }
}
