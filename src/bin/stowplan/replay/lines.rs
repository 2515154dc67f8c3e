//! The lines of a file of commands.

use serde::de::IgnoredAny;
use stowplan::engine::{Recorded, RecordedError};

use crate::files::Problems;
use crate::words::{count, number};

/// A line that says something.
pub(super) enum Line<'a> {
    /// A command, and its text.
    Command(Box<Recorded>, &'a [u8]),
    /// A command that was told before.
    Skipped,
    Unread(RecordedError),
}

/// Lines with their numbers, from 1.
pub(super) struct Lines<'a> {
    /// What is left of the text; none after its last line.
    left: Option<&'a [u8]>,
    number: usize,
    /// How many of the commands were told before, those that were refused included.
    to_skip: u64,
}

impl<'a> Lines<'a> {
    /// The lines of a text of which so many commands were told before.
    pub(super) fn of(text: &'a [u8], to_skip: u64) -> Lines<'a> {
        Lines { left: Some(without_mark(text)), number: 0, to_skip }
    }

    /// The next line that is not empty.
    fn next_line(&mut self) -> Option<&'a [u8]> {
        loop {
            let left = self.left?;
            self.number += 1;
            let end = left.iter().position(|byte| *byte == b'\n');
            let (line, rest) = left.split_at(end.unwrap_or(left.len()));
            self.left = rest.get(1..);
            if !line.trim_ascii().is_empty() {
                return Some(line);
            }
        }
    }
}

/// The text without the byte order mark that some editors begin a file with.
fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text)
}

fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(without_mark(text)).is_ok()
}

/// Says of a text as a whole that it is no log of commands, or not one of which so many were told before.
///
/// # Errors
///
/// It is one document instead of one a line, or too short.
pub(super) fn check(file: &str, text: &[u8], told: u64) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let mut lines = Lines::of(text, 0);
    let is_first_read = lines.next().is_none_or(|(_, line)| matches!(line, Line::Command(..)));
    let is_long = lines.next().is_some();
    if is_long && !is_first_read && is_json(text) {
        let message = "expected a command a line, found one JSON document: commands look like \
            `{\"now\": \"2026-01-01T00:00:00Z\", \"command\": {...}}`, each on one line";
        problems.add(file, "", message);
    }
    if told > 0 {
        let lines = Lines::of(text, 0);
        let commands =
            lines.filter(|(_, line)| matches!(line, Line::Command(..))).take(told as usize);
        let commands = commands.count();
        if (commands as u64) < told {
            let has = count(commands, "command");
            let message = format!(
                "it has {has}, and the saved state has seen {}: it is not the log that the state goes on from",
                number(told)
            );
            problems.add(file, "", &message);
        }
    }
    problems.check()
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, Line<'a>);

    fn next(&mut self) -> Option<(usize, Line<'a>)> {
        let text = self.next_line()?;
        let line = match Recorded::from_json(text) {
            Ok(_) if self.to_skip > 0 => {
                self.to_skip -= 1;
                Line::Skipped
            }
            Ok(recorded) => Line::Command(Box::new(recorded), text),
            // What was said of it before is not said again.
            Err(_) if self.to_skip > 0 => Line::Skipped,
            Err(error) => Line::Unread(error),
        };
        Some((self.number, line))
    }
}
