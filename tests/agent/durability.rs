//! What an agent keeps: killed at any moment, it comes back with all that it acknowledged, and nothing that
//! nobody asked for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::process::{Agent, Folder, ask, files};

/// How often the agent is killed.
const KILLS: u64 = 12;

fn node(at: usize) -> Value {
    json!({"Node": {
        "ID": format!("{at:08x}-0000-0000-0000-000000000000"), "Name": format!("n{at}"), "Datacenter": "dc1",
        "Status": "ready", "Attributes": {"driver.docker": "1", "kernel.name": "linux"},
        "Drivers": {"docker": {"Detected": true, "Healthy": true}},
        "NodeResources": {"Cpu": {"CpuShares": 40_000}, "Memory": {"MemoryMB": 81_920}, "Disk": {"DiskMB": 1_000_000}},
    }})
}

fn job(id: &str, count: u64) -> Value {
    json!({"Job": {"ID": id, "Name": id, "Type": "service", "Datacenters": ["dc1"],
        "TaskGroups": [{"Name": "g", "Count": count, "Tasks": [{
            "Name": "t", "Driver": "docker", "Config": {"image": "busybox:1"},
            "Resources": {"CPU": 10, "MemoryMB": 10}}]}]}})
}

/// Registers jobs until the agent is gone. Notes which were sent, and of those that were acknowledged the
/// index.
#[derive(Default)]
struct Load {
    is_over: AtomicBool,
    sent: Mutex<Vec<String>>,
    acknowledged: Mutex<BTreeMap<String, u64>>,
}

impl Load {
    fn run(&self, address: &str, name: &str) {
        for number in 0.. {
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let id = format!("{name}-{number}");
            self.sent.lock().unwrap().push(id.clone());
            let Some((200, text)) = ask(address, "PUT", "/v1/jobs", &job(&id, 2).to_string())
            else {
                return;
            };
            let Ok(reply) = serde_json::from_str::<Value>(&text) else { return };
            let index = reply["JobModifyIndex"].as_u64().unwrap();
            self.acknowledged.lock().unwrap().insert(id, index);
        }
    }
}

#[test]
fn a_killed_agent_comes_back_with_all_that_it_acknowledged() {
    let folder = Folder::new("killed");
    let flags = ["--data-dir", folder.text()];
    let (mut sent, mut acknowledged) = (Vec::new(), BTreeMap::new());
    let mut seed = 7_u64;
    for round in 0..KILLS {
        let agent = Agent::start(&flags);
        if round == 0 {
            (0..4).for_each(|at| {
                drop(agent.put(
                    &format!("/v1/node/{at:08x}-0000-0000-0000-000000000000/register"),
                    &node(at),
                ))
            });
        }
        check(&agent, &sent, &acknowledged);
        let load = Arc::new(Load::default());
        let threads: Vec<_> = (0..3)
            .map(|at| {
                let (load, address) = (Arc::clone(&load), agent.address().to_owned());
                std::thread::spawn(move || load.run(&address, &format!("j{round}-{at}")))
            })
            .collect();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(Duration::from_millis(20 + (seed >> 33) % 300));
        agent.kill();
        load.is_over.store(true, Ordering::SeqCst);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        sent.append(&mut load.sent.lock().unwrap());
        acknowledged.append(&mut load.acknowledged.lock().unwrap());
    }
    assert!(acknowledged.len() > 20, "{}", acknowledged.len());
    let agent = Agent::start(&flags);
    check(&agent, &sent, &acknowledged);
    // A clean end saves a state, and from it all is there again.
    let before = everything(&agent);
    assert_eq!(agent.stop(), Some(0));
    let states = files(&folder.0.join("global"));
    assert!(states.iter().any(|name| name.ends_with(".saved")), "{states:?}");
    let again = Agent::start(&flags);
    assert_eq!(everything(&again), before);
}

/// What clients see of the whole, but for what a restart changes.
fn everything(agent: &Agent) -> Vec<Value> {
    ["/v1/jobs", "/v1/allocations", "/v1/evaluations", "/v1/deployments", "/v1/namespaces"]
        .map(|path| agent.get(path))
        .into()
}

/// Whether all that was acknowledged is there as it was said, and nothing that was never asked for.
fn check(agent: &Agent, sent: &[String], acknowledged: &BTreeMap<String, u64>) {
    let jobs = agent.get("/v1/jobs");
    let there: BTreeMap<&str, u64> = jobs
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["ID"].as_str().unwrap(), it["JobModifyIndex"].as_u64().unwrap()))
        .collect();
    for (id, index) in acknowledged {
        assert_eq!(there.get(id.as_str()), Some(index), "{id}");
    }
    assert!(there.keys().all(|id| sent.iter().any(|it| it == id)));
    // Each has its two allocations, on nodes that are still ready, whatever the time was that it was down.
    let allocations = agent.get("/v1/allocations");
    let mut placed: BTreeMap<&str, usize> = BTreeMap::new();
    for it in allocations.as_array().unwrap() {
        *placed.entry(it["JobID"].as_str().unwrap()).or_default() += 1;
    }
    for id in there.keys() {
        let held = placed.get(id).copied().unwrap_or(0);
        assert!(held == 2 || !acknowledged.contains_key(*id), "{id}: {held}");
    }
    let nodes = agent.get("/v1/nodes");
    assert!(nodes.as_array().unwrap().iter().all(|it| it["Status"] == "ready"), "{nodes}");
}

#[test]
fn files_that_are_damaged_are_named_and_nothing_is_lost_in_silence() {
    let folder = Folder::new("damaged");
    let flags = ["--data-dir", folder.text()];
    let begin = |id: &str| {
        let agent = Agent::start(&flags);
        agent.put("/v1/jobs", &job(id, 1));
        agent
    };
    assert_eq!(begin("first").stop(), Some(0));
    assert_eq!(begin("second").stop(), Some(0));
    begin("third").kill();
    let own = folder.0.join("global");
    let names = files(&own);
    let states: Vec<&String> = names.iter().filter(|name| name.ends_with(".saved")).collect();
    assert_eq!(states.len(), 2, "{names:?}");
    let latest = own.join(states[1]);
    let bytes = std::fs::read(&latest).unwrap();
    for at in [0, bytes.len() / 2, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x40;
        std::fs::write(&latest, damaged).unwrap();
        let (code, text) = Agent::fails(&flags);
        assert_ne!(code, Some(0));
        assert!(text.contains(states[1].as_str()) && text.contains("move it away"), "{text}");
    }
    std::fs::write(&latest, &bytes[..bytes.len() / 2]).unwrap();
    assert!(Agent::fails(&flags).1.contains("move it away"));
    // What it says to do does it: the log goes on from the state before.
    std::fs::remove_file(&latest).unwrap();
    let agent = Agent::start(&flags);
    let ids: Vec<Value> =
        agent.get("/v1/jobs").as_array().unwrap().iter().map(|it| it["ID"].clone()).collect();
    assert_eq!(ids, ["first", "second", "third"]);
    // Two at once would write over each other.
    assert!(Agent::fails(&flags).1.contains("another agent has it"));
    agent.kill();

    let log = own.join("log.redb");
    let whole = std::fs::read(&log).unwrap();
    std::fs::write(&log, &whole[..100]).unwrap();
    let (code, text) = Agent::fails(&flags);
    assert_ne!(code, Some(0));
    assert!(text.contains("log.redb"), "{text}");
    // Without the earlier state the commands before it would be missing.
    std::fs::write(&log, &whole).unwrap();
    for name in files(&own).iter().filter(|name| name.ends_with(".saved")) {
        std::fs::remove_file(own.join(name)).unwrap();
    }
    let (_, text) = Agent::fails(&flags);
    assert!(text.is_empty() || text.contains("saved state"), "{text}");
}

#[test]
fn what_is_kept_and_what_is_played_do_not_go_together() {
    let folder = Folder::new("played");
    let (code, text) = Agent::fails(&["--data-dir", folder.text(), "--simulate", "1"]);
    assert!(code != Some(0) && text.contains("--simulate"), "{text}");
}
