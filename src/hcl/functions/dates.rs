//! Instants in RFC 3339, and lengths of time.

use super::super::duration;
use super::super::value::{Value, quoted};
use super::{Call, Function, Outcome, takes};
use crate::time::{Span, Timestamp};

pub(super) const TABLE: &[Function] = &[
    takes("formatdate", 2, format_date),
    takes("timeadd", 2, |it| {
        let instant = instant(it, 0)?;
        let span = Span::from_nanos(duration::parse(&it.text(1)?)?);
        let sum = instant.checked_add(span).ok_or("the instant is too far away")?;
        it.made(sum.to_string())
    }),
    takes("timecmp", 2, |it| {
        Ok(Value::int(match instant(it, 0)?.cmp(&instant(it, 1)?) {
            std::cmp::Ordering::Less => -1,
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Greater => 1,
        }))
    }),
];

fn instant(it: Call<'_>, at: usize) -> Result<Timestamp, String> {
    let text = it.text(at)?;
    text.parse()
        .map_err(|_| format!("{} is no instant such as `2026-01-31T12:00:00Z`", quoted(&text)))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

fn format_date(it: Call<'_>) -> Outcome {
    let format = it.text(0)?;
    let instant = instant(it, 1)?;
    let written = instant.to_string();
    let part = |from: usize, to: usize| written.get(from..to).unwrap_or_default();
    let number = |from: usize, to: usize| part(from, to).parse::<usize>().unwrap_or(0);
    let hour = number(11, 13);
    let days = instant.as_nanos().div_euclid(86_400_000_000_000).rem_euclid(7);
    let day_name = usize::try_from(days).ok().and_then(|day| DAYS.get(day)).copied();
    let day_name = day_name.unwrap_or_default();
    let month_name = MONTHS.get(number(5, 7).saturating_sub(1)).copied().unwrap_or_default();
    let short = |name: &'static str| name.get(..3).unwrap_or(name).to_owned();
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    let mut out = String::new();
    let mut letters = format.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\'' {
            literal(&mut letters, &mut out)?;
            continue;
        }
        if !letter.is_ascii_alphabetic() {
            out.push(letter);
            continue;
        }
        let mut word = String::from(letter);
        while letters.next_if_eq(&letter).is_some() {
            word.push(letter);
        }
        out.push_str(&match word.as_str() {
            "YYYY" => part(0, 4).to_owned(),
            "YY" => part(2, 4).to_owned(),
            "MMMM" => month_name.to_owned(),
            "MMM" => short(month_name),
            "MM" => part(5, 7).to_owned(),
            "M" => number(5, 7).to_string(),
            "DD" => part(8, 10).to_owned(),
            "D" => number(8, 10).to_string(),
            "EEEE" => day_name.to_owned(),
            "EEE" => short(day_name),
            "hh" => part(11, 13).to_owned(),
            "h" => hour.to_string(),
            "HH" => format!("{twelve:02}"),
            "H" => twelve.to_string(),
            "AA" => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            "aa" => if hour < 12 { "am" } else { "pm" }.to_owned(),
            "mm" => part(14, 16).to_owned(),
            "m" => number(14, 16).to_string(),
            "ss" => part(17, 19).to_owned(),
            "s" => number(17, 19).to_string(),
            "ZZZZZ" => "+00:00".to_owned(),
            "ZZZZ" => "+0000".to_owned(),
            "ZZZ" => "UTC".to_owned(),
            "Z" => "Z".to_owned(),
            other => return Err(format!("unknown {} in the format", quoted(other))),
        });
    }
    it.made(out)
}

/// What stands between two `'`, where two of them are one.
fn literal(
    letters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
) -> Result<(), String> {
    loop {
        match letters.next() {
            None => return Err("a `'` of the format is not closed".to_owned()),
            Some('\'') if letters.next_if_eq(&'\'').is_none() => return Ok(()),
            Some(letter) => out.push(letter),
        }
    }
}
