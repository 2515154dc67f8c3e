//! What the clients of the nodes did while the recording was made: they start what they are told to, say that
//! it is healthy, and stop it.

use serde_json::{Value, json};

use crate::app::App;

/// How often to look again at what there is to do.
const ROUNDS_MAX: usize = 30;

/// Brings everything to where nothing is left to do.
pub(super) fn works(app: &App) {
    for round in 0..ROUNDS_MAX {
        let nodes = app.get("/v1/nodes").json();
        let is_there = |node: &&Value| node["Status"] == "ready";
        let changed = nodes.as_array().unwrap().iter().filter(is_there).map(|node| {
            let id = node["ID"].as_str().unwrap();
            let there = app.get(&format!("/v1/node/{id}/allocations")).json();
            let told: Vec<Value> = there.as_array().unwrap().iter().filter_map(next).collect();
            tell(app, id, &told);
            told.len()
        });
        let changed = changed.sum::<usize>();
        if changed == 0 && round > 0 {
            return;
        }
        // Deployments are looked at from time to time; who is there says so meanwhile.
        app.pass(1);
        for node in nodes.as_array().unwrap().iter().filter(is_there) {
            let path = format!("/v1/node/{}/status", node["ID"].as_str().unwrap());
            assert_eq!(app.put(&path, &json!({"Status": "ready"})).status, 200);
        }
    }
    panic!("there is always something to do");
}

/// The running allocations of a job fail.
pub(super) fn fails(app: &App, job: &str) {
    for it in app.get(&format!("/v1/job/{job}/allocations")).json().as_array().unwrap() {
        if it["ClientStatus"] == "running" {
            let told = json!({
                "ID": it["ID"], "ClientStatus": "failed", "TaskStates": states("dead", true),
            });
            tell(app, it["NodeID"].as_str().unwrap(), &[told]);
        }
    }
}

fn tell(app: &App, node: &str, told: &[Value]) {
    if !told.is_empty() {
        let answer = app.put(&format!("/v1/node/{node}/allocations"), &json!({"Alloc": told}));
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

/// What the client of an allocation says of it next, if anything.
fn next(it: &Value) -> Option<Value> {
    let is_wanted = it["DesiredStatus"] == "run";
    let is_batch = it["Job"]["Type"] == "batch";
    let status = match (it["ClientStatus"].as_str().unwrap(), is_wanted) {
        ("pending", true) => "running",
        ("running", true) if is_batch => "complete",
        ("pending" | "running", false) => "complete",
        _ => return None,
    };
    let state = if status == "running" { "running" } else { "dead" };
    let mut told =
        json!({"ID": it["ID"], "ClientStatus": status, "TaskStates": states(state, false)});
    let has_deployment = it["DeploymentID"].as_str().is_some_and(|id| !id.is_empty());
    if status == "running" && has_deployment {
        told["DeploymentStatus"] = json!({"Healthy": true, "Timestamp": "2026-11-21T17:02:13Z"});
    }
    Some(told)
}

fn states(state: &str, failed: bool) -> Value {
    let (kind, shown) = match failed {
        true => ("Terminated", "Exit Code: 1"),
        false => ("Started", "Task started by client"),
    };
    json!({"t": {
        "State": state, "Failed": failed, "Restarts": 0, "LastRestart": null,
        "StartedAt": "2026-11-21T17:02:13.287764884Z",
        "FinishedAt": if state == "dead" { json!("2026-11-21T17:02:14Z") } else { Value::Null },
        "TaskHandle": null,
        "Events": [{
            "Type": kind, "Time": 1_795_280_533_287_764_884_i64, "DisplayMessage": shown,
            "ExitCode": i32::from(failed), "Details": null, "DiskLimit": 0, "DownloadError": "",
            "DriverError": "", "DriverMessage": "", "FailedSibling": "", "FailsTask": false,
            "GenericSource": "", "KillError": "", "KillReason": "", "KillTimeout": 0, "Message": "",
            "RestartReason": "", "SetupError": "", "Signal": 0, "StartDelay": 0, "TaskSignal": "",
            "TaskSignalReason": "", "ValidationError": "", "VaultError": "",
        }],
    }})
}
