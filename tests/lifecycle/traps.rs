//! Traps of the specification that whole evaluations show (docs/lifecycle.md, section 12).

use serde_json::{Value, json};
use stowplan::model::Allocation;
use stowplan::schedule::process as plan_of;
use stowplan::{Cluster, Span};

use crate::lifecycle::Question;
use crate::world::{allocation, changed, node, placed, process, state};

/// What failed and may not be replaced keeps its place; without a tracker no attempt was made yet.
#[test]
fn trap_3_what_failed_for_good_still_fills_its_slot() {
    let mut there = allocation(0, "n1");
    there["ClientStatus"] = json!("failed");
    there["TaskStates"] =
        json!({"main": {"State": "dead", "Failed": true, "FinishedAt": "2025-12-31T23:00:00Z"}});
    let mut state = state("service", 1, &[node("n1", 4_000), node("n2", 4_000)], &[there]);
    let day = 86_400_000_000_000_i64;
    let policy =
        |attempts: u64| json!({"Attempts": attempts, "Interval": day, "Delay": 5_000_000_000_i64});
    let event = json!({"RescheduleTime": 1_767_220_000_000_000_000_i64, "PrevAllocID": "x"});
    let trackers = [Value::Null, json!({}), json!({"Events": []}), json!({"Events": [event]})];
    for (attempts, tracker, is_replaced) in [
        (0, &trackers[0], false),
        (1, &trackers[0], true),
        (1, &trackers[1], true),
        (1, &trackers[2], true),
        (1, &trackers[3], false),
        (2, &trackers[3], true),
    ] {
        state["jobs"][0]["TaskGroups"][0]["ReschedulePolicy"] = policy(attempts);
        state["allocs"][0]["RescheduleTracker"] = tracker.clone();
        let decision = process(&state);
        let counts = (decision.placements.len(), decision.stops.len(), decision.created.len());
        let expected = if is_replaced { (1, 1, 0) } else { (0, 0, 0) };
        assert_eq!(counts, expected, "{attempts} attempts, tracker {tracker}");
    }
}

/// Canaries take names of old ones on purpose, and these stop when the canaries are promoted. There may be
/// more canaries than the count, but one pass places no more than that of a group.
#[test]
fn trap_21_canaries_share_names_until_they_are_promoted() {
    let there: Vec<Value> = (0..3).map(|number| allocation(number, "n1")).collect();
    let nodes = [node("n1", 100_000), node("n2", 100_000)];
    let with = |canaries: u64| {
        let mut state = changed(state("service", 3, &nodes, &there));
        for version in 0..2 {
            state["jobs"][version]["TaskGroups"][0]["Update"] =
                json!({"MaxParallel": 1, "Canary": canaries});
        }
        state
    };
    let first = process(&with(2));
    assert_eq!(placed(&first), ["web.web[0]", "web.web[1]"]);
    assert!(first.placements.iter().all(Allocation::is_canary) && first.stops.is_empty());
    let mut promoted = with(2);
    for number in [0, 1] {
        let mut canary = allocation(10 + number, "n2");
        canary["Name"] = json!(format!("web.web[{number}]"));
        canary["JobVersion"] = json!(1);
        canary["DeploymentID"] = json!("d1");
        canary["DeploymentStatus"] = json!({"Healthy": true, "Canary": true});
        promoted["allocs"].as_array_mut().unwrap().push(canary);
    }
    let ids = [10, 11].map(|number| allocation(number, "n2")["ID"].clone());
    promoted["deployment"] = json!({
        "ID": "d1", "JobID": "web", "JobVersion": 1, "JobCreateIndex": 1, "Status": "running",
        "TaskGroups": {"web": {"DesiredTotal": 3, "DesiredCanaries": 2, "HealthyAllocs": 2,
                               "Promoted": true, "PlacedCanaries": ids}},
    });
    let decision = process(&promoted);
    let mut stopped: Vec<&str> = decision.stops.iter().map(|it| it.id.as_str()).collect();
    stopped.sort_unstable();
    // The third is the next step of the rollout.
    let old: Vec<&str> = there.iter().map(|it| it["ID"].as_str().unwrap()).collect();
    assert_eq!(stopped, old);
    assert_eq!(placed(&decision), ["web.web[2]"]);
    // Seven canaries for a count of three: three in the first pass.
    let many = process(&with(7));
    assert_eq!((many.placements.len(), many.figures["web"].canary), (3, 7));
}

/// A stop that is written in short (identity, text, client status, follow-up) leaves what the server notes
/// of the client's status with it: when it was lost is known, whichever way the plan goes.
#[test]
fn trap_24_states_come_with_a_stop_that_is_written_in_short() {
    let mut state =
        state("service", 1, &[node("n1", 4_000), node("n2", 4_000)], &[allocation(0, "n1")]);
    state["nodes"][0]["Status"] = json!("down");
    state["jobs"][0]["TaskGroups"][0]["Disconnect"] =
        json!({"StopOnClientAfter": 60_000_000_000_i64});
    let question = Question::new(&state);
    let made = || {
        let mut cluster = Cluster::new(question.nodes.clone()).unwrap();
        cluster.advance_to(question.now).unwrap();
        cluster.register_job(&question.known.versions[0]);
        let spec = cluster.job("default", "web").unwrap().versions().next().unwrap().shared_spec();
        let there = question.known.allocations[0].clone();
        cluster.add_allocation(Allocation { job: Some(spec), ..there }).unwrap();
        cluster.upsert_evaluation(&question.evaluation).unwrap();
        cluster
    };
    let id = question.known.allocations[0].id.clone();
    let after = [false, true].map(|in_short| {
        let mut cluster = made();
        let plan = plan_of(&mut cluster.fork(), &question.evaluation, question.now);
        let document = serde_json::to_value(plan.to_document()).unwrap();
        let stop = &document["NodeUpdate"]["n1"][0];
        assert_eq!((&stop["ClientStatus"], &stop["ID"]), (&json!("lost"), &json!(id)));
        let plan = match in_short {
            true => {
                let document = serde_json::from_value(document).unwrap();
                cluster.read_plan(&document).unwrap()
            }
            false => plan,
        };
        assert!(cluster.commit(plan, question.now).is_complete());
        let stopped = cluster.allocation(&id).unwrap();
        assert_eq!((&*stopped.desired_status, &*stopped.client_status), ("stop", "lost"));
        let states: Vec<_> =
            stopped.alloc_states.iter().map(|it| (it.value.as_str(), it.time)).collect();
        assert_eq!(states, [("lost", Some(question.now))], "in short: {in_short}");
        // Who looks again later goes by it, whoever looks before.
        let follow_up = cluster.evaluation(&stopped.followup_eval_id).unwrap();
        let limit = question.now + Span::from_secs(65);
        assert_eq!(follow_up.wait_until, Some(limit));
        serde_json::to_string(&stopped).unwrap()
    });
    assert_eq!(after[0], after[1]);
}
