//! A stopwatch for placements.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "an engine is handed a stopwatch, since it reads no clock itself"
)]

use std::sync::LazyLock;
use std::time::Instant;

/// Nanoseconds since it was first looked at.
pub(super) fn nanos() -> u64 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(BEGAN.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
