//! Golden cases end to end: files in, JSON out. See `tests/golden/README.md`.

use std::fs;

use serde_json::{Map, Value, json};

use super::{Folder, package};

const TOLERANCE: f64 = 1e-9;

/// A few clusters, sparse and full ones; `tests/golden.rs` has all of them, without the program.
#[test]
fn golden_cases_agree_from_files_to_json() {
    let (mut cases, mut found) = (0, Vec::new());
    for cluster in ["cluster-01", "cluster-04", "cluster-07"] {
        let path = package("tests/golden").join(format!("{cluster}.json"));
        let file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let folder = Folder::new(cluster).with("nodes.json", &file["nodes"]);
        for case in list(&file["cases"]) {
            cases += 1;
            let name = case["name"].as_str().unwrap();
            let mut differences = check(&folder, &file["allocs"], case);
            found.extend(differences.drain(..).map(|difference| format!("{name}: {difference}")));
        }
    }
    assert_eq!(cases, 150);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

/// Places a case and says in what the answer differs from the expected one.
fn check(folder: &Folder, allocations: &Value, case: &Value) -> Vec<String> {
    let allocations: Vec<&Value> =
        list(allocations).iter().chain(list(&case["own_allocs"])).collect();
    folder.write("allocs.json", json!(allocations));
    folder.write("job.json", json!({"Job": case["job"]}));
    let arguments = format!(
        "place --nodes nodes.json --job job.json --allocs allocs.json --json --explain --scores all \
         --memory-oversubscription --algorithm {}",
        case["algorithm"].as_str().unwrap()
    );
    let answer = folder.run(&arguments);
    let (status, answer) = (answer.status, answer.json());
    let expect = &case["expect"];
    let job = case["job"]["ID"].as_str().unwrap();
    let group = case["group"].as_str().unwrap();
    let explained = &answer["Explain"][job][group];

    let mut found = Vec::new();
    let is_complete = object(&answer["FailedTGAllocs"]).is_empty();
    if status != if is_complete { 0 } else { 2 } {
        found.push(format!("exit status {status}"));
    }
    check_verdicts(expect, &explained["Nodes"], &mut found);
    if expect["sequence_ends"] != "system" {
        check_sequence(expect, &answer, &mut found);
        check_failure(expect, &answer["FailedTGAllocs"][job][group], &mut found);
    }
    if let Some(expected) = expect["preemption"].as_object() {
        let answer = folder.run(&format!("{arguments} --preempt")).json();
        check_eviction(expected, &answer["Explain"][job][group], &mut found);
    }
    found
}

fn near(actual: &Value, expected: &Value) -> bool {
    let (Some(actual), Some(expected)) = (actual.as_f64(), expected.as_f64()) else { return false };
    // Some scores are as large as 1e15, where the last bits alone are more than the tolerance.
    (actual - expected).abs() <= TOLERANCE * expected.abs().max(1.0)
}

/// Whether scores are the expected ones; zeros count for nothing.
fn same_scores(actual: &Value, expected: &Value) -> bool {
    let zero = json!(0.0);
    let names = object(actual).keys().chain(object(expected).keys());
    let value = |scores: &Value, name: &String| scores.get(name).unwrap_or(&zero).clone();
    names.into_iter().all(|name| near(&value(actual, name), &value(expected, name)))
}

/// Whether a node's verdict and first reason are the expected ones.
fn same_verdict(node: &Value, expected: &Value) -> bool {
    if let Some(rule) = expected["filtered"].as_str() {
        return node["Verdict"] == "filtered" && node["Reasons"][0] == rule;
    }
    if let Some(dimension) = expected["exhausted"].as_str() {
        return node["Verdict"] == "exhausted" && node["Reasons"][0] == dimension;
    }
    node["Verdict"] == "ranked"
}

fn check_verdicts(expect: &Value, nodes: &Value, found: &mut Vec<String>) {
    let others = list(&expect["not_candidates"]);
    let expected = object(&expect["verdicts"]);
    if list(nodes).len() != others.len() + expected.len() {
        found.push(format!("{} verdicts", list(nodes).len()));
    }
    for node in list(nodes) {
        let agrees = match expected.get(node["NodeID"].as_str().unwrap()) {
            None => node["Verdict"] == "not-candidate" && others.contains(&node["NodeID"]),
            Some(expected) if node["Verdict"] == "ranked" => {
                same_verdict(node, expected)
                    && near(&node["NormScore"], &expected["final"])
                    && same_scores(&node["Scores"], &expected["scores"])
            }
            Some(expected) => same_verdict(node, expected),
        };
        if !agrees {
            found.push(format!("verdict {node}"));
        }
    }
}

fn check_sequence(expect: &Value, answer: &Value, found: &mut Vec<String>) {
    for (at, step) in list(&expect["sequence"]).iter().enumerate() {
        let allocation = &answer["Allocations"][at];
        let (node, metrics) = (&allocation["NodeID"], &allocation["Metrics"]);
        let mut scores = list(&metrics["ScoreMetaData"]).iter();
        let score = scores.find(|meta| &meta["NodeID"] == node).map(|meta| &meta["NormScore"]);
        let is_any = step["node"] == "";
        if !(is_any || node == &step["node"])
            || !near(score.unwrap_or(&Value::Null), &step["score"])
        {
            found.push(format!("placement {at} on {node} with {score:?}, expected {step}"));
            return;
        }
        if at == 0 && !expect["first"].is_null() {
            check_metrics(&expect["first"], metrics, found);
        }
    }
}

fn check_failure(expect: &Value, metrics: &Value, found: &mut Vec<String>) {
    match expect["sequence_ends"].as_str() {
        Some("placed") if metrics.is_null() => {}
        Some("failed") => {
            let failed = metrics["CoalescedFailures"].as_u64().map(|failures| failures + 1);
            if failed != expect["failed"].as_u64() {
                found.push(format!("{failed:?} failed"));
            }
            check_metrics(&expect["last"], metrics, found);
        }
        Some("tie") => {}
        _ => found.push(format!("failed with {metrics}")),
    }
}

/// Compares every counter; the API writes empty maps as `null`.
fn check_metrics(expected: &Value, actual: &Value, found: &mut Vec<String>) {
    let none = json!({});
    for (key, expected) in object(expected) {
        let actual = if actual[key].is_null() { &none } else { &actual[key] };
        if actual != expected {
            found.push(format!("{key} is {actual}, not {expected}"));
        }
    }
}

fn check_eviction(expected: &Map<String, Value>, explained: &Value, found: &mut Vec<String>) {
    for node in list(&explained["NodesWithPreemption"]) {
        let Some(expected) = expected.get(node["NodeID"].as_str().unwrap()) else { continue };
        let preemption = &node["Scores"]["preemption"];
        let agrees = match node["Verdict"].as_str() {
            Some("ranked") => {
                node["Preempts"] == expected["victims"]
                    && near(preemption, &expected["scores"]["preemption"])
            }
            _ => same_verdict(node, expected),
        };
        if !agrees {
            found.push(format!("with eviction {node}, expected {expected}"));
        }
    }
    if explained["NodesWithPreemption"].is_null() {
        found.push("no verdicts with eviction on".into());
    }
}
