//! Reading evaluations.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::documents;
use super::filter::{self, Filter};
use super::page::{Order, Token, page, page_in};
use super::query::Query;
use super::refusal::Refusal;
use super::route::Endpoint as E;
use super::sought::{Found, Sought};
use super::stubs;
use super::uuid::{check_id, check_prefix};
use crate::engine::Snapshot;
use crate::model::Evaluation;

/// Finds what a request about evaluations looks for.
pub(super) fn find(sought: &Sought<'_>, snapshot: &Snapshot) -> Result<Found, Refusal> {
    let Sought { id, namespace, query, .. } = *sought;
    match sought.endpoint {
        E::Evaluation => {
            let Some(evaluation) = snapshot.evaluation(id) else {
                check_id(id, "eval")?;
                return Err(Refusal::not_found("eval not found"));
            };
            let mut document = documents::evaluation(&evaluation);
            if query.is("related")?
                && let Some(document) = document.as_object_mut()
            {
                document.insert("RelatedEvals".to_owned(), related(snapshot, &evaluation));
            }
            Ok(document.into())
        }
        E::JobEvaluations => {
            let all = snapshot.evaluations_of(namespace, id);
            let all = kept(all, &query.filter()?)?.into_iter().map(|it| (place(&it), it));
            let page = page_in(all.collect(), query, Order::NewestFirst);
            Ok(page.map(|it| documents::evaluation(&it)).into())
        }
        E::EvaluationsCount => Ok(json!({"Count": listed(snapshot, query)?.len()}).into()),
        _ => list(snapshot, query),
    }
}

/// The evaluations that an evaluation leads to or comes of, and those that these do, oldest first.
fn related(snapshot: &Snapshot, evaluation: &Evaluation) -> Value {
    let of_job = snapshot.evaluations_of(&evaluation.namespace, &evaluation.job_id);
    let mut left: Vec<Evaluation> = of_job.filter(|it| it.id != evaluation.id).collect();
    let links =
        |it: &Evaluation| [&it.previous_eval, &it.next_eval, &it.blocked_eval].map(String::clone);
    let mut named: BTreeSet<String> = links(evaluation).into();
    let mut ids = BTreeSet::from([evaluation.id.clone()]);
    let mut found = Vec::new();
    loop {
        let is_related =
            |it: &Evaluation| named.contains(&it.id) || links(it).iter().any(|id| ids.contains(id));
        let (more, others): (Vec<_>, Vec<_>) = left.into_iter().partition(is_related);
        left = others;
        if more.is_empty() {
            break;
        }
        for it in more {
            named.extend(links(&it));
            ids.insert(it.id.clone());
            found.push(it);
        }
    }
    found.sort_by(|a, b| (a.create_index, &a.id).cmp(&(b.create_index, &b.id)));
    found.iter().map(stubs::evaluation).collect()
}

fn list(snapshot: &Snapshot, query: &Query) -> Result<Found, Refusal> {
    let prefix = query.text("prefix");
    let found = listed(snapshot, query)?;
    let found: Vec<_> = found.into_iter().map(|it| (place(&it), it)).collect();
    if found.is_empty() {
        check_prefix(prefix, "eval")?;
    }
    Ok(page(found, query, prefix.is_empty()).map(|it| documents::evaluation(&it)).into())
}

fn place(evaluation: &Evaluation) -> Token {
    Token::created(evaluation.create_index, evaluation.id.clone())
}

/// The evaluations that a request asks for.
fn listed(snapshot: &Snapshot, query: &Query) -> Result<Vec<Evaluation>, Refusal> {
    let filter = query.filter()?;
    let has_parameters = ["status", "job"].iter().any(|key| !query.text(key).is_empty());
    if filter.is_some() && has_parameters {
        return Err(Refusal::bad("filter cannot be used with the parameters status and job"));
    }
    let is_listed = |it: &Evaluation| {
        let is_it = |key: &str, value: &str| query.text(key).is_empty() || query.text(key) == value;
        query.lists_namespace(&it.namespace)
            && is_it("status", &it.status)
            && is_it("job", &it.job_id)
    };
    let all = snapshot.evaluations_with_prefix(query.text("prefix"));
    kept(all.filter(is_listed), &filter)
}

/// Those of evaluations that a filter wants.
fn kept(
    evaluations: impl Iterator<Item = Evaluation>,
    filter: &Option<Filter>,
) -> Result<Vec<Evaluation>, Refusal> {
    filter::wanted(evaluations, filter, documents::whole_evaluation)
}

/// The identities of the evaluations that a filter wants.
pub(super) fn wanted(
    snapshot: &Snapshot,
    query: &Query,
    filter: Filter,
) -> Result<Vec<String>, Refusal> {
    let all = snapshot.evaluations_with_prefix("");
    let listed = all.filter(|it| query.lists_namespace(&it.namespace));
    Ok(kept(listed, &Some(filter))?.into_iter().map(|it| it.id).collect())
}
