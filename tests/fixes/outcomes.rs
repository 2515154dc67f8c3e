//! What is said of misspelt names and of clusters without nodes, and outcomes written as JSON.

use serde_json::{Value, json};
use stowplan::{Cluster, PlaceOptions};

use super::{assert_fixes, job, merge, node};

#[test]
fn what_was_perhaps_meant_is_named() {
    let dokcer = job(json!({}), json!({"Driver": "dokcer"}));
    let by_attribute = json!({"Drivers": null, "Attributes": {"driver.podman": "1"}});
    let nodes = [node("a", json!({})), node("b", by_attribute)];
    let expected = ["2 nodes (`a`, `b`) if they had the driver `dokcer` (did you mean `docker`?)"];
    assert_fixes(&nodes, &[], &dokcer, &expected);
    // A node has this one, though not in good health.
    let nodes = [node("a", json!({"Drivers": {"dokcer": {"Detected": true}}}))];
    let expected = ["1 node (`a`) if it had the driver `dokcer`"];
    assert_fixes(&nodes, &[], &dokcer, &expected);
}

#[test]
fn where_there_are_no_nodes_nothing_else_is_said() {
    let mut cluster = Cluster::new([]).unwrap();
    let placement = cluster.place(&job(json!({}), json!({})), &PlaceOptions::default());
    let failed = &placement.failed()[0];
    assert_eq!(failed.to_string(), "web.front: 1 of 1 not placed; there are no nodes");
    assert_eq!(failed.explain(&cluster).to_string(), "web.front: there are no nodes");
}

#[test]
fn what_placing_gave_is_written_as_json() {
    let is_linux = json!({"Attributes": {"kernel.name": "linux"}});
    let nodes = [node("a", is_linux), node("b", json!({})), node("d", json!({"Status": "down"}))];
    let linux = json!([{"LTarget": "${attr.kernel.name}", "Operand": "=", "RTarget": "linux"}]);
    let job = job(
        json!({"Count": 2, "Constraints": linux}),
        json!({"Resources": {"CPU": 600, "MemoryMB": 600}}),
    );
    let mut cluster = Cluster::new(nodes).unwrap();
    let placement = cluster.place(&job, &PlaceOptions::default());
    let document = serde_json::to_value(&placement).unwrap();
    assert_eq!(document["Allocations"][0]["Name"], "web.front[0]");
    let failed = &document["FailedTGAllocs"]["front"];
    assert_eq!(failed["DimensionExhausted"], json!({"cpu": 1}));
    assert_eq!(*failed, serde_json::to_value(placement.failed()[0].metrics()).unwrap());
    assert_eq!(document["FailedAllocations"][0]["TaskGroup"], "front");

    let explanation = placement.failed()[0].explain(&cluster);
    let document = serde_json::to_value(&explanation).unwrap();
    assert_eq!([&document["JobID"], &document["TaskGroup"]], ["web", "front"]);
    let short =
        |dimension: &str| json!({"Dimension": dimension, "Asked": 600, "Used": 600, "Free": 400});
    let verdict = |name: &str, reasons: Value| json!({"NodeID": name, "Reasons": reasons, "Scores": {}, "NormScore": null, "Preempts": []});
    let mut exhausted = verdict("id-of-a", json!(["cpu", "memory"]));
    let shortages = json!([short("cpu"), short("memory")]);
    merge(&mut exhausted, json!({"Verdict": "exhausted", "Shortages": shortages}));
    let mut filtered = verdict("id-of-b", json!(["${attr.kernel.name} = linux"]));
    merge(&mut filtered, json!({"Verdict": "filtered"}));
    let mut down = verdict("id-of-d", json!(["status `down`"]));
    merge(&mut down, json!({"Verdict": "not-candidate"}));
    assert_eq!(document["Nodes"], json!([exhausted, filtered, down]));
    let fix = &explanation.fixes()[0];
    let actions = serde_json::to_value(fix.actions()).unwrap();
    let expected = json!({"Text": fix.to_string(), "Nodes": fix.nodes(), "Actions": actions});
    assert_eq!(document["Fixes"][0], expected);
}
