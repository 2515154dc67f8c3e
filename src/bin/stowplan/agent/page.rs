//! The page at `/ui`: one document that asks the API of the agent, and fetches nothing from elsewhere.

use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::response::Redirect;
use axum::routing::get;

use crate::html::{DRAW, STYLE};

const PAGE: &str = include_str!("page.html");
const MORE_STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What the page may do: run its own script and ask where it came from.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// The API with the page beside it.
///
/// The page holds nothing that is secret: what it shows, it asks for.
pub(super) fn with_page(api: Router) -> Router {
    let page = Bytes::from(document());
    let answer = move || async move {
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-cache"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (headers, page)
    };
    let to_page = || async { Redirect::temporary("/ui/") };
    Router::new()
        .route("/", get(to_page))
        .route("/ui", get(answer.clone()))
        .route("/ui/", get(answer))
        .fallback_service(api)
}

fn document() -> String {
    let style = format!("{STYLE}{MORE_STYLE}");
    PAGE.replace("/*STYLE*/", &style).replace("/*DRAW*/", DRAW).replace("/*PAGE*/", SCRIPT)
}
