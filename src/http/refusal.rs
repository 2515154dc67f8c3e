//! Refusals: a status and a plain text (docs/lifecycle.md, section 10).

use std::borrow::Cow;
use std::fmt::Write as _;

use axum::http::StatusCode;

use super::text::excerpt;
use crate::engine::{
    AllocationCommandError, CommandError, JobCommandError, NodeCommandError, SettingsCommandError,
};
use crate::model::Problem;

/// Longer texts, in bytes, say no more than their beginnings.
const TEXT_MAX: usize = 300;

/// No text is longer, whatever is listed in it.
const WHOLE_TEXT_MAX: usize = 16 << 10;

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    text: Cow<'static, str>,
    /// The index at which something was looked for and not found.
    index: Option<u64>,
}

impl Refusal {
    fn new(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Refusal {
        let mut text = text.into();
        if text.len() > WHOLE_TEXT_MAX {
            let end = (0..=WHOLE_TEXT_MAX).rev().find(|at| text.is_char_boundary(*at));
            text = format!("{}...", text.get(..end.unwrap_or(0)).unwrap_or_default()).into();
        }
        Refusal { status, text, index: None }
    }

    /// The request makes no sense.
    pub(super) fn bad(text: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, text)
    }

    /// There is no such thing.
    pub(super) fn not_found(text: &'static str) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, text)
    }

    /// Many a client's mistake has this status in the API.
    pub(super) fn failed(text: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }

    /// The method is none of the path.
    pub(super) fn method() -> Refusal {
        Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "Invalid method")
    }

    /// The body is too large.
    pub(super) fn too_large() -> Refusal {
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "Request body is too large")
    }

    /// It is none of what this program was built with.
    #[cfg(not(feature = "hcl"))]
    pub(super) fn not_built_in(text: &'static str) -> Refusal {
        Refusal::new(StatusCode::NOT_IMPLEMENTED, text)
    }

    /// Who asks may not.
    pub(super) fn forbidden(text: &'static str) -> Refusal {
        Refusal::new(StatusCode::FORBIDDEN, text)
    }

    /// The body did not come.
    pub(super) fn too_slow() -> Refusal {
        Refusal::new(StatusCode::REQUEST_TIMEOUT, "Request body took too long")
    }

    /// Too many wait already.
    pub(super) fn crowded() -> Refusal {
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too many requests are waiting")
    }

    /// The engine is gone.
    pub(super) fn unavailable() -> Refusal {
        Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the engine has ended, or cannot keep commands",
        )
    }

    /// The body breaks off, or is no body.
    pub(super) fn broken_off() -> Refusal {
        Refusal::bad("unexpected EOF")
    }

    /// Too much is being sent already.
    pub(super) fn flooded() -> Refusal {
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too many large bodies are being read")
    }

    /// The same, of something that was looked for at an index and is not there.
    pub(super) fn at(self, index: u64) -> Refusal {
        let is_missing = self.status == StatusCode::NOT_FOUND;
        Refusal { index: is_missing.then_some(index), ..self }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn index(&self) -> Option<u64> {
        self.index
    }

    /// The same under the status that it has where something is looked for: what is not there is 404.
    pub(super) fn of_lookup(error: CommandError) -> Refusal {
        let is_unknown = matches!(
            error,
            CommandError::Job(JobCommandError::UnknownJob)
                | CommandError::Node(NodeCommandError::UnknownNode)
                | CommandError::Allocation(AllocationCommandError::UnknownAllocation)
        );
        let status = if is_unknown { Some(StatusCode::NOT_FOUND) } else { None };
        let refusal = Refusal::from(error);
        Refusal { status: status.unwrap_or(refusal.status), ..refusal }
    }
}

impl From<CommandError> for Refusal {
    fn from(error: CommandError) -> Refusal {
        use JobCommandError as J;
        match &error {
            CommandError::Job(J::Invalid(errors)) => Refusal::failed(listed(errors.problems())),
            CommandError::Node(NodeCommandError::Invalid(errors)) => {
                Refusal::failed(listed(errors.problems()))
            }
            CommandError::Job(
                J::NoGroup
                | J::UnknownGroup { .. }
                | J::NegativeCount
                | J::CountTooSmall { .. }
                | J::CountTooLarge { .. }
                | J::CountOfError
                | J::ActiveDeployment,
            )
            | CommandError::Settings(SettingsCommandError::UnknownAlgorithm { .. }) => {
                Refusal::bad(shortened(error.to_string()))
            }
            _ => Refusal::failed(shortened(error.to_string())),
        }
    }
}

/// A text that has something of a request in it, of which not much is repeated.
fn shortened(text: String) -> String {
    if text.len() <= TEXT_MAX { text } else { excerpt(&text).to_owned() }
}

/// Everything that is wrong with a document, in the shape in which the API lists mistakes.
fn listed(problems: &[Problem]) -> String {
    let noun = if problems.len() == 1 { "error" } else { "errors" };
    let mut text = format!("{} {noun} occurred:\n", problems.len());
    for problem in problems {
        // Writing to a text does not fail.
        let _ = writeln!(text, "\t* {problem}");
    }
    text.push('\n');
    text
}
