//! Allocations of a scenario, as documents of the API.

use serde_json::{Map, Value, json};

use crate::documents::{add_json, parts};
use crate::words::{Line, numbers};

const ALLOCATION_WORDS: &str = "job= group= node= index= priority= max-parallel= desired= client= \
    cpu= memory= memory-max= disk= without-job";

/// The document of `alloc ID ...`, without its job. What it holds is what the group of its job asks
/// for, where that is known, unless the line says otherwise.
pub(crate) fn allocation(
    line: &Line,
    job_id: &str,
    namespace: &str,
    group: Option<&Value>,
) -> Value {
    line.only(2, ALLOCATION_WORDS);
    line.only_below("port network device cores task json");
    let group_name = group.and_then(|it| it["Name"].as_str()).or(line.value("group"));
    let group_name = group_name.unwrap_or("group");
    let index = line.number("index").unwrap_or(0);
    let asked_disk = group.and_then(|it| it["EphemeralDisk"]["SizeMB"].as_i64());
    let (tasks, lifecycles) = held_by_tasks(line, group);
    let mut document = json!({
        "ID": line.word(1),
        "Namespace": namespace,
        "Name": format!("{job_id}.{group_name}[{index}]"),
        "NodeID": line.value("node").unwrap_or(""),
        "JobID": job_id,
        "TaskGroup": group_name,
        "DesiredStatus": line.value("desired").unwrap_or("run"),
        "ClientStatus": line.value("client").unwrap_or("running"),
        "AllocatedResources": {
            "Tasks": tasks,
            "TaskLifecycles": lifecycles,
            "Shared": {
                "DiskMB": line.number("disk").or(asked_disk).unwrap_or(0),
                "Ports": line.below("port").map(port).collect::<Vec<_>>(),
            },
        },
    });
    add_json(line, &mut document);
    document
}

/// What the tasks of an allocation hold, and when they run.
fn held_by_tasks(line: &Line, group: Option<&Value>) -> (Map<String, Value>, Map<String, Value>) {
    let mut held = Map::new();
    let mut lifecycles = Map::new();
    let asked = group.and_then(|it| it["Tasks"].as_array()).map_or(&[][..], Vec::as_slice);
    if line.below("task").next().is_some() {
        for task in line.below("task") {
            held.insert(task.word(1).into(), holdings(task, None));
            if let Some(hook) = task.value("hook") {
                let lifecycle = json!({"Hook": hook, "Sidecar": task.has("sidecar")});
                lifecycles.insert(task.word(1).into(), lifecycle);
            }
        }
    } else if asked.is_empty() {
        held.insert("task".into(), holdings(line, None));
    }
    for task in asked.iter().filter(|_| line.below("task").next().is_none()) {
        let name = task["Name"].as_str().unwrap();
        held.insert(name.into(), holdings(line, Some(&task["Resources"])));
        lifecycles.insert(name.into(), task["Lifecycle"].clone());
    }
    (held, lifecycles)
}

/// What a task of an allocation holds.
fn holdings(line: &Line, asked: Option<&Value>) -> Value {
    if line.head() == "task" {
        line.only(2, "cpu= memory= memory-max= hook= sidecar");
        line.only_below("network device cores");
    }
    let amount = |key: &str, asked_key: &str| {
        line.number(key).or_else(|| asked?[asked_key].as_i64()).unwrap_or(0)
    };
    let cores = line.below("cores").next().map(|cores| numbers(cores.word(1)));
    json!({
        "Cpu": {"CpuShares": amount("cpu", "CPU"), "ReservedCores": cores},
        "Memory": {
            "MemoryMB": amount("memory", "MemoryMB"),
            "MemoryMaxMB": amount("memory-max", "MemoryMaxMB"),
        },
        "Networks": line.below("network").map(held_network).collect::<Vec<_>>(),
        "Devices": line.below("device").map(held_device).collect::<Vec<_>>(),
    })
}

/// `port label=ip:number`: a port of the group.
fn port(line: &Line) -> Value {
    line.only(2, "ignore-collision");
    let (label, address) = line.word(1).split_once('=').unwrap();
    let (ip, value) = address.rsplit_once(':').unwrap();
    let ignore = line.has("ignore-collision");
    let value: i64 = value.parse().unwrap();
    json!({"Label": label, "HostIP": ip, "Value": value, "IgnoreCollision": ignore})
}

/// `network device [ip=..] [mbits=..] [ports=..]`: the network of a task.
fn held_network(line: &Line) -> Value {
    line.only(2, "ip= mbits= ports=");
    let ports = numbers(line.value("ports").unwrap_or_default());
    let port = |value: i64| json!({"Label": format!("p{value}"), "Value": value});
    json!({
        "Device": line.word(1),
        "IP": line.value("ip").unwrap_or(""),
        "MBits": line.number("mbits"),
        "ReservedPorts": ports.into_iter().map(port).collect::<Vec<_>>(),
    })
}

/// `device vendor/type/model id id ...`.
fn held_device(line: &Line) -> Value {
    let [vendor, device_type, name] = parts(line, line.word(1));
    json!({"Vendor": vendor, "Type": device_type, "Name": name, "DeviceIDs": line.words[2..]})
}
