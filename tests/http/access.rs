//! Who may ask, and how much.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use stowplan::http::{Access, Limits};
use tower::ServiceExt;

use crate::app::{App, job, run};

const TOKEN: &str = "b32e6f5a-9f1c-4c58-9c57-94a3c5d1f0aa";

fn status(app: &App, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
    run(app.respond(method, path, headers, b"{}")).status().as_u16()
}

#[test]
fn a_token_is_demanded_everywhere() {
    let app = App::served(|regions| regions.with_access(Access::open().with_token(TOKEN)));
    let paths = [
        "GET /v1/jobs",
        "GET /v1/status/leader",
        "PUT /v1/jobs",
        "GET /v1/nothing",
        "GET /v1/event/stream",
    ];
    for request in paths {
        let (method, path) = request.split_once(' ').unwrap();
        let wrong = format!("{}b", &TOKEN[..35]);
        for headers in [
            vec![],
            vec![("x-nomad-token", "")],
            vec![("x-nomad-token", wrong.as_str())],
            vec![("authorization", TOKEN)],
            vec![("authorization", "Bearer x")],
        ] {
            assert_eq!(status(&app, method, path, &headers), 403, "{request} {headers:?}");
        }
        assert_ne!(status(&app, method, path, &[("x-nomad-token", TOKEN)]), 403, "{request}");
    }
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(status(&app, "GET", "/v1/jobs", &[("authorization", &bearer)]), 200);
    let refused = app.get("/v1/jobs");
    assert_eq!((refused.status.as_u16(), refused.text.as_str()), (403, "Permission denied"));
    assert!(refused.headers.get("x-nomad-index").is_none());
}

#[test]
fn other_hosts_and_pages_of_other_origins_are_refused() {
    let app =
        App::served(|regions| regions.with_access(Access::open().with_hosts(["plans.example"])));
    let own = ("host", "localhost:4646");
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], u16);
    let cases: [Case<'_>; 12] = [
        ("GET", &[own], 200),
        ("GET", &[("host", "127.0.0.1")], 200),
        ("GET", &[("host", "[::1]:4646")], 200),
        ("GET", &[("host", "plans.example")], 200),
        ("GET", &[("host", "evil.example")], 403),
        ("GET", &[("host", "localhost.evil.example")], 403),
        ("GET", &[("host", "192.168.0.1:4646")], 403),
        ("GET", &[], 403),
        ("GET", &[own, ("origin", "http://evil.example")], 200),
        ("POST", &[own, ("origin", "http://evil.example")], 403),
        ("POST", &[own, ("origin", "null")], 403),
        ("POST", &[own, ("sec-fetch-site", "cross-site")], 403),
    ];
    for (method, headers, expected) in cases {
        assert_eq!(status(&app, method, "/v1/jobs", headers), expected, "{method} {headers:?}");
    }
    // What it says of a job comes after that.
    assert_eq!(status(&app, "POST", "/v1/jobs", &[own, ("origin", "http://localhost:4646")]), 400);
}

#[test]
fn large_bodies_are_refused_before_they_are_read() {
    let limits = Limits { body_bytes: 1_000, ..Limits::default() };
    let app = App::served(|regions| regions.with_limits(limits));
    let said = run(app.respond("PUT", "/v1/jobs", &[("content-length", "100000000")], b""));
    assert_eq!(said.status(), 413);
    assert_eq!(app.call("PUT", "/v1/jobs", &[b' '; 1_000]).status, 400);
    assert_eq!(app.call("PUT", "/v1/jobs", &[b' '; 1_001]).status, 413);
    // One that has no end: no more of it is taken than is allowed.
    let (sender, endless) = endless();
    let request = Request::builder().method("PUT").uri("/v1/jobs").body(endless).unwrap();
    let answer = run(app.router().oneshot(request)).unwrap();
    assert_eq!(answer.status(), 413);
    assert!(sender.sent() < 5_000);
}

/// A body without an end, and how much of it was taken.
fn endless() -> (Counter, Body) {
    let counter = Counter::default();
    (counter.clone(), Body::from_stream(Endless { counter }))
}

#[derive(Clone, Default)]
struct Counter(std::sync::Arc<std::sync::atomic::AtomicUsize>);

impl Counter {
    fn sent(&self) -> usize {
        self.0.load(std::sync::atomic::Ordering::SeqCst)
    }
}

struct Endless {
    counter: Counter,
}

impl futures_core::Stream for Endless {
    type Item = Result<Vec<u8>, std::convert::Infallible>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.counter.0.fetch_add(100, std::sync::atomic::Ordering::SeqCst);
        std::task::Poll::Ready(Some(Ok(vec![b' '; 100])))
    }
}

#[test]
fn slow_bodies_are_given_up() {
    let limits = Limits { body_time: Duration::from_millis(50), ..Limits::default() };
    let app = App::served(|regions| regions.with_limits(limits));
    let body = Body::from_stream(Never);
    let request = Request::builder().method("PUT").uri("/v1/jobs").body(body).unwrap();
    assert_eq!(run(app.router().oneshot(request)).unwrap().status(), 408);
}

/// A body that does not come.
struct Never;

impl futures_core::Stream for Never {
    type Item = Result<Vec<u8>, std::convert::Infallible>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Pending
    }
}

#[test]
fn a_crowd_that_waits_is_bounded_and_others_are_served() {
    let limits = Limits { waiting: 3, ..Limits::default() };
    let app = App::served(|regions| regions.with_limits(limits));
    let waits = "/v1/jobs?index=9&wait=60s";
    run(tokio::task::LocalSet::new().run_until(async {
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let app = app.clone();
                tokio::task::spawn_local(async move { app.send("GET", waits, b"").await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(20)).await;
        for path in [waits, "/v1/event/stream", "/v1/node/x/allocations?index=9"] {
            let refused = app.send("GET", path, b"").await;
            assert_eq!(
                (refused.status.as_u16(), refused.text.as_str()),
                (429, "too many requests are waiting")
            );
        }
        assert_eq!(app.send("GET", "/v1/jobs", b"").await.status, 200);
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let answer = app.send("GET", "/v1/jobs?index=9&wait=10ms", b"").await;
        assert_eq!(answer.status, 200);
    }));
}

#[test]
fn jobs_of_more_groups_or_tasks_than_that_are_refused() {
    let limits = Limits { groups: 2, tasks: 3, ..Limits::default() };
    let app = App::served(|regions| regions.with_limits(limits));
    let with = |groups: usize, tasks: usize| {
        let mut job = job("web", 1);
        let task = job["TaskGroups"][0]["Tasks"][0].clone();
        let of = |number: usize| {
            let tasks = (0..tasks).map(|at| {
                let mut task = task.clone();
                task["Name"] = json!(format!("t{at}"));
                task
            });
            json!({"Name": format!("g{number}"), "Tasks": tasks.collect::<Vec<Value>>()})
        };
        job["TaskGroups"] = (0..groups).map(of).collect();
        json!({"Job": job})
    };
    assert_eq!(app.put("/v1/jobs", &with(1, 3)).status, 200);
    for path in ["jobs", "job/web", "job/web/plan", "validate/job"] {
        let groups = app.put(&format!("/v1/{path}"), &with(3, 1));
        let text = "a job may have at most 2 task groups, this one has 3";
        assert_eq!((groups.status.as_u16(), groups.text.as_str()), (400, text), "{path}");
        let tasks = app.put(&format!("/v1/{path}"), &with(2, 2));
        assert_eq!(tasks.text, "a job may have at most 3 tasks, this one has 4", "{path}");
    }
    let mut many = with(1, 1);
    many["Job"]["TaskGroups"][0]["Count"] = json!(50_001);
    assert_eq!(app.put("/v1/jobs", &many).status, 500);
}
