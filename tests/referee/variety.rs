//! What random states lead to: a generator that leaves something out proves nothing about it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::common::situations;
use crate::documents::Documents;
use crate::judge;

const SEEDS: u64 = 1_500;
const SELDOM: usize = 1;

const EXPECTED: [&str; 58] = [
    r#"batch: evaluation: "alloc-failure" "created for delayed rescheduling""#,
    r#"batch: evaluation: "alloc-reschedule" "created for delayed rescheduling""#,
    r#"batch: evaluation: "max-disconnect-timeout" "created for delayed disconnect timeout""#,
    r#"batch: evaluation: "queued-allocs" "created to place remaining allocations""#,
    r#"batch: figure: DestructiveUpdate"#,
    r#"batch: figure: Disconnect"#,
    r#"batch: figure: InPlaceUpdate"#,
    r#"batch: figure: Migrate"#,
    r#"batch: figure: Reconnect"#,
    r#"batch: placement: canary false, deployment "", replaces true, reschedules true"#,
    r#"batch: stop: "alloc not needed due to disconnected client reconnect""#,
    r#"service: deployment: "Cancelled because job is stopped""#,
    r#"service: deployment: "Cancelled due to newer version of job""#,
    r#"service: deployment: "Deployment completed successfully""#,
    r#"service: deployment: "Deployment is running but requires manual promotion""#,
    r#"service: deployment: "Deployment is running pending automatic promotion""#,
    r#"service: deployment: "Deployment is running""#,
    r#"service: evaluation: "alloc-failure" """#,
    r#"service: evaluation: "alloc-failure" "created for delayed rescheduling""#,
    r#"service: evaluation: "alloc-reschedule" "created for delayed rescheduling""#,
    r#"service: evaluation: "max-disconnect-timeout" "created for delayed disconnect timeout""#,
    r#"service: evaluation: "queued-allocs" "created to place remaining allocations""#,
    r#"service: figure: Canary"#,
    r#"service: figure: Disconnect"#,
    r#"service: figure: Reconnect"#,
    r#"service: figure: RescheduleLater"#,
    r#"service: figure: RescheduleNow"#,
    r#"service: placement: canary false, deployment "existing", replaces true, reschedules true"#,
    r#"service: placement: canary false, deployment "new", replaces true, reschedules true"#,
    r#"service: placement: canary true, deployment "existing", replaces false, reschedules false"#,
    r#"service: placement: canary true, deployment "new", replaces false, reschedules false"#,
    r#"service: status: null"#,
    r#"service: stop: "alloc is being migrated""#,
    r#"service: stop: "alloc is being updated due to job update""#,
    r#"service: stop: "alloc is lost since its node is down" with follow-up"#,
    r#"service: stop: "alloc not needed due to disconnected client reconnect""#,
    r#"service: stop: "alloc was rescheduled because it failed""#,
    r#"service: update: ["ClientDescription", "ClientStatus", "Followup", "ID", "NewState"]"#,
    r#"service: update: ["DeploymentID", "ID", "InPlace"]"#,
    r#"service: update: ["Followup", "ID"]"#,
    r#"service: update: ["ID", "InPlace"]"#,
    r#"service: update: ["ID", "NewState"]"#,
    r#"sysbatch: failed placements"#,
    r#"sysbatch: placement: canary false, deployment "", replaces true, reschedules false"#,
    r#"sysbatch: status: "failed""#,
    r#"sysbatch: stop: "alloc is being updated due to job update""#,
    r#"sysbatch: stop: "alloc not needed as node is tainted""#,
    r#"sysbatch: update: ["ClientDescription", "ClientStatus", "ID", "NewState"]"#,
    r#"system: deployment: "Deployment completed successfully""#,
    r#"system: deployment: "Deployment is running but requires manual promotion""#,
    r#"system: evaluation: "queued-allocs" "created to place remaining allocations""#,
    r#"system: placement: canary false, deployment "new", replaces true, reschedules false"#,
    r#"system: placement: canary true, deployment "new", replaces true, reschedules false"#,
    r#"system: status: "failed""#,
    r#"system: stop: "alloc is lost since its node is down""#,
    r#"system: stop: "alloc not needed as node is tainted""#,
    r#"system: update: ["DeploymentID", "ID", "InPlace"]"#,
    r#"system: update: ["ID", "NewState"]"#,
];

/// Each outcome that the text knows comes up, and none of them hardly ever.
#[test]
fn random_states_lead_everywhere() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..SEEDS {
        let case = situations::case(seed);
        let answer = judge::answer(&case, &Documents);
        let kind = case["eval"]["Type"].as_str().unwrap();
        for outcome in outcomes(&answer) {
            *seen.entry(format!("{kind}: {outcome}")).or_default() += 1;
        }
    }
    let mut missing = String::new();
    for outcome in EXPECTED {
        let count = seen.get(outcome).copied().unwrap_or(0);
        if count < SELDOM {
            writeln!(missing, "{count} {outcome}").unwrap();
        }
    }
    assert!(missing.is_empty(), "hardly ever:\n{missing}\nall:\n{seen:#?}");
}

fn outcomes(answer: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for stop in answer["stops"].as_array().unwrap() {
        let followup = if stop["Followup"].is_null() { "" } else { " with follow-up" };
        found.push(format!("stop: {}{followup}", stop["Description"]));
    }
    for placement in answer["placements"].as_array().unwrap() {
        found.push(format!(
            "placement: canary {}, deployment {}, replaces {}, reschedules {}",
            placement["Canary"],
            placement["DeploymentID"],
            placement["PreviousAllocation"] != "",
            !placement["Reschedules"].is_null(),
        ));
    }
    for update in answer["updates"].as_array().unwrap() {
        let keys: Vec<&String> = update.as_object().unwrap().keys().collect();
        found.push(format!("update: {keys:?}"));
    }
    for eval in answer["created_evals"].as_array().unwrap() {
        found.push(format!("evaluation: {} {}", eval["TriggeredBy"], eval["StatusDescription"]));
    }
    for deployment in answer["deployments"].as_array().unwrap() {
        found.push(format!("deployment: {}", deployment["StatusDescription"]));
    }
    for figures in answer["annotations"].as_object().unwrap().values() {
        found.extend(figures.as_object().unwrap().keys().map(|figure| format!("figure: {figure}")));
    }
    found.push(format!("status: {}", answer["eval"]["Status"]));
    if answer["eval"]["FailedTGAllocs"].as_object().is_some_and(|failed| !failed.is_empty()) {
        found.push("failed placements".to_owned());
    }
    found
}
