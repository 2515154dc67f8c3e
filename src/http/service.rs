//! One request after the other: what it names, which engine it is for, and whether it reads or writes.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::response::Response;

use super::asked::{Asked, Regions};
use super::gzip::takes_gzip;
use super::limits::Limits;
use super::query::Query;
use super::refusal::Refusal;
use super::reply::{self, Reply};
use super::route::{Endpoint as E, route};
use super::{about, own, read, stream, write};

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
    if let Err(refusal) = regions.access().check(&head.method, &head.headers) {
        return reply::response(Err(refusal), &query, false);
    }
    let Some((endpoint, id)) = route(head.uri.path()) else { return reply::nothing() };
    if !endpoint.has(&head.method) {
        return reply::response(Err(Refusal::method()), &query, false);
    }
    let asked = Asked { regions: &regions, endpoint, id: &id, query: &query, method: &head.method };
    let answer = answer(&asked, &head.headers, body).await;
    reply::response(answer, &query, takes_gzip(&head.headers))
}

async fn answer(asked: &Asked<'_>, headers: &HeaderMap, body: Body) -> Result<Reply, Refusal> {
    if let Some(reply) = about::answer(asked).await? {
        return Ok(reply);
    }
    if asked.endpoint == E::EventStream {
        return stream::answer(asked).await;
    }
    if matches!(asked.endpoint, E::Overview | E::EvaluationExplain | E::Capacity) {
        return own::answer(asked).await;
    }
    if *asked.method == Method::GET || !asked.endpoint.writes() {
        return read::answer(asked).await;
    }
    let body = body_of(asked.regions.limits(), headers, body).await?;
    write::answer(asked, &body).await
}

/// The bytes of a body, unless there are too many or they take too long to come.
async fn body_of(limits: &Limits, headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Refusal> {
    let said = headers.get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse().ok());
    if said.is_some_and(|length: usize| length > limits.body_bytes) {
        return Err(Refusal::too_large());
    }
    let bytes = axum::body::to_bytes(body, limits.body_bytes);
    match tokio::time::timeout(limits.body_time, bytes).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        // A body that is cut off is the client's doing as well.
        Ok(Err(_)) => Err(Refusal::too_large()),
        Err(_) => Err(Refusal::too_slow()),
    }
}
