//! What a run came to, for people and as JSON.

use std::io::{self, Write};

use serde::Serialize;
use stowplan::testing::Load;

use super::level::Level;
use super::measure::Measured;
use crate::output::Output;
use crate::tables::{Look, Sheet, Tone};
use crate::words::{decimal, number};

/// What is written as JSON, its keys in this order.
#[derive(Serialize)]
struct Line<'a> {
    mix: &'a str,
    level: String,
    nodes: usize,
    jobs: usize,
    placements: usize,
    failed: usize,
    events: usize,
    seconds: f64,
    placements_per_second: f64,
    events_per_second: f64,
    jobs_per_second: f64,
    p50_job_us: f64,
    p99_job_us: f64,
    peak_rss_mb: f64,
    cluster_bytes_per_allocation: f64,
    cpu_used_percent: f64,
    /// Selections that looked at every node, whether they found one or not.
    scanned_placements: usize,
    digest: String,
}

/// One line of JSON.
pub(crate) fn json(measured: &Measured, output: &mut Output) -> io::Result<()> {
    let line = Line {
        mix: &measured.load.name,
        level: measured.level.name(),
        nodes: measured.load.nodes,
        jobs: measured.jobs,
        placements: measured.placements,
        failed: measured.failed,
        events: measured.events,
        seconds: measured.seconds,
        placements_per_second: measured.per_second(measured.placements),
        events_per_second: measured.per_second(measured.events),
        jobs_per_second: measured.per_second(measured.jobs),
        p50_job_us: to_nanos(measured.p50_job_us),
        p99_job_us: to_nanos(measured.p99_job_us),
        peak_rss_mb: measured.peak_rss_mb,
        cluster_bytes_per_allocation: measured.bytes_per_allocation,
        cpu_used_percent: measured.cpu_used_percent,
        scanned_placements: measured.scanned,
        digest: format!("{:016x}", measured.digest),
    };
    serde_json::to_writer(&mut *output, &line)?;
    writeln!(output)
}

/// Microseconds to three places: no clock has more.
fn to_nanos(us: f64) -> f64 {
    (us * 1e3).round() / 1e3
}

/// Says what is being run, at once.
pub(crate) fn heading(load: &Load, level: Level, output: &mut Output) -> io::Result<()> {
    let nodes = number(load.nodes as u64);
    let heading = format!("{} on {nodes} nodes, level {}", load.name, level.name());
    Look::of_stdout().heading(&heading, Tone::Good, output)?;
    output.finish()
}

/// A table of two columns.
pub(crate) fn table(measured: &Measured, output: &mut Output) -> io::Result<()> {
    let look = Look::of_stdout();
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
    row("time", decimal(measured.seconds, 4), "s");
    row(
        "placements",
        number(measured.per_second(measured.placements).round() as u64),
        "per second",
    );
    row("jobs", number(measured.per_second(measured.jobs).round() as u64), "per second");
    if measured.events > 0 {
        row("events", number(measured.per_second(measured.events).round() as u64), "per second");
    }
    row("half of the jobs take at most", decimal(measured.p50_job_us, 1), "us");
    row("99 of 100 jobs take at most", decimal(measured.p99_job_us, 1), "us");
    row("peak memory of the process", decimal(measured.peak_rss_mb, 0), "MB");
    row(
        "memory grown",
        number(measured.bytes_per_allocation.round() as u64),
        "bytes per allocation",
    );
    row("CPU of all nodes in use", decimal(measured.cpu_used_percent, 1), "%");
    row("looked at by the plain scan", number(measured.scanned as u64), "selections");
    row("digest", format!("{:016x}", measured.digest), "");
    sheet.write(output)
}
