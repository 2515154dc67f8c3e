//! Commands with their instants, as a log of them has one a line.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::command::Command;
use crate::model::UnknownKey;
use crate::model::keys::{self, Keyed, Kind, Object};
use crate::model::problem::excerpt;
use crate::model::read::ReadError;
use crate::time::{Timestamp, read_instant};

/// A command and the instant at which it came: a line of a log that is replayed. As JSON it is
/// `{"now": "2026-11-27T10:00:00Z", "command": {"DeregisterJob": {"JobID": "web"}}}`; the instant may also be a
/// number, of nanoseconds since 1970.
///
/// ```
/// use stowplan::Timestamp;
/// use stowplan::engine::{Engine, EngineOptions, Recorded};
///
/// let log = r#"
///     {"now": 5, "command": {"RegisterNode": {"Node": {"ID": "n1", "Datacenter": "dc1", "NodeResources": {}}}}}
///     {"now": "1970-01-01T00:00:06Z", "command": {"Heartbeat": {"NodeID": "n1"}}}
/// "#;
/// let mut engine = Engine::new(EngineOptions::default());
/// for line in log.lines().filter(|line| !line.trim().is_empty()) {
///     let Recorded { now, command, .. } = Recorded::from_json(line)?;
///     engine.apply(now, command)?;
/// }
/// assert_eq!((engine.commands(), engine.now()), (2, Timestamp::from_secs(6)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `now` and `command`")]
#[non_exhaustive]
pub struct Recorded {
    /// When it came.
    #[serde(deserialize_with = "instant")]
    pub now: Timestamp,
    /// What the engine was told.
    pub command: Command,
}

/// Why a line of a log is no command.
///
/// ```
/// use stowplan::engine::Recorded;
///
/// let error = Recorded::from_json(r#"{"now": 5, "command": {"Heartbeat": {"NodeID": 7}}}"#).unwrap_err();
/// assert!(error.to_string().starts_with("command.Heartbeat.NodeID: expected a string, found the integer `7`"));
/// ```
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{path}{}{reason}", if .path.is_empty() { "" } else { ": " })]
#[non_exhaustive]
pub struct RecordedError {
    /// Where in the line; empty for the whole.
    pub path: String,
    /// What is wrong there.
    pub reason: String,
}

/// The longest reason and the longest path that are given: lines may be of any length.
const REASON_MAX: usize = 300;

/// The key under which a line has its command.
const COMMAND: &str = "command";

/// How many commands of one line are named.
const NAMES_MAX: usize = 3;

impl Recorded {
    /// A command that came at an instant.
    pub fn new(now: Timestamp, command: impl Into<Command>) -> Recorded {
        Recorded { now, command: command.into() }
    }

    /// Reads a line.
    ///
    /// # Errors
    ///
    /// It is no JSON, or no command that there is; the first thing that is wrong.
    pub fn from_json(line: impl AsRef<[u8]>) -> Result<Recorded, RecordedError> {
        let line = line.as_ref();
        let mut json = serde_json::Deserializer::from_slice(line);
        let read: Result<Recorded, _> = serde_path_to_error::deserialize(&mut json);
        let recorded = read.map_err(|error| {
            let misread = ReadError::in_line(error.path(), error.inner());
            let is_json = error.inner().is_data();
            let is_elsewhere = is_json && !misread.path().starts_with(COMMAND);
            let found = if is_elsewhere { None } else { found_as_command(line, is_json) };
            found.unwrap_or_else(|| RecordedError::of(&misread))
        })?;
        json.end().map_err(|error| RecordedError::of(&ReadError::syntax(&error)))?;
        Ok(recorded)
    }

    /// The keys of a line that nobody reads, such as misspelt ones: those of the command's body, and of a job in
    /// it. Of other documents no key is unknown. The line is read anew for this; one that is no JSON has none.
    ///
    /// ```
    /// use stowplan::engine::Recorded;
    ///
    /// let line = r#"{"now": 5, "command": {"DrainNode": {"NodeID": "n1", "DrainSpec": {"Dedline": 60}}}}"#;
    /// assert!(Recorded::from_json(line).is_ok());
    /// let unknown = &Recorded::unknown_keys(line)[0];
    /// assert_eq!(unknown.path, "command.DrainNode.DrainSpec.Dedline");
    /// assert_eq!(unknown.nearest, Some("Deadline"));
    /// ```
    pub fn unknown_keys(line: impl AsRef<[u8]>) -> Vec<UnknownKey> {
        let value: Option<Value> = serde_json::from_slice(line.as_ref()).ok();
        value.map(|value| keys::of_object(&value, &LINE)).unwrap_or_default()
    }
}

/// The keys of a line.
static LINE: Object = Object(&[("now", Kind::Any), (COMMAND, Command::KIND)]);

/// What stands in the place of one command, if something else does: the reader takes most of that for no JSON,
/// which `is_json` says it did not.
fn found_as_command(line: &[u8], is_json: bool) -> Option<RecordedError> {
    let value: Value = serde_json::from_slice(line).ok()?;
    let found = match value.get(COMMAND)? {
        Value::Null => "`null`".to_owned(),
        Value::Bool(value) => format!("the boolean `{value}`"),
        Value::Number(number) => format!("the number `{number}`"),
        Value::String(text) => format!("the string `{}`", excerpt(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(commands) => match commands.len() {
            0 => "an empty object".to_owned(),
            1 if is_json => return None,
            1 => "one twice".to_owned(),
            several => {
                let names = commands.keys().take(NAMES_MAX).map(|it| format!("`{}`", excerpt(it)));
                let more = if several > NAMES_MAX { ", ..." } else { "" };
                format!("{several}: {}{more}", names.collect::<Vec<_>>().join(", "))
            }
        },
    };
    let reason =
        format!("expected an object with one command such as `RegisterJob`, found {found}");
    Some(RecordedError { path: COMMAND.to_owned(), reason: shortened(&reason) })
}

impl RecordedError {
    fn of(error: &ReadError) -> RecordedError {
        RecordedError { path: shortened(error.path()), reason: shortened(error.message()) }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(REASON_MAX).collect()
}

fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    struct Instant;

    impl Visitor<'_> for Instant {
        type Value = Timestamp;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("nanoseconds since 1970 or an instant like `2026-11-27T10:00:00Z`")
        }

        fn visit_i64<E: Error>(self, nanos: i64) -> Result<Timestamp, E> {
            Ok(Timestamp::from_nanos(nanos))
        }

        fn visit_u64<E: Error>(self, nanos: u64) -> Result<Timestamp, E> {
            let nanos = i64::try_from(nanos);
            nanos.map(Timestamp::from_nanos).map_err(|_| E::custom("the instant is too late"))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
            read_instant(text)
        }
    }

    deserializer.deserialize_any(Instant)
}
