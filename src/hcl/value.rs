//! What expressions come to.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::number::Number;
use crate::syntax::nearest::nearest;

/// How deep lists and objects may be inside each other.
const DEPTH_MAX: u32 = 64;

/// A value. Lists and objects are shared, so that a copy costs nothing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(Arc<str>),
    List(Arc<List>),
    Object(Arc<Object>),
}

/// The elements of a list, a tuple or a set.
#[derive(Debug, PartialEq)]
pub(super) struct List {
    depth: u32,
    pub(super) items: Vec<Value>,
}

/// The values of an object or a map, by name and in the order of their names.
#[derive(Debug, PartialEq)]
pub(super) struct Object {
    depth: u32,
    pub(super) fields: Fields,
}

/// What an object consists of.
pub(super) type Fields = BTreeMap<String, Value>;

impl Value {
    pub(super) fn text(text: impl AsRef<str>) -> Self {
        Value::Text(Arc::from(text.as_ref()))
    }

    pub(super) fn int(number: i64) -> Self {
        Value::Number(Number::from(number))
    }

    /// A count of things.
    pub(super) fn count(count: usize) -> Self {
        Value::int(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// A list.
    ///
    /// # Errors
    ///
    /// Lists and objects are too deep inside each other.
    pub(super) fn list(items: Vec<Value>) -> Result<Self, String> {
        let depth = one_more(items.iter())?;
        Ok(Value::List(Arc::new(List { depth, items })))
    }

    /// A list of texts.
    pub(super) fn texts(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let items = texts.into_iter().map(Value::text).collect();
        Value::List(Arc::new(List { depth: 1, items }))
    }

    /// An object.
    ///
    /// # Errors
    ///
    /// Lists and objects are too deep inside each other.
    pub(super) fn object(fields: Fields) -> Result<Self, String> {
        let depth = one_more(fields.values())?;
        Ok(Value::Object(Arc::new(Object { depth, fields })))
    }

    fn depth(&self) -> u32 {
        match self {
            Value::List(list) => list.depth,
            Value::Object(object) => object.depth,
            _ => 0,
        }
    }

    /// What it is, for people.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "`null`",
            Value::Bool(_) => "a truth value",
            Value::Number(_) => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
        }
    }

    /// The value as a text: numbers and truth values are written out.
    ///
    /// # Errors
    ///
    /// It is something else.
    pub(super) fn to_text(&self) -> Result<Arc<str>, String> {
        match self {
            Value::Text(text) => Ok(Arc::clone(text)),
            Value::Number(number) => Ok(Arc::from(number.to_string())),
            Value::Bool(truth) => Ok(Arc::from(if *truth { "true" } else { "false" })),
            other => Err(format!("expected a string, found {}", other.kind())),
        }
    }

    /// The value as a number; texts are read.
    pub(super) fn to_number(&self) -> Result<Number, String> {
        match self {
            Value::Number(number) => Ok(*number),
            Value::Text(text) => {
                text.parse().map_err(|()| format!("expected a number, found {}", quoted(text)))
            }
            other => Err(format!("expected a number, found {}", other.kind())),
        }
    }

    /// The value as an integer.
    pub(super) fn to_int(&self) -> Result<i64, String> {
        let number = self.to_number()?;
        number.as_int().ok_or_else(|| format!("expected an integer, found {number}"))
    }

    /// The value as a truth value; the texts `true` and `false` (and `1` and `0`) are read.
    pub(super) fn to_bool(&self) -> Result<bool, String> {
        match self {
            Value::Bool(truth) => Ok(*truth),
            Value::Text(text) => match &**text {
                "true" | "1" => Ok(true),
                "false" | "0" => Ok(false),
                text => Err(format!("expected `true` or `false`, found {}", quoted(text))),
            },
            other => Err(format!("expected `true` or `false`, found {}", other.kind())),
        }
    }

    /// Its elements.
    pub(super) fn to_list(&self) -> Result<&[Value], String> {
        match self {
            Value::List(list) => Ok(&list.items),
            other => Err(format!("expected a list, found {}", other.kind())),
        }
    }

    /// Its fields.
    pub(super) fn to_object(&self) -> Result<&Fields, String> {
        match self {
            Value::Object(object) => Ok(&object.fields),
            other => Err(format!("expected an object, found {}", other.kind())),
        }
    }

    /// The value of a key.
    pub(super) fn field(&self, key: &str) -> Result<Value, String> {
        let fields = self.to_object()?;
        fields.get(key).cloned().ok_or_else(|| {
            match nearest(key, fields.keys().map(String::as_str)) {
                Some(near) => format!("there is no {} here; did you mean `{near}`?", quoted(key)),
                None => format!("there is no {} here", quoted(key)),
            }
        })
    }

    /// The element at an index or of a key.
    pub(super) fn element(&self, index: &Value) -> Result<Value, String> {
        let Value::List(list) = self else { return self.field(&index.to_text()?) };
        let number = index.to_int()?;
        let found = usize::try_from(number).ok().and_then(|at| list.items.get(at));
        let length = list.items.len();
        found.cloned().ok_or_else(|| format!("there is no element {number}: the list has {length}"))
    }

    /// What a loop goes through: indices or keys, and what is there.
    pub(super) fn entries(&self) -> Result<Vec<(Value, Value)>, String> {
        match self {
            Value::List(list) => {
                let entries = list.items.iter().enumerate();
                Ok(entries.map(|(at, item)| (Value::count(at), item.clone())).collect())
            }
            Value::Object(object) => {
                let entries = object.fields.iter();
                Ok(entries.map(|(key, item)| (Value::text(key), item.clone())).collect())
            }
            other => {
                Err(format!("expected a list or an object to go through, found {}", other.kind()))
            }
        }
    }
}

/// The depth of what holds these values.
fn one_more<'a>(values: impl Iterator<Item = &'a Value>) -> Result<u32, String> {
    let depth = values.map(Value::depth).max().unwrap_or(0) + 1;
    if depth > DEPTH_MAX {
        return Err(format!("lists and objects are more than {DEPTH_MAX} deep inside each other"));
    }
    Ok(depth)
}

/// A text of the file as a message repeats it: short, and on one line.
pub(super) fn quoted(text: &str) -> String {
    const CHARS: usize = 60;
    let mut short: String = text.chars().take(CHARS).flat_map(char::escape_debug).collect();
    if text.chars().nth(CHARS).is_some() {
        short.push_str("...");
    }
    format!("`{short}`")
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Value::Bool(truth)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Value::Number(number)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => f.write_str(&quoted(text)),
            Value::Number(number) => write!(f, "{number}"),
            Value::Bool(truth) => write!(f, "{truth}"),
            other => f.write_str(other.kind()),
        }
    }
}
