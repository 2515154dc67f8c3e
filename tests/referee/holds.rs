//! What holds of every decision, whatever the state: tried on the states that the referee judges.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stowplan::model::{Allocation, TaskGroup};
use stowplan::schedule::Decision;
use stowplan::testing::Random;

use crate::apply::apply;
use crate::generate;
use crate::lifecycle::Question;

/// How many states are tried.
const STATES: u64 = 250;

/// Tries all states, and tells of the first few where something does not hold.
fn hold(what: impl Fn(u64, &Value) -> Result<(), String>) {
    let faults: Vec<String> = (0..STATES)
        .filter_map(|seed| {
            let fault = what(seed, &generate::case(seed)).err()?;
            Some(format!("seed {seed}: {fault}"))
        })
        .collect();
    let told = faults.iter().take(10).cloned().collect::<Vec<_>>().join("\n");
    assert!(faults.is_empty(), "{} of {STATES} states:\n{told}", faults.len());
}

fn bytes(decision: &Decision) -> String {
    format!("{decision:?}")
}

fn is_system(case: &Value) -> bool {
    matches!(case["eval"]["Type"].as_str(), Some("system" | "sysbatch"))
}

/// What is told to live and has not ended.
fn live(it: &Allocation) -> bool {
    !matches!(it.desired_status.as_str(), "stop" | "evict" | "failed") && !it.client().is_terminal()
}

#[test]
fn the_same_bytes_every_time_and_in_every_order() {
    hold(|seed, case| {
        let first = bytes(&Question::new(case).process());
        let mut shuffled = case.clone();
        let mut random = Random::new(seed, 7);
        let allocations = shuffled["allocs"].as_array_mut().unwrap();
        for at in (1..allocations.len()).rev() {
            allocations.swap(at, random.below(at + 1));
        }
        let again = bytes(&Question::new(case).process());
        let other = bytes(&Question::new(&shuffled).process());
        match (first == again, first == other) {
            (true, true) => Ok(()),
            (false, _) => Err("another decision the second time".into()),
            (_, false) => Err("the order of allocations matters".into()),
        }
    });
}

/// Once a decision is carried out, nothing is left to be done at that instant but what is held back: a
/// rollout waits for health, and what found no room waits for it.
#[test]
fn a_second_time_nothing_is_proposed() {
    hold(|_, case| {
        let question = Question::new(case);
        let first = question.process();
        if first.evaluation.status == "failed" || !can_come_about(&question) {
            return Ok(());
        }
        // What starts a chain of steps goes on with the next one.
        let is_step = first.figures.values().any(|it| it.migrate > 0)
            || !first.stops.is_empty()
            || first.deployment_update.is_some();
        if is_step {
            return settles(&question, &first);
        }
        let then = apply(&question, &first, "new-");
        nothing(&then, &then.process())
    });
}

/// Whether the latest deployment can be one of the present version: that of a job which goes on is not
/// cancelled, and it knows of all the canaries that the job wants. Where it is not so, a real Nomad places
/// canaries that belong to no deployment (the golden cases deploy-4, deploy-94 and deploy-138 show it), and
/// as nobody knows them for canaries they are stopped and placed anew in every pass.
fn can_come_about(question: &Question) -> bool {
    let known = &question.known;
    let (Some(job), Some(latest)) = (known.versions.last(), known.deployments.last()) else {
        return true;
    };
    let knows_canaries = |group: &TaskGroup| {
        let canaries = group.update.as_ref().map_or(0, |it| it.canary());
        let state = latest.task_groups.get(&group.name);
        state.map_or(0, |state| state.desired_canaries) >= i64::from(canaries)
    };
    latest.job_version != job.version
        || (latest.status != "cancelled" && job.task_groups.iter().all(knows_canaries))
}

/// That a decision proposes nothing. What is told to stop may be told so again.
fn nothing(question: &Question, second: &Decision) -> Result<(), String> {
    let known = &question.known.allocations;
    let runs = |stop: &&Allocation| known.iter().any(|it| it.id == stop.id && live(it));
    let stops = second.stops.iter().filter(runs).count();
    let proposed = [
        ("stops", stops),
        ("placements", second.placements.len()),
        ("in place", second.in_place.len()),
        ("deployment", usize::from(second.deployment.is_some())),
        ("follow-ups", second.created.iter().filter(|it| it.wait_until.is_some()).count()),
    ];
    match proposed.iter().find(|(_, count)| *count > 0) {
        None => Ok(()),
        Some((what, count)) => Err(format!("{count} {what} the second time")),
    }
}

/// After a few passes nothing more is proposed.
fn settles(question: &Question, first: &Decision) -> Result<(), String> {
    let mut question = apply(question, first, "p0-");
    let mut last = Ok(());
    for pass in 1..8 {
        let decision = question.process();
        last = nothing(&question, &decision);
        if last.is_ok() {
            return Ok(());
        }
        question = apply(&question, &decision, &format!("p{pass}-"));
    }
    last
}

/// A service or batch group has never more than its count and its canaries: what a decision adds does
/// not lead above that, replacements of what failed aside.
#[test]
fn never_more_than_count_and_canaries() {
    hold(|_, case| {
        if is_system(case) {
            return Ok(());
        }
        let question = Question::new(case);
        let decision = question.process();
        let Some(job) = question.known.versions.last().filter(|job| !job.stop) else {
            return Ok(());
        };
        let then = apply(&question, &decision, "new-");
        for group in &job.task_groups {
            let placed =
                decision.placements.iter().filter(|it| it.task_group == group.name).count();
            if placed == 0 {
                continue;
            }
            // What does not answer may come back beside its replacement.
            let is_counted = |it: &&Allocation| {
                it.task_group == group.name && live(it) && it.client_status != "unknown"
            };
            let now = then.known.allocations.iter().filter(is_counted).count();
            let canaries = group.update.as_ref().map_or(0, |it| it.canary() as usize);
            // What was there and is not stopped by this may be more already.
            let kept = now - placed;
            // What failed is replaced whatever else there is too many of, which the next pass stops.
            let rescheduled = decision
                .placements
                .iter()
                .filter(|it| it.task_group == group.name && it.reschedule_tracker.is_some())
                .count();
            if now > (group.count() as usize + canaries).max(kept) + rescheduled {
                return Err(format!("{now} of {} live", group.name));
            }
        }
        Ok(())
    });
}

/// What is placed has a name of its own, unless it was placed as a canary, or takes over a name that
/// several held.
#[test]
fn names_are_unique() {
    hold(|_, case| {
        if is_system(case) {
            return Ok(());
        }
        let question = Question::new(case);
        let decision = question.process();
        let mut before: BTreeMap<&str, usize> = BTreeMap::new();
        for it in question.known.allocations.iter() {
            *before.entry(it.name.as_str()).or_default() += 1;
        }
        let mut given: BTreeSet<&str> = BTreeSet::new();
        for it in decision.placements.iter().filter(|it| !it.is_canary()) {
            let shared = before.get(it.name.as_str()).is_some_and(|holders| *holders > 1);
            if !given.insert(&it.name) && !shared && it.previous_allocation.is_empty() {
                return Err(format!("{} was given out twice", it.name));
            }
        }
        Ok(())
    });
}

/// Stops, updates and placements each concern an allocation once, and the figures add up to them.
#[test]
fn figures_add_up() {
    hold(|_, case| {
        let decision = Question::new(case).process();
        let mut stopped = BTreeSet::new();
        for stop in &decision.stops {
            if !stopped.insert(&stop.id) {
                return Err(format!("{} stops twice", stop.id));
            }
        }
        let mut updated = BTreeSet::new();
        for update in &decision.updates {
            // What is surplus may be told as well what it would wait for.
            if !updated.insert(&update.id) {
                return Err(format!("{} is updated twice", update.id));
            }
        }
        let in_place: u64 = decision.figures.values().map(|it| it.in_place_update).sum();
        if in_place != decision.in_place.len() as u64 {
            return Err(format!("{in_place} in place, and {} are", decision.in_place.len()));
        }
        for (group, figures) in &decision.figures {
            let placed = decision.placements.iter().filter(|it| it.task_group == *group).count();
            let queued = decision.evaluation.queued_allocations.get(group).copied().unwrap_or(0);
            let wanted =
                figures.place + figures.migrate + figures.destructive_update + figures.canary;
            if placed as u64 > wanted {
                return Err(format!("{placed} placed of {wanted} in {group}"));
            }
            if queued < 0 {
                return Err(format!("{queued} queued in {group}"));
            }
        }
        Ok(())
    });
}

/// An update in place leaves an allocation where it is with what it holds.
#[test]
fn in_place_moves_nothing() {
    hold(|_, case| {
        let question = Question::new(case);
        let decision = question.process();
        for update in &decision.updates {
            let before = question.known.allocations.iter().find(|it| it.id == update.id).unwrap();
            let held = |it: &Allocation| {
                (it.node_id.clone(), it.name.clone(), it.allocated_resources.clone())
            };
            if held(before) != held(update) {
                return Err(format!("{} was moved", update.id));
            }
        }
        Ok(())
    });
}
