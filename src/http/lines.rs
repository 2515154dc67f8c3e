//! Bodies whose lines are sent as they are made.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use futures_core::Stream;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How many lines are made before the first of them is sent: who reads slowly makes who writes wait.
const LINES_AHEAD: usize = 16;

/// Lines that somebody makes.
#[derive(Debug)]
pub(super) struct Lines {
    made: Receiver<Bytes>,
}

/// A way to put lines in at one end, and the lines at the other.
pub(super) fn lines() -> (Sender<Bytes>, Lines) {
    let (sender, made) = channel(LINES_AHEAD);
    (sender, Lines { made })
}

impl Stream for Lines {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().made.poll_recv(context).map(|line| line.map(Ok))
    }
}
