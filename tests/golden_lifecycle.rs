//! The golden cases of the lifecycle through the whole way of an evaluation: documents, reconciling, real
//! placement. Another folder of cases is named by the environment variable `STOWPLAN_GOLDEN_LIFECYCLE`.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test reads its environment, and fails by panicking"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use stowplan::model::{
    Allocation, Deployment, DesiredUpdates, Evaluation, Job, JobSpec, Node, RescheduleEvent,
};
use stowplan::schedule::{Decision, JobState, process};
use stowplan::{Cluster, Inventory, PlaceOptions, Timestamp};

/// A case, ready to be processed.
struct Case {
    now: Timestamp,
    cluster: Cluster,
    known: JobState,
    evaluation: Evaluation,
}

fn items(value: &Value) -> impl DoubleEndedIterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn merged(template: &Value, own: &Value) -> Value {
    let mut merged = template.clone();
    for (key, value) in own.as_object().into_iter().flatten() {
        merged[key] = value.clone();
    }
    merged
}

impl Case {
    fn new(file: &Value, case: &Value) -> Case {
        let version = |(at, job): (usize, &Value)| {
            let mut spec: JobSpec = serde_json::from_value(job.clone()).unwrap();
            spec.version = at as u64;
            (spec.create_index, spec.job_modify_index) = (1, at as u64 + 1);
            Job::new(spec).unwrap()
        };
        let versions: Vec<Job> = items(&case["jobs"]).enumerate().map(version).collect();
        let node = |node: &Value| {
            Node::from_json(merged(&file["node_template"], node).to_string()).unwrap()
        };
        let nodes: Vec<Node> = items(&case["nodes"]).map(node).collect();
        let allocation = |it: &Value| -> Allocation {
            serde_json::from_value(merged(&file["alloc_template"], it)).unwrap()
        };
        let allocations: Vec<Allocation> = items(&case["allocs"]).map(allocation).collect();
        let is_there = |it: &&Allocation| nodes.iter().any(|node| node.id == it.node_id);
        let there: Vec<Allocation> = allocations.iter().filter(is_there).cloned().collect();
        let inventory = Inventory::new(nodes.iter().cloned()).unwrap();
        let inventory = inventory.with_allocations(there).unwrap().with_jobs(&versions);
        let mut deployments: Vec<Deployment> = Vec::new();
        if case["deployment"].is_object() {
            let deployment: Deployment =
                serde_json::from_value(case["deployment"].clone()).unwrap();
            deployments.push(Deployment { job_create_index: 1, ..deployment });
        }
        Case {
            now: case["now"].as_str().unwrap().parse().unwrap(),
            cluster: Cluster::from_inventory(&inventory, 0),
            known: JobState { versions, allocations, deployments, waiting: Vec::new() },
            evaluation: serde_json::from_value(case["eval"].clone()).unwrap(),
        }
    }

    fn find(&self, id: &str) -> &Allocation {
        self.known.allocations.iter().find(|it| it.id == id).unwrap()
    }

    fn deployment_name(&self, id: &str) -> &'static str {
        match id {
            "" => "",
            "new[0]" => "new",
            _ => "existing",
        }
    }

    fn seconds(&self, at: Timestamp) -> i64 {
        at.since(self.now).as_nanos() / 1_000_000_000
    }
}

/// The names of created evaluations in a golden case, in the order of their triggers and times.
fn created_names(decision: &Decision) -> BTreeMap<String, String> {
    let mut sorted: Vec<&Evaluation> = decision.created.iter().collect();
    sorted.sort_by_key(|it| (it.triggered_by.clone(), it.wait_until, it.node_id.clone()));
    let name = |(at, it): (usize, &&Evaluation)| (it.id.clone(), format!("created[{at}]"));
    let mut names: BTreeMap<String, String> = sorted.iter().enumerate().map(name).collect();
    names.insert(String::new(), String::new());
    names
}

fn answer(case: &Case, decision: &Decision) -> Value {
    let names = created_names(decision);
    let mut answer = json!({
        "stops": decision.stops.iter().map(|it| stop(it, &names)).collect::<Vec<_>>(),
        "placements": decision.placements.iter().map(|it| placement(case, it)).collect::<Vec<_>>(),
        "updates": decision.updates.iter().map(|it| update(case, decision, it, &names)).collect::<Vec<_>>(),
        "created_evals": created(case, decision),
        "deployments": deployments(decision),
        "eval": evaluation(case, decision, &names),
        "reblocked": u32::from(decision.is_reblocked),
        "annotations": annotations(&decision.figures),
    });
    sort_lists(&mut answer);
    answer
}

fn sort_lists(answer: &mut Value) {
    for key in ["stops", "placements", "updates", "deployments"] {
        if let Some(list) = answer[key].as_array_mut() {
            list.sort_by_cached_key(Value::to_string);
        }
    }
}

fn stop(it: &Allocation, names: &BTreeMap<String, String>) -> Value {
    let mut one = json!({"ID": it.id, "Description": it.desired_description});
    if !it.client_status.is_empty() {
        one["ClientStatus"] = it.client_status.clone().into();
    }
    if !it.followup_eval_id.is_empty() {
        one["Followup"] = names[&it.followup_eval_id].clone().into();
    }
    one
}

fn placement(case: &Case, it: &Allocation) -> Value {
    let events = it.reschedule_tracker.as_ref().map(|tracker| {
        let event = |it: &RescheduleEvent| {
            json!({
                "AgoS": -case.seconds(it.at()),
                "DelayS": it.delay.as_nanos() / 1_000_000_000,
                "PrevAllocID": it.prev_alloc_id,
            })
        };
        tracker.events.iter().map(event).collect::<Vec<_>>()
    });
    let mut one = json!({
        "Name": it.name,
        "PreviousAllocation": it.previous_allocation,
        "JobVersion": it.job_version,
        "DeploymentID": case.deployment_name(&it.deployment_id),
        "Canary": it.is_canary(),
        "Reschedules": events,
    });
    if case.known.versions[0].job_type().is_system() {
        one["NodeID"] = it.node_id.clone().into();
    }
    one
}

fn update(
    case: &Case,
    decision: &Decision,
    it: &Allocation,
    names: &BTreeMap<String, String>,
) -> Value {
    let before = case.find(&it.id);
    let mut one = json!({"ID": it.id});
    if decision.in_place.contains(&it.id) {
        one["InPlace"] = true.into();
    }
    if it.deployment_id != before.deployment_id {
        one["DeploymentID"] = case.deployment_name(&it.deployment_id).into();
    }
    for (key, now, was) in [
        ("ClientStatus", &it.client_status, &before.client_status),
        ("ClientDescription", &it.client_description, &before.client_description),
    ] {
        if now != was {
            one[key] = now.clone().into();
        }
    }
    if it.alloc_states.len() > before.alloc_states.len() {
        one["NewState"] = it.alloc_states.last().unwrap().value.clone().into();
    }
    if it.followup_eval_id != before.followup_eval_id {
        one["Followup"] = names[&it.followup_eval_id].clone().into();
    }
    one
}

fn created(case: &Case, decision: &Decision) -> Vec<Value> {
    let mut sorted: Vec<&Evaluation> = decision.created.iter().collect();
    sorted.sort_by_key(|it| (it.triggered_by.clone(), it.wait_until, it.node_id.clone()));
    let one = |it: &&Evaluation| {
        let mut one = json!({
            "TriggeredBy": it.triggered_by,
            "StatusDescription": it.status_description,
            "WaitUntilS": it.wait_until.map(|at| case.seconds(at)),
            "Status": it.status,
            "Priority": it.priority,
            "PreviousEvalIsThis": it.previous_eval == case.evaluation.id,
        });
        if !it.node_id.is_empty() {
            one["NodeID"] = it.node_id.clone().into();
        }
        one
    };
    sorted.iter().map(one).collect()
}

fn deployments(decision: &Decision) -> Vec<Value> {
    let update = decision.deployment_update.iter().map(|it| {
        json!({
            "ID": "existing",
            "Update": true,
            "Status": it.status,
            "StatusDescription": it.status_description,
        })
    });
    let new = decision.deployment.iter().map(|it| {
        let groups: Map<String, Value> = it
            .task_groups
            .iter()
            .map(|(name, state)| {
                let state = json!({
                    "AutoPromote": state.auto_promote,
                    "AutoRevert": state.auto_revert,
                    "DesiredCanaries": state.desired_canaries,
                    "DesiredTotal": state.desired_total,
                    "PlacedCanaries": state.placed_canaries.len(),
                    "Promoted": state.promoted,
                });
                (name.clone(), state)
            })
            .collect();
        json!({
            "ID": "new",
            "JobVersion": it.job_version,
            "Status": it.status,
            "StatusDescription": it.status_description,
            "TaskGroups": groups,
        })
    });
    update.chain(new).collect()
}

fn evaluation(case: &Case, decision: &Decision, names: &BTreeMap<String, String>) -> Value {
    let it = &decision.evaluation;
    let failed: BTreeMap<&String, u64> =
        it.failed_tg_allocs.iter().map(|(name, it)| (name, it.coalesced_failures)).collect();
    let queued: BTreeMap<&String, i64> =
        it.queued_allocations.iter().map(|(name, count)| (name, *count)).collect();
    json!({
        "Status": it.status,
        "StatusDescription": it.status_description,
        "BlockedEval": names[&it.blocked_eval],
        "Deployment": case.deployment_name(&it.deployment_id),
        "FailedTGAllocs": failed,
        "NextEval": names[&it.next_eval],
        "QueuedAllocations": queued,
    })
}

fn annotations(figures: &indexmap::IndexMap<String, DesiredUpdates>) -> Value {
    let of = |(name, figures): (&String, &DesiredUpdates)| {
        let list = [
            ("Ignore", figures.ignore),
            ("Place", figures.place),
            ("Migrate", figures.migrate),
            ("Stop", figures.stop),
            ("InPlaceUpdate", figures.in_place_update),
            ("DestructiveUpdate", figures.destructive_update),
            ("Canary", figures.canary),
            ("Disconnect", figures.disconnect),
            ("Reconnect", figures.reconnect),
            ("RescheduleNow", figures.reschedule_now),
            ("RescheduleLater", figures.reschedule_later),
        ];
        let shown = list.into_iter().filter(|it| it.1 > 0);
        let shown: Map<String, Value> =
            shown.map(|(name, value)| (name.to_owned(), value.into())).collect();
        (name.clone(), Value::Object(shown))
    };
    Value::Object(figures.iter().map(of).collect())
}

#[test]
fn golden_cases_agree() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden_lifecycle");
    let folder = std::env::var("STOWPLAN_GOLDEN_LIFECYCLE").unwrap_or_else(|_| own.to_owned());
    let (mut agreed, mut total, mut told) = (0, 0, String::new());
    for file in ["plain.json", "deploy.json", "disconnect.json", "system.json"] {
        let read = std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
        let file: Value = serde_json::from_str(&read).unwrap();
        for document in items(&file["cases"]) {
            let case = Case::new(&file, document);
            let options = PlaceOptions::default();
            let decision =
                process(&case.cluster, &case.known, &case.evaluation, &options, case.now);
            let mut found = answer(&case, &decision);
            let mut expected = document["expect"].clone();
            sort_lists(&mut expected);
            // The cases have no figures of system jobs.
            if expected["annotations"].is_null() {
                found.as_object_mut().unwrap().remove("annotations");
                expected.as_object_mut().unwrap().remove("annotations");
            }
            total += 1;
            agreed += usize::from(found == expected);
            let keys = expected.as_object().unwrap().iter();
            for (key, value) in keys.filter(|(key, value)| found[key.as_str()] != **value) {
                let name = &document["name"];
                writeln!(told, "{name} {key}\n  expected {value}\n  found    {}", found[key])
                    .unwrap();
            }
        }
    }
    println!("AGREE {agreed} of {total} cases");
    assert_eq!(agreed, total, "AGREE {agreed} of {total} cases\n{told}");
}
