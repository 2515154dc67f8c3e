//! What a benchmark writes, small enough for a test.

use serde_json::Value;

use super::Folder;

const SMALL: &str = "bench --nodes 20 --jobs 5 --count 3 --json";

#[test]
fn the_keys_of_the_line_come_in_their_order() {
    let answer = Folder::new("bench").run(SMALL);
    assert_eq!((answer.status, answer.stderr.as_str()), (0, ""));
    let keys = [
        "mix",
        "level",
        "nodes",
        "jobs",
        "placements",
        "failed",
        "events",
        "seconds",
        "placements_per_second",
        "events_per_second",
        "jobs_per_second",
        "p50_job_us",
        "p99_job_us",
        "peak_rss_mb",
        "cluster_bytes_per_allocation",
        "cpu_used_percent",
        "scanned_placements",
        "digest",
    ];
    let at = keys.map(|key| answer.stdout.find(&format!("\"{key}\":")));
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{}", answer.stdout);
    assert_eq!(answer.json().as_object().unwrap().len(), keys.len());
    assert_eq!(answer.stdout.lines().count(), 1);
    let micros = answer.json()["p50_job_us"].as_f64().unwrap();
    assert_eq!(micros, (micros * 1e3).round() / 1e3);
}

/// So many on so few nodes have room, whatever the load would be.
#[test]
fn few_allocations_on_few_nodes_are_placed() {
    let folder = Folder::new("bench-few");
    let digest = |options: &str| {
        let answer = folder.run(&format!("{SMALL} {options}")).json();
        assert_eq!((&answer["placements"], &answer["failed"]), (&Value::from(15), &Value::from(0)));
        answer["digest"].clone()
    };
    assert_eq!(digest(""), digest("--oracle"));
    assert_eq!(digest("--classes 4 --asks 3"), digest("--classes 4 --asks 3 --oracle"));
}

/// Whatever the level, the same is placed at the same places.
#[test]
fn levels_place_the_same() {
    let folder = Folder::new("bench-levels");
    for load in [SMALL, "bench --mix churn --nodes 20 --jobs 300 --json"] {
        let run = |level: &str| folder.run(&format!("{load} --level {level}")).json();
        let cluster = run("cluster");
        for level in ["scheduler", "plans", "forks"] {
            let found = run(level);
            assert_eq!(found["level"], *level);
            for key in ["placements", "failed", "cpu_used_percent"] {
                assert_eq!(found[key], cluster[key], "{key}, {level}");
            }
        }
    }
}
