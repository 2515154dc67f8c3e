//! The event stream (docs/lifecycle.md, section 10): what happens, line by line as it happens.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::body::Bytes;
use serde_json::{Value, json};
use tokio::sync::futures::OwnedNotified;
use tokio::time::Instant;

use super::asked::Asked;
use super::documents;
use super::host::EngineHandle;
use super::lines::{LineSender, lines};
use super::query::Query;
use super::refusal::Refusal;
use super::reply::{Content, Reply};
use super::text::quoted;
use super::waiting::{Key, Kind};
use crate::engine::{Event, Payload, Topic};

/// After how long without an event a line says that the stream goes on.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long a line may wait to be read before the stream is given up.
const READING: Duration = Duration::from_secs(30);
/// How many events are made lines of at once.
const EVENTS_AT_ONCE: usize = 32;

/// What a stream is asked to tell.
#[derive(Debug)]
struct Wanted {
    /// Topics and keys; `*` is any.
    topics: Vec<(String, String)>,
    namespace: String,
}

/// Begins a stream. It tells what is kept from an index on, and then what happens, until who listens leaves
/// or does not keep up.
pub(super) async fn answer(asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let query = asked.query;
    let index: u64 = match query.text("index") {
        "" => 0,
        text => text.parse().map_err(|_| {
            let text = quoted(text);
            Refusal::bad(format!(
                "Unable to parse index: strconv.Atoi: parsing {text}: invalid syntax"
            ))
        })?,
    };
    let wanted = Wanted::read(query)?;
    let handle = asked.engine("")?.clone();
    if handle.options().history == 0 {
        return Err(Refusal::bad("the event stream is off: the engine keeps no events"));
    }
    let place = asked.regions.wait_in_crowd()?;
    let stream = asked.regions.stream_in_crowd()?;
    let (sender, lines) = lines();
    tokio::spawn(async move {
        // It ends when the engine does, or when nobody listens any more.
        let _ = tell(&handle, &wanted, index.saturating_sub(1), &sender).await;
        drop((place, stream));
    });
    Ok(Reply { content: Content::Lines(lines), ..Reply::empty() })
}

/// Tells what happens above an index; none once nobody listens or it cannot go on.
async fn tell(
    handle: &EngineHandle,
    wanted: &Wanted,
    index: u64,
    sender: &LineSender,
) -> Option<()> {
    let (mut seen, mut is_first) = (index, true);
    let waiter = handle.waiting().wait_for(Key::table(Kind::Events));
    let mut heard = Instant::now();
    loop {
        // What happens from here on wakes it.
        let touched = waiter.touched();
        let snapshot = handle.snapshot();
        if !is_first && snapshot.forgotten_events() > seen {
            // Who reads too slowly has missed something, and may come back for what is still kept.
            return None;
        }
        let events = snapshot.first_events(seen, EVENTS_AT_ONCE);
        let latest = events.last().map_or(snapshot.modify_index(), |event| event.index);
        // A slow reader holds no state.
        drop(snapshot);
        for events in events.chunk_by(|a, b| a.index == b.index) {
            if let Some(line) = wanted.line(events) {
                send(sender, line).await?;
                heard = Instant::now();
            }
        }
        (seen, is_first) = (latest, false);
        if !events.is_empty() {
            continue;
        }
        match next(touched, sender, heard + HEARTBEAT).await {
            Next::Touched => {}
            Next::Left => return None,
            Next::Nothing => {
                send(sender, Bytes::from_static(b"{}\n")).await?;
                heard = Instant::now();
            }
        }
    }
}

/// Hands a line to who listens, unless that one has not read for long.
async fn send(sender: &LineSender, line: Bytes) -> Option<()> {
    tokio::time::timeout(READING, sender.send(line)).await.ok()?
}

/// Why a stream goes on.
enum Next {
    Touched,
    /// Nobody listens any more.
    Left,
    /// Nothing has been told for long.
    Nothing,
}

/// Waits for something to happen.
async fn next(touched: OwnedNotified, sender: &LineSender, until: Instant) -> Next {
    let (mut touched, mut left) = (pin!(touched), pin!(sender.closed()));
    let first = std::future::poll_fn(|context| {
        if left.as_mut().poll(context).is_ready() {
            return Poll::Ready(Next::Left);
        }
        touched.as_mut().poll(context).map(|()| Next::Touched)
    });
    tokio::time::timeout_at(until, first).await.unwrap_or(Next::Nothing)
}

impl Wanted {
    fn read(query: &Query) -> Result<Wanted, Refusal> {
        let mut topics = Vec::new();
        for text in query.all("topic") {
            let (topic, key) = text.split_once(':').unwrap_or((text, "*"));
            if topic.is_empty() || key.is_empty() || key.contains(':') {
                let text = quoted(text);
                let mistake =
                    format!("Invalid topic query: Invalid key value pair for topic, topic: {text}");
                return Err(Refusal::bad(mistake));
            }
            topics.push((topic.to_owned(), key.to_owned()));
        }
        if topics.is_empty() {
            topics.push(("*".to_owned(), "*".to_owned()));
        }
        Ok(Wanted { topics, namespace: query.namespace().to_owned() })
    }

    fn has(&self, event: &Event) -> bool {
        let is_of_namespace = event.namespace.is_empty()
            || self.namespace == "*"
            || self.namespace == event.namespace;
        // The API's stream does not have summaries.
        is_of_namespace
            && event.topic != Topic::JobSummary
            && self.topics.iter().any(|(topic, key)| {
                (topic == "*" || topic == event.topic.as_str())
                    && (key == "*" || *key == event.key || event.filter_keys.contains(key))
            })
    }

    /// The line of the events of one change; none if it has none that are wanted.
    fn line(&self, events: &[Event]) -> Option<Bytes> {
        let index = events.first()?.index;
        let events: Vec<Value> = events.iter().filter(|it| self.has(it)).map(document).collect();
        if events.is_empty() {
            return None;
        }
        let mut line = json!({"Index": index, "Events": events}).to_string();
        line.push('\n');
        Some(line.into())
    }
}

/// An event, its thing as other replies show it.
fn document(event: &Event) -> Value {
    let payload = event.payload.as_deref().map(|payload| match payload {
        Payload::Allocation(it) => json!({"Allocation": documents::allocation(it)}),
        Payload::Evaluation(it) => json!({"Evaluation": documents::evaluation(it)}),
        Payload::Job(it) => json!({"Job": documents::job(it)}),
        Payload::Node(it) => json!({"Node": documents::node(it.spec())}),
        other => json!(other),
    });
    json!({
        "Topic": event.topic.as_str(),
        "Type": event.event_type,
        "Key": event.key,
        "Namespace": event.namespace,
        "FilterKeys": event.filter_keys,
        "Index": event.index,
        "Payload": payload,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_read_or_refused() {
        let read = |raw: &str| Wanted::read(&Query::new(raw)).map(|it| it.topics);
        let topic = |topic: &str, key: &str| (topic.to_owned(), key.to_owned());
        assert_eq!(read(""), Ok(vec![topic("*", "*")]));
        let both = read("topic=Node&topic=Job:web");
        assert_eq!(both, Ok(vec![topic("Node", "*"), topic("Job", "web")]));
        for raw in ["topic=:web", "topic=Job:", "topic=Job:a:b", "topic="] {
            assert!(read(raw).unwrap_err().text().starts_with("Invalid topic query: "), "{raw}");
        }
    }
}
