//! Job files that people run, against what Nomad 1.1.2 made of them.
//!
//! They lie outside the package, in a folder `shared` beside it, so these tests are ignored, and
//! `.ci/run` runs them where the folder is.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use stowplan::hcl::{self, Inputs};

use crate::shared;

/// What the recorder gave for the variables that have no defaults, and for files.
fn inputs(text: &str) -> Inputs {
    let mut inputs = Inputs::new();
    for (name, value) in [
        ("region", "global"),
        ("tld", "x-tld"),
        ("shared_dir", "/srv/shared/"),
        ("media_dir", "x-media_dir"),
        ("root_username", "x-root_username"),
        ("root_password", "x-root_password"),
        ("ghcr_token", "x-ghcr_token"),
    ] {
        if text.contains(&format!("variable \"{name}\"")) {
            inputs.set(name, value);
        }
    }
    inputs.read_files_with(|_| Ok("stub\n".to_owned()));
    inputs
}

/// A file as it was given to Nomad: what another program fills in before was filled in, and a block
/// that no version knows was taken out.
fn prepared(name: &str, text: &str) -> String {
    if name.contains("alloc-port") {
        let (before, rest) = text.split_once("network {").unwrap();
        let (_, after) = rest.split_once("config {").unwrap();
        return format!("{before}config {{{after}");
    }
    if !name.starts_with("ai4os") {
        return text.to_owned();
    }
    let mut text = text.to_owned();
    for (hole, value) in [
        ("size = ${DISK}", "size = 1000"),
        ("= ${SHARED_MEMORY}", "= 1000000000"),
        ("= ${RAM}", "= 2000"),
        ("= ${CPU_NUM}", "= 2"),
        ("= ${GPU_NUM}", "= 1"),
        ("= ${VLLM_ARGS}", "= 1"),
        ("${PRIORITY}", "50"),
        ("${NAMESPACE}", "default"),
    ] {
        text = text.replace(hole, value);
    }
    let mut filled = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("${") {
        filled.push_str(before);
        let (hole, after) = after.split_once('}').unwrap();
        match hole.starts_with(|letter: char| letter.is_ascii_uppercase()) {
            true => filled.push_str(&hole.to_lowercase()),
            false => filled.push_str(&format!("${{{hole}}}")),
        }
        rest = after;
    }
    filled + rest
}

/// Keys that the files have and the recorded version did not know.
const YOUNGER: [&str; 4] = ["Disconnect", "Identity", "MaxClientDisconnect", "Specs"];

/// Where two documents differ.
fn differences(ours: &Value, theirs: &Value, path: &str, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let (a, b) = (a.get(key), b.get(key));
                let path = format!("{path}.{key}");
                match (a, b) {
                    (Some(a), Some(b)) => differences(a, b, &path, found),
                    // Younger than the recorded version, for which it was taken out.
                    (Some(_), None) if YOUNGER.contains(&key.as_str()) => {}
                    (a, b) => found.push(format!("{path}: {a:?} and {b:?}")),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                differences(a, b, &format!("{path}[{at}]"), found);
            }
        }
        (a, b) if a == b => {}
        (a, b) => found.push(format!("{path}: {a} and {b}")),
    }
}

#[test]
#[ignore = "needs the folder `shared`"]
fn agree_with_what_nomad_made_of_them() {
    let shared = shared::folder("data/jobs");
    let mut found = Vec::new();
    let mut names: Vec<PathBuf> =
        fs::read_dir(shared.join("hcl")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for path in names {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let json = shared.join("json").join(format!("{name}.json"));
        let text = fs::read_to_string(&path).unwrap();
        let text = prepared(&name, &text);
        let read = hcl::document(&text, &inputs(&text));
        match (read, fs::read_to_string(json)) {
            (Ok(ours), Ok(theirs)) => {
                let theirs: Value = serde_json::from_str(&theirs).unwrap();
                differences(&ours, &theirs["Job"], &name, &mut found);
            }
            (Err(error), Ok(_)) => found.push(format!("{name}: {error}")),
            (Ok(_), Err(_)) => found.push(format!("{name}: read, Nomad did not")),
            (Err(error), Err(_)) => println!("{name}: {error}"),
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
