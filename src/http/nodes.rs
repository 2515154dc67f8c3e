//! Reading nodes.

use super::allocations;
use super::documents;
use super::filter::wants;
use super::page::{Token, page};
use super::query::Query;
use super::refusal::Refusal;
use super::route::Endpoint as E;
use super::sought::{Found, Sought};
use super::stubs;
use super::uuid::{check_id, check_prefix};
use crate::engine::Snapshot;

/// Finds what a request about nodes looks for.
pub(super) fn find(sought: &Sought<'_>, snapshot: &Snapshot) -> Result<Found, Refusal> {
    let Sought { id, query, .. } = *sought;
    match sought.endpoint {
        E::Node => {
            let Some(node) = snapshot.node(id) else {
                if id.is_empty() {
                    return Err(Refusal::failed("missing node ID"));
                }
                check_id(id, "node")?;
                return Err(Refusal::not_found("node not found"));
            };
            Ok(documents::node(node).into())
        }
        E::NodeAllocations => {
            // Those that have ended are there until they are collected: a client keeps its own as long.
            let all = snapshot.allocations_ever_on(id);
            let found = allocations::placed(all, query)?;
            let page = page(found, query, true);
            Ok(page.map(|view| documents::allocation(&view.whole_document())).into())
        }
        _ => list(snapshot, query),
    }
}

fn list(snapshot: &Snapshot, query: &Query) -> Result<Found, Refusal> {
    let prefix = query.text("prefix");
    let has_resources = query.is("resources")?;
    let filter = query.filter()?;
    let mut found = Vec::new();
    for node in snapshot.nodes().filter(|node| node.id.starts_with(prefix)) {
        if wants(&filter, || documents::node(node))? {
            found.push((Token::of_id(node.id.clone()), node));
        }
    }
    if found.is_empty() {
        check_prefix(prefix, "node")?;
    }
    Ok(page(found, query, false).map(|node| stubs::node(node, has_resources)).into())
}
