//! Whether what runs must be replaced to run another version of its job (docs/lifecycle.md, section 3,
//! *Destructive changes*).

use indexmap::IndexMap;
use serde_json::Value;

use crate::model::{JobSpec, Resources, Task, TaskGroup};

/// What of a group's other keys changes what runs.
const GROUP_KEYS: [&str; 1] = ["Consul"];
/// What of a task's other keys changes what runs.
const TASK_KEYS: [&str; 11] = [
    "User",
    "Config",
    "Env",
    "Artifacts",
    "Vault",
    "Consul",
    "Templates",
    "Identity",
    "Identities",
    "VolumeMounts",
    "CSIPluginConfig",
];

/// Whether an allocation of a group has to be replaced when its job changes from one version to
/// another.
pub(crate) fn tasks_updated(old: &JobSpec, new: &JobSpec, group: &str) -> bool {
    let find = |job: &JobSpec| job.task_groups.iter().position(|it| it.name == group);
    let (Some(before), Some(after)) = (find(old), find(new)) else { return true };
    let (before, after) = (&old.task_groups[before], &new.task_groups[after]);
    before.tasks.len() != after.tasks.len()
        || before.ephemeral_disk != after.ephemeral_disk
        || before.networks != after.networks
        || before.volumes != after.volumes
        || renders_templates(before) != renders_templates(after)
        || connects(before.extra.get("Services")) != connects(after.extra.get("Services"))
        || GROUP_KEYS.iter().any(|key| differ(before.extra.get(*key), after.extra.get(*key)))
        || before.tasks.iter().any(|task| {
            let same = after.tasks.iter().find(|it| it.name == task.name);
            same.is_none_or(|same| {
                task_updated(task, same) || meta(old, before, task) != meta(new, after, same)
            })
        })
}

fn task_updated(before: &Task, after: &Task) -> bool {
    before.driver != after.driver
        || sizes(before) != sizes(after)
        || before.secrets != after.secrets
        || is_unlogged(before) != is_unlogged(after)
        || TASK_KEYS.iter().any(|key| differ(before.extra.get(*key), after.extra.get(*key)))
}

/// What a task asks for, but for what its node does not set aside for it: what it may read and write a
/// second, and disk, which is the group's.
fn sizes(task: &Task) -> Option<Resources> {
    let resources = task.resources.clone()?;
    Some(Resources { iops: None, disk_mb: None, ..resources })
}

/// The facts that a task sees: its own over its group's over its job's.
fn meta<'a>(job: &'a JobSpec, group: &'a TaskGroup, task: &'a Task) -> IndexMap<&'a str, &'a str> {
    let all = job.meta.iter().chain(&group.meta).chain(&task.meta);
    all.map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

fn renders_templates(group: &TaskGroup) -> bool {
    group.restart_policy.as_ref().and_then(|it| it.render_templates).unwrap_or_default()
}

fn is_unlogged(task: &Task) -> bool {
    task.log_config.as_ref().is_some_and(|logs| logs.disabled)
}

/// How services take part in a mesh, which needs tasks and ports of its own.
fn connects(services: Option<&Value>) -> Vec<&Value> {
    let services = services.and_then(Value::as_array);
    let connects = services.into_iter().flatten().filter_map(|it| it.get("Connect"));
    connects.filter(|it| !is_blank(it)).collect()
}

/// Whether two values of a key differ, absent ones being blank.
fn differ(before: Option<&Value>, after: Option<&Value>) -> bool {
    let present = |value: Option<&Value>| value.filter(|value| !is_blank(value)).cloned();
    present(before) != present(after)
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(_) => false,
        Value::String(value) => value.is_empty(),
        Value::Array(value) => value.is_empty(),
        Value::Object(value) => value.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn updated(change: impl Fn(&mut Value)) -> bool {
        let job = json!({"ID": "web", "Meta": {"a": "1"}, "TaskGroups": [{
            "Name": "front", "Count": 1, "Meta": {"b": "1"},
            "EphemeralDisk": {"SizeMB": 10},
            "Services": [{"Name": "front"}],
            "Tasks": [{
                "Name": "main", "Driver": "exec", "Config": {"command": "a"}, "KillTimeout": 1,
                "Resources": {"CPU": 20, "MemoryMB": 20}, "LogConfig": {"MaxFiles": 1},
            }],
        }]});
        let mut other = job.clone();
        change(&mut other);
        let read = |value: &Value| serde_json::from_value::<JobSpec>(value.clone()).unwrap();
        tasks_updated(&read(&job), &read(&other), "front")
    }

    #[test]
    fn what_stays() {
        assert!(!updated(|_| ()));
        assert!(!updated(|job| job["TaskGroups"][0]["Count"] = json!(5)));
        assert!(!updated(|job| job["Priority"] = json!(70)));
        assert!(!updated(|job| job["TaskGroups"][0]["Tasks"][0]["KillTimeout"] = json!(9)));
        assert!(!updated(|job| job["TaskGroups"][0]["Tasks"][0]["Env"] = json!(null)));
        assert!(!updated(|job| job["TaskGroups"][0]["Services"][0]["Name"] = json!("b")));
        let logs = |job: &mut Value| {
            job["TaskGroups"][0]["Tasks"][0]["LogConfig"] = json!({"MaxFiles": 5});
        };
        assert!(!updated(logs));
        // The task sees the same facts as before.
        let moved = |job: &mut Value| {
            job["Meta"] = json!({});
            job["TaskGroups"][0]["Meta"] = json!({"a": "1", "b": "1"});
        };
        assert!(!updated(moved));
    }

    #[test]
    fn what_is_replaced() {
        let group =
            |key: &str, value: Value| updated(|job| job["TaskGroups"][0][key] = value.clone());
        let task = |key: &str, value: Value| {
            updated(|job| job["TaskGroups"][0]["Tasks"][0][key] = value.clone())
        };
        assert!(group("Name", json!("back")));
        assert!(group("EphemeralDisk", json!({"SizeMB": 11})));
        assert!(group("Networks", json!([{"Mode": "host"}])));
        assert!(group("Meta", json!({"b": "2"})));
        assert!(group("RestartPolicy", json!({"RenderTemplates": true})));
        assert!(group("Services", json!([{"Connect": {"Native": true}}])));
        assert!(task("Name", json!("other")));
        assert!(task("Driver", json!("docker")));
        assert!(task("Config", json!({"command": "b"})));
        assert!(task("Env", json!({"A": "1"})));
        assert!(task("Resources", json!({"CPU": 21, "MemoryMB": 20})));
        assert!(task("LogConfig", json!({"Disabled": true})));
    }
}
