//! An engine behind the router, and requests to it.

use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use serde_json::{Value, json};
use stowplan::engine::{Engine, EngineOptions};
use stowplan::http::{Clock, EngineHandle, Regions, router};
use stowplan::{Span, Timestamp};
use tower::ServiceExt;

/// The router of an engine of its own.
#[derive(Clone)]
pub(crate) struct App {
    router: axum::Router,
    clock: Clock,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// What stands at a path of the body.
    pub(crate) fn at(&self, path: &str) -> Value {
        self.json().pointer(path).cloned().unwrap_or_else(|| panic!("no {path}: {}", self.text))
    }

    pub(crate) fn index(&self) -> u64 {
        self.header("x-nomad-index").parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
    }
}

/// Runs asynchronous code to its end.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(future)
}

/// An engine whose time stands still, and its clock.
fn handle(options: EngineOptions) -> (EngineHandle, Clock) {
    let clock = Clock::manual(Timestamp::from_secs(1_000));
    (EngineHandle::start(Engine::new(options), clock.clone()).unwrap(), clock)
}

impl App {
    /// An engine without anything.
    pub(crate) fn empty() -> App {
        App::with_options(EngineOptions { history: 1_024, ..EngineOptions::default() })
    }

    /// The same, and it keeps no events.
    pub(crate) fn without_history() -> App {
        App::with_options(EngineOptions { history: 0, ..EngineOptions::default() })
    }

    fn with_options(options: EngineOptions) -> App {
        App::served_with(options, |regions| regions)
    }

    /// An engine without anything, served in a way of its own.
    pub(crate) fn served(change: impl FnOnce(Regions) -> Regions) -> App {
        let options = EngineOptions { history: 1_024, ..EngineOptions::default() };
        App::served_with(options, change)
    }

    fn served_with(options: EngineOptions, change: impl FnOnce(Regions) -> Regions) -> App {
        let (handle, clock) = handle(options);
        App { router: router(change(Regions::from(handle))), clock }
    }

    /// Lets some seconds pass, and what is due by then be done.
    pub(crate) fn pass(&self, secs: i64) {
        self.clock.set(self.clock.now() + Span::from_secs(secs));
        self.settle();
    }

    pub(crate) fn router(&self) -> axum::Router {
        self.router.clone()
    }

    /// An engine with so many nodes, `00000000-...` on.
    pub(crate) fn with_nodes(number: usize) -> App {
        let app = App::empty();
        for at in 0..number {
            let id = node_id(at);
            let answer = app.put(&format!("/v1/node/{id}/register"), &json!({"Node": node(at)}));
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        app
    }

    /// Waits until the engine's thread has done all that is due now.
    ///
    /// A request is answered before what follows from it is done. Any look at the engine itself lets it
    /// catch up after its answer; that is done once the next one is answered.
    fn settle(&self) {
        (0..2).for_each(|_| {
            assert_eq!(run(self.send("GET", "/v1/metrics", b"")).status, 200);
        });
    }

    /// The index of the latest change of anything.
    pub(crate) fn latest_index(&self) -> u64 {
        let latest = self.get("/v1/agent/self").at("/stats/engine/index");
        latest.as_str().unwrap().parse().unwrap()
    }

    /// Sends a request with headers.
    pub(crate) async fn respond(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response<Body> {
        let request = Request::builder().method(method).uri(path);
        let request =
            headers.iter().fold(request, |request, (key, value)| request.header(*key, *value));
        let request = request.body(Body::from(body.to_vec())).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let (head, body) = self.respond(method, path, &[], body).await.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.into()).unwrap();
        Answer { status: head.status, headers: head.headers, text }
    }

    /// Sends a request, and lets everything that follows from a write be done, so that what is read next
    /// does not depend on which thread is quicker.
    pub(crate) fn call(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let answer = run(self.send(method, path, body));
        if method != "GET" {
            self.settle();
        }
        answer
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.call("GET", path, b"")
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        self.call("PUT", path, body.to_string().as_bytes())
    }

    /// Registers a job of today's shape, which is placed then.
    pub(crate) fn register(&self, id: &str, count: u64) -> Answer {
        let answer = self.put("/v1/jobs", &json!({"Job": job(id, count)}));
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer
    }
}

pub(crate) fn node_id(at: usize) -> String {
    format!("{at:08x}-0000-0000-0000-000000000000")
}

fn node(at: usize) -> Value {
    json!({
        "ID": node_id(at), "Name": format!("n{at}"), "Datacenter": "dc1", "Status": "ready",
        "SecretID": "hush", "Attributes": {"driver.docker": "1", "kernel.name": "linux"},
        "Drivers": {"docker": {"Detected": true, "Healthy": true}},
        "NodeResources": {
            "Cpu": {"CpuShares": 4000}, "Memory": {"MemoryMB": 8192}, "Disk": {"DiskMB": 100_000},
            "Networks": [{"Mode": "host", "Device": "eth0", "CIDR": "10.0.0.1/32", "IP": "10.0.0.1", "MBits": 1000}],
        },
    })
}

pub(crate) fn job(id: &str, count: u64) -> Value {
    json!({
        "ID": id, "Name": id, "Type": "service", "Datacenters": ["dc1"],
        "TaskGroups": [{"Name": "g", "Count": count, "Tasks": [{
            "Name": "t", "Driver": "docker", "Config": {"image": "busybox:1"},
            "Resources": {"CPU": 500, "MemoryMB": 256},
        }]}],
    })
}
