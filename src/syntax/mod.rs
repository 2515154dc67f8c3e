//! The small languages inside documents: versions, targets, patterns, quantities, port lists, globs.
//!
//! In: text. Out: parsed forms that can be compared, and an error that says what is wrong with a text
//! that cannot be parsed. Imports nothing of the crate, so that validation and feasibility read alike.

pub(crate) mod boolean;
pub(crate) mod count;
pub(crate) mod glob;
pub(crate) mod nearest;
pub(crate) mod pattern;
pub(crate) mod ports;
pub(crate) mod quantity;
pub(crate) mod sets;
pub(crate) mod target;
pub(crate) mod version;

/// Why a text inside a document cannot be read. The offending text is kept shortened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SyntaxError {
    /// Not one of the spellings of section 2.4.
    #[error("`{text}` is not a truth value: write `true` or `false`")]
    Boolean {
        /// What was written.
        text: String,
    },
    /// A regular expression that does not parse, or whose compiled form is too big.
    #[error("`{text}` is not a usable regular expression: {reason}")]
    #[cfg(feature = "regexp")]
    Pattern {
        /// What was written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A regular expression in a build that has none.
    #[error(
        "`{text}` is a regular expression, which this build cannot match: enable the crate \
         feature `regexp`"
    )]
    #[cfg(not(feature = "regexp"))]
    PatternFeature {
        /// What was written.
        text: String,
    },
    /// An entry of a port list that is neither a port nor a range of ports.
    #[error("`{entry}` is not a port or a range of ports: {reason}")]
    Ports {
        /// The entry, one between two commas.
        entry: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A left side that can never name anything.
    #[error("`{text}` is not a target: {reason}; allowed are {allowed}")]
    Target {
        /// What was written.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
        /// The targets there are.
        allowed: &'static str,
    },
    /// Not a version in the sense of section 2.5.
    #[error("`{text}` is not a version: write numbers with dots between them, such as `1.2.3`")]
    Version {
        /// What was written.
        text: String,
    },
    /// An entry of a version list that is not an operator and a version.
    #[error("`{entry}` is not a version constraint: write one of {operators} and a version")]
    VersionConstraint {
        /// The entry, one between two commas.
        entry: String,
        /// The operators of the dialect.
        operators: &'static str,
    },
}

/// The longest piece of a user's text that an error repeats, in characters.
const EXCERPT_CHARS: usize = 80;

/// The text as an error repeats it: cut after [`EXCERPT_CHARS`] characters, because what a user wrote
/// may be a whole file put into the wrong field.
fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_CHARS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_repeat_long_texts_shortened() {
        assert_eq!(excerpt("short"), "short");
        let long = "ä".repeat(1000);
        assert_eq!(excerpt(&long), format!("{}...", "ä".repeat(80)));
        assert_eq!(excerpt(&"x".repeat(80)), "x".repeat(80));
    }

    #[test]
    fn errors_read_as_the_house_wants_them() {
        let error = boolean::parse_bool("yes").unwrap_err().to_string();
        assert_eq!(error, "`yes` is not a truth value: write `true` or `false`");
    }
}
