//! The recording told again: the nodes that were there, the requests in their order, and between them what
//! clients did.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a request that waits needs a thread, and how long it takes is a matter of the clock"
)]

use std::io::Read;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::compare::differences;
use super::fleet;
use super::names::Names;
use crate::app::{Answer, App, run};

/// Before which exchanges clients have done nothing yet, by the numbers of their names.
const IDLE: [std::ops::RangeInclusive<u32>; 2] = [0..=29, 136..=136];
/// The one that waits for what the exchange before it does.
const WAITS: u32 = 136;
/// The node that was drained, and then went down.
const DRAINED: &str = "6a0c1a75-dce0-4c5f-2b31-9c9552b37938";

/// The allocation that was stopped by hand.
const STOPPED: &str = "2ca2819e-5d0d-d823-1f34-8c3578f2f91c";

/// An agent, and what of the recording was told to it.
pub(super) struct Story {
    app: App,
    names: Names,
    waiting: Option<JoinHandle<Answer>>,
}

fn number(exchange: &Value) -> u32 {
    exchange["name"].as_str().unwrap()[..3].parse().unwrap()
}

/// The attributes of a node, of drivers those that it has.
fn attributes(of_first: &Value, drivers: &Value) -> Value {
    let mut attributes = of_first.as_object().unwrap().clone();
    attributes.retain(|key, _| {
        let driver = key.strip_prefix("driver.").map(|rest| rest.split('.').next().unwrap());
        driver.is_none_or(|driver| drivers[driver]["Detected"] == true)
    });
    attributes.into()
}

impl Story {
    /// The nodes that the recording began with.
    pub(super) fn begin(exchanges: &[Value]) -> Story {
        let app = App::empty();
        let body = |number: usize| &exchanges[number - 1]["body"];
        for stub in body(2).as_array().unwrap() {
            let mut node = stub.clone();
            node["Attributes"] = attributes(&body(6)["Attributes"], &stub["Drivers"]);
            node["Meta"] = body(6)["Meta"].clone();
            let path = format!("/v1/node/{}/register", stub["ID"].as_str().unwrap());
            let joined = app.put(&path, &json!({"Node": node}));
            assert_eq!(joined.status, 200, "{}", joined.text);
        }
        Story { app, names: Names::default(), waiting: None }
    }

    /// Asks what was asked, and gives what differs in the answer.
    pub(super) fn tell(&mut self, exchange: &Value, next: Option<&Value>) -> Vec<String> {
        let at = number(exchange);
        self.prepare(at);
        if let Some(next) = next.filter(|next| number(next) == WAITS) {
            self.wait_beforehand(next);
        }
        let began = Instant::now();
        let answer = match self.waiting.take_if(|_| at == WAITS) {
            Some(waiting) => waiting.join().unwrap(),
            None => self.ask(exchange),
        };
        // Trap 26 (docs/lifecycle.md, section 12): who waited in vain gets the ordinary body, after the whole wait.
        match at {
            133 => assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed()),
            137 => assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed()),
            _ => {}
        }
        if let Ok(ours) = serde_json::from_str(&answer.text) {
            self.names.learn(&exchange["body"], &ours);
        }
        differences(&self.adapted(exchange), &answer)
    }

    /// What clients did before it.
    fn prepare(&mut self, at: u32) {
        if !IDLE.iter().any(|range| range.contains(&at)) {
            fleet::works(&self.app);
        }
        match at {
            200 => {
                let path = format!("/v1/node/{DRAINED}/status");
                assert_eq!(self.app.put(&path, &json!({"Status": "down"})).status, 200);
            }
            165 => {
                // One that runs is stopped by hand.
                let all = self.app.get("/v1/job/web/allocations").json();
                let is_running =
                    |it: &&Value| it["ClientStatus"] == "running" && it["DesiredStatus"] == "run";
                let running = all.as_array().unwrap().iter().find(is_running).unwrap();
                self.names.is(STOPPED, running["ID"].as_str().unwrap());
            }
            203 => fleet::fails(&self.app, "canary"),
            _ => {}
        }
    }

    /// Begins a request that waits for what comes next.
    fn wait_beforehand(&mut self, exchange: &Value) {
        let (path, _) = exchange["path"].as_str().unwrap().split_once('?').unwrap();
        let index = self.app.get(path).index();
        let (app, path) = (self.app.clone(), format!("{path}?index={index}&wait=60s"));
        let (told, begun) = std::sync::mpsc::channel();
        self.waiting = Some(std::thread::spawn(move || {
            told.send(()).unwrap();
            run(app.send("GET", &path, b""))
        }));
        begun.recv().unwrap();
    }

    fn ask(&self, exchange: &Value) -> Answer {
        let text = |key: &str| exchange[key].as_str().unwrap();
        let body = match exchange.get("sent") {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(body) => self.names.ours(&body.to_string()),
        };
        let (method, path) = (text("method"), self.names.ours(text("path")));
        let Some(headers) = exchange.get("headers") else {
            return self.app.call(method, &path, body.as_bytes());
        };
        let headers = headers.as_object().unwrap().iter();
        let headers: Vec<_> = headers.map(|(key, it)| (&**key, it.as_str().unwrap())).collect();
        let (head, body) = run(async {
            let reply = self.app.respond(method, &path, &headers, body.as_bytes()).await;
            let (head, body) = reply.into_parts();
            (head, axum::body::to_bytes(body, usize::MAX).await.unwrap())
        });
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*body).read_to_string(&mut text).unwrap();
        Answer { status: head.status, headers: head.headers, text }
    }

    /// The recorded answer with our identities, and our index where it names one.
    fn adapted(&self, exchange: &Value) -> Value {
        let mut adapted = exchange.clone();
        if let Some(Value::String(text)) = adapted.get_mut("body") {
            *text = self.names.ours(text);
            if number(exchange) == 129 {
                let index = self.app.get("/v1/job/web").at("/JobModifyIndex").to_string();
                *text = text.replace("18", &index);
            }
        }
        adapted
    }
}
