//! What a run came to, for people and as JSON.

use serde_json::json;

use super::measure::Measured;

/// One line of JSON.
pub(crate) fn json(measured: &Measured) -> String {
    let per_second = |number: usize| number as f64 / measured.seconds.max(1e-9);
    json!({
        "mix": measured.plan.name,
        "nodes": measured.plan.nodes,
        "jobs": measured.jobs,
        "placements": measured.placements,
        "failed": measured.failed,
        "events": measured.events,
        "seconds": measured.seconds,
        "placements_per_second": per_second(measured.placements),
        "events_per_second": per_second(measured.events),
        "jobs_per_second": per_second(measured.jobs),
        "p50_job_us": measured.p50_job_us,
        "p99_job_us": measured.p99_job_us,
        "peak_rss_mb": measured.peak_rss_mb,
        "cluster_bytes_per_allocation": measured.bytes_per_allocation,
        "cpu_used_percent": measured.cpu_used_percent,
        "scanned_placements": measured.scanned,
        "digest": format!("{:016x}", measured.digest),
    })
    .to_string()
}

/// A table.
pub(crate) fn table(measured: &Measured) -> String {
    json(measured).replace(",\"", "\n\"")
}
