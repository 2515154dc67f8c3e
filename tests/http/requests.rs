//! A table of requests that make no sense, and what each is answered.

use std::collections::BTreeSet;

use serde_json::json;

use crate::app::{App, job};

/// The table, which says what its lines are.
const TABLE: &str = include_str!("requests.txt");
const README: &str = include_str!("../../README.md");

/// A line of the table.
struct Request<'a> {
    status: u16,
    method: &'a str,
    path: &'a str,
    body: &'a str,
    /// How the text of the answer begins.
    text: &'a str,
}

fn requests() -> impl Iterator<Item = Request<'static>> {
    let lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| {
        let (request, text) = line.split_once(" =>").unwrap();
        let (status, request) = request.split_once(' ').unwrap();
        let (method, request) = request.split_once(' ').unwrap();
        let (path, body) = request.split_once(' ').unwrap_or((request, ""));
        Request { status: status.parse().unwrap(), method, path, body, text: text.trim_start() }
    })
}

#[test]
fn requests_that_make_no_sense_are_answered_and_change_nothing() {
    let app = App::with_nodes(1);
    app.register("web", 1);
    let (before, mut wrong) = (app.latest_index(), Vec::new());
    for Request { status, method, path, body, text } in requests() {
        let answer = app.call(method, path, body.as_bytes());
        let has_no_word = status == 404 && text.is_empty();
        let is_right = answer.status.as_u16() == status
            && answer.text.starts_with(text)
            && (!has_no_word || answer.text.is_empty());
        if !is_right {
            wrong.push(format!("{method} {path} {body}: {} {}", answer.status, answer.text));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(app.latest_index(), before);
}

#[test]
fn the_table_has_as_many_requests_as_the_readme_says() {
    let all: Vec<Request<'_>> = requests().collect();
    let different: BTreeSet<_> = all.iter().map(|it| (it.method, it.path, it.body)).collect();
    assert!(different.len() >= 150 && different.len() == all.len(), "{}", different.len());
    assert!(README.contains(&format!("| {} bad requests ", all.len())), "{}", all.len());
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
