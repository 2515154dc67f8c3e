//! Reading deployments.

use serde_json::{Value, json};

use super::filter::wanted;
use super::page::{Order, Token, page, page_in};
use super::query::Query;
use super::refusal::Refusal;
use super::route::Endpoint as E;
use super::sought::{Found, Sought};
use super::uuid::{check_id, check_prefix};
use crate::engine::Snapshot;
use crate::model::Deployment;

/// Finds what a request about deployments looks for.
pub(super) fn find(sought: &Sought<'_>, snapshot: &Snapshot) -> Result<Found, Refusal> {
    let Sought { id, namespace, query, .. } = *sought;
    match sought.endpoint {
        E::Deployment => {
            let Some(deployment) = snapshot.deployment(id) else {
                check_id(id, "deployment")?;
                return Err(Refusal::not_found("deployment not found"));
            };
            Ok(document(&deployment).into())
        }
        E::JobDeployment => {
            let latest = snapshot.deployments_of(namespace, id).next();
            Ok(latest.map_or(Value::Null, |it| document(&it)).into())
        }
        E::JobDeployments => {
            let found = placed(snapshot.deployments_of(namespace, id), query)?;
            Ok(page_in(found, query, Order::NewestFirst).map(|it| document(&it)).into())
        }
        _ => list(snapshot, query),
    }
}

fn list(snapshot: &Snapshot, query: &Query) -> Result<Found, Refusal> {
    let prefix = query.text("prefix");
    let all = snapshot.deployments_with_prefix(prefix);
    let found = placed(all.filter(|it| query.lists_namespace(&it.namespace)), query)?;
    if found.is_empty() {
        check_prefix(prefix, "deployment")?;
    }
    Ok(page(found, query, prefix.is_empty()).map(|it| document(&it)).into())
}

/// Those of deployments that the request's filter wants, and their places.
fn placed(
    deployments: impl Iterator<Item = Deployment>,
    query: &Query,
) -> Result<Vec<(Token, Deployment)>, Refusal> {
    let found = wanted(deployments, &query.filter()?, document)?.into_iter();
    Ok(found.map(|it| (Token::created(it.create_index, it.id.clone()), it)).collect())
}

/// A deployment, with the canaries of its groups as the API has them where there are none.
fn document(deployment: &Deployment) -> Value {
    let mut document = json!(deployment);
    let groups = document.get_mut("TaskGroups").and_then(Value::as_object_mut);
    for group in groups.into_iter().flat_map(|groups| groups.values_mut()) {
        if let Some(canaries) = group.get_mut("PlacedCanaries").filter(|it| **it == json!([])) {
            *canaries = Value::Null;
        }
    }
    document
}
