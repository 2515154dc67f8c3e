//! Clients that are played, and kept: what they do goes on after a restart from where it was.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::durability::{job, node};
use crate::process::{Agent, Folder, files};

/// Waits until something holds.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn allocations(agent: &Agent, job: &str) -> Vec<Value> {
    let all = agent.get(&format!("/v1/job/{job}/allocations"));
    all.as_array().unwrap().clone()
}

fn are(agent: &Agent, job: &str, status: &str, count: usize) -> bool {
    allocations(agent, job).iter().filter(|it| it["ClientStatus"] == status).count() == count
}

/// When something happened to the only task of an allocation, in seconds.
fn seconds(allocation: &Value, event: &str) -> f64 {
    let events = allocation["TaskStates"]["t"]["Events"].as_array().unwrap();
    let found = events.iter().find(|it| it["Type"] == event);
    found.unwrap_or_else(|| panic!("{event}: {allocation}"))["Time"].as_f64().unwrap() / 1e9
}

/// A batch job that runs for a while of its clients' time.
fn batch(id: &str, run_for: &str) -> Value {
    let mut batch = job(id, 1);
    batch["Job"]["Type"] = json!("batch");
    let task = &mut batch["Job"]["TaskGroups"][0]["Tasks"][0];
    (task["Driver"], task["Config"]) = (json!("mock_driver"), json!({"run_for": run_for}));
    batch
}

#[test]
fn played_clients_go_on_after_a_restart_from_where_they_were() {
    let folder = Folder::new("played");
    let flags = ["--data-dir", folder.text(), "--simulate", "20"];
    let mut agent = Agent::start(&flags);
    for at in 0..2 {
        let mut node = node(at);
        node["Node"]["Attributes"]["driver.mock_driver"] = json!("1");
        node["Node"]["NodeResources"]["Networks"] =
            json!([{"Mode": "bridge"}, {"Mode": "host", "IP": "10.9.0.1"}]);
        agent.put(&format!("/v1/node/{at:08x}-0000-0000-0000-000000000000/register"), &node);
    }
    // They are heard of at once.
    let nodes = agent.get("/v1/nodes");
    assert!(nodes.as_array().unwrap().iter().all(|it| it["Status"] == "ready"), "{nodes}");
    let mut web = job("web", 3);
    web["Job"]["TaskGroups"][0]["Networks"] = json!([{"Mode": "bridge"}]);
    agent.put("/v1/jobs", &web);
    agent.put("/v1/jobs", &batch("long", "200s"));
    until("all run", || are(&agent, "web", "running", 3) && are(&agent, "long", "running", 1));
    // However it ends: the second time it has a saved state as well.
    for is_killed in [true, false, true] {
        let before = allocations(&agent, "web");
        match is_killed {
            true => agent.kill(),
            false => assert_eq!(agent.stop(), Some(0)),
        }
        agent = Agent::start(&flags);
        let after = allocations(&agent, "web");
        let ids = |all: &[Value]| all.iter().map(|it| it["ID"].to_string()).collect::<Vec<_>>();
        assert_eq!(ids(&before), ids(&after));
        // Nothing is started a second time.
        assert!(are(&agent, "web", "running", 3), "{after:?}");
    }
    // Those of a node are at addresses of their own.
    let mut addresses: Vec<String> = Vec::new();
    for it in allocations(&agent, "web") {
        let whole = agent.get(&format!("/v1/allocation/{}", it["ID"].as_str().unwrap()));
        assert_eq!(whole["NetworkStatus"]["InterfaceName"], "eth0", "{whole}");
        addresses.push(format!("{} {}", it["NodeID"], whole["NetworkStatus"]["Address"]));
    }
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 3);
    until("the deployment is done", || {
        agent.get("/v1/job/web/deployment")["Status"] == "successful"
    });
    until("the work is done", || are(&agent, "long", "complete", 1));
    let done = &allocations(&agent, "long")[0];
    let ran = seconds(done, "Terminated") - seconds(done, "Started");
    assert!((ran - 200.0).abs() < 1.0, "{ran} s");
    // New work is taken up, too, and what is told to stop does.
    agent.put("/v1/jobs", &batch("short", "10s"));
    assert_eq!(agent.ask("DELETE", "/v1/job/web", "").unwrap().0, 200);
    until("the rest is done", || {
        are(&agent, "short", "complete", 1) && are(&agent, "web", "complete", 3)
    });
    assert_eq!(agent.stop(), Some(0));
    let states = files(&folder.0.join("global"));
    assert!(states.iter().any(|name| name.ends_with(".saved")), "{states:?}");
}

#[test]
fn a_node_that_is_out_of_reach_is_so_after_a_restart() {
    let folder = Folder::new("reach");
    let flags = ["--data-dir", folder.text(), "--simulate", "10"];
    let agent = Agent::start(&flags);
    let path = "/v1/node/00000000-0000-0000-0000-000000000000";
    agent.put(&format!("{path}/register"), &node(0));
    agent.put("/v1/jobs", &job("web", 1));
    until("it runs", || are(&agent, "web", "running", 1));
    agent.put(&format!("{path}/status"), &json!({"Status": "down"}));
    agent.kill();

    let agent = Agent::start(&flags);
    // Longer than its client is silent otherwise.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(agent.get(path)["Status"], "down");
    agent.put(&format!("{path}/status"), &json!({"Status": "ready"}));
    assert_eq!(agent.get(path)["Status"], "ready");
    until("it runs again", || are(&agent, "web", "running", 1));
    // Without clients that are played time goes on, though it was ahead.
    assert_eq!(agent.stop(), Some(0));
    let agent = Agent::start(&flags[..2]);
    assert!(are(&agent, "web", "running", 1));
    agent.put(&format!("{path}/status"), &json!({"Status": "ready"}));
    assert_eq!(agent.stop(), Some(0));
}
