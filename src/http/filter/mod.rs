//! Filter expressions (docs/lifecycle.md, section 10): which things of a list a request wants, such as
//! `Status == "running" and Meta.team != "ops"`.
//!
//! In: the text of an expression, and documents. Out: whether a document is wanted, or what is wrong with
//! the expression. May import what `http` may.
//!
//! - A selector names a value: `Status`, `Meta.team`, `Meta["team"]`, `TaskGroups.0.Name` or the pointer
//!   `"/Meta/team"`.
//! - It is matched by `==`, `!=`, `contains`, `not contains`, `matches`, `not matches`, `is empty`,
//!   `is not empty`, or from the other side by `in` and `not in`.
//! - `any Allocs as it { it.ClientStatus == failed }` and `all` look at the elements of a list, or the keys of a
//!   map; with two names, `as at, it`, the place or the key has one too.
//! - Matches are combined by `and`, `or`, `not` and parentheses; `and` binds more tightly than `or`.

mod evaluation;
mod lexer;
mod parser;

use serde_json::Value;

use self::parser::{Expression, parsed};
use super::refusal::Refusal;
use super::text::excerpt;

/// Which things of a list are wanted.
#[derive(Debug)]
pub(super) struct Filter {
    expression: Expression,
}

/// What is wrong with an expression: said by its text alone, or by a document that it does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum FilterError {
    #[error("{line}:{column} ({offset}): expected {expected}, found {found}")]
    Syntax { line: usize, column: usize, offset: usize, expected: &'static str, found: String },
    #[error("the expression is nested too deeply")]
    TooDeep,
    #[error("the expression looks at too many elements")]
    TooMuch,
    #[error("the operator `matches` is not built in")]
    #[cfg_attr(feature = "regexp", allow(dead_code, reason = "it is built in"))]
    NoRegexp,
    #[error("invalid regular expression \"{pattern}\"")]
    #[cfg_attr(not(feature = "regexp"), allow(dead_code, reason = "none is read"))]
    BadRegexp { pattern: String },
    #[error(
        "error finding value in datum: /{path} at part {part}: couldn't find key: struct field with name \"{name}\""
    )]
    NoField { path: String, part: usize, name: String },
    #[error("unable to compare a value of kind {kind} under \"{path}\" with \"{text}\"")]
    OtherKind { kind: &'static str, path: String, text: String },
    #[error("cannot perform {operation} operations on type {kind} for selector: \"{path}\"")]
    NoOperation { operation: &'static str, kind: &'static str, path: String },
}

impl Filter {
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// It is none.
    pub(super) fn read(text: &str) -> Result<Filter, Refusal> {
        let expression = parsed(text).map_err(|error| {
            let begins = "failed to create result paginator: failed to read filter expression";
            Refusal::bad(format!("{begins}: {error}"))
        })?;
        Ok(Filter { expression })
    }

    /// Whether a document is wanted.
    ///
    /// # Errors
    ///
    /// Documents of its kind do not have what the expression asks for.
    fn wants(&self, document: &Value) -> Result<bool, Refusal> {
        evaluation::holds(&self.expression, document)
            .map_err(|error| Refusal::bad(format!("failed to read result page: {error}")))
    }
}

/// Whether a filter, if there is one, wants a document, which is made only if it is needed.
pub(super) fn wants(
    filter: &Option<Filter>,
    document: impl FnOnce() -> Value,
) -> Result<bool, Refusal> {
    filter.as_ref().map_or(Ok(true), |filter| filter.wants(&document()))
}

/// Those of things that a filter, if there is one, wants.
pub(super) fn wanted<T>(
    things: impl Iterator<Item = T>,
    filter: &Option<Filter>,
    document: impl Fn(&T) -> Value,
) -> Result<Vec<T>, Refusal> {
    let mut found = Vec::new();
    for thing in things {
        if wants(filter, || document(&thing))? {
            found.push(thing);
        }
    }
    Ok(found)
}

/// The beginning of a text of an expression, to be repeated in an error.
fn shown(text: &str) -> String {
    excerpt(text).to_owned()
}
