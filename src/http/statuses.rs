//! Statuses of jobs: what a page that lists jobs shows, in one reply.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::aside::aside;
use super::asked::Asked;
use super::body::{self, Sent};
use super::documents;
use super::filter::wants;
use super::page::{Order, Token, page_in};
use super::query::Query;
use super::refusal::Refusal;
use super::reply::Reply;
use super::sought::Found;
use super::waiting::{Key, Kind};
use crate::engine::{JobView, Snapshot, Table};
use crate::model::{Deployment, JobSpec};

/// The jobs that a request names.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    #[serde(rename = "Jobs")]
    jobs: Vec<Named>,
    #[serde(rename = "IncludeChildren")]
    include_children: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Namespace")]
    namespace: String,
}

/// Answers a request that names jobs in its body.
pub(super) async fn answer(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    let named: Body = body::read(sent)?;
    let (wait, handle) = (asked.query.wait()?, asked.engine("")?);
    if wait.index > 0 {
        let _place = asked.regions.wait_in_crowd()?;
        handle.wait(Key::table(Kind::Jobs), wait, index).await;
    }
    let snapshot = handle.snapshot();
    let namespace = |named: &Named| match named.namespace.as_str() {
        "" => asked.query.namespace().to_owned(),
        namespace => namespace.to_owned(),
    };
    let names: BTreeSet<_> = named.jobs.iter().map(|it| (namespace(it), it.id.clone())).collect();
    let is_wanted = |job: &JobView<'_>, spec: &JobSpec| match names.is_empty() {
        true => {
            asked.query.lists_namespace(job.namespace())
                && (named.include_children || parent(spec).is_empty())
        }
        false => names.contains(&(job.namespace().to_owned(), job.id().to_owned())),
    };
    let found = aside(|| list(&snapshot, asked.query, is_wanted))?;
    Ok(Reply { next_token: found.next_token, ..Reply::found(index(&snapshot), found.body) })
}

/// The statuses of all jobs that are nobody's children, unless these are wanted too.
pub(super) fn find(query: &Query, snapshot: &Snapshot) -> Result<Found, Refusal> {
    let has_children = query.is("include_children")?;
    let prefix = query.text("prefix");
    list(snapshot, query, |job, spec| {
        query.lists_namespace(job.namespace())
            && job.id().starts_with(prefix)
            && (has_children || parent(spec).is_empty())
    })
}

/// The index of all that statuses show.
pub(super) fn index(snapshot: &Snapshot) -> u64 {
    let tables = [Table::Jobs, Table::Summaries, Table::Allocations, Table::Deployments];
    tables.map(|table| snapshot.table_index(table)).into_iter().max().unwrap_or(0)
}

fn list(
    snapshot: &Snapshot,
    query: &Query,
    is_wanted: impl Fn(&JobView<'_>, &JobSpec) -> bool,
) -> Result<Found, Refusal> {
    let filter = query.filter()?;
    let mut found = Vec::new();
    for job in snapshot.jobs() {
        let Some(spec) = job.document().filter(|spec| is_wanted(&job, spec)) else { continue };
        if wants(&filter, || documents::whole_job(&spec))? {
            let id = format!("{}.{}", job.namespace(), job.id());
            found.push((Token::created(spec.modify_index, id), (job, spec)));
        }
    }
    let page = page_in(found, query, Order::NewestFirst);
    Ok(page.map(|(job, spec)| status(snapshot, &job, &spec)).into())
}

fn parent(job: &JobSpec) -> &str {
    job.extra.get("ParentID").and_then(Value::as_str).unwrap_or_default()
}

fn status(snapshot: &Snapshot, job: &JobView<'_>, spec: &JobSpec) -> Value {
    let allocations = job.allocations().map(|view| {
        let it = view.document();
        let health = it.deployment_status.as_ref();
        json!({
            "ID": it.id,
            "Group": it.task_group,
            "ClientStatus": it.client_status,
            "NodeID": it.node_id,
            "JobVersion": it.job_version.or(view.job_spec().map(|job| job.version)),
            "DeploymentStatus": {
                "Healthy": health.and_then(|it| it.healthy),
                "Canary": health.is_some_and(|it| it.canary),
            },
            "FollowupEvalID": it.followup_eval_id,
            "NextAllocation": it.next_allocation,
            "HasPausedTask": false,
        })
    });
    let is_parent = spec.periodic.is_some() || spec.parameterized_job.is_some();
    let children = || {
        let all = snapshot.jobs().filter(|child| child.namespace() == job.namespace());
        let all = all.filter_map(|child| child.document());
        let own = all.filter(|child| parent(child) == spec.id);
        own.map(|child| Value::String(child.status)).collect()
    };
    let latest = snapshot.deployments_of(job.namespace(), job.id()).next();
    json!({
        "ID": spec.id,
        "Name": spec.name,
        "Namespace": spec.namespace,
        "Type": spec.job_type,
        "NodePool": spec.node_pool,
        "Datacenters": spec.datacenters,
        "Priority": spec.priority(),
        "ParentID": parent(spec),
        "Version": spec.version,
        "SubmitTime": spec.submit_time,
        "CreateIndex": spec.create_index,
        "ModifyIndex": spec.modify_index,
        "Status": spec.status,
        "Stop": spec.stop,
        "IsPack": spec.meta.contains_key("pack.name"),
        "Allocs": allocations.collect::<Vec<_>>(),
        "GroupCountSum": spec.task_groups.iter().map(|group| u64::from(group.count())).sum::<u64>(),
        "ChildStatuses": if is_parent { Value::Array(children()) } else { Value::Null },
        "LatestDeployment": latest.map(|it| deployment(&it)),
    })
}

fn deployment(deployment: &Deployment) -> Value {
    json!({
        "ID": deployment.id,
        "IsActive": deployment.is_active(),
        "JobVersion": deployment.job_version,
        "Status": deployment.status,
        "StatusDescription": deployment.status_description,
        "AllAutoPromote": deployment.has_auto_promote(),
        "RequiresPromotion": deployment.requires_promotion(),
    })
}
