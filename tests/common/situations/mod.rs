//! Random states of one job and one evaluation, as documents: at least as many-sided as the golden
//! cases, odd ones among them. The seed says everything.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use stowplan::{Span, Timestamp};

pub mod allocations;
pub mod holdings;
pub mod jobs;
pub mod live;

use self::allocations::Writer;
use self::jobs::Shape;
use stowplan::testing::Random;

pub const NOW: &str = "2026-01-01T00:00:00Z";

/// The state of a seed, in the shape of a golden case with its templates filled in.
pub fn case(seed: u64) -> Value {
    let mut random = Random::new(seed, 1);
    let shape = Shape::draw(&mut random);
    let jobs = jobs::versions(&mut random, &shape);
    let nodes = nodes(&mut random, &shape);
    let eval = eval(&mut random, &shape);
    let deployment_id = id(&mut random);
    let has_deployment = shape.has_updates() && random.percent(65);
    let deployment_version =
        if random.percent(60) { jobs.len() - 1 } else { random.below(jobs.len()) };
    let mut writer = Writer {
        random: &mut random,
        shape: &shape,
        jobs: &jobs,
        nodes: &nodes,
        eval_id: eval["ID"].as_str().unwrap().to_owned(),
        deployment: has_deployment.then(|| (deployment_id.clone(), deployment_version)),
        allocs: Vec::new(),
        taken: BTreeSet::new(),
        waiting: Vec::new(),
    };
    writer.write();
    let (mut allocs, waiting) = (writer.allocs, writer.waiting);
    let deployment = if has_deployment {
        deployment(
            &mut random,
            &jobs[deployment_version],
            &allocs,
            &deployment_id,
            deployment_version,
        )
    } else {
        Value::Null
    };
    let older = older_deployments(&mut random, &jobs, deployment_version);
    if random.percent(3) {
        allocs.push(failed_record(&mut random, &jobs));
    }
    json!({
        "name": format!("seed-{seed}"),
        "now": NOW,
        "nodes": nodes,
        "jobs": jobs,
        "allocs": allocs,
        "deployments": if deployment.is_null() { Vec::new() } else { older },
        "deployment": deployment,
        "waiting_evals": waiting,
        "eval": eval,
    })
}

/// Deployments of versions before that of the latest one; all of them are over.
fn older_deployments(random: &mut Random, jobs: &[Value], latest: usize) -> Vec<Value> {
    let mut older = Vec::new();
    for (version, job) in jobs.iter().enumerate().take(latest) {
        if random.percent(60) {
            let id = id(random);
            let mut deployment = deployment(random, job, &[], &id, version);
            let statuses = ["successful", "successful", "failed", "cancelled"];
            deployment["Status"] = json!(random.pick(&statuses));
            older.push(deployment);
        }
    }
    older
}

/// The record of a placement that failed, as the first API kept them.
fn failed_record(random: &mut Random, jobs: &[Value]) -> Value {
    let group = &jobs[0]["TaskGroups"][0]["Name"];
    json!({
        "ID": id(random), "Namespace": "default", "JobID": "web", "TaskGroup": group,
        "Name": format!("web.{}[0]", group.as_str().unwrap()), "NodeID": "", "JobVersion": 0,
        "DesiredStatus": "failed", "ClientStatus": "failed", "CreateIndex": 99,
    })
}

/// The address of the node of a number.
pub fn address(number: usize) -> String {
    format!("10.0.0.{}", 1 + number)
}

/// The instant so many seconds from now.
pub fn at(seconds: i64) -> Timestamp {
    NOW.parse::<Timestamp>().unwrap() + Span::from_secs(seconds)
}

pub fn id(random: &mut Random) -> String {
    let (high, low) = (random.next(), random.next());
    let text = format!("{high:016x}{low:016x}");
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

fn eval(random: &mut Random, shape: &Shape) -> Value {
    let triggers = [
        "job-register",
        "job-deregister",
        "job-scaling",
        "periodic-job",
        "node-update",
        "node-drain",
        "alloc-stop",
        "alloc-failure",
        "alloc-reschedule",
        "max-disconnect-timeout",
        "reconnect",
        "deployment-watcher",
        "preemption",
        "queued-allocs",
        "max-plan-attempts",
        "failed-follow-up",
        "rolling-update",
        "scheduled",
    ];
    let is_common = random.percent(70);
    let common = ["job-register", "node-update", "node-drain", "alloc-stop", "queued-allocs"];
    let trigger = if is_common { random.pick(&common) } else { random.pick(&triggers) };
    let mut eval = json!({
        "ID": id(random),
        "Namespace": "default",
        "Priority": random.pick(&[50, 50, 50, 70]),
        "Type": shape.kind,
        "JobID": "web",
        "Status": if random.percent(8) { "blocked" } else { "pending" },
        "TriggeredBy": trigger,
    });
    if random.percent(6) {
        eval["WaitUntil"] = json!(at(random.pick(&[-3, 20])).to_string());
    }
    eval
}

fn nodes(random: &mut Random, shape: &Shape) -> Vec<Value> {
    // Sometimes nothing is ready at all.
    let ready = if random.percent(4) { 0 } else { 3 + random.below(6) };
    let mut nodes = vec!["ready"; ready];
    let others =
        ["down", "down", "disconnected", "draining", "draining", "ineligible", "initializing"];
    for _ in 0..random.below(6) {
        nodes.push(random.pick(&others));
    }
    let mut documents = Vec::new();
    for (number, condition) in nodes.into_iter().enumerate() {
        documents.push(node(random, shape, number, condition));
    }
    documents
}

fn node(random: &mut Random, shape: &Shape, number: usize, condition: &str) -> Value {
    let memory_mb = if shape.is_system() && random.percent(15) { 30 } else { 1_000_000 };
    let status = match condition {
        "draining" | "ineligible" => "ready",
        status => status,
    };
    let mut node = json!({
        "ID": id(random),
        "Name": format!("n{number:02}"),
        "Datacenter": if random.percent(12) { "dc2" } else { "dc1" },
        "NodePool": if random.percent(5) { "other" } else { "default" },
        "Status": status,
        "SchedulingEligibility": "eligible",
        "Attributes": {"driver.exec": "1", "kernel.name": "linux"},
        "Meta": {"kind": if random.percent(20) { "b" } else { "a" }},
        "NodeResources": {
            "Cpu": {"CpuShares": 100_000, "TotalCpuCores": 100},
            "Memory": {"MemoryMB": memory_mb},
            "Disk": {"DiskMB": 10_000_000},
        },
    });
    if condition == "draining" {
        node["DrainStrategy"] = json!({
            "Deadline": 3_600_000_000_000_i64,
            "ForceDeadline": at(3_000).to_string(),
            "StartedAt": at(-600).to_string(),
        });
    }
    if shape.has_ports() && !random.percent(12) {
        node["NodeResources"]["Networks"] =
            json!([{"Mode": "host", "Device": "eth0", "IP": address(number), "MBits": 1_000}]);
    }
    let devices: Vec<Value> = shape
        .devices()
        .filter_map(|(name, wanted)| {
            let instances = random.below(2 * wanted + 2);
            let instance = |at: usize, random: &mut Random| {
                json!({"ID": format!("{name}-{number}-{at}"), "Healthy": !random.percent(8)})
            };
            let instances: Vec<Value> = (0..instances).map(|at| instance(at, random)).collect();
            let device = json!({"Vendor": "acme", "Type": "gpu", "Name": name, "Instances": instances});
            (!instances.is_empty()).then_some(device)
        })
        .collect();
    if !devices.is_empty() {
        node["NodeResources"]["Devices"] = json!(devices);
    }
    if condition == "draining" || condition == "ineligible" || random.percent(3) {
        node["SchedulingEligibility"] = json!("ineligible");
    }
    node
}

fn deployment(
    random: &mut Random,
    job: &Value,
    allocs: &[Value],
    id: &str,
    version: usize,
) -> Value {
    let statuses = [
        "running",
        "running",
        "running",
        "running",
        "paused",
        "failed",
        "successful",
        "cancelled",
        "pending",
        "initializing",
        "blocked",
        "unblocking",
    ];
    let mut groups = Map::new();
    for group in job["TaskGroups"].as_array().unwrap() {
        // A deployment may know nothing of a group.
        if group.get("Update").is_none_or(|it| it["MaxParallel"] == 0) || random.percent(8) {
            continue;
        }
        let name = group["Name"].as_str().unwrap();
        let own = allocs.iter().filter(|it| it["DeploymentID"] == id && it["TaskGroup"] == name);
        let is_canary = |alloc: &&Value| alloc["DeploymentStatus"]["Canary"] == true;
        let canaries: Vec<Value> =
            own.clone().filter(is_canary).map(|it| it["ID"].clone()).collect();
        let wanted = group["Update"]["Canary"].as_i64().unwrap_or(0);
        let healthy = own.clone().filter(|it| it["DeploymentStatus"]["Healthy"] == true).count();
        let count = group["Count"].as_i64().unwrap();
        groups.insert(
            name.to_owned(),
            json!({
                "AutoPromote": group["Update"]["AutoPromote"],
                "AutoRevert": group["Update"]["AutoRevert"],
                "ProgressDeadline": 600_000_000_000_i64,
                "RequireProgressBy": at(300).to_string(),
                "Promoted": wanted > 0 && random.percent(35),
                "PlacedCanaries": canaries,
                "DesiredCanaries": if random.percent(85) { wanted } else { 0 },
                "DesiredTotal": if random.percent(80) { count } else { random.range(0, 8) },
                "PlacedAllocs": own.count(),
                // Counters that do not add up are not impossible.
                "HealthyAllocs": if random.percent(75) { healthy as i64 } else { random.range(0, 8) },
                "UnhealthyAllocs": 0,
            }),
        );
    }
    json!({
        "ID": id,
        "Namespace": "default",
        "JobID": "web",
        "JobVersion": version,
        "Status": random.pick(&statuses),
        "StatusDescription": "",
        "TaskGroups": groups,
    })
}
