//! Draining nodes, steering deployments, rehearsing jobs and forgetting garbage.

use serde_json::{Value, json};

use crate::app::{App, job, node_id};

/// Says that all allocations of a job run, and are well if that is asked.
fn report(app: &App, job_id: &str, is_healthy: Option<bool>) {
    for it in app.get(&format!("/v1/job/{job_id}/allocations")).json().as_array().unwrap() {
        if it["DesiredStatus"] != "run" {
            continue;
        }
        let health = is_healthy.map_or(Value::Null, |healthy| json!({"Healthy": healthy}));
        let told = json!({"Alloc": [{"ID": it["ID"], "ClientStatus": "running", "DeploymentStatus": health}]});
        let path = format!("/v1/node/{}/allocations", it["NodeID"].as_str().unwrap());
        let answer = app.put(&path, &told);
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

#[test]
fn a_node_is_drained_and_let_go_on() {
    let app = App::with_nodes(2);
    app.register("web", 2);
    report(&app, "web", Some(true));
    let path = format!("/v1/node/{}", node_id(0));
    let body = json!({"DrainSpec": {"Deadline": -1}, "MarkEligible": false});
    let before = app.latest_index();
    let drained = app.put(&format!("{path}/drain"), &body);
    assert_eq!(drained.status, 200, "{}", drained.text);
    // The drain is one change. What it does to allocations, and that it is over, are later ones.
    assert_eq!(drained.at("/NodeModifyIndex"), before + 1);
    assert_eq!((drained.at("/Index"), drained.index()), (json!(before + 1), before + 1));
    assert!(app.get(&path).at("/ModifyIndex").as_u64().unwrap() > before + 1);
    let on_node = app.get(&format!("{path}/allocations")).json();
    assert!(on_node.as_array().unwrap().iter().all(|it| it["DesiredStatus"] == "stop"));
    assert_eq!(app.get(&path).at("/SchedulingEligibility"), "ineligible");
    let ended =
        app.put(&format!("{path}/drain"), &json!({"DrainSpec": null, "MarkEligible": true}));
    assert_eq!(ended.status, 200);
    assert_eq!(app.get("/v1/nodes").at("/0/SchedulingEligibility"), "eligible");
}

#[test]
fn a_drain_of_the_first_api_is_a_parameter() {
    let app = App::with_nodes(1);
    let drain = format!("/v1/node/{}/drain", node_id(0));
    let text = |query: &str| app.call("PUT", &format!("{drain}{query}"), b"").text;
    assert_eq!(text(""), "missing enable value");
    assert_eq!(text("?enable=maybe"), "invalid enable value");
    assert_eq!(app.call("PUT", &format!("{drain}?enable=true"), b"").status, 200);
    assert_eq!(app.get("/v1/nodes").at("/0/SchedulingEligibility"), "ineligible");
    assert_eq!(app.call("PUT", &format!("{drain}?enable=false"), b"").status, 200);
    assert_eq!(app.get("/v1/nodes").at("/0/SchedulingEligibility"), "eligible");
    let nobody = app.call("PUT", "/v1/node/nobody/drain?enable=true", b"");
    assert_eq!((nobody.status.as_u16(), nobody.text.as_str()), (500, "node not found"));
}

#[test]
fn a_deployment_is_paused_promoted_and_failed() {
    let app = App::with_nodes(3);
    let canary = |command: &str| {
        let mut job = job("web", 2);
        job["Update"] = json!({"MaxParallel": 1, "Canary": 1});
        job["TaskGroups"][0]["Tasks"][0]["Config"] = json!({"image": command});
        json!({"Job": job})
    };
    app.put("/v1/jobs", &canary("busybox:1"));
    report(&app, "web", Some(true));
    app.put("/v1/jobs", &canary("busybox:2"));
    let latest = app.get("/v1/job/web/deployment");
    let id = latest.at("/ID").as_str().unwrap().to_owned();
    assert_eq!(latest.at("/TaskGroups/g/DesiredCanaries"), 1);
    let of_it = app.get(&format!("/v1/deployment/allocations/{id}")).json();
    assert_eq!(of_it.as_array().unwrap().len(), 1);

    let put = |verb: &str, body: Value| app.put(&format!("/v1/deployment/{verb}/{id}"), &body);
    let early = put("promote", json!({"DeploymentID": id, "All": true}));
    assert_eq!(early.status, 500, "{}", early.text);
    let paused = put("pause", json!({"DeploymentID": id, "Pause": true}));
    assert_eq!(paused.status, 200, "{}", paused.text);
    assert_eq!(app.get(&format!("/v1/deployment/{id}")).at("/Status"), "paused");
    put("pause", json!({"DeploymentID": id, "Pause": false}));
    let canary = of_it[0]["ID"].clone();
    report(&app, "web", None);
    let well = put("allocation-health", json!({"HealthyAllocationIDs": [canary]}));
    assert_eq!(well.status, 200, "{}", well.text);
    let promoted = put("promote", json!({"DeploymentID": id, "All": true}));
    assert_eq!(promoted.status, 200, "{}", promoted.text);
    assert!(!promoted.at("/EvalID").as_str().unwrap().is_empty());
    assert_eq!(put("fail", json!({})).status, 200);
    let ended =
        [("promote", json!({"All": true})), ("fail", json!({})), ("pause", json!({"Pause": true}))];
    for (verb, body) in ended {
        let answer = put(verb, body);
        assert_eq!(
            (answer.status.as_u16(), answer.text),
            (500, format!("can't {verb} terminal deployment"))
        );
    }
    assert_eq!(put("fail", json!({"DeploymentID": "other"})).text, "Deployment ID does not match");
}

#[test]
fn a_job_is_rehearsed_and_nothing_is_changed() {
    let app = App::with_nodes(1);
    let found = app.put("/v1/job/web/plan", &json!({"Job": job("web", 20), "Diff": true}));
    assert_eq!(found.status, 200, "{}", found.text);
    assert_eq!(found.at("/Annotations/DesiredTGUpdates/g/Place"), 20);
    assert_eq!((found.at("/Diff/Type"), found.at("/JobModifyIndex")), (json!("Added"), json!(0)));
    assert_eq!(found.at("/FailedTGAllocs/g/NodesExhausted"), 1);
    assert_eq!(app.get("/v1/jobs").text, "[]");
    app.register("web", 2);
    let again = app.put("/v1/job/web/plan", &json!({"Job": job("web", 2)}));
    assert_eq!(
        (again.at("/Diff"), again.at("/Annotations/DesiredTGUpdates/g/Ignore")),
        (Value::Null, json!(2))
    );
    let other = app.put("/v1/job/other/plan", &json!({"Job": job("web", 1)}));
    assert_eq!((other.status.as_u16(), other.text.as_str()), (400, "Job ID does not match"));
}

#[test]
fn what_has_ended_is_forgotten_when_asked() {
    let app = App::with_nodes(1);
    app.register("web", 1);
    app.call("DELETE", "/v1/job/web", b"");
    let id = app.get("/v1/allocations").at("/0/ID");
    let told = json!({"Alloc": [{"ID": id, "ClientStatus": "complete"}]});
    app.put(&format!("/v1/node/{}/allocations", node_id(0)), &told);
    let answer = app.call("PUT", "/v1/system/gc", b"");
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
    assert_eq!(app.get("/v1/allocations").text, "[]");
    let deleted = app.call("DELETE", "/v1/evaluations", b"{\"EvalIDs\": []}");
    assert_eq!(deleted.status, 400);
}

#[test]
fn a_node_shows_what_is_on_it_and_what_has_ended_there() {
    let app = App::with_nodes(1);
    app.register("web", 2);
    let path = format!("/v1/node/{}/allocations", node_id(0));
    let statuses = || {
        let listed = app.get(&path).json();
        let pairs = listed.as_array().unwrap().iter().map(|it| {
            let text = |key: &str| it[key].as_str().unwrap().to_owned();
            (text("DesiredStatus"), text("ClientStatus"))
        });
        let mut pairs: Vec<(String, String)> = pairs.collect();
        pairs.sort();
        pairs
    };
    let pair = |desired: &str, client: &str| (desired.to_owned(), client.to_owned());
    assert_eq!(statuses(), [pair("run", "pending"), pair("run", "pending")]);
    let id = app.get(&path).at("/0/ID").as_str().unwrap().to_owned();
    app.put(&path, &json!({"Alloc": [{"ID": id, "ClientStatus": "complete"}]}));
    let all = statuses();
    assert!(all.contains(&pair("run", "complete")), "{all:?}");
    // One that runs after all is on it again, and no longer among those that have ended.
    app.put(&path, &json!({"Alloc": [{"ID": id, "ClientStatus": "running"}]}));
    let ids = app.get(&path).json();
    let mut ids: Vec<&str> =
        ids.as_array().unwrap().iter().map(|it| it["ID"].as_str().unwrap()).collect();
    let number = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), number);
    // What it has shown is what allocations there are, since there is no other node.
    assert_eq!(app.get("/v1/allocations").json().as_array().unwrap().len(), number);
    app.put("/v1/system/gc", &json!({}));
    let left = app.get("/v1/allocations").json().as_array().unwrap().len();
    assert_eq!(app.get(&path).json().as_array().unwrap().len(), left);
}

#[test]
fn keys_of_nodes_and_updates_match_in_any_letter_case() {
    let app = App::with_nodes(1);
    let id = node_id(7);
    let node = json!({"node": {
        "id": id, "NAME": "n7", "datacenter": "dc1", "status": "ready",
        "attributes": {"driver.docker": "1", "kernel.name": "linux"},
        "drivers": {"docker": {"detected": true, "healthy": true}},
        "noderesources": {"cpu": {"cpushares": 4_000}, "memory": {"memorymb": 8_192}, "disk": {"diskmb": 9_000}},
    }});
    let registered = app.put(&format!("/v1/node/{id}/register"), &node);
    assert_eq!(registered.status, 200, "{}", registered.text);
    let shown = app.get(&format!("/v1/node/{id}"));
    assert_eq!((shown.at("/Name"), shown.at("/Resources/CPU")), (json!("n7"), json!(4_000)));
    assert_eq!(shown.at("/Drivers/docker/Healthy"), true);
    assert!(shown.json().get("NAME").is_none());
    app.register("web", 1);
    let placed = app.get("/v1/job/web/allocations");
    let (id, node) = (placed.at("/0/ID"), placed.at("/0/NodeID").as_str().unwrap().to_owned());
    let states = json!({"t": {"state": "running", "events": [{"type": "Started", "time": 5}]}});
    let told = json!({"alloc": [{"id": id, "clientstatus": "running", "taskstates": states}]});
    assert_eq!(app.put(&format!("/v1/node/{node}/allocations"), &told).status, 200);
    let whole = app.get(&format!("/v1/allocation/{}", id.as_str().unwrap()));
    assert_eq!(whole.at("/ClientStatus"), "running");
    assert_eq!(whole.at("/TaskStates/t/State"), "running");
    assert_eq!(whole.at("/TaskStates/t/Events/0/Type"), "Started");
    let algorithm = json!({"scheduleralgorithm": "spread"});
    app.put("/v1/operator/scheduler/configuration", &algorithm);
    let configuration = app.get("/v1/operator/scheduler/configuration");
    assert_eq!(configuration.at("/SchedulerConfig/SchedulerAlgorithm"), "spread");
}
