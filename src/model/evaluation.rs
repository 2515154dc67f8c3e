//! Evaluations as documents: a reason to look at a job anew (docs/lifecycle.md, section 1).

use indexmap::IndexMap;

use super::document::{document, is_default};
use super::job_type::JobType;
use super::metrics::AllocationMetrics;
use super::status::texts;
use crate::time::Span;

document! {
    /// A reason to look at a job anew, and what came of it.
    ///
    /// ```
    /// use stowplan::model::{Evaluation, JobType};
    ///
    /// let evaluation = Evaluation {
    ///     id: "e1".into(),
    ///     job_id: "web".into(),
    ///     evaluation_type: "service".into(),
    ///     triggered_by: "job-register".into(),
    ///     ..Evaluation::default()
    /// };
    /// assert_eq!(evaluation.job_type(), Some(JobType::Service));
    /// ```
    pub struct Evaluation {
        /// Its identity.
        "ID" => pub id: String,
        /// The job's namespace; empty is `default`.
        "Namespace" => pub namespace: String,
        /// The job's priority, or what the caller said.
        "Priority" => pub priority: i64,
        /// The scheduler it is for: the job's type, or `_core`.
        "Type" => pub evaluation_type: String,
        /// Why it was made; see [`Trigger`].
        "TriggeredBy" => pub triggered_by: String,
        /// The job.
        "JobID" => pub job_id: String,
        /// The job's own index when it was made.
        #[serde(skip_serializing_if = "is_default")]
        "JobModifyIndex" => pub job_modify_index: u64,
        /// The node that it is about, if any.
        #[serde(skip_serializing_if = "is_default")]
        "NodeID" => pub node_id: String,
        /// That node's index when it was made.
        #[serde(skip_serializing_if = "is_default")]
        "NodeModifyIndex" => pub node_modify_index: u64,
        /// The deployment that it is about, or that came of it.
        #[serde(skip_serializing_if = "is_default")]
        "DeploymentID" => pub deployment_id: String,
        /// `pending`, `blocked`, `complete`, `failed` or `canceled`.
        "Status" => pub status: String,
        /// Why.
        #[serde(skip_serializing_if = "is_default")]
        "StatusDescription" => pub status_description: String,
        /// How long it waits from when it is queued.
        #[serde(skip_serializing_if = "is_default")]
        "Wait" => pub wait: Span,
        /// The evaluation that follows it.
        #[serde(skip_serializing_if = "is_default")]
        "NextEval" => pub next_eval: String,
        /// The evaluation that made it.
        #[serde(skip_serializing_if = "is_default")]
        "PreviousEval" => pub previous_eval: String,
        /// The evaluation that waits for room for what it could not place.
        #[serde(skip_serializing_if = "is_default")]
        "BlockedEval" => pub blocked_eval: String,
        /// The first failed placement of each group that could not be placed whole.
        #[serde(skip_serializing_if = "IndexMap::is_empty")]
        "FailedTGAllocs" => pub failed_tg_allocs: IndexMap<String, AllocationMetrics>,
        /// Of a blocked one: may the job run on nodes of these classes?
        #[serde(skip_serializing_if = "IndexMap::is_empty")]
        "ClassEligibility" => pub class_eligibility: IndexMap<String, bool>,
        /// The quota that was used up.
        #[serde(skip_serializing_if = "is_default")]
        "QuotaLimitReached" => pub quota_limit_reached: String,
        /// Of a blocked one: whether any change of a node may help, of whatever class.
        #[serde(skip_serializing_if = "is_default")]
        "EscapedComputedClass" => pub escaped_computed_class: bool,
        /// Whether the plan should say what it does for what reason.
        #[serde(skip_serializing_if = "is_default")]
        "AnnotatePlan" => pub annotate_plan: bool,
        /// Allocations that still have to be placed, by group.
        #[serde(skip_serializing_if = "IndexMap::is_empty")]
        "QueuedAllocations" => pub queued_allocations: IndexMap<String, i64>,
        /// The index of the state that the scheduler looked at.
        #[serde(skip_serializing_if = "is_default")]
        "SnapshotIndex" => pub snapshot_index: u64,
        /// The index at which it was created.
        "CreateIndex" => pub create_index: u64,
        /// The index at which it last changed.
        "ModifyIndex" => pub modify_index: u64,
        /// When it was created, in nanoseconds since 1970.
        "CreateTime" => pub create_time: i64,
        /// When it last changed, in nanoseconds since 1970.
        "ModifyTime" => pub modify_time: i64,
    }
    instants {
        /// Before when it is not to be processed.
        #[serde(skip_serializing_if = "Option::is_none")]
        "WaitUntil" => pub wait_until,
    }
}

texts! {
    /// What has become of an evaluation.
    pub enum EvaluationStatus {
        /// It waits for a scheduler, or for its time.
        Pending = "pending",
        /// It waits for room.
        Blocked = "blocked",
        /// It was processed.
        Complete = "complete",
        /// It could not be processed.
        Failed = "failed",
        /// Another one made it needless.
        Canceled = "canceled",
    }
}

texts! {
    /// Why an evaluation was made.
    pub enum Trigger {
        /// A job was registered.
        JobRegister = "job-register",
        /// A job was stopped or removed.
        JobDeregister = "job-deregister",
        /// A job was scaled.
        JobScaling = "job-scaling",
        /// A periodic job was due.
        PeriodicJob = "periodic-job",
        /// A node came, went or changed.
        NodeUpdate = "node-update",
        /// The drainer told allocations to leave their node.
        NodeDrain = "node-drain",
        /// A person stopped an allocation.
        AllocStop = "alloc-stop",
        /// An allocation failed and may be replaced.
        AllocFailure = "alloc-failure",
        /// A failed allocation is to be replaced now.
        AllocReschedule = "alloc-reschedule",
        /// An unknown allocation is lost now.
        MaxDisconnectTimeout = "max-disconnect-timeout",
        /// An unknown allocation is there again.
        Reconnect = "reconnect",
        /// A deployment went on.
        DeploymentWatcher = "deployment-watcher",
        /// Allocations were evicted for another job's.
        Preemption = "preemption",
        /// Placements failed.
        QueuedAllocs = "queued-allocs",
        /// Plans were refused too often.
        MaxPlanAttempts = "max-plan-attempts",
        /// An evaluation was delivered too often.
        FailedFollowUp = "failed-follow-up",
        /// The next step of a rolling update is due.
        RollingUpdate = "rolling-update",
        /// Work of the server's own.
        Scheduled = "scheduled",
    }
}

impl EvaluationStatus {
    /// Whether nothing will come of it any more.
    #[inline]
    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            EvaluationStatus::Complete | EvaluationStatus::Failed | EvaluationStatus::Canceled
        )
    }
}

impl Evaluation {
    /// What has become of it; an empty text is `pending`. There is none for an unknown text.
    pub fn status(&self) -> Option<EvaluationStatus> {
        match self.status.as_str() {
            "" => Some(EvaluationStatus::Pending),
            text => EvaluationStatus::from_text(text),
        }
    }

    /// Why it was made. There is none for an unknown text.
    pub fn trigger(&self) -> Option<Trigger> {
        Trigger::from_text(&self.triggered_by)
    }

    /// The type of job that it is for. There is none for `_core` and unknown texts.
    pub fn job_type(&self) -> Option<JobType> {
        JobType::from_text(&self.evaluation_type)
    }
}
