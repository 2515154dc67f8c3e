//! Search: what begins with, or has in it, a few letters.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::asked::Asked;
use super::body::{self, Sent};
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::Endpoint as E;
use super::scaling;
use super::text::quoted;
use crate::engine::{Snapshot, Table};

/// How many matches of a kind are shown.
const MATCHES_MAX: usize = 20;

/// The kinds of things, under the names that the API has for them.
const CONTEXTS: [&str; 9] = [
    "allocs",
    "deployment",
    "evals",
    "jobs",
    "namespaces",
    "nodes",
    "plugins",
    "scaling_policy",
    "volumes",
];

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    #[serde(rename = "Prefix")]
    prefix: String,
    #[serde(rename = "Text")]
    text: String,
    #[serde(rename = "Context")]
    context: String,
}

/// Answers a search.
pub(super) fn answer(asked: &Asked<'_>, sent: Sent) -> Result<Reply, Refusal> {
    let body: Body = body::read(sent)?;
    let snapshot = asked.engine("")?.snapshot();
    let is_fuzzy = asked.endpoint == E::SearchFuzzy;
    let contexts: Vec<&str> = match body.context.as_str() {
        "" | "all" => CONTEXTS.to_vec(),
        context if CONTEXTS.contains(&context) => vec![context],
        context => {
            let text =
                format!("context must be one of {CONTEXTS:?} or \"all\"; got {}", quoted(context));
            return Err(Refusal::failed(text));
        }
    };
    if is_fuzzy && body.text.chars().count() < 2 {
        let text = format!(
            "fuzzy search query must be at least 2 characters, got {}",
            body.text.chars().count()
        );
        return Err(Refusal::failed(text));
    }
    let (mut matches, mut truncations) = (Map::new(), Map::new());
    for context in contexts {
        let mut found = match is_fuzzy {
            true => fuzzy(&snapshot, asked, context, &body.text),
            false => by_prefix(&snapshot, asked, context, &body.prefix),
        };
        let is_cut = found.len() > MATCHES_MAX;
        found.truncate(MATCHES_MAX);
        let shown = if found.is_empty() && !is_fuzzy { Value::Null } else { json!(found) };
        matches.insert(context.to_owned(), shown);
        truncations.insert(context.to_owned(), json!(is_cut));
    }
    let tables =
        [Table::Jobs, Table::Nodes, Table::Allocations, Table::Evaluations, Table::Deployments];
    let index = tables.map(|table| snapshot.table_index(table)).into_iter().max().unwrap_or(0);
    let body = json!({
        "Matches": matches, "Truncations": truncations, "Index": index, "KnownLeader": true, "LastContact": 0,
    });
    Ok(Reply::read(index, body))
}

/// Identities that begin with a text, sorted; one more than is shown, if there are that many.
fn by_prefix(snapshot: &Snapshot, asked: &Asked<'_>, context: &str, prefix: &str) -> Vec<Value> {
    let query = asked.query;
    let mut found: Vec<String> = match context {
        "allocs" => {
            let all = snapshot.allocations_with_prefix(prefix);
            all.filter(|it| query.lists_namespace(it.namespace())).map(|it| it.id()).collect()
        }
        "deployment" => {
            let all = snapshot.deployments_with_prefix(prefix);
            all.filter(|it| query.lists_namespace(&it.namespace)).map(|it| it.id).collect()
        }
        "evals" => {
            let all = snapshot.evaluations_with_prefix(prefix);
            all.filter(|it| query.lists_namespace(&it.namespace)).map(|it| it.id).collect()
        }
        "jobs" => {
            let all = snapshot.jobs().filter(|job| job.is_registered());
            let all = all.filter(|job| query.lists_namespace(job.namespace()));
            all.map(|job| job.id().to_owned()).filter(|id| id.starts_with(prefix)).collect()
        }
        "namespaces" => {
            let all = snapshot.namespaces().iter().map(|it| it.name.clone());
            all.filter(|name| name.starts_with(prefix)).collect()
        }
        "nodes" => {
            let all = snapshot.nodes().map(|node| node.id.clone());
            all.filter(|id| id.starts_with(prefix)).collect()
        }
        "scaling_policy" => {
            let mut all = scaling::ids(snapshot, |namespace| query.lists_namespace(namespace));
            all.retain(|id| id.starts_with(prefix));
            all
        }
        _ => Vec::new(),
    };
    found.sort_unstable();
    found.truncate(MATCHES_MAX + 1);
    found.into_iter().map(Value::String).collect()
}

/// Names that have a text in them, whatever its letter case, with where the thing of that name is.
fn fuzzy(snapshot: &Snapshot, asked: &Asked<'_>, context: &str, text: &str) -> Vec<Value> {
    let text = text.to_lowercase();
    let query = asked.query;
    let mut found: Vec<(String, Vec<String>)> = match context {
        "allocs" => {
            let all = snapshot.allocations_with_prefix("");
            let all = all.filter(|it| query.lists_namespace(it.namespace()));
            all.map(|it| (it.name(), vec![it.namespace().to_owned(), it.id()])).collect()
        }
        "jobs" => {
            let all = snapshot.jobs().filter(|job| job.is_registered());
            let all = all.filter(|job| query.lists_namespace(job.namespace()));
            let scope = |job: &str, namespace: &str| vec![namespace.to_owned(), job.to_owned()];
            all.map(|job| (job.id().to_owned(), scope(job.id(), job.namespace()))).collect()
        }
        "nodes" => {
            snapshot.nodes().map(|node| (node.name.clone(), vec![node.id.clone()])).collect()
        }
        "namespaces" => {
            let all = snapshot.namespaces().iter();
            all.map(|it| (it.name.clone(), Vec::new())).collect()
        }
        _ => Vec::new(),
    };
    found.retain(|(name, _)| name.to_lowercase().contains(&text));
    // Of names that have it the shorter ones are meant rather.
    found.sort_by(|(a, x), (b, y)| (a.len(), a, x).cmp(&(b.len(), b, y)));
    found.truncate(MATCHES_MAX + 1);
    found.into_iter().map(|(id, scope)| json!({"ID": id, "Scope": scope})).collect()
}
