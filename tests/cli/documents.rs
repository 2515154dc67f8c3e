//! Small documents to place.

use serde_json::{Value, json};

/// A node with so much CPU and ten times the memory.
pub(crate) fn node(id: &str, mhz: i64) -> Value {
    json!({
        "ID": id, "Name": id, "Datacenter": "dc1", "NodeClass": "small",
        "Attributes": {"driver.docker": "1"},
        "NodeResources": {
            "Cpu": {"CpuShares": mhz}, "Memory": {"MemoryMB": mhz * 10}, "Disk": {"DiskMB": 100_000}
        },
    })
}

/// A job of one group and one task.
pub(crate) fn job(id: &str, priority: i64, count: i64, mhz: i64) -> Value {
    json!({
        "ID": id, "Priority": priority,
        "TaskGroups": [{
            "Name": "group", "Count": count,
            "Tasks": [{"Name": "task", "Driver": "docker",
                "Resources": {"CPU": mhz, "MemoryMB": 10}}],
        }],
    })
}

/// An allocation of such a job's group.
pub(crate) fn allocation(id: &str, job: &str, node: &str, mhz: i64) -> Value {
    json!({
        "ID": id, "Name": format!("{job}.group[0]"), "JobID": job, "NodeID": node,
        "TaskGroup": "group", "DesiredStatus": "run", "ClientStatus": "running",
        "AllocatedResources": {
            "Tasks": {"task": {"Cpu": {"CpuShares": mhz}, "Memory": {"MemoryMB": 10}}},
            "Shared": {"DiskMB": 300},
        },
    })
}
