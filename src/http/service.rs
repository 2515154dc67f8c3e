//! One request after the other: what it names, which engine it is for, and whether it reads or writes.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::response::Response;
use indexmap::IndexMap;

use super::host::EngineHandle;
use super::query::Query;
use super::refusal::Refusal;
use super::reply::{self, Reply};
use super::route::{Endpoint, route};
use super::{about, read, write};

/// The largest body that is read, in bytes.
const BODY_MAX: usize = 32 << 20;

/// The engines that are served, one a region, and what the API says about who serves them.
///
/// ```
/// use stowplan::engine::{Engine, EngineOptions};
/// use stowplan::http::{Clock, EngineHandle, Regions};
///
/// let handle = || EngineHandle::start(Engine::new(EngineOptions::default()), Clock::system());
/// let regions = Regions::new("global", handle()?).with_region("eu", handle()?);
/// assert_eq!(regions.names().collect::<Vec<_>>(), ["eu", "global"]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Regions {
    local: String,
    by_name: IndexMap<String, EngineHandle>,
    address: String,
    node_name: String,
}

impl Regions {
    /// One region, which is the local one: requests that name none are for it.
    pub fn new(name: impl Into<String>, handle: EngineHandle) -> Regions {
        let local = name.into();
        Regions {
            by_name: IndexMap::from([(local.clone(), handle)]),
            local,
            address: "127.0.0.1:4646".into(),
            node_name: "stowplan".into(),
        }
    }

    /// The same with another region.
    #[must_use]
    pub fn with_region(mut self, name: impl Into<String>, handle: EngineHandle) -> Regions {
        self.by_name.insert(name.into(), handle);
        self
    }

    /// The same with the address, host and port, that it is reached at.
    #[must_use]
    pub fn with_address(mut self, address: impl Into<String>) -> Regions {
        self.address = address.into();
        self
    }

    /// The names of the regions, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self.by_name.keys().map(String::as_str).collect();
        names.sort_unstable();
        names.into_iter()
    }

    pub(super) fn local(&self) -> &str {
        &self.local
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn node_name(&self) -> &str {
        &self.node_name
    }

    /// The engine of a region; of the local one where none is named.
    pub(super) fn engine(&self, name: &str) -> Result<&EngineHandle, Refusal> {
        let name = if name.is_empty() { &self.local } else { name };
        self.by_name.get(name).ok_or_else(|| Refusal::failed("No path to region"))
    }
}

impl From<EngineHandle> for Regions {
    fn from(handle: EngineHandle) -> Regions {
        Regions::new("global", handle)
    }
}

/// The API (docs/lifecycle.md, section 10), to serve or to mount in a server of one's own.
///
/// It needs a runtime of tokio with a timer.
///
/// ```
/// use stowplan::engine::{Engine, EngineOptions};
/// use stowplan::http::{Clock, EngineHandle, router};
///
/// let engine = Engine::new(EngineOptions::default());
/// let app = router(EngineHandle::start(engine, Clock::system())?);
/// # let _: axum::Router = app;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn router(regions: impl Into<Regions>) -> Router {
    Router::new().fallback(serve).with_state(Arc::new(regions.into()))
}

async fn serve(State(regions): State<Arc<Regions>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let query = Query::new(head.uri.query().unwrap_or_default());
    let Some((endpoint, id)) = route(head.uri.path()) else { return reply::nothing() };
    if !endpoint.has(&head.method) {
        return reply::response(Err(Refusal::method()), &query);
    }
    let asked = Asked { regions: &regions, endpoint, id: &id, query: &query, method: &head.method };
    let answer = answer(&asked, &head.headers, body).await;
    reply::response(answer, &query)
}

/// A request, its body aside.
pub(super) struct Asked<'a> {
    pub(super) regions: &'a Regions,
    pub(super) endpoint: Endpoint,
    /// The identity of the thing that the path names.
    pub(super) id: &'a str,
    pub(super) query: &'a Query,
    pub(super) method: &'a Method,
}

impl Asked<'_> {
    /// The engine that the request names, or else its body.
    pub(super) fn engine(&self, region_of_body: &str) -> Result<&EngineHandle, Refusal> {
        match self.query.text("region") {
            "" => self.regions.engine(region_of_body),
            region => self.regions.engine(region),
        }
    }

    /// The name of the region that the request names, or else its body; of the local one if neither does.
    pub(super) fn region<'a>(&'a self, region_of_body: &'a str) -> &'a str {
        let names = [self.query.text("region"), region_of_body];
        let named = names.into_iter().find(|name| !name.is_empty());
        named.unwrap_or(&self.regions.local)
    }

    /// Whether something is to be taken out.
    pub(super) fn is_delete(&self) -> bool {
        *self.method == Method::DELETE
    }
}

async fn answer(asked: &Asked<'_>, headers: &HeaderMap, body: Body) -> Result<Reply, Refusal> {
    if let Some(reply) = about::answer(asked).await? {
        return Ok(reply);
    }
    if *asked.method == Method::GET || !asked.endpoint.writes() {
        return read::answer(asked).await;
    }
    let body = body_of(headers, body).await?;
    write::answer(asked, &body).await
}

/// The bytes of a body, unless there are too many.
async fn body_of(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Refusal> {
    let said = headers.get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse().ok());
    if said.is_some_and(|length: usize| length > BODY_MAX) {
        return Err(Refusal::too_large());
    }
    match axum::body::to_bytes(body, BODY_MAX).await {
        Ok(bytes) => Ok(bytes.into()),
        // A body that is cut off is the client's doing as well.
        Err(_) => Err(Refusal::too_large()),
    }
}
