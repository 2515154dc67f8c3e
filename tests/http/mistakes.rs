//! Bad input: the exact status and, where clients may look at it, the exact text.

use serde_json::json;

use crate::app::{App, job};

const NOBODY: &str = "00000000-0000-0000-0000-00000000ffff";

#[test]
fn what_is_not_there_is_said_in_the_original_words() {
    let app = App::empty();
    let short = "lookup failed: index error: UUID must be 36 characters";
    let cases: Vec<(String, u16, String)> = [
        (format!("/v1/node/{NOBODY}"), 404, "node not found".to_owned()),
        ("/v1/node/6536fa8f".into(), 500, format!("node {short}")),
        ("/v1/node/".into(), 500, "missing node ID".into()),
        (format!("/v1/allocation/{NOBODY}"), 404, "alloc not found".into()),
        ("/v1/allocation/6ab0af0f".into(), 500, format!("alloc {short}")),
        ("/v1/allocation/".into(), 500, format!("alloc {short}")),
        (format!("/v1/evaluation/{NOBODY}"), 404, "eval not found".into()),
        ("/v1/evaluation/".into(), 500, format!("eval {short}")),
        (format!("/v1/deployment/{NOBODY}"), 404, "deployment not found".into()),
        ("/v1/job/nope".into(), 404, "job not found".into()),
        ("/v1/job/".into(), 404, "job not found".into()),
        ("/v1/job/web/nothing".into(), 404, "job not found".into()),
        ("/v1/job/nope/summary".into(), 404, "job not found".into()),
        ("/v1/job/nope/versions".into(), 404, "job versions not found".into()),
        ("/v1/job/nope/scale".into(), 404, "job not found".into()),
        ("/v1/job/nope/allocations".into(), 200, "[]".into()),
        ("/v1/job/nope/evaluations".into(), 200, "[]".into()),
        ("/v1/job/nope/deployments".into(), 200, "[]".into()),
        ("/v1/job/nope/deployment".into(), 200, "null".into()),
        (format!("/v1/evaluation/{NOBODY}/allocations"), 200, "[]".into()),
        (format!("/v1/node/{NOBODY}/allocations"), 200, "[]".into()),
        ("/v1/namespace/zz".into(), 404, "Namespace not found".into()),
        ("/v1/nothing".into(), 404, String::new()),
        ("/jobs".into(), 404, String::new()),
        ("/v1/client/allocation/x/stats".into(), 404, "No path to node".into()),
        ("/v1/client/stats".into(), 400, "No local Node and node_id not provided".into()),
        (
            "/v1/nodes?prefix=abc".into(),
            500,
            "node lookup failed: index error: Input (without hyphens) must be even length".into(),
        ),
        (
            "/v1/nodes?prefix=zz".into(),
            500,
            "node lookup failed: index error: Invalid UUID: encoding/hex: invalid byte: U+007A 'z'"
                .into(),
        ),
    ]
    .into();
    for (path, status, text) in cases {
        let answer = app.get(&path);
        assert_eq!((answer.status.as_u16(), answer.text), (status, text), "{path}");
    }
    assert_eq!(app.get("/v1/job/nope").index(), 0);
}

#[test]
fn parameters_that_are_none_are_refused() {
    let app = App::empty();
    let as_bool = |key: &str| {
        format!(
            "Failed to parse value of \"{key}\" (maybe) as a bool: strconv.ParseBool: parsing \"maybe\": invalid syntax"
        )
    };
    app.register("web", 1);
    let cases = [
        ("GET", "/v1/jobs?index=abc", 400, "Invalid index".to_owned()),
        ("GET", "/v1/jobs?index=-1", 400, "Invalid index".into()),
        ("GET", "/v1/jobs?wait=abc", 400, "Invalid wait time".into()),
        ("GET", "/v1/job/web/versions?diffs=maybe", 500, as_bool("diffs")),
        ("DELETE", "/v1/job/web?purge=maybe", 500, as_bool("purge")),
        ("GET", "/v1/allocations?resources=maybe", 500, as_bool("resources")),
        ("GET", "/v1/nodes?resources=maybe", 500, as_bool("resources")),
        ("GET", "/v1/jobs?region=mars", 500, "No path to region".into()),
        ("GET", "/v1/job/web?region=mars", 500, "No path to region".into()),
        (
            "PUT",
            "/v1/operator/scheduler/configuration?cas=x",
            400,
            "Error parsing cas value".into(),
        ),
    ];
    for (method, path, status, text) in cases {
        let answer = app.call(method, path, b"{}");
        assert_eq!((answer.status.as_u16(), answer.text), (status, text), "{path}");
    }
    assert_eq!(app.get("/v1/jobs?per_page=abc").status, 200);
    assert_eq!(app.get("/v1/job/web/allocations?all=maybe").status, 200);
}

#[test]
fn methods_that_a_path_has_not_are_refused() {
    let app = App::empty();
    let cases = [
        ("DELETE", "/v1/jobs"),
        ("PATCH", "/v1/jobs"),
        ("HEAD", "/v1/jobs"),
        ("OPTIONS", "/v1/jobs"),
        ("PATCH", "/v1/job/web"),
        ("POST", "/v1/nodes"),
        ("POST", "/v1/node/x"),
        ("GET", "/v1/job/web/evaluate"),
        ("POST", "/v1/job/web/allocations"),
        ("PUT", "/v1/allocations"),
        ("DELETE", "/v1/allocation/x"),
        ("PUT", "/v1/evaluations"),
        ("PUT", "/v1/deployments"),
        ("GET", "/v1/node/x/eligibility"),
        ("GET", "/v1/node/x/evaluate"),
        ("GET", "/v1/allocation/x/stop"),
        ("GET", "/v1/validate/job"),
    ];
    for (method, path) in cases {
        let answer = app.call(method, path, b"");
        assert_eq!(answer.status, 405, "{method} {path}");
        // A reply to HEAD has no body.
        let text = if method == "HEAD" { "" } else { "Invalid method" };
        assert_eq!(answer.text, text, "{method} {path}");
    }
}

/// Path, body, status and text.
const BODIES: [(&str, &str, u16, &str); 24] = [
    ("jobs", "", 400, "Request body is empty"),
    ("jobs", "{\"Job\": ", 400, "unexpected EOF"),
    ("jobs", "{}", 400, "Job must be specified"),
    ("jobs", "[]", 400, "expected an object, found a list"),
    ("jobs", "{\"ID\": \"web\"}", 400, "Job must be specified"),
    ("jobs", "{\"Job\": null}", 400, "Job must be specified"),
    ("jobs", "{\"Job\": {}}", 400, "Job ID hasn't been provided"),
    ("job/nope/evaluate", "{\"JobID\": \"nope\"}", 500, "job not found"),
    ("job/web/evaluate", "{\"JobID\": \"nope\"}", 400, "Job ID does not match"),
    (
        "job/web/revert",
        "{\"JobID\": \"web\", \"JobVersion\": 0}",
        500,
        "can't revert to current version",
    ),
    (
        "job/web/revert",
        "{\"JobID\": \"web\", \"JobVersion\": 99}",
        500,
        "job \"web\" in namespace \"default\" at version 99 not found",
    ),
    (
        "job/web/scale",
        "{\"Count\": 1, \"Target\": {\"Group\": \"zz\"}}",
        400,
        "task group \"zz\" specified for scaling does not exist in job",
    ),
    (
        "job/web/scale",
        "{\"Count\": -1, \"Target\": {\"Group\": \"g\"}}",
        400,
        "scaling action count can't be negative",
    ),
    ("job/web/scale", "{\"Count\": 1}", 400, "missing task group name for scaling action"),
    ("job/nope/scale", "{\"Count\": 1, \"Target\": {\"Group\": \"g\"}}", 404, "job not found"),
    ("node/n9/register", "{}", 400, "Node must be specified"),
    ("node/n9/register", "{\"Node\": {\"ID\": \"n8\"}}", 400, "Node ID does not match"),
    ("node/n9/evaluate", "", 500, "node not found"),
    ("node/n9/eligibility", "{\"Eligibility\": \"eligible\"}", 500, "node not found"),
    (
        "node/00000000-0000-0000-0000-000000000000/eligibility",
        "{\"Eligibility\": \"maybe\"}",
        500,
        "invalid scheduling eligibility \"maybe\"",
    ),
    (
        "node/00000000-0000-0000-0000-000000000000/status",
        "{\"Status\": \"odd\"}",
        500,
        "invalid status for node: \"odd\"",
    ),
    ("allocation/nope/stop", "", 404, "allocation not found"),
    (
        "operator/scheduler/configuration",
        "{\"SchedulerAlgorithm\": \"nope\"}",
        400,
        "invalid scheduler algorithm: nope",
    ),
    (
        "search/fuzzy",
        "{\"Text\": \"a\"}",
        500,
        "fuzzy search query must be at least 2 characters, got 1",
    ),
];

#[test]
fn bodies_that_make_no_sense_are_refused() {
    let app = App::with_nodes(1);
    app.register("web", 1);
    for (path, body, status, text) in BODIES {
        let answer = app.call("PUT", &format!("/v1/{path}"), body.as_bytes());
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (status, text), "{path} {body}");
    }
    let web = |key: &str, value: serde_json::Value| {
        let mut job = job("web", 1);
        job[key] = value;
        json!({"Job": job})
    };
    let high = "Job.Priority: expected an integer, found the string `high`";
    let cases = [
        ("job/other", web("Name", json!("web")), 400, "Job ID does not match name"),
        ("jobs", web("Region", json!("mars")), 500, "No path to region"),
        ("jobs", web("Priority", json!("high")), 400, high),
        (
            "jobs?namespace=nope",
            web("Name", json!("web")),
            500,
            "job \"web\" is in nonexistent namespace \"nope\"",
        ),
    ];
    for (path, body, status, text) in cases {
        let answer = app.put(&format!("/v1/{path}"), &body);
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (status, text), "{path}");
    }
    // Nothing of it has changed anything.
    assert_eq!(app.get("/v1/job/web").at("/Version"), 0);
    assert_eq!(app.get("/v1/jobs").json().as_array().unwrap().len(), 1);
}

#[test]
fn a_plan_is_refused_as_registering_is_and_validating_says_why() {
    let app = App::with_nodes(1);
    let there = job("web", 1);
    let mut cases =
        vec![("namespace", "Namespace", json!("zz")), ("node pool", "NodePool", json!("zz"))];
    if cfg!(feature = "cron") {
        cases.push(("", "Periodic", json!({"Spec": "bogus"})));
    }
    for (noun, key, value) in cases {
        let mut odd = there.clone();
        odd["Type"] = json!("batch");
        odd[key] = value;
        let put = |path: &str| app.put(&format!("/v1/{path}"), &json!({"Job": odd}));
        let (planned, registered) = (put("job/web/plan"), put("jobs"));
        assert_eq!((planned.status.as_u16(), registered.status.as_u16()), (500, 500), "{key}");
        assert_eq!(planned.text, registered.text, "{key}");
        let errors = put("validate/job").at("/ValidationErrors");
        let said = errors[0].as_str().unwrap();
        assert!(registered.text.contains(said), "{key}: {said}");
        if !noun.is_empty() {
            assert_eq!(said, format!("job \"web\" is in nonexistent {noun} \"zz\""));
        }
    }
    // All mistakes are listed, and the namespace is that of the request where the job names none.
    let mut odd = there.clone();
    odd["NodePool"] = json!("zz");
    odd["TaskGroups"][0]["Tasks"][0]["Driver"] = json!("");
    let answer = app.put("/v1/validate/job?namespace=zz", &json!({"Job": odd}));
    assert_eq!(answer.at("/ValidationErrors").as_array().unwrap().len(), 3, "{}", answer.text);
    assert!(answer.at("/Error").as_str().unwrap().starts_with("3 errors occurred:\n\t* "));
    // What names nothing is where everything is.
    let answer = app.put("/v1/validate/job", &json!({"Job": there}));
    assert_eq!(answer.at("/ValidationErrors"), json!(null));
}

#[test]
fn registrations_hold_the_index_that_they_ask_for() {
    let app = App::with_nodes(1);
    let with_index = |id: &str, index: u64| {
        app.put(
            "/v1/jobs",
            &json!({"Job": job(id, 1), "EnforceIndex": true, "JobModifyIndex": index}),
        )
    };
    assert_eq!(with_index("web", 5).text, "Enforcing job modify index 5: job does not exist");
    assert_eq!(with_index("web", 0).status, 200);
    assert_eq!(with_index("web", 0).text, "Enforcing job modify index 0: job already exists");
    let index = app.get("/v1/job/web").at("/JobModifyIndex").as_u64().unwrap();
    let conflict = with_index("web", index + 7);
    let text = format!(
        "Enforcing job modify index {}: job exists with conflicting job modify index: {index}",
        index + 7
    );
    assert_eq!((conflict.status.as_u16(), conflict.text), (500, text));
    assert_eq!(with_index("web", index).status, 200);
}

#[test]
fn bodies_are_bounded_and_little_of_them_is_repeated() {
    let app = App::empty();
    let large = vec![b' '; (32 << 20) + 1];
    let answer = app.call("PUT", "/v1/jobs", &large);
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (413, "Request body is too large"));
    let mut deep = "[".repeat(100_000);
    deep.push_str(&"]".repeat(100_000));
    assert_eq!(app.call("PUT", "/v1/jobs", deep.as_bytes()).status, 400);
    assert_eq!(app.call("PUT", "/v1/jobs", b"{\"Job\": \"\xff\"}").status, 400);
    let long = json!({"Job": {"ID": "web", "Priority": "x".repeat(100_000)}});
    let answer = app.put("/v1/jobs", &long);
    assert!(answer.status == 400 && answer.text.len() < 600, "{}", answer.text.len());
}
