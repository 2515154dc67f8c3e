//! Why a text could not be read, in words that name no type of the program.

use serde_json::error::Category;

use super::problem::{Problem, excerpt};
use crate::syntax::nearest::nearest;

/// Why a text could not be read as documents.
///
/// Displays as `<path>: <message>`: the path leads to the value of the wrong type
/// (`[3].TaskGroups[0].Count`); in a text that is not JSON it is the place (`line 3, column 7`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ReadError {
    problem: Problem,
}

impl ReadError {
    /// Where: a path in the document, a line and a column, or nothing for the text as a whole.
    pub fn path(&self) -> &str {
        self.problem.path()
    }

    /// What, and what should be there instead.
    pub fn message(&self) -> &str {
        self.problem.message()
    }

    /// The same as a problem of a document.
    pub(crate) fn into_problem(self) -> Problem {
        self.problem
    }

    /// An error of the text as a whole.
    pub(crate) fn whole(message: &str) -> Self {
        ReadError { problem: Problem::new("", message) }
    }

    /// The text of bytes.
    pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, ReadError> {
        std::str::from_utf8(bytes).map_err(|error| {
            let (good, _) = bytes.split_at(error.valid_up_to());
            let line = good.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
            let column = good.iter().rev().take_while(|byte| **byte != b'\n').count();
            let path = format!("line {line}, column {}", column.saturating_add(1));
            ReadError { problem: Problem::new(&path, "the text is not UTF-8") }
        })
    }

    /// An error of syntax, at its line and column.
    pub(crate) fn syntax(error: &serde_json::Error) -> Self {
        // The end of a text after a line break is in column 0 of its line.
        let path = format!("line {}, column {}", error.line(), error.column().max(1));
        ReadError { problem: Problem::new(&path, syntax_message(&bare_message(error))) }
    }

    /// An error met while reading the value at `path`.
    pub(crate) fn from_json(path: &serde_path_to_error::Path, error: &serde_json::Error) -> Self {
        match error.classify() {
            Category::Data => {
                let path = path.to_string();
                let path = if path == "." { "" } else { path.as_str() };
                ReadError { problem: Problem::new(path, &data_message(&bare_message(error))) }
            }
            Category::Syntax | Category::Eof | Category::Io => ReadError::syntax(error),
        }
    }

    /// The same of a text that is one line of many, whose number is said elsewhere: the column alone.
    pub(crate) fn in_line(path: &serde_path_to_error::Path, error: &serde_json::Error) -> Self {
        let read = ReadError::from_json(path, error);
        match error.classify() {
            Category::Data => read,
            Category::Syntax | Category::Eof | Category::Io => {
                let place = format!("column {}", error.column().max(1));
                ReadError { problem: Problem::new(&place, read.message()) }
            }
        }
    }
}

impl From<Problem> for ReadError {
    fn from(problem: Problem) -> Self {
        ReadError { problem }
    }
}

/// The error's message without the place.
fn bare_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// The parser's words for a mistake of syntax, made plain.
fn syntax_message(message: &str) -> &str {
    match message {
        "EOF while parsing a list" => "the text ends inside a list",
        "EOF while parsing an object" => "the text ends inside an object",
        "EOF while parsing a string" => "the text ends inside a string",
        "EOF while parsing a value" => "the text ends where a value should be",
        "expected value" => "expected a JSON value",
        "expected ident" => "expected `true`, `false` or `null`",
        "key must be a string" => "expected a key in double quotes",
        "trailing characters" => "expected the end of the text",
        "invalid escape" => "an unknown escape in a string",
        "unexpected end of hex escape" | "lone leading surrogate in hex escape" => {
            "half of a surrogate pair in a string"
        }
        "number out of range" => "a number that is too large",
        "trailing comma" => "a comma before a closing bracket",
        "recursion limit exceeded" => "objects and lists are nested more than 127 deep",
        "control character (\\u0000-\\u001F) found while parsing a string" => {
            "a control character in a string, write it as an escape such as `\\n`"
        }
        other => other,
    }
}

/// The words of the reader for a value of the wrong type, made plain.
fn data_message(message: &str) -> String {
    if let Some(rest) = message.strip_prefix("invalid type: ")
        && let Some((found, expected)) = rest.rsplit_once(", expected ")
    {
        return format!("expected {}, found {}", type_name(expected), value_text(found));
    }
    if let Some(rest) = message.strip_prefix("invalid value: ")
        && let Some((found, expected)) = rest.rsplit_once(", expected ")
    {
        // Of a number, the only thing that can be wrong beside its type is its size.
        let expected = match expected {
            "u64" if found.starts_with("integer `-") => "an integer that is not negative",
            "i64" | "u64" => "an integer of at most 64 bits",
            other => type_name(other),
        };
        return format!("expected {expected}, found {}", value_text(found));
    }
    if let Some(key) = message.strip_prefix("duplicate field ") {
        return format!("the key {key} occurs twice");
    }
    if let Some(rest) = message.strip_prefix("unknown variant `")
        && let Some((found, known)) = rest.split_once("`, expected ")
    {
        return unknown_name(found, known);
    }
    message.to_owned()
}

/// Words for a name that is none of those that are known, which stand in backticks.
fn unknown_name(found: &str, known: &str) -> String {
    let names: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    let found = excerpt(found);
    match nearest(&found, names.iter().copied()) {
        Some(name) => format!("there is no `{found}`; did you mean `{name}`?"),
        None => format!("there is no `{found}`, but {}", names.join(", ")),
    }
}

/// The reader's name for what it expects, made plain.
fn type_name(name: &str) -> &str {
    match name {
        "i64" | "u64" => "an integer",
        "f64" => "a number",
        "a sequence" => "a list",
        "a map" | "newtype variant" | "struct variant" => "an object",
        other => other,
    }
}

/// The reader's words for what it found, made plain.
fn value_text(found: &str) -> String {
    match found {
        "sequence" => return "a list".to_owned(),
        "map" => return "an object".to_owned(),
        "null" | "unit value" => return "`null`".to_owned(),
        "unit variant" => return "nothing".to_owned(),
        _ => {}
    }
    if let Some(text) = found.strip_prefix("string \"").and_then(|text| text.strip_suffix('"')) {
        return format!("the string `{}`", excerpt(text));
    }
    if let Some(number) = found.strip_prefix("floating point ") {
        return format!("the number {number}");
    }
    format!("the {found}")
}
