//! Truth values as text (docs/placement.md, section 2.4).

use super::{SyntaxError, excerpt};

/// Reads `1 t T TRUE true True` as true and `0 f F FALSE false False` as false.
///
/// Any other text is an error; spaces are not trimmed.
pub(crate) fn parse_bool(text: &str) -> Result<bool, SyntaxError> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(SyntaxError::Boolean { text: excerpt(text) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The driver checker itself lives elsewhere; this is what it asks of the attribute's text.
    #[test]
    fn row_39_truth_values_of_driver_attributes() {
        for text in ["1", "t", "T", "TRUE", "true", "True"] {
            assert_eq!(parse_bool(text), Ok(true), "{text}");
        }
        for text in ["0", "f", "F", "FALSE", "false", "False"] {
            assert_eq!(parse_bool(text), Ok(false), "{text}");
        }
        for text in ["2", "", "yes", "tRUE", " true", "on"] {
            assert!(parse_bool(text).is_err(), "{text}");
        }
    }
}
