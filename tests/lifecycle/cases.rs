//! The specification's cases and traps that take a whole evaluation (docs/lifecycle.md, sections 11 and
//! 12). Those on one group alone are with the reconciler.

use indexmap::IndexMap;
use serde_json::{Value, json};
use stowplan::schedule::computed_class;

use crate::apply::apply;
use crate::lifecycle::Question;
use crate::world::{allocation, changed, node, placed, process, state};

/// The ID of the allocation with the number 0.
const ID_0: &str = "00000000-0000-0000-0000-000000000000";

#[test]
fn case_47_no_nodes() {
    let decision = process(&state("service", 10, &[], &[]));
    assert!(decision.placements.is_empty() && decision.stops.is_empty());
    assert!(decision.deployment.is_none());
    let evaluation = &decision.evaluation;
    assert_eq!(evaluation.status, "complete");
    assert_eq!(evaluation.failed_tg_allocs["web"].coalesced_failures, 9);
    assert_eq!(evaluation.queued_allocations["web"], 10);
    assert_eq!(decision.created.len(), 1);
    let blocked = &decision.created[0];
    assert_eq!((blocked.status.as_str(), evaluation.blocked_eval.as_str()), ("blocked", "new[0]"));
    assert_eq!(blocked.triggered_by, "queued-allocs");
    assert_eq!(blocked.status_description, "created to place remaining allocations");
    assert_eq!(blocked.previous_eval, "e1");
}

/// A node of one class is full, one of another is filtered.
#[test]
fn case_48_classes_that_may_help() {
    let mut full = node("n1", 50);
    full["NodeClass"] = json!("small");
    let mut filtered = node("n2", 4_000);
    filtered["NodeClass"] = json!("windows");
    filtered["Attributes"] = json!({});
    // One that the job does not look at is not seen.
    let mut away = node("n3", 4_000);
    away["Datacenter"] = json!("dc2");
    let mut state = state("service", 1, &[full, filtered, away], &[]);
    let question = Question::new(&state);
    let class = |at: usize| computed_class(&question.nodes[at]);
    let decision = question.process();
    let blocked = &decision.created[0];
    assert!(!blocked.escaped_computed_class);
    let mut expected = IndexMap::from([(class(0), true), (class(1), false)]);
    expected.sort_keys();
    assert_eq!(blocked.class_eligibility, expected);
    // Reblocked, it waits for what helps now.
    state["eval"]["Status"] = json!("blocked");
    state["eval"]["ClassEligibility"] = json!({"old": true});
    let decision = process(&state);
    assert!(decision.is_reblocked);
    assert_eq!(decision.evaluation.class_eligibility, expected);
    // Where it depends on what only one node has, classes say nothing.
    state["jobs"][0]["Constraints"] =
        json!([{"LTarget": "${attr.unique.hostname}", "RTarget": "n9", "Operand": "="}]);
    let evaluation = process(&state).evaluation;
    assert!(evaluation.escaped_computed_class && evaluation.class_eligibility.is_empty());
}

/// Nodes are of one class if they differ in nothing but what only one of them has.
#[test]
fn classes_of_nodes() {
    let class = |key: &str, value: Value| {
        let mut node = node("n1", 4_000);
        node[key] = value;
        computed_class(&stowplan::model::Node::from_json(node.to_string()).unwrap())
    };
    let own = class("ID", json!("n1"));
    let drives = |more: &str| json!({"driver.exec": "1", more: "x"});
    assert_eq!(class("ID", json!("n2")), own);
    assert_eq!(class("Attributes", drives("unique.hostname")), own);
    assert_eq!(class("Meta", json!({"unique.rack": "r1"})), own);
    for (key, value) in [
        ("Attributes", drives("cpu.arch")),
        ("Meta", json!({"rack": "r1"})),
        ("NodeClass", json!("small")),
        ("Datacenter", json!("dc2")),
        ("NodePool", json!("gpu")),
    ] {
        assert_ne!(class(key, value), own, "{key}");
    }
}

#[test]
fn case_49_one_of_three_fits() {
    let mut state = state("service", 3, &[node("n1", 4_000)], &[]);
    state["jobs"][0]["TaskGroups"][0]["Tasks"][0]["Resources"]["CPU"] = json!(3_600);
    let decision = process(&state);
    assert_eq!(placed(&decision), ["web.web[0]"]);
    let evaluation = &decision.evaluation;
    assert_eq!(evaluation.queued_allocations["web"], 2);
    assert_eq!(evaluation.failed_tg_allocs["web"].coalesced_failures, 1);
}

/// What still finds no place waits on under its own ID (docs/lifecycle.md, section 12, trap 15).
#[test]
fn case_50_reblocked() {
    let mut state = state("service", 10, &[], &[]);
    state["eval"]["Status"] = json!("blocked");
    state["eval"]["TriggeredBy"] = json!("queued-allocs");
    let decision = process(&state);
    assert!(decision.is_reblocked && decision.created.is_empty());
    assert_eq!(
        (decision.evaluation.id.as_str(), decision.evaluation.status.as_str()),
        ("e1", "blocked")
    );
    // With room for all of it, it is complete.
    state["nodes"] = json!([node("n1", 4_000)]);
    let decision = process(&state);
    assert!(!decision.is_reblocked);
    assert_eq!((decision.placements.len(), decision.evaluation.status.as_str()), (10, "complete"));
}

/// What would be replaced goes on where its replacement finds no node; its own room is free for it.
#[test]
fn trap_5_a_destructive_stop_is_withdrawn() {
    for kind in ["service", "system"] {
        let there = allocation(0, "n1");
        let full = changed(state(kind, 1, &[node("n1", 100)], std::slice::from_ref(&there)));
        let decision = process(&full);
        assert_eq!((decision.stops.len(), decision.placements.len()), (1, 1), "{kind}");
        assert_eq!(
            decision.stops[0].desired_description,
            "alloc is being updated due to job update"
        );
        let mut greater = full;
        greater["jobs"][1]["TaskGroups"][0]["Tasks"][0]["Resources"]["CPU"] = json!(101);
        let decision = process(&greater);
        assert_eq!((decision.stops.len(), decision.placements.len()), (0, 0), "{kind}");
        assert_eq!(decision.evaluation.queued_allocations["web"], 1, "{kind}");
        assert_eq!(decision.evaluation.failed_tg_allocs["web"].coalesced_failures, 0, "{kind}");
        // In place: its own room is not in its way either.
        let mut in_place = state(kind, 1, &[node("n1", 100)], &[there]);
        let mut next = in_place["jobs"][0].clone();
        next["Priority"] = json!(60);
        in_place["jobs"].as_array_mut().unwrap().push(next);
        let decision = process(&in_place);
        assert_eq!(decision.in_place, ["00000000-0000-0000-0000-000000000000"], "{kind}");
        assert!(decision.stops.is_empty() && decision.placements.is_empty(), "{kind}");
    }
}

fn failed(policy: Value, ago_s: i64) -> Value {
    let mut there = allocation(0, "n1");
    there["ClientStatus"] = json!("failed");
    let finished = format!("2025-12-31T23:59:{:02}Z", 60 - ago_s);
    there["TaskStates"] =
        json!({"main": {"State": "dead", "Failed": true, "FinishedAt": finished}});
    let mut state = state("service", 1, &[node("n1", 4_000), node("n2", 4_000)], &[there]);
    state["jobs"][0]["TaskGroups"][0]["ReschedulePolicy"] = policy;
    state
}

/// An evaluation that waited makes the evaluations that its allocations are told to wait for.
#[test]
fn trap_7_what_is_waited_for_is_created() {
    let policy =
        json!({"Unlimited": true, "Delay": 30_000_000_000_i64, "DelayFunction": "constant"});
    for wait_until in [None, Some("2025-12-31T23:59:59Z"), Some("2026-01-01T00:00:05Z")] {
        let mut state = failed(policy.clone(), 10);
        if let Some(wait_until) = wait_until {
            state["eval"]["WaitUntil"] = json!(wait_until);
        }
        let decision = process(&state);
        assert!(decision.placements.is_empty());
        assert_eq!(decision.updates[0].followup_eval_id, decision.created[0].id);
        assert_eq!(decision.created[0].wait_until.unwrap().to_string(), "2026-01-01T00:00:20Z");
    }
}

/// An evaluation that has waited, at its very instant or for longer, waits for room beside what looks again later.
#[test]
fn what_finds_no_room_is_blocked_from_the_instant_that_was_waited_for() {
    let policy =
        json!({"Unlimited": true, "Delay": 30_000_000_000_i64, "DelayFunction": "constant"});
    let waits = [
        (None, true),
        (Some("2025-12-31T23:59:59Z"), true),
        (Some("2026-01-01T00:00:00Z"), true),
        (Some("2026-01-01T00:00:05Z"), false),
    ];
    for (wait_until, is_blocked) in waits {
        let mut state = failed(policy.clone(), 10);
        state["jobs"][0]["TaskGroups"][0]["Count"] = json!(2);
        for node in state["nodes"].as_array_mut().unwrap() {
            node["Status"] = json!("down");
        }
        state["allocs"][0]["NodeID"] = json!("n1");
        state["nodes"][0]["Status"] = json!("ready");
        state["nodes"][0]["SchedulingEligibility"] = json!("ineligible");
        if let Some(wait_until) = wait_until {
            state["eval"]["WaitUntil"] = json!(wait_until);
        }
        let decision = process(&state);
        assert!(decision.placements.is_empty());
        let statuses: Vec<&str> = decision.created.iter().map(|it| it.status.as_str()).collect();
        let expected: &[&str] = if is_blocked { &["pending", "blocked"] } else { &["pending"] };
        assert_eq!(statuses, expected, "{wait_until:?}");
    }
}

/// While clients are given time to stop by themselves, no other evaluation places in their stead.
#[test]
fn trap_10_another_evaluation_in_the_window_places_nothing() {
    let mut state =
        state("service", 1, &[node("n1", 4_000), node("n2", 4_000)], &[allocation(0, "n1")]);
    state["nodes"][0]["Status"] = json!("down");
    state["jobs"][0]["TaskGroups"][0]["Disconnect"] =
        json!({"StopOnClientAfter": 60_000_000_000_i64});
    let question = Question::new(&state);
    let first = question.process();
    assert_eq!((first.stops.len(), first.placements.len(), first.created.len()), (1, 0, 1));
    let mut then = apply(&question, &first, "then-");
    let second = then.process();
    assert!(second.placements.is_empty() && second.created.is_empty() && second.stops.is_empty());
    // When it is over, the evaluation itself places.
    then.now = first.created[0].wait_until.unwrap();
    then.evaluation.id = then.known.waiting.pop().unwrap();
    assert_eq!(placed(&then.process()), ["web.web[0]"]);
}

/// `DesiredTotal` is fixed when the deployment is created.
#[test]
fn trap_19_the_desired_total_stays() {
    let there: Vec<Value> = (0..4).map(|number| allocation(number, "n1")).collect();
    let mut state = changed(state("service", 4, &[node("n1", 4_000), node("n2", 4_000)], &there));
    for version in 0..2 {
        state["jobs"][version]["TaskGroups"][0]["Update"] = json!({"MaxParallel": 1});
    }
    let question = Question::new(&state);
    let first = question.process();
    assert_eq!(first.deployment.as_ref().unwrap().task_groups["web"].desired_total, 4);
    let mut then = apply(&question, &first, "a-");
    for it in then.known.allocations.iter_mut().filter(|it| it.desired_status == "stop") {
        it.client_status = "complete".into();
    }
    // One of the four that it counts ends by itself: the total is that of the beginning.
    let second = then.process();
    assert!(second.deployment.is_none() && second.deployment_update.is_none());
    let latest = then.known.deployments.last().unwrap();
    assert_eq!(latest.task_groups["web"].desired_total, 4);
}

/// Names of system jobs are of the job's name; a node that is filtered is no failure.
#[test]
fn trap_22_system_jobs() {
    let nodes = ["n1", "n2", "n3"].map(|id| node(id, 4_000));
    let mut state = state("system", 1, &nodes, &[]);
    state["jobs"][0]["Name"] = json!("site");
    state["nodes"][2]["Attributes"] = json!({});
    let decision = process(&state);
    assert_eq!(placed(&decision), ["site.web[0]", "site.web[0]"]);
    assert!(decision.evaluation.failed_tg_allocs.is_empty() && decision.created.is_empty());
    assert_eq!(decision.evaluation.queued_allocations["web"], 0);
    // Services are named after the job's ID.
    state["jobs"][0]["Type"] = json!("service");
    state["eval"]["Type"] = json!("service");
    assert_eq!(placed(&process(&state)), ["web.web[0]"]);
    // A canary is a share of the nodes: 30 percent of 3.
    let there: Vec<Value> = (0..3)
        .map(|number| {
            let mut it = allocation(number, ["n1", "n2", "n3"][number]);
            it["Name"] = json!("web.web[0]");
            it
        })
        .collect();
    let mut state = changed(crate::world::state("system", 1, &nodes, &there));
    for version in 0..2 {
        state["jobs"][version]["TaskGroups"][0]["Update"] = json!({"MaxParallel": 3, "Canary": 30});
    }
    let decision = process(&state);
    assert_eq!((decision.placements.len(), decision.placements[0].is_canary()), (1, true));
}

/// Of the updates on a node that has room for one, the allocation with the lower ID comes first,
/// whatever its group (docs/lifecycle.md, section 4).
#[test]
fn updates_on_one_node_go_by_allocation() {
    for kind in ["system", "sysbatch"] {
        for first in ["web", "db"] {
            let there: Vec<Value> = (0..2)
                .map(|number| {
                    let group = if (number == 0) == (first == "web") { "web" } else { "db" };
                    let mut it = allocation(number, "n1");
                    it["TaskGroup"] = json!(group);
                    it["Name"] = json!(format!("web.{group}[0]"));
                    it
                })
                .collect();
            let mut state = state(kind, 1, &[node("n1", 250)], &there);
            let mut second = state["jobs"][0]["TaskGroups"][0].clone();
            second["Name"] = json!("db");
            state["jobs"][0]["TaskGroups"].as_array_mut().unwrap().push(second);
            let mut state = changed(state);
            for group in 0..2 {
                let task = &mut state["jobs"][1]["TaskGroups"][group]["Tasks"][0];
                task["Resources"]["CPU"] = json!(150);
            }
            let decision = process(&state);
            assert_eq!(placed(&decision), [format!("web.{first}[0]")], "{kind}");
            assert_eq!((decision.stops.len(), decision.stops[0].id.as_str()), (1, ID_0), "{kind}");
        }
    }
}

/// What was lost on its way out stays lost where it stops for another reason too, and where that reason
/// falls away (docs/lifecycle.md, sections 3 and 5).
#[test]
fn what_was_lost_on_its_way_out_stays_lost() {
    let mut down = node("n1", 4_000);
    down["Status"] = json!("down");
    let mut there = allocation(0, "n1");
    there["DesiredStatus"] = json!("stop");
    there["DesiredTransition"] = json!({"Migrate": true});
    // It is back from where it was out of reach, and has run to its end there.
    there["TaskStates"] = json!({"main": {"State": "dead", "Failed": false}});
    there["AllocStates"] =
        json!([{"Field": 0, "Value": "unknown", "Time": "2025-12-31T23:59:00Z"}]);
    let mut state = state("batch", 1, &[down, node("n2", 150)], &[there]);
    // Another group finds no room.
    let mut other = state["jobs"][0]["TaskGroups"][0].clone();
    other["Name"] = json!("db");
    state["jobs"][0]["TaskGroups"].as_array_mut().unwrap().push(other);
    for (is_whole, placements, reason) in
        [(false, 1, "alloc is being migrated"), (true, 0, "alloc is lost since its node is down")]
    {
        state["jobs"][0]["AllAtOnce"] = json!(is_whole);
        let decision = process(&state);
        assert_eq!((decision.placements.len(), decision.stops.len()), (placements, 1));
        let stop = &decision.stops[0];
        let said = (stop.client_status.as_str(), stop.desired_description.as_str());
        assert_eq!(said, ("lost", reason));
    }
}

/// Of a job that is placed whole or not at all nothing moves where not all of it can (docs/lifecycle.md,
/// section 5): what was to be moved goes on, whether or not it had found room.
#[test]
fn nothing_of_a_whole_job_moves_where_not_all_of_it_can() {
    let mut draining = node("n1", 4_000);
    draining["DrainStrategy"] = json!({"DrainSpec": {}});
    let moving = |number: usize| {
        let mut there = allocation(number, "n1");
        there["DesiredTransition"] = json!({"Migrate": true});
        there
    };
    // There is room for one of two.
    let nodes = [draining, node("n2", 150)];
    let mut state = state("service", 2, &nodes, &[moving(0), moving(1)]);
    for (is_whole, stops) in [(false, 2), (true, 0)] {
        state["jobs"][0]["AllAtOnce"] = json!(is_whole);
        let decision = process(&state);
        assert_eq!(decision.stops.len(), stops, "{is_whole}");
        assert_eq!(decision.placements.len(), usize::from(!is_whole), "{is_whole}");
    }
}

/// Evaluations are `canceled`, deployments `cancelled`: neither is read as the other.
#[test]
fn trap_23_one_l_and_two() {
    let mut state = changed(state("service", 1, &[node("n1", 4_000)], &[]));
    state["deployment"] = json!({
        "ID": "d1", "JobID": "web", "JobVersion": 0, "Status": "running",
        "TaskGroups": {"web": {"DesiredTotal": 1}},
    });
    let decision = process(&state);
    assert_eq!(decision.deployment_update.unwrap().status, "cancelled");
    state["deployment"]["Status"] = json!("canceled");
    assert!(process(&state).deployment_update.is_none());
}

/// What a plan notes of the client status of what it stops stays (docs/lifecycle.md, section 12, trap
/// 24): the stop says so itself.
#[test]
fn trap_24_a_stop_keeps_what_it_says_of_the_client() {
    let mut state =
        state("service", 1, &[node("n1", 4_000), node("n2", 4_000)], &[allocation(0, "n1")]);
    state["nodes"][0]["Status"] = json!("down");
    let decision = process(&state);
    assert_eq!(decision.stops[0].client_status, "lost");
    assert_eq!(decision.stops[0].desired_status, "stop");
}
