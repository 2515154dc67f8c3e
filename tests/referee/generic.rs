//! Section 2: one attempt of a service or batch evaluation.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::answer::{Answer, Created, LOST, NOT_NEEDED, Placement, RESCHEDULED, UPDATED};
use crate::classify::{Class, class};
use crate::deployment::{self, COMPLETED, triage};
use crate::facts::{Alloc, Job, Kind, SECOND, World};
use crate::group::{GroupPlan, Request, Triage, Why, reconcile};
use crate::questions::Questions;
use crate::reschedule::{fail_time, tracker};

pub(crate) fn process(world: &World, questions: &dyn Questions) -> Answer {
    let mut answer = Answer::default();
    if world.eval.triggered_by == "scheduled" {
        answer.failure = Some("scheduler cannot handle 'scheduled' evaluation reason".to_owned());
        return answer;
    }
    mark_lost(world, &mut answer);
    let job = world.job();
    let has_deployments = job.is_none_or(|job| job.kind == Kind::Service);
    let triage = if has_deployments {
        triage(world, job.map(Rc::as_ref), &mut answer)
    } else {
        Triage::default()
    };
    let mut plans: Vec<GroupPlan> = Vec::new();
    match job.filter(|job| !job.is_stopped) {
        None => stop_job(world, job.map(Rc::as_ref), &mut answer),
        Some(job) => {
            for name in group_names(world, Some(job)) {
                plans.push(reconcile(world, questions, &mut answer, triage, job, &name));
            }
            finish_deployment(&mut answer, triage, &plans);
            place(world, questions, &mut answer, job, plans);
        }
    }
    finish(world, &mut answer, job.map(Rc::as_ref));
    answer
}

/// The pre-pass: what was told to stop on a node that is gone is lost.
pub(crate) fn mark_lost(world: &World, answer: &mut Answer) {
    for alloc in &world.allocs {
        let goes_on = matches!(alloc.client.as_str(), "pending" | "running");
        if alloc.is_server_terminal() && goes_on && world.node_is_gone(alloc) {
            answer.stop(&alloc.id, LOST);
        }
    }
}

/// Groups in job order, then those that only allocations have.
fn group_names(world: &World, job: Option<&Rc<Job>>) -> Vec<String> {
    let mut names: Vec<String> =
        job.iter().flat_map(|job| &job.groups).map(|group| group.name.clone()).collect();
    let known: BTreeSet<String> = names.iter().cloned().collect();
    let others: BTreeSet<String> = world.allocs.iter().map(|alloc| alloc.group.clone()).collect();
    names.extend(others.difference(&known).cloned());
    names
}

/// A stopped or missing job.
fn stop_job(world: &World, job: Option<&Job>, answer: &mut Answer) {
    for group in job.iter().flat_map(|job| &job.groups) {
        answer.figures(&group.name);
    }
    for alloc in &world.allocs {
        answer.figures(&alloc.group);
        if alloc.is_terminal() {
            continue;
        }
        let is_lost = class(world, alloc) == Class::Lost;
        answer.stop(&alloc.id, if is_lost { LOST } else { NOT_NEEDED });
        answer.figures(&alloc.group).stop += 1;
    }
}

fn finish_deployment(answer: &mut Answer, triage: Triage, plans: &[GroupPlan]) {
    if let Some(new) = &mut answer.new_deployment {
        new.description = deployment::description(new);
    }
    let is_active = triage.current.is_some_and(|current| current.is_active());
    if is_active && plans.iter().all(|plan| plan.is_complete) {
        answer.deployment_update = Some(COMPLETED);
    }
}

/// The ID that new and updated allocations take.
pub(crate) fn deployment_id(world: &World, answer: &Answer) -> &'static str {
    match world.deployment() {
        _ if answer.new_deployment.is_some() => "new",
        Some(latest) if latest.is_active() => "existing",
        _ => "",
    }
}

/// An update in place takes the usual deployment's ID where that is another one.
pub(crate) fn move_in_place(
    world: &World,
    answer: &mut Answer,
    alloc: &Alloc,
    usual: &'static str,
) {
    let is_own = world.deployment().is_some_and(|latest| latest.id == alloc.deployment_id);
    let is_other = usual == "new" || (usual == "existing" && !is_own);
    let change = answer.update(&alloc.id);
    change.is_in_place = true;
    change.deployment = Some(usual).filter(|_| is_other);
}

/// The placement loop.
fn place(
    world: &World,
    questions: &dyn Questions,
    answer: &mut Answer,
    job: &Rc<Job>,
    mut plans: Vec<GroupPlan>,
) {
    let usual = deployment_id(world, answer);
    for alloc in plans.iter().flat_map(|plan| &plan.in_place) {
        move_in_place(world, answer, alloc, usual);
    }
    let (destructive, others): (Vec<Why>, Vec<Why>) = (
        vec![Why::Destructive],
        vec![Why::Canary, Why::Reschedule, Why::Lost, Why::Fresh, Why::Migration],
    );
    let mut list = Vec::new();
    for whys in [destructive, others] {
        for (at, plan) in plans.iter_mut().enumerate() {
            for why in &whys {
                let (now, later) = std::mem::take(&mut plan.requests)
                    .into_iter()
                    .partition::<Vec<_>, _>(|request| request.why == *why);
                plan.requests = later;
                list.extend(now.into_iter().map(|request| (at, request)));
            }
        }
    }
    // The stop of a reschedule "turns into an update" where no node is found, and section 5 lets a node
    // hold no more than fits: so nobody has its room before it is sure, and then its replacement is there.
    let is_staged = |(_, request): &&(usize, Request)| {
        let stop = request.previous.and_then(|alloc| answer.stops.get(&alloc.id));
        request.why == Why::Reschedule && stop.is_some_and(|stop| stop.description == RESCHEDULED)
    };
    let staged = list.iter().filter(is_staged).filter_map(|(_, request)| request.previous);
    let staged: BTreeSet<String> = staged.map(|alloc| alloc.id.clone()).collect();
    staged.iter().for_each(|id| answer.withdraw(id));
    for (number, (at, request)) in list.iter().enumerate() {
        if let Some(alloc) = request.previous.filter(|alloc| staged.contains(&alloc.id)) {
            answer.stop(&alloc.id, RESCHEDULED);
        }
        place_one(world, questions, answer, job, &mut plans[*at], request, usual);
        if job.is_whole && !answer.failed.is_empty() {
            take_back(world, answer, &plans, &list, number);
            return;
        }
    }
}

/// Section 5, AllAtOnce: what cannot be placed whole is not placed at all, once one of the list has failed.
fn take_back(
    world: &World,
    answer: &mut Answer,
    plans: &[GroupPlan],
    list: &[(usize, Request)],
    failed: usize,
) {
    answer.placements.clear();
    answer.queued.clear();
    for (at, request) in list {
        *answer.queued.entry(plans[*at].group.clone()).or_default() += 1;
        let Some(alloc) = request.previous else { continue };
        match request.why {
            Why::Destructive | Why::Migration => answer.withdraw(&alloc.id),
            // None of the reschedules found a node.
            Why::Reschedule => unplaced_reschedule(world, answer, alloc),
            _ => {}
        }
    }
    // What was not attempted of the group.
    let group = list[failed].0;
    let others = list[failed + 1..].iter().filter(|(at, _)| *at == group).count();
    answer.failed.insert(plans[group].group.clone(), others);
    without_deployment(world, answer, plans.iter().flat_map(|plan| &plan.in_place));
}

/// A new deployment falls, and what was to be updated in place does not join it.
pub(crate) fn without_deployment<'a, 'w: 'a>(
    world: &World,
    answer: &mut Answer,
    in_place: impl Iterator<Item = &'a &'w Alloc>,
) {
    answer.new_deployment = None;
    let usual = deployment_id(world, answer);
    for alloc in in_place {
        move_in_place(world, answer, alloc, usual);
    }
}

fn place_one(
    world: &World,
    questions: &dyn Questions,
    answer: &mut Answer,
    job: &Rc<Job>,
    plan: &mut GroupPlan,
    request: &Request,
    usual: &str,
) {
    let (version, deployment) = version(world, job, plan, request, usual);
    if let Some(alloc) = request.previous.filter(|_| request.why == Why::Destructive) {
        answer.stop(&alloc.id, UPDATED);
    }
    *answer.queued.entry(plan.group.clone()).or_default() += 1;
    if answer.failed.contains_key(&plan.group)
        || !questions.has_room(world, answer, &version, &plan.group)
    {
        fail(world, answer, plan, request);
        return;
    }
    *answer.queued.entry(plan.group.clone()).or_default() -= 1;
    let name = match (&request.previous, &mut plan.names) {
        (Some(alloc), Some(names)) => names.replacement(alloc),
        _ => request.name.clone(),
    };
    let has_deployment = answer.new_deployment.is_some() || world.deployment().is_some();
    let keeps_canary =
        request.why == Why::Reschedule && request.previous.is_some_and(|it| it.is_canary);
    let is_canary = has_deployment && (request.why == Why::Canary || keeps_canary);
    let events = request.previous.filter(|_| request.why == Why::Reschedule).map(|alloc| {
        let is_followup = !alloc.followup.is_empty() && alloc.followup == world.eval.id;
        let failed_at = match class(world, alloc) {
            Class::Disconnecting => world.now,
            _ if alloc.client == "unknown" && is_followup => {
                alloc.last_unknown().unwrap_or(alloc.modify_time)
            }
            _ => fail_time(alloc),
        };
        let events = tracker(world.now, alloc, failed_at);
        let seconds = |ns: i64| ns / SECOND;
        let event = |it: crate::facts::Event| {
            (seconds(world.now - it.time), seconds(it.delay_ns), it.alloc_id)
        };
        events.into_iter().map(event).collect()
    });
    answer.placements.push(Placement {
        name,
        previous: request.previous.map(|alloc| alloc.id.clone()).unwrap_or_default(),
        version: version.version,
        is_canary,
        deployment,
        events,
        node_id: None,
    });
}

/// No node was found.
fn fail(world: &World, answer: &mut Answer, plan: &GroupPlan, request: &Request) {
    let coalesced = answer.failed.get(&plan.group).map_or(0, |more| more + 1);
    answer.failed.insert(plan.group.clone(), coalesced);
    let Some(alloc) = request.previous else { return };
    match request.why {
        Why::Destructive => answer.withdraw(&alloc.id),
        Why::Reschedule => unplaced_reschedule(world, answer, alloc),
        _ => {}
    }
}

/// A reschedule that found no node: its stop turns into an update. But section 5 takes no update of what may
/// run on a node that is missing or down, and with it refuses the node's stops: there the stop stays.
fn unplaced_reschedule(world: &World, answer: &mut Answer, alloc: &Alloc) {
    if world.node_is_gone(alloc) && !alloc.is_client_terminal() {
        return;
    }
    answer.withdraw(&alloc.id);
    note_no_placement(answer, alloc);
}

/// The tracker says that no node was found, if it does not say so already.
fn note_no_placement(answer: &mut Answer, alloc: &Alloc) {
    if alloc.last_reschedule != "no placement" {
        answer.update(&alloc.id).has_no_placement = true;
    }
}

/// Which version of the job a placement runs, and in which deployment.
fn version(
    world: &World,
    job: &Rc<Job>,
    plan: &GroupPlan,
    request: &Request,
    usual: &str,
) -> (Rc<Job>, String) {
    let is_replacement = matches!(request.why, Why::Reschedule | Why::Lost | Why::Migration);
    let usual = (Rc::clone(job), usual.to_owned());
    let Some(alloc) = request.previous.filter(|alloc| is_replacement && !alloc.is_canary) else {
        return usual;
    };
    if !plan.is_canarying {
        return usual;
    }
    let settled = world.deployments.iter().rev().find(|deployment| {
        let state = deployment.groups.get(&plan.group);
        state.is_some_and(|state| state.promoted || state.desired_canaries == 0)
    });
    let Some(settled) = settled else {
        return (Rc::clone(&alloc.job), String::new());
    };
    match world.version(settled.job_version) {
        Some(version) if version.version >= alloc.job.version => {
            let is_latest = world.deployment().is_some_and(|latest| latest.id == settled.id);
            let id = if is_latest { "existing".to_owned() } else { settled.id.clone() };
            (Rc::clone(version), id)
        }
        _ => usual,
    }
}

/// Blocked and follow-up evaluations, and what the evaluation itself says in the end.
fn finish(world: &World, answer: &mut Answer, job: Option<&Job>) {
    if answer.queued.is_empty() {
        for group in job.iter().flat_map(|job| &job.groups) {
            answer.queued.insert(group.name.clone(), 0);
        }
    }
    answer.deployment = match world.deployment() {
        _ if answer.new_deployment.is_some() => "new",
        Some(_) if job.is_none_or(|job| job.kind == Kind::Service) => "existing",
        _ => "",
    };
    if answer.failed.is_empty() {
        return;
    }
    if world.eval.status == "blocked" {
        answer.is_reblocked = true;
        return;
    }
    let is_past = world.eval.wait_until.is_none_or(|until| world.now >= until);
    if answer.created.is_empty() || is_past {
        let created = answer.create(Created {
            trigger: "queued-allocs",
            description: "created to place remaining allocations",
            is_blocked: true,
            ..Created::default()
        });
        answer.blocked_eval = Some(created);
    }
}
