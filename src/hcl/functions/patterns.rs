//! Regular expressions.

use regex_lite::{Captures, Regex, RegexBuilder};

use super::super::value::{Fields, Value, quoted};
use super::{Call, Function, Outcome, takes};

/// How large a compiled pattern may be, in bytes.
const SIZE_MAX: usize = 1 << 16;

pub(super) const TABLE: &[Function] = &[
    takes("regex", 2, |it| {
        let (pattern, text) = (compiled(it, &it.text(0)?)?, it.text(1)?);
        it.budget.spend(text.len())?;
        match pattern.captures(&text) {
            Some(found) => parts(&pattern, &found),
            None => Err("the pattern does not match".to_owned()),
        }
    }),
    takes("regexall", 2, |it| {
        let (pattern, text) = (compiled(it, &it.text(0)?)?, it.text(1)?);
        it.budget.spend(text.len())?;
        let found: Result<Vec<Value>, String> =
            pattern.captures_iter(&text).map(|found| parts(&pattern, &found)).collect();
        it.made_list(found?)
    }),
    takes("regex_replace", 3, |it| replace(it, &it.text(0)?, &it.text(1)?, &it.text(2)?)),
];

fn compiled(it: Call<'_>, pattern: &str) -> Result<Regex, String> {
    it.budget.spend(pattern.len())?;
    let made = RegexBuilder::new(pattern).size_limit(SIZE_MAX).build();
    made.map_err(|why| format!("{} is not a usable regular expression: {why}", quoted(pattern)))
}

/// The text of a match, or its groups: by name if they have names.
fn parts(pattern: &Regex, found: &Captures<'_>) -> Outcome {
    let text = |at: usize| found.get(at).map_or(Value::Null, |part| Value::text(part.as_str()));
    let names: Vec<&str> = pattern.capture_names().flatten().collect();
    match (names.as_slice(), found.len()) {
        ([], 1) => Ok(text(0)),
        ([], groups) => Value::list((1..groups).map(text).collect()),
        (names, _) => {
            let value = |name: &str| found.name(name).map(|part| Value::text(part.as_str()));
            let fields =
                names.iter().map(|name| ((*name).to_owned(), value(name).unwrap_or(Value::Null)));
            Value::object(fields.collect::<Fields>())
        }
    }
}

/// A text with what a pattern matches replaced; `$1` and `${name}` stand for groups.
pub(super) fn replace(it: Call<'_>, text: &str, pattern: &str, with: &str) -> Outcome {
    let pattern = compiled(it, pattern)?;
    it.budget.spend(text.len())?;
    let mut out = String::new();
    let mut end = 0;
    for found in pattern.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        out.push_str(text.get(end..whole.start()).unwrap_or_default());
        let before = out.len();
        found.expand(with, &mut out);
        it.budget.spend_text(out.len().saturating_sub(before) + 16)?;
        end = whole.end();
    }
    out.push_str(text.get(end..).unwrap_or_default());
    it.made(out)
}
