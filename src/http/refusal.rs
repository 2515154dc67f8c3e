//! Refusals: a status and a plain text (docs/lifecycle.md, section 10).

use std::borrow::Cow;

use axum::http::StatusCode;

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    text: Cow<'static, str>,
}

impl Refusal {
    fn new(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal { status, text: text.into() }
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

    /// The engine is gone.
    pub(super) fn unavailable() -> Refusal {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the engine has stopped")
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}
