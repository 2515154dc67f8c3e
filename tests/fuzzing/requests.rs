//! Whole requests to the router of the HTTP API, without a socket.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use stowplan::Timestamp;
use stowplan::engine::{Applied, Command, CommandError, Engine, EngineOptions};
use stowplan::http::{Clock, EngineHandle, Machine, router};
use tower::ServiceExt;

/// The most requests of one input.
const REQUESTS: usize = 12;
/// How long an answer may let wait for itself, on whatever machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// After how long those are sent away who wait for an index, or for what happens.
const WAITING: Duration = Duration::from_millis(20);
/// Longer answers are not read to their end.
const BODY_MAX: usize = 4 << 20;
/// More than this many allocations are for the limits of a program to see to.
const ALLOCATIONS_MAX: u64 = 2_000;

/// What there is at first.
const NODE: &str = r#"{"Node": {"ID": "00000000-0000-0000-0000-000000000001", "Name": "n1",
    "Datacenter": "dc1", "Status": "ready", "Attributes": {"driver.docker": "1", "kernel.name": "linux"},
    "Drivers": {"docker": {"Detected": true, "Healthy": true}},
    "NodeResources": {"Cpu": {"CpuShares": 4000}, "Memory": {"MemoryMB": 8192}, "Disk": {"DiskMB": 100000}}}}"#;
const JOB: &str = r#"{"Job": {"ID": "web", "Name": "web", "Type": "service", "Datacenters": ["dc1"],
    "Update": {"MaxParallel": 1},
    "TaskGroups": [{"Name": "g", "Count": 3, "Tasks": [{"Name": "t", "Driver": "docker",
    "Config": {"image": "busybox:1"}, "Resources": {"CPU": 500, "MemoryMB": 256}}]}]}}"#;

/// An engine that is looked at after whatever it does.
struct Watched(Engine);

impl Machine for Watched {
    fn engine(&self) -> &Engine {
        &self.0
    }

    fn apply(&mut self, now: Timestamp, command: Command) -> Result<Applied, CommandError> {
        let outcome = Machine::apply(&mut self.0, now, command);
        self.0.check().unwrap();
        outcome
    }

    fn advance(&mut self, now: Timestamp) {
        Machine::advance(&mut self.0, now);
        self.0.check().unwrap();
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        Machine::next_deadline(&self.0)
    }
}

/// Requests, each ended by a zero byte: a line with method and target, headers, an empty line, and a body.
/// `@n`, `@a`, `@e` and `@d` stand for the first node, allocation, evaluation and deployment.
///
/// Each is answered in time by a status of the API, errors by a short text, JSON by what is JSON; everything
/// is true of the engine after it that always is.
pub(super) fn requests(data: &[u8]) {
    let clock = Clock::manual(Timestamp::from_secs(1_000));
    let options = EngineOptions { history: 64, ..EngineOptions::default() };
    let handle = EngineHandle::start(Watched(Engine::new(options)), clock.clone()).unwrap();
    let app = router(handle.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let path = "/v1/node/00000000-0000-0000-0000-000000000001/register";
        assert_eq!(ask(&app, "PUT", path, "", NODE.into()).await.0, 200);
        assert_eq!(ask(&app, "PUT", "/v1/jobs", "", JOB.into()).await.0, 200);
        let mut names = vec![("@n", "00000000-0000-0000-0000-000000000001".to_owned())];
        for (name, path) in [("@a", "allocations"), ("@e", "evaluations"), ("@d", "deployments")] {
            let (_, text) = ask(&app, "GET", &format!("/v1/{path}"), "", Vec::new()).await;
            let list: serde_json::Value = serde_json::from_str(&text).unwrap();
            names.push((name, list[0]["ID"].as_str().unwrap_or("none").to_owned()));
        }
        for (at, request) in data.split(|byte| *byte == 0).take(REQUESTS).enumerate() {
            tell(&app, &named(request, &names)).await;
            clock.set(Timestamp::from_secs(1_000 + 20 * at as i64));
        }
        // It is still there.
        assert_eq!(ask(&app, "GET", "/v1/metrics", "", Vec::new()).await.0, 200);
    });
    assert_eq!(handle.end_blocking(), Ok(()));
}

/// The bytes with identities in place of names.
fn named(request: &[u8], names: &[(&str, String)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(request.len());
    let mut rest = request;
    while let Some((first, after)) = rest.split_first() {
        let found = names.iter().find(|(name, _)| rest.starts_with(name.as_bytes()));
        rest = match found {
            Some((name, id)) => {
                bytes.extend(id.as_bytes());
                &rest[name.len()..]
            }
            None => {
                bytes.push(*first);
                after
            }
        };
    }
    bytes
}

async fn tell(app: &Router, request: &[u8]) {
    let end = request.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = match end {
        Some(at) => (&request[..at], &request[at + 2..]),
        None => (request, &[][..]),
    };
    let Ok(head) = std::str::from_utf8(head) else { return };
    let (line, headers) = head.split_once('\n').unwrap_or((head, ""));
    let (method, target) = line.split_once(' ').unwrap_or(("GET", line));
    if is_large(body) {
        return;
    }
    ask(app, method, target, headers, body.to_vec()).await;
}

/// Sends a request and looks at the answer. What is no request at all has the status 0, what waits 1.
async fn ask(
    app: &Router,
    method: &str,
    target: &str,
    headers: &str,
    body: Vec<u8>,
) -> (u16, String) {
    let mut request = Request::builder().method(method).uri(target);
    for line in headers.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        request = request.header(name, value.trim());
    }
    let Ok(request) = request.body(Body::from(body)) else { return (0, String::new()) };
    let may_wait = request.method() == Method::GET || target.contains("statuses");
    let waits = may_wait && (target.contains("index") || target.contains("stream"));
    // Letters may be escaped.
    let waits = waits || target.contains('%');
    let patience = if waits { WAITING } else { PATIENCE };
    let answer = tokio::time::timeout(patience, app.clone().oneshot(request)).await;
    let Ok(answer) = answer else {
        assert!(waits, "no answer: {method} {target}");
        return (1, String::new());
    };
    let (head, body) = answer.unwrap().into_parts();
    assert_ne!(head.status, StatusCode::SERVICE_UNAVAILABLE, "{method} {target}");
    assert_ne!(head.status, StatusCode::BAD_GATEWAY);
    let Ok(Ok(bytes)) = tokio::time::timeout(patience, to_bytes(body, BODY_MAX)).await else {
        return (head.status.as_u16(), String::new());
    };
    if head.headers.contains_key("content-encoding") {
        return (head.status.as_u16(), String::new());
    }
    let text = String::from_utf8(bytes.into()).unwrap();
    if head.status.is_success() {
        let kind = head.headers.get("content-type").map(|kind| kind.as_bytes());
        if kind == Some(b"application/json".as_slice()) && !text.is_empty() {
            let parsed = serde_json::from_str::<serde::de::IgnoredAny>(&text);
            assert!(parsed.is_ok() || target.contains("stream"), "{method} {target}: {text}");
        }
    } else {
        assert!(head.status.as_u16() >= 300 && text.len() < 100_000, "{method} {target}");
    }
    (head.status.as_u16(), text)
}

/// Whether a body may ask for more allocations than a fuzzer has time for.
fn is_large(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    let counts = text.match_indices("count").map(|(at, word)| &text[at + word.len()..]);
    let number = |rest: &str| {
        let digits = rest.trim_start_matches(|sign: char| !sign.is_ascii_digit());
        let end = digits.find(|sign: char| !sign.is_ascii_alphanumeric() && sign != '.');
        let digits = &digits[..end.unwrap_or(digits.len())];
        digits.parse::<f64>().unwrap_or(f64::MAX)
    };
    counts.map(number).any(|count| count > ALLOCATIONS_MAX as f64)
}
