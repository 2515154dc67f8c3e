//! Which of our things are which of the recorded ones: identities are drawn, so they differ.

use std::collections::BTreeMap;

use serde_json::Value;

/// Recorded identities with ours.
#[derive(Debug, Default)]
pub(super) struct Names {
    ours: BTreeMap<String, String>,
}

impl Names {
    /// Learns from two bodies that say the same, where one has an identity and the other has one too.
    pub(super) fn learn(&mut self, theirs: &Value, ours: &Value) {
        match (theirs, ours) {
            (Value::String(theirs), Value::String(ours)) if is_drawn(theirs) && is_drawn(ours) => {
                self.ours.entry(theirs.clone()).or_insert_with(|| ours.clone());
            }
            (Value::Object(theirs), Value::Object(ours)) => {
                for (key, value) in theirs {
                    ours.get(key).into_iter().for_each(|own| self.learn(value, own));
                }
            }
            (Value::Array(theirs), Value::Array(ours)) => {
                for (value, own) in pairs(theirs, ours) {
                    self.learn(value, own);
                }
            }
            _ => {}
        }
    }

    /// Learns which of ours one is.
    pub(super) fn is(&mut self, theirs: &str, ours: &str) {
        self.ours.insert(theirs.to_owned(), ours.to_owned());
    }

    /// A text with our identities in place of the recorded ones.
    pub(super) fn ours(&self, text: &str) -> String {
        let whole = self
            .ours
            .iter()
            .fold(text.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours));
        // The first few letters of one.
        let Some((before, prefix)) = whole.split_once("?prefix=") else { return whole };
        let found = self.ours.iter().find(|(theirs, _)| theirs.starts_with(prefix));
        match found {
            Some((_, ours)) if !prefix.is_empty() => {
                format!("{before}?prefix={}", &ours[..prefix.len()])
            }
            _ => whole,
        }
    }
}

/// An identity, or the drawn part of a child's.
fn is_drawn(text: &str) -> bool {
    let is_uuid = text.len() == 36 && text.bytes().filter(|byte| *byte == b'-').count() == 4;
    is_uuid || text.contains("/dispatch-") || text.contains("/periodic-")
}

/// Each recorded element with one of ours that is like it, or stands where it stands.
pub(super) fn pairs<'a>(
    theirs: &'a [Value],
    ours: &'a [Value],
) -> impl Iterator<Item = (&'a Value, &'a Value)> {
    let mut left: Vec<&Value> = ours.iter().collect();
    let mut pairs = Vec::new();
    for value in theirs {
        let like = |parts: &[&str]| {
            left.iter().position(|own| parts.iter().all(|part| own[part] == value[part]))
        };
        let by_name = value.get("Name").and_then(|_| {
            like(&["Name", "DesiredStatus", "ClientStatus", "NodeName"])
                .or_else(|| like(&["Name", "DesiredStatus", "ClientStatus"]))
                .or_else(|| like(&["Name"]))
        });
        match by_name {
            Some(at) => pairs.push((value, left.remove(at))),
            None if !left.is_empty() => pairs.push((value, left.remove(0))),
            None => {}
        }
    }
    pairs.into_iter()
}
