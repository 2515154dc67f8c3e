//! From text to syntax, with what is wrong in words, and what the first version of the language allowed.

use std::borrow::Cow;

use hcl_edit::expr::Expression;
use hcl_edit::parser;
use hcl_edit::structure::Body;

use super::error::{Fault, HclError};
use super::quotes::unclosed;

/// The longest text that is read, in bytes.
const BYTES_MAX: usize = 1 << 20;
/// The most names that a text may give a value: looking for one that is there twice takes the square of
/// their number.
const NAMES_MAX: usize = 20_000;
/// How much of the text may be read again for keys in quotes, in bytes.
const REPAIRS_MAX: usize = 16 << 20;

/// A text and what it says.
pub(super) struct Source<'a> {
    /// The text that the places in the syntax are places of.
    pub(super) text: Cow<'a, str>,
    pub(super) body: Body,
}

impl<'a> Source<'a> {
    /// Reads a job file or a file of variables.
    pub(super) fn read(text: &'a str) -> Result<Self, HclError> {
        let whole = |message: String| HclError::at(1, 1, message);
        if text.len() > BYTES_MAX {
            let bytes = text.len();
            return Err(whole(format!("the text has {bytes} bytes, at most {BYTES_MAX} are read")));
        }
        if text.bytes().filter(|byte| matches!(byte, b'=' | b':')).count() > NAMES_MAX {
            return Err(whole(format!("the text gives more than {NAMES_MAX} names a value")));
        }
        // The mark at the beginning of a file is no part of it.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut text = Cow::Borrowed(text);
        let mut left = REPAIRS_MAX;
        loop {
            let error = match parser::parse_body(&text) {
                Ok(body) => {
                    return unclosed_before(&text, text.len())
                        .map_or(Ok(Source { text, body }), Err);
                }
                Err(error) => error,
            };
            let at = error.location().offset();
            match without_quotes(&text, at).filter(|_| left >= text.len()) {
                Some(better) => {
                    left -= text.len();
                    text = Cow::Owned(better);
                }
                None => return Err(of_syntax(&text, &error)),
            }
        }
    }
}

/// Reads one expression: the value that a caller gives for a variable.
pub(super) fn expression(text: &str) -> Result<Expression, HclError> {
    if text.len() > BYTES_MAX {
        return Err(HclError::at(1, 1, format!("the value has more than {BYTES_MAX} bytes")));
    }
    if text.bytes().filter(|byte| matches!(byte, b'=' | b':')).count() > NAMES_MAX {
        return Err(HclError::at(1, 1, format!("the value has more than {NAMES_MAX} names")));
    }
    let expression = parser::parse_expr(text).map_err(|error| of_syntax(text, &error))?;
    unclosed_before(text, text.len()).map_or(Ok(expression), Err)
}

/// What is wrong where a string in quotes goes on over the end of its line before a place at which the parser
/// stopped. It takes what follows for a part of the string and stumbles over the next one, or goes back to what
/// the string is the value of.
fn unclosed_before(text: &str, end: usize) -> Option<HclError> {
    let found = unclosed(text)?;
    let line = text.get(..found.at)?.rfind('\n').map_or(0, |at| at + 1);
    let first = if found.is_nested { found.line_end } else { line };
    let why = "a string begins here and is not closed on its line: close it, write `\\n` for the end of a line, \
               or use a heredoc";
    (first <= end).then(|| HclError::of(text, Fault::new(found.at, why)))
}

/// In the first version of the language keys may stand in quotes: `"key" = 1`. The text without those at
/// a place where the parser stopped, with blanks for them, so that all other places stay the same.
fn without_quotes(text: &str, at: usize) -> Option<String> {
    let line_end = text.get(at..)?.find('\n').map_or(text.len(), |length| at + length);
    let rest = text.get(at..line_end)?.strip_prefix('"')?;
    let (key, after) = rest.split_once('"')?;
    let mut letters = key.bytes();
    let is_name = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && letters.all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    let is_key = after.trim_start().starts_with('=') && !after.trim_start().starts_with("==");
    if !is_name || !is_key {
        return None;
    }
    let mut better = text.to_owned();
    better.replace_range(at..at + key.len() + 2, &format!(" {key} "));
    Some(better)
}

/// An error of the parser in words.
fn of_syntax(text: &str, error: &parser::Error) -> HclError {
    let place = error.location();
    if let Some(error) = unclosed_before(text, place.offset()) {
        return error;
    }
    let rest = text.get(place.offset()..).unwrap_or_default();
    let why = error.message();
    // The parser takes the end of the text for its last character.
    if rest.len() <= 1 {
        let message = format!("the text ends too early: {why}");
        return HclError::at(place.line(), place.column(), message).at_end();
    }
    let message = if rest.starts_with('"') {
        format!(
            "{why}; a key that is no plain name stands in an object: `meta = {{ \"a.b\" = 1 }}`"
        )
    } else if in_interpolation(text, place.offset()) {
        format!("{why}; write `$${{` for a `${{` that is meant for the task")
    } else {
        why.to_owned()
    };
    HclError::at(place.line(), place.column(), message)
}

/// Whether a place is behind a `${` of its line that is not closed.
fn in_interpolation(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let of_line = before.rsplit('\n').next().unwrap_or_default();
    let opened = of_line.rfind("${");
    opened.is_some_and(|opened| !of_line.get(opened..).unwrap_or_default().contains('}'))
}
