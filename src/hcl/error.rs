//! What is wrong with a job file, and where.

use std::fmt::Display;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;

/// Why a job file could not be read.
///
/// Displays as `line 3, column 7: <message>`.
///
/// ```
/// use stowplan::hcl;
///
/// let error = hcl::job("job \"web\" {\n  cuont = 3\n}\n", &hcl::Inputs::new()).unwrap_err();
/// assert_eq!((error.line(), error.column()), (2, 3));
/// assert!(error.to_string().starts_with("line 2, column 3: unknown argument `cuont`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct HclError {
    line: usize,
    column: usize,
    message: String,
    is_at_end: bool,
}

impl HclError {
    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column, counted from 1 in characters.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is wrong, and what should be there instead.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether the text ends where more should be.
    pub fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// A fault in a text.
    pub(super) fn of(text: &str, fault: Fault) -> Self {
        let at = (0..=fault.at.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
        let (before, _) = text.split_at(at.unwrap_or(0));
        let line = before.matches('\n').count() + 1;
        let of_line = before.rsplit('\n').next().unwrap_or_default();
        HclError::at(line, of_line.chars().count() + 1, fault.message)
    }

    /// The end of a text that should go on.
    pub(super) fn at_end(self) -> Self {
        HclError { is_at_end: true, ..self }
    }

    /// An error at a line and a column.
    pub(super) fn at(line: usize, column: usize, message: String) -> Self {
        HclError { line, column, message, is_at_end: false }
    }
}

/// What is wrong at a byte of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(at: usize, message: impl Display) -> Self {
        Fault { at, message: message.to_string() }
    }
}

/// Where an expression begins.
pub(super) fn place(expression: &Expression) -> usize {
    expression.span().map_or(0, |span| span.start)
}

/// Puts a place to what was found wrong.
pub(super) trait At<T> {
    /// The same, at a byte of the text.
    fn at(self, at: usize) -> Result<T, Fault>;
}

impl<T, E: Display> At<T> for Result<T, E> {
    fn at(self, at: usize) -> Result<T, Fault> {
        self.map_err(|error| Fault::new(at, error))
    }
}
