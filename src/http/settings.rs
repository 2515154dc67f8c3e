//! Reading what an operator sets: the scheduler's configuration, namespaces and node pools.

use indexmap::IndexSet;
use serde_json::{Value, json};

use super::filter::wanted;
use super::page::{Token, page};
use super::query::Query;
use super::refusal::Refusal;
use super::route::Endpoint as E;
use super::sought::{Found, Sought};
use crate::engine::{Snapshot, Table};
use crate::model::{Namespace, NodePool, PreemptionConfig, SchedulerConfiguration};

/// Finds what a request about settings looks for.
pub(super) fn find(sought: &Sought<'_>, snapshot: &Snapshot) -> Result<Found, Refusal> {
    let prefix = sought.query.text("prefix");
    let found = match sought.endpoint {
        E::Namespaces => {
            let all = snapshot.namespaces().iter().filter(|it| it.name.starts_with(prefix));
            return listed(sought.query, all.map(|it| (it.name.clone(), namespace(it))));
        }
        E::Namespace => {
            let found = snapshot.namespaces().iter().find(|it| it.name == sought.id);
            namespace(found.ok_or_else(|| Refusal::not_found("Namespace not found"))?)
        }
        E::NodePools => {
            let all = pools(snapshot).into_iter().filter(|it| it.name.starts_with(prefix));
            return listed(sought.query, all.map(|it| (it.name.clone(), json!(it))));
        }
        E::NodePool => {
            let found = pools(snapshot).into_iter().find(|it| it.name == sought.id);
            json!(found.ok_or_else(|| Refusal::not_found("node pool not found"))?)
        }
        _ => configuration(snapshot),
    };
    Ok(found.into())
}

/// Those of things, each with its name, that a request asks for.
fn listed(query: &Query, things: impl Iterator<Item = (String, Value)>) -> Result<Found, Refusal> {
    let things = things.map(|(name, document)| (Token::of_id(name), document));
    let found = wanted(things, &query.filter()?, |(_, document)| document.clone())?;
    Ok(page(found, query, false).into())
}

fn namespace(namespace: &Namespace) -> Value {
    let mut document = json!(namespace);
    if let Some(document) = document.as_object_mut() {
        document.entry("Hash").or_insert_with(|| json!(""));
    }
    document
}

/// The pools that an operator made, and those that nodes name.
fn pools(snapshot: &Snapshot) -> Vec<NodePool> {
    let mut pools = snapshot.node_pools().to_vec();
    let named: IndexSet<&str> = snapshot.nodes().map(|node| node.node_pool.as_str()).collect();
    for name in named {
        if !pools.iter().any(|pool| pool.name == name) {
            pools.push(NodePool { name: name.to_owned(), ..NodePool::default() });
        }
    }
    pools.sort_by(|a, b| a.name.cmp(&b.name));
    pools
}

fn configuration(snapshot: &Snapshot) -> Value {
    let mut shown: SchedulerConfiguration = snapshot.scheduler_configuration().clone();
    if shown.scheduler_algorithm.is_empty() {
        "binpack".clone_into(&mut shown.scheduler_algorithm);
    }
    let system = PreemptionConfig { system_scheduler_enabled: true, ..PreemptionConfig::default() };
    shown.preemption_config.get_or_insert(system);
    let mut document = json!(shown);
    for (path, key) in [
        ("", "RejectJobRegistration"),
        ("", "PauseEvalBroker"),
        ("/PreemptionConfig", "SysBatchSchedulerEnabled"),
    ] {
        if let Some(Value::Object(object)) = document.pointer_mut(path) {
            object.entry(key).or_insert(Value::Bool(false));
        }
    }
    json!({
        "SchedulerConfig": document,
        "Index": snapshot.table_index(Table::SchedulerConfiguration),
        "KnownLeader": true,
        "LastContact": 0,
    })
}
