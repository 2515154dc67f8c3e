//! Scenarios: text files that say what is there, what is asked, and what the answer has to be. How to
//! read and write them is in `README.md` beside them.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod allocations;
mod documents;
mod evaluations;
mod print;
mod run;
mod words;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use run::Scenario;

/// What separates a question from its answer.
const SEPARATOR: &str = "----";
/// What a scenario begins with: nothing of the one before is left.
const HEADING: &str = "== ";

#[test]
fn every_scenario_answers_as_written() {
    let mut failures = String::new();
    let mut blocks = 0;
    for path in files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let written = fs::read_to_string(&path).unwrap();
        let (answered, mut found) = check(&name, &written);
        blocks += written.lines().filter(|line| *line == SEPARATOR).count();
        if rewrites() && answered != written {
            fs::write(&path, answered).unwrap();
            found.clear();
        }
        failures.push_str(&found);
    }
    assert!(blocks > 100, "only {blocks} questions were found");
    assert!(failures.is_empty(), "{failures}");
}

/// Whether the answers in the files are to be replaced by those given now: for whoever wrote new
/// questions or changed an answer on purpose, and who then reads what changed.
#[expect(clippy::disallowed_methods, reason = "tests are not the core, which reads no environment")]
fn rewrites() -> bool {
    std::env::var("STOWPLAN_REWRITE").is_ok_and(|value| value == "1")
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|it| it == "txt")).collect();
    files.sort();
    files
}

/// Runs a file. Gives it back with the answers given now, and what differs.
fn check(name: &str, written: &str) -> (String, String) {
    let mut answered = String::new();
    let mut failures = String::new();
    let mut scenario = Scenario::default();
    let mut lines = written.lines().enumerate().map(|(at, line)| (at + 1, line)).peekable();
    let mut question: Vec<(usize, &str)> = Vec::new();
    while let Some((number, line)) = lines.next() {
        writeln!(answered, "{line}").unwrap();
        if line.starts_with(HEADING) {
            scenario = Scenario::default();
            question.clear();
        } else if line != SEPARATOR {
            question.push((number, line));
        } else {
            let actual = scenario.run(&words::read(question.drain(..)));
            let mut expected = String::new();
            while let Some((_, line)) = lines.next_if(|(_, line)| !line.is_empty()) {
                writeln!(expected, "{line}").unwrap();
            }
            answered.push_str(&actual);
            if actual != expected {
                let differs = format!("expected:\n{expected}found:\n{actual}");
                writeln!(failures, "{name}:{number}: {differs}").unwrap();
            }
        }
    }
    let asked_nothing = question.iter().all(|(_, line)| line.is_empty() || line.starts_with('#'));
    assert!(asked_nothing, "{name}: lines at the end are not followed by {SEPARATOR}");
    (answered, failures)
}
