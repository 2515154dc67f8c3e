//! The clock of what is served: the machine's own, a faster one, or one that is set by hand.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "here time is read, so that it is an argument everywhere below"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::time::{Span, Timestamp};

/// Says what time it is for an engine that is served.
///
/// ```
/// use stowplan::Timestamp;
/// use stowplan::http::Clock;
///
/// let clock = Clock::manual(Timestamp::EPOCH);
/// let later = Timestamp::from_secs(60);
/// clock.set(later);
/// assert_eq!(clock.now(), later);
/// assert!(Clock::system().now() > later);
/// ```
#[derive(Clone, Debug)]
pub struct Clock {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// So many times as fast as the machine's since an instant.
    Running {
        began: Instant,
        at: Timestamp,
        speed: f64,
    },
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock. It does not jump when somebody sets that.
    pub fn system() -> Clock {
        Clock::at_speed(1.0)
    }

    /// A clock that shows the right time now, and goes so many times as fast from here on.
    pub fn at_speed(speed: f64) -> Clock {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let nanos = since_epoch.map_or(0, |it| i64::try_from(it.as_nanos()).unwrap_or(i64::MAX));
        Clock::starting_at(Timestamp::from_nanos(nanos), speed)
    }

    /// A clock that shows an instant now, and goes so many times as fast as the machine's from here on.
    pub fn starting_at(at: Timestamp, speed: f64) -> Clock {
        Clock { kind: Kind::Running { began: Instant::now(), at, speed } }
    }

    /// A clock that stands until it is [set](Clock::set). Its copies are the same clock.
    pub fn manual(now: Timestamp) -> Clock {
        Clock { kind: Kind::Manual(Arc::new(AtomicI64::new(now.as_nanos()))) }
    }

    /// Sets a manual clock; others do not heed it. What is due then is done at the next request.
    pub fn set(&self, now: Timestamp) {
        if let Kind::Manual(at) = &self.kind {
            at.store(now.as_nanos(), Ordering::SeqCst);
        }
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        match &self.kind {
            Kind::Running { began, at, speed } => {
                // As exact as a double is: a microsecond within a hundred days.
                let nanos = began.elapsed().as_nanos() as f64 * speed;
                *at + Span::from_nanos(nanos as i64)
            }
            Kind::Manual(at) => Timestamp::from_nanos(at.load(Ordering::SeqCst)),
        }
    }

    /// How long to wait until an instant; none if that does not come by itself.
    pub(super) fn wait_until(&self, instant: Timestamp) -> Option<Duration> {
        let nanos = instant.since(self.now()).as_nanos();
        match &self.kind {
            _ if nanos <= 0 => Some(Duration::ZERO),
            Kind::Running { speed, .. } => {
                Some(Duration::from_nanos((nanos as f64 / speed) as u64))
            }
            Kind::Manual(_) => None,
        }
    }
}
