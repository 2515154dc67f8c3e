//! Jobs as documents: groups of tasks that run together (docs/placement.md, section 1.2).

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer};

use super::constraint::{Affinity, Constraint, Spread};
use super::device::RequestedDevice;
use super::document::{document, is_default};
use super::job_type::JobType;
use super::launch::{Lifecycle, LogConfig, ParameterizedJobConfig, PeriodicConfig};
use super::network::NetworkResource;
use super::resources::{CPU_MHZ_DEFAULT, MEMORY_MB_DEFAULT, Resources};
use super::strategy::{
    DisconnectStrategy, MigrateStrategy, ReschedulePolicy, RestartPolicy, ScalingPolicy,
    UpdateStrategy,
};
use super::volume::VolumeRequest;
use crate::time::Span;

/// The priority of a job that names none.
pub(crate) const PRIORITY_DEFAULT: i64 = 50;
/// The count of a group that names none.
pub(crate) const COUNT_DEFAULT: i64 = 1;
/// MB of disk for a group that names none.
pub(crate) const DISK_MB_DEFAULT: i64 = 300;
/// MB of disk that a group has at least.
pub(crate) const DISK_MB_MIN: i64 = 10;
/// The time to stop of a task that names none.
pub(super) const KILL_TIMEOUT_DEFAULT: Span = Span::from_secs(5);

document! {
    /// A job as its document has it; [`Job`](super::Job) is the validated form that the engine takes.
    ///
    /// ```
    /// use stowplan::model::{Job, JobSpec, read};
    ///
    /// let spec: JobSpec = read::job(r#"{"ID": "web", "TaskGroups": [{"Name": "front",
    ///     "Tasks": [{"Name": "nginx", "Driver": "docker"}]}]}"#)?;
    /// assert_eq!(spec.task_groups[0].count, None);
    /// let job = Job::new(spec)?;
    /// assert_eq!(job.spec().task_groups[0].count, Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct JobSpec {
        /// Empty is `global`.
        "Region" => pub region: String,
        /// Empty is `default`.
        "Namespace" => pub namespace: String,
        /// Unique in its namespace.
        "ID" => pub id: String,
        /// For people; empty is the ID.
        "Name" => pub name: String,
        /// `service` (also when empty), `batch`, `system` or `sysbatch`.
        "Type" => pub job_type: String,
        /// 1 to 100; absent is 50.
        "Priority" => pub priority: Option<i64>,
        /// Whether the job is placed whole or not at all.
        "AllAtOnce" => pub all_at_once: bool,
        /// Where it may run; `*` in an entry matches any text. Empty is every datacenter.
        "Datacenters" => pub datacenters: Vec<String>,
        /// The pool of nodes it may run on; empty is `default`, `all` is every pool.
        "NodePool" => pub node_pool: String,
        /// Rules for all groups.
        "Constraints" => pub constraints: Vec<Constraint>,
        /// Preferences of all groups.
        "Affinities" => pub affinities: Vec<Affinity>,
        /// Spreads of all groups.
        "Spreads" => pub spreads: Vec<Spread>,
        /// The groups, in the order in which they are placed.
        "TaskGroups" => pub task_groups: Vec<TaskGroup>,
        /// Facts for the tasks.
        "Meta" => pub meta: IndexMap<String, String>,
        /// Counts the versions of the job.
        "Version" => pub version: u64,
        /// How its allocations are changed, where its groups do not say.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Update" => pub update: Option<UpdateStrategy>,
        /// When it is launched by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Periodic" => pub periodic: Option<Box<PeriodicConfig>>,
        /// What it needs to be launched by a caller.
        #[serde(skip_serializing_if = "Option::is_none")]
        "ParameterizedJob" => pub parameterized_job: Option<Box<ParameterizedJobConfig>>,
        /// `pending`, `running` or `dead`.
        #[serde(skip_serializing_if = "is_default")]
        "Status" => pub status: String,
        /// Why.
        #[serde(skip_serializing_if = "is_default")]
        "StatusDescription" => pub status_description: String,
        /// Whether this version was deployed successfully, or called stable by a person.
        #[serde(skip_serializing_if = "is_default")]
        "Stable" => pub stable: bool,
        /// Whether the job is stopped.
        #[serde(skip_serializing_if = "is_default")]
        "Stop" => pub stop: bool,
        /// When this version was registered, in nanoseconds since 1970.
        #[serde(skip_serializing_if = "is_default")]
        "SubmitTime" => pub submit_time: i64,
        /// The index at which it was created.
        "CreateIndex" => pub create_index: u64,
        /// The index at which it last changed.
        "ModifyIndex" => pub modify_index: u64,
        /// The index at which its specification last changed.
        "JobModifyIndex" => pub job_modify_index: u64,
    }
    remote "Self"
}

impl<'de> Deserialize<'de> for JobSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        JobSpec::deserialize(deserializer)
    }
}

document! {
    /// Tasks that run together on one node, as often as `count` says.
    ///
    /// ```
    /// use stowplan::model::{Task, TaskGroup};
    ///
    /// let task = Task { name: "nginx".into(), driver: "docker".into(), ..Task::default() };
    /// let group = TaskGroup { name: "front".into(), tasks: vec![task], ..TaskGroup::default() };
    /// assert_eq!((group.count(), group.disk_mb()), (1, 300));
    /// assert!(group.task("nginx").is_some());
    /// ```
    pub struct TaskGroup {
        /// Unique in the job.
        "Name" => pub name: String,
        /// How many allocations; absent is 1.
        "Count" => pub count: Option<i64>,
        /// Rules.
        "Constraints" => pub constraints: Vec<Constraint>,
        /// Preferences.
        "Affinities" => pub affinities: Vec<Affinity>,
        /// Spreads.
        "Spreads" => pub spreads: Vec<Spread>,
        /// The tasks.
        "Tasks" => pub tasks: Vec<Task>,
        /// Disk that the tasks share.
        #[serde(skip_serializing_if = "Option::is_none")]
        "EphemeralDisk" => pub ephemeral_disk: Option<EphemeralDisk>,
        /// At most one network that the tasks share.
        "Networks" => pub networks: Vec<NetworkResource>,
        /// Volumes by alias.
        "Volumes" => pub volumes: IndexMap<String, VolumeRequest>,
        /// How allocations leave their nodes.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Migrate" => pub migrate: Option<MigrateStrategy>,
        /// How its allocations are changed.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Update" => pub update: Option<UpdateStrategy>,
        /// Whether and when failed allocations are replaced.
        #[serde(skip_serializing_if = "Option::is_none")]
        "ReschedulePolicy" => pub reschedule_policy: Option<ReschedulePolicy>,
        /// How often a client restarts failed tasks in place.
        #[serde(skip_serializing_if = "Option::is_none")]
        "RestartPolicy" => pub restart_policy: Option<RestartPolicy>,
        /// What becomes of its allocations when their node no longer answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Disconnect" => pub disconnect: Option<Box<DisconnectStrategy>>,
        /// The older way to say `Disconnect.LostAfter`, kept and not used.
        #[serde(skip_serializing_if = "Option::is_none")]
        "MaxClientDisconnect" => pub max_client_disconnect: Option<Span>,
        /// The older way to say `Disconnect.StopOnClientAfter`, kept and not used.
        #[serde(skip_serializing_if = "Option::is_none")]
        "StopAfterClientDisconnect" => pub stop_after_client_disconnect: Option<Span>,
        /// The older way to say `Disconnect.Replace = false`, kept and not used.
        #[serde(skip_serializing_if = "Option::is_none")]
        "PreventRescheduleOnLost" => pub prevent_reschedule_on_lost: Option<bool>,
        /// Between which counts it may be scaled.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Scaling" => pub scaling: Option<Box<ScalingPolicy>>,
        /// Facts for the tasks.
        "Meta" => pub meta: IndexMap<String, String>,
    }
}

document! {
    /// A program that a driver runs.
    ///
    /// ```
    /// use stowplan::model::{Resources, Task};
    ///
    /// let resources = Resources { cpu: Some(500), ..Resources::default() };
    /// let task = Task { name: "nginx".into(), resources: Some(resources), ..Task::default() };
    /// assert_eq!((task.cpu_mhz(), task.memory_mb()), (500, 300));
    /// ```
    pub struct Task {
        /// Unique in the group.
        "Name" => pub name: String,
        /// `docker` for instance.
        "Driver" => pub driver: String,
        /// Rules.
        "Constraints" => pub constraints: Vec<Constraint>,
        /// Preferences.
        "Affinities" => pub affinities: Vec<Affinity>,
        /// What it asks for.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Resources" => pub resources: Option<Resources>,
        /// When it runs, where not for the whole life of the allocation.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Lifecycle" => pub lifecycle: Option<Lifecycle>,
        /// Secrets it reads.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        "Secrets" => pub secrets: Vec<Secret>,
        /// How long it may take to stop before it is killed; absent is 5 s.
        #[serde(skip_serializing_if = "Option::is_none")]
        "KillTimeout" => pub kill_timeout: Option<Span>,
        /// How often a client restarts it in place, where that is not as the group says.
        #[serde(skip_serializing_if = "Option::is_none")]
        "RestartPolicy" => pub restart_policy: Option<RestartPolicy>,
        /// How much of what it writes is kept.
        #[serde(skip_serializing_if = "Option::is_none")]
        "LogConfig" => pub log_config: Option<LogConfig>,
        /// Facts for the task.
        "Meta" => pub meta: IndexMap<String, String>,
    }
}

document! {
    /// A secret that a task reads.
    pub struct Secret {
        /// Which plugin has it.
        "Provider" => pub provider: String,
    }
}

document! {
    /// Disk that a group's tasks share.
    pub struct EphemeralDisk {
        /// Whether a replacement should go to the same node.
        "Sticky" => pub sticky: bool,
        /// MB; absent is 300, at least 10.
        "SizeMB" => pub size_mb: Option<i64>,
        /// Whether the data moves with the allocation.
        "Migrate" => pub migrate: bool,
    }
}

impl JobSpec {
    /// How important the job is, 1 to 100.
    pub fn priority(&self) -> i64 {
        self.priority.unwrap_or(PRIORITY_DEFAULT)
    }

    /// How its allocations come and go. An unknown type, which validation refuses, is `service`.
    pub fn job_type(&self) -> JobType {
        JobType::from_text(&self.job_type).unwrap_or_default()
    }

    /// The group of a name.
    pub fn group(&self, name: &str) -> Option<&TaskGroup> {
        self.task_groups.iter().find(|group| group.name == name)
    }

    /// Whether regions fill in what the job leaves out.
    pub(crate) fn is_multiregion(&self) -> bool {
        self.extra.get("Multiregion").is_some_and(|regions| !regions.is_null())
    }
}

impl TaskGroup {
    /// How many allocations the group wants. A negative count, which validation refuses, is 0.
    pub fn count(&self) -> u32 {
        let count = self.count.unwrap_or(COUNT_DEFAULT).max(0);
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// MB of disk that the tasks share.
    ///
    /// Documents of the first API have no ephemeral disk; there it is the sum of what the tasks ask
    /// for, 0 included, and 300 where none of them says anything.
    pub fn disk_mb(&self) -> i64 {
        if let Some(disk) = &self.ephemeral_disk {
            return disk.size_mb.unwrap_or(DISK_MB_DEFAULT);
        }
        let asked = self.tasks.iter().filter_map(|task| task.resources.as_ref()?.disk_mb);
        asked.reduce(i64::saturating_add).unwrap_or(DISK_MB_DEFAULT)
    }

    /// The network that the tasks share; only the first one of the document counts.
    pub fn network(&self) -> Option<&NetworkResource> {
        self.networks.first()
    }

    /// The task of a name.
    pub fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.name == name)
    }

    /// How many of the group's allocations should leave their nodes at once; 0 is no limit.
    pub fn migrate_max_parallel(&self) -> i64 {
        self.migrate.as_ref().and_then(|migrate| migrate.max_parallel).unwrap_or(0)
    }

    /// Whether a service of the group is a gateway of the service mesh, for which the server adds a
    /// task of its own.
    pub(crate) fn has_gateway(&self) -> bool {
        let gateway = |service: &serde_json::Value| {
            service.pointer("/Connect/Gateway").is_some_and(|gateway| !gateway.is_null())
        };
        let services = self.extra.get("Services").and_then(serde_json::Value::as_array);
        services.is_some_and(|services| services.iter().any(gateway))
    }
}

impl Task {
    /// How long it may take to stop before it is killed.
    pub fn kill_timeout(&self) -> Span {
        self.kill_timeout.unwrap_or(KILL_TIMEOUT_DEFAULT)
    }

    /// Whether the allocation has ended when this task has.
    pub(crate) fn is_leader(&self) -> bool {
        self.extra.get("Leader") == Some(&serde_json::Value::Bool(true))
    }

    /// MHz that the task asks for; see [`Resources::cpu_mhz`].
    pub fn cpu_mhz(&self) -> i64 {
        self.resources.as_ref().map_or(CPU_MHZ_DEFAULT, Resources::cpu_mhz)
    }

    /// Whole cores that the task asks for.
    pub fn cores(&self) -> u32 {
        self.resources.as_ref().map_or(0, Resources::cores)
    }

    /// MB of memory that the task asks for, without that for secrets.
    pub fn memory_mb(&self) -> i64 {
        self.resources.as_ref().map_or(MEMORY_MB_DEFAULT, Resources::memory_mb)
    }

    /// MB of memory that the task may use where there is room: 0 is not given, -1 no limit.
    pub fn memory_max_mb(&self) -> i64 {
        self.resources.as_ref().map_or(0, Resources::memory_max_mb)
    }

    /// MB of memory for secrets.
    pub fn secrets_mb(&self) -> i64 {
        self.resources.as_ref().map_or(0, Resources::secrets_mb)
    }

    /// The task's own network; only the first one of the document counts.
    pub fn network(&self) -> Option<&NetworkResource> {
        self.resources.as_ref().and_then(|resources| resources.networks.first())
    }

    /// The devices that the task asks for.
    pub fn devices(&self) -> &[RequestedDevice] {
        self.resources.as_ref().map_or(&[], |resources| &resources.devices)
    }
}
