//! Numbers, lists, names and counts in words: what explanations, fixes and failures are written with.

use std::fmt;

use indexmap::IndexMap;

use crate::feasibility::reason::FilterReason;

/// A number of things: `1 node`, `2 nodes`.
pub(crate) struct Count<'a>(pub(crate) usize, pub(crate) &'a str);

impl fmt::Display for Count<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", self.0, self.1)
    }
}

/// A score; one that rounds to 0 has no sign.
pub(super) struct Score(pub(super) f64);

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let score = if self.0.abs() < 0.000_5 { 0.0 } else { self.0 };
        write!(f, "{score:.3}")
    }
}

/// Parts with commas between them, and `and` before the last.
pub(crate) struct Joined<'a>(pub(crate) &'a [String]);

impl fmt::Display for Joined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => Ok(()),
            [one] => f.write_str(one),
            [first @ .., last] => write!(f, "{} and {last}", first.join(", ")),
        }
    }
}

/// A name of the user's.
pub(crate) fn in_backticks(text: &str) -> String {
    format!("`{text}`")
}

/// A reason for which a node is filtered: what the user wrote in backticks, our own words without.
pub(super) fn reason_in_words(reason: &FilterReason) -> String {
    let text = reason.to_string();
    match reason {
        FilterReason::Constraint(_)
        | FilterReason::DistinctProperty { .. }
        | FilterReason::UnreadableCount { .. } => in_backticks(text.trim_end()),
        _ => text,
    }
}

/// The same for a reason as the metrics have it.
pub(crate) fn rule_in_words(rule: &str) -> String {
    let is_ours = rule == "distinct_hosts"
        || rule.starts_with("missing ")
        || rule.starts_with("invalid host network ");
    // A constraint without a right side ends in a blank.
    if is_ours { rule.into() } else { in_backticks(rule.trim_end()) }
}

/// How often each text occurs, the most frequent first.
#[derive(Debug, Default)]
pub(crate) struct TextCounts(IndexMap<String, usize>);

impl TextCounts {
    pub(super) fn add(&mut self, text: String) {
        *self.0.entry(text).or_insert(0) += 1;
    }

    pub(crate) fn of(
        counts: &IndexMap<String, u64>,
        in_words: impl Fn(&str) -> String,
    ) -> TextCounts {
        let counts = counts.iter().map(|(text, count)| (in_words(text), *count as usize));
        TextCounts(counts.collect())
    }

    pub(super) fn total(&self) -> usize {
        self.0.values().sum()
    }

    /// The counts with something between each count and its text.
    pub(crate) fn with(&self, between: &str) -> String {
        let mut counts: Vec<(&String, &usize)> = self.0.iter().collect();
        counts.sort_by(|(a, a_count), (b, b_count)| b_count.cmp(a_count).then_with(|| a.cmp(b)));
        let parts = counts.into_iter().map(|(text, count)| format!("{count} {between}{text}"));
        parts.collect::<Vec<_>>().join(", ")
    }
}
