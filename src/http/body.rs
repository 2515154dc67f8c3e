//! Bodies of requests: JSON whose keys match in any letter case, as the API's do.

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::error::Category;
use serde_json::{Error, Map, Value};

use super::refusal::Refusal;
use crate::model::read::ReadError;

/// Reads a body. The keys of its objects may be in any letter case where their names are fixed.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    match value(body)? {
        // As if nothing were said.
        Value::Null => of_value(Value::Object(Map::new())),
        value @ (Value::Object(_) | Value::Array(_)) => of_value(value),
        _ => Err(Refusal::bad("expected an object")),
    }
}

/// Reads a body as JSON.
pub(super) fn value(body: &[u8]) -> Result<Value, Refusal> {
    if body.trim_ascii().is_empty() {
        return Err(Refusal::bad("Request body is empty"));
    }
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Eof => Refusal::bad("unexpected EOF"),
        _ => Refusal::bad(ReadError::syntax(&error).to_string()),
    })
}

/// Reads what a value holds.
pub(super) fn of_value<T: DeserializeOwned>(value: Value) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(AnyCase(value)).map_err(|error| {
        Refusal::bad(ReadError::from_json(error.path(), error.inner()).to_string())
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
        let read = |text: &str| read::<Body>(text.as_bytes()).unwrap();
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
    fn documents_are_read_as_elsewhere() {
        let spec: JobSpec = read(br#"{"ID": "web", "Priority": 70, "Meta": {"a": "b"}}"#).unwrap();
        assert_eq!((spec.id.as_str(), spec.priority), ("web", Some(70)));
        let _: EphemeralDisk = read(br#"{"SizeMB": 10}"#).unwrap();
        let _: AllocationDeploymentStatus = read(br#"{"Healthy": true}"#).unwrap();
    }

    #[test]
    fn mistakes_say_what_and_where() {
        let text = |body: &[u8]| read::<Body>(body).unwrap_err().text().to_owned();
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
