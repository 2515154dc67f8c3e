//! Counts: how many allocations may share a value of a property (docs/placement.md, section 2.8).

/// Reads a count: digits only, so no sign either way.
pub(crate) fn parse_count(text: &str) -> Option<u64> {
    // The standard library's numbers may have a `+` before them.
    if text.starts_with('+') { None } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::parse_count;

    #[test]
    fn counts_have_no_sign() {
        assert_eq!(["0", "2", "007"].map(parse_count), [Some(0), Some(2), Some(7)]);
        for text in ["+2", "-2", "", "2 ", "1_000", "18446744073709551616"] {
            assert_eq!(parse_count(text), None, "{text}");
        }
    }
}
