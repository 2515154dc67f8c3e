//! Deployments as documents: the way of a job's version onto its nodes (docs/lifecycle.md, section
//! 3.1).

use indexmap::IndexMap;

use super::document::{document, is_default};
use super::status::texts;
use crate::time::Span;

document! {
    /// The way of one version of a job onto its nodes, watched until it is there or has failed.
    ///
    /// ```
    /// use stowplan::model::Deployment;
    ///
    /// let deployment: Deployment = serde_json::from_str(r#"{"ID": "d1", "JobID": "web",
    ///     "Status": "running", "TaskGroups": {"front": {"DesiredTotal": 3, "HealthyAllocs": 1}}}"#)?;
    /// let front = &deployment.task_groups["front"];
    /// assert_eq!((front.desired_total, front.healthy_allocs), (3, 1));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct Deployment {
        /// Its identity.
        "ID" => pub id: String,
        /// The job's namespace; empty is `default`.
        "Namespace" => pub namespace: String,
        /// The job.
        "JobID" => pub job_id: String,
        /// The job's version.
        "JobVersion" => pub job_version: u64,
        /// The job's own index when the deployment was made.
        "JobModifyIndex" => pub job_modify_index: u64,
        /// The index at which the job's specification last changed.
        "JobSpecModifyIndex" => pub job_spec_modify_index: u64,
        /// The index at which the job was created.
        "JobCreateIndex" => pub job_create_index: u64,
        /// Whether it is part of one over several regions.
        "IsMultiregion" => pub is_multiregion: bool,
        /// The groups that it deploys, by name.
        "TaskGroups" => pub task_groups: IndexMap<String, DeploymentState>,
        /// `running`, `paused`, `failed`, `successful`, `cancelled`, `pending`, `initializing`,
        /// `blocked` or `unblocking`.
        "Status" => pub status: String,
        /// Why.
        "StatusDescription" => pub status_description: String,
        /// The priority of its evaluations, where it is not the job's.
        #[serde(skip_serializing_if = "is_default")]
        "EvalPriority" => pub eval_priority: i64,
        /// The index at which it was created.
        "CreateIndex" => pub create_index: u64,
        /// The index at which it last changed.
        "ModifyIndex" => pub modify_index: u64,
    }
}

document! {
    /// How far a deployment has come with one group.
    pub struct DeploymentState {
        /// Whether its failure brings the last stable version back.
        "AutoRevert" => pub auto_revert: bool,
        /// Whether healthy canaries are promoted without being told.
        "AutoPromote" => pub auto_promote: bool,
        /// How long it may go without a newly healthy allocation.
        "ProgressDeadline" => pub progress_deadline: Span,
        /// Whether its canaries were found good, so that the rest may follow.
        "Promoted" => pub promoted: bool,
        /// The canaries that were ever placed, by their IDs.
        "PlacedCanaries" => pub placed_canaries: Vec<String>,
        /// The canaries that it wants.
        "DesiredCanaries" => pub desired_canaries: i64,
        /// The allocations that it wants, fixed when it was made.
        "DesiredTotal" => pub desired_total: i64,
        /// The allocations that were placed.
        "PlacedAllocs" => pub placed_allocs: i64,
        /// Of these, those that became healthy.
        "HealthyAllocs" => pub healthy_allocs: i64,
        /// Of these, those that became unhealthy.
        "UnhealthyAllocs" => pub unhealthy_allocs: i64,
    }
    instants {
        /// By when the next allocation has to be healthy.
        "RequireProgressBy" => pub require_progress_by,
    }
}

texts! {
    /// What has become of a deployment.
    pub enum DeploymentStatus {
        /// It goes on.
        Running = "running",
        /// A person holds it.
        Paused = "paused",
        /// It failed.
        Failed = "failed",
        /// All is there and healthy.
        Successful = "successful",
        /// A newer version took its place, or the job was stopped.
        Cancelled = "cancelled",
        /// It waits for its region's turn.
        Pending = "pending",
        /// It is being set up.
        Initializing = "initializing",
        /// It waits for other regions to be done.
        Blocked = "blocked",
        /// It is being let go on after others were done.
        Unblocking = "unblocking",
    }
}

impl DeploymentStatus {
    /// Whether something may still come of it.
    pub fn is_active(self) -> bool {
        !matches!(
            self,
            DeploymentStatus::Failed | DeploymentStatus::Successful | DeploymentStatus::Cancelled
        )
    }

    /// Whether it is held for now: `paused`, `pending` or `initializing`.
    pub fn is_paused(self) -> bool {
        matches!(
            self,
            DeploymentStatus::Paused | DeploymentStatus::Pending | DeploymentStatus::Initializing
        )
    }
}

impl Deployment {
    /// What has become of it. There is none for an empty or unknown text.
    pub fn status(&self) -> Option<DeploymentStatus> {
        DeploymentStatus::from_text(&self.status)
    }

    /// Whether something may still come of it.
    pub fn is_active(&self) -> bool {
        self.status().is_some_and(DeploymentStatus::is_active)
    }

    /// Whether healthy canaries wait to be promoted by a person.
    pub fn requires_promotion(&self) -> bool {
        self.is_active() && self.task_groups.values().any(DeploymentState::requires_promotion)
    }

    /// Whether every group with canaries promotes them without being told; there must be one.
    pub fn has_auto_promote(&self) -> bool {
        let mut with_canaries =
            self.task_groups.values().filter(|group| group.desired_canaries > 0).peekable();
        with_canaries.peek().is_some() && with_canaries.all(|group| group.auto_promote)
    }
}

impl DeploymentState {
    /// Whether it has canaries that were not promoted.
    pub fn requires_promotion(&self) -> bool {
        self.desired_canaries > 0 && !self.promoted
    }
}
