//! The golden cases of the lifecycle through the whole way of an evaluation: documents, reconciling, real
//! placement. Another folder of cases is named by the environment variable `STOWPLAN_GOLDEN_LIFECYCLE`.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test reads its environment, and fails by panicking"
)]

#[path = "common/lifecycle.rs"]
#[allow(dead_code, unreachable_pub, reason = "what tests share")]
mod lifecycle;

use std::fmt::Write as _;

use serde_json::Value;

use lifecycle::{Question, items, sort_lists, whole};

#[test]
fn golden_cases_agree() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden_lifecycle");
    let folder = std::env::var("STOWPLAN_GOLDEN_LIFECYCLE").unwrap_or_else(|_| own.to_owned());
    let (mut agreed, mut total, mut told) = (0, 0, String::new());
    for file in ["plain.json", "deploy.json", "disconnect.json", "system.json"] {
        let read = std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
        let file: Value = serde_json::from_str(&read).unwrap();
        for document in items(&file["cases"]) {
            let mut found = Question::new(&whole(&file, document)).answer();
            let mut expected = document["expect"].clone();
            sort_lists(&mut expected);
            // The cases have no figures of system jobs.
            if expected["annotations"].is_null() {
                found.as_object_mut().unwrap().remove("annotations");
                expected.as_object_mut().unwrap().remove("annotations");
            }
            total += 1;
            agreed += usize::from(found == expected);
            let keys = expected.as_object().unwrap().iter();
            for (key, value) in keys.filter(|(key, value)| found[key.as_str()] != **value) {
                let name = &document["name"];
                writeln!(told, "{name} {key}\n  expected {value}\n  found    {}", found[key])
                    .unwrap();
            }
        }
    }
    println!("AGREE {agreed} of {total} cases");
    assert_eq!(agreed, total, "AGREE {agreed} of {total} cases\n{told}");
}
