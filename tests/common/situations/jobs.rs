//! Random versions of one job.

use serde_json::{Value, json};

use stowplan::testing::Random;

const SECOND: i64 = 1_000_000_000;

/// The names that groups have; each has a port and a type of device of its own.
const GROUPS: [&str; 4] = ["g0", "g1", "g2", "fresh"];

/// What of a group is scarce: in all versions the same, so that it does not matter which node was taken.
#[derive(Clone, Copy, Default)]
pub struct Scarce {
    /// A port that only one allocation of a node can have.
    pub port: Option<i64>,
    /// How many devices of the group's own type each allocation takes.
    pub devices: usize,
}

/// What all versions of a job have in common.
pub struct Shape {
    pub kind: &'static str,
    groups: usize,
    has_updates: bool,
    has_disconnects: bool,
    is_constrained: bool,
    /// All of it is placed, or nothing.
    is_whole: bool,
    /// A second task beside the first one, which may lead it.
    pub has_side: bool,
    scarce: [Scarce; GROUPS.len()],
    /// Most of what there is runs where it should.
    pub is_calm: bool,
}

impl Shape {
    pub fn draw(random: &mut Random) -> Shape {
        let kinds = [
            "service", "service", "service", "service", "batch", "batch", "system", "system",
            "sysbatch",
        ];
        let kind = random.pick(&kinds);
        let scarce = scarce(random);
        Shape {
            kind,
            is_whole: random.percent(15),
            has_side: random.percent(20),
            scarce,
            groups: random.pick(&[1, 1, 1, 2, 2, 3]),
            has_updates: matches!(kind, "service" | "system") && random.percent(55),
            has_disconnects: random.percent(35),
            is_constrained: random.percent(40),
            is_calm: random.percent(45),
        }
    }

    pub fn is_system(&self) -> bool {
        matches!(self.kind, "system" | "sysbatch")
    }

    pub fn has_updates(&self) -> bool {
        self.has_updates
    }

    /// What of the group is scarce.
    pub fn scarce(&self, group: &str) -> Scarce {
        let at = GROUPS.iter().position(|name| *name == group);
        at.map(|at| self.scarce[at]).unwrap_or_default()
    }

    pub fn has_ports(&self) -> bool {
        self.scarce.iter().any(|it| it.port.is_some())
    }

    /// The types of devices with how many an allocation takes.
    pub fn devices(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let devices = GROUPS.iter().zip(self.scarce).map(|(name, it)| (*name, it.devices));
        devices.filter(|(_, devices)| *devices > 0)
    }

    /// Whether a version may be for other nodes than the one before. Where something is scarce on them it
    /// would matter which node was taken, which is not for the referee to say unless it is given.
    fn may_move(&self) -> bool {
        self.is_system() || !(self.has_ports() || self.devices().next().is_some())
    }
}

fn scarce(random: &mut Random) -> [Scarce; GROUPS.len()] {
    let (has_ports, has_devices) = (random.percent(25), random.percent(25));
    let mut port = 8_000;
    GROUPS.map(|_| {
        port += 1;
        Scarce {
            port: (has_ports && random.percent(70)).then_some(port),
            devices: if has_devices && random.percent(70) { 1 + random.below(2) } else { 0 },
        }
    })
}

/// Versions, oldest first, each of which differs from the one before.
pub fn versions(random: &mut Random, shape: &Shape) -> Vec<Value> {
    let groups: Vec<Value> =
        (0..shape.groups).map(|at| group(random, shape, &format!("g{at}"))).collect();
    let mut job = json!({
        "ID": "web",
        "Name": if random.percent(10) { "site" } else { "web" },
        "Namespace": "default",
        "Region": "global",
        "Type": shape.kind,
        "Priority": 50,
        "Datacenters": if random.percent(60) { json!(["dc1"]) } else { json!(["*"]) },
        "NodePool": "default",
        "AllAtOnce": shape.is_whole,
        "TaskGroups": groups,
    });
    let mut versions = vec![job.clone()];
    for number in 1..1 + random.pick(&[0, 1, 1, 1, 2, 3]) {
        // What else may change, the priority does; it changes nothing in what runs.
        job["Priority"] = json!(50 + number);
        change(random, shape, &mut job);
        versions.push(job.clone());
    }
    if random.percent(6) {
        job["Stop"] = json!(true);
        job["Priority"] = json!(40);
        versions.push(job);
    }
    versions
}

fn change(random: &mut Random, shape: &Shape, job: &mut Value) {
    if random.percent(4) && shape.may_move() {
        job["Datacenters"] = json!([random.pick(&["dc1", "dc2", "*", "d*1"])]);
    }
    if random.percent(2) && shape.may_move() {
        job["NodePool"] = json!(random.pick(&["all", "other"]));
    }
    if random.percent(4) && shape.is_system() {
        job["Name"] = json!(random.pick(&["web", "site", "net"]));
    }
    let groups = job["TaskGroups"].as_array_mut().unwrap();
    for group in groups.iter_mut() {
        if random.percent(if shape.is_calm { 70 } else { 45 }) {
            let version = random.below(1_000);
            group["Tasks"][0]["Env"] = json!({"V": version.to_string()});
        }
        if random.percent(25) {
            group["Count"] = json!(count(random, shape));
        }
        if random.percent(5) {
            group["Tasks"][0]["KillTimeout"] = json!(30 * SECOND);
        }
        if random.percent(8) && shape.has_updates {
            group["Update"] = update(random, shape);
        }
        if random.percent(5) && !shape.is_system() {
            group["ReschedulePolicy"] = policy(random, shape);
        }
        if random.percent(5) && shape.is_constrained && shape.may_move() {
            group["Constraints"] = constraints(random);
        }
    }
    if random.percent(8) {
        let at = random.below(groups.len());
        groups[at] = group(random, shape, "fresh");
    }
    if random.percent(4) && groups.len() > 1 {
        groups.pop();
    }
    let mut names: Vec<String> = Vec::new();
    groups.retain(|group| {
        let name = group["Name"].as_str().unwrap().to_owned();
        let is_new = !names.contains(&name);
        names.push(name);
        is_new
    });
}

fn count(random: &mut Random, shape: &Shape) -> i64 {
    if shape.is_system() {
        random.pick(&[1, 1, 1, 1, 1, 1, 1, 0])
    } else {
        random.pick(&[0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 10])
    }
}

fn group(random: &mut Random, shape: &Shape, name: &str) -> Value {
    let mut group = json!({
        "Name": name,
        "Count": count(random, shape),
        "RestartPolicy": {
            "Attempts": 2, "Interval": 1_800 * SECOND, "Delay": 15 * SECOND, "Mode": "fail",
        },
        "EphemeralDisk": {"SizeMB": 10},
        "Tasks": [{
            "Name": "main",
            "Driver": "exec",
            "Config": {"command": "/bin/app"},
            "Env": {"V": "0"},
            "Resources": {"CPU": 20, "MemoryMB": 20},
            "KillTimeout": 5 * SECOND,
            "Leader": random.percent(30),
            "LogConfig": {"MaxFiles": 1, "MaxFileSizeMB": 1},
        }],
    });
    if !shape.is_system() {
        group["ReschedulePolicy"] = policy(random, shape);
    }
    if shape.kind == "service" {
        group["Migrate"] = json!({
            "MaxParallel": 1, "HealthCheck": "checks",
            "MinHealthyTime": 10 * SECOND, "HealthyDeadline": 300 * SECOND,
        });
    }
    if shape.has_updates && random.percent(85) {
        group["Update"] = update(random, shape);
    }
    if shape.has_disconnects && random.percent(80) {
        group["Disconnect"] = disconnect(random);
    }
    if shape.is_constrained && shape.may_move() && random.percent(60) {
        group["Constraints"] = constraints(random);
    }
    if shape.has_side {
        let mut side = group["Tasks"][0].clone();
        side["Name"] = json!("side");
        side["Leader"] = json!(false);
        group["Tasks"].as_array_mut().unwrap().push(side);
    }
    let Scarce { port, devices } = shape.scarce(name);
    if let Some(port) = port {
        group["Networks"] = json!([{
            "Mode": "host",
            "ReservedPorts": [{"Label": "main", "Value": port}],
            "DynamicPorts": [{"Label": "more"}],
        }]);
    }
    if devices > 0 {
        let name = format!("acme/gpu/{name}");
        group["Tasks"][0]["Resources"]["Devices"] = json!([{"Name": name, "Count": devices}]);
    }
    group
}

/// A kind of node that is there as a rule, or one that no node is of.
fn constraints(random: &mut Random) -> Value {
    let kind = random.pick(&["a", "a", "a", "a", "b", "z"]);
    json!([{"LTarget": "${meta.kind}", "RTarget": kind, "Operand": "="}])
}

fn update(random: &mut Random, shape: &Shape) -> Value {
    let canaries: &[i64] =
        if shape.is_system() { &[0, 0, 10, 30, 50, 100] } else { &[0, 0, 0, 1, 2, 3, 5] };
    let max_parallel = random.pick(&[0, 1, 1, 2, 2, 3, 5]);
    // Canaries with no limit are one of the oddities.
    let canary = if max_parallel == 0 { 0 } else { random.pick(canaries) };
    json!({
        "MaxParallel": max_parallel,
        "HealthCheck": "checks",
        "MinHealthyTime": 10 * SECOND,
        "HealthyDeadline": 300 * SECOND,
        "ProgressDeadline": 600 * SECOND,
        "Stagger": 30 * SECOND,
        "Canary": canary,
        "AutoPromote": canary > 0 && random.percent(30),
        "AutoRevert": random.percent(30),
    })
}

fn policy(random: &mut Random, shape: &Shape) -> Value {
    let function = random.pick(&["constant", "exponential", "fibonacci"]);
    let delay_s = random.pick(&[5, 30, 60]);
    let max_delay_s = if function == "constant" { 0 } else { random.pick(&[90, 600, 3_600]) };
    let limit = if shape.kind == "batch" { 80 } else { 40 };
    let (attempts, interval_s) =
        random.pick(&[(0, 0), (1, 86_400), (2, 1_800), (3, 3_600), (3, 86_400)]);
    if !random.percent(limit) {
        return json!({
            "Unlimited": true, "Delay": delay_s * SECOND,
            "DelayFunction": function, "MaxDelay": max_delay_s * SECOND,
        });
    }
    json!({
        "Unlimited": false, "Attempts": attempts, "Interval": interval_s * SECOND,
        "Delay": delay_s * SECOND, "DelayFunction": function, "MaxDelay": max_delay_s * SECOND,
    })
}

fn disconnect(random: &mut Random) -> Value {
    let reconcile = ["best_score", "longest_running", "keep_original", "keep_replacement", ""];
    let mut block = json!({"Replace": random.percent(70), "Reconcile": random.pick(&reconcile)});
    match random.below(10) {
        0..=6 => block["LostAfter"] = json!(random.pick(&[60, 300, 3_600]) * SECOND),
        7 | 8 => block["StopOnClientAfter"] = json!(random.pick(&[0, 10, 120]) * SECOND),
        _ => {}
    }
    block
}
