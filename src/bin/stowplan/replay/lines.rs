//! The lines of a file of commands.

use stowplan::engine::{Recorded, RecordedError};

/// A line that says something.
pub(super) enum Line {
    Command(Box<Recorded>),
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
        Lines { left: Some(text), number: 0, to_skip }
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

impl Iterator for Lines<'_> {
    type Item = (usize, Line);

    fn next(&mut self) -> Option<(usize, Line)> {
        let line = self.next_line()?;
        let line = match Recorded::from_json(line) {
            Ok(_) if self.to_skip > 0 => {
                self.to_skip -= 1;
                Line::Skipped
            }
            Ok(recorded) => Line::Command(Box::new(recorded)),
            // What was said of it before is not said again.
            Err(_) if self.to_skip > 0 => Line::Skipped,
            Err(error) => Line::Unread(error),
        };
        Some((self.number, line))
    }
}
