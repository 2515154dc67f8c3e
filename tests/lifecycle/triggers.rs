//! Every trigger for every type of job: accepted or `failed`, and with what effect (docs/lifecycle.md,
//! sections 1 and 2).

use serde_json::json;
use stowplan::schedule::Decision;

use crate::world::{allocation, node, process, state};

/// The triggers, and whether service, batch, system and sysbatch jobs accept them.
const TABLE: [(&str, [bool; 4]); 20] = [
    ("job-register", [true, true, true, true]),
    ("job-deregister", [true, true, true, true]),
    ("job-scaling", [true, true, true, true]),
    ("periodic-job", [true, true, false, true]),
    ("node-update", [true, true, true, true]),
    ("node-drain", [true, true, true, true]),
    ("alloc-stop", [true, true, true, true]),
    ("alloc-failure", [true, true, false, false]),
    ("alloc-reschedule", [true, true, false, false]),
    ("max-disconnect-timeout", [true, true, false, false]),
    ("reconnect", [true, true, true, true]),
    ("deployment-watcher", [true, true, true, true]),
    ("preemption", [true, true, true, true]),
    ("queued-allocs", [true, true, true, true]),
    ("max-plan-attempts", [true, true, false, false]),
    ("failed-follow-up", [true, true, true, true]),
    ("rolling-update", [true, true, true, true]),
    ("scheduled", [false, false, false, false]),
    ("a whim", [false, false, false, false]),
    ("", [false, false, false, false]),
];

const KINDS: [&str; 4] = ["service", "batch", "system", "sysbatch"];

fn decide(kind: &str, trigger: &str) -> Decision {
    let nodes = ["n1", "n2", "n3"].map(|id| node(id, 4_000));
    let count = if matches!(kind, "service" | "batch") { 3 } else { 1 };
    // One is there, two are missing.
    let mut there = allocation(0, "n1");
    there["Name"] = json!("web.web[0]");
    let mut state = state(kind, count, &nodes, &[there]);
    state["eval"]["TriggeredBy"] = json!(trigger);
    process(&state)
}

#[test]
fn every_trigger_for_every_type() {
    for (trigger, accepted) in TABLE {
        for (kind, is_accepted) in KINDS.into_iter().zip(accepted) {
            let decision = decide(kind, trigger);
            let evaluation = &decision.evaluation;
            let told = format!("{kind} {trigger}");
            assert_eq!(evaluation.triggered_by, trigger, "{told}");
            let effect = (decision.placements.len(), decision.figures.len());
            if is_accepted {
                assert_eq!(evaluation.status, "complete", "{told}");
                assert_eq!(evaluation.status_description, "", "{told}");
                assert_eq!(evaluation.queued_allocations["web"], 0, "{told}");
                assert_eq!((effect, decision.figures["web"].place), ((2, 1), 2), "{told}");
            } else {
                assert_eq!(evaluation.status, "failed", "{told}");
                let text = format!("scheduler cannot handle '{trigger}' evaluation reason");
                assert_eq!(evaluation.status_description, text, "{told}");
                assert_eq!(effect, (0, 0), "{told}");
                assert!(decision.stops.is_empty() && decision.updates.is_empty(), "{told}");
                assert!(decision.created.is_empty() && !decision.is_reblocked, "{told}");
                assert!(evaluation.queued_allocations.is_empty(), "{told}");
            }
        }
    }
}

/// An evaluation to deregister is of the type `service`, and stops the allocations of any job
/// (docs/lifecycle.md, section 12, trap 13).
#[test]
fn trap_13_a_deregistration_stops_any_job() {
    for kind in KINDS {
        for is_gone in [false, true] {
            let nodes = ["n1", "n2"].map(|id| node(id, 4_000));
            let there = [0, 1].map(|number| {
                let mut there = allocation(number, ["n1", "n2"][number]);
                there["Name"] = json!("web.web[0]");
                there
            });
            let mut state = state(kind, 2, &nodes, &there);
            state["eval"]["Type"] = json!("service");
            state["eval"]["TriggeredBy"] = json!("job-deregister");
            match is_gone {
                true => state["jobs"] = json!([]),
                false => state["jobs"][0]["Stop"] = json!(true),
            }
            let decision = process(&state);
            assert_eq!(decision.evaluation.status, "complete", "{kind}");
            assert_eq!(decision.stops.len(), 2, "{kind}");
            assert!(decision.placements.is_empty(), "{kind}");
            for stop in &decision.stops {
                assert_eq!(stop.desired_description, "alloc not needed due to job update");
            }
        }
    }
}

/// A type that no scheduler is for.
#[test]
fn no_scheduler_for_the_type() {
    for kind in ["_core", "cron"] {
        let mut state = state("service", 1, &[node("n1", 4_000)], &[]);
        state["eval"]["Type"] = json!(kind);
        let decision = process(&state);
        assert_eq!(decision.evaluation.status, "failed", "{kind}");
        let text = format!("no scheduler for evaluations of type '{kind}'");
        assert_eq!(decision.evaluation.status_description, text);
        assert!(decision.placements.is_empty());
    }
}
