//! Random allocations of one job.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::holdings::Holdings;
use super::jobs::Shape;
use super::{at, id};
use stowplan::testing::Random;

const POLICY_DELAYS_S: [i64; 5] = [5, 30, 60, 90, 600];

/// Writes the allocations.
pub struct Writer<'a> {
    pub random: &'a mut Random,
    pub shape: &'a Shape,
    pub jobs: &'a [Value],
    pub nodes: &'a [Value],
    pub eval_id: String,
    pub deployment: Option<(String, usize)>,
    pub allocs: Vec<Value>,
    /// By node, the ports and devices of what is wanted there.
    pub taken: BTreeSet<(String, String)>,
    /// Evaluations that wait for their time.
    pub waiting: Vec<String>,
}

impl Writer<'_> {
    pub fn write(&mut self) {
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
        if self.shape.is_calm && self.random.percent(80) {
            let is_ready = |node: &&Value| {
                node["Status"] == "ready" && node["SchedulingEligibility"] == "eligible"
            };
            let ready: Vec<&Value> = self.nodes.iter().filter(is_ready).collect();
            if !ready.is_empty() {
                return self.random.pick(&ready)["ID"].as_str().unwrap().to_owned();
            }
        }
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
        let prefix = self.prefix(version);
        let created = 100 + self.allocs.len();
        let random = &mut *self.random;
        let is_calm = self.shape.is_calm && random.percent(85);
        let desired = ["run", "run", "run", "run", "run", "run", "stop", "evict"];
        let desired = if is_calm { "run" } else { random.pick(&desired) };
        let client = match random.below(20) {
            _ if is_calm => "running",
            0..=9 => "running",
            10 | 11 => "pending",
            12 | 13 => "complete",
            14..=16 => "failed",
            17 => "lost",
            _ => "unknown",
        };
        // Where something is unknown, its node is out of reach as a rule.
        let out_of_reach = out_of_reach.filter(|_| client == "unknown" && random.percent(60));
        let node = out_of_reach.as_deref().unwrap_or(node).to_owned();
        let is_wanted = desired == "run" && !matches!(client, "complete" | "failed" | "lost");
        let (node, holdings) = self.hold(group, node, is_wanted);
        // Where all nodes that have some are taken, it has ended.
        let client = if holdings.is_none() { "complete" } else { client };
        let random = &mut *self.random;
        let mut alloc = json!({
            "ID": id(random),
            "Namespace": "default",
            "JobID": "web",
            "Name": format!("{prefix}.{group}[{index}]"),
            "TaskGroup": group,
            "JobVersion": version,
            "NodeID": node,
            "DesiredStatus": desired,
            "ClientStatus": client,
            "CreateIndex": created,
            "CreateTime": at(-9_000).as_nanos(),
            "ModifyTime": at(-random.pick(&[15, 100, 1_000, 5_000, 20_000])).as_nanos(),
            "AllocatedResources": {
                "Tasks": {"main": {"Cpu": {"CpuShares": 20}, "Memory": {"MemoryMB": 20}}},
                "Shared": {"DiskMB": 10},
            },
        });
        // The text does not say which of two with one name is the first. In the order of their creation
        // and of their IDs it is the same one.
        if !self.shape.is_system() {
            let id = alloc["ID"].as_str().unwrap().to_owned();
            alloc["ID"] = json!(format!("{created:08x}{}", &id[8..]));
        }
        if self.shape.has_side {
            let tasks = &mut alloc["AllocatedResources"]["Tasks"];
            tasks["side"] = tasks["main"].clone();
        }
        holdings.unwrap_or_default().write(&mut alloc, created);
        self.tasks(&mut alloc, client);
        if !is_calm || self.random.percent(20) {
            self.transitions(&mut alloc);
        }
        self.states(&mut alloc, client);
        self.deployed(&mut alloc, version);
        self.tracked(&mut alloc, client);
        alloc
    }

    /// What the allocation has of what is scarce on its node, or on another one where that has been taken;
    /// none where it is taken everywhere.
    fn hold(&mut self, group: &str, node: String, is_wanted: bool) -> (String, Option<Holdings>) {
        let scarce = self.shape.scarce(group);
        let mut nodes = vec![node.clone()];
        if !self.shape.is_system() {
            let others = self.nodes.iter().map(|node| node["ID"].as_str().unwrap().to_owned());
            nodes.extend(others);
        }
        for id in nodes {
            let document = self.nodes.iter().find(|node| node["ID"] == *id);
            let taken = is_wanted.then_some(&mut self.taken);
            if let Some(holdings) = Holdings::draw(scarce, group, &id, document, taken) {
                return (id, Some(holdings));
            }
        }
        (node, None)
    }

    /// Names begin with the job's name in system jobs and with its ID in the others.
    fn prefix(&self, version: usize) -> String {
        let key = if self.shape.is_system() { "Name" } else { "ID" };
        self.jobs[version][key].as_str().unwrap().to_owned()
    }

    fn tasks(&mut self, alloc: &mut Value, client: &str) {
        if client == "pending" || self.random.percent(5) {
            return;
        }
        let mut states = Map::new();
        states.insert("main".to_owned(), self.task_state(client));
        if self.shape.has_side && self.random.percent(90) {
            states.insert("side".to_owned(), self.task_state(client));
        }
        alloc["TaskStates"] = Value::Object(states);
    }

    fn task_state(&mut self, client: &str) -> Value {
        let random = &mut *self.random;
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
        state
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
        if client == "lost" && random.percent(50) {
            let followup = id(random);
            if random.percent(70) {
                self.waiting.push(followup.clone());
            }
            alloc["FollowupEvalID"] = json!(followup);
        }
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
