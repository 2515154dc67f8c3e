//! Validation: everything that is wrong with a document, at once, each problem with its path.
//!
//! In: documents as read. Out: lists of problems, empty for a good document. What is checked here the
//! rest of the crate relies on: amounts whose sums fit, names that are not empty, texts that parse. May
//! import the rest of `model` but its builders, and `syntax`.

mod allocation;
mod constraint;
mod group;
mod job;
mod network;
mod node;
mod registration;
mod strategy;

pub(super) use job::job;
pub(super) use node::node;
pub(super) use registration::registration;

use super::document::Document;
use super::problem::{Path, Problems, excerpt};

/// The largest amount of anything (MHz, MB, MBit/s): 2^40, an exabyte of memory. Products with the
/// largest count, and sums over more allocations than fit into memory, fit an `i64`.
const AMOUNT_MAX: i64 = 1 << 40;

/// The largest count of a group's allocations.
const COUNT_MAX: i64 = 1_000_000;

/// The most cores, of a node or asked for.
const CORES_MAX: i64 = 65_536;

/// Checks that a number is in a range. `unit` is empty or begins with a space.
#[inline]
fn range(problems: &mut Problems, at: Path<'_>, value: i64, min: i64, max: i64, unit: &str) {
    if !(min..=max).contains(&value) {
        out_of_range(problems, at, value, (min, max), unit);
    }
}

// Apart from the check, so that a path is put together only where something is wrong with what is there.
#[cold]
fn out_of_range(
    problems: &mut Problems,
    at: Path<'_>,
    value: i64,
    (min, max): (i64, i64),
    unit: &str,
) {
    problems.add(at, format!("expected {min} to {max}{unit}, found `{value}`"));
}

/// Checks an amount of `unit`, ` MB` for instance.
#[inline]
fn amount(problems: &mut Problems, at: Path<'_>, value: i64, unit: &str) {
    range(problems, at, value, 0, AMOUNT_MAX, unit);
}

/// Checks a name that must be there; `whose` is `a job` for instance.
fn name(problems: &mut Problems, at: Path<'_>, text: &str, whose: &str, what: &str) {
    if text.is_empty() {
        problems.add(at, format!("{whose} needs {what}"));
    } else if text.chars().all(char::is_whitespace) {
        problems.add(at, "expected more than blanks");
    } else {
        no_nul(problems, at, text);
    }
}

/// Checks a name that may be left out.
#[inline]
fn optional_name(problems: &mut Problems, at: Path<'_>, text: &str) {
    if !text.is_empty() {
        name(problems, at, text, "", "");
    }
}

/// Checks that a text has no NUL character, which ends texts in too many other programs.
fn no_nul(problems: &mut Problems, at: Path<'_>, text: &str) {
    if text.as_bytes().contains(&0) {
        problems.add(at, "expected a text without NUL characters");
    }
}

/// Checks that a text is one of a few; `what` is `status` for instance.
fn one_of(problems: &mut Problems, at: Path<'_>, text: &str, what: &str, known: &[&str]) {
    if !known.contains(&text) {
        problems.add(at, unknown(text, what, known.iter().copied()));
    }
}

/// What is said of a text that is none of those known.
fn unknown<'a>(text: &str, what: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known = known.map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ");
    match text {
        "" => format!("the {what} is missing, known are {known}"),
        _ => format!("unknown {what} `{}`, known are {known}", excerpt(text)),
    }
}

/// Checks an object's unknown keys for known ones in other letter cases: what they hold would be
/// ignored without a word.
#[inline]
fn keys<D: Document>(problems: &mut Problems, at: &Path<'_>, document: &D) {
    // Mostly there are none.
    if !document.extra().is_empty() {
        keys_of_any(problems, at, document);
    }
}

fn keys_of_any<D: Document>(problems: &mut Problems, at: &Path<'_>, document: &D) {
    for key in document.extra().keys() {
        if let Some(known) = D::KEYS.iter().find(|known| known.eq_ignore_ascii_case(key)) {
            problems.add(*at, format!("unknown key `{key}`, did you mean `{known}`"));
        }
    }
}

/// Checks the keys of a block, if it is there, of which nothing else is relied on.
#[inline]
fn block<D: Document>(problems: &mut Problems, at: &Path<'_>, key: &str, block: Option<&D>) {
    if let Some(block) = block {
        keys(problems, &at.key(key), block);
    }
}

/// Finds the second and further ones among equal things, with the index of the first.
fn repeated<K: Ord>(things: impl Iterator<Item = K>) -> Vec<(usize, usize)> {
    let mut things = things.peekable();
    let Some(first) = things.next().filter(|_| things.peek().is_some()) else { return Vec::new() };
    let mut firsts = std::collections::BTreeMap::from([(first, 0)]);
    let mut repeated = Vec::new();
    for (i, thing) in (1..).zip(things) {
        let first = *firsts.entry(thing).or_insert(i);
        if first != i {
            repeated.push((i, first));
        }
    }
    repeated
}
