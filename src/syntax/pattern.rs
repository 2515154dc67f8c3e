//! Regular expressions of the operand `regexp` (docs/placement.md, section 2.5).
//!
//! The syntax is RE2's. Patterns are matched by the `regex-lite` crate, into whose words they are put
//! first. What remains different: Unicode classes (`\pL`, `\p{Greek}`) are refused, `(?i)` folds the case
//! of ASCII letters only, flags may not be given twice (`(?ii)`), and patterns larger than the limits here
//! are refused. A search takes time proportional to the length
//! of the text times the size of the compiled pattern, which is limited here.

#[cfg(not(feature = "regexp"))]
use std::convert::Infallible;

use super::{SyntaxError, excerpt};

#[cfg(feature = "regexp")]
mod translate;

/// The longest pattern in bytes.
#[cfg(feature = "regexp")]
const TEXT_BYTES_MAX: usize = 4096;
/// The largest compiled pattern in bytes: some 8,000 states, enough for `\w{1000}`.
#[cfg(feature = "regexp")]
const COMPILED_BYTES_MAX: usize = 256 * 1024;
/// The deepest nesting of groups and repetitions.
#[cfg(feature = "regexp")]
const NESTING_MAX: u32 = 50;
/// The most capturing groups. A search keeps two positions for each group in each state, so their
/// number multiplies what the compiled size admits.
#[cfg(feature = "regexp")]
const GROUPS_MAX: usize = 32;

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    #[cfg(feature = "regexp")]
    regex: regex_lite::Regex,
    #[cfg(not(feature = "regexp"))]
    never: Infallible,
}

#[cfg(feature = "regexp")]
impl Pattern {
    /// Compiles a pattern. It is an error if it does not parse or is larger than the limits above.
    pub(crate) fn new(text: &str) -> Result<Self, SyntaxError> {
        let error = |reason: String| SyntaxError::Pattern { text: excerpt(text), reason };
        if text.len() > TEXT_BYTES_MAX {
            return Err(error(format!("it is longer than {TEXT_BYTES_MAX} bytes")));
        }
        let pattern = translate::translate(text).map_err(|reason| error(reason.to_owned()))?;
        let regex = regex_lite::RegexBuilder::new(&pattern)
            .size_limit(COMPILED_BYTES_MAX)
            .nest_limit(NESTING_MAX)
            .build()
            .map_err(|reason| error(reason.to_string()))?;
        // The first group is the whole match.
        if regex.captures_len() > GROUPS_MAX + 1 {
            let reason = format!("it has more than {GROUPS_MAX} groups; write `(?:` for `(`");
            return Err(error(reason));
        }
        Ok(Self { regex })
    }

    /// Whether the pattern matches anywhere in the text.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

#[cfg(not(feature = "regexp"))]
impl Pattern {
    /// An error always: this build has no regular expressions.
    pub(crate) fn new(text: &str) -> Result<Self, SyntaxError> {
        Err(SyntaxError::PatternFeature { text: excerpt(text) })
    }

    /// Never called, since there is no pattern to call it on.
    pub(crate) fn is_match(&self, _text: &str) -> bool {
        match self.never {}
    }
}

#[cfg(all(test, not(feature = "regexp")))]
mod tests {
    use super::*;

    #[test]
    fn without_the_feature_the_error_names_it() {
        let error = Pattern::new("bar").unwrap_err().to_string();
        assert!(error.contains("feature `regexp`"), "{error}");
    }
}

#[cfg(all(test, feature = "regexp"))]
mod tests {
    use super::*;

    #[test]
    fn searches_are_not_anchored() {
        assert!(Pattern::new("bar").unwrap().is_match("foobar"));
        assert!(!Pattern::new("^bar").unwrap().is_match("foobar"));
        assert!(Pattern::new("").unwrap().is_match(""));
        assert!(Pattern::new(r"^web-\d{2}$").unwrap().is_match("web-07"));
    }

    #[test]
    fn broken_patterns_are_errors() {
        for text in ["(", "a{2,1}", "[z-a]", r"\", "*", r"(?=a)", r"(a)\1"] {
            let error = Pattern::new(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is not a usable")), "{error}");
        }
    }

    #[test]
    fn patterns_mean_what_they_mean_in_re2() {
        let matching = [
            ("a<b", r"a\<b"),
            ("a>b", r"a\>b"),
            ("a.b", r"^\Qa.b\E$"),
            ("abbb", r"^\Qab\E*$"),
            ("a{,2}", "^a{,2}$"),
            ("x{", "x{"),
            ("a{01}", "^a{01}$"),
            ("x{start}", r"x\b{start}"),
            ("A", r"^\101$"),
            ("&", "^[a&&b]$"),
            ("~", "[a~~b]"),
            ("[a", "[[a]"),
            ("]", "[]]"),
            ("a-b", r"^[\w-]+$"),
            ("b", "^[a-c-e]$"),
            ("abc", "^[[:alpha:]]+$"),
            ("\u{b}", r"^\S$"),
            ("\u{b}", r"^[\S]$"),
            ("\u{b}", "^[[:space:]]$"),
            (" ", r"^[^\S]$"),
            ("a_b", r"a\_b"),
            ("x", "(?P<1st>x)"),
        ];
        for (text, pattern) in matching {
            assert!(Pattern::new(pattern).unwrap().is_match(text), "{text} {pattern}");
        }
        for (text, pattern) in [("d", "^[a-c-e]$"), ("\u{b}", r"\s"), ("a{start}", r"\b{start}x")] {
            assert!(!Pattern::new(pattern).unwrap().is_match(text), "{text} {pattern}");
        }
        let invalid = [
            "a**",
            "a*?*",
            "a{2}{3}",
            "a{1001}",
            "(?x) a",
            r"\é",
            r"\E",
            r"\pL",
            "[[:foo:]]",
            r"[a-\d]",
            "(?P=x)",
            r"\u0041",
            r"\x4",
            r"\x{110000}",
            "(?P<a.b>x)",
            "(?",
        ];
        for pattern in invalid {
            assert!(Pattern::new(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn hostile_patterns_are_refused() {
        let hostile = [
            "((a{1000}){1000}){1000}".to_owned(),
            "a{4294967295}".to_owned(),
            "(a{0}){4294967295}".to_owned(),
            "(?:(?:){1000}){1000}".to_owned(),
            "(?:".repeat(1000) + &")".repeat(1000),
            "a".repeat(TEXT_BYTES_MAX + 1),
            "(a)".repeat(GROUPS_MAX + 1),
        ];
        for text in hostile {
            assert!(Pattern::new(&text).is_err(), "{text}");
        }
        assert!(Pattern::new(r"\w{1000}").is_ok());
        assert!(Pattern::new(&"(a)".repeat(GROUPS_MAX)).is_ok());
    }

    #[test]
    fn searches_do_not_backtrack() {
        let pattern = Pattern::new("^(a+)+$").unwrap();
        assert!(!pattern.is_match(&("a".repeat(20_000) + "b")));
    }
}
