//! The documents of the first API: what they show is there, under the keys and in the kinds that they show.

use serde_json::{Value, json};

use crate::app::App;

/// A job as the first API's documents print it, but for the operating systems: those it demands two of.
fn binstore() -> Value {
    let constraint = |target: &str, value: &str| json!({"Hard": true, "LTarget": target, "RTarget": value, "Operand": "=", "Weight": 0});
    let networks = json!([{
        "Device": "", "CIDR": "", "IP": "", "MBits": 100, "ReservedPorts": null, "DynamicPorts": 0,
    }]);
    json!({
        "Region": "global", "ID": "binstore-storagelocker", "Name": "binstore-storagelocker",
        "Type": "service", "Priority": 50, "AllAtOnce": false, "Datacenters": ["dc1"],
        "Constraints": [constraint("kernel.name", "linux")],
        "TaskGroups": [{
            "Name": "binsl", "Count": 5, "Constraints": [constraint("kernel.name", "linux")],
            "Tasks": [{
                "Name": "binstore", "Driver": "docker", "Config": {"image": "hashicorp/binstore"},
                "Constraints": null,
                "Resources": {"CPU": 500, "MemoryMB": 0, "DiskMB": 0, "IOPS": 0, "Networks": networks},
                "Meta": null,
            }],
            "Meta": {"elb_checks": "3"},
        }],
        "Update": {"Stagger": 0, "MaxParallel": 0}, "Meta": {"foo": "bar"},
        "Status": "", "StatusDescription": "", "CreateIndex": 14, "ModifyIndex": 14,
    })
}

/// Whether a document has every key of another.
fn lacks(document: &Value, keys: &[&str]) -> Vec<String> {
    let missing = |key: &&&str| document.get(**key).is_none();
    keys.iter().filter(missing).map(|key| (*key).to_owned()).collect()
}

#[test]
fn a_job_of_the_first_api_comes_back_as_it_was_and_goes() {
    let app = App::with_nodes(2);
    let path = "/v1/job/binstore-storagelocker";
    let registered = app.put(path, &json!({"Job": binstore()}));
    assert_eq!(registered.status, 200, "{}", registered.text);
    assert!(lacks(&registered.json(), &["EvalID", "EvalCreateIndex", "JobModifyIndex"]).is_empty());
    let read = app.get(path).json();
    for key in ["Region", "ID", "Priority", "Constraints", "Meta", "Datacenters", "Update"] {
        assert_eq!(read[key], binstore()[key], "{key}");
    }
    assert_eq!(read["TaskGroups"][0]["Constraints"][0]["Hard"], true);
    assert_eq!(read["TaskGroups"][0]["Tasks"][0]["Resources"]["MemoryMB"], 0);
    let again = app.put(path, &json!({"Job": read.clone()}));
    assert_eq!(again.status, 200);
    assert_eq!(app.get(path).at("/JobModifyIndex"), read["JobModifyIndex"]);
    assert_eq!(app.get(&format!("{path}/deployments")).text, "[]");

    let gone = app.call("DELETE", path, b"");
    assert!(lacks(&gone.json(), &["EvalID", "EvalCreateIndex", "JobModifyIndex"]).is_empty());
    assert_eq!(app.get(path).text, "job not found");
    let left = app.get(&format!("{path}/allocations"));
    assert!(left.json().as_array().unwrap().iter().all(|it| it["DesiredStatus"] == "stop"));
}

#[test]
fn its_lists_have_the_keys_that_the_documents_show() {
    let app = App::with_nodes(2);
    let path = "/v1/job/binstore-storagelocker";
    app.put("/v1/jobs", &json!({"Job": binstore()}));
    let stub = [
        "ID",
        "EvalID",
        "Name",
        "NodeID",
        "JobID",
        "TaskGroup",
        "DesiredStatus",
        "DesiredDescription",
        "ClientStatus",
        "ClientDescription",
        "CreateIndex",
        "ModifyIndex",
    ];
    let allocations = app.get(&format!("{path}/allocations"));
    assert_eq!(allocations.json().as_array().unwrap().len(), 5);
    assert_eq!(lacks(&allocations.at("/0"), &stub), Vec::<String>::new());
    let all = allocations.json();
    let is_first = |it: &Value| it["Name"] == "binstore-storagelocker.binsl[0]";
    assert!(all.as_array().unwrap().iter().any(is_first));
    let evaluation = [
        "ID",
        "Priority",
        "Type",
        "TriggeredBy",
        "JobID",
        "JobModifyIndex",
        "NodeID",
        "NodeModifyIndex",
        "Status",
        "StatusDescription",
        "Wait",
        "NextEval",
        "PreviousEval",
        "CreateIndex",
        "ModifyIndex",
    ];
    let evaluations = app.get(&format!("{path}/evaluations"));
    assert_eq!(lacks(&evaluations.at("/0"), &evaluation), Vec::<String>::new());
    assert_eq!((evaluations.at("/0/Wait"), evaluations.at("/0/NodeID")), (json!(0), json!("")));
}

#[test]
fn what_cannot_be_placed_leaves_one_failed_allocation() {
    let app = App::with_nodes(1);
    let mut job = binstore();
    job["Constraints"][0]["RTarget"] = json!("windows");
    app.put("/v1/jobs", &json!({"Job": job}));
    let stubs = app.get("/v1/job/binstore-storagelocker/allocations");
    assert_eq!(stubs.json().as_array().unwrap().len(), 1, "{}", stubs.text);
    let id = stubs.at("/0/ID");
    let whole = app.get(&format!("/v1/allocation/{}", id.as_str().unwrap()));
    let keys = [
        "ID",
        "EvalID",
        "Name",
        "NodeID",
        "JobID",
        "Job",
        "TaskGroup",
        "Resources",
        "TaskResources",
        "Metrics",
        "DesiredStatus",
        "DesiredDescription",
        "ClientStatus",
        "ClientDescription",
        "CreateIndex",
        "ModifyIndex",
    ];
    assert_eq!(lacks(&whole.json(), &keys), Vec::<String>::new());
    assert_eq!((whole.at("/NodeID"), whole.at("/DesiredStatus")), (json!(""), json!("failed")));
    assert_eq!(whole.at("/ClientStatus"), "failed");
    assert_eq!(whole.at("/DesiredDescription"), "failed to find a node for placement");
    let metrics = [
        "NodesEvaluated",
        "NodesFiltered",
        "ClassFiltered",
        "ConstraintFiltered",
        "NodesExhausted",
        "ClassExhausted",
        "DimensionExhausted",
        "Scores",
        "AllocationTime",
        "CoalescedFailures",
    ];
    assert_eq!(lacks(&whole.at("/Metrics"), &metrics), Vec::<String>::new());
    assert_eq!(whole.at("/Metrics/CoalescedFailures"), 4);
    assert_eq!(whole.at("/Resources/CPU"), 500);
}
