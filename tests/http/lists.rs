//! Lists: filters, orders and pages; statuses of jobs, and evaluations that are deleted by a filter.

use serde_json::{Value, json};

use crate::app::{App, job, node_id};

/// A part of a query with its escapes.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|it| it["ID"].as_str().unwrap()).collect()
}

/// Two nodes, one of them ineligible, and three jobs of which one has nowhere to go.
fn app() -> App {
    let app = App::with_nodes(2);
    app.put(&format!("/v1/node/{}/eligibility", node_id(1)), &json!({"Eligibility": "ineligible"}));
    app.register("web", 2);
    let mut other = job("api", 1);
    other["Meta"] = json!({"team": "ops"});
    other["Priority"] = json!(80);
    app.put("/v1/jobs", &json!({"Job": other}));
    let mut nowhere = job("nowhere", 1);
    nowhere["Datacenters"] = json!(["mars"]);
    app.put("/v1/jobs", &json!({"Job": nowhere}));
    app
}

#[test]
fn filters_pick_things_of_every_list() {
    let app = app();
    let number = |path: &str, filter: &str| {
        let answer = app.get(&format!("/v1/{path}?filter={}", escaped(filter)));
        assert_eq!(answer.status, 200, "{filter}: {}", answer.text);
        answer.json().as_array().unwrap().len()
    };
    let on_node = format!("node/{}/allocations", node_id(0));
    let cases = [
        ("jobs", "Meta.team == ops", 1),
        ("jobs", "Meta.team != ops", 2),
        ("jobs", "Priority == 80 or ID == \"web\"", 2),
        ("jobs", "\"mars\" in Datacenters", 1),
        ("jobs", "ParentID is empty and not (Type == batch)", 3),
        ("jobs", "TaskGroups.0.Tasks.0.Driver == docker", 3),
        ("nodes", "SchedulingEligibility == eligible", 1),
        ("nodes", "Attributes[\"kernel.name\"] == linux", 2),
        ("nodes", "SecretID is empty", 2),
        ("allocations", "JobID == web and ClientStatus == pending", 2),
        ("allocations", "Job.Priority == 80", 1),
        ("allocations", "Name contains \"[1]\"", 1),
        ("evaluations", "Status == blocked", 1),
        ("evaluations", "FailedTGAllocs is not empty", 2),
        ("evaluations", "BlockedEval != \"\"", 1),
        ("deployments", "JobID == web and Status == running", 1),
        ("jobs/statuses", "Priority == 80", 1),
        ("job/web/allocations", "Name contains \"[1]\"", 1),
        ("job/nowhere/evaluations", "Status == blocked", 1),
        ("job/web/deployments", "Status == failed", 0),
        (&on_node, "JobID == api", 1),
        ("node/pools", "Name == all", 1),
        ("namespaces", "Name != default", 0),
    ];
    for (path, filter, expected) in cases {
        assert_eq!(number(path, filter), expected, "{path} {filter}");
    }
    let matching = app.get(&format!("/v1/jobs?filter={}", escaped("ID matches \"^(web|api)$\"")));
    assert_eq!(ids(&matching.json()), ["api", "web"]);
    assert_eq!(app.get("/v1/evaluations/count?filter=Status%3D%3Dblocked").at("/Count"), 1);
}

#[test]
fn filters_that_are_none_are_refused() {
    let app = app();
    let text = |path: &str, filter: &str| {
        let answer = app.get(&format!("/v1/{path}filter={}", escaped(filter)));
        assert_eq!(answer.status, 400, "{filter}: {}", answer.text);
        answer.text
    };
    assert_eq!(
        text("jobs?", "not valid"),
        "failed to create result paginator: failed to read filter expression: \
         1:10 (9): expected an operator, found the end"
    );
    for path in ["jobs", "nodes", "allocations", "evaluations", "deployments", "jobs/statuses"] {
        let missing = text(&format!("{path}?"), "Nothing == 1");
        let words =
            "failed to read result page: error finding value in datum: /Nothing at part 0: ";
        assert!(missing.starts_with(words), "{path}: {missing}");
    }
    let both = text("evaluations?status=blocked&", "JobID == web");
    assert_eq!(both, "filter cannot be used with the parameters status and job");
    assert!(text("jobs?", &"x".repeat(3_000)).len() < 400);
    assert!(text("jobs?", &format!("ID == a {}", "(".repeat(3_000))).len() < 400);
}

#[test]
fn pages_go_on_where_the_last_one_ended_in_either_order() {
    let app = app();
    let on_node = format!("node/{}/allocations", node_id(0));
    for (path, has_index) in [
        ("jobs", false),
        ("nodes", false),
        ("allocations", true),
        ("evaluations", true),
        ("job/web/allocations", true),
        ("job/nowhere/evaluations", true),
        (&on_node, true),
        ("namespaces", false),
        ("node/pools", false),
    ] {
        for order in ["false", "true"] {
            let all = app.get(&format!("/v1/{path}?reverse={order}"));
            assert!(all.headers.get("x-nomad-nexttoken").is_none());
            let (mut found, mut token) = (Vec::new(), String::new());
            loop {
                let query = format!("per_page=1&reverse={order}&next_token={token}");
                let page = app.get(&format!("/v1/{path}?{query}"));
                found.extend(page.json().as_array().unwrap().clone());
                let Some(next) = page.headers.get("x-nomad-nexttoken") else { break };
                next.to_str().unwrap().clone_into(&mut token);
                let index = token.split('.').next().unwrap().parse::<u64>();
                assert_eq!(index.is_ok(), has_index && token.contains('.'), "{token}");
            }
            assert_eq!(Value::Array(found), all.json(), "{path} {order}");
        }
    }
}

#[test]
fn statuses_say_of_jobs_what_a_page_shows() {
    let app = app();
    let all = app.get("/v1/jobs/statuses");
    assert_eq!(ids(&all.json()), ["nowhere", "api", "web"]);
    let web = all.at("/2");
    assert_eq!((&web["GroupCountSum"], &web["Version"]), (&json!(2), &json!(0)));
    assert_eq!(web["LatestDeployment"]["IsActive"], true);
    assert_eq!(web["ChildStatuses"], Value::Null);
    assert_eq!(web["Allocs"].as_array().unwrap().len(), 2);
    let allocation = &web["Allocs"][0];
    assert_eq!(
        (&allocation["Group"], &allocation["ClientStatus"]),
        (&json!("g"), &json!("pending"))
    );
    assert_eq!(allocation["DeploymentStatus"], json!({"Healthy": null, "Canary": false}));
    assert_eq!(ids(&app.get("/v1/jobs/statuses?reverse=true").json()), ["web", "api", "nowhere"]);

    let named = json!({"Jobs": [{"ID": "web", "Namespace": "default"}, {"ID": "nobody"}]});
    let some = app.put("/v1/jobs/statuses", &named);
    assert_eq!(ids(&some.json()), ["web"]);
    assert_eq!(some.index(), all.index());
    assert_eq!(app.put("/v1/jobs/statuses", &json!({})).json(), all.json());
    let waits = app.put("/v1/jobs/statuses?index=999999&wait=50ms", &named);
    assert_eq!(waits.json(), some.json());
    assert_eq!(app.call("PUT", "/v1/jobs/statuses", b"[").status, 400);
}

#[test]
fn evaluations_are_deleted_by_a_filter() {
    let app = app();
    let delete = |body: Value| app.call("DELETE", "/v1/evaluations", body.to_string().as_bytes());
    let deleted = delete(json!({"Filter": "JobID == nowhere and Status == complete"}));
    assert_eq!((deleted.status.as_u16(), deleted.text.contains("\"Count\":1")), (200, true));
    assert_eq!(app.get("/v1/job/nowhere/evaluations").json().as_array().unwrap().len(), 1);
    // What allocations came of stays.
    let held = delete(json!({"Filter": "JobID == web"}));
    assert!(held.text.ends_with("can't be deleted: it has allocations"), "{}", held.text);
    let both = delete(json!({"Filter": "JobID == web", "EvalIDs": ["x"]}));
    assert_eq!(
        (both.status.as_u16(), both.text.as_str()),
        (400, "evals cannot be deleted by both ID and filter")
    );
    let neither = delete(json!({}));
    let text = "request does not include any evaluation IDs or a filter";
    assert_eq!((neither.status.as_u16(), neither.text.as_str()), (400, text));
    assert_eq!(delete(json!({"Filter": "(("})).status, 400);
    // What has not ended stays.
    let waiting = delete(json!({"Filter": "Status == blocked"}));
    assert_eq!(waiting.status, 500, "{}", waiting.text);
    assert_eq!(app.get("/v1/evaluations?status=blocked").json().as_array().unwrap().len(), 1);
}

#[test]
fn an_evaluation_that_is_named_twice_is_deleted_once() {
    let app = app();
    let id = app.get("/v1/evaluations?job=nowhere&status=complete").at("/0/ID");
    let body = json!({"EvalIDs": [id, id]}).to_string();
    let deleted = app.call("DELETE", "/v1/evaluations", body.as_bytes());
    assert_eq!((deleted.status.as_u16(), deleted.at("/Count")), (200, json!(1)));
}

#[test]
#[cfg(not(feature = "hcl"))]
fn job_files_are_not_read_and_that_is_said() {
    let app = App::empty();
    let hcl = app.put("/v1/jobs/parse", &json!({"JobHCL": "job \"web\" {}", "Canonicalize": true}));
    let text = "HCL is not built in: build with `--features hcl`, or send the job as JSON";
    assert_eq!((hcl.status.as_u16(), hcl.text.as_str()), (501, text));
    let empty = app.put("/v1/jobs/parse", &json!({"JobHCL": ""}));
    assert_eq!((empty.status.as_u16(), empty.text.as_str()), (400, "Job spec is empty"));
    assert_eq!(app.call("GET", "/v1/jobs/parse", b"").status, 405);
}
