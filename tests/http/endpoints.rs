//! Each endpoint: what it answers where all is well.

use serde_json::{Value, json};

use crate::app::{App, job, node_id};

#[test]
fn empty_lists_are_lists_and_have_the_index_0() {
    let app = App::empty();
    for path in ["jobs", "allocations", "evaluations", "deployments", "nodes", "volumes?type=csi"] {
        let answer = app.get(&format!("/v1/{path}"));
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, "[]"), "{path}");
        assert_eq!(answer.index(), 0, "{path}");
        assert_eq!(answer.header("x-nomad-knownleader"), "true");
        assert_eq!(answer.header("x-nomad-lastcontact"), "0");
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

#[test]
fn a_job_is_registered_placed_and_read() {
    let app = App::with_nodes(3);
    let registered = app.register("web", 3);
    assert_eq!(registered.at("/Warnings"), "");
    assert_eq!(registered.at("/Index"), registered.index());
    assert_eq!(registered.at("/JobModifyIndex"), registered.at("/EvalCreateIndex"));
    let evaluation = registered.at("/EvalID");
    let path = format!("/v1/evaluation/{}", evaluation.as_str().unwrap());
    let read = app.get(&path);
    assert_eq!((read.at("/Status"), read.at("/JobID")), (json!("complete"), json!("web")));
    assert_eq!(read.at("/NodeID"), "");
    let placed = app.get(&format!("{path}/allocations"));
    assert_eq!(placed.json().as_array().unwrap().len(), 3);
    assert!(placed.index() > registered.index());
    assert_eq!(app.get("/v1/job/web/allocations").json(), placed.json());
    assert_eq!(app.get("/v1/allocations").json(), placed.json());

    let first = placed.at("/0/ID");
    let whole = app.get(&format!("/v1/allocation/{}", first.as_str().unwrap()));
    assert_eq!(whole.at("/Job/ID"), "web");
    assert_eq!(whole.at("/Resources/CPU"), 500);
    assert_eq!(whole.at("/ClientStatus"), "pending");
    assert_eq!(whole.index(), whole.at("/ModifyIndex"));
    let on_node =
        app.get(&format!("/v1/node/{}/allocations", whole.at("/NodeID").as_str().unwrap()));
    assert!(on_node.json().as_array().unwrap().iter().any(|it| it["ID"] == first));

    let stub = app.get("/v1/jobs").at("/0");
    assert_eq!(stub["JobSummary"]["Summary"]["g"]["Starting"], 3);
    assert_eq!(app.get("/v1/job/web/summary").json(), stub["JobSummary"]);
    assert_eq!(app.get("/v1/job/web").at("/TaskGroups/0/Update/MaxParallel"), 1);
    assert_eq!(app.get("/v1/job/web/evaluations").at("/0/ID"), evaluation);
    let scale = app.get("/v1/job/web/scale");
    assert_eq!(
        (scale.at("/TaskGroups/g/Placed"), scale.at("/JobStopped")),
        (json!(3), json!(false))
    );
}

#[test]
fn versions_are_listed_and_reverted_to() {
    let app = App::with_nodes(1);
    app.register("web", 1);
    app.register("web", 2);
    let versions = app.get("/v1/job/web/versions?diffs=true");
    assert_eq!(
        (versions.at("/Versions/0/Version"), versions.at("/Versions/1/Version")),
        (json!(1), json!(0))
    );
    assert_eq!(versions.at("/Diffs/0/ID"), "web");
    let stable =
        app.put("/v1/job/web/stable", &json!({"JobID": "web", "JobVersion": 0, "Stable": true}));
    assert_eq!(stable.status, 200);
    // It is the present one from then on.
    let present = app.get("/v1/job/web");
    assert_eq!((present.at("/Version"), present.at("/Stable")), (json!(0), json!(true)));
    assert_eq!(present.at("/ModifyIndex"), stable.at("/Index"));
    let revert = |version| json!({"JobID": "web", "JobVersion": version});
    let refused = app.put("/v1/job/web/revert", &revert(0));
    assert_eq!((refused.status.as_u16(), &*refused.text), (500, "can't revert to current version"));
    let reverted = app.put("/v1/job/web/revert", &revert(1));
    assert_eq!(reverted.status, 200, "{}", reverted.text);
    assert_eq!(app.get("/v1/job/web").at("/TaskGroups/0/Count"), 2);
    assert_eq!(app.get("/v1/job/web").at("/Version"), 2);
}

#[test]
fn putting_back_what_was_read_changes_nothing() {
    let app = App::with_nodes(1);
    app.register("web", 1);
    let read = app.get("/v1/job/web").json();
    let again = app.put("/v1/job/web", &json!({"Job": read}));
    assert_eq!(again.status, 200, "{}", again.text);
    let now = app.get("/v1/job/web");
    assert_eq!(now.at("/Version"), 0);
    assert_eq!(now.at("/JobModifyIndex"), read["JobModifyIndex"]);
}

#[test]
fn a_job_is_scaled_evaluated_stopped_and_purged() {
    let app = App::with_nodes(2);
    app.register("web", 1);
    let scale =
        json!({"Count": 3, "Target": {"Group": "g"}, "Message": "more", "Meta": {"k": "v"}});
    // A count is not changed under a deployment that is on its way.
    let scaled = app.put("/v1/job/web/scale", &scale);
    if scaled.status == 200 {
        assert_eq!(app.get("/v1/job/web/scale").at("/TaskGroups/g/Events/0/Message"), "more");
    } else {
        assert_eq!(scaled.text, "job scaling blocked due to active deployment");
    }
    let evaluated = app.put("/v1/job/web/evaluate", &json!({"JobID": "web"}));
    assert_eq!(evaluated.status, 200);
    assert_eq!(app.call("POST", "/v1/job/web/evaluate", b"").status, 200);
    let stopped = app.call("DELETE", "/v1/job/web", b"");
    assert_eq!((stopped.status.as_u16(), stopped.at("/VolumeEvalID")), (200, json!("")));
    let read = app.get("/v1/job/web");
    assert_eq!((read.at("/Stop"), read.at("/Status")), (json!(true), json!("dead")));
    assert_eq!(app.call("DELETE", "/v1/job/web?purge=true", b"").status, 200);
    assert_eq!(app.get("/v1/job/web").status, 404);
}

#[test]
fn identities_with_slashes_work_in_every_place() {
    let app = App::with_nodes(1);
    app.register("a/b", 1);
    let read = app.get("/v1/job/a%2Fb");
    assert_eq!(read.at("/ID"), "a/b");
    assert_eq!(app.get("/v1/job/a/b/allocations").json().as_array().unwrap().len(), 1);
    assert_eq!(app.get("/v1/jobs?prefix=a%2Fb").at("/0/ID"), "a/b");
}

#[test]
fn a_node_registers_reports_and_leaves() {
    let app = App::with_nodes(2);
    app.register("web", 2);
    let path = format!("/v1/node/{}", node_id(0));
    let read = app.get(&path);
    assert_eq!((read.at("/Status"), read.at("/SecretID")), (json!("ready"), json!("")));
    assert_eq!((read.at("/Resources/CPU"), read.at("/Reserved/CPU")), (json!(4000), json!(0)));
    let beat = app.put(&format!("{path}/status"), &json!({"Status": "ready"}));
    assert!(beat.at("/HeartbeatTTL").as_i64().unwrap() > 0);
    let held = app.get(&format!("{path}/allocations")).json();
    let id = held[0]["ID"].as_str().unwrap();
    assert_eq!(app.get(&format!("/v1/allocation/{id}")).at("/NetworkStatus"), Value::Null);
    let network = json!({"InterfaceName": "eth0", "Address": "10.0.0.1", "DNS": null});
    let update =
        json!({"Alloc": [{"ID": id, "ClientStatus": "running", "NetworkStatus": network}]});
    assert_eq!(app.put(&format!("{path}/allocations"), &update).status, 200);
    let read = app.get(&format!("/v1/allocation/{id}"));
    assert_eq!((read.at("/ClientStatus"), read.at("/NetworkStatus")), (json!("running"), network));

    let closed = app.put(&format!("{path}/eligibility"), &json!({"Eligibility": "ineligible"}));
    assert_eq!((closed.at("/EvalIDs"), closed.at("/Index")), (Value::Null, json!(closed.index())));
    assert_eq!(app.get("/v1/nodes").at("/0/SchedulingEligibility"), "ineligible");
    let evaluated = app.put(&format!("{path}/evaluate"), &json!({}));
    assert_eq!(evaluated.at("/EvalIDs").as_array().unwrap().len(), 1);
    let purged = app.put(&format!("{path}/purge"), &json!({}));
    assert_eq!(purged.status, 200);
    assert_eq!(app.get(&path).text, "node not found");
}

#[test]
fn allocations_are_stopped_and_replaced() {
    let app = App::with_nodes(2);
    app.register("web", 1);
    let id = app.get("/v1/allocations").at("/0/ID");
    let stopped = app.call("PUT", &format!("/v1/allocation/{}/stop", id.as_str().unwrap()), b"");
    assert!(!stopped.at("/EvalID").as_str().unwrap().is_empty());
    assert_eq!(app.get("/v1/job/web/allocations").json().as_array().unwrap().len(), 2);
}

#[test]
fn settings_are_written_and_read() {
    let app = App::empty();
    let before = app.get("/v1/operator/scheduler/configuration");
    assert_eq!(before.at("/SchedulerConfig/SchedulerAlgorithm"), "binpack");
    let path = "/v1/operator/scheduler/configuration";
    let put = app.put(path, &json!({"SchedulerAlgorithm": "spread"}));
    assert_eq!(put.at("/Updated"), true);
    assert_eq!(app.get(path).at("/SchedulerConfig/SchedulerAlgorithm"), "spread");
    let late = app.put(&format!("{path}?cas=99"), &json!({"SchedulerAlgorithm": "binpack"}));
    assert_eq!((late.status.as_u16(), late.at("/Updated")), (200, json!(false)));

    assert_eq!(app.get("/v1/namespaces").at("/0/Name"), "default");
    assert_eq!(app.put("/v1/namespace/ops", &json!({"Description": "x"})).status, 200);
    assert_eq!(app.get("/v1/namespace/ops").at("/Description"), "x");
    let registered = app.put("/v1/jobs?namespace=ops", &json!({"Job": job("web", 1)}));
    assert_eq!(registered.status, 200, "{}", registered.text);
    assert_eq!(app.get("/v1/job/web").status, 404);
    assert_eq!(app.get("/v1/job/web?namespace=ops").status, 200);
    assert_eq!(app.get("/v1/jobs").text, "[]");
    assert_eq!(app.get("/v1/jobs?namespace=*").json().as_array().unwrap().len(), 1);
    assert_eq!(app.get("/v1/node/pools").at("/0/Name"), "all");
}

#[test]
fn jobs_are_validated_without_being_registered() {
    let app = App::empty();
    let good = app.put("/v1/validate/job", &json!({"Job": job("web", 1)}));
    assert_eq!((good.at("/Error"), good.at("/ValidationErrors")), (json!(""), Value::Null));
    let mut bad = job("web", 1);
    bad["TaskGroups"][0]["Tasks"][0]["Driver"] = json!("");
    let found = app.put("/v1/validate/job", &json!({"Job": bad}));
    assert_eq!(found.at("/ValidationErrors").as_array().unwrap().len(), 1);
    assert!(found.at("/Error").as_str().unwrap().starts_with("1 error occurred:\n\t* "));
    assert_eq!(app.get("/v1/jobs").text, "[]");
}

#[test]
fn searches_find_what_begins_with_or_has_a_text() {
    let app = App::with_nodes(2);
    app.register("web", 1);
    let found = app.put("/v1/search", &json!({"Prefix": "we", "Context": "jobs"}));
    assert_eq!(found.at("/Matches/jobs"), json!(["web"]));
    assert_eq!(found.at("/Truncations/jobs"), false);
    let all = app.put("/v1/search", &json!({"Prefix": "00000001", "Context": "all"}));
    assert_eq!(all.at("/Matches/nodes"), json!([node_id(1)]));
    let fuzzy = app.put("/v1/search/fuzzy", &json!({"Text": "EB", "Context": "all"}));
    assert_eq!(fuzzy.at("/Matches/jobs/0/Scope"), json!(["default", "web"]));
    assert_eq!(fuzzy.at("/Matches/allocs/0/ID"), "web.g[0]");
}

#[test]
fn the_agent_says_who_it_is() {
    let app = App::empty();
    assert_eq!(app.get("/v1/status/leader").text, "\"127.0.0.1:4646\"");
    assert_eq!(app.get("/v1/status/peers").text, "[\"127.0.0.1:4646\"]");
    assert_eq!(app.get("/v1/regions").text, "[\"global\"]");
    assert_eq!(app.get("/v1/agent/health").at("/server/ok"), true);
    assert_eq!(app.get("/v1/agent/members").at("/Members/0/Port"), 4646);
    assert_eq!(app.get("/v1/agent/self").at("/config/Region"), "global");
    assert_eq!(app.get("/v1/metrics").at("/Gauges/0/Value"), 0);
}

#[test]
fn lists_go_page_by_page_and_pretty_bodies_are_indented() {
    let app = App::with_nodes(3);
    let first = app.get("/v1/nodes?per_page=2");
    assert_eq!(first.json().as_array().unwrap().len(), 2);
    let token = first.header("x-nomad-nexttoken").to_owned();
    assert_eq!(token, node_id(2));
    let rest = app.get(&format!("/v1/nodes?per_page=2&next_token={token}"));
    assert_eq!(rest.at("/0/ID"), node_id(2));
    assert!(rest.headers.get("x-nomad-nexttoken").is_none());
    assert_eq!(app.get("/v1/nodes?reverse=true").at("/0/ID"), node_id(2));
    assert!(app.get("/v1/nodes?pretty").text.starts_with("[\n    {\n        \""));
    assert!(!app.get("/v1/nodes?pretty=0").text.contains('\n'));
    app.register("web", 1);
    let bare = app.get("/v1/allocations");
    let pretty = app.get("/v1/allocations?pretty");
    assert!(pretty.text.starts_with("[\n    {\n        \"ClientDescription\""));
    assert_eq!(pretty.json(), bare.json());
}
