//! Figures of an engine, as JSON and as the text that Prometheus reads.

use std::fmt::Write as _;

use indexmap::IndexMap;
use serde_json::json;

use super::asked::Asked;
use super::refusal::Refusal;
use super::reply::Reply;

/// The kind of text that Prometheus reads.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers a request for figures.
pub(super) async fn answer(asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let handle = asked.engine("")?;
    let stats = handle.look(|engine| engine.stats()).await?;
    let snapshot = handle.snapshot();
    let mut jobs = IndexMap::from([("pending", 0), ("running", 0), ("dead", 0)]);
    for job in snapshot.jobs().filter_map(|job| job.document()) {
        if let Some(number) = jobs.get_mut(job.status.as_str()) {
            *number += 1;
        }
    }
    let of = |status: &str| jobs.get(status).copied().unwrap_or(0);
    let figures = [
        ("nomad.nomad.broker.total_ready", stats.ready),
        ("nomad.nomad.broker.total_unacked", stats.unacked),
        ("nomad.nomad.broker.total_pending", stats.pending),
        ("nomad.nomad.broker.total_waiting", stats.waiting + stats.delayed),
        ("nomad.nomad.blocked_evals.total_blocked", stats.blocked),
        ("nomad.nomad.blocked_evals.total_escaped", stats.escaped),
        ("nomad.nomad.blocked_evals.total_quota_limit", stats.quota_limited),
        ("nomad.nomad.job_status.pending", of("pending")),
        ("nomad.nomad.job_status.running", of("running")),
        ("nomad.nomad.job_status.dead", of("dead")),
        ("nomad.stowplan.nodes", snapshot.nodes().count()),
        ("nomad.stowplan.allocations", snapshot.allocation_count()),
    ];
    if asked.query.text("format") == "prometheus" {
        let mut text = String::new();
        for (name, value) in figures {
            let name = name.replace('.', "_");
            // Writing to a text does not fail.
            let _ = writeln!(text, "# TYPE {name} gauge\n{name} {value}");
        }
        return Ok(Reply::text(PROMETHEUS, text));
    }
    let gauges = figures.map(|(name, value)| json!({"Name": name, "Value": value, "Labels": {}}));
    Ok(Reply::plain(json!({
        "Timestamp": handle.now().to_string(),
        "Gauges": gauges, "Points": [], "Counters": [], "Samples": [],
    })))
}
