//! Lengths of time as job files write them: `30s`, `1h30m`, `1.5h`.

use super::value::quoted;

/// The units, with their nanoseconds.
const UNITS: [(&str, f64); 8] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("\u{b5}s", 1e3),
    ("\u{3bc}s", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3_600e9),
];

/// Nanoseconds of a length of time.
///
/// # Errors
///
/// It is not one, or longer than 64 bits hold.
pub(super) fn parse(text: &str) -> Result<i64, String> {
    let wrong = || {
        let days = if text.ends_with('d') { "; a day is `24h`" } else { "" };
        format!("expected a length of time such as `30s` or `1h30m`, found {}{days}", quoted(text))
    };
    let too_long = || format!("the length of time {} is too long", quoted(text));
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut sum = 0_i64;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let (number, after) = rest.split_at(end.ok_or_else(wrong)?);
        let end = after.find(|letter: char| letter.is_ascii_digit() || letter == '.');
        let (unit, after) = after.split_at(end.unwrap_or(after.len()));
        let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        sum = sum.checked_add(nanos_of(number, *nanos).ok_or_else(wrong)?).ok_or_else(too_long)?;
        rest = after;
    }
    Ok(sign * sum)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "checked against the largest, and units are whole numbers"
)]
fn nanos_of(number: &str, unit: f64) -> Option<i64> {
    if let Ok(whole) = number.parse::<i64>() {
        return whole.checked_mul(unit as i64);
    }
    let nanos = number.parse::<f64>().ok()? * unit;
    (nanos.is_finite() && nanos < i64::MAX as f64).then_some(nanos as i64)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn units_are_added_up() {
        for (text, nanos) in [
            ("30s", 30_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1.5s", 1_500_000_000),
            ("250ms", 250_000_000),
            ("-1m", -60_000_000_000),
            ("0", 0),
            ("1us2ns", 1_002),
        ] {
            assert_eq!(parse(text), Ok(nanos), "{text}");
        }
        for text in ["", "5", "s", "1x", "1d", "1..5s", "-", "999999999999h", "1h 5m", "\u{1f600}"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
