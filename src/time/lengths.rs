//! Lengths of time as Go writes them: `1h30m`, `250ms`, `1.5s`.

use std::str::FromStr;

use thiserror::Error;

use super::Span;

/// A text that is no length of time.
///
/// ```
/// use stowplan::Span;
///
/// let error = "soon".parse::<Span>().unwrap_err();
/// assert_eq!(error.to_string(), "is no length of time such as `90s` or `1h30m`");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is no length of time such as `90s` or `1h30m`")]
#[non_exhaustive]
pub struct SpanError;

const UNITS: [(&str, i64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    // The micro sign and the Greek letter.
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Span, SpanError> {
        let (is_negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(Span::ZERO);
        }
        let nanos = parts(rest).ok_or(SpanError)?;
        let nanos = if is_negative { -nanos } else { nanos };
        i64::try_from(nanos).map(Span::from_nanos).map_err(|_| SpanError)
    }
}

/// The nanoseconds of numbers with units, one after the other.
fn parts(mut rest: &str) -> Option<i128> {
    let mut nanos: i128 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let whole = digits(&mut rest);
        let fraction = match rest.strip_prefix('.') {
            Some(after) => {
                rest = after;
                digits(&mut rest)
            }
            None => "",
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let end = rest.find(|it: char| it.is_ascii_digit() || it == '.').unwrap_or(rest.len());
        let (unit, after) = rest.split_at(end);
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
        rest = after;
        let unit = i128::from(*unit);
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse::<i64>().ok()?.into() };
        nanos = nanos.checked_add(whole.checked_mul(unit)?)?.checked_add(part(fraction, unit))?;
    }
    Some(nanos)
}

/// So much of a unit as the digits behind a point say, rounded down.
fn part(digits: &str, unit: i128) -> i128 {
    // More of them are less than a nanosecond of any unit.
    let digits = digits.get(..digits.len().min(15)).unwrap_or_default();
    let number: i128 = digits.parse().unwrap_or(0);
    number * unit / 10_i128.pow(digits.len() as u32)
}

fn digits<'a>(rest: &mut &'a str) -> &'a str {
    let end = rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_go_does() {
        let read = |text: &str| text.parse::<Span>().map(Span::as_nanos);
        let cases = [
            ("0", 0),
            ("90s", 90_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1.5s", 1_500_000_000),
            (".5m", 30_000_000_000),
            ("1.h", 3_600_000_000_000),
            ("-250ms", -250_000_000),
            ("+3us", 3_000),
            ("2\u{b5}s7ns", 2_007),
            ("0.3333333333333333333h", 1_199_999_999_999),
            ("9223372036s", 9_223_372_036_000_000_000),
        ];
        for (text, nanos) in cases {
            assert_eq!(read(text), Ok(nanos), "{text}");
        }
        for text in ["", "-", "5", "s", ".s", "1x", "1 s", "1s ", "1h-3m", "9223372037s", "1.2.3s"]
        {
            assert_eq!(read(text), Err(SpanError), "{text}");
        }
        let long = "9".repeat(60) + "s";
        assert_eq!(read(&long), Err(SpanError));
    }
}
