//! Why commands are refused: for each operation an enum of its own. What is refused has changed nothing,
//! except that time has come to the command's instant.

use thiserror::Error;

pub use super::dispatch_error::DispatchError;
pub use super::evaluation_error::EvaluationCommandError;
use crate::cluster::check::BrokenCluster;
use crate::model::{JobErrors, NodeErrors};
use crate::time::Timestamp;

/// Why a command is refused, from [`Engine::apply`](super::Engine::apply).
///
/// ```
/// use stowplan::Timestamp;
/// use stowplan::engine::{CommandError, Engine, EngineOptions, NodeCommandError, PurgeNode};
///
/// let mut engine = Engine::new(EngineOptions::default());
/// let purge = PurgeNode { node_id: "n1".into() };
/// let error = engine.apply(Timestamp::EPOCH, purge.into()).unwrap_err();
/// assert_eq!(error, CommandError::Node(NodeCommandError::UnknownNode));
/// assert_eq!(error.to_string(), "node not found");
/// ```
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum CommandError {
    /// The command's instant is over.
    #[error("{at} is over: it is {now}")]
    TimeIsOver {
        /// The command's instant.
        at: Timestamp,
        /// The present one.
        now: Timestamp,
    },
    /// A command on a job is refused.
    #[error(transparent)]
    Job(#[from] JobCommandError),
    /// A command on a node is refused.
    #[error(transparent)]
    Node(#[from] NodeCommandError),
    /// A command on allocations is refused.
    #[error(transparent)]
    Allocation(#[from] AllocationCommandError),
    /// A command on a deployment is refused.
    #[error(transparent)]
    Deployment(#[from] DeploymentCommandError),
    /// A command on settings is refused.
    #[error(transparent)]
    Settings(#[from] SettingsCommandError),
    /// A command on evaluations is refused.
    #[error(transparent)]
    Evaluation(#[from] EvaluationCommandError),
}

/// Why a command on a job is refused (docs/lifecycle.md, section 9).
///
/// ```
/// use stowplan::Timestamp;
/// use stowplan::engine::{CommandError, Engine, EngineOptions, EvaluateJob, JobCommandError};
///
/// let mut engine = Engine::new(EngineOptions::default());
/// let evaluate = EvaluateJob { job_id: "web".into(), ..EvaluateJob::default() };
/// let error = engine.apply(Timestamp::EPOCH, evaluate.into()).unwrap_err();
/// assert_eq!(error, CommandError::Job(JobCommandError::UnknownJob));
/// ```
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum JobCommandError {
    /// There is no such job.
    #[error("job not found")]
    UnknownJob,
    /// The document is not valid.
    #[error(transparent)]
    Invalid(#[from] JobErrors),
    /// The job's namespace is not there.
    #[error("job \"{job_id}\" is in nonexistent namespace \"{namespace}\"")]
    UnknownNamespace {
        /// The job.
        job_id: String,
        /// The namespace.
        namespace: String,
    },
    /// The job's node pool is not there.
    #[error("job \"{job_id}\" is in nonexistent node pool \"{pool}\"")]
    UnknownNodePool {
        /// The job.
        job_id: String,
        /// The pool.
        pool: String,
    },
    /// An operator has registering refused.
    #[error("job registration is disabled")]
    RegistrationDisabled,
    /// The job must not be there, and is.
    #[error("Enforcing job modify index 0: job already exists")]
    AlreadyExists,
    /// The job has to be there, and is not.
    #[error("Enforcing job modify index {index}: job does not exist")]
    DoesNotExist {
        /// The index that it has to be at.
        index: u64,
    },
    /// The job has changed since.
    #[error(
        "Enforcing job modify index {index}: job exists with conflicting job modify index: {found}"
    )]
    Conflict {
        /// The index that it has to be at.
        index: u64,
        /// The index that it is at.
        found: u64,
    },
    /// A priority is out of its bounds.
    #[error("priority must be between 1 and 100, found {priority}")]
    Priority {
        /// The priority.
        priority: i64,
    },
    /// A periodic job needs a reading of cron expressions, which is not built in.
    #[error("periodic jobs need cron expressions, which this build does not read")]
    PeriodicNotSupported,
    /// A job is launched that is not periodic.
    #[error("can't force launch non-periodic job")]
    NotPeriodic,
    /// A job is launched that is stopped.
    #[error("Specified job \"{job_id}\" is stopped")]
    Stopped {
        /// The job.
        job_id: String,
    },
    /// A job is not launched by a caller.
    #[error(transparent)]
    Dispatch(#[from] DispatchError),
    /// A job that is launched at times is not evaluated itself.
    #[error("can't evaluate periodic job")]
    EvaluatesPeriodic,
    /// A job that is launched by a caller is not evaluated itself.
    #[error("can't evaluate parameterized job")]
    EvaluatesParameterized,
    /// There is no such version of the job.
    #[error("job \"{job_id}\" in namespace \"{namespace}\" at version {version} not found")]
    UnknownVersion {
        /// The job.
        job_id: String,
        /// Its namespace.
        namespace: String,
        /// The version.
        version: u64,
    },
    /// The job is at the version already.
    #[error("can't revert to current version")]
    SameVersion,
    /// The job is at another version than it has to be.
    #[error("Current job has version {version}; enforcing version {enforced}")]
    PriorVersion {
        /// The version that it is at.
        version: u64,
        /// The version that it has to be at.
        enforced: u64,
    },
    /// What is to be scaled is not named.
    #[error("missing task group name for scaling action")]
    NoGroup,
    /// The job has no such group.
    #[error("task group \"{group}\" specified for scaling does not exist in job")]
    UnknownGroup {
        /// The group.
        group: String,
    },
    /// The count is less than nothing.
    #[error("scaling action count can't be negative")]
    NegativeCount,
    /// The count is out of the group's bounds.
    #[error("group count was less than scaling policy minimum: {count} < {min}")]
    CountTooSmall {
        /// The count.
        count: i64,
        /// The least there may be.
        min: i64,
    },
    /// The count is out of the group's bounds.
    #[error("group count was greater than scaling policy maximum: {count} > {max}")]
    CountTooLarge {
        /// The count.
        count: i64,
        /// The most there may be.
        max: i64,
    },
    /// A note that something failed says no count.
    #[error("scaling action should not contain count if error is true")]
    CountOfError,
    /// The job is on its way to a new version.
    #[error("job scaling blocked due to active deployment")]
    ActiveDeployment,
}

/// Why a command on a node is refused (docs/lifecycle.md, section 7).
///
/// ```
/// use stowplan::Timestamp;
/// use stowplan::engine::{CommandError, Engine, EngineOptions, Heartbeat, NodeCommandError};
///
/// let mut engine = Engine::new(EngineOptions::default());
/// let heartbeat = Heartbeat { node_id: "n1".into() };
/// let error = engine.apply(Timestamp::EPOCH, heartbeat.into()).unwrap_err();
/// assert_eq!(error, CommandError::Node(NodeCommandError::UnknownNode));
/// ```
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum NodeCommandError {
    /// There is no such node.
    #[error("node not found")]
    UnknownNode,
    /// The document is not valid.
    #[error(transparent)]
    Invalid(#[from] NodeErrors),
    /// A node of this identity has another secret.
    #[error("node secret ID does not match")]
    WrongSecret,
    /// There is no such status.
    #[error("invalid status for node: \"{status}\"")]
    UnknownStatus {
        /// What the command says.
        status: String,
    },
    /// There is no such eligibility.
    #[error("invalid scheduling eligibility \"{eligibility}\"")]
    UnknownEligibility {
        /// What the command says.
        eligibility: String,
    },
    /// A draining node takes nothing new.
    #[error("can not set node's scheduling eligibility to eligible while it is draining")]
    Draining,
}

/// Why a command on allocations is refused (docs/lifecycle.md, section 8).
///
/// ```
/// use stowplan::Timestamp;
/// use stowplan::engine::{AllocationCommandError, CommandError, Engine, EngineOptions, StopAllocation};
///
/// let mut engine = Engine::new(EngineOptions::default());
/// let stop = StopAllocation { allocation_id: "a1".into(), ..StopAllocation::default() };
/// let error = engine.apply(Timestamp::EPOCH, stop.into()).unwrap_err();
/// assert_eq!(error, CommandError::Allocation(AllocationCommandError::UnknownAllocation));
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AllocationCommandError {
    /// There is no such allocation.
    #[error("allocation not found")]
    UnknownAllocation,
    /// Nothing is updated.
    #[error("must update at least one allocation")]
    Nothing,
    /// There is no such client status.
    #[error("`{status}` is no status of an allocation")]
    UnknownStatus {
        /// What the command says.
        status: String,
    },
    /// A node says something of an allocation on another one.
    #[error("allocation \"{id}\" is not on node \"{node_id}\"")]
    ForeignNode {
        /// The allocation.
        id: String,
        /// The node that said it.
        node_id: String,
    },
    /// A node that does not answer says nothing.
    #[error("node \"{node_id}\" is not allowed to update allocs while in status {status}")]
    NodeStatus {
        /// The node.
        node_id: String,
        /// Its status.
        status: &'static str,
    },
}

/// Why a command on a deployment is refused (docs/lifecycle.md, section 3.1).
///
/// ```
/// use stowplan::engine::DeploymentCommandError;
///
/// let error = DeploymentCommandError::Ended { verb: "promote" };
/// assert_eq!(error.to_string(), "can't promote terminal deployment");
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeploymentCommandError {
    /// There is no such deployment.
    #[error("deployment not found")]
    UnknownDeployment,
    /// It has ended.
    #[error("can't {verb} terminal deployment")]
    Ended {
        /// What was to be done to it.
        verb: &'static str,
    },
    /// It does not wait for other regions.
    #[error("can't unblock deployment that is {status}")]
    NotBlocked {
        /// What has become of it.
        status: &'static str,
    },
    /// It has no such group.
    #[error("deployment has no task group \"{group}\"")]
    UnknownGroup {
        /// The group.
        group: String,
    },
    /// No group is named.
    #[error("must specify task groups to promote, or all of them")]
    NoGroups,
    /// No canary waits to be found good.
    #[error("no canaries to promote")]
    NoCanaries,
    /// Too few canaries are well.
    #[error("Task group \"{group}\" has {healthy}/{desired} healthy allocations")]
    TooFewHealthy {
        /// The group.
        group: String,
        /// How many are well.
        healthy: i64,
        /// How many should be.
        desired: i64,
    },
    /// No allocation is named.
    #[error("must specify at least one healthy/unhealthy allocation ID")]
    NoAllocations,
    /// An allocation is named that is not there.
    #[error("unknown alloc \"{id}\"")]
    UnknownAllocation {
        /// The allocation.
        id: String,
    },
    /// An allocation is not one of the deployment.
    #[error("alloc \"{id}\" is not part of deployment")]
    ForeignAllocation {
        /// The allocation.
        id: String,
    },
}

/// Why a command on settings is refused.
///
/// ```
/// use stowplan::Timestamp;
/// use stowplan::engine::{CommandError, DeleteNamespace, Engine, EngineOptions, SettingsCommandError};
///
/// let mut engine = Engine::new(EngineOptions::default());
/// let delete = DeleteNamespace { name: "default".into() };
/// let error = engine.apply(Timestamp::EPOCH, delete.into()).unwrap_err();
/// assert_eq!(error, CommandError::Settings(SettingsCommandError::BuiltIn { name: "default".into() }));
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsCommandError {
    /// A name is missing, too long or has other signs than letters, digits, `-` and `_`.
    #[error("invalid name \"{name}\": expected 1 to 128 letters, digits, `-` or `_`")]
    InvalidName {
        /// The name.
        name: String,
    },
    /// There is nothing of this name.
    #[error("\"{name}\" not found")]
    Unknown {
        /// The name.
        name: String,
    },
    /// It is always there.
    #[error("\"{name}\" is built in and can not be deleted or modified")]
    BuiltIn {
        /// The name.
        name: String,
    },
    /// Jobs or nodes are in it.
    #[error("\"{name}\" is in use")]
    InUse {
        /// The name.
        name: String,
    },
    /// There is no such algorithm.
    #[error("invalid scheduler algorithm: {algorithm}")]
    UnknownAlgorithm {
        /// What the command says.
        algorithm: String,
    },
    /// The configuration has changed since.
    #[error("the configuration is at index {found}, not {expected}")]
    Conflict {
        /// The index that it has to be at.
        expected: u64,
        /// The index that it is at.
        found: u64,
    },
}

/// Something that is not as it should be in an engine, from [`Engine::check`](super::Engine::check). It is an error of this
/// crate.
///
/// ```
/// use stowplan::engine::{BrokenEngine, Engine, EngineOptions};
///
/// let found: Result<(), BrokenEngine> = Engine::new(EngineOptions::default()).check();
/// assert_eq!(found, Ok(()));
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokenEngine {
    /// What it knows contradicts itself.
    #[error(transparent)]
    Cluster(#[from] BrokenCluster),
    /// What it has in order is not what follows from what it knows.
    #[error("the queues are not those of the state: {difference}")]
    Queues {
        /// Both of them.
        difference: String,
    },
    /// There is news of a deployment that is not there.
    #[error("there is news of the deployment in slot {slot}, which is not there")]
    StrayNews {
        /// Where it was.
        slot: u32,
    },
    /// An evaluation that has not ended is nowhere.
    #[error("evaluation `{id}` is lost")]
    LostEvaluation {
        /// The evaluation.
        id: String,
    },
}
