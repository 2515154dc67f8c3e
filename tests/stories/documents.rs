//! Documents of nodes and jobs, from lines of a story.

use serde_json::{Value, json};

use super::words::Line;

/// A node of the story.
pub(crate) fn node(at: usize, line: &Line) -> Value {
    let cpu = line.number("cpu").unwrap_or(4_000);
    json!({
        "ID": format!("n{at}"), "Name": format!("n{at}"), "Datacenter": "dc1", "Status": "ready",
        "SchedulingEligibility": "eligible",
        "Attributes": {"kernel.name": "linux", "driver.mock_driver": "1", "nomad.version": "2.0.6"},
        "Drivers": {"mock_driver": {"Detected": true, "Healthy": true}},
        "NodeResources": {
            "Cpu": {"CpuShares": cpu, "TotalCpuCores": 8}, "Memory": {"MemoryMB": 8_192},
            "Disk": {"DiskMB": 200_000},
            "Networks": [{"Mode": "host", "Device": "eth0", "CIDR": "10.0.0.1/32", "IP": "10.0.0.1",
                          "MBits": 1_000}],
        },
    })
}

/// A job of the story.
pub(crate) fn job(line: &Line) -> Value {
    line.only(2, "type= priority=");
    line.only_below("group update distinct-hosts");
    let job_type = line.value("type").unwrap_or("service");
    let groups: Vec<Value> = line.below("group").map(|line| group(line, job_type)).collect();
    let mut job = json!({
        "ID": line.word(1), "Name": line.word(1), "Type": job_type, "Datacenters": ["dc1"],
        "TaskGroups": groups,
    });
    if let Some(priority) = line.number("priority") {
        job["Priority"] = json!(priority);
    }
    if line.below("distinct-hosts").next().is_some() {
        job["Constraints"] =
            json!([{"Operand": "distinct_hosts", "LTarget": "", "RTarget": "true"}]);
    }
    if matches!(job_type, "service" | "system") {
        job["Update"] = json!({"MaxParallel": 0});
    }
    if let Some(line) = line.below("update").next() {
        line.only(
            1,
            "max-parallel= canary= healthy= within= progress= health= auto-revert auto-promote",
        );
        job["Update"] = json!({
            "MaxParallel": line.number("max-parallel"), "Canary": line.number("canary").unwrap_or(0),
            "MinHealthyTime": line.nanos("healthy"), "HealthyDeadline": line.nanos("within"),
            "ProgressDeadline": line.nanos("progress"),
            "HealthCheck": line.value("health").unwrap_or("task_states"), "Stagger": 1_000_000_000,
            "AutoRevert": line.has("auto-revert"), "AutoPromote": line.has("auto-promote"),
        });
    }
    job
}

fn group(line: &Line, job_type: &str) -> Value {
    line.only(
        2,
        "count= run-for= exit-code= start-error cpu= env. reschedule= delay= function= lost-after= reconcile=",
    );
    let mut config = json!({"run_for": line.value("run-for").unwrap_or("1h")});
    if let Some(code) = line.number("exit-code") {
        config["exit_code"] = json!(code);
    }
    if line.has("start-error") {
        config["start_error"] = json!("no way");
    }
    let env: serde_json::Map<String, Value> =
        line.pairs("env.").map(|(key, value)| (key.to_owned(), json!(value))).collect();
    let mut group = json!({
        "Name": line.word(1), "Count": line.number("count"),
        "RestartPolicy": {"Attempts": 0, "Mode": "fail", "Interval": 10_000_000_000_i64,
                          "Delay": 1_000_000_000},
        "EphemeralDisk": {"SizeMB": 10},
        "Tasks": [{
            "Name": "t", "Driver": "mock_driver", "Config": config, "Env": env,
            "Resources": {"CPU": line.number("cpu").unwrap_or(100), "MemoryMB": 64},
            "LogConfig": {"MaxFiles": 1, "MaxFileSizeMB": 1},
        }],
    });
    if job_type == "service" {
        group["Migrate"] = json!({
            "MaxParallel": 1, "HealthCheck": "task_states", "MinHealthyTime": 1_000_000_000,
            "HealthyDeadline": 8_000_000_000_i64,
        });
    }
    if matches!(job_type, "service" | "batch") {
        group["ReschedulePolicy"] = reschedule(line);
    }
    if let Some(lost_after) = line.nanos("lost-after") {
        group["Disconnect"] = json!({"LostAfter": lost_after});
        if let Some(reconcile) = line.value("reconcile") {
            group["Disconnect"]["Reconcile"] = json!(reconcile);
        }
    }
    group
}

fn reschedule(line: &Line) -> Value {
    let hour = 3_600_000_000_000_i64;
    let function = line.value("function").unwrap_or("constant");
    let delay = line.nanos("delay");
    match line.value("reschedule") {
        None => json!({"Attempts": 0, "Interval": 0, "Unlimited": false}),
        Some("unlimited") => json!({
            "Attempts": 0, "Interval": 0, "Unlimited": true, "Delay": delay,
            "DelayFunction": function, "MaxDelay": hour,
        }),
        Some(_) => json!({
            "Attempts": line.number("reschedule"), "Interval": hour, "Unlimited": false,
            "Delay": delay, "DelayFunction": function, "MaxDelay": hour,
        }),
    }
}
