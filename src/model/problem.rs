//! What is wrong with a document: problems with their paths, collected rather than met one by one.

use std::borrow::Cow;
use std::fmt;

use super::printable::printable;
use super::read::ReadError;

/// One thing that is wrong with a document.
///
/// Displays as `<path>: <message>`, or as the message alone where the document as a whole is meant.
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

/// Defines the error of one kind of document: a list of problems that is never empty.
macro_rules! errors {
    ($(#[$meta:meta])* pub struct $name:ident;) => {
        $(#[$meta])*
        ///
        /// Displays all problems, one a line.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            // INVARIANT: not empty.
            problems: Vec<Problem>,
        }

        impl $name {
            /// The problems, in the order of the document; at least one.
            pub fn problems(&self) -> &[Problem] {
                &self.problems
            }

            /// The same problems of a document that is part of a larger one: every path begins with
            /// the document's own, `[3]` for instance. Nothing changes where that is nothing.
            #[must_use]
            pub fn within(mut self, path: &str) -> Self {
                for problem in &mut self.problems {
                    let separator = match path.is_empty() || problem.path.is_empty() {
                        true => "",
                        false => ".",
                    };
                    problem.path = format!("{}{separator}{}", printable(path), problem.path);
                }
                self
            }

            /// Is it an error? It is if there are problems.
            pub(crate) fn check(problems: Vec<Problem>) -> Result<(), Self> {
                if problems.is_empty() { Ok(()) } else { Err($name { problems }) }
            }
        }

        impl From<ReadError> for $name {
            fn from(error: ReadError) -> Self {
                $name { problems: vec![error.into_problem()] }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                for (i, problem) in self.problems.iter().enumerate() {
                    let separator = if i == 0 { "" } else { "\n" };
                    write!(f, "{separator}{problem}")?;
                }
                Ok(())
            }
        }

        impl std::error::Error for $name {}
    };
}

errors! {
    /// Everything that is wrong with a job.
    pub struct JobErrors;
}

errors! {
    /// Everything that is wrong with a node.
    pub struct NodeErrors;
}

errors! {
    /// Everything that is wrong with an allocation.
    pub struct AllocationErrors;
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
    pub(crate) fn key(&'a self, key: &'a str) -> Self {
        Path { above: Some(self), step: Step::Key(key) }
    }

    /// An element of the list at this place.
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
    fn errors_list_every_problem_on_a_line_of_its_own() {
        let mut problems = Problems::default();
        problems.add(ROOT, "first");
        problems.add(ROOT.key("Meta").key("a\nb"), "second `\u{1b}`");
        let error = JobErrors::check(problems.into_vec()).unwrap_err();
        assert_eq!(error.to_string(), "first\nMeta.a\\nb: second `\\u{1b}`");
        assert_eq!(error.problems().len(), 2);
        assert_eq!(error.clone().within(""), error);
        assert_eq!(error.within("[3]").to_string(), "[3]: first\n[3].Meta.a\\nb: second `\\u{1b}`");
        assert_eq!(JobErrors::check(Vec::new()), Ok(()));
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(excerpt("short"), "short");
        assert_eq!(excerpt(&"\u{e4}".repeat(81)), "\u{e4}".repeat(80) + "...");
    }
}
