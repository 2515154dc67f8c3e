//! Connections: how many there may be, and how long a request may take to come.

use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;

use crate::files::reason;

/// How many connections there are at once; further ones are closed.
const CONNECTIONS_MAX: usize = 24_000;
/// How long the head of a request may take to come, and a connection may be idle.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long an answer may wait to be read on, wherever in it.
const READING_TIME: Duration = Duration::from_secs(30);
/// How many headers a request may have.
const HEADERS_MAX: usize = 100;
/// How many bytes the head of a request may have.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// How long to wait where the system gives no connection, as when too many files are open.
const PAUSE: Duration = Duration::from_millis(50);
/// How long requests that wait have to end once it is over.
const GRACE: Duration = Duration::from_secs(2);

/// Listens at an address.
pub(super) async fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| {
        let why = match error.kind() {
            ErrorKind::AddrInUse => {
                "somebody listens there already: give another address with --bind".to_owned()
            }
            ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
            ErrorKind::PermissionDenied => "no permission to listen there".to_owned(),
            _ => reason(&error),
        };
        format!("{address}: {why}")
    })
}

/// Serves connections until something ends it. Who still waits then is cut off.
pub(super) async fn serve(listener: TcpListener, app: Router, ended: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let mut ended = pin!(ended);
    loop {
        let next = poll_fn(|context| match ended.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => listener.poll_accept(context).map(Some),
        });
        let stream = match next.await {
            None => break,
            Some(Ok((stream, _))) => stream,
            Some(Err(_)) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        // Small replies are not held back; it works without that as well.
        let _ = stream.set_nodelay(true);
        let mut stream = Box::pin(TimeoutStream::new(stream));
        stream.as_mut().set_write_timeout_pinned(Some(READING_TIME));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app.clone()));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // Who breaks a connection off does not get an answer.
            let _ = connection.await;
            drop(place);
        });
    }
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}
