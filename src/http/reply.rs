//! Replies: bodies and headers (docs/lifecycle.md, section 10).

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;

use super::gzip::gzipped;
use super::lines::Lines;
use super::query::Query;
use super::refusal::Refusal;

const INDEX: HeaderName = HeaderName::from_static("x-nomad-index");
const KNOWN_LEADER: HeaderName = HeaderName::from_static("x-nomad-knownleader");
const LAST_CONTACT: HeaderName = HeaderName::from_static("x-nomad-lastcontact");
const JSON: &str = "application/json";
const NEXT_TOKEN: HeaderName = HeaderName::from_static("x-nomad-nexttoken");

/// The body of a reply.
#[derive(Debug)]
pub(super) enum Content {
    Nothing,
    Json(Value),
    /// JSON that is written already: long lists are, since a value of them would cost more than all else.
    Written(Vec<u8>),
    /// A text of a kind.
    Text(&'static str, String),
    /// Lines that come as they are made.
    Lines(Lines),
}

/// What a request is answered.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) content: Content,
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
        Reply {
            content: Content::Json(body),
            index: None,
            is_read: false,
            next_token: String::new(),
        }
    }

    /// An answer without a body.
    pub(super) fn empty() -> Reply {
        Reply { content: Content::Nothing, ..Reply::plain(Value::Null) }
    }

    /// A text of a kind.
    pub(super) fn text(kind: &'static str, text: String) -> Reply {
        Reply { content: Content::Text(kind, text), ..Reply::plain(Value::Null) }
    }

    /// The answer to a command.
    pub(super) fn written(index: u64, body: Value) -> Reply {
        Reply { index: Some(index), ..Reply::plain(body) }
    }

    /// What was read at an index.
    pub(super) fn read(index: u64, body: Value) -> Reply {
        Reply::found(index, Content::Json(body))
    }

    /// The same in whatever form it is.
    pub(super) fn found(index: u64, content: Content) -> Reply {
        Reply { content, is_read: true, ..Reply::written(index, Value::Null) }
    }
}

/// The response of an answer, packed if who asks can unpack it.
pub(super) fn response(
    answer: Result<Reply, Refusal>,
    query: &Query,
    takes_gzip: bool,
) -> Response {
    let mut response = match answer {
        Ok(reply) => {
            let mut response = of_content(reply.content, query.is_pretty(), takes_gzip);
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
    put_vary(&mut response);
    response
}

/// A response without a word, to what names nothing.
pub(super) fn nothing() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_FOUND;
    put_vary(&mut response);
    response
}

fn put_vary(response: &mut Response) {
    let vary = HeaderValue::from_static("Accept-Encoding");
    response.headers_mut().insert(header::VARY, vary);
}

fn of_content(content: Content, is_pretty: bool, takes_gzip: bool) -> Response {
    let (kind, bytes) = match content {
        Content::Nothing => return Response::new(Body::empty()),
        Content::Lines(lines) => return of_kind(JSON, Body::from_stream(lines)),
        Content::Text(kind, text) => (kind, text.into_bytes()),
        Content::Json(body) if is_pretty => (JSON, pretty(&body)),
        // What is a value already can be written.
        Content::Json(body) => (JSON, serde_json::to_vec(&body).unwrap_or_default()),
        Content::Written(bytes) if is_pretty => {
            (JSON, serde_json::from_slice(&bytes).map_or(bytes, |body| pretty(&body)))
        }
        Content::Written(bytes) => (JSON, bytes),
    };
    match takes_gzip.then(|| gzipped(&bytes)).flatten() {
        Some(packed) => {
            let mut response = of_kind(kind, Body::from(packed));
            let gzip = HeaderValue::from_static("gzip");
            response.headers_mut().insert(header::CONTENT_ENCODING, gzip);
            response
        }
        None => of_kind(kind, Body::from(Bytes::from(bytes))),
    }
}

fn of_kind(kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
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
