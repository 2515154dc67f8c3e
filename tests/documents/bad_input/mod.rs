//! What malformed input is answered with: tables of inputs and the exact words.
//!
//! None of them may be answered with a panic, and every message says where, what, and what instead.

mod documents;
mod registration;
mod texts;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stowplan::model::{Job, Node, read};

/// Reads a text as jobs, as nodes or as allocations, and makes the most of each: what is said of it.
fn answer(kind: &str, text: &[u8]) -> String {
    let checked = match kind {
        "jobs" => read::jobs(text).map_err(|e| e.to_string()).and_then(|jobs| {
            jobs.into_iter()
                .try_for_each(|spec| Job::new(spec).map(drop))
                .map_err(|e| e.to_string())
        }),
        "job" => Job::from_json(text).map(drop).map_err(|e| e.to_string()),
        "nodes" => read::nodes(text).map_err(|e| e.to_string()).and_then(|nodes| {
            let mut nodes = nodes.into_iter();
            nodes.try_for_each(|spec| Node::new(spec).map(drop)).map_err(|e| e.to_string())
        }),
        "node" => Node::from_json(text).map(drop).map_err(|e| e.to_string()),
        "allocations" => read::allocations(text).map_err(|e| e.to_string()).and_then(|all| {
            all.iter().try_for_each(|allocation| allocation.check()).map_err(|e| e.to_string())
        }),
        other => panic!("no kind {other}"),
    };
    checked.err().unwrap_or_default()
}

/// Checks a table of answers, and shows all rows that differ.
fn check(rows: impl IntoIterator<Item = (String, String, String)>) {
    let mut differ = String::new();
    for (name, expected, found) in rows {
        if expected != found {
            differ += &format!("{name}\n  expected: {expected}\n  found:    {found}\n");
        }
    }
    assert!(differ.is_empty(), "\n{differ}");
}

/// The document with the value at a JSON pointer replaced; what is missing on the way is made.
fn with(document: &Value, pointer: &str, new: &Value) -> Value {
    let mut whole = document.clone();
    let mut at = &mut whole;
    for step in pointer.split('/').skip(1) {
        at = match step.parse::<usize>() {
            Ok(index) => &mut at[index],
            Err(_) => &mut at[step],
        };
    }
    *at = new.clone();
    whole
}

fn good_job() -> Value {
    json!({
        "ID": "web",
        "TaskGroups": [{
            "Name": "front",
            "Tasks": [{"Name": "nginx", "Driver": "docker", "Resources": {"CPU": 500}}],
        }],
    })
}

fn good_node() -> Value {
    json!({
        "ID": "n1",
        "Datacenter": "dc1",
        "NodeResources": {
            "Cpu": {"CpuShares": 4000},
            "Memory": {"MemoryMB": 8192},
            "Disk": {"DiskMB": 10_000},
        },
    })
}

fn good_allocation() -> Value {
    json!({
        "ID": "a1", "JobID": "web", "TaskGroup": "front", "NodeID": "n1",
        "AllocatedResources": {
            "Tasks": {"nginx": {"Cpu": {"CpuShares": 500}, "Memory": {"MemoryMB": 256}}},
            "Shared": {"DiskMB": 300},
        },
    })
}

#[test]
fn the_documents_that_are_spoilt_here_are_good() {
    assert_eq!(answer("job", good_job().to_string().as_bytes()), "");
    assert_eq!(answer("node", good_node().to_string().as_bytes()), "");
    assert_eq!(answer("allocations", good_allocation().to_string().as_bytes()), "");
}

#[test]
fn every_mistake_is_reported_at_once() {
    let text = json!({
        "id": "web",
        "Type": "daemon",
        "Priority": 0,
        "Constraints": [{"LTarget": "$kernel.name", "Operand": "=", "RTarget": "linux"}],
        "TaskGroups": [
            {"Name": "a", "count": 3, "Tasks": [{"Name": "t", "driver": "exec"}]},
            {"Name": "a", "Count": -1, "Tasks": [
                {"Name": "t", "Driver": "exec", "Resources": {"memory": 1, "memorymb": 1}},
                {"Name": "t", "Driver": "exec"},
            ]},
        ],
    });
    let expected = "\
Type: unknown job type `daemon`, known are `service`, `batch`, `system`, `sysbatch`
Priority: expected 1 to 100, found `0`
Constraints[0].LTarget: `$kernel.name` is not a target: the name after `$` needs braces around it; \
allowed are `${node.unique.id}`, `${node.unique.name}`, `${node.datacenter}`, `${node.class}`, \
`${node.pool}`, `${attr.<key>}` and `${meta.<key>}`
TaskGroups[1].Count: expected 0 to 1000000, found `-1`
TaskGroups[1].Tasks[1].Name: the name `t` is that of Tasks[0] too
TaskGroups[1].Name: the name `a` is that of TaskGroups[0] too";
    assert_eq!(answer("job", text.to_string().as_bytes()), expected);
}

/// The answer and how long it took. The bound is generous: what it must catch takes minutes.
fn timed(kind: &str, text: &str) -> String {
    let start = Instant::now();
    let answer = answer(kind, text.as_bytes());
    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_secs(5), "{kind} took {elapsed:?}");
    answer
}

#[test]
fn large_documents_are_quick() {
    let pattern = if cfg!(feature = "regexp") { "regexp" } else { "=" };
    let constraint = |i: usize| match i % 3 {
        0 => json!({"LTarget": "${meta.rack}", "Operand": pattern, "RTarget": "^r[0-9]+$"}),
        1 => json!({"LTarget": "${meta.rack}", "Operand": "!=", "RTarget": format!("r{i}")}),
        _ => json!({"LTarget": "${attr.v}", "Operand": "version", "RTarget": ">= 1.2, < 3"}),
    };
    let constraints: Vec<Value> = (0..100_000).map(constraint).collect();
    let job = with(&good_job(), "/Constraints", &constraints.into());
    assert_eq!(timed("job", &job.to_string()), "");

    let ports: Vec<String> = (0..10_000).map(|_| "1-65535".to_owned()).collect();
    let pointer = "/ReservedResources/Networks/ReservedHostPorts";
    let node = with(&good_node(), pointer, &ports.join(",").into());
    assert_eq!(timed("node", &node.to_string()), "");
    let ids: Vec<u32> = (0..65_536).collect();
    let node = with(&good_node(), "/NodeResources/Cpu/ReservableCpuCores", &ids.clone().into());
    let node = with(&node, "/ReservedResources/Cpu/ReservedCpuCores", &ids.into());
    assert_eq!(timed("node", &node.to_string()), "");

    let targets: Vec<Value> = (0..100_000).map(|_| json!({"Value": "r1", "Percent": 1})).collect();
    let spread = json!([{"Attribute": "${meta.rack}", "SpreadTarget": targets}]);
    let job = with(&good_job(), "/Spreads", &spread);
    assert_eq!(timed("job", &job.to_string()).lines().count(), 100_000);

    let group =
        |i: usize| json!({"Name": format!("g{i}"), "Tasks": [{"Name": "t", "Driver": "exec"}]});
    let groups = |count| Value::from((0..count).map(group).collect::<Vec<Value>>());
    let job = with(&good_job(), "/TaskGroups", &groups(10_000));
    assert_eq!(timed("job", &job.to_string()), "");
    let job = with(&good_job(), "/TaskGroups", &groups(10_001));
    let expected = "TaskGroups: expected at most 10000 task groups, found 10001";
    assert_eq!(timed("job", &job.to_string()), expected);
}

#[test]
fn deep_nesting_is_an_error_rather_than_an_overflow() {
    let expected = "objects and lists are nested more than 127 deep";
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    for (kind, text) in [
        ("jobs", deep.clone()),
        ("job", format!("{{\"Payload\": {deep}}}")),
        ("job", format!("{{\"Job\": {{\"ID\": \"web\", \"Payload\": {deep}}}}}")),
        ("job", format!("{{\"TaskGroups\": {deep}}}")),
        ("nodes", format!("[{{\"Links\": {deep}}}]")),
        ("node", "{\"Links\":".repeat(10_000) + "1" + &"}".repeat(10_000)),
        ("allocations", format!("{{\"Job\": {{\"TaskGroups\": [{{\"Update\": {deep}}}]}}}}")),
    ] {
        let answer = timed(kind, &text);
        assert!(
            answer.ends_with(expected) || answer.contains("expected an object, found a list"),
            "{kind}: {answer}"
        );
    }
}

#[test]
fn truncated_documents_are_errors_wherever_they_end() {
    let texts = [("job", good_job()), ("node", good_node()), ("allocations", good_allocation())];
    for (kind, document) in texts {
        let text = document.to_string();
        for end in 1..text.len() {
            let answer = answer(kind, &text.as_bytes()[..end]);
            assert!(answer.contains("the text ends"), "{kind} to {end}: {answer}");
        }
    }
}
