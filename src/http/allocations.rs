//! Reading allocations.

use serde_json::Value;

use super::documents;
use super::filter::wanted;
use super::page::{Page, Token, page};
use super::query::Query;
use super::refusal::Refusal;
use super::reply::Content;
use super::route::Endpoint as E;
use super::sought::{Found, Sought};
use super::stubs::{AllocationColumns, AllocationStub};
use super::uuid::{check_id, check_prefix};
use crate::engine::{AllocationView, Snapshot};

/// What a stub takes, about.
const STUB_BYTES: usize = 800;

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
            stubs_of(all, query, columns)
        }
        E::EvaluationAllocations => {
            let Some(evaluation) = snapshot.evaluation(id) else {
                return Ok(Value::Array(Vec::new()).into());
            };
            let all = snapshot.allocations_of(&evaluation.namespace, &evaluation.job_id);
            stubs_of(all.filter(|it| it.evaluation_id() == id), query, columns)
        }
        E::DeploymentAllocations => {
            let Some(deployment) = snapshot.deployment(id) else {
                return Ok(Value::Array(Vec::new()).into());
            };
            let all = snapshot.allocations_of(&deployment.namespace, &deployment.job_id);
            stubs_of(all.filter(|it| it.deployment_id() == id), query, columns)
        }
        _ => list(snapshot, query, columns),
    }
}

fn list(snapshot: &Snapshot, query: &Query, columns: AllocationColumns) -> Result<Found, Refusal> {
    let prefix = query.text("prefix");
    let all = snapshot.allocations_with_prefix(prefix);
    let listed = all.filter(|view| query.lists_namespace(view.namespace()));
    let has_index = prefix.is_empty();
    let found = placed(listed, query)?;
    if found.is_empty() {
        check_prefix(prefix, "alloc")?;
    }
    Ok(written(page(found, query, has_index), columns))
}

/// Those of allocations that the request's filter wants, and their places.
pub(super) fn placed<'a>(
    views: impl Iterator<Item = AllocationView<'a>>,
    query: &Query,
) -> Result<Vec<(Token, AllocationView<'a>)>, Refusal> {
    let document = |view: &AllocationView<'a>| documents::allocation(&view.whole_document());
    let found = wanted(views, &query.filter()?, document)?.into_iter();
    Ok(found.map(|view| (Token::created(view.create_index(), view.id()), view)).collect())
}

/// The allocations of something, oldest first.
fn stubs_of<'a>(
    views: impl Iterator<Item = AllocationView<'a>>,
    query: &Query,
    columns: AllocationColumns,
) -> Result<Found, Refusal> {
    Ok(written(page(placed(views, query)?, query, true), columns))
}

/// A page of stubs.
fn written(page: Page<AllocationView<'_>>, columns: AllocationColumns) -> Found {
    let page = page.map(|view| AllocationStub { view, columns });
    // A list that grows as it is written is copied again and again.
    let mut bytes = Vec::with_capacity(STUB_BYTES * page.things.len() + 2);
    // Texts, numbers and lists of them can be written.
    let is_written = serde_json::to_writer(&mut bytes, &page.things).is_ok();
    let body = Content::Written(if is_written { bytes } else { Vec::new() });
    Found { body, next_token: page.next }
}
