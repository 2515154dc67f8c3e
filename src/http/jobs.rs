//! Reading jobs.

use serde_json::{Map, Value, json};

use super::documents;
use super::filter::wants;
use super::page::{Token, page};
use super::refusal::Refusal;
use super::route::Endpoint as E;
use super::sought::{Found, Sought};
use super::stubs;
use crate::engine::{JobView, Snapshot, job_diff};

pub(super) const NOT_FOUND: &str = "job not found";

/// Finds what a request about jobs looks for.
pub(super) fn find(sought: &Sought<'_>, snapshot: &Snapshot) -> Result<Found, Refusal> {
    if sought.endpoint == E::Jobs {
        return list(sought, snapshot);
    }
    let job = snapshot.job(sought.namespace, sought.id).filter(|job| job.is_registered());
    let missing = match sought.endpoint {
        E::JobVersions => "job versions not found",
        _ => NOT_FOUND,
    };
    let job = job.ok_or_else(|| Refusal::not_found(missing))?;
    let found = match sought.endpoint {
        E::JobVersions => versions(sought, &job)?,
        E::JobSummary => json!(job.summary()),
        E::JobScale => scale(snapshot, &job),
        E::JobSubmission => submission(sought, &job)?,
        E::Job => job.document().map_or(Value::Null, |job| documents::job(&job)),
        _ => return Err(Refusal::not_found("job source not found")),
    };
    Ok(found.into())
}

fn list(sought: &Sought<'_>, snapshot: &Snapshot) -> Result<Found, Refusal> {
    let query = sought.query;
    let prefix = query.text("prefix");
    let has_meta = query.is("meta")?;
    let is_listed = |job: &JobView<'_>| {
        job.is_registered()
            && query.lists_namespace(job.namespace())
            && job.id().starts_with(prefix)
    };
    let filter = query.filter()?;
    let mut found = Vec::new();
    for job in snapshot.jobs().filter(is_listed) {
        let whole = || job.document().map_or(Value::Null, |it| documents::whole_job(&it));
        if wants(&filter, whole)? {
            found.push((Token::of_id(format!("{}.{}", job.namespace(), job.id())), job));
        }
    }
    let stub = |job: JobView<'_>| {
        let summary = job.summary().unwrap_or_default();
        job.document().map_or(Value::Null, |it| stubs::job(&it, &summary, has_meta))
    };
    Ok(page(found, query, false).map(stub).into())
}

fn versions(sought: &Sought<'_>, job: &JobView<'_>) -> Result<Value, Refusal> {
    let versions: Vec<_> = job.version_documents().collect();
    let diffs = match sought.query.is("diffs")? {
        true => {
            let pairs = versions.iter().zip(versions.iter().skip(1));
            json!(pairs.map(|(new, old)| job_diff(Some(old), Some(new))).collect::<Vec<_>>())
        }
        false => Value::Null,
    };
    let versions: Vec<Value> = versions.iter().map(documents::job).collect();
    Ok(json!({
        "Versions": versions, "Diffs": diffs, "Index": job.modify_index(), "KnownLeader": true, "LastContact": 0,
    }))
}

/// The text that a version was made of.
fn submission(sought: &Sought<'_>, job: &JobView<'_>) -> Result<Value, Refusal> {
    let version = match sought.query.text("version") {
        "" => job.present_version().map_or(0, |present| present.version),
        text => text.parse().map_err(|_| Refusal::bad("version must be a number"))?,
    };
    let found = job.submission(version);
    found.map(|it| json!(it)).ok_or_else(|| Refusal::not_found("job source not found"))
}

/// The index at which anything last changed that the scale of a job shows: its counts, what was asked for, what
/// runs of it and how well.
pub(super) fn scale_index(snapshot: &Snapshot, job: &JobView<'_>) -> u64 {
    let scaled = job.scalings().map(|it| it.create_index()).max().unwrap_or(0);
    let deployed = snapshot.deployments_index_of(job.namespace(), job.id());
    let runs = job.summary_index().max(job.allocations_index());
    job.modify_index().max(scaled).max(deployed).max(runs)
}

fn scale(snapshot: &Snapshot, job: &JobView<'_>) -> Value {
    let Some(document) = job.document() else { return Value::Null };
    let summary = job.summary().unwrap_or_default();
    let deployment = snapshot.deployments_of(job.namespace(), job.id()).next();
    let groups = document.task_groups.iter().map(|group| {
        let counts = summary.summary.get(&group.name).cloned().unwrap_or_default();
        let state = deployment.as_ref().and_then(|it| it.task_groups.get(&group.name));
        let placed =
            job.allocations().filter(|it| it.task_group() == group.name && it.is_live()).count();
        let of_group = job.scalings().filter(|it| it.group() == group.name);
        let mut events: Vec<Value> = of_group
            .map(|it| {
                json!({
                    "Time": it.time(),
                    "Count": it.count(),
                    "PreviousCount": it.previous_count(),
                    "Message": it.message(),
                    "Error": it.is_error(),
                    "Meta": if it.meta().is_empty() { Value::Null } else { json!(it.meta()) },
                    "EvalID": Some(it.evaluation_id()).filter(|id| !id.is_empty()),
                    "CreateIndex": it.create_index(),
                })
            })
            .collect();
        events.reverse();
        let status = json!({
            "Desired": group.count(),
            "Placed": placed,
            "Running": counts.running,
            "Healthy": state.map_or(0, |it| it.healthy_allocs),
            "Unhealthy": state.map_or(0, |it| it.unhealthy_allocs),
            "Events": if events.is_empty() { Value::Null } else { Value::Array(events) },
        });
        (group.name.clone(), status)
    });
    json!({
        "JobID": job.id(),
        "Namespace": job.namespace(),
        "JobCreateIndex": document.create_index,
        "JobModifyIndex": document.job_modify_index,
        "JobStopped": document.stop,
        "TaskGroups": groups.collect::<Map<String, Value>>(),
    })
}
