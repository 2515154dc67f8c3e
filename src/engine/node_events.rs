//! What a node's document tells of its life as its `Events` (docs/lifecycle.md, section 7).
//!
//! That it was registered is written down only when its status changes or it drains, so that a node to which nothing
//! has happened takes no room for it.

use serde_json::{Value, json};

use super::node_keys::{EVENTS, STATUS_UPDATED_AT};
use crate::model::NodeSpec;
use crate::time::Timestamp;

/// How many are remembered.
const KEPT: usize = 10;

pub(super) const DRAIN_SET: &str = "Node drain strategy set";
pub(super) const DRAIN_DISABLED: &str = "Node drain disabled";
pub(super) const DRAIN_COMPLETE: &str = "Node drain complete";

/// The events of a node, the oldest first.
pub(crate) fn events(node: &NodeSpec) -> Value {
    let written = node.extra.get(EVENTS).cloned();
    written.unwrap_or_else(|| Value::Array(registered(node).into_iter().collect()))
}

/// That a node was registered, of one of which the status has not changed since.
fn registered(node: &NodeSpec) -> Option<Value> {
    let seconds = node.extra.get(STATUS_UPDATED_AT)?.as_i64()?;
    Some(event("Cluster", "Node registered", 0, Timestamp::from_secs(seconds)))
}

/// Writes down what is known so far: to be done before the status changes, and with it the instant of that.
pub(super) fn keep(node: &mut NodeSpec) {
    if !node.extra.contains_key(EVENTS) {
        let events = events(node);
        node.extra.insert(EVENTS.into(), events);
    }
}

/// Writes down what becomes of a drain at an index.
pub(super) fn note_drain(node: &mut NodeSpec, message: &str, index: u64, now: Timestamp) {
    keep(node);
    if let Some(Value::Array(events)) = node.extra.get_mut(EVENTS) {
        events.push(event("Drain", message, index, now));
        let surplus = events.len().saturating_sub(KEPT);
        events.drain(..surplus);
    }
}

fn event(subsystem: &str, message: &str, index: u64, at: Timestamp) -> Value {
    json!({
        "Timestamp": at.to_string(),
        "Message": message,
        "Subsystem": subsystem,
        "Details": null,
        "CreateIndex": index,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Node;

    fn messages(node: &NodeSpec) -> Vec<(String, u64)> {
        let events = events(node);
        let of = |it: &Value| (it["Message"].as_str().unwrap().into(), it["CreateIndex"].as_u64());
        let events = events.as_array().unwrap().iter().map(of);
        events.map(|(message, index): (String, _)| (message, index.unwrap())).collect()
    }

    #[test]
    fn the_last_ten_are_remembered() {
        let mut node = Node::builder("n1").build().unwrap().spec().clone();
        assert_eq!(events(&node), json!([]));
        node.extra.insert(STATUS_UPDATED_AT.into(), json!(1_795_280_402));
        let registered = json!([{
            "Timestamp": "2026-11-21T17:00:02Z",
            "Message": "Node registered",
            "Subsystem": "Cluster",
            "Details": null,
            "CreateIndex": 0,
        }]);
        assert_eq!(events(&node), registered);
        keep(&mut node);
        node.extra.insert(STATUS_UPDATED_AT.into(), json!(1_795_280_500));
        assert_eq!(events(&node), registered);
        for index in 1..=10 {
            assert_eq!(messages(&node)[0].0, "Node registered");
            note_drain(&mut node, DRAIN_SET, index, Timestamp::from_secs(index as i64));
        }
        let all = messages(&node);
        assert_eq!(
            (all.len(), &all[0], &all[9]),
            (10, &(DRAIN_SET.into(), 1), &(DRAIN_SET.into(), 10))
        );
    }
}
