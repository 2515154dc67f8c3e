//! What differs between a recorded reply and ours.

use std::collections::BTreeSet;

use serde_json::Value;

use super::names::pairs;
use crate::app::Answer;

/// Headers that clients go by.
const HEADERS: [&str; 6] = [
    "content-encoding",
    "content-type",
    "location",
    "vary",
    "x-nomad-knownleader",
    "x-nomad-lastcontact",
];

/// More differences are only counted.
const SHOWN_MAX: usize = 8;

/// What differs, in words.
pub(super) fn differences(recorded: &Value, answer: &Answer) -> Vec<String> {
    let mut found = BTreeSet::new();
    let status = recorded["status"].as_u64().unwrap();
    if status != u64::from(answer.status.as_u16()) {
        let text = if answer.status.is_success() { "" } else { &answer.text };
        return vec![format!("status {} {text}", answer.status.as_u16()).trim_end().to_owned()];
    }
    for name in HEADERS {
        let theirs = recorded["with"].get(name).map(|it| it.as_str().unwrap());
        let ours = answer.headers.get(name).map(|it| it.to_str().unwrap());
        if theirs != ours {
            found.insert(format!("{name} {}", ours.unwrap_or("missing")));
        }
    }
    let has_index = recorded["with"].get("x-nomad-index").is_some();
    if has_index != answer.headers.contains_key("x-nomad-index") {
        found.insert(format!("x-nomad-index {}", if has_index { "missing" } else { "given" }));
    }
    match recorded.get("body") {
        Some(Value::String(text)) if *text == answer.text => {}
        Some(Value::String(_)) => _ = found.insert(format!("text {:?}", answer.text)),
        None if recorded["status"] != 200 && !answer.text.is_empty() => {
            found.insert(format!("text {:?}", answer.text));
        }
        None => {}
        Some(body) => match serde_json::from_str(&answer.text) {
            Ok(ours) => compare(body, &ours, "", &mut found),
            Err(_) => _ = found.insert(format!("text {:?}", answer.text)),
        },
    }
    let found: Vec<String> = found.into_iter().collect();
    match found.len() {
        0..=SHOWN_MAX => found,
        more => vec![format!("{more} things, the first: {}", found[0])],
    }
}

/// What kind of value it is.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// Every key has to be there with the same kind of value; what was null may be anything.
fn compare(theirs: &Value, ours: &Value, path: &str, found: &mut BTreeSet<String>) {
    match (theirs, ours) {
        (Value::Null, _) => {}
        (Value::Object(theirs), Value::Object(ours)) => {
            for (key, value) in theirs {
                let path = format!("{path}.{key}");
                match ours.get(key) {
                    Some(own) => compare(value, own, &path, found),
                    None => _ = found.insert(format!("no {path}")),
                }
            }
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            let path = format!("{path}[]");
            // There may be more, as keys may.
            if ours.len() < theirs.len() || (theirs.is_empty() && !ours.is_empty()) {
                found.insert(format!("{} for {} of {path}", ours.len(), theirs.len()));
            }
            for (value, own) in pairs(theirs, ours) {
                compare(value, own, &path, found);
            }
        }
        _ if kind(theirs) == kind(ours) => {}
        _ => _ = found.insert(format!("{} for {} at {path}", kind(ours), kind(theirs))),
    }
}
