//! The event stream, and what else is no JSON document: figures as text, and packed bodies.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use serde_json::{Value, json};

use crate::app::{App, job, run};

/// A stream that is listened to.
struct Listener {
    body: Body,
    text: String,
}

impl Listener {
    async fn new(app: &App, query: &str) -> Listener {
        let response = app.respond("GET", &format!("/v1/event/stream{query}"), &[], b"").await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/json");
        Listener { body: response.into_body(), text: String::new() }
    }

    /// The next line, which has to come soon.
    async fn line(&mut self) -> Value {
        loop {
            if let Some((line, rest)) = self.text.split_once('\n') {
                let value = serde_json::from_str(line).unwrap();
                self.text = rest.to_owned();
                return value;
            }
            let body = &mut self.body;
            let frame = std::future::poll_fn(|cx| std::pin::Pin::new(&mut *body).poll_frame(cx));
            let frame = tokio::time::timeout(Duration::from_secs(30), frame).await;
            let bytes = frame.expect("a line comes").unwrap().unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
}

#[test]
fn what_happens_is_told_line_by_line() {
    let app = App::with_nodes(1);
    run(async {
        let mut all = Listener::new(&app, "").await;
        let first = all.line().await;
        assert_eq!(first["Index"], 1);
        let node = &first["Events"][0];
        assert_eq!((&node["Topic"], &node["Type"]), (&json!("Node"), &json!("NodeRegistration")));
        assert_eq!((&node["Index"], &node["Payload"]["Node"]["SecretID"]), (&json!(1), &json!("")));

        let mut jobs = Listener::new(&app, "?topic=Job:web&index=2").await;
        let mut placed = Listener::new(&app, "?topic=Allocation:web&topic=Deployment").await;
        let mut elsewhere = Listener::new(&app, "?topic=Job&namespace=*&index=2").await;
        for id in ["other", "web"] {
            let body = json!({"Job": job(id, 2)}).to_string();
            assert_eq!(app.send("PUT", "/v1/jobs", body.as_bytes()).await.status, 200);
        }
        let registered = jobs.line().await;
        let event = &registered["Events"][0];
        assert_eq!((&event["Key"], &event["Type"]), (&json!("web"), &json!("JobRegistered")));
        assert_eq!(event["Payload"]["Job"]["ID"], "web");
        assert_eq!(event["Index"], registered["Index"]);
        let mut keys = Vec::new();
        while keys.len() < 3 {
            let line = placed.line().await;
            for event in line["Events"].as_array().unwrap() {
                assert!(event["Topic"] != "Allocation" || event["FilterKeys"][0] == "web");
                if event["FilterKeys"][0] == "web" {
                    keys.push(event["Key"].clone());
                }
            }
        }
        assert_eq!(elsewhere.line().await["Events"][0]["Key"], "other");
    });
}

#[test]
fn a_stream_that_is_asked_for_wrongly_is_refused() {
    let app = App::empty();
    let text = |query: &str| {
        let answer = app.get(&format!("/v1/event/stream?{query}"));
        assert_eq!(answer.status, 400);
        answer.text
    };
    assert_eq!(
        text("index=abc"),
        "Unable to parse index: strconv.Atoi: parsing \"abc\": invalid syntax"
    );
    let topic = "Invalid topic query: Invalid key value pair for topic, topic: \":\"";
    assert_eq!(text("topic=:"), topic);
    assert_eq!(app.get("/v1/event/stream?region=mars").text, "No path to region");
    assert_eq!(app.call("PUT", "/v1/event/stream", b"").status, 405);
    let silent = App::without_history();
    let off = silent.get("/v1/event/stream");
    let words = "the event stream is off: the engine keeps no events";
    assert_eq!((off.status.as_u16(), off.text.as_str()), (400, words));
}

#[test]
fn figures_come_as_json_or_as_text() {
    let app = App::with_nodes(2);
    app.register("web", 1);
    let gauges = app.get("/v1/metrics").at("/Gauges");
    let of = |name: &str| {
        let found = gauges.as_array().unwrap().iter().find(|it| it["Name"] == name);
        found.unwrap()["Value"].clone()
    };
    assert_eq!(of("nomad.stowplan.nodes"), 2);
    assert_eq!(of("nomad.nomad.job_status.running"), 1);
    let text = app.get("/v1/metrics?format=prometheus");
    assert_eq!(text.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let lines = "# TYPE nomad_nomad_job_status_running gauge\nnomad_nomad_job_status_running 1\n";
    assert!(text.text.contains(lines), "{}", text.text);
}

#[test]
fn bodies_are_packed_for_those_who_ask() {
    let app = App::with_nodes(9);
    run(async {
        let gzip = [("accept-encoding", "gzip, deflate")];
        let response = app.respond("GET", "/v1/nodes", &gzip, b"").await;
        let headers = response.headers().clone();
        assert_eq!(headers["content-encoding"], "gzip");
        assert_eq!(
            (&headers["vary"], &headers["x-nomad-index"]),
            (&"Accept-Encoding".parse().unwrap(), &"9".parse().unwrap())
        );
        let packed = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let mut text = String::new();
        let mut decoder = flate2::read::GzDecoder::new(&packed[..]);
        std::io::Read::read_to_string(&mut decoder, &mut text).unwrap();
        let plain = app.send("GET", "/v1/nodes", b"").await;
        assert!(plain.headers.get("content-encoding").is_none());
        assert_eq!(plain.text, text);
        assert!(packed.len() < text.len());
        // Nothing is gained where there is little.
        let little = app.respond("GET", "/v1/jobs", &gzip, b"").await;
        assert!(little.headers().get("content-encoding").is_none());
    });
}
