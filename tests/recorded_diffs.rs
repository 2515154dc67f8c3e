//! Differences of jobs as a real server (Nomad 1.1.2) made them for dry runs.
//!
//! The recordings lie outside the package, in a folder `shared` beside it, and users don't have them:
//! where it is missing this test says so and passes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "common/shared.rs"]
#[allow(dead_code, unreachable_pub, reason = "what tests share")]
mod shared;

use std::fs;

use serde_json::Value;
use stowplan::model::{Job, JobDiff, JobPlanResponse, ObjectDiff, PlanAnnotations, read};
use stowplan::{annotate_diff, job_diff};

/// What that server does not show: blocks that its version forgets, and keys that came later.
const NOT_SHOWN: [&str; 4] = ["Lifecycle", "Migrate", "NodePool", "Spread"];

/// Leaves out what only one of the two shows.
fn shown_by_both(diff: &mut JobDiff) {
    let is_shown = |name: &str| !NOT_SHOWN.contains(&name);
    diff.fields.retain(|field| is_shown(&field.name));
    // One recorded job has this key, which is unknown at the job and ignored there.
    diff.objects.retain(|object| is_shown(&object.name) && object.name != "Reschedule");
    diff.objects.iter_mut().for_each(object);
    in_one_order(&mut diff.objects);
    for group in &mut diff.task_groups {
        group.objects.retain(|object| is_shown(&object.name));
        group.objects.iter_mut().for_each(object);
        in_one_order(&mut group.objects);
        for task in &mut group.tasks {
            task.objects.retain(|object| is_shown(&object.name));
            task.objects.iter_mut().for_each(object);
            in_one_order(&mut task.objects);
        }
    }
}

/// The server shows some values of a block that are empty in both versions, and knows fewer.
fn object(diff: &mut ObjectDiff) {
    let is_later = diff.name == "Volume";
    diff.fields.retain(|field| !(is_later && field.name == "Sticky"));
    diff.fields.retain(|field| !(field.old.is_empty() && field.new.is_empty()));
    diff.objects.iter_mut().for_each(object);
    in_one_order(&mut diff.objects);
}

/// The server shows blocks of one name in no particular order.
fn in_one_order(objects: &mut [ObjectDiff]) {
    objects.sort_by_key(|object| serde_json::to_string(object).unwrap());
}

/// Compares the answer to a dry run with what these documents come to.
fn check(context: &str, old: Option<&Job>, new: &Job, recorded: &Value) {
    let response: JobPlanResponse = serde_json::from_value(recorded.clone()).unwrap();
    let mut expected = response.diff.unwrap_or_else(|| panic!("{context}: no diff"));
    let mut found = job_diff(old.map(|job| job.spec()), Some(new));
    let annotations: PlanAnnotations = response.annotations.unwrap();
    annotate_diff(&mut found, &annotations);
    shown_by_both(&mut found);
    shown_by_both(&mut expected);
    for diff in [&mut found, &mut expected] {
        diff.task_groups.iter_mut().for_each(|group| group.updates.sort_unstable_keys());
    }
    let (found, expected) =
        (serde_json::to_value(&found).unwrap(), serde_json::to_value(&expected).unwrap());
    assert!(found == expected, "{context}\nfound:    {found}\nexpected: {expected}");
}

fn registered(document: &Value, before: Option<&Job>) -> Job {
    let spec = read::job(document.to_string()).unwrap();
    Job::registered(spec, before).unwrap_or_else(|errors| panic!("{document}: {errors}"))
}

#[test]
#[ignore = "needs the folder `shared`, which is no part of the repository, and the feature `regexp`"]
fn differences_are_those_of_a_real_server() {
    let mut count = 0;
    for path in shared::json_files(&shared::folder("data/scheduling")) {
        let recording: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let first = registered(&recording["job"], None);
        let run = &recording["runs"][0];
        if run["plan"]["Diff"].is_object() {
            check(&path.display().to_string(), None, &first, &run["plan"]);
            count += 1;
        }
        let mut before = first;
        for step in run["steps"].as_array().into_iter().flatten() {
            if !step["job"].is_object() || !step["plan"]["Diff"].is_object() {
                continue;
            }
            let after = registered(&step["job"], Some(&before));
            check(
                &format!("{} {}", path.display(), step["step"]),
                Some(&before),
                &after,
                &step["plan"],
            );
            count += 1;
            before = after;
        }
    }
    assert!(count >= 35, "{count}");
}
