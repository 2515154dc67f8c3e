//! Replies: bodies and headers (docs/lifecycle.md, section 10).

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;

use super::query::Query;
use super::refusal::Refusal;

const INDEX: HeaderName = HeaderName::from_static("x-nomad-index");
const KNOWN_LEADER: HeaderName = HeaderName::from_static("x-nomad-knownleader");
const LAST_CONTACT: HeaderName = HeaderName::from_static("x-nomad-lastcontact");
const NEXT_TOKEN: HeaderName = HeaderName::from_static("x-nomad-nexttoken");

/// What a request is answered.
#[derive(Debug)]
pub(super) struct Reply {
    /// None where the body is empty.
    pub(super) body: Option<Value>,
    /// Of what has an index.
    pub(super) index: Option<u64>,
    /// Whether it says how fresh it is, as reads do.
    pub(super) is_read: bool,
    /// Where the next page begins; empty where there is none.
    pub(super) next_token: String,
}

impl Reply {
    /// An answer that is of no index.
    pub(super) fn plain(body: Value) -> Reply {
        Reply { body: Some(body), index: None, is_read: false, next_token: String::new() }
    }

    /// An answer without a body.
    pub(super) fn empty() -> Reply {
        Reply { body: None, index: None, is_read: false, next_token: String::new() }
    }

    /// The answer to a command.
    pub(super) fn written(index: u64, body: Value) -> Reply {
        Reply { index: Some(index), ..Reply::plain(body) }
    }

    /// What was read at an index.
    pub(super) fn read(index: u64, body: Value) -> Reply {
        Reply { is_read: true, ..Reply::written(index, body) }
    }
}

/// The response of an answer.
pub(super) fn response(answer: Result<Reply, Refusal>, query: &Query) -> Response {
    let mut response = match answer {
        Ok(reply) => {
            let mut response = of_body(reply.body.as_ref(), query.is_pretty());
            put_index(&mut response, reply.index, reply.is_read);
            if let Ok(token) = HeaderValue::from_str(&reply.next_token)
                && !token.is_empty()
            {
                response.headers_mut().insert(NEXT_TOKEN, token);
            }
            response
        }
        Err(refusal) => {
            let mut response = Response::new(Body::from(refusal.text().to_owned()));
            *response.status_mut() = refusal.status();
            let text = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, text);
            put_index(&mut response, refusal.index(), true);
            response
        }
    };
    let vary = HeaderValue::from_static("Accept-Encoding");
    response.headers_mut().insert(header::VARY, vary);
    response
}

/// A response without a word, to what names nothing.
pub(super) fn nothing() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn of_body(body: Option<&Value>, is_pretty: bool) -> Response {
    let Some(body) = body else { return Response::new(Body::empty()) };
    // What is a value already can be written.
    let bytes = if is_pretty { pretty(body) } else { serde_json::to_vec(body).unwrap_or_default() };
    let mut response = Response::new(Body::from(bytes));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Indented by four, as the API does.
fn pretty(body: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    if body.serialize(&mut serializer).is_err() {
        return Vec::new();
    }
    bytes.push(b'\n');
    bytes
}

fn put_index(response: &mut Response, index: Option<u64>, is_read: bool) {
    let Some(index) = index else { return };
    let headers = response.headers_mut();
    headers.insert(INDEX, HeaderValue::from(index));
    if is_read {
        headers.insert(KNOWN_LEADER, HeaderValue::from_static("true"));
        headers.insert(LAST_CONTACT, HeaderValue::from_static("0"));
    }
}
