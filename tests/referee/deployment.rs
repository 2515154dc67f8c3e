//! Section 3, "Deployment triage", "Deployment creation" and completeness.

use crate::answer::{Answer, NewDeployment, NewGroup};
use crate::facts::{Job, World};
use crate::group::{Pass, Triage};
use crate::placements::Requests;

pub(crate) const COMPLETED: (&str, &str) = ("successful", "Deployment completed successfully");

/// Which deployment counts, and the cancelling of one that does not any more.
pub(crate) fn triage<'w>(world: &'w World, job: Option<&Job>, answer: &mut Answer) -> Triage<'w> {
    let Some(latest) = world.deployment() else { return Triage::default() };
    let job = job.filter(|job| !job.is_stopped);
    let Some(job) = job else {
        if latest.is_active() {
            answer.deployment_update = Some(("cancelled", "Cancelled because job is stopped"));
        }
        return Triage { old: Some(latest), current: None };
    };
    if latest.job_create_index != job.create_index || latest.job_version != job.version {
        if latest.is_active() {
            answer.deployment_update = Some(("cancelled", "Cancelled due to newer version of job"));
        }
        return Triage { old: Some(latest), current: None };
    }
    if latest.status == "successful" || latest.is_superseded() {
        return Triage { old: Some(latest), current: None };
    }
    Triage { old: None, current: Some(latest) }
}

/// Creates the group's state where it is due, and says whether the group is complete.
pub(crate) fn finish(pass: &mut Pass, requests: &Requests) -> bool {
    create(pass, requests);
    let changes = !pass.destructive.is_empty()
        || !pass.in_place.is_empty()
        || requests.migrations > 0
        || !pass.now.is_empty()
        || !pass.later.is_empty()
        || requests.placed_now > 0
        || requests.needs_canaries;
    if changes || pass.is_canarying() {
        return false;
    }
    let wanted = pass.state.desired_total.max(pass.state.desired_canaries);
    !pass.has_state || pass.state.healthy >= wanted
}

fn create(pass: &mut Pass, requests: &Requests) {
    let Some(update) = pass.group.rolling() else { return };
    let total = pass.destructive.len() + pass.in_place.len() + requests.wanted;
    let is_first = !pass.all.iter().any(|alloc| alloc.is_of_same_version(pass.job));
    let has_updates = !pass.destructive.is_empty() || !pass.in_place.is_empty();
    let is_due = total > 0 && (is_first || has_updates);
    if pass.triage.current.is_some() || !is_due {
        return;
    }
    let state = NewGroup {
        auto_promote: update.auto_promote,
        auto_revert: update.auto_revert,
        desired_canaries: pass.state.desired_canaries,
        desired_total: total,
    };
    let new = pass.answer.new_deployment.get_or_insert_with(NewDeployment::default);
    new.version = pass.job.version;
    new.groups.insert(pass.group.name.clone(), state);
}

/// The text of a new deployment.
pub(crate) fn description(new: &NewDeployment) -> &'static str {
    let mut canaries = new.groups.values().filter(|group| group.desired_canaries > 0).peekable();
    if canaries.peek().is_none() {
        "Deployment is running"
    } else if canaries.all(|group| group.auto_promote) {
        "Deployment is running pending automatic promotion"
    } else {
        "Deployment is running but requires manual promotion"
    }
}
