//! Numbers and names as people read them.

use std::fmt::Write;

/// How many names a sentence lists before it counts the rest.
const NAMES_MAX: usize = 3;

/// The text with control characters written as escapes, so that what a document holds can neither
/// break a table nor command a terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}

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

/// How many there are of something: `1 node`, `1,523 nodes`.
pub(crate) fn count(many: usize, noun: &str) -> String {
    let plural = if many == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(many as u64))
}

/// A score, or the mean of scores.
pub(crate) fn score(score: f64) -> String {
    format!("{score:.4}")
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
    fn control_characters_are_shown() {
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
    }
}
