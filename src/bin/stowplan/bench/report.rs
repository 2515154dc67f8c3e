//! What a run came to, for people and as JSON.

use std::io;

use serde_json::json;

use super::measure::Measured;
use crate::output::Output;
use crate::tables::{Look, Sheet, Tone};
use crate::words::number;

/// One line of JSON.
pub(crate) fn json(measured: &Measured) -> String {
    json!({
        "mix": measured.plan.name,
        "nodes": measured.plan.nodes,
        "jobs": measured.jobs,
        "placements": measured.placements,
        "failed": measured.failed,
        "events": measured.events,
        "seconds": measured.seconds,
        "placements_per_second": measured.per_second(measured.placements),
        "events_per_second": measured.per_second(measured.events),
        "jobs_per_second": measured.per_second(measured.jobs),
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

/// A table of two columns.
pub(crate) fn table(measured: &Measured, output: &mut Output) -> io::Result<()> {
    let look = Look::of_stdout();
    let plan = &measured.plan;
    let heading = format!("{} on {} nodes", plan.name, number(plan.nodes as u64));
    look.heading(&heading, Tone::Good, output)?;
    let mut sheet = Sheet::new(look, &["What", "Measured ", "Unit"]);
    let mut row = |what: &str, value: String, unit: &str| {
        sheet.row([what.to_owned(), value, unit.to_owned()]);
    };
    row("placed", number(measured.placements as u64), "allocations");
    row("could not be placed", number(measured.failed as u64), "allocations");
    row("jobs", number(measured.jobs as u64), "jobs");
    if measured.events > 0 {
        row("arrivals and departures", number(measured.events as u64), "events");
    }
    row("time", format!("{:.4}", measured.seconds), "s");
    row(
        "placements",
        number(measured.per_second(measured.placements).round() as u64),
        "per second",
    );
    row("jobs", number(measured.per_second(measured.jobs).round() as u64), "per second");
    if measured.events > 0 {
        row("events", number(measured.per_second(measured.events).round() as u64), "per second");
    }
    row("half of the jobs take at most", format!("{:.1}", measured.p50_job_us), "us");
    row("99 of 100 jobs take at most", format!("{:.1}", measured.p99_job_us), "us");
    row("peak memory of the process", format!("{:.0}", measured.peak_rss_mb), "MB");
    row(
        "memory grown",
        number(measured.bytes_per_allocation.round() as u64),
        "bytes per allocation",
    );
    row("CPU of all nodes in use", format!("{:.1}", measured.cpu_used_percent), "%");
    row("placed by the plain scan", number(measured.scanned as u64), "allocations");
    row("digest", format!("{:016x}", measured.digest), "");
    sheet.write(output)
}
