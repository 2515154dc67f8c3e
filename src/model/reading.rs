//! Reading documents from texts: see [`read`](super::read).

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::allocation::Allocation;
use super::job_spec::JobSpec;
use super::keys::{self, UnknownKey};
use super::node_spec::NodeSpec;
use super::problem::{Problem, excerpt};
use super::zeros::without_negative_zeros;

use super::read_error::ReadError;

/// Reads jobs: `{"Job": {...}}` (also with the other keys of a register request), a bare job, or a
/// list of either.
///
/// # Errors
///
/// The text is not UTF-8, not JSON, or something in it has the wrong type; the error says where.
///
/// ```
/// use stowplan::model::read;
///
/// let jobs = read::jobs(r#"{"Job": {"ID": "web", "TaskGroups": [{"Name": "front"}]}}"#)?;
/// assert_eq!(jobs[0].id, "web");
///
/// let error = read::jobs(r#"[{"ID": "web", "Priority": "high"}]"#).unwrap_err();
/// assert_eq!(error.to_string(), "[0].Priority: expected an integer, found the string `high`");
/// # Ok::<(), read::ReadError>(())
/// ```
pub fn jobs(text: impl AsRef<[u8]>) -> Result<Vec<JobSpec>, ReadError> {
    documents(text.as_ref())
}

/// The keys of a text of jobs, in any of the shapes of [`jobs`], that neither this crate nor the API of
/// either era knows, and those in another letter case.
///
/// # Errors
///
/// The text is not UTF-8 or not JSON.
pub fn unknown_keys(text: impl AsRef<[u8]>) -> Result<Vec<UnknownKey>, ReadError> {
    let text = ReadError::utf8(text.as_ref())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value = serde_json::from_str(&without_negative_zeros(text))
        .map_err(|error| ReadError::syntax(&error))?;
    Ok(keys::of_text(&value))
}

/// Reads a text that holds exactly one job, in any of the shapes of [`jobs`].
///
/// # Errors
///
/// As for [`jobs`], and where there are several jobs or none.
pub fn job(text: impl AsRef<[u8]>) -> Result<JobSpec, ReadError> {
    single(jobs(text)?)
}

/// Reads nodes: one node or a list of nodes.
///
/// # Errors
///
/// As for [`jobs`].
///
/// ```
/// use stowplan::model::read;
///
/// let error = read::nodes(r#"{"NodeResources": {"Cpu": {"CpuShares": true}}}"#).unwrap_err();
/// assert_eq!(error.path(), "NodeResources.Cpu.CpuShares");
/// assert_eq!(error.message(), "expected an integer, found the boolean `true`");
/// ```
pub fn nodes(text: impl AsRef<[u8]>) -> Result<Vec<NodeSpec>, ReadError> {
    documents(text.as_ref())
}

/// Reads a text that holds exactly one node.
///
/// # Errors
///
/// As for [`nodes`], and where there are several nodes or none.
pub fn node(text: impl AsRef<[u8]>) -> Result<NodeSpec, ReadError> {
    single(nodes(text)?)
}

/// Reads allocations: one allocation or a list of allocations.
///
/// # Errors
///
/// As for [`jobs`].
pub fn allocations(text: impl AsRef<[u8]>) -> Result<Vec<Allocation>, ReadError> {
    documents(text.as_ref())
}

/// A kind of document that files hold.
trait Kind: for<'de> Deserialize<'de> {
    /// What it is called.
    const NOUN: &'static str;

    /// What is expected of a text.
    const EXPECTED: &'static str;

    /// The key of an object that may be around it.
    const WRAPPER: Option<&'static str>;
}

impl Kind for JobSpec {
    const NOUN: &'static str = "job";
    const EXPECTED: &'static str = "a job or a list of jobs";
    const WRAPPER: Option<&'static str> = Some("Job");
}

impl Kind for NodeSpec {
    const NOUN: &'static str = "node";
    const EXPECTED: &'static str = "a node or a list of nodes";
    const WRAPPER: Option<&'static str> = None;
}

impl Kind for Allocation {
    const NOUN: &'static str = "allocation";
    const EXPECTED: &'static str = "an allocation or a list of allocations";
    const WRAPPER: Option<&'static str> = None;
}

/// The only document of a text.
fn single<T: Kind>(mut documents: Vec<T>) -> Result<T, ReadError> {
    match (documents.pop(), documents.len()) {
        (Some(document), 0) => Ok(document),
        (Some(_), more) => Err(ReadError::whole(&format!(
            "expected one {}, found a list of {}",
            T::NOUN,
            more.saturating_add(1)
        ))),
        (None, _) => {
            Err(ReadError::whole(&format!("expected one {}, found an empty list", T::NOUN)))
        }
    }
}

/// Reads a text twice: first for its shape, which finds every mistake of syntax, then for its content,
/// so that content goes straight into its structs and errors know their paths.
fn documents<T: Kind>(bytes: &[u8]) -> Result<Vec<T>, ReadError> {
    let text = ReadError::utf8(bytes)?;
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_ascii().is_empty() {
        return Err(ReadError::whole(&format!("expected {}, found an empty text", T::EXPECTED)));
    }
    if !begins_as_json(text) {
        let message = format!(
            "expected {} in JSON, found a text that begins with `{}`",
            T::EXPECTED,
            text.trim_start().lines().next().map(excerpt).unwrap_or_default()
        );
        return Err(ReadError::whole(&message));
    }
    let text = &*without_negative_zeros(text);
    let shape = shape_of::<T>(text)?;

    let mut track = serde_path_to_error::Track::new();
    let mut json = serde_json::Deserializer::from_str(text);
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    Text { shape, kind: PhantomData }
        .deserialize(tracked)
        .map_err(|error| ReadError::from_json(&track.path(), &error))
}

/// Whether a text may be JSON. Most that are not are job files in HCL, and to be told the line and the
/// column would not help much there.
fn begins_as_json(text: &str) -> bool {
    let text = text.trim_ascii_start();
    let begins = |first: char| matches!(first, '{' | '[' | '"' | '-' | '0'..='9');
    text.starts_with(begins) || ["true", "false", "null"].iter().any(|word| text.starts_with(word))
}

/// The shape of a text, or what is wrong with its syntax.
fn shape_of<T: Kind>(text: &str) -> Result<Shape, ReadError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let shape = Shape::read(&mut json, T::WRAPPER).and_then(|shape| json.end().map(|()| shape));
    let shape = shape.map_err(|error| ReadError::syntax(&error))?;
    let misspelt = |key: &str| match T::WRAPPER {
        Some(wrapper) => format!("unknown key `{key}`, did you mean `{wrapper}`"),
        None => String::new(),
    };
    match &shape {
        Shape::One(Wrapping::Misspelt(key)) => return Err(ReadError::whole(&misspelt(key))),
        Shape::Many(elements) => {
            for (i, element) in elements.iter().enumerate() {
                if let Wrapping::Misspelt(key) = element {
                    return Err(ReadError::from(Problem::new(&format!("[{i}]"), &misspelt(key))));
                }
            }
        }
        Shape::One(_) => {}
    }
    Ok(shape)
}

/// What a text holds.
enum Shape {
    One(Wrapping),
    Many(Vec<Wrapping>),
}

/// Whether a document is in an object around it.
enum Wrapping {
    Bare,
    Wrapped,
    /// There is a key that differs from the wrapper's by letter case.
    Misspelt(String),
}

impl Shape {
    fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        wrapper: Option<&'static str>,
    ) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor { wrapper })
    }
}

struct ShapeVisitor {
    wrapper: Option<&'static str>,
}

/// Visits anything that is not an object or a list as a bare document: reading it will fail, in the
/// words of that document's kind.
macro_rules! scalars_are {
    ($value:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("JSON")
        }

        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($value)
        }
    };
}

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    scalars_are!(Shape::One(Wrapping::Bare));

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Shape, A::Error> {
        WrappingSeed { wrapper: self.wrapper }.visit_map(object).map(Shape::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Shape, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element_seed(WrappingSeed { wrapper: self.wrapper })? {
            elements.push(element);
        }
        Ok(Shape::Many(elements))
    }
}

struct WrappingSeed {
    wrapper: Option<&'static str>,
}

impl<'de> DeserializeSeed<'de> for WrappingSeed {
    type Value = Wrapping;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Wrapping, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for WrappingSeed {
    type Value = Wrapping;

    scalars_are!(Wrapping::Bare);

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Wrapping, A::Error> {
        let mut wrapping = Wrapping::Bare;
        while let Some(key) = object.next_key::<String>()? {
            object.next_value::<IgnoredAny>()?;
            match self.wrapper {
                Some(wrapper) if key == wrapper => wrapping = Wrapping::Wrapped,
                Some(wrapper)
                    if key.eq_ignore_ascii_case(wrapper)
                        && !matches!(wrapping, Wrapping::Wrapped) =>
                {
                    wrapping = Wrapping::Misspelt(key);
                }
                _ => {}
            }
        }
        Ok(wrapping)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Wrapping, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Wrapping::Bare)
    }
}

/// Reads the documents of a text whose shape is known.
struct Text<T> {
    shape: Shape,
    kind: PhantomData<T>,
}

impl<'de, T: Kind> DeserializeSeed<'de> for Text<T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        match self.shape {
            Shape::One(wrapping) => {
                let element = Element { wrapping, expected: T::EXPECTED, kind: self.kind };
                Ok(vec![element.deserialize(deserializer)?])
            }
            Shape::Many(_) => deserializer.deserialize_seq(self),
        }
    }
}

impl<'de, T: Kind> Visitor<'de> for Text<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let Shape::Many(elements) = self.shape else {
            return Ok(Vec::new());
        };
        let mut documents = Vec::with_capacity(elements.len());
        for wrapping in elements {
            let element = Element { wrapping, expected: "an object", kind: self.kind };
            match list.next_element_seed(element)? {
                Some(document) => documents.push(document),
                None => break,
            }
        }
        // The list is read to its end, or its reader would take the closing bracket for an error.
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(documents)
    }
}

/// Reads one document, alone or in the object around it.
struct Element<T> {
    wrapping: Wrapping,
    expected: &'static str,
    kind: PhantomData<T>,
}

impl<'de, T: Kind> DeserializeSeed<'de> for Element<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Kind> Visitor<'de> for Element<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<T, A::Error> {
        if !matches!(self.wrapping, Wrapping::Wrapped) {
            return T::deserialize(MapAccessDeserializer::new(object));
        }
        let mut document = None;
        while let Some(key) = object.next_key::<String>()? {
            if Some(key.as_str()) != T::WRAPPER {
                object.next_value::<IgnoredAny>()?;
            } else if document.replace(object.next_value::<T>()?).is_some() {
                return Err(serde::de::Error::duplicate_field(T::WRAPPER.unwrap_or_default()));
            }
        }
        document.ok_or_else(|| serde::de::Error::missing_field(T::WRAPPER.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        jobs(text).unwrap().into_iter().map(|job| job.id).collect()
    }

    #[test]
    fn jobs_are_read_in_every_shape() {
        assert_eq!(ids(r#"{"ID": "a"}"#), ["a"]);
        assert_eq!(ids(r#"{"Job": {"ID": "a"}}"#), ["a"]);
        assert_eq!(
            ids(r#"{"EnforceIndex": true, "Job": {"ID": "a"}, "JobModifyIndex": 4}"#),
            ["a"]
        );
        assert_eq!(
            ids(r#"[{"Job": {"ID": "a"}}, {"ID": "b"}, {"Job": {"ID": "c"}}]"#),
            ["a", "b", "c"]
        );
        assert_eq!(ids("[]"), [""; 0]);
        assert_eq!(ids("\u{feff} {\"ID\": \"a\"} \n"), ["a"]);
    }

    #[test]
    fn unknown_keys_are_kept() {
        let job = job(r#"{"ID": "a", "Multiregion": {"Regions": []}, "Other": null}"#).unwrap();
        assert_eq!(job.extra["Multiregion"]["Regions"], serde_json::json!([]));
        assert_eq!(job.extra["Other"], serde_json::Value::Null);
        // Nodes and allocations have no wrapper, so this key is as unknown as any.
        let node = node(r#"{"ID": "a", "job": 5}"#).unwrap();
        assert_eq!(node.extra["job"], 5);
    }

    #[test]
    fn a_zero_has_no_sign() {
        let text = r#"{"ID": "-0", "Priority": -0, "Version": -0, "Other": -0, "Meta": {"a": "-0"},
            "TaskGroups": [{"Count": -0}]}"#;
        let job = job(text).unwrap();
        assert_eq!((job.priority, job.version, job.task_groups[0].count), (Some(0), 0, Some(0)));
        let written = serde_json::to_string(&job).unwrap();
        assert!(!written.contains(":-0"), "{written}");
        // What is wrong elsewhere keeps its place.
        let error = super::job(r#"{"Version": -0, "ID": }"#).unwrap_err();
        assert_eq!(error.path(), "line 1, column 23");
    }

    #[test]
    fn of_the_keys_that_users_choose_the_last_wins() {
        let job = job(r#"{"Meta": {"a": "1", "a": "2"}, "Other": 1, "Other": 2}"#).unwrap();
        assert_eq!(job.meta["a"], "2");
        assert_eq!(job.extra["Other"], 2);
    }

    #[test]
    fn reading_again_changes_nothing() {
        let text =
            r#"{"ID": "a", "Priority": 9223372036854775807, "Float": 0.1, "Deep": [[[{}]]]}"#;
        let first = job(text).unwrap();
        let second = job(serde_json::to_string(&first).unwrap()).unwrap();
        assert_eq!(first, second);
    }
}
