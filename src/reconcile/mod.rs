//! What has to change: a job as it should be against its allocations as they are
//! (docs/lifecycle.md, sections 3 and 4).
//!
//! In: views of one job, its allocations and nodes, an instant, and answers to a few questions
//! ([`view::Facts`]). Out: a list of what to stop, place and update, of evaluations to create, and of
//! what becomes of deployments ([`changes::Changes`]). It looks at names, versions, statuses and time,
//! never at scores, and changes nothing. May import `model`, `state`, `feasibility`, `syntax` and
//! `time`.

pub(crate) mod canaries;
pub(crate) mod changes;
pub(crate) mod classify;
pub(crate) mod deployment;
mod deployment_steps;
mod disconnect;
mod follow_ups;
mod group;
mod limits;
mod names;
mod placements;
pub(crate) mod reschedule;
pub(crate) mod rolling;
mod rules;
mod sets;
mod stops;
mod system;
mod system_deployment;
mod system_pass;
pub(crate) mod update;
pub(crate) mod view;

#[cfg(test)]
mod tests;

use self::changes::{Changes, DeploymentChange, Figures, Stop};
use self::classify::Class;
use self::deployment::Deployments;
use self::group::{Group, Sets};
use self::view::{Facts, Input, NodeCondition};
use crate::model::{ClientStatus, DesiredStatus};
use crate::state::stop_reason::StopReason;

/// Finds what has to change of a job (docs/lifecycle.md, sections 3 and 4).
pub(crate) fn reconcile(input: &Input<'_>, facts: &mut impl Facts) -> Changes {
    let (deployments, deployment_update) = Deployments::triage(input);
    let mut changes = Changes { deployment_update, ..Changes::default() };
    stop_lost_leavers(input, &mut changes);
    if input.is_stopped {
        stop_everything(input, facts, &mut changes);
        return changes;
    }
    let early = changes.stops.len();
    let is_complete = if input.job_type.is_system() {
        system::reconcile(input, facts, &deployments, &mut changes)
    } else {
        reconcile_groups(input, facts, &deployments, &mut changes)
    };
    merge_stops(&mut changes.stops, early);
    rolling::limit(input, &mut changes);
    let is_active = deployments.current.is_some_and(|it| it.status.is_active());
    if is_complete && is_active {
        changes.deployment_update = Some(DeploymentChange::Successful);
    }
    changes
}

/// Goes through the groups of a service or batch job, and says whether all of them are complete.
fn reconcile_groups(
    input: &Input<'_>,
    facts: &mut impl Facts,
    deployments: &Deployments<'_>,
    changes: &mut Changes,
) -> bool {
    let mut is_complete = true;
    let mut from = 0;
    for group in 0..input.groups {
        let to = from + input.allocations[from..].partition_point(|it| it.group <= group);
        let (stops_from, updates_from) = (changes.stops.len(), changes.updates.len());
        let mut pass = Group {
            input,
            facts: &mut *facts,
            deployments,
            changes: &mut *changes,
            group,
            rules: input.rules(group).copied().unwrap_or_default(),
            members: from..to,
            figures: Figures::default(),
            sets: Sets::default(),
            names: None,
            stops_from,
            updates_from,
        };
        is_complete &= pass.reconcile();
        let figures = pass.figures;
        changes.figures.push(figures);
        from = to;
    }
    is_complete
}

/// What was told to stop and cannot any more, as its node is gone, is lost.
fn stop_lost_leavers(input: &Input<'_>, changes: &mut Changes) {
    // What is plain is to run.
    for at in input.notable {
        let allocation = &input.allocations[*at as usize];
        if !matches!(allocation.desired, DesiredStatus::Stop | DesiredStatus::Evict) {
            continue;
        }
        let is_gone = matches!(allocation.condition, NodeCondition::Missing | NodeCondition::Down);
        let is_going = matches!(allocation.client, ClientStatus::Pending | ClientStatus::Running);
        if is_gone && is_going {
            let reason = StopReason::Lost;
            changes.stops.push(Stop { at: *at, reason, is_lost: true, follow_up: None });
        }
    }
}

/// Makes one stop of two where an allocation that was lost on its way out, which the first `early`
/// stops are of, stops for another reason as well.
fn merge_stops(stops: &mut Vec<Stop>, early: usize) {
    if early == 0 {
        return;
    }
    let mut later = stops.split_off(early);
    let mut found = Vec::new();
    for stop in &mut later {
        if let Ok(place) = stops.binary_search_by_key(&stop.at, |it| it.at) {
            stop.is_lost = true;
            found.push(place);
        }
    }
    found.sort_unstable();
    let mut place = 0;
    stops.retain(|_| {
        place += 1;
        found.binary_search(&(place - 1)).is_err()
    });
    stops.extend(later);
}

/// Stops all that lives of a job that is stopped or gone.
fn stop_everything(input: &Input<'_>, facts: &impl Facts, changes: &mut Changes) {
    changes.figures.extend((0..input.groups).map(|_| Figures::default()));
    for (at, allocation) in input.allocations.iter().enumerate() {
        if allocation.is_terminal() {
            continue;
        }
        let is_lost = !classify::is_plain(allocation) && !input.job_type.is_system() && {
            let own = input.own_rules(allocation);
            let is_unknown = allocation.client == ClientStatus::Unknown;
            let last_unknown = is_unknown.then(|| facts.history(at).last_unknown).flatten();
            let class = classify::classify(allocation, &own.disconnect, last_unknown, input.now);
            class == Class::Lost
        };
        let reason = if is_lost { StopReason::Lost } else { StopReason::NotNeeded };
        changes.stops.push(Stop { at: at as u32, reason, is_lost, follow_up: None });
        if let Some(figures) = changes.figures.get_mut(allocation.group as usize) {
            figures.stop += 1;
        }
    }
}
