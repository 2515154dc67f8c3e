//! What a case's changes come to, in the shape of its expectation, if every placement succeeds.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::changes::{Changes, Figures, Placement};
use super::golden::{Case, text};
use super::system;
use crate::model::JobType;
use crate::time::Timestamp;

/// The answer to a case.
pub(super) fn answer(case: &Case, changes: &Changes) -> Value {
    if case.job_type.is_system() {
        let mut changes = changes.clone();
        let outcome = system::place(case, &mut changes);
        let mut answer = answer_of(case, &changes);
        outcome.write(case, &mut answer);
        return answer;
    }
    answer_of(case, changes)
}

fn answer_of(case: &Case, changes: &Changes) -> Value {
    let order = created_order(changes);
    let mut answer = json!({
        "stops": stops(case, changes, &order),
        "placements": placements(case, changes),
        "updates": updates(case, changes, &order),
        "created_evals": created(case, changes, &order),
        "deployments": deployments(case, changes),
        "eval": evaluation(case, changes, &order),
        "reblocked": 0,
        "annotations": annotations(case, changes),
    });
    for key in ["stops", "placements", "updates", "deployments"] {
        sort(&mut answer[key]);
    }
    answer
}

/// Sorts a list whose order says nothing.
pub(super) fn sort(list: &mut Value) {
    if let Some(list) = list.as_array_mut() {
        list.sort_by_cached_key(Value::to_string);
    }
}

fn seconds(case: &Case, at: Timestamp) -> i64 {
    at.since(case.now).as_nanos() / 1_000_000_000
}

/// The place of each follow-up among those that are created, by trigger and time.
fn created_order(changes: &Changes) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..changes.follow_ups.len()).collect();
    sorted.sort_by_key(|at| {
        let follow_up = changes.follow_ups[*at];
        (follow_up.kind.triggered_by(), follow_up.wait_until)
    });
    let mut order = vec![0; sorted.len()];
    sorted.iter().enumerate().for_each(|(place, at)| order[*at] = place);
    order
}

fn follow_up_name(follow_up: u32, order: &[usize]) -> String {
    format!("created[{}]", order[follow_up as usize])
}

fn id(case: &Case, at: u32) -> &str {
    text(&case.facts.allocations[at as usize]["ID"])
}

fn stops(case: &Case, changes: &Changes, order: &[usize]) -> Value {
    let of_destructive = changes.destructive.iter().map(|placement| {
        let at = placement.previous.unwrap();
        json!({"ID": id(case, at), "Description": "alloc is being updated due to job update"})
    });
    let of_stops = changes.stops.iter().map(|stop| {
        let mut one = json!({"ID": id(case, stop.at), "Description": stop.reason.description()});
        if stop.is_lost {
            one["ClientStatus"] = "lost".into();
        }
        if let Some(follow_up) = stop.follow_up {
            one["Followup"] = follow_up_name(follow_up, order).into();
        }
        one
    });
    of_stops.chain(of_destructive).collect()
}

/// The deployment that new allocations belong to.
fn usual_deployment(case: &Case, changes: &Changes) -> &'static str {
    if changes.deployment.is_some() {
        return "new";
    }
    let is_active = case.deployment.as_ref().is_some_and(|it| it.status.is_active());
    if is_active && case.job_type == JobType::Service { "existing" } else { "" }
}

fn version_of(case: &Case, changes: &Changes, placement: &Placement) -> (u64, &'static str) {
    let current = (case.versions.last().unwrap().version, usual_deployment(case, changes));
    let Some(previous) = placement.previous.filter(|_| placement.is_downgraded) else {
        return current;
    };
    let replaced = case.versions[case.views[previous as usize].version as usize].version;
    let stored = case.deployment.as_ref().and_then(|it| {
        let state = it.groups[placement.group as usize].as_ref()?;
        (state.promoted || state.desired_canaries == 0).then_some(it.version)
    });
    match stored {
        Some(version) if version < replaced => current,
        Some(version) => (version, "existing"),
        None => (replaced, ""),
    }
}

fn placements(case: &Case, changes: &Changes) -> Value {
    let all = changes.destructive.iter().chain(&changes.placements);
    all.map(|placement| {
        let (version, deployment) = version_of(case, changes, placement);
        let group = &case.groups[placement.group as usize];
        let reschedules = placement.reschedule.as_ref().map(|record| {
            let previous = placement.previous.unwrap();
            let tracker = &case.facts.allocations[previous as usize]["RescheduleTracker"]["Events"];
            let past = &case.facts.reschedules[previous as usize];
            let kept = record.kept.iter().map(|at| {
                event(case, past[*at].at, past[*at].delay.as_nanos(), &tracker[*at]["PrevAllocID"])
            });
            let (at, delay) = (record.event.at, record.event.delay.as_nanos());
            kept.chain([event(case, at, delay, &id(case, previous).into())]).collect::<Vec<_>>()
        });
        let mut one = json!({
            "Name": format!("web.{group}[{}]", placement.name_index),
            "PreviousAllocation": placement.previous.map_or("", |at| id(case, at)),
            "JobVersion": version,
            "DeploymentID": deployment,
            "Canary": placement.is_canary,
            "Reschedules": reschedules,
        });
        if let Some(node) = placement.node {
            one["NodeID"] = case.nodes[node as usize]["ID"].clone();
        }
        one
    })
    .collect()
}

fn event(case: &Case, at: Timestamp, delay: i64, previous: &Value) -> Value {
    json!({
        "AgoS": -seconds(case, at),
        "DelayS": delay / 1_000_000_000,
        "PrevAllocID": previous,
    })
}

fn updates(case: &Case, changes: &Changes, order: &[usize]) -> Value {
    let of = |update: &super::super::changes::Update| {
        let allocation = &case.facts.allocations[update.at as usize];
        let mut one = json!({"ID": allocation["ID"]});
        if update.in_place {
            one["InPlace"] = true.into();
            let taken = usual_deployment(case, changes);
            let had = case.views[update.at as usize].deployment;
            let is_kept = taken.is_empty() || (taken == "existing" && had == 0);
            if !is_kept {
                one["DeploymentID"] = taken.into();
            }
        }
        if update.is_disconnecting {
            one["ClientStatus"] = "unknown".into();
            one["ClientDescription"] = "alloc is unknown since its node is disconnected".into();
            one["NewState"] = "unknown".into();
        }
        if update.is_reconnecting {
            one["NewState"] = allocation["ClientStatus"].clone();
        }
        if let Some(follow_up) = update.follow_up {
            one["Followup"] = follow_up_name(follow_up, order).into();
        }
        one
    };
    changes.updates.iter().map(of).collect()
}

fn created(case: &Case, changes: &Changes, order: &[usize]) -> Value {
    let mut created = vec![Value::Null; order.len()];
    for (at, follow_up) in changes.follow_ups.iter().enumerate() {
        created[order[at]] = json!({
            "TriggeredBy": follow_up.kind.triggered_by(),
            "StatusDescription": follow_up.kind.description(),
            "WaitUntilS": seconds(case, follow_up.wait_until),
            "Status": "pending",
            "Priority": case.document["eval"]["Priority"],
            "PreviousEvalIsThis": true,
        });
    }
    created.into()
}

fn deployments(case: &Case, changes: &Changes) -> Value {
    let update = changes.deployment_update.map(|change| {
        let (status, description) = change.status();
        json!({"ID": "existing", "Update": true, "Status": status, "StatusDescription": description})
    });
    let new = changes.deployment.as_ref().map(|new| {
        let groups: Map<String, Value> = new
            .groups
            .iter()
            .map(|it| {
                let state = json!({
                    "AutoPromote": it.auto_promote,
                    "AutoRevert": it.auto_revert,
                    "DesiredCanaries": it.desired_canaries,
                    "DesiredTotal": it.desired_total,
                    "PlacedCanaries": 0,
                    "Promoted": false,
                });
                (case.groups[it.group as usize].clone(), state)
            })
            .collect();
        json!({
            "ID": "new",
            "JobVersion": case.versions.last().unwrap().version,
            "Status": "running",
            "StatusDescription": new.description(),
            "TaskGroups": groups,
        })
    });
    update.into_iter().chain(new).collect()
}

fn evaluation(case: &Case, changes: &Changes, order: &[usize]) -> Value {
    let all = || changes.destructive.iter().chain(&changes.placements);
    let of_job = case.versions.last().unwrap().groups.iter().enumerate();
    let queued: BTreeMap<&str, u32> = of_job
        .filter(|(_, rules)| rules.is_some())
        .filter(|(at, _)| all().next().is_none() || all().any(|it| it.group as usize == *at))
        .map(|(at, _)| (case.groups[at].as_str(), 0))
        .collect();
    let deployment = match (&changes.deployment, &case.deployment) {
        (Some(_), _) => "new",
        (None, Some(_)) if case.job_type == JobType::Service => "existing",
        _ => "",
    };
    let last = changes.follow_ups.len().checked_sub(1);
    json!({
        "Status": "complete",
        "StatusDescription": "",
        "BlockedEval": "",
        "Deployment": deployment,
        "FailedTGAllocs": {},
        "NextEval": last.map_or(String::new(), |at| follow_up_name(at as u32, order)),
        "QueuedAllocations": queued,
    })
}

fn annotations(case: &Case, changes: &Changes) -> Value {
    let of = |(figures, name): (&Figures, &String)| {
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
    Value::Object(changes.figures.iter().zip(&case.groups).map(of).collect())
}
