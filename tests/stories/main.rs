//! Stories: the lives of jobs and nodes in simulated time, step by step, with what a real Nomad said after
//! each step. How to read them is in `README.md` beside them.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test fails by panicking, and is set by its environment"
)]

mod documents;
mod show;
mod teller;
#[path = "../scenarios/words.rs"]
#[allow(dead_code, reason = "what scenarios share")]
mod words;

use std::fs;
use std::path::Path;

use teller::Teller;

/// A step of a story, with the lines before it.
struct Step {
    lines: Vec<(usize, String)>,
    expected: Vec<String>,
}

/// A story of a file.
struct Story {
    name: String,
    steps: Vec<Step>,
}

fn read(text: &str) -> Vec<Story> {
    let mut stories: Vec<Story> = Vec::new();
    let (mut lines, mut expected, mut is_answer) = (Vec::new(), Vec::new(), false);
    // An answer ends with an empty line, or with the file.
    for (at, line) in text.lines().chain([""]).enumerate() {
        if let Some(name) = line.strip_prefix("== ") {
            stories.push(Story { name: name.to_owned(), steps: Vec::new() });
        } else if line == "----" {
            is_answer = true;
        } else if is_answer && line.is_empty() {
            let step =
                Step { lines: std::mem::take(&mut lines), expected: std::mem::take(&mut expected) };
            stories.last_mut().expect("a heading").steps.push(step);
            is_answer = false;
        } else if is_answer {
            expected.push(line.to_owned());
        } else {
            lines.push((at + 1, line.to_owned()));
        }
    }
    assert!(!is_answer && expected.is_empty(), "a file ends with an answer");
    stories
}

/// The lines that one has beyond the other, as often as it has more of them.
fn beyond<'a>(one: &'a [String], other: &[String]) -> Vec<&'a String> {
    let mut left: Vec<&String> = other.iter().collect();
    let mut beyond = Vec::new();
    for line in one {
        match left.iter().position(|it| *it == line) {
            Some(at) => drop(left.remove(at)),
            None => beyond.push(line),
        }
    }
    beyond
}

/// Tells a story, and says where it goes another way than it is written.
fn differences(story: &Story) -> Vec<String> {
    let mut teller = Teller::default();
    let mut told = Vec::new();
    for step in &story.steps {
        let lines = words::read(step.lines.iter().map(|(at, line)| (*at, line.as_str())));
        let found = teller.tell(&lines, &step.expected);
        if found != step.expected {
            let name = lines.last().map_or("", |line| line.word(1));
            let lacks = beyond(&step.expected, &found).into_iter().map(|it| format!("    - {it}"));
            let more = beyond(&found, &step.expected).into_iter().map(|it| format!("    + {it}"));
            let both = lacks.chain(more);
            told.push(format!("  step {name}\n{}", both.collect::<Vec<_>>().join("\n")));
        }
    }
    told
}

#[test]
fn stories_go_as_a_real_nomad_says() {
    let only = std::env::var("STOWPLAN_STORY").unwrap_or_default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    let (mut stories, mut steps, mut agreed, mut told) = (0, 0, 0, String::new());
    for path in &paths {
        for story in read(&fs::read_to_string(path).unwrap()) {
            if !story.name.contains(&only) {
                continue;
            }
            let differences = differences(&story);
            stories += 1;
            steps += story.steps.len();
            agreed += story.steps.len() - differences.len();
            if !differences.is_empty() {
                told += &format!("{}\n{}\n", story.name, differences.join("\n"));
            }
        }
    }
    println!("{stories} stories, {agreed} of {steps} steps agree");
    assert!(told.is_empty(), "{agreed} of {steps} steps agree (- written, + told)\n{told}");
    assert!(stories >= 37 || !only.is_empty(), "{stories} stories");
}
