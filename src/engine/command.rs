//! Commands: what an engine is told, as plain data under the keys of the API's own bodies, with the
//! identity that the API has in the path as `JobID`, `NodeID` and so on.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::body::bodies;
pub use super::evaluation_bodies::{
    Ack, CreateEvaluation, DeleteEvaluations, Dequeue, Nack, SubmitPlan, UpdateEvaluation,
};
use crate::model::keys::{Keyed, Kind, Object};
use crate::model::{
    AllocationDeploymentStatus, ClientStatus, Job, JobSpec, JobSubmission, Namespace,
    NetworkStatus, Node, NodePool, NodeSpec, SchedulerConfiguration, TaskState,
};
use crate::time::Span;

/// Something that an engine is told to do, for [`Engine::apply`](super::Engine::apply). As JSON it is an
/// object with the command's name as its only key.
///
/// ```
/// use stowplan::engine::{Command, DeregisterJob};
///
/// let command: Command = serde_json::from_str(r#"{"DeregisterJob": {"JobID": "web"}}"#)?;
/// let expected = DeregisterJob { job_id: "web".into(), ..DeregisterJob::default() };
/// assert_eq!(command, expected.into());
///
/// // A job or a node is registered.
/// let node = stowplan::model::Node::builder("n1").build()?;
/// assert!(matches!(Command::from(&node), Command::RegisterNode(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is its body, which says what it does")]
pub enum Command {
    RegisterJob(Box<RegisterJob>),
    DeregisterJob(DeregisterJob),
    EvaluateJob(EvaluateJob),
    ScaleJob(ScaleJob),
    RevertJob(RevertJob),
    SetJobStability(SetJobStability),
    DispatchJob(DispatchJob),
    ForcePeriodic(ForcePeriodic),
    RegisterNode(Box<RegisterNode>),
    PurgeNode(PurgeNode),
    Heartbeat(Heartbeat),
    SetNodeStatus(SetNodeStatus),
    SetEligibility(SetEligibility),
    DrainNode(DrainNode),
    EvaluateNode(EvaluateNode),
    UpdateAllocations(UpdateAllocations),
    StopAllocation(StopAllocation),
    PauseDeployment(PauseDeployment),
    PromoteDeployment(PromoteDeployment),
    FailDeployment(FailDeployment),
    SetAllocationHealth(SetAllocationHealth),
    UnblockDeployment(UnblockDeployment),
    SetSchedulerConfiguration(SetSchedulerConfiguration),
    UpsertNamespace(UpsertNamespace),
    DeleteNamespace(DeleteNamespace),
    UpsertNodePool(UpsertNodePool),
    DeleteNodePool(DeleteNodePool),
    CollectGarbage(CollectGarbage),
    ReconcileSummaries(ReconcileSummaries),
    DeleteEvaluations(DeleteEvaluations),
    Dequeue(Dequeue),
    Ack(Ack),
    Nack(Nack),
    SubmitPlan(Box<SubmitPlan>),
    UpdateEvaluation(Box<UpdateEvaluation>),
    CreateEvaluation(Box<CreateEvaluation>),
    Resume(Resume),
}

/// Lets a body stand for its command.
macro_rules! commands {
    ($($name:ident,)* ; $($boxed:ident,)*) => {
        $(impl From<$name> for Command {
            fn from(body: $name) -> Command {
                Command::$name(body)
            }
        })*
        $(impl From<$boxed> for Command {
            fn from(body: $boxed) -> Command {
                Command::$boxed(Box::new(body))
            }
        })*
        // The names of all, with the keys of their bodies.
        impl Keyed for Command {
            const KIND: Kind = Kind::One(&Object(&[
                $((stringify!($name), $name::KIND),)*
                $((stringify!($boxed), $boxed::KIND),)*
            ]));
        }
        impl Command {
            /// Its name.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Command::$name(_) => stringify!($name),)*
                    $(Command::$boxed(_) => stringify!($boxed),)*
                }
            }
        }
    };
}

commands! {
    DeregisterJob, EvaluateJob, ScaleJob, RevertJob, SetJobStability, DispatchJob, ForcePeriodic,
    PurgeNode, Heartbeat,
    SetNodeStatus, SetEligibility, DrainNode, EvaluateNode, UpdateAllocations, StopAllocation,
    PauseDeployment, PromoteDeployment, FailDeployment, SetAllocationHealth,
    UnblockDeployment, ReconcileSummaries,
    SetSchedulerConfiguration, UpsertNamespace, DeleteNamespace, UpsertNodePool, DeleteNodePool,
    CollectGarbage, DeleteEvaluations, Dequeue, Ack, Nack, Resume, ;
    RegisterJob, RegisterNode, SubmitPlan, UpdateEvaluation, CreateEvaluation,
}

bodies! {
    /// Registers a job, or a new version of it (docs/lifecycle.md, section 9).
    pub struct RegisterJob {
        /// The job.
        "Job" => pub job: JobSpec,
        /// Whether the job has to be at `job_modify_index`; 0 is that it must not be there.
        "EnforceIndex" => pub enforce_index: bool,
        /// The index that the job's specification has to be at.
        "JobModifyIndex" => pub job_modify_index: u64,
        /// Whether groups that are there keep their counts.
        "PreserveCounts" => pub preserve_counts: bool,
        /// The priority of the evaluation; 0 is the job's.
        "EvalPriority" => pub eval_priority: i64,
        /// The text that the job was made of, which is kept with the version. Few have one.
        "Submission" => pub submission: Option<Box<JobSubmission>>,
    }

    /// Stops a job.
    pub struct DeregisterJob {
        /// The job.
        "JobID" => pub job_id: String,
        /// Its namespace; empty is `default`.
        "Namespace" => pub namespace: String,
        /// Whether it is forgotten at once.
        "Purge" => pub purge: bool,
        /// The priority of the evaluation; 0 is the job's.
        "EvalPriority" => pub eval_priority: i64,
        /// Whether tasks are stopped without their delay.
        "NoShutdownDelay" => pub no_shutdown_delay: bool,
    }

    /// Looks at a job anew.
    pub struct EvaluateJob {
        /// The job.
        "JobID" => pub job_id: String,
        /// Its namespace; empty is `default`.
        "Namespace" => pub namespace: String,
        /// How.
        "EvalOptions" => pub eval_options: EvalOptions,
    }

    /// The options of [`EvaluateJob`].
    pub struct EvalOptions {
        /// Whether failed allocations are replaced whatever their policy says.
        "ForceReschedule" => pub force_reschedule: bool,
    }

    /// Changes the count of a group, or only notes something about it.
    pub struct ScaleJob {
        /// The job.
        "JobID" => pub job_id: String,
        /// Its namespace; empty is `default`.
        "Namespace" => pub namespace: String,
        /// The new count; absent, only a note is kept.
        "Count" => pub count: Option<i64>,
        /// What is scaled: its `Group`.
        "Target" => pub target: IndexMap<String, String>,
        /// Why.
        "Message" => pub message: String,
        /// Whether it is a note of something that failed.
        "Error" => pub error: bool,
        /// More about it.
        "Meta" => pub meta: serde_json::Map<String, serde_json::Value>,
    }

    /// Registers an earlier version of a job anew.
    pub struct RevertJob {
        /// The job.
        "JobID" => pub job_id: String,
        /// Its namespace; empty is `default`.
        "Namespace" => pub namespace: String,
        /// The version to go back to.
        "JobVersion" => pub job_version: u64,
        /// The version that it has to be at.
        "EnforcePriorVersion" => pub enforce_prior_version: Option<u64>,
    }

    /// Calls a version of a job stable, or no longer so.
    pub struct SetJobStability {
        /// The job.
        "JobID" => pub job_id: String,
        /// Its namespace; empty is `default`.
        "Namespace" => pub namespace: String,
        /// The version.
        "JobVersion" => pub job_version: u64,
        /// Whether it is stable.
        "Stable" => pub stable: bool,
    }

    /// Launches a parameterized job: each launch is a job of its own.
    pub struct DispatchJob {
        /// The parameterized job.
        "JobID" => pub job_id: String,
        /// Its namespace; empty is `default`.
        "Namespace" => pub namespace: String,
        /// What the launch works on, in base 64: at most 16 KiB.
        "Payload" => pub payload: String,
        /// The facts of this launch.
        "Meta" => pub meta: IndexMap<String, String>,
        /// What the launch's identity has before its time.
        "IdPrefixTemplate" => pub id_prefix: String,
        /// A text by which the caller knows this launch again: under one text there is one launch.
        "IdempotencyToken" => pub idempotency_token: String,
    }

    /// Launches a periodic job now, also while an earlier launch is not done.
    pub struct ForcePeriodic {
        /// The periodic job.
        "JobID" => pub job_id: String,
        /// Its namespace; empty is `default`.
        "Namespace" => pub namespace: String,
    }

    /// Adds a node, or takes over the new facts of one that is there (docs/lifecycle.md, section 7).
    pub struct RegisterNode {
        /// The node. One that comes keeps the status, eligibility and drain that it had.
        "Node" => pub node: NodeSpec,
    }

    /// Takes a node out.
    pub struct PurgeNode {
        /// The node.
        "NodeID" => pub node_id: String,
    }

    /// Says that a node's client is there.
    pub struct Heartbeat {
        /// The node.
        "NodeID" => pub node_id: String,
    }

    /// Sets the status of a node; the present one is a heartbeat.
    pub struct SetNodeStatus {
        /// The node.
        "NodeID" => pub node_id: String,
        /// `initializing`, `ready`, `down` or `disconnected`.
        "Status" => pub status: String,
    }

    /// Lets a node take new allocations, or no more.
    pub struct SetEligibility {
        /// The node.
        "NodeID" => pub node_id: String,
        /// `eligible` or `ineligible`.
        "Eligibility" => pub eligibility: String,
    }

    /// Lets allocations leave a node, or ends that.
    pub struct DrainNode {
        /// The node.
        "NodeID" => pub node_id: String,
        /// How; absent, it ends.
        "DrainSpec" => pub drain_spec: Option<DrainSpec>,
        /// Whether the node takes new allocations then.
        "MarkEligible" => pub mark_eligible: bool,
        /// Facts about the drain.
        "Meta" => pub meta: IndexMap<String, String>,
    }

    /// How a node drains.
    pub struct DrainSpec {
        /// After this time all that is left goes; 0 is never, less than 0 at once.
        "Deadline" => pub deadline: Span,
        /// Whether system jobs stay.
        "IgnoreSystemJobs" => pub ignore_system_jobs: bool,
    }

    /// Looks anew at all that has to do with a node.
    pub struct EvaluateNode {
        /// The node.
        "NodeID" => pub node_id: String,
    }

    /// Says what became of allocations on their nodes (docs/lifecycle.md, section 8).
    pub struct UpdateAllocations {
        /// The allocations.
        "Alloc" => pub allocations: Vec<AllocationUpdate>,
    }

    /// What became of one allocation.
    pub struct AllocationUpdate {
        /// Its identity.
        "ID" => pub id: String,
        /// The node that says so; empty, it is taken to be the allocation's.
        "NodeID" => pub node_id: String,
        /// `pending`, `running`, `complete`, `failed`, `lost` or `unknown`; empty, it stays.
        "ClientStatus" => pub client_status: String,
        /// Why.
        "ClientDescription" => pub client_description: String,
        /// What its tasks do, by name; empty, they stay as they are known.
        "TaskStates" => pub task_states: IndexMap<String, TaskState>,
        /// The network of its own that it has; absent, it stays as it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        "NetworkStatus" => pub network_status: Option<NetworkStatus>,
        /// Whether it is well, if that is known.
        "DeploymentStatus" => pub deployment_status: Option<AllocationDeploymentStatus>,
    }

    /// Stops an allocation; another one takes its place.
    pub struct StopAllocation {
        /// The allocation.
        "AllocID" => pub allocation_id: String,
        /// Whether it counts as one that failed, under the rules of its group.
        "Reschedule" => pub reschedule: bool,
        /// Whether its tasks are stopped without their delay.
        "NoShutdownDelay" => pub no_shutdown_delay: bool,
    }

    /// Holds a deployment, or lets it go on (docs/lifecycle.md, section 3.1).
    pub struct PauseDeployment {
        /// The deployment.
        "DeploymentID" => pub deployment_id: String,
        /// Whether it is held.
        "Pause" => pub pause: bool,
    }

    /// Finds the canaries of a deployment good.
    pub struct PromoteDeployment {
        /// The deployment.
        "DeploymentID" => pub deployment_id: String,
        /// Whether all groups are promoted.
        "All" => pub all: bool,
        /// Else the groups that are.
        "Groups" => pub groups: Vec<String>,
    }

    /// Gives a deployment up.
    pub struct FailDeployment {
        /// The deployment.
        "DeploymentID" => pub deployment_id: String,
    }

    /// Says which allocations of a deployment are well, and which are not.
    pub struct SetAllocationHealth {
        /// The deployment.
        "DeploymentID" => pub deployment_id: String,
        /// The IDs of those that are well.
        "HealthyAllocationIDs" => pub healthy: Vec<String>,
        /// The IDs of those that are not.
        "UnhealthyAllocationIDs" => pub unhealthy: Vec<String>,
    }

    /// Lets a deployment go on that waits for other regions.
    pub struct UnblockDeployment {
        /// The deployment.
        "DeploymentID" => pub deployment_id: String,
    }

    /// Says how the scheduler works, whatever the job.
    pub struct SetSchedulerConfiguration {
        /// How.
        "Configuration" => pub configuration: SchedulerConfiguration,
        /// Where there is one, the configuration has to be at this index.
        "CheckIndex" => pub check_index: Option<u64>,
    }

    /// Adds a namespace, or changes it.
    pub struct UpsertNamespace {
        /// The namespace.
        "Namespace" => pub namespace: Namespace,
    }

    /// Takes a namespace out.
    pub struct DeleteNamespace {
        /// Its name.
        "Name" => pub name: String,
    }

    /// Adds a node pool, or changes it.
    pub struct UpsertNodePool {
        /// The pool.
        "NodePool" => pub pool: NodePool,
    }

    /// Takes a node pool out.
    pub struct DeleteNodePool {
        /// Its name.
        "Name" => pub name: String,
    }

    /// Forgets all that has ended, whatever its age.
    pub struct CollectGarbage {
    }

    /// Counts anew what has become of the allocations and the launches of each job. What is forgotten is
    /// counted no more then.
    pub struct ReconcileSummaries {
    }

    /// Is told first after a restart: every node that was watched has 300 s from now on to be heard of.
    /// It is applied before time moves to its instant.
    pub struct Resume {
    }
}

impl AllocationUpdate {
    /// An allocation that has come to a client status.
    pub fn new(id: impl Into<String>, status: ClientStatus) -> AllocationUpdate {
        AllocationUpdate {
            id: id.into(),
            client_status: status.as_str().into(),
            ..AllocationUpdate::default()
        }
    }
}

impl From<JobSpec> for RegisterJob {
    fn from(job: JobSpec) -> RegisterJob {
        RegisterJob { job, ..RegisterJob::default() }
    }
}

impl From<NodeSpec> for RegisterNode {
    fn from(node: NodeSpec) -> RegisterNode {
        RegisterNode { node }
    }
}

/// Registers the job.
impl From<&Job> for Command {
    fn from(job: &Job) -> Command {
        RegisterJob::from(job.spec().clone()).into()
    }
}

/// Registers the node.
impl From<&Node> for Command {
    fn from(node: &Node) -> Command {
        RegisterNode::from(node.spec().clone()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_may_be_null_or_missing_and_unknown_ones_are_ignored() {
        let texts = [
            r#"{"UpdateAllocations": {"Alloc": [{"ID": "a", "ClientStatus": null, "More": 1}]}}"#,
            r#"{"DrainNode": {"NodeID": "n", "DrainSpec": null}}"#,
            r#"{"CollectGarbage": {}}"#,
            r#"{"RegisterJob": {"Job": {"ID": "web"}, "EnforceIndex": true}}"#,
        ];
        for text in texts {
            let command: Command = serde_json::from_str(text).unwrap();
            assert!(text.contains(command.name()));
            let again = serde_json::to_string(&command).unwrap();
            assert_eq!(serde_json::from_str::<Command>(&again).unwrap(), command);
        }
        assert!(serde_json::from_str::<Command>(r#"{"Explode": {}}"#).is_err());
        assert!(serde_json::from_str::<Command>(r#"{"Heartbeat": {"NodeID": 1}}"#).is_err());
    }
}
