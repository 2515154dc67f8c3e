//! States in few words.

use serde_json::{Value, json};
use stowplan::schedule::Decision;

use crate::lifecycle::Question;

pub(crate) const NOW: &str = "2026-01-01T00:00:00Z";

/// A ready node with room for so many MHz.
pub(crate) fn node(id: &str, cpu_mhz: u64) -> Value {
    json!({
        "ID": id, "Name": id, "Datacenter": "dc1", "NodePool": "default", "Status": "ready",
        "SchedulingEligibility": "eligible", "Attributes": {"driver.exec": "1"},
        "NodeResources": {
            "Cpu": {"CpuShares": cpu_mhz}, "Memory": {"MemoryMB": 1_000_000},
            "Disk": {"DiskMB": 1_000_000},
        },
    })
}

/// A job of one group `web` of tasks of 100 MHz.
pub(crate) fn job(kind: &str, count: u64) -> Value {
    json!({
        "ID": "web", "Name": "web", "Type": kind, "Priority": 50, "Datacenters": ["dc1"],
        "TaskGroups": [{
            "Name": "web", "Count": count, "EphemeralDisk": {"SizeMB": 10},
            "Tasks": [{
                "Name": "main", "Driver": "exec", "Env": {"V": "0"},
                "Resources": {"CPU": 100, "MemoryMB": 20},
            }],
        }],
    })
}

/// An allocation of the group that runs.
pub(crate) fn allocation(number: usize, node: &str) -> Value {
    json!({
        "ID": format!("{number:08x}-0000-0000-0000-000000000000"), "Namespace": "default",
        "JobID": "web", "Name": format!("web.web[{number}]"), "TaskGroup": "web", "NodeID": node,
        "JobVersion": 0, "DesiredStatus": "run", "ClientStatus": "running",
        "CreateIndex": 100 + number, "ModifyTime": 1_767_225_000_000_000_000_u64,
        "AllocatedResources": {
            "Tasks": {"main": {"Cpu": {"CpuShares": 100}, "Memory": {"MemoryMB": 20}}},
            "Shared": {"DiskMB": 10},
        },
    })
}

/// A state of one job with so many wanted, on these nodes.
pub(crate) fn state(kind: &str, count: u64, nodes: &[Value], allocations: &[Value]) -> Value {
    json!({
        "now": NOW, "nodes": nodes, "jobs": [job(kind, count)], "allocs": allocations,
        "deployment": null,
        "eval": {
            "ID": "e1", "Namespace": "default", "JobID": "web", "Type": kind, "Priority": 50,
            "Status": "pending", "TriggeredBy": "job-register",
        },
    })
}

/// The same with a second version in which what runs is another thing.
pub(crate) fn changed(mut state: Value) -> Value {
    let mut next = state["jobs"][0].clone();
    next["TaskGroups"][0]["Tasks"][0]["Env"] = json!({"V": "1"});
    state["jobs"].as_array_mut().unwrap().push(next);
    state
}

/// Processes the evaluation of a state.
pub(crate) fn process(state: &Value) -> Decision {
    Question::new(state).process()
}

/// The names of what is placed.
pub(crate) fn placed(decision: &Decision) -> Vec<&str> {
    decision.placements.iter().map(|it| it.name.as_str()).collect()
}
