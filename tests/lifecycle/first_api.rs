//! The rolling update of the first API: so many at once, and an evaluation that goes on after a while
//! (docs/lifecycle.md, section 10, *0.1 semantics*).

use serde_json::{Value, json};
use stowplan::model::DesiredUpdates;
use stowplan::schedule::Decision;
use stowplan::schedule::decide;
use stowplan::{FailureRecords, PlaceOptions, Span};

use crate::apply::apply;
use crate::lifecycle::Question;
use crate::world::{allocation, job, node, placed, state};

/// A job of the first API of five that all run another command than it says now.
fn outdated(max_parallel: u64, stagger_s: u64) -> Value {
    let nodes = ["n1", "n2", "n3"].map(|id| node(id, 4_000));
    let there: Vec<Value> =
        (0..5).map(|number| allocation(number, ["n1", "n2", "n3"][number % 3])).collect();
    let mut state = state("service", 5, &nodes, &there);
    state["jobs"] = json!([0, 1].map(|version| {
        let mut job = job("service", 5);
        job["Update"] = json!({"Stagger": stagger_s * 1_000_000_000, "MaxParallel": max_parallel});
        let group = job["TaskGroups"][0].as_object_mut().unwrap();
        group.remove("EphemeralDisk");
        let task = &mut group["Tasks"][0];
        task["Resources"] = json!({"CPU": 100, "MemoryMB": 20, "DiskMB": 10, "IOPS": 0});
        task["Config"] = json!({"command": format!("/bin/{version}")});
        job
    }));
    state
}

fn figures(decision: &Decision) -> &DesiredUpdates {
    &decision.figures["web"]
}

#[test]
fn two_two_and_one() {
    let mut question = Question::new(&outdated(2, 30));
    let mut steps = Vec::new();
    for pass in 0..4 {
        let decision = question.process();
        steps.push((decision.placements.len(), decision.stops.len(), decision.created.len()));
        let follow_up = decision.created.first();
        if let Some(follow_up) = follow_up {
            assert_eq!(follow_up.triggered_by, "rolling-update");
            assert_eq!((follow_up.wait, follow_up.wait_until), (Span::from_secs(30), None));
            assert_eq!(follow_up.previous_eval, question.evaluation.id);
            assert_eq!((follow_up.status.as_str(), follow_up.priority), ("pending", 50));
            assert_eq!(decision.evaluation.next_eval, follow_up.id);
        } else {
            assert_eq!(decision.evaluation.next_eval, "");
        }
        assert_eq!(decision.evaluation.status, "complete");
        assert!(decision.deployment.is_none());
        question = apply(&question, &decision, &format!("p{pass}-"));
        for gone in question.known.allocations.iter_mut().filter(|it| it.desired_status == "stop") {
            gone.client_status = "complete".into();
        }
    }
    assert_eq!(steps, [(2, 2, 1), (2, 2, 1), (1, 1, 0), (0, 0, 0)]);
}

/// Only with both above 0 is anything held back.
#[test]
fn everything_at_once_without_a_step_or_a_stagger() {
    for (max_parallel, stagger_s) in [(0, 30), (2, 0), (0, 0)] {
        let decision = Question::new(&outdated(max_parallel, stagger_s)).process();
        assert_eq!((decision.placements.len(), decision.created.len()), (5, 0));
        assert_eq!(figures(&decision).destructive_update, 5);
    }
}

/// What is on a draining node moves without a flag, before anything is updated, and within the limit.
#[test]
fn migrations_come_first_and_share_the_limit() {
    let mut state = outdated(3, 30);
    state["nodes"][0]["Drain"] = json!(true);
    let decision = Question::new(&state).process();
    // n1 holds [0] and [3].
    let mut names = placed(&decision);
    names.sort_unstable();
    assert_eq!(names, ["web.web[0]", "web.web[1]", "web.web[3]"]);
    let figures = figures(&decision);
    assert_eq!((figures.migrate, figures.destructive_update, figures.ignore), (2, 1, 2));
    assert_eq!(decision.created[0].triggered_by, "rolling-update");
    let moved = decision.stops.iter().filter(|it| it.desired_description.contains("migrated"));
    assert_eq!(moved.count(), 2);
}

/// New allocations and the replacement of lost ones are held back by nothing.
#[test]
fn what_is_missing_is_placed_at_once() {
    let mut state = outdated(1, 30);
    state["nodes"][1]["Status"] = json!("down");
    let decision = Question::new(&state).process();
    // n2 held [1] and [4]; one more is updated.
    let mut names = placed(&decision);
    names.sort_unstable();
    assert_eq!(names, ["web.web[0]", "web.web[1]", "web.web[4]"]);
}

/// What finds no place leaves one failed allocation a group, which the next failure writes anew and a
/// success leaves as it is.
#[test]
fn a_record_of_what_found_no_place() {
    let mut full = outdated(0, 0);
    full["allocs"] = json!([]);
    full["nodes"] = json!([node("n1", 250)]);
    let decision = Question::new(&full).process();
    assert_eq!((decision.placements.len(), decision.failed.len()), (2, 1));
    let record = &decision.failed[0];
    assert_eq!((record.id.as_str(), record.node_id.as_str()), ("new[2]", ""));
    assert_eq!(
        (record.desired_status.as_str(), record.client_status.as_str()),
        ("failed", "failed")
    );
    assert_eq!(record.desired_description, "failed to find a node for placement");
    assert_eq!(record.metrics.as_ref().unwrap().coalesced_failures, 2);
    assert_eq!(record.eval_id, "e1");
    // It holds no name, and is rewritten by the next failure.
    let mut kept = serde_json::to_value(record).unwrap();
    kept["ID"] = json!("failed-1");
    full["allocs"] = json!([kept]);
    full["nodes"] = json!([node("n1", 350)]);
    let decision = Question::new(&full).process();
    assert_eq!((decision.placements.len(), decision.failed.len()), (3, 1));
    let again = &decision.failed[0];
    assert_eq!((again.id.as_str(), &again.name), ("failed-1", &record.name));
    assert_eq!(again.metrics.as_ref().unwrap().coalesced_failures, 1);
    // A success leaves it as history.
    full["nodes"] = json!([node("n1", 4_000)]);
    let decision = Question::new(&full).process();
    assert_eq!((decision.placements.len(), decision.failed.len()), (5, 0));
    assert!(decision.stops.is_empty() && decision.updates.is_empty());
}

/// Jobs of today leave none, unless that is asked for.
#[test]
fn records_on_request() {
    let full = state("service", 3, &[node("n1", 250)], &[]);
    let question = Question::new(&full);
    for (records, expected) in [
        (None, 0),
        (Some(FailureRecords::Auto), 0),
        (Some(FailureRecords::Always), 1),
        (Some(FailureRecords::Never), 0),
    ] {
        let options = PlaceOptions::default();
        let options = match records {
            Some(records) => options.record_failed_placements(records),
            None => options,
        };
        let decision = decide(
            &question.cluster,
            &question.known,
            &question.evaluation,
            &options,
            question.now,
        );
        assert_eq!(decision.failed.len(), expected, "{records:?}");
    }
}

/// A job of today with the same block has a deployment and no such evaluation.
#[test]
fn a_job_of_today_has_none_of_it() {
    let mut state = outdated(2, 30);
    for version in state["jobs"].as_array_mut().unwrap() {
        version["TaskGroups"][0]["EphemeralDisk"] = json!({"SizeMB": 10});
        let resources = &mut version["TaskGroups"][0]["Tasks"][0]["Resources"];
        *resources = json!({"CPU": 100, "MemoryMB": 20});
    }
    let decision = Question::new(&state).process();
    assert_eq!(decision.placements.len(), 2);
    assert!(decision.created.is_empty());
    assert!(decision.deployment.is_some());
}
