//! What a rule asks of a node and what it finds there, whether the node passes or not.

use super::operator::Comparison;

/// One thing that a rule asks of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What it is about: `driver`, `constraint`.
    pub(crate) subject: String,
    /// What is asked for.
    pub(crate) asked: String,
    /// What the node has.
    pub(crate) found: String,
    /// Whether that will do.
    pub(crate) passes: bool,
}

impl Finding {
    pub(crate) fn new(subject: &str, asked: &str, found: &str, passes: bool) -> Finding {
        Finding { subject: subject.into(), asked: asked.into(), found: found.into(), passes }
    }
}

/// A value of a node in words.
pub(crate) fn value_in_words(value: Option<&str>) -> String {
    value.map_or_else(|| "not set".to_owned(), |value| format!("`{value}`"))
}

/// Both sides of a comparison on a node.
pub(super) fn of_comparison(
    text: &str,
    comparison: &Comparison,
    left: Option<&str>,
    right: Option<&str>,
) -> Finding {
    let passes = comparison.holds(left, right);
    Finding::new("constraint", text.trim_end(), &value_in_words(left), passes)
}
