//! Random states of one job and one evaluation, as documents: at least as many-sided as the golden
//! cases, odd ones among them. The seed says everything.

use serde_json::{Map, Value, json};
use stowplan::testing::Random;
use stowplan::{Span, Timestamp};

use crate::generate_jobs::{self, Shape};

pub(crate) const NOW: &str = "2026-01-01T00:00:00Z";
const POLICY_DELAYS_S: [i64; 5] = [5, 30, 60, 90, 600];

/// The state of a seed, in the shape of a golden case with its templates filled in.
pub(crate) fn case(seed: u64) -> Value {
    let mut random = Random::new(seed, 1);
    let shape = Shape::draw(&mut random);
    let jobs = generate_jobs::versions(&mut random, &shape);
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
    };
    writer.write();
    let allocs = writer.allocs;
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
    json!({
        "name": format!("seed-{seed}"),
        "now": NOW,
        "nodes": nodes,
        "jobs": jobs,
        "allocs": allocs,
        "deployment": deployment,
        "eval": eval,
    })
}

/// The instant so many seconds from now.
pub(crate) fn at(seconds: i64) -> Timestamp {
    NOW.parse::<Timestamp>().unwrap() + Span::from_secs(seconds)
}

pub(crate) fn id(random: &mut Random) -> String {
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

/// Writes the allocations.
struct Writer<'a> {
    random: &'a mut Random,
    shape: &'a Shape,
    jobs: &'a [Value],
    nodes: &'a [Value],
    eval_id: String,
    deployment: Option<(String, usize)>,
    allocs: Vec<Value>,
}

impl Writer<'_> {
    fn write(&mut self) {
        if self.random.percent(5) {
            return;
        }
        let versions: Vec<(usize, String, usize)> = self
            .jobs
            .iter()
            .enumerate()
            .flat_map(|(version, job)| {
                let groups = job["TaskGroups"].as_array().unwrap().iter();
                groups.map(move |group| {
                    let count = group["Count"].as_u64().unwrap() as usize;
                    (version, group["Name"].as_str().unwrap().to_owned(), count)
                })
            })
            .collect();
        let mut names: Vec<String> = versions.iter().map(|(_, name, _)| name.clone()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let of_group: Vec<(usize, usize)> = versions
                .iter()
                .filter(|(_, group, _)| *group == name)
                .map(|(version, _, count)| (*version, *count))
                .collect();
            if self.shape.is_system() {
                self.on_nodes(&name, &of_group);
            } else {
                self.by_count(&name, &of_group);
            }
        }
    }

    /// One for most nodes, sometimes two, sometimes with a number too high.
    fn on_nodes(&mut self, group: &str, versions: &[(usize, usize)]) {
        let mut nodes: Vec<String> =
            self.nodes.iter().map(|node| node["ID"].as_str().unwrap().to_owned()).collect();
        if self.random.percent(30) {
            nodes.push(id(self.random));
        }
        for node in nodes {
            if self.random.percent(35) {
                continue;
            }
            let index = usize::from(self.random.percent(6));
            self.alloc(group, index, versions, &node);
            if self.random.percent(8) {
                self.alloc(group, 0, versions, &node);
            }
        }
    }

    fn by_count(&mut self, group: &str, versions: &[(usize, usize)]) {
        let count = versions.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let surplus = if self.random.percent(25) { self.random.below(4) } else { 0 };
        for index in 0..count + surplus {
            if self.random.percent(15) {
                continue;
            }
            let node = self.node();
            self.alloc(group, index, versions, &node);
            if self.random.percent(6) {
                let node = self.node();
                self.alloc(group, index, versions, &node);
            }
        }
    }

    fn node(&mut self) -> String {
        if self.nodes.is_empty() || self.random.percent(5) {
            return id(self.random);
        }
        let node = self.random.below(self.nodes.len());
        self.nodes[node]["ID"].as_str().unwrap().to_owned()
    }

    fn alloc(&mut self, group: &str, index: usize, versions: &[(usize, usize)], node: &str) {
        let version = if self.random.percent(50) {
            versions[versions.len() - 1].0
        } else {
            self.random.pick(versions).0
        };
        let alloc = self.one(group, index, version, node);
        self.allocs.push(alloc);
        // Some were replaced, and some of the replacements too.
        if self.shape.is_system() {
            return;
        }
        let mut chance = 12;
        while self.random.percent(chance) {
            chance = 40;
            let node = self.node();
            let newer =
                if self.random.percent(80) { version } else { versions[versions.len() - 1].0 };
            let mut next = self.one(group, index, newer, &node);
            let previous = self.allocs.last_mut().unwrap();
            previous["NextAllocation"] = next["ID"].clone();
            next["PreviousAllocation"] = previous["ID"].clone();
            self.allocs.push(next);
        }
    }

    fn one(&mut self, group: &str, index: usize, version: usize, node: &str) -> Value {
        let out_of_reach = self.nodes.iter().find(|node| node["Status"] == "disconnected");
        let out_of_reach = out_of_reach.map(|node| node["ID"].as_str().unwrap().to_owned());
        let prefix = self.prefix();
        let created = 100 + self.allocs.len();
        let random = &mut *self.random;
        let client = match random.below(20) {
            0..=9 => "running",
            10 | 11 => "pending",
            12 | 13 => "complete",
            14..=16 => "failed",
            17 => "lost",
            _ => "unknown",
        };
        // Where something is unknown, its node is out of reach as a rule.
        let out_of_reach = out_of_reach.filter(|_| client == "unknown" && random.percent(60));
        let node = out_of_reach.as_deref().unwrap_or(node);
        let mut alloc = json!({
            "ID": id(random),
            "Namespace": "default",
            "JobID": "web",
            "Name": format!("{prefix}.{group}[{index}]"),
            "TaskGroup": group,
            "JobVersion": version,
            "NodeID": node,
            "DesiredStatus": random.pick(&["run", "run", "run", "run", "run", "run", "stop", "evict"]),
            "ClientStatus": client,
            "CreateIndex": created,
            "CreateTime": at(-9_000).as_nanos(),
            "ModifyTime": at(-random.pick(&[15, 100, 1_000, 5_000, 20_000])).as_nanos(),
            "AllocatedResources": {
                "Tasks": {"main": {"Cpu": {"CpuShares": 20}, "Memory": {"MemoryMB": 20}}},
                "Shared": {"DiskMB": 10},
            },
        });
        self.tasks(&mut alloc, client);
        self.transitions(&mut alloc);
        self.states(&mut alloc, client);
        self.deployed(&mut alloc, version);
        self.tracked(&mut alloc, client);
        alloc
    }

    /// Names begin with the job's name in system jobs and with its ID in the others.
    fn prefix(&self) -> String {
        let key = if self.shape.is_system() { "Name" } else { "ID" };
        self.jobs[0][key].as_str().unwrap().to_owned()
    }

    fn tasks(&mut self, alloc: &mut Value, client: &str) {
        let random = &mut *self.random;
        if client == "pending" || random.percent(5) {
            return;
        }
        let is_dead = matches!(client, "complete" | "failed");
        let mut state = json!({
            "State": if is_dead || random.percent(3) { "dead" } else { "running" },
            "Failed": client == "failed",
        });
        if random.percent(92) {
            let started_s = -30_000 - random.range(0, 4);
            state["StartedAt"] = json!(at(started_s).to_string());
        }
        if random.percent(15) {
            state["Restarts"] = json!(1 + random.below(3));
            state["LastRestart"] = json!(at(-random.range(21_000, 21_003)).to_string());
        }
        if is_dead && random.percent(90) {
            let ago_s = random.pick(&[0, 4, 5, 6, 8, 15, 17, 29, 31, 100, 1_000, 20_000]);
            state["FinishedAt"] = json!(at(-ago_s).to_string());
        }
        alloc["TaskStates"] = json!({"main": state});
    }

    fn transitions(&mut self, alloc: &mut Value) {
        let random = &mut *self.random;
        let is_system = self.shape.is_system();
        let mut transition = Map::new();
        if random.percent(9) {
            transition.insert("Migrate".to_owned(), json!(true));
            if self.shape.kind == "batch" && random.percent(40) {
                transition.insert("MigrateDisablePlacement".to_owned(), json!(true));
            }
        }
        if random.percent(4) && !is_system {
            transition.insert("Reschedule".to_owned(), json!(true));
        }
        if random.percent(3) && !is_system {
            transition.insert("ForceReschedule".to_owned(), json!(true));
        }
        if !transition.is_empty() {
            alloc["DesiredTransition"] = Value::Object(transition);
        }
    }

    fn states(&mut self, alloc: &mut Value, client: &str) {
        let random = &mut *self.random;
        let was_unknown = if client == "unknown" { 90 } else { 5 };
        if !random.percent(was_unknown) {
            return;
        }
        let ago_s = random.pick(&[20, 60, 200, 1_000, 6_000]);
        let mut states =
            vec![json!({"Field": 0, "Value": "unknown", "Time": at(-ago_s).to_string()})];
        if client != "unknown" && random.percent(40) {
            states.push(json!({"Field": 0, "Value": client, "Time": at(-ago_s / 2).to_string()}));
        }
        alloc["AllocStates"] = json!(states);
        if random.percent(40) {
            let scores = [0.25, 0.5, 0.5, 0.75];
            alloc["Metrics"] = json!({"ScoreMetaData": [
                {"NodeID": alloc["NodeID"], "NormScore": random.pick(&scores), "Scores": {}},
            ]});
        }
    }

    fn deployed(&mut self, alloc: &mut Value, version: usize) {
        let Some((deployment, deployed_version)) = &self.deployment else { return };
        let random = &mut *self.random;
        if version != *deployed_version || random.percent(30) {
            return;
        }
        alloc["DeploymentID"] = json!(deployment);
        let mut status = Map::new();
        match random.below(10) {
            0..=4 => status.insert("Healthy".to_owned(), json!(true)),
            5 => status.insert("Healthy".to_owned(), json!(false)),
            _ => None,
        };
        if random.percent(30) {
            status.insert("Canary".to_owned(), json!(true));
        }
        if !status.is_empty() {
            status.insert("Timestamp".to_owned(), json!(at(-60).to_string()));
            alloc["DeploymentStatus"] = Value::Object(status);
        }
    }

    fn tracked(&mut self, alloc: &mut Value, client: &str) {
        let random = &mut *self.random;
        if self.shape.is_system() {
            return;
        }
        if random.percent(30) {
            let count = if random.percent(15) { 7 } else { 1 + random.below(4) };
            let mut ago_s: i64 = random.pick(&[100, 400, 900, 3_000]);
            let mut events = Vec::new();
            for _ in 0..count {
                events.push(json!({
                    "RescheduleTime": at(-ago_s).as_nanos(),
                    "PrevAllocID": id(random),
                    "PrevNodeID": id(random),
                    "Delay": random.pick(&POLICY_DELAYS_S) * 1_000_000_000,
                }));
                ago_s += random.pick(&[50, 300, 2_000, 40_000]);
            }
            events.reverse();
            let mut tracker = json!({"Events": events});
            if random.percent(25) {
                tracker["LastReschedule"] = json!(random.pick(&["ok", "no placement"]));
            }
            alloc["RescheduleTracker"] = tracker;
        }
        if matches!(client, "failed" | "unknown") && random.percent(30) {
            let followup = if random.percent(50) { self.eval_id.clone() } else { id(random) };
            alloc["FollowupEvalID"] = json!(followup);
        }
    }
}
