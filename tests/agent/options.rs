//! What an agent is told by flags and by a file, and what it says of what is wrong with them.

use std::net::TcpListener;

use crate::process::{Agent, Folder};

/// What is written in a file, and what is said of it.
const MISTAKES: [(&str, &str); 10] = [
    (
        "dev = true\nbnd = 3\n",
        "line 2, column 1: unknown field `bnd`, expected one of `dev`, `bind`",
    ),
    ("config = \"other.toml\"", "line 1, column 1: unknown field `config`"),
    ("bind = \"here\"", "line 1, column 8: invalid socket address"),
    ("bind = ", "line 1, column 8: "),
    ("dev = 1", "line 1, column 7: invalid type: integer `1`, expected a boolean"),
    ("dev = true\n dev = false", "line 2, column 2: duplicate key"),
    ("\n\nsimulate = 0", "line 3, column 12: expected a number from 0.001 to 1000000"),
    ("region = [\"a\", 3]", "line 1, column 10: expected a text or a list of texts"),
    (
        "log-level = \"loud\"",
        "unknown variant `loud`, expected one of `error`, `warn`, `info`, `debug`",
    ),
    ("region = [\"a\", \"a\"]", "the region a is there twice"),
];

#[test]
fn mistakes_in_a_file_are_said_with_their_places() {
    let folder = Folder::new("mistakes");
    let file = folder.0.join("agent.toml");
    for (content, expected) in MISTAKES {
        std::fs::write(&file, content).unwrap();
        let (code, text) = Agent::fails(&["--config", file.to_str().unwrap()]);
        assert_eq!(code, Some(1), "{content}");
        assert!(text.contains(expected), "{content}: {text}");
    }
    std::fs::write(&file, b"\xff").unwrap();
    assert_eq!(Agent::fails(&["--config", file.to_str().unwrap()]).0, Some(1));
    let (code, text) = Agent::fails(&["--config", "nowhere.toml"]);
    assert!(code == Some(1) && text.contains("nowhere.toml: there is no such file"), "{text}");
}

#[test]
fn a_file_says_what_flags_do_and_the_command_line_comes_first() {
    let folder = Folder::new("told");
    let file = folder.0.join("agent.toml");
    std::fs::write(
        &file,
        "nodes = \"nodes.json\"\ndata-dir = \"state\"\nregion = [\"eu\", \"us\"]\ntoken-file = \"token\"\n\
         bind = \"1.2.3.4:1\"\nsimulate = 5\nseed = 7\nrecord-failed-placements = \"always\"\nlog-level = \"info\"\n",
    )
    .unwrap();
    std::fs::write(folder.0.join("token"), "sesame").unwrap();
    let node = r#"[{"ID": "n1", "Name": "n1", "Datacenter": "dc1", "NodeResources": {"Cpu": {"CpuShares": 100},
        "Memory": {"MemoryMB": 100}}}]"#;
    std::fs::write(folder.0.join("nodes.json"), node).unwrap();
    // The address is one of the command line, since that of the file is not to be had.
    let agent = Agent::start(&["--config", file.to_str().unwrap(), "--region", "mars"]);
    let line = agent.first_line();
    for part in ["1 node, 0 jobs, region: mars", "state", "speed=5"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert_eq!(agent.ask("GET", "/v1/jobs", "").unwrap().0, 403);
    assert!(folder.0.join("state/mars").is_dir());
    assert_eq!(agent.stop(), Some(0));
}

#[test]
fn what_does_not_go_together_or_cannot_be_had_is_said() {
    let folder = Folder::new("wrong");
    let nodes = folder.0.join("nodes.json");
    std::fs::write(&nodes, r#"[{"ID": "n1", "Name": "x", "NodeResources": {}}]"#).unwrap();
    let (nodes, taken) = (nodes.to_str().unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let address = taken.local_addr().unwrap().to_string();
    let wrong: [(&[&str], &str); 9] = [
        (&["--dev", "--nodes", nodes], "--dev has nodes of its own: leave out --nodes"),
        (&["--dev", "--data-dir", "x"], "--dev keeps nothing: leave out --data-dir"),
        (&["--simulate", "0"], "expected a number from 0.001 to 1000000"),
        (&["--region", "../up"], "\"../up\" is no name for a region"),
        (&["--nodes", "nowhere.json"], "nowhere.json: there is no such file"),
        (&["--nodes", nodes], "nodes.json: node 1 (n1): Datacenter: a node needs a datacenter"),
        (&["--token-file", "nowhere"], "nowhere: there is no such file"),
        (&["--bind", &address], "somebody listens there already"),
        (&["--data-dir", "/dev/null/x"], "/dev/null/x: "),
    ];
    for (flags, expected) in wrong {
        let (code, text) = Agent::fails(flags);
        assert_eq!(code, Some(1), "{flags:?}: {text}");
        assert!(text.contains(expected), "{flags:?}: {text}");
    }
}

#[test]
fn logs_have_every_request_where_that_is_asked_for_and_nothing_secret() {
    let folder = Folder::new("logs");
    let token = folder.0.join("token");
    std::fs::write(&token, "sesame").unwrap();
    let mut agent =
        Agent::start(&["--log-level", "debug", "--token-file", token.to_str().unwrap()]);
    let asked = agent.ask("GET", "/v1/jobs?prefix=hush", "").unwrap();
    assert_eq!(asked.0, 403);
    assert!(agent.ask("PUT", "/v1/job/x", "{\"Job\": \"hush\"}").is_some());
    agent.told_to_end();
    let logged = agent.rest();
    assert!(logged.contains("DEBUG request method=GET path=\"/v1/jobs\" status=403"), "{logged}");
    assert!(logged.contains("path=\"/v1/job/x\""), "{logged}");
    assert!(!logged.contains("hush") && !logged.contains("sesame"), "{logged}");
}

#[test]
fn a_restarted_agent_counts_the_jobs_that_are_registered() {
    let folder = Folder::new("counted");
    let flags = ["--data-dir", folder.text()];
    let agent = Agent::start(&flags);
    assert_eq!(agent.ask("DELETE", "/v1/job/nope", "").map(|(status, _)| status), Some(200));
    assert_eq!(agent.stop(), Some(0));
    let again = Agent::start(&flags);
    assert!(again.first_line().contains(", 0 jobs, "), "{}", again.first_line());
}
