//! Keys of job documents, and of commands, that nobody reads, and keys in other letter cases.
//!
//! In: JSON of jobs and of commands. Out: the keys that neither this crate nor the API of either era knows, with
//! the nearest known one, and documents with their keys in the API's letter case: it reads them in any. May
//! import the rest of `model` but its builders, `syntax` and `time`.

#[cfg(feature = "http")]
mod bodies;
mod keyed;
mod schema;

use std::fmt;
use std::ptr;

use serde_json::{Map, Value};

pub(crate) use self::keyed::Keyed;
use self::schema::{JOB, REQUEST};
pub(crate) use self::schema::{Kind, Object};
use crate::model::job_spec::JobSpec;
use crate::model::printable::printable;
use crate::model::read_error::ReadError;
use crate::syntax::nearest::nearest;

/// A key of a job document that nobody knows by this name.
///
/// Its text (`Display`) says where it is and what was done with it.
///
/// ```
/// use stowplan::model::read;
///
/// let text = r#"{"ID": "web", "Datacentres": ["eu1"], "TaskGroups": [{"name": "front"}]}"#;
/// let found: Vec<String> = read::unknown_keys(text)?.iter().map(ToString::to_string).collect();
/// assert_eq!(found, [
///     "Datacentres: unknown key, ignored; did you mean `Datacenters`?",
///     "TaskGroups[0].name: read as `Name`",
/// ]);
/// # Ok::<(), read::ReadError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownKey {
    /// Where it is, the key itself included: `TaskGroups[0].Conut`.
    pub path: String,
    /// The known key that is nearest to it, if any is near.
    pub nearest: Option<&'static str>,
    /// Whether it differs from that key in letter case only, and is read as that one.
    pub is_read: bool,
}

impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = printable(&self.path);
        match (self.nearest, self.is_read) {
            (Some(known), true) => write!(f, "{path}: read as `{known}`"),
            (Some(known), false) => {
                write!(f, "{path}: unknown key, ignored; did you mean `{known}`?")
            }
            (None, _) => write!(f, "{path}: unknown key, ignored"),
        }
    }
}

/// The unknown keys of a text of jobs in any of its shapes: a job, a request with one, a list of either.
pub(crate) fn of_text(value: &Value) -> Vec<UnknownKey> {
    let mut found = Vec::new();
    match value {
        Value::Array(documents) => {
            for (at, document) in documents.iter().enumerate() {
                walk(document, shape_of(document), true, &format!("[{at}]"), &mut found);
            }
        }
        document => walk(document, shape_of(document), true, "", &mut found),
    }
    found
}

/// The unknown keys of one job.
pub(crate) fn of_job(job: &Value) -> Vec<UnknownKey> {
    let mut found = Vec::new();
    walk(job, &JOB, true, "", &mut found);
    found
}

/// The unknown keys of an object, whose own are read in their letter case only, and of the jobs that it holds.
pub(crate) fn of_object(value: &Value, object: &'static Object) -> Vec<UnknownKey> {
    let mut found = Vec::new();
    walk(value, object, false, "", &mut found);
    found
}

/// A job with its keys in the API's letter case; none where they are. Where the right key is there too,
/// the other stays as it is.
///
/// # Errors
///
/// What stands under such a key has the wrong type.
pub(crate) fn corrected(job: &JobSpec) -> Option<Result<JobSpec, ReadError>> {
    // What was read from JSON can be written as JSON.
    let mut value = serde_json::to_value(job).ok()?;
    if !of_job(&value).iter().any(|key| key.is_read) {
        return None;
    }
    correct(&mut value, &JOB);
    let read = serde_path_to_error::deserialize(value);
    Some(read.map_err(|error| ReadError::from_json(error.path(), error.inner())))
}

/// What the body of a request is, so that its keys are known.
#[cfg(feature = "http")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyKind {
    /// A job with what stands around it.
    Job,
    /// A node that joins.
    Node,
    /// What became of allocations.
    Updates,
    Namespace,
    NodePool,
    Scheduler,
}

/// Puts the keys of a request's JSON into the API's letter case, where the right ones say nothing.
#[cfg(feature = "http")]
pub(crate) fn correct_keys(body: &mut Value, kind: BodyKind) {
    let object = match kind {
        BodyKind::Job => &REQUEST,
        BodyKind::Node => &bodies::NODE_REQUEST,
        BodyKind::Updates => &bodies::UPDATES,
        BodyKind::Namespace => &bodies::NAMESPACE,
        BodyKind::NodePool => &bodies::NODE_POOL,
        BodyKind::Scheduler => &bodies::SCHEDULER,
    };
    correct(body, object);
}

/// A request has its job under a key, which may be misspelt where there is nothing that names a job.
fn shape_of(document: &Value) -> &'static Object {
    let Value::Object(keys) = document else { return &JOB };
    let seems_request =
        || !keys.contains_key("ID") && keys.keys().any(|key| nearest(key, ["Job"]).is_some());
    if keys.contains_key("Job") || seems_request() { &REQUEST } else { &JOB }
}

impl Object {
    fn kind(&self, key: &str) -> Option<Kind> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, kind)| *kind)
    }

    /// The known key that differs from another in letter case only.
    fn in_other_case(&self, key: &str) -> Option<&'static str> {
        self.0.iter().map(|(known, _)| *known).find(|known| known.eq_ignore_ascii_case(key))
    }
}

/// `any_case` says whether keys in another letter case are read, as they are in every job.
fn walk(
    value: &Value,
    object: &'static Object,
    any_case: bool,
    path: &str,
    found: &mut Vec<UnknownKey>,
) {
    let Value::Object(keys) = value else { return };
    let any_case = any_case || ptr::eq(object, &JOB);
    for (key, value) in keys {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let kind = object.kind(key).or_else(|| {
            let in_other_case = object.in_other_case(key);
            let known = object.0.iter().map(|(known, _)| *known);
            found.push(UnknownKey {
                path: path.clone(),
                nearest: in_other_case.or_else(|| nearest(key, known)),
                is_read: any_case && in_other_case.is_some_and(|known| is_absent(keys, known)),
            });
            object.kind(in_other_case.filter(|_| any_case)?)
        });
        match (kind, value) {
            (Some(Kind::One(object)), value) => walk(value, object, any_case, &path, found),
            (Some(Kind::List(object)), Value::Array(values)) => {
                for (at, value) in values.iter().enumerate() {
                    walk(value, object, any_case, &format!("{path}[{at}]"), found);
                }
            }
            (Some(Kind::Map(object)), Value::Object(values)) => {
                for (name, value) in values {
                    walk(value, object, any_case, &format!("{path}.{name}"), found);
                }
            }
            _ => {}
        }
    }
}

/// Whether a key is not there, or holds what a document that has nothing under it is written with.
fn is_absent(keys: &Map<String, Value>, key: &str) -> bool {
    match keys.get(key) {
        None | Some(Value::Null | Value::Bool(false)) => true,
        Some(Value::Number(number)) => number.as_f64() == Some(0.0),
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(values)) => values.is_empty(),
        Some(Value::Object(keys)) => keys.is_empty(),
        Some(Value::Bool(true)) => false,
    }
}

fn correct(value: &mut Value, object: &'static Object) {
    let Value::Object(keys) = value else { return };
    let in_other_case =
        |key: &String| object.kind(key).is_none().then(|| object.in_other_case(key)).flatten();
    if keys.keys().any(|key| in_other_case(key).is_some()) {
        let mut corrected = Map::new();
        for (key, value) in std::mem::take(keys) {
            let known = in_other_case(&key).filter(|known| is_absent(&corrected, known));
            match known {
                Some(known) => _ = corrected.insert(known.to_owned(), value),
                None if is_absent(&corrected, &key) => _ = corrected.insert(key, value),
                None => {}
            }
        }
        *keys = corrected;
    }
    for (key, value) in keys.iter_mut() {
        match (object.kind(key), value) {
            (Some(Kind::One(object)), value) => correct(value, object),
            (Some(Kind::List(object)), Value::Array(values)) => {
                values.iter_mut().for_each(|value| correct(value, object));
            }
            (Some(Kind::Map(object)), Value::Object(values)) => {
                values.values_mut().for_each(|value| correct(value, object));
            }
            _ => {}
        }
    }
}
