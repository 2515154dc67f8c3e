//! What the API does not have: the cluster at a glance, why an evaluation's groups have no room and what
//! would help, and how many more of a group fit.

use indexmap::{IndexMap, IndexSet};
use serde_json::{Map, Value, json};

use super::asked::Asked;
use super::host::EngineHandle;
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::Endpoint as E;
use super::uuid::check_id;
use crate::engine::Snapshot;

/// How many more of a group are tried, unless the request says a number.
const TRIED: u32 = 1_000;
/// The greatest number that it may say.
const TRIED_MAX: u32 = 10_000;
/// How many it tries at most for all groups of a job.
const TRIES_MAX: usize = 100_000;

/// Answers a request for what is our own.
pub(super) async fn answer(asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let handle = asked.engine("")?;
    match asked.endpoint {
        E::Overview => {
            let stats = handle.look(|engine| engine.stats()).await?;
            let snapshot = handle.snapshot();
            let waiting = json!({
                "Ready": stats.ready, "Unacked": stats.unacked, "Pending": stats.pending,
                "Delayed": stats.waiting + stats.delayed, "Blocked": stats.blocked,
            });
            let body = aside(move || overview(&snapshot, waiting)).await?;
            Ok(Reply::read(handle.snapshot().modify_index(), body))
        }
        E::EvaluationExplain => explain(asked, handle).await,
        _ => capacity(asked, handle).await,
    }
}

/// Does what takes its time where it holds up nobody.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Refusal::failed("the request failed"))
}

/// The nodes with what they have and what of it is used, and how many jobs and allocations are in which
/// state. Names that many nodes share stand once, and each node is a short list.
fn overview(snapshot: &Snapshot, waiting: Value) -> Value {
    let (mut datacenters, mut classes, mut pools) =
        (IndexSet::new(), IndexSet::new(), IndexSet::new());
    let nodes: Vec<Value> = snapshot
        .usage()
        .map(|usage| {
            let node = usage.node();
            let amounts = [usage.cpu_mhz(), usage.memory_mb(), usage.disk_mb()];
            json!([
                node.id,
                node.name,
                datacenters.insert_full(node.datacenter.clone()).0,
                classes.insert_full(node.node_class.clone()).0,
                pools.insert_full(node.node_pool.clone()).0,
                node.status,
                node.scheduling_eligibility,
                node.is_draining(),
                usage.allocations(),
                amounts.map(|it| it.used),
                amounts.map(|it| it.capacity),
            ])
        })
        .collect();
    let mut jobs: IndexMap<String, usize> = IndexMap::new();
    let mut allocations: IndexMap<&str, u64> = IndexMap::new();
    for job in snapshot.jobs() {
        let Some(document) = job.document() else { continue };
        *jobs.entry(document.status).or_default() += 1;
        for it in job.summary().unwrap_or_default().summary.values() {
            let counts = [
                ("queued", it.queued),
                ("starting", it.starting),
                ("running", it.running),
                ("complete", it.complete),
                ("failed", it.failed),
                ("lost", it.lost),
                ("unknown", it.unknown),
            ];
            counts
                .into_iter()
                .for_each(|(name, count)| *allocations.entry(name).or_default() += count);
        }
    }
    let mut deployments: IndexMap<String, usize> = IndexMap::new();
    for deployment in snapshot.deployments_with_prefix("") {
        *deployments.entry(deployment.status).or_default() += 1;
    }
    json!({
        "Index": snapshot.modify_index(),
        "NodeColumns": [
            "ID", "Name", "Datacenter", "Class", "Pool", "Status", "Eligibility", "Drain", "Allocations",
            "Used", "Total",
        ],
        "Dimensions": ["CPU", "MemoryMB", "DiskMB"],
        "Datacenters": datacenters.into_iter().collect::<Vec<_>>(),
        "Classes": classes.into_iter().collect::<Vec<_>>(),
        "Pools": pools.into_iter().collect::<Vec<_>>(),
        "Nodes": nodes,
        "Jobs": jobs,
        "Allocations": allocations,
        "Deployments": deployments,
        "Evaluations": waiting,
    })
}

/// Why the groups of an evaluation that it could not place have no room now, node by node, and what would
/// help; with a parameter all groups of its job.
async fn explain(asked: &Asked<'_>, handle: &EngineHandle) -> Result<Reply, Refusal> {
    let snapshot = handle.snapshot();
    let index = snapshot.modify_index();
    let Some(evaluation) = snapshot.evaluation(asked.id) else {
        check_id(asked.id, "eval").map_err(|refusal| refusal.at(index))?;
        return Err(Refusal::not_found("eval not found").at(index));
    };
    let is_all = asked.query.is("all")?;
    let options = snapshot.place_options();
    let body = aside(move || {
        let job = snapshot.job(&evaluation.namespace, &evaluation.job_id);
        let job = job.as_ref().and_then(|job| job.present_version());
        let mut groups = Map::new();
        for group in job.map_or(&[][..], |job| &job.task_groups[..]) {
            let name = &group.name;
            if !is_all && !evaluation.failed_tg_allocs.contains_key(name) {
                continue;
            }
            let explanation = job.and_then(|job| snapshot.explain(job, name, &options));
            let Some(explanation) = explanation else { continue };
            let mut document = json!(explanation);
            if let Some(document) = document.as_object_mut() {
                document.insert("Text".to_owned(), json!(explanation.to_string()));
            }
            groups.insert(name.clone(), document);
        }
        json!({
            "EvalID": evaluation.id,
            "Namespace": evaluation.namespace,
            "JobID": evaluation.job_id,
            "Status": evaluation.status,
            "StatusDescription": evaluation.status_description,
            "BlockedEval": evaluation.blocked_eval,
            "TaskGroups": groups,
        })
    });
    Ok(Reply::read(index, body.await?))
}

/// How many more allocations of a job's groups there is room for, each group by itself.
async fn capacity(asked: &Asked<'_>, handle: &EngineHandle) -> Result<Reply, Refusal> {
    let query = asked.query;
    let limit = match query.text("limit") {
        "" => TRIED,
        text => text.parse().map_err(|_| Refusal::bad("Invalid limit"))?,
    };
    if limit > TRIED_MAX {
        return Err(Refusal::bad(format!("limit is at most {TRIED_MAX}")));
    }
    let snapshot = handle.snapshot();
    let (namespace, job_id) = (query.namespace().to_owned(), query.text("job").to_owned());
    if job_id.is_empty() {
        return Err(Refusal::bad("job must be specified"));
    }
    let job = snapshot.job(&namespace, &job_id).and_then(|job| job.present_version().cloned());
    let job = job.ok_or_else(|| Refusal::not_found("job not found"))?;
    let wanted = query.text("group").to_owned();
    if !wanted.is_empty() && !job.task_groups.iter().any(|group| group.name == wanted) {
        return Err(Refusal::not_found("task group not found"));
    }
    let options = snapshot.place_options();
    let groups = if wanted.is_empty() { job.task_groups.len() } else { 1 };
    if groups.saturating_mul(usize::try_from(limit).unwrap_or(usize::MAX)) > TRIES_MAX {
        return Err(Refusal::bad("the job has too many groups for that limit: name one of them"));
    }
    let index = snapshot.modify_index();
    let body = aside(move || {
        // Of a job that is stopped it is how many there would be room for.
        let job = job.changed(|spec| spec.stop = false).unwrap_or(job);
        let mut groups = Map::new();
        for group in job.task_groups.iter().filter(|it| wanted.is_empty() || it.name == wanted) {
            let of_group = snapshot.allocations_of(&namespace, &job_id);
            let held = of_group.filter(|it| it.is_live() && it.task_group() == group.name).count();
            let Some(room) = snapshot.room(&job, &group.name, limit, &options) else { continue };
            let stopped_by = room.stopped_by().map(|it| {
                let metrics = it.metrics();
                json!({
                    "NodesEvaluated": metrics.nodes_evaluated,
                    "NodesFiltered": metrics.nodes_filtered,
                    "NodesExhausted": metrics.nodes_exhausted,
                    "ConstraintFiltered": metrics.constraint_filtered,
                    "DimensionExhausted": metrics.dimension_exhausted,
                })
            });
            let body = json!({
                "Held": held, "Fits": room.fits(), "IsLimit": room.fits() == limit, "StoppedBy": stopped_by,
            });
            groups.insert(group.name.clone(), body);
        }
        json!({"JobID": job_id, "Namespace": namespace, "Limit": limit, "TaskGroups": groups})
    });
    Ok(Reply::read(index, body.await?))
}
