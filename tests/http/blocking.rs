//! Blocking queries: who is woken by what, and when.

use std::time::Duration;

use serde_json::json;

use crate::app::{App, job, run};

/// Whether a request is answered long before what it waits at most, however busy the machine is.
async fn is_answered(app: &App, path: &str) -> bool {
    let request = app.send("GET", path, b"");
    tokio::time::timeout(Duration::from_secs(30), request).await.is_ok()
}

#[test]
fn an_index_that_is_over_is_answered_at_once() {
    let app = App::with_nodes(1);
    app.register("web", 1);
    run(async {
        for path in ["jobs", "job/web", "job/web/allocations", "evaluations", "allocations"] {
            assert!(is_answered(&app, &format!("/v1/{path}?index=1&wait=300s")).await, "{path}");
        }
        assert!(is_answered(&app, "/v1/nodes?index=0&wait=300s").await);
    });
}

#[test]
fn a_wait_ends_with_the_present_body() {
    let app = App::with_nodes(1);
    app.register("web", 1);
    let answer = app.get("/v1/job/web?index=999999&wait=50ms");
    assert_eq!((answer.status.as_u16(), answer.at("/ID")), (200, json!("web")));
    let missing = app.get("/v1/job/nope?index=999999&wait=50ms");
    assert_eq!((missing.status.as_u16(), missing.text.as_str()), (404, "job not found"));
}

#[test]
fn a_change_wakes_those_who_wait_for_it_and_nobody_else() {
    let app = App::with_nodes(2);
    app.register("web", 1);
    app.register("other", 1);
    let index = app.get("/v1/jobs").index().max(app.get("/v1/allocations").index());
    run(async {
        let of_web = [
            "/v1/job/web",
            "/v1/job/web/allocations",
            "/v1/job/web/evaluations",
            "/v1/jobs",
            "/v1/allocations",
        ];
        let of_other = [
            "/v1/job/other",
            "/v1/job/other/allocations",
            "/v1/job/other/evaluations",
            "/v1/nodes",
        ];
        let waiting = |paths: &[&str]| {
            let start = |path: &&str| {
                let (app, path) = (app.clone(), format!("{path}?index={index}&wait=60s"));
                async move { app.send("GET", &path, b"").await }
            };
            paths.iter().map(start).map(Box::pin).collect::<Vec<_>>()
        };
        let (woken, asleep) = (waiting(&of_web), waiting(&of_other));
        let local = tokio::task::LocalSet::new();
        local
            .run_until(async {
                let woken: Vec<_> = woken.into_iter().map(tokio::task::spawn_local).collect();
                let asleep: Vec<_> = asleep.into_iter().map(tokio::task::spawn_local).collect();
                tokio::time::sleep(Duration::from_millis(50)).await;
                assert!(woken.iter().chain(&asleep).all(|it| !it.is_finished()));
                let body = json!({"Job": job("web", 2)}).to_string();
                assert_eq!(app.send("PUT", "/v1/jobs", body.as_bytes()).await.status, 200);
                for request in woken {
                    let answer = tokio::time::timeout(Duration::from_secs(5), request).await;
                    let answer = answer.expect("it was woken").unwrap();
                    assert!(answer.status == 200 && answer.index() > index);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
                assert!(asleep.iter().all(|it| !it.is_finished()));
            })
            .await;
    });
}

#[test]
fn a_node_hears_of_what_it_is_to_run() {
    let app = App::with_nodes(1);
    let path = "/v1/node/00000000-0000-0000-0000-000000000000/allocations";
    let index = app.get(path).index().max(1);
    run(async {
        let request = format!("{path}?index={index}&wait=60s");
        let other = app.clone();
        let waits = async move { other.send("GET", &request, b"").await };
        let local = tokio::task::LocalSet::new();
        let answer = local
            .run_until(async {
                let waits = tokio::task::spawn_local(waits);
                tokio::time::sleep(Duration::from_millis(30)).await;
                let body = json!({"Job": job("web", 2)}).to_string();
                assert_eq!(app.send("PUT", "/v1/jobs", body.as_bytes()).await.status, 200);
                tokio::time::timeout(Duration::from_secs(5), waits).await
            })
            .await;
        let answer = answer.expect("it was woken").unwrap();
        assert!(!answer.json().as_array().unwrap().is_empty());
    });
}
