//! Reading allocations.

use serde_json::Value;

use super::documents;
use super::filter::wants;
use super::page::{Token, page};
use super::query::Query;
use super::refusal::Refusal;
use super::route::Endpoint as E;
use super::sought::{Found, Sought};
use super::stubs::{self, AllocationColumns};
use super::uuid::{check_id, check_prefix};
use crate::engine::{AllocationView, Snapshot};

/// Finds what a request about allocations looks for.
pub(super) fn find(sought: &Sought<'_>, snapshot: &Snapshot) -> Result<Found, Refusal> {
    let Sought { id, namespace, query, .. } = *sought;
    let columns = AllocationColumns {
        has_resources: query.is("resources")?,
        has_task_states: query.get("task_states").is_none() || query.is("task_states")?,
    };
    match sought.endpoint {
        E::Allocation => {
            let Some(view) = snapshot.view(id) else {
                check_id(id, "alloc")?;
                return Err(Refusal::not_found("alloc not found"));
            };
            Ok(documents::allocation(&view.whole_document()).into())
        }
        E::JobAllocations => {
            let all = snapshot.allocations_of(namespace, id);
            Ok(stubs_of(all, query, columns, |_| true))
        }
        E::EvaluationAllocations => {
            let Some(evaluation) = snapshot.evaluation(id) else {
                return Ok(Value::Array(Vec::new()).into());
            };
            let all = snapshot.allocations_of(&evaluation.namespace, &evaluation.job_id);
            Ok(stubs_of(all, query, columns, |it| it.eval_id == id))
        }
        E::DeploymentAllocations => {
            let Some(deployment) = snapshot.deployment(id) else {
                return Ok(Value::Array(Vec::new()).into());
            };
            let all = snapshot.allocations_of(&deployment.namespace, &deployment.job_id);
            Ok(stubs_of(all, query, columns, |it| it.deployment_id == id))
        }
        _ => list(snapshot, query, columns),
    }
}

fn list(snapshot: &Snapshot, query: &Query, columns: AllocationColumns) -> Result<Found, Refusal> {
    let prefix = query.text("prefix");
    let all = snapshot.allocations_with_prefix(prefix);
    let listed = all.filter(|view| query.lists_namespace(view.namespace()));
    let has_index = prefix.is_empty();
    let filter = query.filter()?;
    let mut found = Vec::new();
    for view in listed {
        if wants(&filter, || documents::allocation(&view.whole_document()))? {
            found.push(stub(&view, columns));
        }
    }
    if found.is_empty() {
        check_prefix(prefix, "alloc")?;
    }
    Ok(page(found, query, has_index).into())
}

/// The allocations of something, oldest first.
fn stubs_of<'a>(
    views: impl Iterator<Item = AllocationView<'a>>,
    query: &Query,
    columns: AllocationColumns,
    is_wanted: impl Fn(&crate::model::Allocation) -> bool,
) -> Found {
    let found = views.filter_map(|view| {
        let document = view.document();
        is_wanted(&document).then(|| stub_of(&view, &document, columns))
    });
    page(found.collect(), query, true).into()
}

fn stub(view: &AllocationView<'_>, columns: AllocationColumns) -> (Token, Value) {
    stub_of(view, &view.document(), columns)
}

fn stub_of(
    view: &AllocationView<'_>,
    document: &crate::model::Allocation,
    columns: AllocationColumns,
) -> (Token, Value) {
    let job_type = view.job_spec().map(|job| job.job_type()).unwrap_or_default();
    let version = view.job_spec().map_or(0, |job| job.version);
    let version = document.job_version.unwrap_or(version);
    let stub = stubs::allocation(document, job_type, version, columns);
    (Token::created(document.create_index, document.id.clone()), stub)
}
