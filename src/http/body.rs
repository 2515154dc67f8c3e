//! Bodies of requests: JSON whose keys match in any letter case, as the API's do.

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::error::Category;
use serde_json::{Error, Map, Value};

use super::aside::aside;
use super::refusal::Refusal;
use super::text::excerpt;
use crate::model::read::ReadError;
use crate::model::{BodyKind, correct_keys};

/// How deeply a body may be nested. What is kept of it is nested a little more deeply, and has to be read
/// again.
const NESTING_MAX: usize = 64;
/// Bodies of more bytes take their time to be read.
const LARGE: usize = 64 << 10;
/// How much of the path of a mistake is repeated, in bytes.
const PATH_MAX: usize = 150;

/// The body of a request: as it came, or read as JSON already.
#[derive(Debug)]
pub(super) enum Sent {
    Bytes(Vec<u8>),
    Read { value: Value, is_large: bool },
}

impl Sent {
    fn is_large(&self) -> bool {
        match self {
            Sent::Bytes(bytes) => bytes.len() > LARGE,
            Sent::Read { is_large, .. } => *is_large,
        }
    }

    /// The region that an object names at its top; what was sent is read then, unless it can not be: what is
    /// wrong with it is said where all of it is read.
    pub(super) fn region(&mut self) -> Option<String> {
        let is_large = self.is_large();
        if let Sent::Bytes(bytes) = self {
            let names_any = bytes.windows(6).any(|it| it.eq_ignore_ascii_case(b"region"));
            if !names_any {
                return None;
            }
            *self = Sent::Read { value: value(bytes).ok()?, is_large };
        }
        let Sent::Read { value: Value::Object(keys), .. } = self else { return None };
        let in_any_case = || keys.iter().find(|(key, _)| key.eq_ignore_ascii_case("Region"));
        let region = keys.get("Region").or_else(|| Some(in_any_case()?.1))?.as_str()?;
        (!region.is_empty()).then(|| region.to_owned())
    }

    /// Whether nothing was sent but blanks.
    pub(super) fn is_blank(&self) -> bool {
        matches!(self, Sent::Bytes(bytes) if bytes.trim_ascii().is_empty())
    }

    /// The JSON that was sent.
    fn value(self) -> Result<Value, Refusal> {
        match self {
            Sent::Bytes(bytes) => value(&bytes),
            Sent::Read { value, .. } => Ok(value),
        }
    }
}

/// Reads a body with documents, whose keys may be in any letter case too.
pub(super) fn read_as<T: DeserializeOwned>(kind: BodyKind, sent: Sent) -> Result<T, Refusal> {
    in_time(sent, |sent| {
        let mut value = sent.value()?;
        correct_keys(&mut value, kind);
        of_body(value)
    })
}

/// Reads a body. The keys of its objects may be in any letter case where their names are fixed.
pub(super) fn read<T: DeserializeOwned>(sent: Sent) -> Result<T, Refusal> {
    in_time(sent, |sent| of_body(sent.value()?))
}

/// Reads a body, a large one beside what is served meanwhile.
fn in_time<T>(sent: Sent, read: impl FnOnce(Sent) -> T) -> T {
    if sent.is_large() { aside(|| read(sent)) } else { read(sent) }
}

fn of_body<T: DeserializeOwned>(value: Value) -> Result<T, Refusal> {
    match value {
        // As if nothing were said.
        Value::Null => of_value(Value::Object(Map::new())),
        value @ (Value::Object(_) | Value::Array(_)) => of_value(value),
        _ => Err(Refusal::bad("expected an object")),
    }
}

/// Reads a body as JSON.
fn value(body: &[u8]) -> Result<Value, Refusal> {
    if body.trim_ascii().is_empty() {
        return Err(Refusal::bad("Request body is empty"));
    }
    let value = serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Eof => Refusal::bad("unexpected EOF"),
        _ => Refusal::bad(ReadError::syntax(&error).to_string()),
    })?;
    match is_deeper(&value, NESTING_MAX) {
        true => Err(Refusal::bad("Request body is nested too deeply")),
        false => Ok(value),
    }
}

/// Whether lists and objects are in each other more often than so many times.
fn is_deeper(value: &Value, levels: usize) -> bool {
    let inside = |value: &Value| levels == 0 || is_deeper(value, levels - 1);
    match value {
        Value::Array(values) => levels == 0 || values.iter().any(inside),
        Value::Object(keys) => levels == 0 || keys.values().any(inside),
        _ => false,
    }
}

/// Reads what a value holds.
pub(super) fn of_value<T: DeserializeOwned>(value: Value) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(AnyCase(value)).map_err(|error| {
        let path = error.path().to_string();
        if path.len() <= PATH_MAX {
            return Refusal::bad(ReadError::from_json(error.path(), error.inner()).to_string());
        }
        let begins = excerpt(&path);
        Refusal::bad(format!("{begins}...: the value there is not of the type that it has to be"))
    })
}

/// A value whose keys match those of structs in any letter case. Where the right key is there too, the
/// other does not count.
struct AnyCase(Value);

impl AnyCase {
    /// The keys of an object under the names of a struct's fields.
    fn with_keys(keys: Map<String, Value>, fields: &'static [&'static str]) -> Map<String, Value> {
        let is_known = |key: &str| fields.contains(&key);
        if keys.keys().all(|key| is_known(key)) {
            return keys;
        }
        let (mut known, others): (Map<_, _>, Map<_, _>) =
            keys.into_iter().partition(|(key, _)| is_known(key));
        for (key, value) in others {
            let name = fields.iter().find(|field| field.eq_ignore_ascii_case(&key));
            let name = name.map_or(key, |field| (*field).to_owned());
            known.entry(name).or_insert(value);
        }
        known
    }
}

impl<'de> Deserializer<'de> for AnyCase {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(values) => visitor.visit_seq(List(values.into_iter())),
            Value::Object(keys) => {
                visitor.visit_map(Object { keys: keys.into_iter(), value: None })
            }
            value => value.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(keys) => {
                AnyCase(Value::Object(AnyCase::with_keys(keys, fields))).deserialize_any(visitor)
            }
            // Otherwise its elements would be taken for the fields in their order.
            Value::Array(_) => Err(Error::invalid_type(Unexpected::Seq, &"an object")),
            value => AnyCase(value).deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            value => visitor.visit_some(AnyCase(value)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct List(std::vec::IntoIter<Value>);

impl<'de> SeqAccess<'de> for List {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.0.next().map(|value| seed.deserialize(AnyCase(value))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Object {
    keys: serde_json::map::IntoIter,
    value: Option<Value>,
}

impl<'de> MapAccess<'de> for Object {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.keys.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(AnyCase(self.value.take().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AllocationDeploymentStatus, EphemeralDisk, JobSpec};

    fn sent(text: &str) -> Sent {
        Sent::Bytes(text.as_bytes().to_vec())
    }

    #[test]
    fn a_region_is_found_at_the_top_of_a_body() {
        let region = |text: &str| sent(text).region();
        assert_eq!(region(r#"{"Region": "eu"}"#).as_deref(), Some("eu"));
        assert_eq!(region(r#"{"region": "no", "Region": "eu"}"#).as_deref(), Some("eu"));
        assert_eq!(region(r#"{"regION": "eu", "ID": 1}"#).as_deref(), Some("eu"));
        for text in ["", "{", r#"{"Region": ""}"#, r#"{"Region": 3}"#, r#"[{"Region": "eu"}]"#] {
            assert_eq!(region(text), None, "{text}");
        }
        assert_eq!(region(r#"{"Meta": {"Region": "eu"}}"#), None);
        let mut both = sent(r#"{"JobID": "web", "Region": "eu"}"#);
        assert_eq!(both.region().as_deref(), Some("eu"));
        assert_eq!(read::<Body>(both).unwrap().job_id, "web");
    }

    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(default)]
    struct Body {
        #[serde(rename = "JobID")]
        job_id: String,
        #[serde(rename = "Inner")]
        inner: Option<Inner>,
        #[serde(rename = "List")]
        list: Vec<Inner>,
    }

    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(default)]
    struct Inner {
        #[serde(rename = "Count")]
        count: i64,
    }

    #[test]
    fn keys_match_in_any_letter_case_at_every_depth() {
        let read = |text: &str| read::<Body>(sent(text)).unwrap();
        let body =
            read(r#"{"jobid": "web", "INNER": {"count": 3}, "list": [{"COUNT": 4}], "more": 1}"#);
        let expected = Body {
            job_id: "web".into(),
            inner: Some(Inner { count: 3 }),
            list: vec![Inner { count: 4 }],
        };
        assert_eq!(body, expected);
        assert_eq!(read(r#"{"jobid": "no", "JobID": "web"}"#).job_id, "web");
    }

    #[test]
    fn keys_of_jobs_match_in_any_letter_case() {
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct WithJob {
            #[serde(rename = "Job")]
            job: JobSpec,
        }
        let text =
            r#"{"job": {"id": "web", "REGION": "eu", "taskgroups": [{"name": "g", "COUNT": 3}]}}"#;
        let spec = read_as::<WithJob>(BodyKind::Job, sent(text)).unwrap().job;
        assert_eq!((spec.id.as_str(), spec.region.as_str()), ("web", "eu"));
        assert_eq!((spec.task_groups[0].name.as_str(), spec.task_groups[0].count), ("g", Some(3)));
    }

    #[test]
    fn bodies_are_not_nested_deeply() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(value(nested(NESTING_MAX).as_bytes()).is_ok());
        let refused = value(nested(NESTING_MAX + 1).as_bytes()).unwrap_err();
        assert_eq!(refused.text(), "Request body is nested too deeply");
    }

    #[test]
    fn documents_are_read_as_elsewhere() {
        let spec: JobSpec =
            read(sent(r#"{"ID": "web", "Priority": 70, "Meta": {"a": "b"}}"#)).unwrap();
        assert_eq!((spec.id.as_str(), spec.priority), ("web", Some(70)));
        let _: EphemeralDisk = read(sent(r#"{"SizeMB": 10}"#)).unwrap();
        let _: AllocationDeploymentStatus = read(sent(r#"{"Healthy": true}"#)).unwrap();
    }

    #[test]
    fn mistakes_say_what_and_where() {
        let text =
            |body: &[u8]| read::<Body>(Sent::Bytes(body.to_vec())).unwrap_err().text().to_owned();
        assert_eq!(text(b""), "Request body is empty");
        assert_eq!(text(b" \n"), "Request body is empty");
        assert_eq!(text(b"{\"JobID\": "), "unexpected EOF");
        assert_eq!(text(br#"{"JobID": 3}"#), "JobID: expected a string, found the integer `3`");
        assert_eq!(
            text(br#"{"list": [{"count": "x"}]}"#),
            "List[0].Count: expected an integer, found the string `x`"
        );
        assert!(text(b"{nope}").starts_with("line 1, column 2"));
    }
}
