//! What users write and read: the documents of the API, field for field.
//!
//! In: JSON, Rust literals and builders. Out: documents, and their validated forms [`Job`] and
//! [`Node`], which the rest of the crate works on. Imports `syntax` and `time` only.
//!
//! - **Documents** ([`JobSpec`], [`NodeSpec`], [`Allocation`] and what they consist of) are plain data
//!   with public fields. They may hold anything that has the right types.
//! - **[`read`]** makes documents, or their validated forms, of text.
//! - **[`Job::builder`] and [`Node::builder`]** write documents in Rust.
//! - **[`Job`] and [`Node`]** are documents that were found valid and then completed with the defaults.
//!   What is wrong is said at once, as a list of [`Problem`]s with their paths.

pub(crate) mod allocation;
pub(crate) mod allocation_state;
mod builder;
mod canonical;
pub(crate) mod cluster_config;
pub(crate) mod constraint;
pub(crate) mod deployment;
pub(crate) mod device;
pub(crate) mod diff;
pub(crate) mod document;
pub(crate) mod era;
mod errors;
pub(crate) mod evaluation;
mod first_api;
pub(crate) mod job;
pub(crate) mod job_spec;
pub(crate) mod job_type;
pub(crate) mod keys;
pub(crate) mod launch;
mod launched;
pub(crate) mod metrics;
pub(crate) mod network;
pub(crate) mod node;
pub(crate) mod node_spec;
mod node_status;
pub(crate) mod plan;
mod printable;
pub(crate) mod problem;
pub mod read;
mod read_error;
mod reading;
mod registration;
mod registration_warnings;
pub(crate) mod resources;
mod same_job;
pub(crate) mod status;
pub(crate) mod strategy;
pub(crate) mod submission;
mod summary;
mod valid;
mod validate;
pub(crate) mod volume;
pub(crate) mod warning;
pub(crate) mod zeros;

pub use allocation::Allocation;
pub use allocation_state::{
    AllocationDeploymentStatus, AllocationState, DesiredTransition, NetworkStatus, RescheduleEvent,
    RescheduleTracker, TaskEvent, TaskState,
};
pub use builder::{
    DeviceRequestBuilder, GroupBuilder, JobBuilder, NodeBuilder, NodeDeviceBuilder, TaskBuilder,
};
pub use cluster_config::{
    Namespace, NodePool, NodePoolSchedulerConfiguration, PreemptionConfig, SchedulerConfiguration,
};
pub use constraint::{Affinity, Constraint, Operand, Spread, SpreadTarget};
pub use deployment::{Deployment, DeploymentState, DeploymentStatus};
pub use device::{AllocatedDevice, DeviceAttribute, DeviceInstance, NodeDevice, RequestedDevice};
pub use diff::{DiffType, FieldDiff, JobDiff, ObjectDiff, TaskDiff, TaskGroupDiff};
pub use era::Era;
pub use errors::{AllocationErrors, JobErrors, NodeErrors, PlanErrors};
pub use evaluation::{Evaluation, EvaluationStatus, Trigger};
pub use job::Job;
pub use job_spec::{EphemeralDisk, JobSpec, Secret, Task, TaskGroup};
pub use job_type::JobType;
pub use keys::UnknownKey;
#[cfg(feature = "http")]
pub(crate) use keys::{BodyKind, correct_keys};
pub use launch::{Lifecycle, LogConfig, ParameterizedJobConfig, PeriodicConfig};
pub use metrics::{AllocationMetrics, NodeScoreMeta};
pub use network::{AllocatedPort, NetworkResource, NodeNetwork, NodeNetworkAddress, Port, Ports};
pub use node::{Core, Node, NodeAddress};
pub use node_spec::{DriverInfo, NodeSpec};
pub use node_status::NodeStatus;
pub use plan::{
    DeploymentStatusUpdate, DesiredUpdates, JobPlanResponse, Plan, PlanAnnotations, PlanResult,
};
pub use problem::Problem;
pub use resources::{
    AllocatedCpuResources, AllocatedMemoryResources, AllocatedResources, AllocatedSharedResources,
    AllocatedTaskResources, CpuCore, CpuTopology, NodeCpuResources, NodeDiskResources,
    NodeMemoryResources, NodeProcessors, NodeReservedCpuResources, NodeReservedNetworkResources,
    NodeReservedResources, NodeResources, NumaRequest, Resources,
};
pub use status::{ClientStatus, DesiredStatus};
pub use strategy::{
    DelayFunction, DisconnectReconcile, DisconnectStrategy, MigrateStrategy, ReschedulePolicy,
    RestartPolicy, ScalingPolicy, UpdateStrategy,
};
pub use submission::JobSubmission;
pub use summary::{JobChildrenSummary, JobSummary, TaskGroupSummary};
pub use volume::{DynamicVolume, HostVolume, VolumeCapability, VolumeRequest};
pub use warning::JobWarning;
