//! What comes over a connection and is no request, or too much of one; and others are served meanwhile.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::process::{Agent, Folder};

/// Sends bytes and gives the status of the answer; none if there is no answer. Who does not send on may say
/// that it is over.
fn status(agent: &Agent, bytes: &[u8], is_over: bool) -> Option<u16> {
    let mut stream = agent.connect();
    // It may be cut off before all is sent.
    let _ = stream.write_all(bytes);
    if is_over {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}

#[test]
fn bytes_that_are_no_request_are_refused_and_others_are_served() {
    let agent = Agent::start(&[]);
    let many: String = (0..200).map(|at| format!("X-{at}: y\r\n")).collect();
    let long = "x".repeat(300_000);
    let get = |rest: &str| {
        format!("GET /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{rest}\r\n")
    };
    let put = |rest: &str| {
        format!("PUT /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{rest}")
    };
    let cases: Vec<(String, Option<u16>)> = vec![
        (get(""), Some(200)),
        (get(&many), Some(431)),
        (get(&format!("X-Long: {long}\r\n")), Some(431)),
        (format!("GET /v1/job/{long} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), Some(431)),
        (get("no header\r\n"), Some(400)),
        (get("Content-Length: x\r\n"), Some(400)),
        (get("Host: evil.example\r\n"), Some(200)),
        (
            "GET /v1/jobs HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".into(),
            Some(403),
        ),
        ("GET /v1/jobs HTTP/1.1\r\nConnection: close\r\n\r\n".into(), Some(403)),
        ("GET /v1/jobs HTTP/9.9\r\n\r\n".into(), Some(400)),
        ("GET  /v1/jobs HTTP/1.1\r\n\r\n".into(), Some(400)),
        ("\u{0}\u{1}\u{2}\r\n\r\n".into(), Some(400)),
        ("hello\r\n\r\n".into(), Some(400)),
        (String::new(), None),
        ("GET /v1/jobs HT".into(), None),
        (put("Content-Length: 100000000\r\n\r\n{"), Some(413)),
        (put("Content-Length: 99999999999999999999999\r\n\r\n{"), Some(400)),
        (put("Content-Length: 3\r\nContent-Length: 4\r\n\r\n{}"), Some(400)),
        (put("Transfer-Encoding: chunked\r\n\r\nzz\r\n"), Some(400)),
        (put("Content-Length: 300\r\n\r\n{}"), Some(400)),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".into(), Some(307)),
        (put("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), Some(400)),
        (put("Origin: http://evil.example\r\nContent-Length: 2\r\n\r\n{}"), Some(403)),
    ];
    for (bytes, expected) in cases {
        let head: String = bytes.chars().take(120).collect();
        let is_over = expected.is_none() || bytes.contains("Content-Length: 300");
        assert_eq!(status(&agent, bytes.as_bytes(), is_over), expected, "{head:?}");
    }
    assert_eq!(agent.get("/v1/jobs"), serde_json::json!([]));
}

#[test]
fn crowds_of_idle_and_slow_connections_hold_up_nobody() {
    let agent = Agent::start(&[]);
    let mut crowd: Vec<TcpStream> = (0..400).map(|_| agent.connect()).collect();
    for (at, stream) in crowd.iter_mut().enumerate() {
        let part: &[u8] = match at % 3 {
            0 => b"",
            1 => b"GET /v1/jobs HT",
            _ => b"PUT /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
        };
        stream.write_all(part).unwrap();
    }
    let began = Instant::now();
    assert_eq!(agent.get("/v1/jobs"), serde_json::json!([]));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    drop(crowd);
    assert_eq!(agent.stop(), Some(0));
}

#[test]
fn who_does_not_read_an_answer_is_cut_off() {
    const BYTES: usize = 24 << 20;
    let agent = Agent::start(&[]);
    let task = json!({"Name": "t", "Driver": "docker"});
    let group = json!({"Name": "g", "Count": 0, "Tasks": [task]});
    let job = json!({"ID": "big", "Meta": {"m": "x".repeat(BYTES)}, "TaskGroups": [group]});
    agent.put("/v1/jobs", &json!({"Job": job}));
    let read = |wait: Duration| {
        let mut stream = agent.connect();
        let head = "GET /v1/job/big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        std::thread::sleep(wait);
        let mut answer = Vec::new();
        // What was on its way when it was cut off may come still.
        let _ = stream.read_to_end(&mut answer);
        answer.len()
    };
    assert!(read(Duration::ZERO) > BYTES);
    assert!(read(Duration::from_secs(40)) < BYTES);
}

#[test]
fn who_is_to_be_reached_by_others_needs_a_token() {
    let folder = Folder::new("token");
    let (code, text) = Agent::fails(&["--bind", "0.0.0.0:0"]);
    assert_ne!(code, Some(0));
    assert!(text.contains("give a token with --token-file"), "{text}");
    let file = folder.0.join("token");
    for (content, expected) in [("", "there is no token in it"), ("a b", "more than a token")] {
        std::fs::write(&file, content).unwrap();
        let (code, text) = Agent::fails(&["--token-file", file.to_str().unwrap()]);
        assert_ne!(code, Some(0));
        assert!(text.contains(expected), "{text}");
    }
    std::fs::write(&file, "  sesame\n").unwrap();
    let agent = Agent::start(&["--token-file", file.to_str().unwrap()]);
    let with = |token: &str| {
        let head = "GET /v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
        status(&agent, format!("{head}X-Nomad-Token: {token}\r\n\r\n").as_bytes(), false)
    };
    assert_eq!((with("sesame"), with("other"), with("")), (Some(200), Some(403), Some(403)));
    assert_eq!(agent.ask("GET", "/v1/jobs", "").unwrap(), (403, "Permission denied".to_owned()));
}

#[test]
fn an_agent_ends_well_though_somebody_waits() {
    let agent = Agent::start(&["--dev"]);
    let mut waits = agent.connect();
    let request = "GET /v1/jobs?index=999 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    waits.write_all(request.as_bytes()).unwrap();
    assert_eq!(agent.get("/v1/nodes").as_array().unwrap().len(), 5);
    let began = Instant::now();
    assert_eq!(agent.stop(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(20));
}

/// The most memory that a process has had, in MB; none where the system does not tell.
fn peak_mb(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()? / 1024)
}

#[test]
fn a_crowd_of_large_bodies_is_bounded_and_holds_up_nobody() {
    let agent = Agent::start(&[]);
    // Each is read as something ten times as large.
    let body = format!("{{\"Job\": {{\"ID\": \"x\", \"A\": [{}0]}}}}", "[],".repeat(1_500_000));
    let head = format!(
        "PUT /v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let bytes = head + &body;
    std::thread::scope(|scope| {
        let send = || status(&agent, bytes.as_bytes(), false);
        let senders: Vec<_> = (0..24).map(|_| scope.spawn(send)).collect();
        for _ in 0..10 {
            let began = Instant::now();
            assert_eq!(agent.get("/v1/jobs"), serde_json::json!([]));
            assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
            std::thread::sleep(Duration::from_millis(100));
        }
        for sender in senders {
            let status = sender.join().unwrap();
            // Who is cut off while it sends does not see why.
            assert!(matches!(status, Some(500 | 429) | None), "{status:?}");
        }
    });
    if let Some(peak) = peak_mb(agent.process()) {
        println!("{peak} MB at most");
        assert!(peak < 3_000, "{peak} MB");
    }
}
