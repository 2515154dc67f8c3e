//! Everything that is wrong with the input, one problem a line.

use std::fmt;

use stowplan::model::Problem;

use crate::words::number;
use crate::words::printable;

/// The most problems that are written out.
const LINES_MAX: usize = 50;

/// What is wrong with the input.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    lines: Vec<String>,
    total: usize,
    /// What is no problem by itself, and may be why there is one.
    warnings: Vec<String>,
}

impl Problems {
    /// A single problem that belongs to no file.
    pub(crate) fn one(message: &str) -> Self {
        let mut problems = Problems::default();
        problems.note(|| message.to_owned());
        problems
    }

    /// Notes a problem of a file, at a path inside it or, without one, of the file as a whole.
    pub(crate) fn add(&mut self, file: &str, path: &str, message: &str) {
        let separator = if path.is_empty() { "" } else { ": " };
        self.note(|| format!("{file}: {path}{separator}{message}"));
    }

    /// Notes what the library found wrong with a document of a file.
    pub(crate) fn add_all(&mut self, file: &str, problems: &[Problem]) {
        for problem in problems {
            self.note(|| format!("{file}: {problem}"));
        }
    }

    /// Notes what is no problem by itself.
    pub(crate) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// Notes something that nobody heeds: that is a problem to who is strict.
    pub(crate) fn note_unheeded(&mut self, is_strict: bool, warning: String) {
        match is_strict {
            true => self.note(|| warning.replace(", ignored", "")),
            false => self.warn(warning),
        }
    }

    /// What was noted beside problems, where there are none.
    pub(crate) fn into_warnings(self) -> Vec<String> {
        self.warnings
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Is it an error? It is if there are problems.
    pub(crate) fn check(&mut self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(std::mem::take(self)) }
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        self.total += 1;
        if self.lines.len() < LINES_MAX {
            self.lines.push(printable(&line()));
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in self.warnings.iter().take(LINES_MAX) {
            writeln!(f, "warning: {warning}")?;
        }
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        match self.total - self.lines.len() {
            0 => Ok(()),
            more => writeln!(f, "and {} more problems", number(more as u64)),
        }
    }
}
