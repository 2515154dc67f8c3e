//! Documents as replies have them: with every key that the API has, of either era.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::engine::node_events;
use crate::model::{Allocation, Era, Evaluation, JobSpec, NodeSpec};

/// What stands under a key where the document says nothing.
#[derive(Clone, Copy)]
enum Absent {
    Null,
    False,
    Zero,
    Text,
    /// An empty list, or an empty object.
    Object,
}

use Absent::{False, Null, Object, Text, Zero};

/// Keys of jobs of today's shape.
const JOB: [(&str, Absent); 20] = [
    ("ConsulNamespace", Text),
    ("ConsulToken", Text),
    ("DispatchIdempotencyToken", Text),
    ("Dispatched", False),
    ("Multiregion", Null),
    ("NomadTokenID", Text),
    ("ParameterizedJob", Null),
    ("ParentID", Text),
    ("Payload", Null),
    ("Periodic", Null),
    ("Stable", False),
    ("Status", Text),
    ("StatusDescription", Text),
    ("Stop", False),
    ("SubmitTime", Zero),
    ("UI", Null),
    ("Update", Null),
    ("VaultNamespace", Text),
    ("VaultToken", Text),
    ("VersionTag", Null),
];

const GROUP: [(&str, Absent); 16] = [
    ("Consul", Null),
    ("Disconnect", Null),
    ("EphemeralDisk", Null),
    ("MaxClientDisconnect", Null),
    ("MaxRunDuration", Null),
    ("Migrate", Null),
    ("PreventRescheduleOnLost", Null),
    ("ReschedulePolicy", Null),
    ("RestartPolicy", Null),
    ("Scaling", Null),
    ("Services", Null),
    ("ShutdownDelay", Null),
    ("StopAfterClientDisconnect", Null),
    ("Update", Null),
    ("Volumes", Null),
    ("Networks", Null),
];

const TASK: [(&str, Absent); 22] = [
    ("Artifacts", Null),
    ("CSIPluginConfig", Null),
    ("Config", Null),
    ("Consul", Null),
    ("DispatchPayload", Null),
    ("Env", Null),
    ("Identities", Null),
    ("KillSignal", Text),
    ("KillTimeout", Zero),
    ("Kind", Text),
    ("Leader", False),
    ("Lifecycle", Null),
    ("LogConfig", Null),
    ("RestartPolicy", Null),
    ("ScalingPolicies", Null),
    ("Schedule", Null),
    ("Services", Null),
    ("ShutdownDelay", Zero),
    ("Templates", Null),
    ("User", Text),
    ("Vault", Null),
    ("VolumeMounts", Null),
];

const RESOURCES: [(&str, Absent); 8] = [
    ("CPU", Zero),
    ("Cores", Zero),
    ("Devices", Null),
    ("DiskMB", Zero),
    ("IOPS", Zero),
    ("MemoryMB", Zero),
    ("MemoryMaxMB", Zero),
    ("Networks", Null),
];

/// The first API shows all of them, today's leaves them out where they say nothing.
const EVALUATION: [(&str, Absent); 11] = [
    ("BlockedEval", Text),
    ("DeploymentID", Text),
    ("JobModifyIndex", Zero),
    ("NextEval", Text),
    ("NodeID", Text),
    ("NodeModifyIndex", Zero),
    ("PreviousEval", Text),
    ("SnapshotIndex", Zero),
    ("StatusDescription", Text),
    ("Wait", Zero),
    ("WaitUntil", Null),
];

/// What replies leave out where an evaluation says nothing.
const EVALUATION_REST: [(&str, Absent); 7] = [
    ("AnnotatePlan", False),
    ("ClassEligibility", Null),
    ("EscapedComputedClass", False),
    ("FailedTGAllocs", Null),
    ("PlanAnnotations", Null),
    ("QueuedAllocations", Null),
    ("QuotaLimitReached", Text),
];

const ALLOCATION: [(&str, Absent); 16] = [
    ("AllocModifyIndex", Zero),
    ("AllocStates", Null),
    ("ClientDescription", Text),
    ("CreateTime", Zero),
    ("DeploymentID", Text),
    ("DeploymentStatus", Null),
    ("DesiredDescription", Text),
    ("FollowupEvalID", Text),
    ("Metrics", Null),
    ("ModifyTime", Zero),
    ("NetworkStatus", Null),
    ("NextAllocation", Text),
    ("PreviousAllocation", Text),
    ("RescheduleTracker", Null),
    ("TaskStates", Null),
    ("DesiredTransition", Object),
];

const METRICS: [(&str, Absent); 14] = [
    ("AllocationTime", Zero),
    ("ClassExhausted", Null),
    ("ClassFiltered", Null),
    ("CoalescedFailures", Zero),
    ("ConstraintFiltered", Null),
    ("DimensionExhausted", Null),
    ("NodesAvailable", Null),
    ("NodesEvaluated", Zero),
    ("NodesExhausted", Zero),
    ("NodesFiltered", Zero),
    ("QuotaExhausted", Null),
    ("ResourcesExhausted", Null),
    ("ScoreMetaData", Null),
    ("Scores", Null),
];

const NODE: [(&str, Absent); 19] = [
    ("CSIControllerPlugins", Null),
    ("CSINodePlugins", Null),
    ("ComputedClass", Text),
    ("CreateIndex", Zero),
    ("DrainStrategy", Null),
    ("HTTPAddr", Text),
    ("HostVolumes", Null),
    ("LastDrain", Null),
    ("Links", Null),
    ("NodePool", Text),
    ("NodeResources", Null),
    ("Reserved", Null),
    ("ReservedResources", Null),
    ("Resources", Null),
    ("StatusDescription", Text),
    ("StatusUpdatedAt", Zero),
    ("TLSEnabled", False),
    ("HostNetworks", Null),
    ("CgroupParent", Text),
];

/// Puts keys into an object that it does not have, or has nothing under.
fn complete(object: &mut Map<String, Value>, keys: &[(&str, Absent)]) {
    for (key, absent) in keys {
        if object.get(*key).is_none_or(Value::is_null) {
            object.insert((*key).to_owned(), absent.value());
        }
    }
}

impl Absent {
    fn value(self) -> Value {
        match self {
            Null => Value::Null,
            False => Value::Bool(false),
            Zero => json!(0),
            Text => json!(""),
            Object => json!({}),
        }
    }
}

/// A document as an object; an empty one where it is none.
fn object(document: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(document) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// A job. One of the first API has that API's keys, so that it can be put back as it is.
pub(super) fn job(job: &JobSpec) -> Value {
    let mut document = object(job);
    if is_of_today(&document) {
        complete(&mut document, &JOB);
        for group in members(&mut document, "TaskGroups") {
            complete(group, &GROUP);
            for task in members(group, "Tasks") {
                complete(task, &TASK);
                if let Some(Value::Object(resources)) = task.get_mut("Resources") {
                    complete(resources, &RESOURCES);
                }
            }
        }
    }
    Value::Object(document)
}

/// A job for filters, which may ask for any key, whatever its era.
pub(super) fn whole_job(spec: &JobSpec) -> Value {
    let mut document = job(spec);
    if let Some(document) = document.as_object_mut() {
        complete(document, &JOB);
        let own = [
            ("Namespace", json!(spec.namespace)),
            ("NodePool", json!(spec.node_pool)),
            ("Version", json!(spec.version)),
            ("JobModifyIndex", json!(spec.job_modify_index)),
            ("Affinities", Value::Null),
            ("Spreads", Value::Null),
        ];
        for (key, value) in own {
            document.entry(key).or_insert(value);
        }
    }
    document
}

/// An evaluation for filters, with what others leave out where it says nothing.
pub(super) fn whole_evaluation(of: &Evaluation) -> Value {
    let mut document = evaluation(of);
    if let Some(document) = document.as_object_mut() {
        complete(document, &EVALUATION_REST);
    }
    document
}

/// Jobs are written in the API of their era, and only today's has affinities.
fn is_of_today(job: &Map<String, Value>) -> bool {
    job.contains_key("Affinities")
}

/// Takes out of a job what [`job`] put in, so that putting back what was read is no change. What a job of
/// the first API says stays as it is.
pub(super) fn take_back(job: &mut JobSpec) {
    if Era::of(job) == Some(Era::First) {
        return;
    }
    let take = |extra: &mut Map<String, Value>, keys: &[(&str, Absent)]| {
        let says_nothing = |key: &str, value: &Value| {
            value.is_null()
                || keys.iter().any(|(of, absent)| *of == key && *value == absent.value())
        };
        extra.retain(|key, value| !says_nothing(key, value));
    };
    take(&mut job.extra, &JOB);
    for group in &mut job.task_groups {
        take(&mut group.extra, &GROUP);
        for task in &mut group.tasks {
            take(&mut task.extra, &TASK);
            if let Some(asked) = &mut task.resources {
                take(&mut asked.extra, &RESOURCES);
                let amounts = [
                    &mut asked.cores,
                    &mut asked.memory_max_mb,
                    &mut asked.disk_mb,
                    &mut asked.iops,
                ];
                amounts.into_iter().filter(|it| **it == Some(0)).for_each(|it| *it = None);
            }
        }
    }
}

/// The objects of a list.
fn members<'a>(
    object: &'a mut Map<String, Value>,
    key: &str,
) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    let list = object.get_mut(key).and_then(Value::as_array_mut);
    list.into_iter().flatten().filter_map(Value::as_object_mut)
}

/// An evaluation.
pub(super) fn evaluation(evaluation: &Evaluation) -> Value {
    let mut document = object(evaluation);
    complete(&mut document, &EVALUATION);
    if let Some(Value::Object(failed)) = document.get_mut("FailedTGAllocs") {
        failed.values_mut().filter_map(Value::as_object_mut).for_each(|it| complete(it, &METRICS));
    }
    Value::Object(document)
}

/// An allocation with its job.
pub(super) fn allocation(allocation: &Allocation) -> Value {
    let mut document = object(allocation);
    complete(&mut document, &ALLOCATION);
    if let Some(spec) = &allocation.job {
        document.insert("Job".to_owned(), job(spec));
        document.entry("JobVersion").or_insert(json!(spec.version));
    }
    complete_resources(&mut document);
    if let Some(Value::Object(metrics)) = document.get_mut("Metrics") {
        complete(metrics, &METRICS);
    }
    Value::Object(document)
}

/// Each task of what an allocation holds has a place in its lifecycles, most of them none.
pub(super) fn complete_lifecycles(holds: &mut Map<String, Value>) {
    let tasks = holds.get("Tasks").and_then(Value::as_object);
    let names: Vec<String> = tasks.into_iter().flat_map(Map::keys).cloned().collect();
    let lifecycles = holds.entry("TaskLifecycles").or_insert_with(|| json!({}));
    if lifecycles.is_null() {
        *lifecycles = json!({});
    }
    if let Some(lifecycles) = lifecycles.as_object_mut() {
        for name in names {
            lifecycles.entry(name).or_insert(Value::Null);
        }
    }
}

/// What an allocation holds as the first API has it, made of what it holds as today's has it.
fn complete_resources(allocation: &mut Map<String, Value>) {
    if let Some(Value::Object(holds)) = allocation.get_mut("AllocatedResources") {
        complete_lifecycles(holds);
    }
    let holds = allocation.get("AllocatedResources").cloned().unwrap_or_default();
    let number =
        |value: &Value, path: &str| value.pointer(path).and_then(Value::as_i64).unwrap_or(0);
    let list = |value: &Value, path: &str| value.pointer(path).cloned().unwrap_or_default();
    let resources =
        |cpu: i64, memory_mb: i64, memory_max_mb: i64, disk_mb: i64, networks: Value| {
            json!({
                "CPU": cpu, "MemoryMB": memory_mb, "MemoryMaxMB": memory_max_mb, "DiskMB": disk_mb,
                "IOPS": 0, "Cores": 0, "Networks": networks, "Devices": null,
            })
        };
    let (mut cpu, mut memory, mut memory_max) = (0_i64, 0_i64, 0_i64);
    let disk = number(&holds, "/Shared/DiskMB");
    let networks = list(&holds, "/Shared/Networks");
    let mut all_networks = networks.as_array().cloned().unwrap_or_default();
    let mut tasks = Map::new();
    for (name, task) in holds.pointer("/Tasks").and_then(Value::as_object).into_iter().flatten() {
        let (task_cpu, task_memory) =
            (number(task, "/Cpu/CpuShares"), number(task, "/Memory/MemoryMB"));
        let task_max = number(task, "/Memory/MemoryMaxMB");
        cpu = cpu.saturating_add(task_cpu);
        memory = memory.saturating_add(task_memory);
        memory_max = memory_max.saturating_add(task_max.max(task_memory));
        let networks = list(task, "/Networks");
        all_networks.extend(networks.as_array().into_iter().flatten().cloned());
        tasks.insert(name.clone(), resources(task_cpu, task_memory, task_max, 0, networks));
    }
    let all_networks =
        if all_networks.is_empty() { Value::Null } else { Value::Array(all_networks) };
    let is_absent = |value: Option<&Value>| value.is_none_or(Value::is_null);
    if is_absent(allocation.get("Resources")) {
        let sum = resources(cpu, memory, memory_max, disk, all_networks);
        allocation.insert("Resources".to_owned(), sum);
    }
    if is_absent(allocation.get("TaskResources")) {
        let tasks = if tasks.is_empty() { Value::Null } else { Value::Object(tasks) };
        allocation.insert("TaskResources".to_owned(), tasks);
    }
    let shared = resources(0, 0, 0, disk, networks);
    allocation.entry("SharedResources").or_insert(shared);
}

/// A node. Its secret is nobody's business.
pub(super) fn node(node: &NodeSpec) -> Value {
    let mut document = object(node);
    complete(&mut document, &NODE);
    document.insert("SecretID".to_owned(), json!(""));
    document.insert("Events".to_owned(), node_events::events(node));
    let has = document.get("NodeResources").cloned().unwrap_or_default();
    let reserved = document.get("ReservedResources").cloned().unwrap_or_default();
    put_first_api(&mut document, "Resources", &has);
    put_first_api(&mut document, "Reserved", &reserved);
    Value::Object(document)
}

/// What a node has, or keeps back, as the first API has it, where the document does not say so itself.
fn put_first_api(node: &mut Map<String, Value>, key: &str, amounts: &Value) {
    if node.get(key).is_some_and(|value| !value.is_null()) {
        return;
    }
    let number = |path: &str| amounts.pointer(path).and_then(Value::as_i64).unwrap_or(0);
    let derived = json!({
        "CPU": number("/Cpu/CpuShares"), "MemoryMB": number("/Memory/MemoryMB"), "MemoryMaxMB": 0,
        "DiskMB": number("/Disk/DiskMB"), "IOPS": 0, "Cores": 0, "Networks": null, "Devices": null,
    });
    node.insert(key.to_owned(), derived);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::read;

    fn keys(value: &Value) -> Vec<&str> {
        value.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn a_job_of_the_first_api_is_as_it_was_written() {
        let text = r#"{"ID": "web", "Constraints": [{"Hard": false, "LTarget": "kernel.os", "RTarget": "linux",
            "Operand": "=", "Weight": 0}], "TaskGroups": [{"Name": "front", "Count": 1, "Tasks": [{"Name": "t",
            "Driver": "docker", "Resources": {"CPU": 500, "MemoryMB": 0, "DiskMB": 0, "IOPS": 0, "Networks": null}}]}],
            "Update": {"Stagger": 0, "MaxParallel": 0}}"#;
        let job = job(&read::job(text).unwrap());
        assert_eq!(job["Constraints"][0]["Hard"], false);
        assert!(!keys(&job).contains(&"ParentID"));
    }

    #[test]
    fn a_job_of_today_has_every_key() {
        let text = r#"{"ID": "web", "Affinities": [], "TaskGroups": [{"Name": "front", "Tasks": [{"Name": "t",
            "Resources": {"CPU": 500}}]}]}"#;
        let job = job(&read::job(text).unwrap());
        assert_eq!(job["ParentID"], "");
        let task = &job["TaskGroups"][0]["Tasks"][0];
        assert_eq!((&task["Leader"], &task["Resources"]["IOPS"]), (&json!(false), &json!(0)));
    }

    #[test]
    fn an_allocation_says_in_sum_what_it_holds() {
        let text = r#"{"ID": "a1", "AllocatedResources": {"Shared": {"DiskMB": 300},
            "Tasks": {"t": {"Cpu": {"CpuShares": 500}, "Memory": {"MemoryMB": 256}}}}}"#;
        let allocation = allocation(&serde_json::from_str(text).unwrap());
        assert_eq!(allocation["Resources"]["CPU"], 500);
        assert_eq!(allocation["Resources"]["MemoryMaxMB"], 256);
        assert_eq!(allocation["SharedResources"]["DiskMB"], 300);
        assert_eq!(allocation["TaskResources"]["t"]["MemoryMB"], 256);
    }

    #[test]
    fn a_node_keeps_its_secret() {
        let text =
            r#"{"ID": "n1", "SecretID": "hush", "NodeResources": {"Cpu": {"CpuShares": 4000}}}"#;
        let node = node(&serde_json::from_str(text).unwrap());
        assert_eq!((&node["SecretID"], &node["Resources"]["CPU"]), (&json!(""), &json!(4000)));
        assert_eq!(node["Reserved"]["CPU"], 0);
    }
}
