//! The builder of jobs, with those of their groups, tasks and requests for devices.

use super::{everything, ports, rules, spreads};
use crate::model::constraint::{Affinity, Constraint, Operand, Spread, SpreadTarget};
use crate::model::device::RequestedDevice;
use crate::model::errors::JobErrors;
use crate::model::job::Job;
use crate::model::job_spec::{EphemeralDisk, JobSpec, Task, TaskGroup};
use crate::model::job_type::JobType;
use crate::model::launch::Lifecycle;
use crate::model::network::{NetworkResource, Port};
use crate::model::resources::Resources;
use crate::model::strategy::MigrateStrategy;
use crate::model::volume::VolumeRequest;

/// Builds a [`Job`]; made by [`Job::builder`].
///
/// ```
/// use stowplan::model::{Job, JobType};
///
/// let job = Job::builder("report")
///     .job_type(JobType::Batch)
///     .priority(70)
///     .group("all", 1, |g| g.task("sum", "exec", |t| t.memory_mb(128)))
///     .build()?;
/// assert_eq!((job.job_type(), job.priority()), (JobType::Batch, 70));
/// # Ok::<(), stowplan::model::JobErrors>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct JobBuilder {
    spec: JobSpec,
}

/// Builds a group of a job, in the closure of [`JobBuilder::group`].
///
/// ```
/// use stowplan::model::{GroupBuilder, Job};
///
/// let front = |g: GroupBuilder| g.disk_mb(500).static_port("http", 80).task("nginx", "docker", |t| t);
/// let job = Job::builder("web").group("front", 2, front).build()?;
/// let group = &job.task_groups[0];
/// assert_eq!((group.count(), group.disk_mb(), group.tasks.len()), (2, 500, 1));
/// # Ok::<(), stowplan::model::JobErrors>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct GroupBuilder {
    spec: TaskGroup,
}

/// Builds a task of a group, in the closure of [`GroupBuilder::task`].
///
/// ```
/// use stowplan::model::{Job, TaskBuilder};
///
/// let nginx = |t: TaskBuilder| t.cpu_shares(500).memory_mb(256).memory_max_mb(512);
/// let job = Job::builder("web").group("front", 1, |g| g.task("nginx", "docker", nginx)).build()?;
/// let task = &job.task_groups[0].tasks[0];
/// assert_eq!((task.cpu_mhz(), task.memory_mb(), task.memory_max_mb()), (500, 256, 512));
/// # Ok::<(), stowplan::model::JobErrors>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TaskBuilder {
    spec: Task,
}

/// Builds a request for devices, in the closure of [`TaskBuilder::device_with`].
///
/// ```
/// use stowplan::model::{DeviceRequestBuilder, Job, Operand};
///
/// let large = |d: DeviceRequestBuilder| {
///     d.constraint("${device.attr.memory}", Operand::Ge, "8 GiB")
/// };
/// let job = Job::builder("train")
///     .group("all", 1, |g| g.task("fit", "docker", |t| t.device_with("nvidia/gpu", 2, large)))
///     .build()?;
/// let request = &job.task_groups[0].tasks[0].devices()[0];
/// assert_eq!((request.name.as_str(), request.constraints.len()), ("nvidia/gpu", 1));
/// # Ok::<(), stowplan::model::JobErrors>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct DeviceRequestBuilder {
    spec: RequestedDevice,
}

impl Job {
    /// Begins a job of an ID. What is not said has the defaults of [`Job::new`]: a service of
    /// priority 50 that may run in every datacenter.
    ///
    /// ```
    /// use stowplan::model::{Job, Operand};
    ///
    /// let job = Job::builder("web")
    ///     .group("front", 3, |g| {
    ///         g.task("nginx", "docker", |t| t.cpu_shares(500).memory_mb(256)).dynamic_port("http")
    ///     })
    ///     .constraint("${attr.kernel.name}", Operand::Eq, "linux")
    ///     .spread("${node.datacenter}", 100, [("dc1", 70), ("dc2", 30)])
    ///     .build()?;
    /// assert_eq!(job.task_groups[0].count(), 3);
    ///
    /// let errors = Job::builder("web")
    ///     .group("front", 3, |g| g.task("nginx", "docker", |t| t.memory_mb(-1)))
    ///     .constraint("${attr.kernel.name}", "~", "linux")
    ///     .build()
    ///     .unwrap_err();
    /// let paths: Vec<_> = errors.problems().iter().map(|problem| problem.path()).collect();
    /// assert_eq!(paths, ["Constraints[0].Operand", "TaskGroups[0].Tasks[0].Resources.MemoryMB"]);
    /// # Ok::<(), stowplan::model::JobErrors>(())
    /// ```
    pub fn builder(id: impl Into<String>) -> JobBuilder {
        JobBuilder { spec: JobSpec { id: id.into(), ..JobSpec::default() } }
    }
}

impl JobBuilder {
    /// The job, valid and complete.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, each with its path in the document.
    pub fn build(self) -> Result<Job, JobErrors> {
        Job::new(self.spec)
    }

    /// Its name, for people.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.spec.name = name.into();
        self
    }

    /// The namespace in which its ID is unique.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.spec.namespace = namespace.into();
        self
    }

    /// How its allocations come and go.
    pub fn job_type(mut self, job_type: JobType) -> Self {
        job_type.as_str().clone_into(&mut self.spec.job_type);
        self
    }

    /// How important it is, 1 to 100.
    pub fn priority(mut self, priority: i64) -> Self {
        self.spec.priority = Some(priority);
        self
    }

    /// Adds a datacenter that it may run in; `*` in it matches any text.
    pub fn datacenter(mut self, datacenter: impl Into<String>) -> Self {
        self.spec.datacenters.push(datacenter.into());
        self
    }

    /// The pool of nodes that it may run on; `all` is every pool.
    pub fn pool(mut self, pool: impl Into<String>) -> Self {
        self.spec.node_pool = pool.into();
        self
    }

    /// Whether it is placed whole or not at all.
    pub fn all_at_once(mut self, all_at_once: bool) -> Self {
        self.spec.all_at_once = all_at_once;
        self
    }

    /// Adds a fact for the tasks.
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.spec.meta.insert(key.into(), value.into());
        self
    }

    /// Adds a group of `count` allocations, with what the closure gives it.
    pub fn group(
        mut self,
        name: impl Into<String>,
        count: u32,
        build: impl FnOnce(GroupBuilder) -> GroupBuilder,
    ) -> Self {
        let count = Some(i64::from(count));
        let spec = TaskGroup { name: name.into(), count, ..TaskGroup::default() };
        push_large(&mut self.spec.task_groups, build(GroupBuilder { spec }).spec);
        self
    }

    rules!();
    spreads!();
    everything!(JobSpec);
}

impl GroupBuilder {
    /// Adds a task that a driver runs, with what the closure gives it.
    pub fn task(
        mut self,
        name: impl Into<String>,
        driver: impl Into<String>,
        build: impl FnOnce(TaskBuilder) -> TaskBuilder,
    ) -> Self {
        let spec = Task { name: name.into(), driver: driver.into(), ..Task::default() };
        push_large(&mut self.spec.tasks, build(TaskBuilder { spec }).spec);
        self
    }

    /// MB of disk that the tasks share; where not said, 300.
    pub fn disk_mb(mut self, disk_mb: i64) -> Self {
        let disk = self.spec.ephemeral_disk.get_or_insert_with(EphemeralDisk::default);
        disk.size_mb = Some(disk_mb);
        self
    }

    /// The mode of the group's network: `host` (where not said), `bridge`, `none` or `cni/<name>`.
    pub fn network_mode(mut self, mode: impl Into<String>) -> Self {
        self.network(|network| network.mode = mode.into());
        self
    }

    /// Adds a host volume by its alias and its name on the nodes.
    pub fn host_volume(
        mut self,
        alias: impl Into<String>,
        source: impl Into<String>,
        read_only: bool,
    ) -> Self {
        let request = VolumeRequest {
            volume_type: "host".to_owned(),
            source: source.into(),
            read_only,
            ..VolumeRequest::default()
        };
        self.spec.volumes.insert(alias.into(), request);
        self
    }

    /// How many of the group's allocations should leave their nodes at once.
    pub fn migrate_max_parallel(mut self, max_parallel: i64) -> Self {
        let migrate = self.spec.migrate.get_or_insert_with(MigrateStrategy::default);
        migrate.max_parallel = Some(max_parallel);
        self
    }

    /// Adds a fact for the tasks.
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.spec.meta.insert(key.into(), value.into());
        self
    }

    fn network(&mut self, change: impl FnOnce(&mut NetworkResource)) {
        change_network(&mut self.spec.networks, change);
    }

    rules!();
    spreads!();
    ports!();
    everything!(TaskGroup);
}

impl TaskBuilder {
    /// MHz; where not said, 100, or 0 beside whole cores.
    pub fn cpu_shares(mut self, mhz: i64) -> Self {
        self.resources().cpu = Some(mhz);
        self
    }

    /// Whole cores for the task alone.
    pub fn cores(mut self, cores: i64) -> Self {
        self.resources().cores = Some(cores);
        self
    }

    /// MB of memory; where not said, 300.
    pub fn memory_mb(mut self, memory_mb: i64) -> Self {
        self.resources().memory_mb = Some(memory_mb);
        self
    }

    /// MB of memory that the task may use where there is room; -1 is no limit.
    pub fn memory_max_mb(mut self, memory_max_mb: i64) -> Self {
        self.resources().memory_max_mb = Some(memory_max_mb);
        self
    }

    /// Bandwidth of the task's own network in MBit/s.
    pub fn mbits(mut self, mbits: i64) -> Self {
        self.network(|network| network.mbits = Some(mbits));
        self
    }

    /// Adds a request for `count` devices: `gpu`, `nvidia/gpu` or `nvidia/gpu/1080ti` for instance.
    pub fn device(self, name: impl Into<String>, count: u32) -> Self {
        self.device_with(name, count, |device| device)
    }

    /// Adds a request for `count` devices, with what the closure gives it.
    pub fn device_with(
        mut self,
        name: impl Into<String>,
        count: u32,
        build: impl FnOnce(DeviceRequestBuilder) -> DeviceRequestBuilder,
    ) -> Self {
        let count = Some(i64::from(count));
        let spec = RequestedDevice { name: name.into(), count, ..RequestedDevice::default() };
        self.resources().devices.push(build(DeviceRequestBuilder { spec }).spec);
        self
    }

    /// Makes it run at a point of the allocation's life rather than all along: `prestart`, `poststart`
    /// or `poststop`. A sidecar of the first two kinds goes on beside the main tasks.
    pub fn lifecycle(mut self, hook: impl Into<String>, sidecar: bool) -> Self {
        self.spec.lifecycle =
            Some(Lifecycle { hook: hook.into(), sidecar, ..Lifecycle::default() });
        self
    }

    /// Adds a fact for the task.
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.spec.meta.insert(key.into(), value.into());
        self
    }

    fn resources(&mut self) -> &mut Resources {
        self.spec.resources.get_or_insert_with(Resources::default)
    }

    fn network(&mut self, change: impl FnOnce(&mut NetworkResource)) {
        change_network(&mut self.resources().networks, change);
    }

    rules!();
    ports!();
    everything!(Task);
}

impl DeviceRequestBuilder {
    rules!();
    everything!(RequestedDevice);
}

/// Changes the only network of a group or a task, which is made where there is none.
fn change_network(networks: &mut Vec<NetworkResource>, change: impl FnOnce(&mut NetworkResource)) {
    if networks.is_empty() {
        networks.push(NetworkResource::default());
    }
    if let Some(network) = networks.first_mut() {
        change(network);
    }
}

/// Adds something large to a list that mostly gets no other.
fn push_large<T>(list: &mut Vec<T>, item: T) {
    if list.is_empty() {
        list.reserve_exact(1);
    }
    list.push(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_said_is_in_the_document() {
        let job = Job::builder("train")
            .name("Training")
            .namespace("ml")
            .job_type(JobType::Batch)
            .priority(70)
            .datacenter("dc1")
            .datacenter("eu-*")
            .pool("gpu")
            .all_at_once(true)
            .meta("team", "vision")
            .affinity("${meta.rack}", "=", "r1", -50)
            .even_spread("${node.datacenter}", 20)
            .distinct_hosts()
            .group("workers", 2, |g| {
                g.task("prepare", "exec", |t| t.lifecycle("prestart", false).meta("a", "b"))
                    .task("train", "docker", |t| {
                        t.cores(2).memory_mb(1024).memory_max_mb(-1).mbits(50).device_with(
                            "nvidia/gpu",
                            2,
                            |d| d.constraint("${device.attr.memory}", Operand::Ge, "8 GiB"),
                        )
                    })
                    .disk_mb(5000)
                    .network_mode("bridge")
                    .static_port("http", 8080)
                    .dynamic_port("admin")
                    .host_volume("data", "scratch", true)
                    .migrate_max_parallel(1)
                    .meta("k", "v")
                    .distinct_property("${meta.rack}", 2)
            })
            .with(|spec| spec.version = 3)
            .build()
            .unwrap();
        assert_eq!(job.job_type(), JobType::Batch);
        assert_eq!((job.priority(), job.version, job.all_at_once), (70, 3, true));
        assert_eq!(job.datacenters, ["dc1", "eu-*"]);
        assert_eq!((job.namespace.as_str(), job.node_pool.as_str()), ("ml", "gpu"));
        assert_eq!((job.affinities[0].weight(), job.spreads[0].weight()), (-50, 20));
        assert_eq!(job.constraints[0].operand, Operand::DistinctHosts);
        let group = job.group("workers").unwrap();
        assert_eq!((group.count(), group.disk_mb(), group.migrate_max_parallel()), (2, 5000, 1));
        let network = group.network().unwrap();
        assert_eq!((network.mode(), network.reserved_ports[0].value), ("bridge", 8080));
        assert_eq!(network.dynamic_ports[0].host_network(), "default");
        assert_eq!(group.volumes["data"].name, "data");
        assert_eq!(group.volumes["data"].access_mode(), "single-node-reader-only");
        assert_eq!(group.constraints[0].to_string(), "${meta.rack} distinct_property 2");
        let task = group.task("train").unwrap();
        assert_eq!((task.cpu_mhz(), task.cores(), task.memory_max_mb()), (0, 2, -1));
        assert_eq!((task.devices()[0].count(), task.network().unwrap().mbits()), (2, 50));
        assert_eq!(group.tasks[0].cpu_mhz(), 100);
    }
}
