//! Evaluations: the golden cases through the command, what people read, and mistakes.

use std::fs;

use serde_json::{Value, json};

use super::documents::{job, node};
use super::{Folder, package};

/// The cases of a file with their templates merged in.
fn cases(file: &str) -> Vec<Value> {
    let path = package("tests/golden_lifecycle").join(file);
    let mut all: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let (nodes, allocations) = (all["node_template"].take(), all["alloc_template"].take());
    let mut cases: Vec<Value> = all["cases"].as_array().unwrap().clone();
    for case in &mut cases {
        for (key, template) in [("nodes", &nodes), ("allocs", &allocations)] {
            for own in case[key].as_array_mut().unwrap() {
                let mut merged = template.clone();
                for (key, value) in own.as_object().unwrap() {
                    merged[key] = value.clone();
                }
                *own = merged;
            }
        }
    }
    cases
}

/// Lists whose order says nothing, sorted.
fn sorted(mut answer: Value) -> Value {
    for key in ["stops", "placements", "updates", "deployments"] {
        answer[key].as_array_mut().unwrap().sort_by_cached_key(Value::to_string);
    }
    answer
}

#[test]
fn the_command_agrees_with_every_golden_case() {
    let folder = Folder::new("evaluate-golden");
    let (mut agree, mut all, mut differ) = (0, 0, String::new());
    for file in ["plain.json", "deploy.json", "disconnect.json", "system.json"] {
        for mut case in cases(file) {
            let expected = sorted(case.as_object_mut().unwrap().remove("expect").unwrap());
            folder.write("state.json", &case);
            let answer = folder.run("evaluate --state state.json --json");
            assert_eq!(answer.stderr, "", "{}", case["name"]);
            let mut found = sorted(answer.json());
            if expected.get("annotations").is_none() {
                found.as_object_mut().unwrap().remove("annotations");
            }
            all += 1;
            if found == expected {
                agree += 1;
            } else if differ.len() < 10_000 {
                differ += &format!("{}\n  expected {expected}\n  found    {found}\n", case["name"]);
            }
        }
    }
    println!("AGREE {agree} of {all} cases");
    assert_eq!((agree, all), (611, 611), "\n{differ}");
}

/// A new job of three on two nodes.
fn state() -> Value {
    json!({
        "now": "2026-01-01T00:00:00Z",
        "nodes": [node("n1", 1000), node("n2", 500)],
        "jobs": [job("web", 50, 3, 400)],
        "allocs": [],
        "eval": {"ID": "e1", "JobID": "web", "Type": "service", "Priority": 50, "Status": "pending",
                 "TriggeredBy": "job-register"},
    })
}

#[test]
fn people_read_what_is_placed_and_what_waits() {
    let mut state = state();
    state["jobs"][0]["TaskGroups"][0]["Count"] = json!(4);
    let answer =
        Folder::new("evaluate").with("state.json", state).run("evaluate --state state.json");
    assert_eq!((answer.status, answer.stderr.as_str()), (2, ""));
    let expected = "\
Evaluation e1 of job web (job-register): complete
 Group  What changes
 group  4 to place

Placed: 3 allocations
 Allocation    Node  Version  Replaces  As
 web.group[0]  n2          0
 web.group[1]  n1          0
 web.group[2]  n1          0

Evaluations that come of it
 Triggered by  Status   When                Why
 queued-allocs blocked  when there is room  created to place remaining allocations

Could not be placed
 Group  Missing  Why
 group        1  2 nodes evaluated, 0 filtered, 2 exhausted
                 2 nodes for lack of cpu
";
    let squeezed = |text: &str| {
        let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(squeezed(&answer.stdout), squeezed(expected), "{}", answer.stdout);
}

/// Each mistake with the exact words.
#[test]
fn mistakes_are_named_with_their_places() {
    let rows: [(&str, Value, &str); 12] = [
        (
            "/now",
            json!("yesterday"),
            "now: `yesterday` is not a time of the form 2026-11-27T03:00:00Z",
        ),
        ("/now", json!(5), "now: expected a time such as `2026-01-01T00:00:00Z`"),
        ("/eval", json!(null), "eval: an evaluation is needed"),
        ("/eval/ID", json!(""), "eval.ID: an evaluation needs an ID"),
        (
            "/eval/Status",
            json!("complete"),
            "eval.Status: only a `pending` or a `blocked` evaluation can be processed",
        ),
        (
            "/eval/JobID",
            json!("api"),
            "jobs[0].ID: expected the evaluation's job `api`, found `web`",
        ),
        (
            "/eval/Priority",
            json!("high"),
            "eval.Priority: invalid type: string \"high\", expected i64",
        ),
        ("/nodes", json!({}), "nodes: expected a list"),
        ("/jobs/0/Priority", json!(0), "jobs[0].Priority: expected 1 to 100, found `0`"),
        (
            "/allocs",
            json!([{"ID": "a", "JobID": "web", "Name": "web.group[0]", "TaskGroup": "group",
            "NodeID": "n1", "JobVersion": 7, "DesiredStatus": "run", "ClientStatus": "running"}]),
            "allocs[0].JobVersion: `jobs` has no version 7",
        ),
        (
            "/allocs",
            json!([{"ID": "a", "JobID": "web", "Name": "web.group[0]", "TaskGroup": "group",
            "NodeID": "n1", "DesiredStatus": "walk", "ClientStatus": "running"}]),
            "allocs[0].DesiredStatus: unknown status `walk`, known are `run`, `stop`, `evict`, `failed`",
        ),
        (
            "/jobs",
            json!([job("web", 50, 1, 1), {"ID": "web", "Type": "batch", "TaskGroups": [
            {"Name": "group", "Tasks": [{"Name": "t", "Driver": "docker"}]}]}]),
            "jobs[1].Type: a job's type cannot change: it was `service`, not `batch`",
        ),
    ];
    let folder = Folder::new("evaluate-mistakes");
    let mut differ = String::new();
    for (pointer, value, expected) in rows {
        let mut state = state();
        *state.pointer_mut(pointer).unwrap() = value;
        folder.write("state.json", state);
        let answer = folder.run("evaluate --state state.json");
        let expected = format!("state.json: {expected}\n");
        if (answer.status, answer.stderr.as_str()) != (1, expected.as_str()) {
            differ += &format!("{pointer}\n  expected {expected}  found    {}", answer.stderr);
        }
    }
    assert!(differ.is_empty(), "\n{differ}");
    let answer = folder.run("evaluate --state nothing.json");
    assert_eq!(
        (answer.status, answer.stderr.as_str()),
        (1, "nothing.json: there is no such file\n")
    );
}

/// A key that nobody reads may be why something is missing.
#[test]
fn misspelt_keys_of_jobs_are_told_whether_or_not_they_make_a_job_invalid() {
    let folder = Folder::new("evaluate-misspelt");
    let mut wrong = state();
    wrong["jobs"][0]["TaskGroups"][0]["Conut"] = json!(2);
    folder.write("state.json", &wrong);
    let key = "warning: state.json: job `web`: TaskGroups[0].Conut: unknown key, ignored; did you mean `Count`?\n";
    assert_eq!(folder.run("evaluate --state state.json").stderr, key);
    wrong["jobs"][0]["TaskGroups"][0]["Count"] = json!(-1);
    folder.write("state.json", &wrong);
    let invalid = "state.json: jobs[0].TaskGroups[0].Count: expected 0 to 1000000, found `-1`\n";
    let answer = folder.run("evaluate --state state.json");
    assert_eq!((answer.status, answer.stderr), (1, format!("{key}{invalid}")));
}

#[test]
fn a_deployment_says_what_has_become_of_it_in_a_known_word() {
    let folder = Folder::new("evaluate-deployment");
    for (status, wrong) in [("running", false), ("", false), ("flying", true)] {
        let mut state = state();
        state["deployment"] = json!({"ID": "d1", "JobID": "web", "Status": status});
        folder.write("state.json", state);
        let answer = folder.run("evaluate --state state.json");
        let said = "state.json: deployment.Status: unknown status `flying`, known are `running`, \
            `paused`, `failed`, `successful`, `cancelled`, `pending`, `initializing`, `blocked`, \
            `unblocking`\n";
        let expected = if wrong { said } else { "" };
        assert_eq!(answer.stderr, expected, "{status}");
        assert_eq!(answer.status == 1, wrong, "{status}");
    }
}

/// Of an odd state: what is odd about it, and the evaluation's status and its description with the number
/// of stops and placements, or the place of the mistake.
type Odd = (&'static str, fn(&mut Value), Result<Value, &'static str>);

fn odd() -> [Odd; 9] {
    [
        ("nothing odd", |_| (), Ok(json!(["complete", "", 0, 0]))),
        (
            "unknown trigger",
            |state| state["eval"]["TriggeredBy"] = json!("whim"),
            Ok(json!(["failed", "scheduler cannot handle 'whim' evaluation reason", 0, 0])),
        ),
        (
            "unknown type",
            |state| state["eval"]["Type"] = json!("cron"),
            Ok(json!(["failed", "no scheduler for evaluations of type 'cron'", 0, 0])),
        ),
        (
            "unknown group",
            |state| state["allocs"][0]["TaskGroup"] = json!("other"),
            Ok(json!(["complete", "", 1, 1])),
        ),
        (
            "unknown node",
            |state| state["allocs"][0]["NodeID"] = json!("gone"),
            Ok(json!(["complete", "", 1, 1])),
        ),
        (
            "before everything else",
            |state| state["now"] = json!("1970-01-01T00:00:00Z"),
            Ok(json!(["complete", "", 0, 0])),
        ),
        (
            "stopped, and yet failed and to be moved",
            |state| {
                state["allocs"][0]["DesiredStatus"] = json!("stop");
                state["allocs"][0]["ClientStatus"] = json!("failed");
                state["allocs"][0]["DesiredTransition"] = json!({"Migrate": true});
            },
            Ok(json!(["complete", "", 0, 1])),
        ),
        (
            "counters that do not add up",
            |state| {
                let group = json!({"DesiredTotal": -3, "HealthyAllocs": -1, "PlacedAllocs": 9});
                let groups = json!({"group": group});
                state["deployment"] =
                    json!({"ID": "d1", "JobID": "web", "Status": "running", "TaskGroups": groups});
            },
            Ok(json!(["complete", "", 0, 0])),
        ),
        (
            "2^31 wanted",
            |state| state["jobs"][0]["TaskGroups"][0]["Count"] = json!(1_u64 << 31),
            Err("jobs[0].TaskGroups[0].Count"),
        ),
    ]
}

/// What makes no sense, or is huge: the whole answer in a few keys, or the exact mistake.
#[test]
fn odd_states_have_exact_outcomes() {
    let folder = Folder::new("evaluate-odd");
    for (name, change, expected) in odd() {
        let there = |number: usize| {
            json!({
                "ID": format!("a{number}"), "JobID": "web", "Name": format!("web.group[{number}]"),
                "TaskGroup": "group", "NodeID": "n1", "DesiredStatus": "run",
                "ClientStatus": "running",
            })
        };
        let mut state = state();
        state["allocs"] = json!([there(0), there(1), there(2)]);
        change(&mut state);
        folder.write("state.json", state);
        let answer = folder.run("evaluate --state state.json --json");
        match expected {
            Ok(expected) => {
                let status = if expected[0] == "failed" { 2 } else { 0 };
                assert_eq!((answer.status, answer.stderr.as_str()), (status, ""), "{name}");
                let found = answer.json();
                let count = |key: &str| found[key].as_array().unwrap().len();
                let (eval, counts) = (&found["eval"], [count("stops"), count("placements")]);
                let summary =
                    json!([eval["Status"], eval["StatusDescription"], counts[0], counts[1]]);
                assert_eq!(summary, expected, "{name}");
            }
            Err(place) => {
                assert_eq!(answer.status, 1, "{name}");
                let begins = format!("state.json: {place}: ");
                assert!(answer.stderr.starts_with(&begins), "{}", answer.stderr);
                assert_eq!(answer.stderr.lines().count(), 1, "{}", answer.stderr);
            }
        }
    }
}
