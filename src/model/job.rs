//! Jobs as documents: groups of tasks that run together (specification, section 1.2).

use indexmap::IndexMap;

use super::constraint::{Affinity, Constraint, Spread};
use super::document::document;
use super::network::NetworkResource;
use super::resources::Resources;
use super::volume::VolumeRequest;

document! {
    /// A job as its document has it; [`Job`](crate::Job) is the validated form that the engine takes.
    pub struct JobSpec {
        /// Empty is `global`.
        pub region: String,
        /// Empty is `default`.
        pub namespace: String,
        /// Unique in its namespace.
        #[serde(rename = "ID")]
        pub id: String,
        /// For people; empty is the ID.
        pub name: String,
        /// `service` (also when empty), `batch`, `system` or `sysbatch`.
        #[serde(rename = "Type")]
        pub job_type: String,
        /// 1 to 100; absent is 50.
        pub priority: Option<i64>,
        /// Whether the job is placed whole or not at all.
        pub all_at_once: bool,
        /// Where it may run; `*` in an entry matches any text. Empty is every datacenter.
        pub datacenters: Vec<String>,
        /// The pool of nodes it may run on; empty is `default`, `all` is every pool.
        pub node_pool: String,
        /// Rules for all groups.
        pub constraints: Vec<Constraint>,
        /// Preferences of all groups.
        pub affinities: Vec<Affinity>,
        /// Spreads of all groups.
        pub spreads: Vec<Spread>,
        /// The groups, in the order in which they are placed.
        pub task_groups: Vec<TaskGroup>,
        /// Facts for the tasks.
        pub meta: IndexMap<String, String>,
        /// Counts the versions of the job.
        pub version: i64,
        /// The index at which it was created.
        pub create_index: u64,
        /// The index at which it last changed.
        pub modify_index: u64,
        /// The index at which its specification last changed.
        pub job_modify_index: u64,
    }
}

document! {
    /// Tasks that run together on one node, as often as `count` says.
    pub struct TaskGroup {
        /// Unique in the job.
        pub name: String,
        /// How many allocations; absent is 1.
        pub count: Option<i64>,
        /// Rules.
        pub constraints: Vec<Constraint>,
        /// Preferences.
        pub affinities: Vec<Affinity>,
        /// Spreads.
        pub spreads: Vec<Spread>,
        /// The tasks.
        pub tasks: Vec<Task>,
        /// Disk that the tasks share.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ephemeral_disk: Option<EphemeralDisk>,
        /// At most one network that the tasks share.
        pub networks: Vec<NetworkResource>,
        /// Volumes by alias.
        pub volumes: IndexMap<String, VolumeRequest>,
        /// How allocations leave their nodes.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub migrate: Option<MigrateStrategy>,
        /// Facts for the tasks.
        pub meta: IndexMap<String, String>,
    }
}

document! {
    /// A program that a driver runs.
    pub struct Task {
        /// Unique in the group.
        pub name: String,
        /// `docker` for instance.
        pub driver: String,
        /// Rules.
        pub constraints: Vec<Constraint>,
        /// Preferences.
        pub affinities: Vec<Affinity>,
        /// What it asks for.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub resources: Option<Resources>,
        /// When it runs, where not for the whole life of the allocation.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub lifecycle: Option<Lifecycle>,
        /// Secrets it reads.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub secrets: Vec<Secret>,
        /// Facts for the task.
        pub meta: IndexMap<String, String>,
    }
}

document! {
    /// A task's place in the life of an allocation.
    pub struct Lifecycle {
        /// `prestart`, `poststart` or `poststop`.
        pub hook: String,
        /// Whether a prestart task goes on beside the main ones.
        pub sidecar: bool,
    }
}

document! {
    /// A secret that a task reads.
    pub struct Secret {
        /// Which plugin has it.
        pub provider: String,
    }
}

document! {
    /// Disk that a group's tasks share.
    pub struct EphemeralDisk {
        /// Whether a replacement should go to the same node.
        pub sticky: bool,
        /// MB; absent is 300, at least 10.
        #[serde(rename = "SizeMB")]
        pub size_mb: Option<i64>,
        /// Whether the data moves with the allocation.
        pub migrate: bool,
    }
}

document! {
    /// How many of a group's allocations may leave their nodes at once.
    pub struct MigrateStrategy {
        /// At once; scheduling uses it as a limit on preemption.
        pub max_parallel: Option<i64>,
    }
}
