//! Lists of ports, such as `22,80,1000-2000` (docs/placement.md, section 4.1).

use std::ops::RangeInclusive;

use super::{SyntaxError, excerpt};

/// A list of ports and ranges of ports as written, overlaps included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PortList {
    ranges: Vec<RangeInclusive<u16>>,
}

impl PortList {
    /// Reads a comma-separated list of `n` or `a-b`, with spaces anywhere around the numbers.
    ///
    /// An empty text is an empty list. It is an error if an entry is empty or no number, if a port is
    /// 0 or above 65535, or if a range ends before it starts. (The original takes 65536 as well; there
    /// is no such port.)
    pub(crate) fn parse(text: &str) -> Result<Self, SyntaxError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let ranges = text.split(',').map(|entry| range(entry.trim())).collect::<Result<_, _>>()?;
        Ok(Self { ranges })
    }

    /// The same ports as ranges in ascending order that neither overlap nor touch. A long text can
    /// name every port thousands of times; these ranges name each once.
    pub(crate) fn merged(&self) -> Vec<RangeInclusive<u16>> {
        let mut sorted = self.ranges.clone();
        sorted.sort_unstable_by_key(|range| (*range.start(), *range.end()));
        let mut merged: Vec<RangeInclusive<u16>> = Vec::new();
        for range in sorted {
            match merged.last_mut() {
                Some(last) if u32::from(*range.start()) <= u32::from(*last.end()) + 1 => {
                    *last = *last.start()..=*last.end().max(range.end());
                }
                _ => merged.push(range),
            }
        }
        merged
    }
}

/// Reads one entry, already trimmed.
fn range(entry: &str) -> Result<RangeInclusive<u16>, SyntaxError> {
    let error = |reason| SyntaxError::Ports { entry: excerpt(entry), reason };
    let (first, last) = entry.split_once('-').unwrap_or((entry, entry));
    let first = port(first.trim()).map_err(error)?;
    let last = port(last.trim()).map_err(error)?;
    if last < first {
        return Err(error("the range ends before it starts"));
    }
    Ok(first..=last)
}

/// Reads one port number; the error is what is wrong with it.
fn port(text: &str) -> Result<u16, &'static str> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("write a number such as `80` or a range such as `1000-2000`");
    }
    // Only digits are left, so nothing but the size can be wrong.
    match text.parse::<u16>() {
        Ok(0) => Err("there is no port 0"),
        Ok(port) => Ok(port),
        Err(_) => Err("the highest port is 65535"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(text: &str) -> Result<Vec<u16>, String> {
        PortList::parse(text)
            .map(|list| list.ranges.into_iter().flatten().collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn row_47_port_lists() {
        assert_eq!(ports("1-3,2-4"), Ok(vec![1, 2, 3, 2, 3, 4]));
        assert!(ports("0").is_err());
        assert!(ports("3-1").is_err());
        assert!(ports("-1").is_err());
    }

    #[test]
    fn spaces_are_trimmed_and_empty_lists_are_empty() {
        assert_eq!(ports(" 22 , 80,1000 - 1002 "), Ok(vec![22, 80, 1000, 1001, 1002]));
        assert_eq!(ports(""), Ok(vec![]));
        assert_eq!(ports("  "), Ok(vec![]));
        assert_eq!(ports("65535"), Ok(vec![65535]));
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let text = |list| ports(list).unwrap_err();
        assert_eq!(
            text("22,70000"),
            "`70000` is not a port or a range of ports: the highest port is 65535"
        );
        assert!(text("65536").ends_with("the highest port is 65535"));
        assert!(text("99999999999999999999999").ends_with("the highest port is 65535"));
        assert!(text("0-10").ends_with("there is no port 0"));
        assert!(text("30-20").ends_with("the range ends before it starts"));
        for list in ["22,", ",", "a", "1-2-3", "+5", "1.5", "0x10", "1-", "٣"] {
            assert!(text(list).contains("write a number"), "{list}");
        }
    }

    #[test]
    fn merged_ranges_name_each_port_once() {
        let merged = |text| PortList::parse(text).unwrap().merged();
        assert_eq!(merged("1-3,2-4"), [1..=4]);
        assert_eq!(merged("80,22,81,1-21"), [1..=22, 80..=81]);
        assert_eq!(merged("10-20,12-13,65535,65534"), [10..=20, 65534..=65535]);
        let hostile = "1-65535,".repeat(10_000) + "1-65535";
        assert_eq!(merged(&hostile), [1..=65535]);
    }
}
