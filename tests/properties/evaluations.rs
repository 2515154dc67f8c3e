//! What holds of the plan of every evaluation, whatever the state of its job: tried on random states of
//! one job with all its allocations, deployments and evaluations (docs/lifecycle.md, sections 2 to 5).

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::Value;
use stowplan::model::{
    Allocation, Evaluation, Job, Plan as Document, RescheduleTracker, TaskGroup,
};
use stowplan::schedule::{Decision, process};
use stowplan::testing::Random;
use stowplan::{Cluster, PlaceOptions, Plan, PlannedUpdate};

use crate::common::check::{Outcome, check_seeds};
use crate::common::lifecycle::Question;
use crate::common::situations;
use crate::common::situations::live::Live;
use crate::same;

/// Tries a property on random states.
pub(crate) fn check(property: impl Fn(Live, &Value, Random) -> Outcome) {
    check_seeds(|seed| {
        let case = situations::case(seed);
        property(Live::new(&case), &case, Random::new(seed, 7))
    });
}

/// The plan of a state's evaluation, made on a fork.
pub(crate) fn plan(live: &Live) -> Plan {
    let mut fork = live.cluster.fork();
    let before = written(&fork);
    let plan = process(&mut fork, &live.evaluation, live.now);
    assert_eq!(written(&fork), before, "planning changed something");
    plan
}

/// All that a cluster says of its job.
fn written(cluster: &Cluster) -> String {
    let mut lines: Vec<String> = cluster.jobs().flat_map(|it| it.document()).map(text).collect();
    let mut allocations: Vec<String> = cluster.allocations().map(text).collect();
    allocations.sort_unstable();
    lines.extend(allocations);
    lines.extend(cluster.evaluations_of("default", "web").map(text));
    lines.extend(cluster.deployments_of("default", "web").map(text));
    lines.push(format!("index {}, digest {}", cluster.modify_index(), cluster.digest()));
    lines.join("\n")
}

pub(crate) fn text(document: impl serde::Serialize) -> String {
    serde_json::to_string(&document).unwrap()
}

/// Whether some group found no place.
fn is_failing(plan: &Plan) -> bool {
    plan.evaluation().is_some_and(|it| !it.failed_tg_allocs.is_empty())
}

/// By identity.
pub(crate) fn allocations(cluster: &Cluster) -> BTreeMap<String, Allocation> {
    cluster.allocations().map(|it| (it.id.clone(), it)).collect()
}

/// What is told to live and has not ended.
fn is_live(it: &Allocation) -> bool {
    !matches!(it.desired_status.as_str(), "stop" | "evict" | "failed") && !it.client().is_terminal()
}

fn present(cluster: &Cluster) -> Job {
    cluster.job("default", "web").unwrap().versions().next().unwrap().clone()
}

fn is_system(live: &Live) -> bool {
    matches!(live.evaluation.evaluation_type.as_str(), "system" | "sysbatch")
}

#[test]
fn a_plan_is_committed_whole_where_it_was_made() {
    check(|mut live, _, _| {
        let plan = plan(&live);
        let committed = live.cluster.commit(plan, live.now);
        prop_assert_eq!(committed.rejected(), &[]);
        prop_assert!(committed.next_attempt().is_none());
        prop_assert_eq!(live.cluster.check(), Ok(()));
        Ok(())
    });
}

/// Identities, ports and indexes as well.
#[test]
fn at_once_and_on_a_fork_the_same_bytes() {
    check(|mut live, case, _| {
        let plan = plan(&live);
        let mut other = Live::new(case);
        live.cluster.commit(plan, live.now);
        let options = PlaceOptions::default();
        other.cluster.process(&other.evaluation.id, other.now, &options).unwrap();
        same(&written(&live.cluster), &written(&other.cluster))
    });
}

#[test]
fn order_and_repetition_do_not_matter() {
    check(|live, case, mut random| {
        let mut turned = case.clone();
        random.shuffle(turned["allocs"].as_array_mut().unwrap());
        turn(&mut turned);
        let plans = [plan(&live), plan(&live), plan(&Live::new(&turned))];
        let [first, again, other] = plans.map(|plan| document(&plan));
        same(&first, &again)?;
        same(&first, &other)
    });
}

/// A plan as text, but for indexes: those count what was done before.
fn document(plan: &Plan) -> String {
    let mut document: Document = plan.to_document();
    document.job = None;
    document.snapshot_index = 0;
    if let Some(evaluation) = &mut document.eval {
        (evaluation.snapshot_index, evaluation.create_index, evaluation.modify_index) = (0, 0, 0);
    }
    let new = document.node_allocation.values_mut().flatten();
    new.for_each(|it| (it.job, it.create_index, it.modify_index) = (None, 0, 0));
    text(document)
}

/// Turns the order of the keys of every map round.
fn turn(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(turn),
        Value::Object(map) => {
            let entries: Vec<(String, Value)> = std::mem::take(map).into_iter().collect();
            for (key, mut value) in entries.into_iter().rev() {
                turn(&mut value);
                map.insert(key, value);
            }
        }
        _ => {}
    }
}

/// A plan that goes by its document comes to the same.
#[test]
fn a_plan_comes_back_from_its_document() {
    check(|mut live, case, _| {
        let plan = plan(&live);
        let submitted = text(plan.to_document());
        let read = live.cluster.read_plan(&serde_json::from_str(&submitted).unwrap());
        let read = read.map_err(|errors| TestCaseError::fail(format!("{errors}\n{submitted}")))?;
        same(&submitted, &text(read.to_document()))?;
        live.cluster.commit(plan, live.now);
        let mut other = Live::new(case);
        let committed = other.cluster.commit(read, other.now);
        prop_assert_eq!(committed.rejected(), &[]);
        same(&written(&live.cluster), &written(&other.cluster))
    });
}

/// Documents put before the scheduler come to what a cluster comes to that holds them.
#[test]
fn documents_come_to_the_same() {
    check(|live, case, _| {
        let document = plan(&live).to_document();
        let decision: Decision = Question::new(case).process();
        let new =
            document.node_allocation.values().flatten().filter(|it| it.id.starts_with("new["));
        let placed =
            |it: &Allocation| (it.name.clone(), it.previous_allocation.clone(), it.is_canary());
        let mut live: Vec<_> = new.map(placed).collect();
        let mut decided: Vec<_> = decision.placements.iter().map(placed).collect();
        live.sort_unstable();
        decided.sort_unstable();
        prop_assert_eq!(live, decided);
        let stop = |it: &Allocation| {
            (it.id.clone(), it.desired_description.clone(), it.client_status.clone())
        };
        let live: BTreeSet<_> = document.node_update.values().flatten().map(stop).collect();
        prop_assert_eq!(live, decision.stops.iter().map(stop).collect::<BTreeSet<_>>());
        let evaluation = document.eval.unwrap();
        prop_assert_eq!(evaluation.queued_allocations, decision.evaluation.queued_allocations);
        prop_assert_eq!(document.created_evals.len(), decision.created.len());
        Ok(())
    });
}

/// In so many passes nothing is left to be done.
const PASSES: usize = 8;

/// Once a plan is committed, nothing is left to be done at that instant, but that a deployment ends whose
/// counters say that all is well. Where a plan [leads on](leads_on), one step leads to the next, until
/// nothing is left.
#[test]
fn a_second_time_nothing_is_proposed() {
    check(|mut live, _, _| {
        if !can_come_about(&live.cluster) {
            return Ok(());
        }
        let plan = plan(&live);
        let (mut is_step, mut left) = (leads_on(&live, &plan), String::new());
        live.cluster.commit(plan, live.now);
        for pass in 0..PASSES {
            let again = live.ask_again(&format!("again-{pass}"));
            let plan = process(&mut live.cluster.fork(), &again, live.now);
            let stops = plan.stops().iter().any(|stop| runs(&live.cluster, stop.id()));
            let moves = stops
                || !plan.is_empty()
                || !plan.updates().is_empty()
                || plan.deployment().is_some();
            left = told(&plan);
            prop_assert!(is_step || !moves, "the time after that {left}");
            if !moves && plan.deployment_update().is_none() {
                return Ok(());
            }
            is_step = leads_on(&live, &plan);
            live.cluster.commit(plan, live.now);
        }
        Err(TestCaseError::fail(format!("after {PASSES} passes still {left}")))
    });
}

/// Whether there may be more to do once a plan is committed: where something stops or moves; where a
/// deployment ends; where more canaries are wanted than one pass places (docs/lifecycle.md, section 12, trap
/// 21); where what a system job has on a node came back, as it reconnects before anybody asks whether it is
/// wanted there (section 4, the first table); where [a note delays](delays) what it is of; and where an
/// evaluation that it makes is due at once, as what does not answer and has no `lost_after` is given up at
/// once (section 3, *Classification*, 6).
fn leads_on(live: &Live, plan: &Plan) -> bool {
    let comes_back = |it: &PlannedUpdate| !it.is_in_place() && it.client_status().is_none();
    let job = present(&live.cluster);
    let is_cut = plan.figures().any(|(name, figures)| {
        let group = job.task_groups.iter().find(|group| group.name == name);
        group.is_some_and(|group| figures.canary > u64::from(group.count()))
    });
    let mut updates = plan.updates().iter();
    let goes_on = match is_system(live) {
        true => updates.any(comes_back),
        false => updates.any(|it| is_failing(plan) && comes_back(it) && delays(live, it)),
    };
    let created = plan.to_document().created_evals;
    let is_due = |it: &Evaluation| it.status == "pending" && it.wait_until <= Some(live.now);
    !plan.stops().is_empty()
        || plan.deployment_update().is_some()
        || is_cut
        || goes_on
        || created.iter().any(is_due)
}

/// Whether the note that no node was found changes when the allocation failed, by which the delay begins
/// anew: where none of its tasks has ended that is when it was written last (docs/lifecycle.md, section 3,
/// *Reschedule filter*: the fail time is the latest end of a task, or else its `ModifyTime`).
fn delays(live: &Live, update: &PlannedUpdate) -> bool {
    let allocation = live.cluster.allocation(update.id()).unwrap();
    update.follow_up().is_none()
        && allocation.task_states.values().all(|task| task.finished_at.is_none())
}

/// Whether an allocation has not been told to stop. What was may be told so again, as a real Nomad does (the
/// golden cases disconnect-92, system-22 and system-35 show it).
fn runs(cluster: &Cluster, id: &str) -> bool {
    cluster.allocation(id).is_some_and(|it| it.desired_status == "run")
}

/// A plan in few words.
fn told(plan: &Plan) -> String {
    let placed: Vec<String> = plan.placements().map(|it| it.name()).collect();
    let updated: Vec<&str> = plan.updates().iter().map(|it| it.id()).collect();
    let deployment = plan.deployment().map(|it| text(it.task_groups));
    let update = plan.deployment_update().map(|it| it.status);
    let evaluation = plan.evaluation().map(|it| text(it.queued_allocations));
    let figures: Vec<String> =
        plan.figures().map(|(name, it)| format!("{name} {}", text(it))).collect();
    format!(
        "{placed:?}, updates {updated:?}, {deployment:?}, {update:?}, {evaluation:?}, {figures:?}"
    )
}

/// Whether the latest deployment can be one of the present version: that of a job which goes on is not
/// cancelled, and it knows of all the canaries that the job wants. Where it is not so, a real Nomad places
/// canaries that belong to no deployment (the golden cases deploy-4, deploy-94 and deploy-138 show it), and
/// as nobody knows them for canaries they are stopped and placed anew in every pass.
fn can_come_about(cluster: &Cluster) -> bool {
    let job = present(cluster);
    let Some(latest) = cluster.deployments_of("default", "web").next() else { return true };
    let knows_canaries = |group: &TaskGroup| {
        let canaries = group.update.as_ref().map_or(0, |it| it.canary());
        let state = latest.task_groups.get(&group.name);
        state.map_or(0, |state| state.desired_canaries) >= i64::from(canaries)
    };
    latest.job_version != job.version
        || (latest.status != "cancelled" && job.task_groups.iter().all(knows_canaries))
}

/// What a plan adds leads to no more live allocations of a service or batch group than its count and its
/// canaries. What failed is replaced, or goes on where no node is found, whatever else there is too many of,
/// which the next pass stops; what does not answer may come back beside its replacement.
#[test]
fn never_more_than_count_and_canaries() {
    check(|mut live, _, _| {
        let job = present(&live.cluster);
        if is_system(&live) || job.stop {
            return Ok(());
        }
        let before = allocations(&live.cluster);
        let plan = plan(&live);
        live.cluster.commit(plan, live.now);
        let after = allocations(&live.cluster);
        for group in &job.task_groups {
            let of_group = after.values().filter(|it| it.task_group == group.name);
            let of_group = of_group.filter(|it| is_live(it) && it.client_status != "unknown");
            let (new, old): (Vec<_>, Vec<_>) =
                of_group.partition(|it| !before.contains_key(&it.id));

            let is_kept = |it: &&&Allocation| {
                it.reschedule_tracker.as_ref().is_some_and(RescheduleTracker::has_failed)
            };
            let rescheduled = new.iter().filter(|it| it.reschedule_tracker.is_some()).count()
                + old.iter().filter(is_kept).count();
            let canaries = group.update.as_ref().map_or(0, |it| it.canary());
            let most = (group.count() + canaries) as usize;
            prop_assert!(
                new.is_empty() || old.len() + new.len() <= most.max(old.len()) + rescheduled,
                "{} and {} new of {} and {canaries}",
                old.len(),
                new.len(),
                group.count()
            );
        }
        Ok(())
    });
}

/// No two live allocations of a group have one name, but for canaries, for what takes over a name that
/// several had, and for what may come back beside its replacement.
#[test]
fn names_are_unique() {
    check(|mut live, _, _| {
        let before = allocations(&live.cluster);
        let plan = plan(&live);
        live.cluster.commit(plan, live.now);
        let key = |it: &Allocation| match is_system(&live) {
            true => (it.name.clone(), it.node_id.clone()),
            false => (it.name.clone(), String::new()),
        };
        let mut holders: BTreeMap<_, usize> = BTreeMap::new();
        before.values().for_each(|it| *holders.entry(key(it)).or_default() += 1);
        let after = allocations(&live.cluster);
        let mut given = BTreeSet::new();
        let new = after.values().filter(|it| !before.contains_key(&it.id) && !it.is_canary());
        for it in new.filter(|it| it.desired_status == "run") {
            let is_shared = holders.get(&key(it)).is_some_and(|holders| *holders > 1);
            prop_assert!(
                given.insert(key(it)) || is_shared || !it.previous_allocation.is_empty(),
                "{} was given out twice",
                it.name
            );
            let others = after.values().filter(|other| {
                other.id != it.id && key(other) == key(it) && is_live(other) && !other.is_canary()
            });
            let mut others = others.filter(|other| other.client_status != "unknown");
            prop_assert!(
                is_shared || !it.previous_allocation.is_empty() || others.next().is_none(),
                "{} is a live one's already",
                it.name
            );
        }
        Ok(())
    });
}

#[test]
fn figures_add_up() {
    check(|live, _, _| {
        let plan = plan(&live);
        let job = present(&live.cluster);
        let mut touched = BTreeSet::new();
        for stop in plan.stops() {
            prop_assert!(touched.insert(stop.id().to_owned()), "{} stops twice", stop.id());
        }
        let mut updated = BTreeSet::new();
        for update in plan.updates() {
            prop_assert!(updated.insert(update.id().to_owned()), "{} twice", update.id());
        }
        let in_place = plan.updates().iter().filter(|it| it.is_in_place()).count() as u64;
        prop_assert_eq!(plan.figures().map(|(_, it)| it.in_place_update).sum::<u64>(), in_place);
        let evaluation = plan.evaluation().unwrap();
        for (group, figures) in plan.figures() {
            let of_group = plan.placements().filter(|it| it.task_group() == group);
            let placed = of_group.count() as u64;
            let wanted =
                figures.place + figures.migrate + figures.destructive_update + figures.canary;
            let queued = evaluation.queued_allocations.get(group).copied().unwrap_or(0);
            prop_assert!(placed <= wanted, "{placed} of {wanted} of {group}");
            prop_assert!(queued >= 0, "{queued} of {group} are queued");
            if is_system(&live) {
                continue;
            }
            // What is asked for is placed or waits, but for what a drain has forced to end, and what was cut
            // off at the count.
            let asked = placed + queued as u64;
            let without = figures.migrate + figures.canary;
            prop_assert!(
                asked <= wanted && wanted <= asked + without,
                "{asked} of {wanted} of {group}"
            );
            let failed = evaluation.failed_tg_allocs.get(group);
            match job.all_at_once && is_failing(&plan) {
                // Of a job that is placed whole nothing is placed where anything fails: each group waits for
                // all of its own, whether it is the one that failed or not.
                true => prop_assert!(
                    placed == 0 && (failed.is_none() || queued > 0),
                    "{group}: {queued}"
                ),
                false => prop_assert!(failed.is_none() == (queued == 0), "{group}: {queued}"),
            }
        }
        let placed = plan.placements().count() as u64;
        let all: u64 = plan
            .figures()
            .map(|(_, it)| it.place + it.migrate + it.destructive_update + it.canary)
            .sum();
        prop_assert!(placed <= all);
        Ok(())
    });
}

#[test]
fn in_place_moves_nothing() {
    check(|mut live, _, _| {
        let before = allocations(&live.cluster);
        let plan = plan(&live);
        let ids: Vec<String> = plan.updates().iter().map(|it| it.id().to_owned()).collect();
        live.cluster.commit(plan, live.now);
        for id in ids {
            let after = live.cluster.allocation(&id).unwrap();
            let held = |it: &Allocation| {
                let resources = it.allocated_resources.as_ref();
                let ports =
                    resources.map(|it| (it.shared.ports.clone(), it.shared.networks.clone()));
                let devices = resources.map(|it| {
                    it.tasks.values().flat_map(|task| task.devices.clone()).collect::<Vec<_>>()
                });
                (it.node_id.clone(), it.name.clone(), text(ports), text(devices))
            };
            prop_assert_eq!(held(&before[&id]), held(&after));
        }
        Ok(())
    });
}
