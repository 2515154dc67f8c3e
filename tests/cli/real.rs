//! Real job files and nodes, where they are at hand: every job on every node, in every form of an answer.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::{Answer, Folder};
use crate::shared::{folder, json_files};

fn files(below: &str) -> Vec<PathBuf> {
    let mut files = json_files(&folder(below));
    files.retain(|path| path.file_name().is_some_and(|it| it != "index.json"));
    files
}

/// Whether an answer is one: a status of its own, and no word of a program about itself.
#[track_caller]
fn check(what: &str, answer: &Answer) {
    assert!(matches!(answer.status, 0 | 2), "{what}: {} {}", answer.status, answer.stderr);
    for line in answer.stderr.lines() {
        assert!(line.starts_with("warning: "), "{what}: {line}");
    }
    for text in [&answer.stdout, &answer.stderr] {
        for word in ["panicked", "NaN", "-0.0000", "Some(", "None)", "\u{1b}", "  \n"] {
            assert!(!text.contains(word), "{what}: {word} in {text}");
        }
    }
    assert!(!answer.stdout.is_empty(), "{what}");
    assert!(answer.stdout.lines().count() < 400, "{what}: {}", answer.stdout);
}

#[test]
#[ignore = "needs the folder `shared`, which is no part of the repository"]
fn every_real_job_is_answered_on_every_real_node() {
    let folder = Folder::new("real");
    let (jobs, nodes) = (files("data/jobs/json"), files("data/nodes"));
    assert!(jobs.len() >= 40, "{} jobs", jobs.len());
    let mut usable = Vec::new();
    for node in &nodes {
        let answer =
            folder.run(&format!("place --nodes {} --job {}", node.display(), jobs[0].display()));
        if answer.status != 1 {
            usable.push(node);
            continue;
        }
        // The entries of lists lack what a node has, which is said with what has it.
        assert!(node.display().to_string().contains("node-list"), "{}", answer.stderr);
        assert!(answer.stderr.contains("lack without `?resources=true`"), "{}", answer.stderr);
    }
    assert!(usable.len() >= 6, "{usable:?}");
    for node in usable {
        for job in &jobs {
            let files = format!("--nodes {} --job {}", node.display(), job.display());
            let placed = folder.run(&format!("place {files} --html page.html"));
            check(&files, &placed);
            let page = fs::read_to_string(folder.path.join("page.html")).unwrap();
            assert!(page.contains("</html>"), "{files}");
            let document = folder.run(&format!("place {files} --json --compact"));
            let document: Value = serde_json::from_str(&document.stdout).unwrap();
            let failed = document["FailedTGAllocs"].as_object().unwrap();
            assert_eq!(placed.status == 0, failed.is_empty(), "{files}");
            check(&files, &folder.run(&format!("explain {files}")));
            let nodes: Value = serde_json::from_slice(&fs::read(node).unwrap()).unwrap();
            let id = nodes["ID"].as_str().unwrap_or_default();
            let one = folder.run(&format!("explain {files} --node {id}"));
            check(&files, &one);
            // One job leaves its groups to regions, which are not known.
            let has_groups = !one.stdout.contains("the job has no groups");
            assert_eq!(one.stdout.contains("memory"), has_groups, "{files}: {}", one.stdout);
        }
    }
}
