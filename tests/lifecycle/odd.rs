//! States that make no sense, and huge ones: a decision all the same, and the right one.

use std::time::Instant;

use serde_json::{Value, json};
use stowplan::schedule::decide;
use stowplan::{PlaceOptions, Timestamp};

use crate::lifecycle::Question;
use crate::world::{allocation, changed, node, placed, process, state};

#[test]
fn allocations_of_groups_and_nodes_that_are_not_there() {
    let mut stray = allocation(0, "n1");
    stray["TaskGroup"] = json!("db");
    stray["Name"] = json!("web.db[0]");
    let decision = process(&state("service", 1, &[node("n1", 4_000)], &[stray.clone()]));
    assert_eq!(decision.stops[0].desired_description, "alloc not needed due to job update");
    assert_eq!((placed(&decision), decision.figures["db"].stop), (vec!["web.web[0]"], 1));
    let decision = process(&state("service", 1, &[node("n1", 4_000)], &[allocation(0, "gone")]));
    assert_eq!(decision.stops[0].desired_description, "alloc is lost since its node is down");
    assert_eq!(decision.placements[0].previous_allocation, decision.stops[0].id);
    stray["NodeID"] = json!("");
    let decision = process(&state("system", 1, &[node("n1", 4_000)], &[stray]));
    assert_eq!((decision.stops.len(), decision.placements.len()), (1, 1));
}

#[test]
fn a_version_that_is_not_known() {
    let mut there = allocation(0, "n1");
    there["JobVersion"] = json!(7);
    let decision = process(&state("service", 1, &[node("n1", 4_000)], &[there]));
    // Nothing is known of what it runs, so it has to be replaced.
    assert_eq!(decision.stops[0].desired_description, "alloc is being updated due to job update");
    assert_eq!(decision.placements[0].job_version(), 0);
}

/// An instant before everything else is an instant like any other.
#[test]
fn time_that_goes_backwards() {
    let mut there = allocation(0, "n1");
    there["ClientStatus"] = json!("failed");
    there["TaskStates"] =
        json!({"main": {"State": "dead", "Failed": true, "FinishedAt": "2026-01-01T00:00:00Z"}});
    let mut state = state("service", 1, &[node("n1", 4_000)], &[there]);
    state["jobs"][0]["TaskGroups"][0]["ReschedulePolicy"] =
        json!({"Unlimited": true, "Delay": 30_000_000_000_i64, "DelayFunction": "constant"});
    let question = Question::new(&state);
    let at = |now| {
        let options = PlaceOptions::default();
        decide(&question.cluster, &question.known, &question.evaluation, &options, now)
    };
    let early = at(Timestamp::EPOCH);
    assert!(early.placements.is_empty());
    let due = early.created.first().and_then(|it| it.wait_until);
    assert_eq!(due.map(|it| it.to_string()).as_deref(), Some("2026-01-01T00:00:30Z"));
    for now in [i64::MIN, i64::MAX] {
        assert_eq!(at(Timestamp::from_nanos(now)).evaluation.status, "complete");
    }
}

/// Statuses that no run of events leads to.
#[test]
fn statuses_that_make_no_sense_together() {
    let statuses = ["run", "stop", "evict", "failed"];
    let clients = ["pending", "running", "complete", "failed", "lost", "unknown", "", "dead"];
    for kind in ["service", "batch", "system", "sysbatch"] {
        for (desired, client) in
            statuses.iter().flat_map(|desired| clients.iter().map(move |client| (desired, client)))
        {
            let mut there = allocation(0, "n1");
            there["DesiredStatus"] = json!(desired);
            there["ClientStatus"] = json!(client);
            there["NextAllocation"] = there["ID"].clone();
            there["PreviousAllocation"] = there["ID"].clone();
            there["AllocStates"] = json!([{"Field": 0, "Value": "unknown"}]);
            there["DesiredTransition"] =
                json!({"Migrate": true, "Reschedule": true, "ForceReschedule": true});
            let decision = process(&state(kind, 1, &[node("n1", 4_000)], &[there]));
            assert_eq!(decision.evaluation.status, "complete", "{kind} {desired} {client}");
            let live = decision.placements.len();
            assert!(live <= 1, "{kind} {desired} {client}: {live} placed");
        }
    }
}

#[test]
fn counters_of_a_deployment_that_do_not_add_up() {
    let there: Vec<Value> = (0..2)
        .map(|number| {
            let mut it = allocation(number, "n1");
            it["DeploymentID"] = json!("d1");
            it["JobVersion"] = json!(1);
            it
        })
        .collect();
    let mut state = changed(state("service", 2, &[node("n1", 4_000)], &there));
    for version in 0..2 {
        state["jobs"][version]["TaskGroups"][0]["Update"] = json!({"MaxParallel": 1});
    }
    for (group, is_done) in [
        (json!({"DesiredTotal": -1, "HealthyAllocs": -5}), true),
        (json!({"DesiredTotal": i64::MAX, "HealthyAllocs": 2}), false),
        (json!({"DesiredTotal": 2, "HealthyAllocs": i64::MAX}), true),
        (json!({"DesiredTotal": 2, "HealthyAllocs": 2, "DesiredCanaries": i64::MAX}), false),
        (json!({"DesiredTotal": 2, "HealthyAllocs": 2, "PlacedCanaries": ["x", "x", ""]}), true),
    ] {
        state["deployment"] = json!({
            "ID": "d1", "JobID": "web", "JobVersion": 1, "Status": "running",
            "TaskGroups": {"web": group, "nothing": group},
        });
        let decision = process(&state);
        assert!(decision.stops.is_empty() && decision.placements.is_empty(), "{group}");
        assert_eq!(decision.deployment_update.is_some(), is_done, "{group}");
    }
}

/// A count of two thousand million is refused where the job is read.
#[test]
fn a_huge_count() {
    let job = crate::world::job("service", 1 << 31).to_string();
    let error = stowplan::model::Job::from_json(job).unwrap_err().to_string();
    assert!(error.contains("TaskGroups[0].Count"), "{error}");
}

/// A hundred thousand of one name: all but as many as are wanted stop, and that at once.
#[test]
fn a_hundred_thousand_of_one_name() {
    let there: Vec<Value> = (0..100_000)
        .map(|number| {
            let mut it = allocation(number, "n1");
            it["Name"] = json!("web.web[0]");
            it
        })
        .collect();
    let state = state("service", 10, &[node("n1", 1_000_000_000)], &there);
    let question = Question::new(&state);
    let begun = Instant::now();
    let decision = question.process();
    let took = begun.elapsed();
    assert_eq!((decision.stops.len(), decision.placements.len()), (99_990, 0));
    assert_eq!(decision.figures["web"].ignore, 10);
    // Unoptimised, on a slow machine; what grows with the square takes minutes.
    assert!(took.as_secs() < 30, "{took:?}");
    println!("decided in {took:?}");
}

/// What ran on a node that was purged is lost, whatever was registered under the node's ID since.
#[test]
fn a_node_that_was_purged_and_registered_again() {
    for kind in ["service", "batch", "system", "sysbatch"] {
        let mut question =
            Question::new(&state(kind, 1, &[node("n1", 4_000)], &[allocation(0, "n1")]));
        let before = question.process();
        assert!(before.stops.is_empty() && before.placements.is_empty(), "{kind}");
        question.cluster.remove_node("n1").unwrap();
        question.cluster.upsert_node(question.nodes[0].clone());
        let decision = question.process();
        let stop = &decision.stops[0];
        assert_eq!((decision.stops.len(), stop.client_status.as_str()), (1, "lost"), "{kind}");
        assert_eq!(stop.desired_description, "alloc is lost since its node is down");
        // The new node is one like any other.
        assert_eq!(placed(&decision), ["web.web[0]"], "{kind}");
        assert_eq!(decision.placements[0].node_id, "n1");
    }
}
