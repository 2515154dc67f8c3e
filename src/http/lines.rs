//! Bodies whose lines are sent as they are made.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Bytes;
use futures_core::Stream;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many lines are made before the first of them is sent: who reads slowly makes who writes wait.
const LINES_AHEAD: usize = 16;
/// How many bytes these may have together; a longer line is ahead alone.
const BYTES_AHEAD: u32 = 256 << 10;

/// Lines that somebody makes.
#[derive(Debug)]
pub(super) struct Lines {
    made: Receiver<Line>,
}

/// A line, and its part of what may be ahead.
#[derive(Debug)]
struct Line {
    bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

/// Where lines are put in.
#[derive(Debug)]
pub(super) struct LineSender {
    sender: Sender<Line>,
    room: Arc<Semaphore>,
}

/// A way to put lines in at one end, and the lines at the other.
pub(super) fn lines() -> (LineSender, Lines) {
    let (sender, made) = channel(LINES_AHEAD);
    let room = Arc::new(Semaphore::new(BYTES_AHEAD as usize));
    (LineSender { sender, room }, Lines { made })
}

impl LineSender {
    /// Puts a line in once there is room for it; none if nobody takes it out any more.
    pub(super) async fn send(&self, bytes: Bytes) -> Option<()> {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).min(BYTES_AHEAD);
        let room = Arc::clone(&self.room).acquire_many_owned(length).await.ok()?;
        self.sender.send(Line { bytes, _room: room }).await.ok()
    }

    /// Waits until nobody takes lines out any more.
    pub(super) async fn closed(&self) {
        self.sender.closed().await;
    }
}

impl Stream for Lines {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().made.poll_recv(context).map(|line| line.map(|it| Ok(it.bytes)))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    #[test]
    fn few_bytes_are_ahead_of_who_reads() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (sender, mut lines) = lines();
            let line = |bytes: usize| Bytes::from(vec![b'x'; bytes]);
            let wait = Duration::from_millis(5);
            // The longest line there is goes through, alone.
            assert_eq!(sender.send(line(1 << 20)).await, Some(()));
            assert!(tokio::time::timeout(wait, sender.send(line(1))).await.is_err());
            let read = poll_fn(|context| Pin::new(&mut lines).poll_next(context)).await;
            assert_eq!(read.unwrap().unwrap().len(), 1 << 20);
            for _ in 0..LINES_AHEAD {
                assert_eq!(sender.send(line(1)).await, Some(()));
            }
            assert!(tokio::time::timeout(wait, sender.send(line(1))).await.is_err());
            drop(lines);
            assert_eq!(sender.send(line(1)).await, None);
            sender.closed().await;
        });
    }
}
