//! One request after the other: what it names, which engine it is for, and whether it reads or writes.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::response::Response;
use futures_core::Stream as _;
use tokio::sync::OwnedSemaphorePermit;

use super::aside::aside;
use super::asked::{Asked, Regions};
use super::body::Sent;
use super::gzip::takes_gzip;
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
    let takes_gzip = takes_gzip(&head.headers);
    match endpoint.is_long(&head.method) {
        true => aside(|| reply::response(answer, &query, takes_gzip)),
        false => reply::response(answer, &query, takes_gzip),
    }
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
    // The bytes count until the answer is there: what they are read as is larger than they are.
    let (bytes, _held) = body_of(asked.regions, headers, body).await?;
    let mut sent = Sent::Bytes(bytes);
    // Jobs have their own region, which is looked at in its place.
    let is_of_job = matches!(asked.endpoint, E::Jobs | E::Job | E::JobPlan | E::ValidateJob);
    let is_named = is_of_job || !asked.query.text("region").is_empty();
    match if is_named { None } else { sent.region() } {
        None => write::answer(asked, sent).await,
        Some(region) => {
            let query = asked.query.with("region", region);
            write::answer(&Asked { query: &query, ..*asked }, sent).await
        }
    }
}

/// The bytes of a body, unless there are too many or they take too long to come; and what they take of what
/// all bodies may take.
async fn body_of(
    regions: &Regions,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), Refusal> {
    let limits = regions.limits();
    let said = headers.get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse().ok());
    if said.is_some_and(|length: usize| length > limits.body_bytes) {
        return Err(Refusal::too_large());
    }
    let read = async {
        let (mut bytes, mut held) = (Vec::new(), None::<OwnedSemaphorePermit>);
        let mut stream = body.into_data_stream();
        while let Some(piece) = poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await {
            let piece = piece.map_err(|_| Refusal::broken_off())?;
            if bytes.len() + piece.len() > limits.body_bytes {
                return Err(Refusal::too_large());
            }
            let more = regions.hold(piece.len())?;
            match &mut held {
                Some(held) => held.merge(more),
                None => held = Some(more),
            }
            bytes.extend_from_slice(&piece);
        }
        Ok((bytes, held))
    };
    tokio::time::timeout(limits.body_time, read).await.unwrap_or_else(|_| Err(Refusal::too_slow()))
}
