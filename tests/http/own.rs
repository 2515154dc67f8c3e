//! What the API does not have: the cluster at a glance, reasons, room; and warnings, policies, mistakes.

use serde_json::{Value, json};

use crate::app::{App, job, node_id};

#[test]
fn the_cluster_is_shown_at_a_glance() {
    let app = App::with_nodes(3);
    app.register("web", 2);
    app.put(&format!("/v1/node/{}/eligibility", node_id(2)), &json!({"Eligibility": "ineligible"}));
    let seen = app.get("/v1/stowplan/overview");
    assert_eq!(seen.at("/Index"), app.latest_index());
    assert_eq!((seen.at("/Datacenters"), seen.at("/Pools")), (json!(["dc1"]), json!(["default"])));
    let columns = seen.at("/NodeColumns");
    let nodes = seen.at("/Nodes");
    let cell = |node: usize, name: &str| {
        let at = columns.as_array().unwrap().iter().position(|it| it == name).unwrap();
        nodes[node][at].clone()
    };
    assert_eq!(nodes.as_array().unwrap().len(), 3);
    assert_eq!((cell(2, "ID"), cell(2, "Eligibility")), (json!(node_id(2)), json!("ineligible")));
    assert_eq!(cell(0, "Total"), json!([4000, 8192, 100_000]));
    let used: i64 = (0..3).map(|at| cell(at, "Used")[0].as_i64().unwrap()).sum();
    let held: i64 = (0..3).map(|at| cell(at, "Allocations").as_i64().unwrap()).sum();
    assert_eq!((used, held), (1_000, 2));
    assert_eq!((seen.at("/Jobs/running"), seen.at("/Allocations/starting")), (json!(1), json!(2)));
    assert_eq!(
        (seen.at("/Evaluations/Blocked"), seen.at("/Deployments/running")),
        (json!(0), json!(1))
    );
}

#[test]
fn thousands_of_nodes_are_a_small_overview() {
    let app = App::with_nodes(200);
    let seen = app.get("/v1/stowplan/overview");
    // Well under a megabyte for 5,000.
    assert!(seen.text.len() / 200 < 150, "{}", seen.text.len());
}

#[test]
fn what_has_no_room_is_explained_node_by_node() {
    let app = App::with_nodes(2);
    let mut large = job("large", 1);
    large["TaskGroups"][0]["Tasks"][0]["Resources"] = json!({"CPU": 6_000, "MemoryMB": 64});
    let registered = app.put("/v1/jobs", &json!({"Job": large}));
    let id = registered.at("/EvalID").as_str().unwrap().to_owned();
    let told = app.get(&format!("/v1/stowplan/evaluation/{id}/explain"));
    assert_eq!((told.at("/JobID"), told.at("/Status")), (json!("large"), json!("complete")));
    assert!(!told.at("/BlockedEval").as_str().unwrap().is_empty());
    let group = told.at("/TaskGroups/g");
    assert_eq!(group["Nodes"].as_array().unwrap().len(), 2);
    assert_eq!(group["Nodes"][0]["Verdict"], "exhausted");
    assert_eq!(group["Nodes"][0]["Shortages"][0]["Asked"], 6_000);
    assert!(!group["Fixes"].as_array().unwrap().is_empty());
    assert!(group["Text"].as_str().unwrap().contains("cpu"), "{group}");

    let placed = app.register("web", 1).at("/EvalID").as_str().unwrap().to_owned();
    assert_eq!(
        app.get(&format!("/v1/stowplan/evaluation/{placed}/explain")).at("/TaskGroups"),
        json!({})
    );
    let all = app.get(&format!("/v1/stowplan/evaluation/{placed}/explain?all=true"));
    assert_eq!(all.at("/TaskGroups/g/Nodes/0/Verdict"), "ranked");
    let missing = app.get("/v1/stowplan/evaluation/00000000-0000-0000-0000-00000000ffff/explain");
    assert_eq!((missing.status.as_u16(), missing.text.as_str()), (404, "eval not found"));
}

#[test]
fn how_many_more_fit_is_what_then_does_fit() {
    let app = App::with_nodes(2);
    app.register("web", 3);
    let room = app.get("/v1/stowplan/capacity?job=web");
    // Eight of 500 MHz on each of two nodes of 4,000.
    assert_eq!(
        (room.at("/TaskGroups/g/Held"), room.at("/TaskGroups/g/Fits")),
        (json!(3), json!(13))
    );
    assert_eq!(room.at("/TaskGroups/g/IsLimit"), false);
    assert_eq!(room.at("/TaskGroups/g/StoppedBy/NodesExhausted"), 2);
    let few = app.get("/v1/stowplan/capacity?job=web&group=g&limit=5");
    assert_eq!(
        (few.at("/TaskGroups/g/Fits"), few.at("/TaskGroups/g/IsLimit")),
        (json!(5), json!(true))
    );
    // Nothing was placed by asking.
    assert_eq!(app.get("/v1/allocations").json().as_array().unwrap().len(), 3);
    app.register("web", 17);
    let placed = app.get("/v1/allocations").json();
    assert_eq!(placed.as_array().unwrap().len(), 16);
    assert_eq!(app.get("/v1/stowplan/capacity?job=web").at("/TaskGroups/g/Fits"), 0);
}

#[test]
fn policies_say_between_which_counts_a_group_is_scaled() {
    let app = App::with_nodes(1);
    let mut scaled = job("web", 2);
    scaled["TaskGroups"][0]["Scaling"] =
        json!({"Min": 1, "Max": 9, "Enabled": false, "Policy": {"cooldown": "1m"}});
    app.put("/v1/jobs", &json!({"Job": scaled}));
    app.register("other", 1);
    let listed = app.get("/v1/scaling/policies");
    assert_eq!(listed.json().as_array().unwrap().len(), 1);
    assert_eq!(listed.at("/0/Target"), json!({"Namespace": "default", "Job": "web", "Group": "g"}));
    assert_eq!(
        (listed.at("/0/Enabled"), listed.at("/0/Type")),
        (json!(false), json!("horizontal"))
    );
    let id = listed.at("/0/ID").as_str().unwrap().to_owned();
    let whole = app.get(&format!("/v1/scaling/policy/{id}"));
    assert_eq!((whole.at("/Min"), whole.at("/Max")), (json!(1), json!(9)));
    assert_eq!(whole.at("/Policy/cooldown"), "1m");
    let sought = app.put("/v1/search", &json!({"Prefix": id, "Context": "scaling_policy"}));
    assert_eq!(sought.at("/Matches/scaling_policy"), json!([id]));
    assert_eq!(app.get("/v1/scaling/policies?job=other").text, "[]");
    assert_eq!(app.get("/v1/scaling/policies?type=vertical").text, "[]");
    assert_eq!(app.get("/v1/scaling/policy/none").text, "policy not found");
}

#[test]
fn what_is_odd_in_a_job_is_warned_of() {
    let app = App::with_nodes(1);
    let mut odd = job("web", 2);
    odd["Update"] = json!({"MaxParallel": 5});
    let text = "1 warning(s):\n\n* Group \"g\" has warnings: 1 error occurred:\n\t* Update max parallel count is \
                greater than task group count (5 > 2). A destructive change would result in the simultaneous \
                replacement of all allocations.\n\n";
    for path in ["validate/job", "job/web/plan", "jobs", "job/web"] {
        let answer = app.put(&format!("/v1/{path}"), &json!({"Job": odd}));
        assert_eq!((answer.status.as_u16(), answer.at("/Warnings")), (200, json!(text)), "{path}");
    }
}

#[test]
fn what_is_not_heeded_in_a_job_is_warned_of_wherever_it_is_read() {
    let app = App::with_nodes(1);
    let mut odd = job("web", 2);
    odd["TaskGroups"][0]["MaxClientDisconnect"] = json!(60_000_000_000_u64);
    odd["TaskGroups"][0]["Tasks"][0]["Resources"]["MemoryMaxMB"] = json!(1_000);
    let said = || {
        let paths = ["validate/job", "job/web/plan", "jobs"];
        let all = paths.map(|path| {
            let answer = app.put(&format!("/v1/{path}"), &json!({"Job": odd}));
            answer.at("/Warnings").as_str().unwrap().to_owned()
        });
        assert!(all.iter().all(|it| *it == all[0]), "{all:?}");
        all[0].clone()
    };
    let before = said();
    assert!(before.contains("\t* MaxClientDisconnect is not heeded"), "{before}");
    assert!(before.contains("\t* Task \"t\": MemoryMaxMB is not heeded"), "{before}");
    let more = json!({"MemoryOversubscriptionEnabled": true});
    assert_eq!(app.put("/v1/operator/scheduler/configuration", &more).status, 200);
    let after = said();
    assert!(after.contains("MaxClientDisconnect") && !after.contains("MemoryMaxMB"), "{after}");
}

#[test]
fn mistakes_in_a_job_are_said_as_the_original_says_them() {
    let app = App::with_nodes(1);
    let with = |path: &str, value: Value| {
        let mut job = job("web", 1);
        *job.pointer_mut(path).unwrap() = value;
        app.put("/v1/jobs", &json!({"Job": job}))
    };
    let driver = with("/TaskGroups/0/Tasks/0/Driver", json!(""));
    let text = "1 error occurred:\n\t* Task group g validation failed: 1 error occurred:\n\t* Task t validation \
                failed: 1 error occurred:\n\t* Missing task driver\n\n\n\n\n\n";
    assert_eq!((driver.status.as_u16(), driver.text.as_str()), (500, text));
    let count = with("/TaskGroups/0/Count", json!(-1));
    assert!(count.text.contains("\t* Task group count can't be negative\n"), "{}", count.text);
    app.register("web", 1);
    let other = with("/Type", json!("batch"));
    assert_eq!(other.text, "cannot update job from type \"service\" to \"batch\"");
}

/// A batch job, started by whoever dispatches it.
fn parameterized(app: &App) {
    let mut param = job("param", 1);
    param["Type"] = json!("batch");
    param["ParameterizedJob"] = json!({"Payload": "optional", "MetaRequired": ["who"]});
    let registered = app.put("/v1/jobs", &json!({"Job": param}));
    assert_eq!((registered.status.as_u16(), registered.at("/EvalID")), (200, json!("")));
}

#[test]
fn a_job_is_dispatched() {
    let app = App::with_nodes(1);
    parameterized(&app);
    app.register("web", 1);
    let dispatch = |id: &str, body: Value| app.put(&format!("/v1/job/{id}/dispatch"), &body);
    let launched = dispatch("param", json!({"Payload": "aGVsbG8=", "Meta": {"who": "me"}}));
    assert_eq!(launched.status, 200, "{}", launched.text);
    let child = launched.at("/DispatchedJobID").as_str().unwrap().to_owned();
    assert!(child.starts_with("param/dispatch-"), "{child}");
    let index = |key: &str| launched.at(key).as_u64().unwrap();
    assert!(index("/JobCreateIndex") > 0 && index("/EvalCreateIndex") > 0);
    assert_eq!(index("/Index"), launched.index());
    let read = app.get(&format!("/v1/job/{child}"));
    assert_eq!((read.at("/ParentID"), read.at("/Meta/who")), (json!("param"), json!("me")));
    assert_eq!(
        app.get(&format!("/v1/job/{child}/allocations")).json().as_array().unwrap().len(),
        1
    );
    assert_eq!(app.get("/v1/jobs?prefix=param").json().as_array().unwrap().len(), 2);
    let statuses = app.get("/v1/jobs/statuses").json();
    let of = |id: &str| statuses.as_array().unwrap().iter().find(|it| it["ID"] == id).cloned();
    assert_eq!(of("param").unwrap()["ChildStatuses"].as_array().unwrap().len(), 1);
    assert!(of(&child).is_none());

    let token = json!({"Meta": {"who": "me"}, "IdempotencyToken": "once"});
    let (first, second) = (dispatch("param", token.clone()), dispatch("param", token));
    assert_eq!(first.at("/DispatchedJobID"), second.at("/DispatchedJobID"));
    let text = |id: &str, body: Value| {
        let answer = dispatch(id, body);
        assert_eq!(answer.status, 500);
        answer.text
    };
    assert_eq!(text("param", json!({})), "Dispatch did not provide required meta keys: [who]");
    assert_eq!(
        text("param", json!({"Meta": {"who": "me", "zz": "1"}})),
        "Dispatch request included unpermitted metadata keys: [zz]"
    );
    assert_eq!(
        text("param", json!({"Meta": {"who": "me"}, "IdPrefixTemplate": "a b"})),
        "expected an ID prefix without spaces, found `a b`"
    );
    let other = "Specified job \"web\" is not a parameterized job";
    assert_eq!(text("web", json!({"JobID": "web"})), other);
    assert_eq!(dispatch("param", json!({"JobID": "web"})).status, 400);
}

#[test]
fn launches_are_forced_where_a_job_is_periodic() {
    let app = App::with_nodes(1);
    app.register("web", 1);
    let forced = app.put("/v1/job/web/periodic/force", &json!({}));
    let text = "can't force launch non-periodic job";
    assert_eq!((forced.status.as_u16(), forced.text.as_str()), (500, text));
    assert_eq!(app.put("/v1/job/nope/periodic/force", &json!({})).text, "job not found");
    let mut cron = job("cron", 1);
    cron["Type"] = json!("batch");
    cron["Periodic"] = json!({"Enabled": true, "Spec": "0 0 1 1 *", "SpecType": "cron"});
    let planned = app.put("/v1/job/cron/plan", &json!({"Job": cron}));
    let launch = if cfg!(feature = "cron") { json!("1971-01-01T00:00:00Z") } else { json!(null) };
    assert_eq!((planned.status.as_u16(), planned.at("/NextPeriodicLaunch")), (200, launch));
    let registered = app.put("/v1/jobs", &json!({"Job": cron}));
    // Expressions are read where that is built in.
    if cfg!(feature = "cron") {
        assert_eq!((registered.status.as_u16(), registered.at("/EvalID")), (200, json!("")));
        let forced = app.put("/v1/job/cron/periodic/force", &json!({}));
        assert_eq!((forced.status.as_u16(), forced.at("/Index")), (200, json!(forced.index())));
        assert!(!forced.at("/EvalID").as_str().unwrap().is_empty());
        let children = app.get("/v1/jobs?prefix=cron/periodic-").json();
        assert_eq!(children.as_array().unwrap().len(), 1);
        let evaluated = app.put("/v1/job/cron/evaluate", &json!({}));
        assert_eq!(evaluated.text, "can't evaluate periodic job");
    } else {
        assert_eq!(registered.status, 500);
    }
}

#[test]
fn what_a_job_was_made_of_is_kept_by_version() {
    let app = App::with_nodes(1);
    let source = json!({"Source": "job \"web\" {}", "Format": "hcl2", "VariableFlags": {"a": "b"}});
    app.put("/v1/jobs", &json!({"Job": job("web", 1), "Submission": source}));
    app.register("web", 2);
    let read = |query: &str| app.get(&format!("/v1/job/web/submission{query}"));
    let first = read("?version=0");
    assert_eq!(
        (first.at("/Source"), first.at("/Format")),
        (json!("job \"web\" {}"), json!("hcl2"))
    );
    assert_eq!((first.at("/Version"), first.at("/JobID")), (json!(0), json!("web")));
    for query in ["", "?version=1", "?version=7"] {
        let none = read(query);
        assert_eq!(
            (none.status.as_u16(), none.text.as_str()),
            (404, "job source not found"),
            "{query}"
        );
    }
    assert_eq!(read("?version=x").status, 400);
    assert_eq!(app.get("/v1/job/nope/submission").text, "job not found");
}

#[test]
fn summaries_are_counted_anew_and_deployments_unblocked_where_they_are() {
    let app = App::with_nodes(1);
    app.register("web", 1);
    let summary = app.get("/v1/job/web/summary").at("/Summary");
    let counted = app.put("/v1/system/reconcile/summaries", &json!({}));
    assert_eq!((counted.status.as_u16(), counted.text.as_str()), (200, ""));
    assert_eq!(app.get("/v1/job/web/summary").at("/Summary"), summary);
    let id = app.get("/v1/job/web/deployment").at("/ID").as_str().unwrap().to_owned();
    let unblocked = app.put(&format!("/v1/deployment/unblock/{id}"), &json!({"DeploymentID": id}));
    let text = "can't unblock deployment that is running";
    assert_eq!((unblocked.status.as_u16(), unblocked.text.as_str()), (500, text));
    let other = app.put(&format!("/v1/deployment/unblock/{id}"), &json!({"DeploymentID": "x"}));
    assert_eq!((other.status.as_u16(), other.text.as_str()), (400, "Deployment ID does not match"));
}
