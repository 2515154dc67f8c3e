//! What a request that reads looks for, and what was found.

use serde_json::Value;

use super::page::Page;
use super::query::Query;
use super::reply::Content;
use super::route::Endpoint as E;

/// What is looked for: a thing or a list, of which job or which other thing.
pub(super) struct Sought<'a> {
    pub(super) endpoint: E,
    pub(super) id: &'a str,
    pub(super) namespace: &'a str,
    pub(super) query: &'a Query,
}

/// What was found.
pub(super) struct Found {
    pub(super) body: Content,
    pub(super) next_token: String,
}

impl From<Value> for Found {
    fn from(body: Value) -> Found {
        Found { body: Content::Json(body), next_token: String::new() }
    }
}

impl From<Page<Value>> for Found {
    fn from(page: Page<Value>) -> Found {
        Found { body: Content::Json(Value::Array(page.things)), next_token: page.next }
    }
}
