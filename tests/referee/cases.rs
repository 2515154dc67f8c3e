//! Random states with the referee's answers, written as golden cases, so that whatever is held against
//! the golden cases can be held against as many more as one likes:
//!
//! `STOWPLAN_REFEREE_FOLDER=/tmp/cases cargo test --test referee write_cases -- --ignored`
//!
//! `STOWPLAN_REFEREE_SEED` is the first seed (0), `STOWPLAN_REFEREE_STATES` how many (20,000).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs};

use serde_json::{Value, json};

use crate::common::situations;
use crate::documents::Documents;
use crate::judge;

#[test]
#[ignore = "writes files"]
fn write_cases() {
    let folder = PathBuf::from(env::var_os("STOWPLAN_REFEREE_FOLDER").expect("names a folder"));
    let first = number("STOWPLAN_REFEREE_SEED").unwrap_or(0);
    let states = number("STOWPLAN_REFEREE_STATES").unwrap_or(20_000);
    let names = ["plain", "deploy", "disconnect", "system"];
    let mut files: BTreeMap<&str, Vec<Value>> = names.map(|name| (name, Vec::new())).into();
    for seed in first..first + states {
        let mut case = situations::case(seed);
        case["expect"] = judge::answer(&case, &Documents);
        files.get_mut(file(&case)).unwrap().push(case);
    }
    fs::create_dir_all(&folder).unwrap();
    for (name, cases) in files {
        let file = json!({"node_template": {}, "alloc_template": {}, "cases": cases});
        fs::write(folder.join(format!("{name}.json")), file.to_string()).unwrap();
    }
}

/// The golden file whose cases are like this one.
fn file(case: &Value) -> &'static str {
    let groups =
        case["jobs"].as_array().unwrap().iter().flat_map(|job| job["TaskGroups"].as_array());
    match case["eval"]["Type"].as_str().unwrap() {
        "system" | "sysbatch" => "system",
        _ if !case["deployment"].is_null() => "deploy",
        _ if groups.flatten().any(|group| group.get("Disconnect").is_some()) => "disconnect",
        _ => "plain",
    }
}

fn number(name: &str) -> Option<u64> {
    let text = env::var_os(name)?;
    Some(text.to_str().and_then(|text| text.parse().ok()).expect("is a number"))
}
