//! What an agent logs: lines with fields, on standard output. No line has a token, a query or a body.

use std::io::stdout;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tracing::Level;

use super::stopwatch;

/// How much of a path is logged.
const PATH_MAX: usize = 200;

/// Logs from here on all that is of a level or worse.
pub(super) fn start(level: Level) {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_writer(stdout)
        // Who does not read it does not hold up anything.
        .log_internal_errors(false)
        .finish();
    // There is one already where another agent runs in the process, as in tests.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Logs each request, if anybody wants to know.
pub(super) fn with_requests(app: Router) -> Router {
    match tracing::enabled!(Level::DEBUG) {
        true => app.layer(from_fn(noted)),
        false => app,
    }
}

async fn noted(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    // What a query says may be nobody's business.
    let path: String = request.uri().path().chars().take(PATH_MAX).collect();
    let began = stopwatch::nanos();
    let response = next.run(request).await;
    let micros = stopwatch::nanos().saturating_sub(began) / 1_000;
    tracing::debug!(%method, path, status = response.status().as_u16(), micros, "request");
    response
}
