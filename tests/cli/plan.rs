//! Plans: what people read of a change, what scripts read, and mistakes.

use serde_json::{Value, json};

use super::Folder;

fn node(id: &str) -> Value {
    json!({"ID": id, "Name": id, "Datacenter": "dc1", "Status": "ready",
        "Attributes": {"driver.docker": "1"},
        "NodeResources": {"Cpu": {"CpuShares": 2000}, "Memory": {"MemoryMB": 2000},
            "Disk": {"DiskMB": 20000}}})
}

fn job(count: u32, image: &str, memory_mb: u32) -> Value {
    json!({"ID": "web", "Name": "web", "TaskGroups": [{"Name": "front", "Count": count,
        "Tasks": [{"Name": "nginx", "Driver": "docker", "Config": {"image": image},
            "Resources": {"CPU": 200, "MemoryMB": memory_mb}}]}]})
}

/// A folder with two nodes and three running allocations of version 3 of a job.
fn running(name: &str) -> Folder {
    let folder = Folder::new(name)
        .with("nodes.json", json!([node("n1"), node("n2")]))
        .with("old.json", job(3, "nginx:1", 400));
    let placed = folder.run("place --nodes nodes.json --job old.json --json").json();
    let mut allocations = placed["Allocations"].clone();
    let mut registered = job(3, "nginx:1", 400);
    (registered["Version"], registered["JobModifyIndex"]) = (json!(3), json!(41));
    for allocation in allocations.as_array_mut().unwrap() {
        allocation["Job"] = registered.clone();
        (allocation["JobVersion"], allocation["ClientStatus"]) = (json!(3), json!("running"));
    }
    folder.with("allocs.json", allocations)
}

const PLAN: &str = "plan --nodes nodes.json --allocs allocs.json --now 2026-01-01T00:00:00Z --job ";

#[test]
fn people_read_the_difference_and_what_comes_of_it() {
    let folder = running("plan-diff").with("new.json", job(3, "nginx:2", 400));
    let answer = folder.run(&format!("{PLAN} new.json --diff"));
    assert_eq!((answer.status, answer.stderr.as_str()), (0, ""));
    let lines: Vec<&str> = answer.stdout.lines().map(str::trim_end).collect();
    assert_eq!(
        lines.join("\n") + "\n",
        r#"+/- Job: "web"
+/- Task Group: "front" (2 ignore, 1 create/destroy update)
+/-   Task: "nginx" (forces create/destroy update)
+/-     Config {
+/-       image: "nginx:1" => "nginx:2"
        }

Registering job web: version 4
 Group  What changes
 front  2 stay, 1 to replace by the new version now

 Would be placed  Node  In place of
 web.front[0]     n2    one on n2

A deployment would see to it, group by group: front

Everything would find its place.
Job modify index: 41
"#
    );
}

#[test]
fn what_cannot_be_replaced_says_why_and_a_stopped_job_is_not_warned_of() {
    let mut stopped = job(3, "nginx:1", 400);
    stopped["Stop"] = json!(true);
    let folder = running("plan-replace")
        .with("big.json", job(3, "nginx:1", 4_000))
        .with("stopped.json", stopped);
    let answer = folder.run(&format!("{PLAN} big.json"));
    assert_eq!(answer.status, 2);
    assert!(
        answer.stdout.contains("Could not be placed: 1 allocation of 1 group"),
        "{}",
        answer.stdout
    );
    assert!(answer.stdout.contains("memory"), "{}", answer.stdout);
    let answer = folder.run(&format!("{PLAN} stopped.json"));
    assert_eq!((answer.status, answer.stderr.as_str()), (0, ""));
    assert!(answer.stdout.contains("3 stop"), "{}", answer.stdout);
}

#[test]
fn what_place_has_placed_is_planned_beside_the_job_that_was_registered() {
    let folder = Folder::new("plan-registered")
        .with("nodes.json", json!([node("n1"), node("n2")]))
        .with("old.json", job(2, "nginx:1", 400))
        .with("new.json", job(3, "nginx:1", 400))
        .with("other.json", json!({"ID": "api", "TaskGroups": job(1, "a", 10)["TaskGroups"]}));
    let placed = folder.run("place --nodes nodes.json --job old.json --json").json();
    let folder = folder.with("allocs.json", placed["Allocations"].clone());
    let answer = folder.run(&format!("{PLAN} new.json --registered old.json"));
    assert_eq!((answer.status, answer.stderr.as_str()), (0, ""));
    assert!(
        answer.stdout.contains(" front  1 to place, 2 to update in place"),
        "{}",
        answer.stdout
    );
    assert!(answer.stdout.contains(" web.front[2]     n"), "{}", answer.stdout);
    let answer = folder.run(&format!("{PLAN} new.json --registered other.json"));
    assert_eq!(answer.status, 1);
    assert_eq!(answer.stderr, "job `web` is planned, and `--registered` is job `api`\n");
    let answer = folder.run(&format!("{PLAN} new.json --registered nodes.json"));
    assert_eq!(answer.status, 1);
    assert!(answer.stderr.starts_with("nodes.json: "), "{}", answer.stderr);
}

#[test]
fn a_job_as_it_is_changes_nothing() {
    let folder = running("plan-same");
    let answer = folder.run(&format!("{PLAN} old.json --diff --json"));
    let reply = answer.json();
    assert_eq!(answer.status, 0);
    assert_eq!(reply["Diff"]["Type"], "None");
    assert_eq!(reply["Annotations"]["DesiredTGUpdates"]["front"]["Ignore"], 3);
    assert_eq!((&reply["JobModifyIndex"], &reply["CreatedEvals"]), (&json!(41), &Value::Null));
}

#[test]
fn what_finds_no_place_is_explained_with_the_nearest_fixes() {
    let folder = running("plan-failed").with("new.json", job(12, "nginx:1", 400));
    let answer = folder.run(&format!("{PLAN} new.json"));
    assert_eq!(answer.status, 2);
    for text in [
        "Registering job web: version 4",
        "9 to place, 3 to update in place",
        "Could not be placed: 2 allocations of 1 group",
        "memory",
        "- ",
    ] {
        assert!(answer.stdout.contains(text), "{text}\n{}", answer.stdout);
    }
    let reply = folder.run(&format!("{PLAN} new.json --json")).json();
    assert_eq!(reply["FailedTGAllocs"]["front"]["CoalescedFailures"], 1);
    assert_eq!(reply["CreatedEvals"][0]["TriggeredBy"], "queued-allocs");
    assert_eq!(reply["Diff"], Value::Null);
}

#[test]
fn allocations_that_do_not_say_what_they_run_count_as_another_version() {
    let folder = running("plan-without-job");
    let mut allocations: Value =
        folder.run("place --nodes nodes.json --job old.json --json").json()["Allocations"].take();
    for allocation in allocations.as_array_mut().unwrap() {
        allocation["JobVersion"] = json!(3);
    }
    let folder = folder.with("allocs.json", allocations);
    let answer = folder.run(&format!("{PLAN} old.json"));
    assert_eq!(
        answer.stderr,
        "warning: 3 allocations of job `web` do not say what they run (`Job` is missing): each \
         counts as another version; `--registered FILE` says what they run\n"
    );
    assert!(answer.stdout.contains("1 to replace by the new version now"), "{}", answer.stdout);
}

#[test]
fn mistakes_say_what_and_where() {
    let folder = running("plan-mistakes").with("two.json", json!([job(1, "a", 1), job(2, "b", 1)]));
    let mut wrong = job(1, "a", 64);
    wrong["Priority"] = json!(5_000);
    let mut other = job(1, "a", 64);
    other["ID"] = json!("other");
    let folder =
        folder.with("wrong.json", wrong).with("jobs.json", json!([job(1, "a", 64), other]));
    for (arguments, text) in [
        ("wrong.json", "wrong.json: Priority: "),
        ("jobs.json", "jobs.json: expected one job to plan, found 2"),
        ("two.json", "there is a job with the ID `web` already"),
        ("missing.json", "missing.json: "),
        ("old.json --now yesterday", "'yesterday'"),
    ] {
        let answer = folder.run(&format!("{PLAN} {arguments}").replacen(
            if arguments.contains("--now") { "--now 2026-01-01T00:00:00Z" } else { "\0" },
            "",
            1,
        ));
        assert_eq!(answer.status, 1, "{arguments}");
        assert!(answer.stderr.contains(text), "{arguments}: {}", answer.stderr);
        assert_eq!(answer.stdout, "", "{arguments}");
    }
}
