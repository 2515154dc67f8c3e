//! How a node drains, as its document has it (docs/lifecycle.md, section 7).

use serde_json::{Map, Value, json};

use crate::model::Node;
use crate::time::{Span, Timestamp};

/// How a node drains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Drain {
    /// When all that is left has to go.
    pub(super) force_at: Option<Timestamp>,
    /// Whether all has to go at once.
    pub(super) is_forced: bool,
    pub(super) ignores_system_jobs: bool,
}

/// The drain of a node; none of one that does not drain.
pub(super) fn drain_of(node: &Node) -> Option<Drain> {
    if !node.is_draining() {
        return None;
    }
    let strategy = node.drain_strategy.as_ref();
    let number = |key| strategy.and_then(|it| it.get(key)?.as_i64()).unwrap_or(0);
    let text = |key| strategy.and_then(|it| it.get(key)?.as_str());
    Some(Drain {
        force_at: text("ForceDeadline")
            .and_then(|text| text.parse().ok())
            .filter(|_| number("Deadline") > 0),
        is_forced: number("Deadline") < 0,
        ignores_system_jobs: strategy
            .and_then(|it| it.get("IgnoreSystemJobs")?.as_bool())
            .unwrap_or(false),
    })
}

/// When all that is left on a node has to go.
pub(super) fn force_deadline(node: &Node) -> Option<Timestamp> {
    drain_of(node)?.force_at
}

/// The document of a drain that begins now.
pub(super) fn strategy(deadline: Span, ignores_system_jobs: bool, now: Timestamp) -> Value {
    let force_at = now.checked_add(deadline).filter(|_| deadline > Span::ZERO);
    let force_at = force_at.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), |at| at.to_string());
    json!({
        "Deadline": deadline.as_nanos(),
        "IgnoreSystemJobs": ignores_system_jobs,
        "ForceDeadline": force_at,
        "StartedAt": now.to_string(),
    })
}

/// What a node's document says of its latest drain.
pub(super) fn last_drain(
    before: Option<&Value>,
    status: &str,
    meta: &indexmap::IndexMap<String, String>,
    now: Timestamp,
) -> Value {
    let mut last = before.and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    if status == "draining" {
        last.insert("StartedAt".into(), json!(now.to_string()));
        last.insert("AccessorID".into(), json!(""));
        last.insert("Meta".into(), json!(meta));
    }
    last.insert("UpdatedAt".into(), json!(now.to_string()));
    last.insert("Status".into(), json!(status));
    Value::Object(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drain_is_read_as_it_was_written() {
        let node = Node::builder("n1").build().unwrap();
        assert_eq!(drain_of(&node), None);
        let now = Timestamp::from_secs(1_000);
        let drained = |deadline| {
            let strategy = strategy(deadline, true, now);
            let node = node.changed(|spec| spec.drain_strategy = Some(strategy)).unwrap();
            drain_of(&node).unwrap()
        };
        let drain = drained(Span::from_secs(60));
        assert_eq!((drain.force_at, drain.is_forced), (Some(Timestamp::from_secs(1_060)), false));
        assert!(drain.ignores_system_jobs);
        assert_eq!(drained(Span::ZERO).force_at, None);
        let forced = drained(Span::from_secs(-1));
        assert_eq!((forced.force_at, forced.is_forced), (None, true));
    }
}
