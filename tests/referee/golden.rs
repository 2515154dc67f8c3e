//! The golden cases: the referee has to know the game.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use serde_json::{Map, Value};

use crate::documents::Documents;
use crate::judge;

#[test]
fn the_referee_agrees_with_the_golden_cases() {
    let folder = env::var_os("STOWPLAN_GOLDEN_LIFECYCLE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden_lifecycle"),
        PathBuf::from,
    );
    let only = env::var_os("STOWPLAN_CASE").and_then(|name| name.into_string().ok());
    let mut report = String::new();
    let (mut agree, mut total) = (0, 0);
    for name in ["plain", "deploy", "disconnect", "system"] {
        let text = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        for case in file["cases"].as_array().unwrap() {
            if only.as_ref().is_some_and(|only| case["name"] != only.as_str()) {
                continue;
            }
            total += 1;
            let difference =
                differences(&case["expect"], &judge::answer(&whole(&file, case), &Documents));
            if difference.is_empty() {
                agree += 1;
            } else {
                writeln!(report, "{}:\n{difference}", case["name"]).unwrap();
            }
        }
    }
    println!("AGREE {agree} of {total} cases");
    assert!(report.is_empty(), "{report}\nAGREE {agree} of {total} cases");
}

/// A case with its templates filled in.
fn whole(file: &Value, case: &Value) -> Value {
    let mut case = case.clone();
    for (list, template) in [("nodes", "node_template"), ("allocs", "alloc_template")] {
        for item in case[list].as_array_mut().unwrap() {
            let mut merged: Map<String, Value> = file[template].as_object().unwrap().clone();
            merged.extend(item.as_object().unwrap().clone());
            *item = Value::Object(merged);
        }
    }
    case
}

/// Field by field, what is expected and not given, and the other way round.
pub(crate) fn differences(expected: &Value, given: &Value) -> String {
    let mut report = String::new();
    for (key, expected) in expected.as_object().unwrap() {
        let given = given.get(key).unwrap_or(&Value::Null);
        match (expected.as_array(), given.as_array()) {
            (Some(expected), Some(given)) => {
                for item in expected.iter().filter(|item| !given.contains(item)) {
                    writeln!(report, "  {key}: - {item}").unwrap();
                }
                for item in given.iter().filter(|item| !expected.contains(item)) {
                    writeln!(report, "  {key}: + {item}").unwrap();
                }
                if expected.len() != given.len() {
                    writeln!(report, "  {key}: {} and not {}", expected.len(), given.len())
                        .unwrap();
                }
            }
            _ if expected != given => {
                writeln!(report, "  {key}: - {expected}\n  {key}: + {given}").unwrap();
            }
            _ => {}
        }
    }
    report
}
