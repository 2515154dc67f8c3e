//! What an agent keeps: killed at any moment, it comes back with all that it acknowledged, and nothing that
//! nobody asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{Agent, Folder, ask, files};

/// How often the agent is killed, unless the environment says otherwise.
const KILLS: u64 = 12;
/// How many threads send commands.
const SENDERS: u64 = 3;
/// How many new jobs a thread registers at most before an end; from then on it changes those.
const NEW_MAX: u64 = 8;

fn kills() -> u64 {
    let said = std::env::var("STOWPLAN_KILLS").ok();
    said.map_or(KILLS, |text| text.parse().unwrap())
}

pub(crate) fn node(at: usize) -> Value {
    json!({"Node": {
        "ID": format!("{at:08x}-0000-0000-0000-000000000000"), "Name": format!("n{at}"), "Datacenter": "dc1",
        "Status": "ready", "Attributes": {"driver.docker": "1", "kernel.name": "linux"},
        "Drivers": {"docker": {"Detected": true, "Healthy": true}},
        "NodeResources": {"Cpu": {"CpuShares": 400_000}, "Memory": {"MemoryMB": 819_200}, "Disk": {"DiskMB": 1_000_000}},
    }})
}

pub(crate) fn job(id: &str, count: u64) -> Value {
    json!({"Job": {"ID": id, "Name": id, "Type": "service", "Datacenters": ["dc1"],
        "TaskGroups": [{"Name": "g", "Count": count, "Tasks": [{
            "Name": "t", "Driver": "docker", "Config": {"image": "busybox:1"},
            "Resources": {"CPU": 10, "MemoryMB": 10}}]}]}})
}

/// What a job is to be: at which index, and with how many allocations; stopped ones have none.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Wanted {
    index: u64,
    count: u64,
}

/// What is known of the jobs that were asked for.
#[derive(Debug, Default)]
struct Known {
    acknowledged: BTreeMap<String, Wanted>,
    /// What was sent and not answered: it is there or not, but not in part.
    sent: BTreeMap<String, u64>,
}

/// Numbers for a test, drawn from a seed.
struct Draws(u64);

impl Draws {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Registers, changes and stops jobs until the agent is gone.
#[derive(Default)]
struct Load {
    is_over: AtomicBool,
    known: Mutex<Known>,
}

impl Load {
    fn run(&self, address: &str, name: &str, draws: &mut Draws) {
        let mut own: Vec<String> = Vec::new();
        for number in 0.. {
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let is_new = number < NEW_MAX && (own.is_empty() || draws.below(3) > 0);
            let id = match is_new {
                true => format!("{name}-{number}"),
                false => own[draws.below(own.len() as u64) as usize].clone(),
            };
            let count = if is_new { 2 } else { draws.below(4) };
            if !self.tell(address, &id, count) {
                return;
            }
            if is_new {
                own.push(id);
            }
        }
    }

    /// Whether it was acknowledged that a job is to have so many allocations.
    fn tell(&self, address: &str, id: &str, count: u64) -> bool {
        self.known.lock().unwrap().sent.insert(id.to_owned(), count);
        let reply = match count {
            0 => ask(address, "DELETE", &format!("/v1/job/{id}"), ""),
            _ => ask(address, "PUT", "/v1/jobs", &job(id, count).to_string()),
        };
        let Some((status, text)) = reply else { return false };
        let Ok(reply) = serde_json::from_str::<Value>(&text) else { return false };
        assert_eq!(status, 200, "{text}");
        let mut known = self.known.lock().unwrap();
        known.sent.remove(id);
        let index = reply["JobModifyIndex"].as_u64().unwrap();
        known.acknowledged.insert(id.to_owned(), Wanted { index, count });
        true
    }
}

#[test]
fn a_killed_agent_comes_back_with_all_that_it_acknowledged() {
    let folder = Folder::new("killed");
    let flags = ["--data-dir", folder.text()];
    let mut known = Known::default();
    let mut draws = Draws(std::env::var("STOWPLAN_SEED").map_or(7, |text| text.parse().unwrap()));
    let kills = kills();
    for round in 0..kills {
        let agent = Agent::start(&flags);
        if round == 0 {
            for at in 0..4 {
                let path = format!("/v1/node/{at:08x}-0000-0000-0000-000000000000/register");
                agent.put(&path, &node(at));
            }
        }
        check(&agent, &mut known);
        let load = Arc::new(Load { known: Mutex::new(known), ..Load::default() });
        let threads: Vec<_> = (0..SENDERS)
            .map(|at| {
                let (load, address) = (Arc::clone(&load), agent.address().to_owned());
                let (name, mut draws) = (format!("j{round}-{at}"), Draws(draws.below(u64::MAX)));
                std::thread::spawn(move || load.run(&address, &name, &mut draws))
            })
            .collect();
        std::thread::sleep(Duration::from_millis(20 + draws.below(300)));
        if round % 10 == 9 {
            // It is killed while it saves its state, too.
            agent.told_to_end();
            std::thread::sleep(Duration::from_micros(draws.below(30_000)));
        }
        agent.kill();
        load.is_over.store(true, Ordering::SeqCst);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        known = std::mem::take(&mut *load.known.lock().unwrap());
    }
    assert!(known.acknowledged.len() > 20, "{}", known.acknowledged.len());
    let agent = Agent::start(&flags);
    check(&agent, &mut known);
    println!("{kills} times killed, {} jobs acknowledged", known.acknowledged.len());
    ends_well(agent, &flags, &folder.0.join("global"));
}

/// A clean end saves a state in which everything agrees, and from it all is there again.
fn ends_well(agent: Agent, flags: &[&str], folder: &Path) {
    let before = everything(&agent);
    assert_eq!(agent.stop(), Some(0));
    let states = files(folder);
    let latest = states.iter().rfind(|name| name.ends_with(".saved"));
    let latest = folder.join(latest.unwrap_or_else(|| panic!("{states:?}")));
    let checked = Command::new(env!("CARGO_BIN_EXE_stowplan")).arg("check").arg(latest).output();
    let checked = checked.unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let again = Agent::start(flags);
    let after = everything(&again);
    let differs: Vec<_> = before.symmetric_difference(&after).collect();
    assert!(differs.is_empty(), "{differs:?}");
}

/// What clients see of the whole, but for what a restart changes, or the time that it takes.
fn everything(agent: &Agent) -> BTreeSet<String> {
    let keys: [(&str, &[&str]); 3] = [
        ("/v1/jobs", &["ID", "Version", "JobModifyIndex", "Stop"]),
        ("/v1/allocations", &["ID", "Name", "NodeID", "JobVersion", "DesiredStatus"]),
        ("/v1/deployments", &["ID", "JobID", "JobVersion", "CreateIndex"]),
    ];
    let of = |(path, keys): (&str, &[&str])| {
        let text = |it: &Value| keys.iter().map(|key| it[key].to_string()).collect::<Vec<_>>();
        let all = agent.get(path);
        all.as_array().unwrap().iter().map(|it| text(it).join(" ")).collect::<Vec<_>>()
    };
    keys.into_iter().flat_map(of).collect()
}

/// Whether all that was acknowledged is there as it was said, and nothing that was never asked for. What was
/// sent without an answer is settled then.
fn check(agent: &Agent, known: &mut Known) {
    let jobs = agent.get("/v1/jobs");
    let jobs = jobs.as_array().unwrap();
    let there: BTreeMap<&str, u64> = jobs
        .iter()
        .map(|it| (it["ID"].as_str().unwrap(), it["JobModifyIndex"].as_u64().unwrap()))
        .collect();
    for (id, count) in std::mem::take(&mut known.sent) {
        let before = known.acknowledged.get(&id).map(|it| it.index);
        if let Some(&index) = there.get(id.as_str()).filter(|it| Some(**it) != before) {
            assert!(before.is_none_or(|before| before < index), "{id}: {before:?}, {index}");
            known.acknowledged.insert(id, Wanted { index, count });
        }
    }
    let wanted = known.acknowledged.iter().map(|(id, it)| (id.as_str(), it.index));
    assert_eq!(there, wanted.collect());
    for it in jobs {
        let id = it["ID"].as_str().unwrap();
        assert_eq!(it["Stop"] == true, known.acknowledged[id].count == 0, "{id}");
    }
    // What follows from it is done, if not before the agent was killed, then soon.
    let began = Instant::now();
    let counts = || known.acknowledged.iter().map(|(id, it)| (id.clone(), it.count));
    while placed(agent) != counts().filter(|(_, count)| *count > 0).collect() {
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", placed(agent));
        std::thread::sleep(Duration::from_millis(50));
    }
    // Whatever the time was that it was down.
    let nodes = agent.get("/v1/nodes");
    assert!(nodes.as_array().unwrap().iter().all(|it| it["Status"] == "ready"), "{nodes}");
}

/// How many allocations of each job are to run.
fn placed(agent: &Agent) -> BTreeMap<String, u64> {
    let mut placed = BTreeMap::new();
    for it in agent.get("/v1/allocations").as_array().unwrap() {
        if it["DesiredStatus"] == "run" {
            *placed.entry(it["JobID"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    placed
}

/// The last of the lines about durability: run it optimised, `cargo test --release --features agent --test agent
/// million -- --ignored --nocapture`.
#[test]
#[ignore = "it takes a while, and says something in an optimised build only"]
fn a_million_allocations_are_there_soon_after_the_start() {
    let folder = Folder::new("million");
    let flags = ["--data-dir", folder.text()];
    let agent = Agent::start(&flags);
    for at in 0..100 {
        let path = format!("/v1/node/{at:08x}-0000-0000-0000-000000000000/register");
        let mut node = node(at);
        node["Node"]["NodeResources"]["Disk"]["DiskMB"] = json!(10_000_000);
        agent.put(&path, &node);
    }
    for at in 0..100 {
        agent.put("/v1/jobs", &job(&format!("many{at}"), 10_000));
    }
    let placed =
        |agent: &Agent| agent.get("/v1/stowplan/overview")["Allocations"]["starting"].clone();
    let began = Instant::now();
    while placed(&agent) != 1_000_000 {
        assert!(began.elapsed() < Duration::from_secs(600), "{}", placed(&agent));
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(agent.stop(), Some(0));
    let began = Instant::now();
    let agent = Agent::start(&flags);
    let elapsed = began.elapsed();
    println!("it listens with a million allocations after {:.2} s", elapsed.as_secs_f64());
    assert_eq!(placed(&agent), 1_000_000);
    assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");
}
