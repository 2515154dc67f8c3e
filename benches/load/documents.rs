//! Nodes and jobs as documents of the API.

use serde_json::json;

/// Nodes with room for 400 allocations each, as a file of nodes.
pub(crate) fn nodes(number: u64) -> String {
    let nodes: Vec<_> = (0..number).map(node).collect();
    serde_json::Value::from(nodes).to_string()
}

fn node(at: u64) -> serde_json::Value {
    json!({
        "ID": format!("{at:08x}-0000-0000-0000-000000000000"), "Name": format!("n{at}"),
        "Datacenter": "dc1", "Status": "ready", "NodeClass": format!("c{}", at % 4),
        "Attributes": {"driver.docker": "1", "kernel.name": "linux"},
        "Drivers": {"docker": {"Detected": true, "Healthy": true}},
        "NodeResources": {
            "Cpu": {"CpuShares": 4_000}, "Memory": {"MemoryMB": 16_384}, "Disk": {"DiskMB": 500_000},
        },
    })
}

/// A job of today's shape.
pub(crate) fn job(id: &str, count: u64) -> String {
    json!({"Job": {
        "ID": id, "Name": id, "Type": "service", "Datacenters": ["dc1"],
        "TaskGroups": [{"Name": "g", "Count": count, "EphemeralDisk": {"SizeMB": 101}, "Tasks": [{
            "Name": "t", "Driver": "docker", "Config": {"image": "busybox:1"},
            "Resources": {"CPU": 10, "MemoryMB": 10},
        }]}],
    }})
    .to_string()
}
