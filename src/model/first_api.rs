//! Jobs of the first API as they are written: with that API's keys and the bookkeeping, so that
//! putting back what was read changes nothing. Keys that a task has beyond that, and keys that
//! scheduling does not know, are written as they came.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::document::{Extra, is_default};
use super::era::Era;
use super::job_spec::{JobSpec, Task, TaskGroup};
use super::network::{NetworkResource, Port};
use super::resources::Resources;

/// Writes the job in the API of its era.
impl Serialize for JobSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match Era::of(self) {
            Some(Era::First) => job(self, serializer),
            Some(Era::Today) | None => JobSpec::serialize(self, serializer),
        }
    }
}

/// Writes a job.
fn job<S: Serializer>(job: &JobSpec, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("Region", &job.region)?;
    map.serialize_entry("ID", &job.id)?;
    map.serialize_entry("Name", &job.name)?;
    map.serialize_entry("Type", &job.job_type)?;
    map.serialize_entry("Priority", &job.priority)?;
    map.serialize_entry("AllAtOnce", &job.all_at_once)?;
    map.serialize_entry("Datacenters", &job.datacenters)?;
    map.serialize_entry("Constraints", &NullWhenEmpty(&job.constraints))?;
    let groups: Vec<Group<'_>> = job.task_groups.iter().map(Group).collect();
    map.serialize_entry("TaskGroups", &NullWhenEmpty(&groups))?;
    map.serialize_entry("Update", &job.update)?;
    map.serialize_entry("Meta", &(!job.meta.is_empty()).then_some(&job.meta))?;
    map.serialize_entry("Status", &job.status)?;
    map.serialize_entry("StatusDescription", &job.status_description)?;
    map.serialize_entry("CreateIndex", &job.create_index)?;
    map.serialize_entry("ModifyIndex", &job.modify_index)?;
    map.serialize_entry("JobModifyIndex", &job.job_modify_index)?;
    map.serialize_entry("Namespace", &job.namespace)?;
    map.serialize_entry("NodePool", &job.node_pool)?;
    map.serialize_entry("Version", &job.version)?;
    map.serialize_entry("Stable", &job.stable)?;
    map.serialize_entry("Stop", &job.stop)?;
    map.serialize_entry("SubmitTime", &job.submit_time)?;
    extra(&mut map, &job.extra)?;
    map.end()
}

/// A group.
struct Group<'a>(&'a TaskGroup);

impl Serialize for Group<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Group(group) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("Name", &group.name)?;
        map.serialize_entry("Count", &group.count)?;
        map.serialize_entry("Constraints", &NullWhenEmpty(&group.constraints))?;
        let tasks: Vec<OfTask<'_>> = group.tasks.iter().map(OfTask).collect();
        map.serialize_entry("Tasks", &NullWhenEmpty(&tasks))?;
        map.serialize_entry("Meta", &(!group.meta.is_empty()).then_some(&group.meta))?;
        extra(&mut map, &group.extra)?;
        map.end()
    }
}

/// A task.
struct OfTask<'a>(&'a Task);

impl Serialize for OfTask<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let OfTask(task) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("Name", &task.name)?;
        map.serialize_entry("Driver", &task.driver)?;
        map.serialize_entry("Constraints", &NullWhenEmpty(&task.constraints))?;
        map.serialize_entry("Resources", &task.resources.as_ref().map(OfResources))?;
        map.serialize_entry("Meta", &(!task.meta.is_empty()).then_some(&task.meta))?;
        entry_unless_default(&mut map, "Affinities", &task.affinities)?;
        entry_unless_default(&mut map, "Lifecycle", &task.lifecycle)?;
        entry_unless_default(&mut map, "Secrets", &task.secrets)?;
        entry_unless_default(&mut map, "KillTimeout", &task.kill_timeout)?;
        entry_unless_default(&mut map, "RestartPolicy", &task.restart_policy)?;
        entry_unless_default(&mut map, "LogConfig", &task.log_config)?;
        extra(&mut map, &task.extra)?;
        map.end()
    }
}

/// What a task asks for.
struct OfResources<'a>(&'a Resources);

impl Serialize for OfResources<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let OfResources(resources) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("CPU", &resources.cpu)?;
        map.serialize_entry("MemoryMB", &resources.memory_mb)?;
        map.serialize_entry("DiskMB", &resources.disk_mb)?;
        map.serialize_entry("IOPS", &resources.iops)?;
        let networks: Vec<OfNetwork<'_>> = resources.networks.iter().map(OfNetwork).collect();
        map.serialize_entry("Networks", &NullWhenEmpty(&networks))?;
        entry_unless_default(&mut map, "Cores", &resources.cores)?;
        entry_unless_default(&mut map, "MemoryMaxMB", &resources.memory_max_mb)?;
        entry_unless_default(&mut map, "Devices", &resources.devices)?;
        entry_unless_default(&mut map, "SecretsMB", &resources.secrets_mb)?;
        entry_unless_default(&mut map, "NUMA", &resources.numa)?;
        extra(&mut map, &resources.extra)?;
        map.end()
    }
}

/// A network that a task asks for.
struct OfNetwork<'a>(&'a NetworkResource);

impl Serialize for OfNetwork<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let OfNetwork(network) = self;
        let mut map = serializer.serialize_map(None)?;
        entry_unless_default(&mut map, "Mode", &network.mode)?;
        map.serialize_entry("Device", &network.device)?;
        map.serialize_entry("CIDR", &network.cidr)?;
        map.serialize_entry("IP", &network.ip)?;
        map.serialize_entry("MBits", &network.mbits)?;
        let reserved: Vec<OfPort<'_>> = network.reserved_ports.iter().map(OfPort).collect();
        map.serialize_entry("ReservedPorts", &NullWhenEmpty(&reserved))?;
        let dynamic: Vec<OfPort<'_>> = network.dynamic_ports.iter().map(OfPort).collect();
        map.serialize_entry("DynamicPorts", &NullWhenEmpty(&dynamic))?;
        extra(&mut map, &network.extra)?;
        map.end()
    }
}

/// A port: a number or a label alone, or an object where it says more.
struct OfPort<'a>(&'a Port);

impl Serialize for OfPort<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let OfPort(port) = self;
        if **port == (Port { value: port.value, ..Port::default() }) {
            return serializer.serialize_i64(port.value);
        }
        if **port == (Port { label: port.label.clone(), ..Port::default() }) {
            return serializer.serialize_str(&port.label);
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("Label", &port.label)?;
        map.serialize_entry("Value", &port.value)?;
        entry_unless_default(&mut map, "To", &port.to)?;
        entry_unless_default(&mut map, "HostNetwork", &port.host_network)?;
        entry_unless_default(&mut map, "IgnoreCollision", &port.ignore_collision)?;
        extra(&mut map, &port.extra)?;
        map.end()
    }
}

/// A list that is `null` without elements, as the first API writes it.
struct NullWhenEmpty<'a, T>(&'a [T]);

impl<T: Serialize> Serialize for NullWhenEmpty<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            [] => serializer.serialize_none(),
            list => serializer.collect_seq(list),
        }
    }
}

/// Writes a key that the first API did not have, where the document says something under it.
fn entry_unless_default<M: SerializeMap, T: Serialize + Default + PartialEq>(
    map: &mut M,
    key: &str,
    value: &T,
) -> Result<(), M::Error> {
    if is_default(value) { Ok(()) } else { map.serialize_entry(key, value) }
}

/// Writes the keys that scheduling does not know.
fn extra<M: SerializeMap>(map: &mut M, extra: &Extra) -> Result<(), M::Error> {
    extra.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))
}
