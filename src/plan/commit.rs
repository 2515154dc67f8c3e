//! Committing: what of a plan its nodes take becomes part of the state.
//!
//! With a refused node fall the placements, stops, evictions and updates on it; the rest is committed
//! (docs/lifecycle.md, section 5). What an evaluation comes to beside is written once everything was
//! committed; before that only what the committed part needs.

use indexmap::IndexSet;

use super::content::{Plan, PlannedGroup};
use super::parts::{Committed, Origin, Parts, accepted, commit_group, stop};
use super::settle::settle;
use super::verify::{Rejections, verify};
use crate::placement::outcome::Outcome;
use crate::state::transaction::Transaction;

/// Commits a plan in a transaction: node by node what that takes, and nothing of a job that is placed
/// whole or not at all and is refused anywhere.
pub(crate) fn commit(state: &mut Transaction<'_>, mut plan: Plan) -> Committed {
    let rejections = verify(state, &plan);
    let parts = Parts {
        refused: refused_whole(&plan, &rejections),
        refuses_all: plan.all_at_once && !rejections.is_empty(),
        rejections: &rejections,
    };
    let mut committed = Committed {
        outcome: Outcome { failed: std::mem::take(&mut plan.failed), ..Outcome::default() },
        rejected: rejections.values().cloned().collect(),
        ..Committed::default()
    };
    match plan.evaluated.take() {
        Some(evaluated) => settle(state, plan, *evaluated, &parts, &mut committed),
        None => {
            stop(state, plan.stops, false, &parts, &mut committed);
            for group in plan.groups.iter().filter(|group| parts.takes_job(group.job_names())) {
                let accepted = accepted(group, &rejections);
                let group = commit_group(state, group, &accepted, Origin::default());
                committed.outcome.groups.extend(group);
            }
        }
    }
    committed
}

/// The jobs, by namespace and identity, of which nothing is committed.
fn refused_whole(plan: &Plan, rejections: &Rejections) -> IndexSet<(String, String)> {
    let is_refused = |group: &&PlannedGroup| {
        group.job.all_at_once
            && group.placements.iter().any(|planned| rejections.contains_key(&planned.node))
    };
    let refused = plan.groups.iter().filter(is_refused).map(PlannedGroup::job_names);
    refused.map(|(namespace, id)| (namespace.to_owned(), id.to_owned())).collect()
}
