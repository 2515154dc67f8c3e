//! Which blocks and arguments a job file has, and which keys of the API they become.
//!
//! In: nothing. Out: a table for each block. May import what the folder above does.
//!
//! Keys that every version of the API writes are written where the file says nothing too, as `null`
//! mostly; the younger ones are left out then.

mod connect;
mod finish;
mod job;
mod resources;
mod service;
mod strategy;
mod task;

pub(super) use self::job::JOB;

use serde_json::Map;
use serde_json::Value as Json;

/// What an argument or a block becomes.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A text; numbers and truth values are written out.
    Text,
    Int,
    Bool,
    /// Nanoseconds; the file has `30s`.
    Duration,
    /// A list of texts.
    Texts,
    /// Texts by names that the user chooses, as a block or as an argument.
    TextMap,
    /// Lists of texts by names that the user chooses.
    TextsMap,
    /// Whatever it is, blocks as lists of objects.
    Any,
    /// One block.
    One(&'static Shape),
    /// Blocks, in their order.
    Many(&'static Shape),
    /// Blocks by their label.
    Named(&'static Shape),
}

/// What a key is where the file says nothing.
#[derive(Clone, Copy)]
pub(super) enum Absent {
    Null,
    Text(&'static str),
    Int(i64),
    Bool(bool),
    LeftOut,
}

/// An argument or a block, and its key.
#[derive(Clone, Copy)]
pub(super) struct Field {
    /// Its name in the file; empty for a key that no file says anything of.
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    pub(super) kind: Kind,
    pub(super) absent: Absent,
}

/// A kind of block.
pub(super) struct Shape {
    /// Its name, for messages.
    pub(super) name: &'static str,
    /// The key that its label becomes, if it has one.
    pub(super) label: Option<&'static str>,
    pub(super) fields: &'static [&'static [Field]],
    /// What is left to do when all arguments are read.
    pub(super) finish: fn(&mut Map<String, Json>) -> Result<(), String>,
}

impl Shape {
    /// A block without a label.
    const fn new(name: &'static str, fields: &'static [&'static [Field]]) -> Self {
        Shape { name, label: None, fields, finish: |_| Ok(()) }
    }

    /// A block whose label becomes a key.
    const fn labelled(
        name: &'static str,
        label: &'static str,
        fields: &'static [&'static [Field]],
    ) -> Self {
        Shape { name, label: Some(label), fields, finish: |_| Ok(()) }
    }

    /// The same with something left to do at the end.
    const fn then(self, finish: fn(&mut Map<String, Json>) -> Result<(), String>) -> Self {
        Shape { finish, ..self }
    }

    /// All its fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.fields.iter().flat_map(|fields| fields.iter())
    }
}

impl Field {
    const fn new(name: &'static str, key: &'static str, kind: Kind) -> Self {
        Field { name, key, kind, absent: Absent::Null }
    }

    /// One that is an empty text where the file says nothing.
    const fn or_empty(self) -> Self {
        self.or_text("")
    }

    const fn or_text(self, text: &'static str) -> Self {
        Field { absent: Absent::Text(text), ..self }
    }

    const fn or_int(self, number: i64) -> Self {
        Field { absent: Absent::Int(number), ..self }
    }

    const fn or_bool(self, truth: bool) -> Self {
        Field { absent: Absent::Bool(truth), ..self }
    }

    /// One whose key is not there where the file says nothing.
    const fn or_left_out(self) -> Self {
        Field { absent: Absent::LeftOut, ..self }
    }
}

const fn text(name: &'static str, key: &'static str) -> Field {
    Field::new(name, key, Kind::Text)
}

const fn int(name: &'static str, key: &'static str) -> Field {
    Field::new(name, key, Kind::Int)
}

const fn truth(name: &'static str, key: &'static str) -> Field {
    Field::new(name, key, Kind::Bool)
}

const fn duration(name: &'static str, key: &'static str) -> Field {
    Field::new(name, key, Kind::Duration)
}

const fn texts(name: &'static str, key: &'static str) -> Field {
    Field::new(name, key, Kind::Texts)
}

const fn text_map(name: &'static str, key: &'static str) -> Field {
    Field::new(name, key, Kind::TextMap)
}

const fn any(name: &'static str, key: &'static str) -> Field {
    Field::new(name, key, Kind::Any)
}

const fn one(name: &'static str, key: &'static str, shape: &'static Shape) -> Field {
    Field::new(name, key, Kind::One(shape))
}

const fn many(name: &'static str, key: &'static str, shape: &'static Shape) -> Field {
    Field::new(name, key, Kind::Many(shape))
}

/// A key that no file says anything of.
const fn only(key: &'static str) -> Field {
    Field::new("", key, Kind::Any)
}
