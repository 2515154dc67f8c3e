//! Time as an argument: instants and lengths of time, as integers of nanoseconds.
//!
//! Nothing here reads a clock. An instant is written as RFC 3339 in UTC, and read with any offset; the
//! zero time that Go's programs write, `0001-01-01T00:00:00Z`, stands for an absent one.

mod lengths;

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

pub use self::lengths::SpanError;

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// Go's zero time.
const GO_ZERO: &str = "0001-01-01T00:00:00Z";

/// An instant: nanoseconds since 1970-01-01T00:00:00Z, from the year 1677 to 2262.
///
/// ```
/// use stowplan::{Span, Timestamp};
///
/// let at: Timestamp = "2026-11-27T03:00:00.5+01:00".parse()?;
/// assert_eq!(at.to_string(), "2026-11-27T02:00:00.5Z");
/// assert_eq!((at + Span::from_secs(90)).to_string(), "2026-11-27T02:01:30.5Z");
/// # Ok::<(), stowplan::TimestampError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A length of time in nanoseconds; negative ones lead back.
///
/// ```
/// use stowplan::{Span, Timestamp};
///
/// let stagger = Span::from_secs(30);
/// assert!(stagger > Span::ZERO);
/// assert_eq!(Timestamp::EPOCH + stagger, Timestamp::from_secs(30));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

/// Why a text is no instant.
///
/// ```
/// use stowplan::{Timestamp, TimestampError};
///
/// let read = |text: &str| text.parse::<Timestamp>();
/// assert_eq!(read("yesterday"), Err(TimestampError::Malformed));
/// assert_eq!(read("2500-01-01T00:00:00Z"), Err(TimestampError::OutOfRange));
/// ```
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimestampError {
    /// It is not of the form `2026-11-27T03:00:00.123Z` or `...+01:00`.
    #[error("is not a time of the form 2026-11-27T03:00:00Z")]
    Malformed,
    /// It is before 1677 or after 2262, which nanoseconds do not reach.
    #[error("is not between the years 1677 and 2262")]
    OutOfRange,
}

impl Timestamp {
    /// The first instant that there is.
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    /// The last instant that there is.
    pub const MAX: Timestamp = Timestamp(i64::MAX);
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Timestamp = Timestamp(0);

    /// The instant so many nanoseconds after 1970.
    pub const fn from_nanos(nanos: i64) -> Timestamp {
        Timestamp(nanos)
    }

    /// The instant so many seconds after 1970, the last one there is if it is later.
    pub const fn from_secs(secs: i64) -> Timestamp {
        Timestamp(secs.saturating_mul(NANOS_PER_SECOND))
    }

    /// Nanoseconds since 1970.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The instant a while later; `None` where none is that late or that early.
    pub const fn checked_add(self, span: Span) -> Option<Timestamp> {
        match self.0.checked_add(span.0) {
            Some(nanos) => Some(Timestamp(nanos)),
            None => None,
        }
    }

    /// The time from an earlier instant to this one, the longest there is if it is longer.
    pub const fn since(self, earlier: Timestamp) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time.
    pub const ZERO: Span = Span(0);
    /// The longest time there is.
    pub const MAX: Span = Span(i64::MAX);

    /// So many nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Span {
        Span(nanos)
    }

    /// So many seconds, the longest time there is if they are more.
    pub const fn from_secs(secs: i64) -> Span {
        Span(secs.saturating_mul(NANOS_PER_SECOND))
    }

    /// Nanoseconds.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Both together; `None` where that is longer than time can be.
    pub const fn checked_add(self, other: Span) -> Option<Span> {
        match self.0.checked_add(other.0) {
            Some(nanos) => Some(Span(nanos)),
            None => None,
        }
    }

    /// So many times as long, the longest there is if it is longer.
    pub const fn saturating_mul(self, times: i64) -> Span {
        Span(self.0.saturating_mul(times))
    }
}

/// Ends at the last instant there is: what lies beyond it never comes.
impl std::ops::Add<Span> for Timestamp {
    type Output = Timestamp;

    fn add(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_add(span.0))
    }
}

/// Ends at the longest time there is.
impl std::ops::Add for Span {
    type Output = Span;

    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

/// Ends at the first instant there is.
impl std::ops::Sub<Span> for Timestamp {
    type Output = Timestamp;

    fn sub(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_sub(span.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(NANOS_PER_SECOND);
        let nanos = self.0.rem_euclid(NANOS_PER_SECOND);
        let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
        let of_day = seconds.rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if nanos > 0 {
            let digits = format!("{nanos:09}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Timestamp, TimestampError> {
        parse(text).ok_or(TimestampError::Malformed)?.ok_or(TimestampError::OutOfRange)
    }
}

/// The instant of a text: none outside for a text of another form, none inside for an instant that
/// nanoseconds do not reach.
fn parse(text: &str) -> Option<Option<Timestamp>> {
    let bytes = text.as_bytes();
    if !text.is_ascii() || bytes.len() < 20 {
        return None;
    }
    let marks = [(4, b"-"), (7, b"-"), (10, b"Tt"), (13, b":"), (16, b":")] as [(usize, &[u8]); 5];
    if marks.iter().any(|(at, allowed)| !allowed.contains(&bytes[*at])) {
        return None;
    }
    let year = number(&text[..4], 0..=9999)?;
    let month = number(&text[5..7], 1..=12)?;
    let day = number(&text[8..10], 1..=days_in(year, month))?;
    let hour = number(&text[11..13], 0..=23)?;
    let minute = number(&text[14..16], 0..=59)?;
    let second = number(&text[17..19], 0..=59)?;
    let (nanos, offset) = fraction(&text[19..])?;
    let offset = offset_seconds(offset)?;
    let seconds =
        days_from_civil(year, month, day) * SECONDS_PER_DAY + (hour * 60 + minute) * 60 + second
            - offset;
    let nanos = i128::from(seconds) * i128::from(NANOS_PER_SECOND) + i128::from(nanos);
    Some(i64::try_from(nanos).ok().map(Timestamp))
}

/// The nanoseconds that a text begins with, and what is left of it.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix('.') else { return Some((0, text)) };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let kept = digits.min(9);
    let value = number(rest.get(..kept).filter(|it| !it.is_empty())?, 0..=i64::MAX)?;
    let nanos = (kept..9).fold(value, |value, _| value * 10);
    Some((nanos, rest.get(digits..)?))
}

/// How far local time is ahead of UTC: `Z`, `+01:00`, `-07:30`.
fn offset_seconds(text: &str) -> Option<i64> {
    let (sign, rest) = match text.as_bytes() {
        [b'Z' | b'z'] => return Some(0),
        [b'+', ..] => (1, &text[1..]),
        [b'-', ..] => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    Some(sign * (number(hours, 0..=23)? * 60 + number(minutes, 0..=59)?) * 60)
}

fn number(text: &str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|value| is_number && range.contains(value))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970 of a day of the Gregorian calendar. Years are counted from March, so that the day
/// that leap years add is the last one.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

/// The year, the month and the day of a number of days since 1970.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Reads an instant that may be absent, which `null`, an empty text and Go's zero time stand for.
pub(crate) mod rfc3339 {
    use super::{Deserialize, Deserializer, GO_ZERO, Timestamp};
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        match text.as_deref() {
            None | Some("" | GO_ZERO) => Ok(None),
            Some(text) => super::read_instant(text).map(Some),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        read_instant(&text)
    }
}

/// The instant of a text of a document, or what is wrong with it.
pub(crate) fn read_instant<E: Error>(text: &str) -> Result<Timestamp, E> {
    // No instant is as long as what is shown of the text.
    const SHOWN: usize = 60;
    let shown = || text.chars().take(SHOWN).collect::<String>();
    text.parse().map_err(|error: TimestampError| E::custom(format_args!("`{}` {error}", shown())))
}

/// Nanoseconds, as the API has lengths of time.
impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        deserializer.deserialize_i64(Nanos)
    }
}

/// Reads a number, and says of anything else of what a number is expected.
struct Nanos;

impl Visitor<'_> for Nanos {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer, of nanoseconds")
    }

    fn visit_i64<E>(self, nanos: i64) -> Result<Span, E> {
        Ok(Span(nanos))
    }

    fn visit_u64<E: Error>(self, nanos: u64) -> Result<Span, E> {
        let invalid = || E::invalid_value(Unexpected::Unsigned(nanos), &"i64");
        i64::try_from(nanos).map(Span).map_err(|_| invalid())
    }
}

#[cfg(test)]
mod tests {
    use super::{Span, Timestamp, TimestampError};

    #[test]
    fn known_instants_are_read_and_written() {
        let known = [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:34:56.789Z", 951_827_696_789_000_000),
            ("1969-12-31T23:59:59.999999999Z", -1),
            ("1900-03-01T00:00:00Z", -2_203_891_200_000_000_000),
            ("2262-04-11T23:47:16.854775807Z", i64::MAX),
            ("1677-09-21T00:12:43.145224192Z", i64::MIN),
        ];
        for (text, nanos) in known {
            assert_eq!(text.parse(), Ok(Timestamp::from_nanos(nanos)), "{text}");
            assert_eq!(Timestamp::from_nanos(nanos).to_string(), text);
        }
    }

    #[test]
    fn offsets_and_long_fractions_are_read() {
        let expected = Timestamp::from_nanos(951_827_696_789_000_000);
        for text in ["2000-02-29T14:04:56.789+01:30", "2000-02-29t04:34:56.7890000001234-08:00"] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let malformed = [
            "",
            "now",
            "2000-02-30T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2000-01-01 00:00:00Z",
            "2000-01-01T24:00:00Z",
            "2000-01-01T00:00:00",
            "2000-01-01T00:00:00.Z",
            "2000-01-01T00:00:00+1:00",
            "2000-13-01T00:00:00Z",
            "+200-01-01T00:00:00Z",
            "2000-01-01T00:00:00é",
        ];
        for text in malformed {
            assert_eq!(text.parse::<Timestamp>(), Err(TimestampError::Malformed), "{text}");
        }
        for text in
            ["0001-01-01T00:00:00Z", "2262-04-11T23:47:16.854775808Z", "9999-12-31T23:59:59Z"]
        {
            assert_eq!(text.parse::<Timestamp>(), Err(TimestampError::OutOfRange), "{text}");
        }
    }

    #[test]
    fn every_day_of_many_years_leads_back_to_itself() {
        for day in -106_000..106_000 {
            let (year, month, of_month) = super::civil_from_days(day);
            assert_eq!(super::days_from_civil(year, month, of_month), day);
        }
    }

    #[test]
    fn arithmetic_ends_at_the_ends_of_time() {
        assert_eq!(Timestamp::MAX + Span::from_secs(1), Timestamp::MAX);
        assert_eq!(Timestamp::MAX.checked_add(Span::from_nanos(1)), None);
        assert_eq!(Timestamp::MIN - Span::from_secs(1), Timestamp::MIN);
        assert_eq!(Timestamp::MAX.since(Timestamp::MIN), Span::MAX);
    }
}
