//! Numbers and names as people read them.

use std::fmt::Write;

use stowplan::Timestamp;
use stowplan::model::DesiredUpdates;

pub(crate) use nearest::nearest;
pub(crate) use printable::printable;

#[path = "../../syntax/nearest.rs"]
mod nearest;

#[path = "../../model/printable.rs"]
mod printable;

/// How many names a sentence lists before it counts the rest.
const NAMES_MAX: usize = 3;

/// A number with commas between groups of three digits.
pub(crate) fn number(value: impl Into<i128>) -> String {
    let value: i128 = value.into();
    let digits = value.unsigned_abs().to_string();
    let mut text = String::from(if value < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with places after the point, and commas as in [`number`].
pub(crate) fn decimal(value: f64, places: usize) -> String {
    separated(&rounded(value, places))
}

/// A sentence of the library's with commas in its numbers, as in [`number`]. What stands in backticks
/// is the user's and stays, and so do digits that are part of a word.
pub(crate) fn separated(text: &str) -> String {
    let mut separated = String::with_capacity(text.len());
    for (at, part) in text.split('`').enumerate() {
        if at > 0 {
            separated.push('`');
        }
        match at % 2 {
            0 => separated_outside(part, &mut separated),
            _ => separated.push_str(part),
        }
    }
    separated
}

fn separated_outside(text: &str, to: &mut String) {
    for (at, word) in text.split(' ').enumerate() {
        if at > 0 {
            to.push(' ');
        }
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, rest) = word.split_at(digits);
        let is_amount = !rest.contains(|it: char| it.is_alphanumeric()) || is_fraction(rest);
        match whole.parse::<u64>() {
            Ok(amount) if is_amount => to.push_str(&number(amount)),
            _ => to.push_str(whole),
        }
        to.push_str(rest);
    }
}

fn is_fraction(rest: &str) -> bool {
    let places = rest.strip_prefix('.').unwrap_or_default().trim_end_matches([',', ';', ')']);
    !places.is_empty() && places.bytes().all(|digit| digit.is_ascii_digit())
}

/// What the metrics count nodes by; in backticks where it has a colon of its own, which would seem to
/// be one of the sentence.
pub(crate) fn dimension(key: &str) -> String {
    if key.contains(':') { format!("`{key}`") } else { key.to_owned() }
}

/// How many there are of something: `1 node`, `1,523 nodes`.
pub(crate) fn count(many: usize, noun: &str) -> String {
    let plural = if many == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(many as u64))
}

/// The figures of a plan for a group in words; `nothing` if all are 0.
pub(crate) fn figures(updates: &DesiredUpdates) -> String {
    let shown = updates.named().into_iter().filter(|(_, figure)| *figure > 0);
    let words = shown.map(|(name, figure)| format!("{} {}", number(figure), words_of(name)));
    let words: Vec<String> = words.collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

/// What a figure means.
fn words_of(figure: &str) -> &'static str {
    match figure {
        "Ignore" => "stay",
        "Place" => "to place",
        "Migrate" => "move",
        "Stop" => "stop",
        "InPlaceUpdate" => "to update in place",
        "DestructiveUpdate" => "to replace by the new version now",
        "Canary" => "placed as canaries",
        "Preemptions" => "evicted",
        "Disconnect" => "no longer answer",
        "Reconnect" => "answer again",
        "RescheduleNow" => "failed and replaced now",
        _ => "failed and replaced later",
    }
}

/// A while in seconds, or minutes where it is many.
pub(crate) fn wait(now: Timestamp, until: Timestamp) -> String {
    let seconds = until.since(now).as_nanos().max(0) / 1_000_000_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        _ if seconds % 60 == 0 => format!("{} min", seconds / 60),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// A score, or the mean of scores.
pub(crate) fn score(score: f64) -> String {
    rounded(score, 4)
}

/// A number with places after the point; what rounds to 0 has no sign.
fn rounded(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    match text.strip_prefix('-') {
        Some(digits) if !digits.contains(|it: char| matches!(it, '1'..='9')) => digits.to_owned(),
        _ => text,
    }
}

/// The first few names, and how many more there are.
pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a str>, all: usize) -> String {
    let mut text = String::new();
    let mut listed = 0;
    for name in names.into_iter().take(NAMES_MAX) {
        let separator = if listed == 0 { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}{name}");
        listed += 1;
    }
    if all > listed {
        let _ = write!(text, " and {} more", number((all - listed) as u64));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        let texts = [0, 999, 1_000, 12_345, 1_234_567, -1_000].map(number);
        assert_eq!(texts, ["0", "999", "1,000", "12,345", "1,234,567", "-1,000"]);
        assert_eq!(
            (count(1, "node"), count(2_000, "node")),
            ("1 node".into(), "2,000 nodes".into())
        );
    }

    #[test]
    fn long_lists_of_names_are_cut() {
        assert_eq!(names(["a", "b"], 2), "a, b");
        assert_eq!(names(["a", "b", "c", "d"], 4), "a, b, c and 1 more");
    }

    #[test]
    fn sentences_have_commas_in_their_numbers() {
        for (text, expected) in [
            ("5000 nodes (`n1000`) had 12345 MHz", "5,000 nodes (`n1000`) had 12,345 MHz"),
            ("cpu: 1000 MHz asked, 2000000", "cpu: 1,000 MHz asked, 2,000,000"),
            ("port http=8080 of node-1000 v1000 1000a", "port http=8080 of node-1000 v1000 1000a"),
            ("1234.5678, 0.1 1000.2.3", "1,234.5678, 0.1 1000.2.3"),
            ("99999999999999999999", "99999999999999999999"),
        ] {
            assert_eq!(separated(text), expected);
        }
        assert_eq!((decimal(12_345.678, 1), decimal(-0.5, 2)), ("12,345.7".into(), "-0.50".into()));
        assert_eq!(
            (score(-0.000_04), score(-0.0), score(-0.1)),
            ("0.0000".into(), "0.0000".into(), "-0.1000".into())
        );
    }
}
