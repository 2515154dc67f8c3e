//! What is wrong with a document: problems with their paths, collected rather than met one by one.

use std::borrow::Cow;
use std::fmt;

use super::printable::printable;

/// One thing that is wrong with a document.
///
/// Displays as `<path>: <message>`, or as the message alone where the document as a whole is meant.
///
/// ```
/// use stowplan::model::Job;
///
/// let errors = Job::builder("web").build().unwrap_err();
/// let problem = &errors.problems()[0];
/// assert_eq!(problem.path(), "TaskGroups");
/// assert_eq!(problem.to_string(), "TaskGroups: a job needs at least one task group");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    path: String,
    message: String,
}

impl Problem {
    /// Makes a problem of its path and its message.
    pub(crate) fn new(path: &str, message: &str) -> Self {
        Problem { path: printable(path), message: printable(message) }
    }

    /// Puts a path before its own.
    pub(super) fn move_within(&mut self, path: &str) {
        let separator = if path.is_empty() || self.path.is_empty() { "" } else { "." };
        self.path = format!("{}{separator}{}", printable(path), self.path);
    }

    /// Where: `TaskGroups[0].Constraints[2].Operand` for instance, `line 3, column 7` in a text that is
    /// not JSON, or nothing for the document as a whole.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What, and what should be there instead.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "{path}: {}", self.message),
        }
    }
}

/// A place in a document, made on the stack on the way down and written out only for a problem.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a> {
    above: Option<&'a Path<'a>>,
    step: Step<'a>,
}

/// One step down into a document.
#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// The document itself.
pub(crate) const ROOT: Path<'static> = Path { above: None, step: Step::Key("") };

impl<'a> Path<'a> {
    /// The value of a key of the object at this place.
    #[inline]
    pub(crate) fn key(&'a self, key: &'a str) -> Self {
        Path { above: Some(self), step: Step::Key(key) }
    }

    /// An element of the list at this place.
    #[inline]
    pub(crate) fn index(&'a self, index: usize) -> Self {
        Path { above: Some(self), step: Step::Index(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(above) = self.above else {
            return Ok(());
        };
        above.fmt(f)?;
        match self.step {
            Step::Key(key) if above.above.is_some() => write!(f, ".{key}"),
            Step::Key(key) => f.write_str(key),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// The problems found so far.
#[derive(Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a problem.
    pub(crate) fn add(&mut self, path: Path<'_>, message: impl AsRef<str>) {
        self.0.push(Problem::new(&path.to_string(), message.as_ref()));
    }

    /// All of them.
    pub(crate) fn into_vec(self) -> Vec<Problem> {
        self.0
    }
}

/// The longest piece of a user's text that a message repeats, in characters.
const EXCERPT_CHARS: usize = 80;

/// A text of a document as a message repeats it: cut where it gets too long to read.
pub(crate) fn excerpt(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(EXCERPT_CHARS) {
        Some((end, _)) => format!("{}...", text.split_at(end).0).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_in_the_document() {
        let groups = ROOT.key("TaskGroups");
        let group = groups.index(0);
        let volumes = group.key("Volumes");
        assert_eq!(ROOT.to_string(), "");
        assert_eq!(groups.to_string(), "TaskGroups");
        assert_eq!(volumes.key("data").to_string(), "TaskGroups[0].Volumes.data");
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(excerpt("short"), "short");
        assert_eq!(excerpt(&"\u{e4}".repeat(81)), "\u{e4}".repeat(80) + "...");
    }
}
