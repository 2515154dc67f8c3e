//! Reads: one snapshot, once what the request has seen is no longer the latest.

use serde_json::json;

use super::aside::aside;
use super::asked::Asked;
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::Endpoint as E;
use super::sought::{Found, Sought};
use super::waiting::{Key, Kind};
use super::{allocations, deployments, evaluations, jobs, nodes, scaling, settings, statuses};
use crate::engine::{Snapshot, Table};

/// Answers a request that reads.
pub(super) async fn answer(asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let wait = asked.query.wait()?;
    let handle = asked.engine("")?;
    let (endpoint, id, query) = (asked.endpoint, asked.id, asked.query);
    let sought = Sought { endpoint, id, namespace: query.namespace(), query };
    if wait.index > 0 {
        let _place = asked.regions.wait_in_crowd()?;
        let job = job_of(&sought, &handle.snapshot());
        handle.wait(key_of(&sought, &job), wait, |snapshot| index_of(&sought, snapshot)).await;
    }
    let snapshot = handle.snapshot();
    let index = shown_index(&sought, &snapshot);
    let found = match endpoint.is_list() {
        true => aside(|| find(&sought, &snapshot)),
        false => find(&sought, &snapshot),
    };
    let found = found.map_err(|refusal| refusal.at(index))?;
    Ok(Reply { next_token: found.next_token, ..Reply::found(index, found.body) })
}

fn find(sought: &Sought<'_>, snapshot: &Snapshot) -> Result<Found, Refusal> {
    match sought.endpoint {
        E::Allocation | E::Allocations => allocations::find(sought, snapshot),
        E::EvaluationAllocations | E::DeploymentAllocations | E::JobAllocations => {
            allocations::find(sought, snapshot)
        }
        E::Deployment | E::Deployments | E::JobDeployment | E::JobDeployments => {
            deployments::find(sought, snapshot)
        }
        E::Evaluation | E::Evaluations | E::EvaluationsCount | E::JobEvaluations => {
            evaluations::find(sought, snapshot)
        }
        E::Node | E::NodeAllocations | E::Nodes => nodes::find(sought, snapshot),
        E::Namespace | E::Namespaces | E::NodePool | E::NodePools | E::SchedulerConfiguration => {
            settings::find(sought, snapshot)
        }
        E::Volumes | E::Plugins => Ok(json!([]).into()),
        E::ScalingPolicies | E::ScalingPolicy => scaling::find(sought, snapshot),
        E::JobsStatuses => statuses::find(sought.query, snapshot),
        _ => jobs::find(sought, snapshot),
    }
}

/// The namespace and the job of the evaluation or deployment whose allocations are looked for.
fn job_of(sought: &Sought<'_>, snapshot: &Snapshot) -> Option<(String, String)> {
    match sought.endpoint {
        E::EvaluationAllocations => {
            let evaluation = snapshot.evaluation(sought.id)?;
            Some((evaluation.namespace, evaluation.job_id))
        }
        E::DeploymentAllocations => {
            let deployment = snapshot.deployment(sought.id)?;
            Some((deployment.namespace, deployment.job_id))
        }
        _ => None,
    }
}

/// What is touched when something else would be found.
fn key_of<'a>(sought: &Sought<'a>, job: &'a Option<(String, String)>) -> Key<'a> {
    let Sought { id, namespace, .. } = *sought;
    let of_job = |kind| Key::of_job(kind, namespace, id);
    match sought.endpoint {
        E::Allocations => Key::table(Kind::Allocations),
        E::Allocation => Key::thing(Kind::Allocation, id),
        E::EvaluationAllocations | E::DeploymentAllocations => match job {
            Some((namespace, id)) => Key::of_job(Kind::AllocationsOfJob, namespace, id),
            None => Key::table(Kind::Allocations),
        },
        E::JobAllocations => of_job(Kind::AllocationsOfJob),
        E::Deployments => Key::table(Kind::Deployments),
        E::Deployment => Key::thing(Kind::Deployment, id),
        E::JobDeployment | E::JobDeployments => of_job(Kind::DeploymentsOfJob),
        E::Evaluations | E::EvaluationsCount => Key::table(Kind::Evaluations),
        E::Evaluation => Key::thing(Kind::Evaluation, id),
        E::JobEvaluations => of_job(Kind::EvaluationsOfJob),
        E::Jobs | E::JobsStatuses | E::ScalingPolicies | E::ScalingPolicy => Key::table(Kind::Jobs),
        E::Nodes => Key::table(Kind::Nodes),
        E::Node => Key::thing(Kind::Node, id),
        E::NodeAllocations => Key::thing(Kind::AllocationsOfNode, id),
        E::Job | E::JobScale | E::JobSubmission | E::JobSummary | E::JobVersions => {
            of_job(Kind::Job)
        }
        _ => Key::table(Kind::Settings),
    }
}

/// The table that the things looked for are of.
fn table_of(endpoint: E) -> Table {
    match endpoint {
        E::Allocation
        | E::Allocations
        | E::DeploymentAllocations
        | E::EvaluationAllocations
        | E::JobAllocations
        | E::NodeAllocations => Table::Allocations,
        E::Deployment | E::Deployments | E::JobDeployment | E::JobDeployments => Table::Deployments,
        E::Evaluation | E::Evaluations | E::EvaluationsCount | E::JobEvaluations => {
            Table::Evaluations
        }
        E::Namespace | E::Namespaces => Table::Namespaces,
        E::Node | E::Nodes => Table::Nodes,
        E::NodePool | E::NodePools => Table::NodePools,
        E::SchedulerConfiguration => Table::SchedulerConfiguration,
        E::JobSummary => Table::Summaries,
        _ => Table::Jobs,
    }
}

/// The index of a whole table; that of jobs shows their summaries too, a summary goes with its job, and nodes
/// bring pools.
fn table_index(endpoint: E, snapshot: &Snapshot) -> u64 {
    let index = snapshot.table_index(table_of(endpoint));
    match endpoint {
        E::Jobs => index.max(snapshot.table_index(Table::Summaries)),
        E::JobSummary => index.max(snapshot.table_index(Table::Jobs)),
        E::NodePool | E::NodePools => index.max(snapshot.table_index(Table::Nodes)),
        E::Volumes | E::Plugins => 0,
        E::JobsStatuses => statuses::index(snapshot),
        _ => index,
    }
}

/// The index at which what is looked for last changed; that of its table where it is not there.
fn index_of(sought: &Sought<'_>, snapshot: &Snapshot) -> u64 {
    let Sought { id, namespace, .. } = *sought;
    let job = || snapshot.job(namespace, id);
    let list = || match sought.endpoint {
        E::JobAllocations => Some(job()?.allocations_index()),
        // Those of a job that is gone went with it.
        E::JobEvaluations => {
            job()?.is_registered().then(|| snapshot.evaluations_index_of(namespace, id))
        }
        E::JobDeployments => {
            job()?.is_registered().then(|| snapshot.deployments_index_of(namespace, id))
        }
        E::NodeAllocations => Some(snapshot.allocations_index_on(id)),
        E::EvaluationAllocations | E::DeploymentAllocations => {
            let (namespace, id) = job_of(sought, snapshot)?;
            Some(snapshot.job(&namespace, &id)?.allocations_index())
        }
        _ => thing_index(sought, snapshot),
    };
    list().unwrap_or_else(|| table_index(sought.endpoint, snapshot))
}

/// The index of a single thing; none where it is not there, and of lists.
fn thing_index(sought: &Sought<'_>, snapshot: &Snapshot) -> Option<u64> {
    let Sought { id, namespace, .. } = *sought;
    let job = || snapshot.job(namespace, id).filter(|job| job.is_registered());
    match sought.endpoint {
        E::Allocation => Some(snapshot.allocation(id)?.modify_index),
        E::Deployment => Some(snapshot.deployment(id)?.modify_index),
        E::JobDeployment => Some(snapshot.deployments_of(namespace, id).next()?.modify_index),
        E::Evaluation => Some(snapshot.evaluation(id)?.modify_index),
        E::Node => Some(snapshot.node(id)?.modify_index),
        // Whether a version is stable is among what both show.
        E::Job | E::JobVersions => Some(job()?.modify_index()),
        E::JobSummary => Some(job()?.summary_index().max(job()?.modify_index())),
        E::JobScale => Some(jobs::scale_index(snapshot, &job()?)),
        _ => None,
    }
}

/// The index that a reply says: of lists that of their table, of single things their own.
fn shown_index(sought: &Sought<'_>, snapshot: &Snapshot) -> u64 {
    let table = || table_index(sought.endpoint, snapshot);
    thing_index(sought, snapshot).unwrap_or_else(table)
}
