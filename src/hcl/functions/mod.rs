//! The functions that expressions call.
//!
//! In: a name and values. Out: a value, or what is wrong. None of them reads a file or a clock, or draws
//! a random number. May import what the folder above does.

mod collections;
mod dates;
mod encodings;
mod json;
mod numbers;
#[cfg(feature = "regexp")]
mod patterns;
pub(super) mod sets;
mod texts;

use super::budget::Budget;
use super::value::{Value, quoted};
use crate::syntax::nearest::nearest;

/// What a function is called with.
#[derive(Clone, Copy)]
struct Call<'a> {
    arguments: &'a [Value],
    budget: &'a Budget,
}

/// What a function comes to.
type Outcome = Result<Value, String>;

/// A function, with how many arguments it takes at least and at most.
struct Function {
    name: &'static str,
    least: usize,
    most: usize,
    run: fn(Call<'_>) -> Outcome,
}

/// One that takes so many arguments.
const fn takes(name: &'static str, number: usize, run: fn(Call<'_>) -> Outcome) -> Function {
    Function { name, least: number, most: number, run }
}

/// One that takes between so many arguments.
const fn between(
    name: &'static str,
    least: usize,
    most: usize,
    run: fn(Call<'_>) -> Outcome,
) -> Function {
    Function { name, least, most, run }
}

/// As many arguments as there are.
const MANY: usize = usize::MAX;

/// Calls a function.
pub(super) fn call(name: &str, arguments: &[Value], budget: &Budget) -> Outcome {
    let Some(function) = find(name) else { return Err(unknown(name)) };
    let number = arguments.len();
    if number < function.least || number > function.most {
        let expected = match (function.least, function.most) {
            (least, most) if least == most => format!("{least}"),
            (least, MANY) => format!("at least {least}"),
            (least, most) => format!("{least} to {most}"),
        };
        let noun = if expected == "1" { "argument" } else { "arguments" };
        return Err(format!("`{name}`: expected {expected} {noun}, found {number}"));
    }
    budget.spend(number)?;
    (function.run)(Call { arguments, budget }).map_err(|why| format!("`{name}`: {why}"))
}

/// The functions by what they are about.
const TABLES: &[&[Function]] = &[
    texts::TABLE,
    collections::TABLE,
    sets::TABLE,
    numbers::TABLE,
    encodings::TABLE,
    json::TABLE,
    dates::TABLE,
    #[cfg(feature = "regexp")]
    patterns::TABLE,
];

fn all() -> impl Iterator<Item = &'static Function> {
    TABLES.iter().copied().flatten()
}

fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

/// What to say of a name that is no function here.
fn unknown(name: &str) -> String {
    let instead = match name {
        "filebase64" | "fileexists" | "fileset" | "abspath" | "pathexpand" => {
            "use `file`, or give what stands in the file as a variable"
        }
        "log" => "its last digits are others on other machines; give the number as a variable",
        "timestamp" => "the clock is not read; give the instant as a variable",
        "uuidv4" | "uuidv5" | "bcrypt" | "rsadecrypt" => {
            "nothing is drawn at random or encrypted; give the text as a variable"
        }
        "md5" | "sha1" | "sha256" | "sha512" => {
            "digests are not computed; give the digest as a variable"
        }
        "yamldecode" | "yamlencode" | "csvdecode" => "use `jsondecode` and `jsonencode`",
        "regex" | "regexall" | "regex_replace" => {
            "this build has no regular expressions; enable the crate feature `regexp`"
        }
        _ => {
            return match nearest(name, all().map(|function| function.name)) {
                Some(near) => format!("unknown function {}; did you mean `{near}`?", quoted(name)),
                None => format!("unknown function {}", quoted(name)),
            };
        }
    };
    format!("the function `{name}` is not supported: {instead}")
}

impl<'a> Call<'a> {
    /// An argument; what is not there is `null`.
    fn value(self, at: usize) -> &'a Value {
        self.arguments.get(at).unwrap_or(&Value::Null)
    }

    fn is_given(self, at: usize) -> bool {
        self.arguments.len() > at
    }

    fn text(self, at: usize) -> Result<String, String> {
        let text = self.value(at).to_text()?;
        self.budget.spend_text(text.len())?;
        Ok(text.as_ref().to_owned())
    }

    fn int(self, at: usize) -> Result<i64, String> {
        self.value(at).to_int()
    }

    /// An integer that counts something.
    fn count(self, at: usize) -> Result<usize, String> {
        let number = self.int(at)?;
        usize::try_from(number).map_err(|_| format!("expected at least 0, found {number}"))
    }

    fn list(self, at: usize) -> Result<&'a [Value], String> {
        let items = self.value(at).to_list()?;
        self.budget.spend(items.len())?;
        Ok(items)
    }

    /// A list of texts.
    fn texts(self, at: usize) -> Result<Vec<String>, String> {
        let items = self.list(at)?.iter();
        items.map(|item| Ok(item.to_text()?.as_ref().to_owned())).collect()
    }

    /// A text that was made, paid for.
    fn made(self, text: impl AsRef<str>) -> Outcome {
        self.budget.spend_text(text.as_ref().len())?;
        Ok(Value::text(text))
    }

    /// A list that was made, paid for.
    fn made_list(self, items: Vec<Value>) -> Outcome {
        self.budget.spend(items.len())?;
        Value::list(items)
    }
}
