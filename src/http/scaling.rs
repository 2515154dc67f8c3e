//! Scaling policies: between which counts the groups of jobs may be scaled.

use serde_json::{Value, json};

use super::filter::wants;
use super::page::{Token, page};
use super::refusal::Refusal;
use super::route::Endpoint as E;
use super::sought::{Found, Sought};
use super::uuid::derived;
use crate::engine::Snapshot;
use crate::model::{JobSpec, TaskGroup};

/// Finds what a request about scaling policies looks for.
pub(super) fn find(sought: &Sought<'_>, snapshot: &Snapshot) -> Result<Found, Refusal> {
    let query = sought.query;
    let jobs = snapshot.jobs().filter(|job| job.is_registered()).filter_map(|job| job.document());
    let is_one = sought.endpoint == E::ScalingPolicy;
    let (of_job, of_type) = (query.text("job"), query.text("type"));
    let filter = query.filter()?;
    let mut found = Vec::new();
    for job in jobs {
        if !is_one && !query.lists_namespace(&job.namespace) {
            continue;
        }
        for group in job.task_groups.iter().filter(|group| group.scaling.is_some()) {
            let id = id_of(&job, group);
            if is_one {
                if id == sought.id {
                    return Ok(policy(&job, group, &id).into());
                }
                continue;
            }
            let is_listed = (of_job.is_empty() || job.id == of_job)
                && (of_type.is_empty() || of_type == "horizontal")
                && id.starts_with(query.text("prefix"))
                && wants(&filter, || policy(&job, group, &id))?;
            if is_listed {
                let stub = stub(&job, group, &id);
                found.push((Token::of_id(id), stub));
            }
        }
    }
    match is_one {
        true => Err(Refusal::not_found("policy not found")),
        false => Ok(page(found, query, false).into()),
    }
}

/// The identities of the policies of jobs in namespaces that are asked for.
pub(super) fn ids(snapshot: &Snapshot, is_asked_for: impl Fn(&str) -> bool) -> Vec<String> {
    let jobs = snapshot.jobs().filter(|it| it.is_registered() && is_asked_for(it.namespace()));
    let mut ids = Vec::new();
    for job in jobs.filter_map(|job| job.document()) {
        let scaled = job.task_groups.iter().filter(|group| group.scaling.is_some());
        ids.extend(scaled.map(|group| id_of(&job, group)));
    }
    ids
}

fn id_of(job: &JobSpec, group: &TaskGroup) -> String {
    derived(&["scaling", &job.namespace, &job.id, &group.name])
}

fn stub(job: &JobSpec, group: &TaskGroup, id: &str) -> Value {
    let extra = |key: &str| group.scaling.as_ref().and_then(|it| it.extra.get(key)).cloned();
    json!({
        "ID": id,
        "Enabled": extra("Enabled").unwrap_or(Value::Bool(true)),
        "Type": "horizontal",
        "Target": {"Namespace": job.namespace, "Job": job.id, "Group": group.name},
        "CreateIndex": job.create_index,
        "ModifyIndex": job.job_modify_index,
    })
}

fn policy(job: &JobSpec, group: &TaskGroup, id: &str) -> Value {
    let mut document = stub(job, group, id);
    if let (Some(document), Some(scaling)) = (document.as_object_mut(), &group.scaling) {
        let policy = scaling.extra.get("Policy").cloned().unwrap_or_default();
        document.insert("Min".to_owned(), json!(scaling.min.unwrap_or(i64::from(group.count()))));
        document.insert("Max".to_owned(), json!(scaling.max));
        document.insert("Policy".to_owned(), policy);
    }
    document
}
