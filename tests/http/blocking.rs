//! Blocking queries: who is woken by what, and when.

use std::time::Duration;

use serde_json::json;

use crate::app::{Answer, App, job, node_id, run};

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

/// Waits for one path, does one thing, and gives the index that was waited for and the answer.
fn woken_by(app: &App, path: &str, (method, of, body): (&str, &str, &str)) -> (u64, Answer) {
    let index = app.get(path).index();
    let request = format!("{path}?index={index}&wait=60s");
    let other = app.clone();
    let waits = async move { other.send("GET", &request, b"").await };
    let answer = run(tokio::task::LocalSet::new().run_until(async {
        let waits = tokio::task::spawn_local(waits);
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert!(!waits.is_finished(), "{path}");
        let done = app.send(method, of, body.as_bytes()).await;
        assert_eq!(done.status, 200, "{}", done.text);
        tokio::time::timeout(Duration::from_secs(5), waits).await
    }));
    (index, answer.unwrap_or_else(|_| panic!("{path} slept through {method} {of}")).unwrap())
}

#[test]
fn whatever_a_body_shows_wakes_those_who_wait_for_it() {
    let app = App::with_nodes(2);
    app.register("web", 1);
    // What of a job is stable is among its versions.
    let stable = json!({"JobID": "web", "JobVersion": 0, "Stable": true}).to_string();
    let change = ("PUT", "/v1/job/web/stable", &*stable);
    let (before, versions) = woken_by(&app, "/v1/job/web/versions", change);
    assert_eq!(versions.at("/Versions/0/Stable"), true);
    assert_eq!((versions.index() > before, versions.at("/Index")), (true, versions.index().into()));

    // Health is among what a scale shows.
    let running = app.get("/v1/job/web/deployment").at("/ID");
    let healthy = app.get("/v1/job/web/allocations").at("/0/ID");
    let path = format!("/v1/deployment/allocation-health/{}", running.as_str().unwrap());
    let body = json!({"DeploymentID": running, "HealthyAllocationIDs": [healthy]}).to_string();
    let (before, scale) = woken_by(&app, "/v1/job/web/scale", ("PUT", &path, &body));
    assert_eq!(scale.at("/TaskGroups/g/Healthy"), 1);
    assert!(scale.index() > before);

    // A pool comes with the node that names it.
    let mut node = app.get(&format!("/v1/node/{}", node_id(0))).json();
    node["NodePool"] = json!("fresh");
    let (path, body) = (format!("/v1/node/{}/register", node_id(0)), json!({"Node": node}));
    let (before, pools) = woken_by(&app, "/v1/node/pools", ("PUT", &path, &body.to_string()));
    assert_eq!((pools.at("/2/Name"), pools.index() > before), (json!("fresh"), true));

    // What a job has goes with it.
    for (of_it, status) in [
        ("/summary", 404),
        ("/scale", 404),
        ("", 404),
        ("/evaluations", 200),
        ("/deployments", 200),
    ] {
        app.register("web", 1);
        let path = format!("/v1/job/web{of_it}");
        let (before, gone) = woken_by(&app, &path, ("DELETE", "/v1/job/web?purge=true", ""));
        assert_eq!((gone.status.as_u16(), gone.index() > before), (status, true), "{path}");
    }
}
