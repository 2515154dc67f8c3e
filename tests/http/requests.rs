//! A table of requests that make no sense, and what each is answered.

use crate::app::{App, job};
use serde_json::json;

/// A request in a line, its status, and how its text begins; the body stands after a bar.
const REQUESTS: [(&str, u16, &str); 103] = [
    // Paths that are none, or that lead elsewhere.
    ("GET /", 404, ""),
    ("GET /v1", 404, ""),
    ("GET /v1/", 404, ""),
    ("GET /V1/jobs", 404, ""),
    ("GET /v1/Jobs", 404, ""),
    ("GET /v2/jobs", 404, ""),
    ("GET /v1//jobs", 404, ""),
    ("GET //v1/jobs", 404, ""),
    ("GET /v1/./jobs", 404, ""),
    ("GET /v1/../v1/jobs", 404, ""),
    ("GET /v1/jobs/../nodes", 404, ""),
    ("GET /v1/jobs%2F", 404, ""),
    ("GET /v1/%6Aobs", 404, ""),
    ("GET /v1/job/%", 404, ""),
    ("GET /v1/job/%zz", 404, ""),
    ("GET /v1/job/%ff", 404, ""),
    ("GET /v1/job/%00", 404, "job not found"),
    ("GET /v1/job/..%2f..%2fetc%2fpasswd", 404, "job not found"),
    ("GET /v1/job/../../etc/passwd", 404, "job not found"),
    ("GET /v1/jobs/nothing", 404, ""),
    ("GET /v1/node", 404, ""),
    ("GET /v1/deployment", 404, ""),
    ("GET /v1/stowplan", 404, ""),
    ("GET /v1/stowplan/evaluation/x", 404, ""),
    ("GET /v1/event", 404, ""),
    ("GET /v1/acl/tokens", 404, ""),
    ("GET /v1/vars", 404, ""),
    // Methods that are none of a path's.
    ("PUT /v1/metrics", 405, "Invalid method"),
    ("DELETE /v1/metrics", 405, "Invalid method"),
    ("PUT /v1/regions", 405, "Invalid method"),
    ("PUT /v1/status/leader", 405, "Invalid method"),
    ("GET /v1/system/gc", 405, "Invalid method"),
    ("GET /v1/system/reconcile/summaries", 405, "Invalid method"),
    ("GET /v1/search", 405, "Invalid method"),
    ("GET /v1/search/fuzzy", 405, "Invalid method"),
    ("DELETE /v1/node/x/drain", 405, "Invalid method"),
    ("GET /v1/node/x/purge", 405, "Invalid method"),
    ("GET /v1/node/x/register", 405, "Invalid method"),
    ("GET /v1/deployment/pause/x", 405, "Invalid method"),
    ("DELETE /v1/jobs/statuses", 405, "Invalid method"),
    ("PUT /v1/scaling/policies", 405, "Invalid method"),
    ("PUT /v1/stowplan/overview", 405, "Invalid method"),
    ("POST /v1/event/stream", 405, "Invalid method"),
    ("TRACE /v1/jobs", 405, "Invalid method"),
    ("CONNECT /v1/jobs", 405, "Invalid method"),
    ("BREW /v1/jobs", 405, "Invalid method"),
    // Parameters.
    ("GET /v1/jobs?index=1.5", 400, "Invalid index"),
    ("GET /v1/jobs?index=18446744073709551616", 400, "Invalid index"),
    ("GET /v1/jobs?index=%31x", 400, "Invalid index"),
    ("GET /v1/jobs?index=1&wait=1", 400, "Invalid wait time"),
    ("GET /v1/jobs?wait=5q", 400, "Invalid wait time"),
    ("GET /v1/jobs?wait=99999999999999999999h", 400, "Invalid wait time"),
    ("GET /v1/jobs?meta=2", 500, "Failed to parse value of \"meta\" (2) as a bool"),
    ("GET /v1/jobs/statuses?include_children=x", 500, "Failed to parse value"),
    ("GET /v1/allocations?task_states=x", 500, "Failed to parse value"),
    ("GET /v1/jobs?filter=(", 400, "failed to create result paginator: "),
    ("GET /v1/jobs?filter=a%3D%3D", 400, "failed to create result paginator: "),
    ("GET /v1/jobs?filter=Nope%3D%3D1", 400, "failed to read result page: "),
    ("GET /v1/nodes?prefix=a-", 500, "node lookup failed: index error: Input"),
    ("GET /v1/evaluations?prefix=xy", 500, "eval lookup failed: index error: Invalid UUID"),
    ("GET /v1/deployments?prefix=xy", 500, "deployment lookup failed: index error: Invalid UUID"),
    ("GET /v1/allocations?prefix=xy", 500, "alloc lookup failed: index error: Invalid UUID"),
    ("GET /v1/stowplan/capacity", 400, "job must be specified"),
    ("GET /v1/stowplan/capacity?job=nope", 404, "job not found"),
    ("GET /v1/stowplan/capacity?job=web&group=nope", 404, "task group not found"),
    ("GET /v1/stowplan/capacity?job=web&limit=x", 400, "Invalid limit"),
    ("GET /v1/stowplan/capacity?job=web&limit=10001", 400, "limit is at most 10000"),
    ("GET /v1/stowplan/evaluation/x/explain", 500, "eval lookup failed"),
    ("GET /v1/scaling/policy/x", 404, "policy not found"),
    ("GET /v1/status/leader?region=mars", 500, "No path to region"),
    ("GET /v1/status/peers?region=mars", 500, "No path to region"),
    (
        "PUT /v1/job/web/evaluate|{\"JobID\": \"web\", \"Region\": \"mars\"}",
        500,
        "No path to region",
    ),
    ("PUT /v1/node/n9/allocations|{\"Alloc\": []}", 500, "node not found"),
    ("GET /v1/stowplan/capacity?job=web&limit=99999999999", 400, "Invalid limit"),
    (
        "GET /v1/jobs?filter=any%20Nope%20as%20it%20%7B%20it%20%3D%3D%201%20%7D",
        400,
        "failed to read result page: ",
    ),
    ("GET /v1/jobs?filter=any%20ID", 400, "failed to create result paginator: "),
    ("GET /v1/metrics?region=mars", 500, "No path to region"),
    // Bodies.
    ("PUT /v1/jobs|null", 400, "Job must be specified"),
    ("PUT /v1/jobs|{\"Job\": []}", 400, "Job"),
    ("PUT /v1/jobs|{\"Job\": \"web\"}", 400, "Job: expected"),
    (
        "PUT /v1/jobs|{\"Job\": {\"ID\": 7}}",
        400,
        "Job.ID: expected a string, found the integer `7`",
    ),
    ("PUT /v1/jobs|{\"Job\": {\"ID\": \"a b\"}}", 500, ""),
    (
        "PUT /v1/jobs|{\"Job\": {\"ID\": \"x\", \"TaskGroups\": {}}}",
        400,
        "Job.TaskGroups: expected",
    ),
    ("PUT /v1/jobs|{\"Job\": {\"ID\": \"x\", \"Priority\": 1e99}}", 400, "Job.Priority: expected"),
    ("PUT /v1/jobs|{\"Job\": {\"ID\": \"x\", \"Meta\": {\"a\": 1}}}", 400, "Job.Meta"),
    ("PUT /v1/jobs|{\"Job\": {\"ID\": \"x\"}, \"EnforceIndex\": 3}", 400, "EnforceIndex: expected"),
    ("PUT /v1/jobs|{\"Job\": {\"ID\": \"x\"}}", 500, ""),
    ("PUT /v1/jobs|{\"Job\": {\"ID\": \"x\"}} trailing", 400, "line 1, column"),
    ("PUT /v1/jobs|<job/>", 400, "line 1, column 1"),
    ("PUT /v1/job/web|{\"Job\": {\"ID\": \"other\"}}", 400, "Job ID does not match name"),
    ("PUT /v1/job/web/plan|{}", 400, "Job must be specified"),
    ("PUT /v1/job/web/plan|{\"Job\": {\"ID\": \"\"}}", 400, "Job must have a valid ID"),
    ("PUT /v1/job/web/stable|{\"JobID\": \"other\"}", 400, "Job ID does not match"),
    ("PUT /v1/job/web/revert|{}", 400, "JobID must be specified"),
    ("PUT /v1/job/web/evaluate|[1]", 400, ""),
    ("PUT /v1/node/n9/drain|{\"DrainSpec\": 5}", 400, "DrainSpec"),
    ("PUT /v1/node/n9/status|{}", 500, ""),
    ("PUT /v1/node/n9/allocations|{\"Alloc\": {}}", 400, "Alloc: expected"),
    ("PUT /v1/deployment/pause/x|{\"Pause\": true}", 500, ""),
    (
        "PUT /v1/namespace/ops|{\"Name\": \"other\"}",
        400,
        "namespace name does not match request path",
    ),
    ("PUT /v1/search|{\"Context\": \"nope\"}", 500, "context must be one of"),
    ("DELETE /v1/evaluations|{\"EvalIDs\": [\"x\"]}", 500, ""),
    ("PUT /v1/jobs/statuses|{\"Jobs\": [1]}", 400, "Jobs[0]: expected"),
];

#[test]
fn requests_that_make_no_sense_are_answered_and_change_nothing() {
    let app = App::with_nodes(1);
    app.register("web", 1);
    let (before, mut wrong) = (app.latest_index(), Vec::new());
    for (request, status, text) in REQUESTS {
        let (line, body) = request.split_once('|').unwrap_or((request, ""));
        let (method, path) = line.split_once(' ').unwrap();
        let answer = app.call(method, path, body.as_bytes());
        let is_whole = status == 404 && text.is_empty();
        let is_right = answer.status.as_u16() == status
            && answer.text.starts_with(text)
            && (!is_whole || answer.text.is_empty());
        if !is_right {
            wrong.push(format!("{request}: {} {}", answer.status, answer.text));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(app.latest_index(), before);
}

#[test]
fn no_error_repeats_more_than_200_characters() {
    let app = App::with_nodes(1);
    app.register("web", 1);
    let long = "x".repeat(3_000);
    let with = |key: &str, value: serde_json::Value| {
        let mut job = job("big", 1);
        job[key] = value;
        json!({"Job": job}).to_string()
    };
    let paths = [
        format!("GET /v1/job/{long}"),
        format!("GET /v1/node/{long}"),
        format!("GET /v1/nodes?prefix={long}"),
        format!("GET /v1/jobs?region={long}"),
        format!("GET /v1/jobs?meta={long}"),
        format!("GET /v1/jobs?filter={long}"),
        format!("GET /v1/jobs?filter={long}%3D%3D1"),
        format!("GET /v1/jobs?filter=Priority%3D%3D{long}"),
        format!("GET /v1/event/stream?index={long}"),
        format!("GET /v1/event/stream?topic={long}:{long}:x"),
        format!("PUT /v1/jobs?namespace={long}|{}", with("Name", json!("big"))),
        format!("PUT /v1/jobs|{}", with("ID", json!(format!("a b{long}")))),
        format!("PUT /v1/jobs|{}", with("Type", json!(long))),
        format!("PUT /v1/jobs|{}", with("Priority", json!(long))),
        format!("PUT /v1/jobs|{{{long}"),
        format!("PUT /v1/job/web/scale|{}", json!({"Count": 1, "Target": {"Group": long}})),
        format!("PUT /v1/job/web/revert|{}", json!({"JobID": "web", "JobVersion": long})),
        format!("PUT /v1/node/{}/status|{}", crate::app::node_id(0), json!({"Status": long})),
        format!(
            "PUT /v1/node/{}/eligibility|{}",
            crate::app::node_id(0),
            json!({"Eligibility": long})
        ),
        format!("PUT /v1/operator/scheduler/configuration|{}", json!({"SchedulerAlgorithm": long})),
        format!("PUT /v1/search|{}", json!({"Context": long})),
        format!("DELETE /v1/evaluations|{}", json!({"EvalIDs": [long]})),
        format!("PUT /v1/namespace/a|{}", json!({"Name": long})),
    ];
    for request in paths {
        let (line, body) = request.split_once('|').unwrap_or((&request, ""));
        let (method, path) = line.split_once(' ').unwrap();
        let answer = app.call(method, path, body.as_bytes());
        let head: String = request.chars().take(60).collect();
        assert!(answer.status.as_u16() >= 400, "{head}: {}", answer.status);
        let longest = answer.text.split(|sign| sign != 'x').map(str::len).max();
        assert!(longest <= Some(200), "{head}: {longest:?}");
    }
}
