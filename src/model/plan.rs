//! Plans as documents: what a scheduler wants to change, and what became of it (docs/lifecycle.md,
//! sections 2 and 5).

use std::sync::Arc;

use indexmap::IndexMap;

use super::allocation::Allocation;
use super::deployment::Deployment;
use super::diff::JobDiff;
use super::document::{document, is_default, null_when_empty, null_without_elements};
use super::evaluation::Evaluation;
use super::job_spec::JobSpec;
use super::metrics::AllocationMetrics;

document! {
    /// The changes that one evaluation wants to make. Existing allocations are named by their IDs, new
    /// ones by their position: `new[0]`, `new[1]` and so on, and likewise a new deployment and
    /// evaluations.
    ///
    /// ```
    /// use stowplan::model::{Allocation, Plan};
    ///
    /// let placed = Allocation { id: "new[0]".into(), node_id: "n1".into(), ..Allocation::default() };
    /// let mut plan = Plan { eval_id: "e1".into(), ..Plan::default() };
    /// plan.node_allocation.entry("n1".into()).or_default().push(placed);
    /// let written = serde_json::to_value(&plan)?;
    /// assert_eq!(written["NodeAllocation"]["n1"][0]["ID"], "new[0]");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct Plan {
        /// The evaluation.
        "EvalID" => pub eval_id: String,
        /// The token under which the evaluation was handed out.
        #[serde(skip_serializing_if = "is_default")]
        "EvalToken" => pub eval_token: String,
        /// The evaluation's priority.
        "Priority" => pub priority: i64,
        /// Whether it is committed whole or not at all.
        "AllAtOnce" => pub all_at_once: bool,
        /// The job, for the new allocations.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Job" => pub job: Option<Arc<JobSpec>>,
        /// What is stopped, by node.
        #[serde(serialize_with = "null_when_empty")]
        "NodeUpdate" => pub node_update: IndexMap<String, Vec<Allocation>>,
        /// What is placed or updated, by node.
        #[serde(serialize_with = "null_when_empty")]
        "NodeAllocation" => pub node_allocation: IndexMap<String, Vec<Allocation>>,
        /// What is evicted for it, by node.
        #[serde(serialize_with = "null_when_empty")]
        "NodePreemptions" => pub node_preemptions: IndexMap<String, Vec<Allocation>>,
        /// What it does, in figures.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Annotations" => pub annotations: Option<PlanAnnotations>,
        /// A new deployment, or the present one with new figures.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Deployment" => pub deployment: Option<Deployment>,
        /// New statuses of deployments.
        #[serde(serialize_with = "null_without_elements")]
        "DeploymentUpdates" => pub deployment_updates: Vec<DeploymentStatusUpdate>,
        /// The index of the state that it was made on.
        "SnapshotIndex" => pub snapshot_index: u64,
        /// How many plans of the evaluation before it, one after the other, came to nothing. The original's
        /// schedulers keep that to themselves.
        #[serde(skip_serializing_if = "is_default")]
        "Attempt" => pub attempt: u32,
        /// What becomes of the evaluation once all of it is committed. The API writes that apart.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Eval" => pub eval: Option<Evaluation>,
        /// The evaluations that are created with it, likewise.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        "CreatedEvals" => pub created_evals: Vec<Evaluation>,
        /// The IDs of evaluations that are cancelled with it, likewise.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        "CanceledEvals" => pub canceled_evals: Vec<String>,
        /// The records of failed placements, as the first API has them.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        "FailedAllocs" => pub failed_allocs: Vec<Allocation>,
    }
}

document! {
    /// The part of a plan that was committed.
    ///
    /// ```
    /// use stowplan::model::PlanResult;
    ///
    /// let result: PlanResult =
    ///     serde_json::from_str(r#"{"RejectedNodes": ["n2"], "RefreshIndex": 17, "AllocIndex": 17}"#)?;
    /// assert_eq!(result.rejected_nodes, ["n2"]);
    /// assert!(result.node_allocation.is_empty() && result.refresh_index > 0);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub struct PlanResult {
        /// What was stopped, by node.
        #[serde(serialize_with = "null_when_empty")]
        "NodeUpdate" => pub node_update: IndexMap<String, Vec<Allocation>>,
        /// What was placed or updated, by node.
        #[serde(serialize_with = "null_when_empty")]
        "NodeAllocation" => pub node_allocation: IndexMap<String, Vec<Allocation>>,
        /// What was evicted, by node.
        #[serde(serialize_with = "null_when_empty")]
        "NodePreemptions" => pub node_preemptions: IndexMap<String, Vec<Allocation>>,
        /// The deployment that was made or changed.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Deployment" => pub deployment: Option<Deployment>,
        /// New statuses of deployments.
        #[serde(serialize_with = "null_without_elements")]
        "DeploymentUpdates" => pub deployment_updates: Vec<DeploymentStatusUpdate>,
        /// The nodes whose part was refused.
        #[serde(serialize_with = "null_without_elements")]
        "RejectedNodes" => pub rejected_nodes: Vec<String>,
        /// The index that a state must have reached before the rest is tried again; 0 if there is no
        /// rest.
        "RefreshIndex" => pub refresh_index: u64,
        /// The index of what was committed.
        "AllocIndex" => pub alloc_index: u64,
    }
}

document! {
    /// A new status of a deployment.
    pub struct DeploymentStatusUpdate {
        /// The deployment.
        "DeploymentID" => pub deployment_id: String,
        /// What becomes of it.
        "Status" => pub status: String,
        /// Why.
        "StatusDescription" => pub status_description: String,
    }
}

document! {
    /// The figures of what a plan does.
    pub struct PlanAnnotations {
        /// By group.
        #[serde(serialize_with = "null_when_empty")]
        "DesiredTGUpdates" => pub desired_tg_updates: IndexMap<String, DesiredUpdates>,
        /// What would be evicted.
        #[serde(serialize_with = "null_without_elements")]
        "PreemptedAllocs" => pub preempted_allocs: Vec<Allocation>,
    }
}

document! {
    /// How many allocations of a group a plan leaves, places and changes.
    pub struct DesiredUpdates {
        /// They stay as they are.
        "Ignore" => pub ignore: u64,
        /// They are placed.
        "Place" => pub place: u64,
        /// They leave their nodes.
        "Migrate" => pub migrate: u64,
        /// They are stopped.
        "Stop" => pub stop: u64,
        /// They become the new version where they are.
        "InPlaceUpdate" => pub in_place_update: u64,
        /// They are stopped, and others of the new version placed.
        "DestructiveUpdate" => pub destructive_update: u64,
        /// They are placed as canaries.
        "Canary" => pub canary: u64,
        /// They are evicted.
        "Preemptions" => pub preemptions: u64,
        /// Their node no longer answers.
        "Disconnect" => pub disconnect: u64,
        /// Their node answers again.
        "Reconnect" => pub reconnect: u64,
        /// They failed and are replaced now.
        "RescheduleNow" => pub reschedule_now: u64,
        /// They failed and are replaced later.
        "RescheduleLater" => pub reschedule_later: u64,
    }
}

impl DesiredUpdates {
    /// The figures with their names in documents.
    pub fn named(&self) -> [(&'static str, u64); 12] {
        [
            ("Ignore", self.ignore),
            ("Place", self.place),
            ("Migrate", self.migrate),
            ("Stop", self.stop),
            ("InPlaceUpdate", self.in_place_update),
            ("DestructiveUpdate", self.destructive_update),
            ("Canary", self.canary),
            ("Preemptions", self.preemptions),
            ("Disconnect", self.disconnect),
            ("Reconnect", self.reconnect),
            ("RescheduleNow", self.reschedule_now),
            ("RescheduleLater", self.reschedule_later),
        ]
    }
}

document! {
    /// The answer to a dry run: what registering a job would change.
    ///
    /// ```
    /// # use stowplan::model::{Job, Node};
    /// # use stowplan::{Cluster, PlaceOptions};
    /// # let node = Node::builder("n1").cpu_shares(1_000).memory_mb(1_024).driver("docker").build()?;
    /// # let job = Job::builder("web")
    /// #     .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(400).memory_mb(64)))
    /// #     .build()?;
    /// # let cluster = Cluster::new([node])?;
    /// use stowplan::Timestamp;
    /// use stowplan::model::JobPlanResponse;
    /// use stowplan::schedule::{JobState, dry_run};
    ///
    /// let (spec, options) = (job.spec().clone(), PlaceOptions::default());
    /// let found = dry_run(&cluster, &JobState::default(), spec, &options, Timestamp::EPOCH)?;
    /// let reply: JobPlanResponse = found.reply(false);
    /// assert_eq!(reply.failed_tg_allocs["front"].dimension_exhausted["cpu"], 1);
    /// assert!(reply.diff.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct JobPlanResponse {
        /// What would be done, in figures.
        "Annotations" => pub annotations: Option<PlanAnnotations>,
        /// The first failed placement of each group that could not be placed whole.
        #[serde(serialize_with = "null_when_empty")]
        "FailedTGAllocs" => pub failed_tg_allocs: IndexMap<String, AllocationMetrics>,
        /// The index at which the job's specification last changed; 0 for a new one.
        "JobModifyIndex" => pub job_modify_index: u64,
        /// The evaluations that would be made.
        #[serde(serialize_with = "null_without_elements")]
        "CreatedEvals" => pub created_evals: Vec<Evaluation>,
        /// How the job would differ from the one that is registered.
        "Diff" => pub diff: Option<JobDiff>,
        /// What is odd about the job, for people: the same as when it is registered.
        "Warnings" => pub warnings: String,
        /// The index of the state that was looked at.
        "Index" => pub index: u64,
    }
    instants {
        /// When a periodic job would next be launched.
        "NextPeriodicLaunch" => pub next_periodic_launch,
    }
}

impl DesiredUpdates {
    /// Whether there is nothing but zeros.
    pub fn is_empty(&self) -> bool {
        is_default(self)
    }
}
