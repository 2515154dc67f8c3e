//! Section 3, "Canaries", "Limit", "Placements", "Destructive" and "Migrations".

use crate::answer::{MIGRATED, RESCHEDULED};
use crate::facts::Alloc;
use crate::group::{Pass, Request, Set, Why, has};
use crate::names::Names;

/// What a group asks to be placed.
pub(crate) struct Requests<'w> {
    pub(crate) list: Vec<Request<'w>>,
    /// Placements wanted, those held back too; no canaries and migrations.
    pub(crate) wanted: usize,
    pub(crate) placed_now: usize,
    pub(crate) needs_canaries: bool,
    pub(crate) migrations: usize,
}

pub(crate) fn requests<'w>(pass: &mut Pass<'_, 'w>, names: &mut Names) -> Requests<'w> {
    let canaries = canaries(pass, names);
    let needs_canaries = canaries.is_some();
    let mut limit = limit(pass);
    let wanted = if pass.waits_for_clients { Vec::new() } else { wanted(pass, names) };
    let wanted_count = wanted.len();
    let is_ready = !pass.triage.is_paused() && !pass.triage.is_failed() && !pass.is_canarying();
    let placed: Vec<Request> =
        wanted.into_iter().filter(|request| is_ready || goes_unready(pass, request)).collect();
    let placed_now = placed.len();
    for request in &placed {
        stop_rescheduled(pass, request);
    }
    if is_ready {
        limit = limit.saturating_sub(placed_now);
    }
    let mut list: Vec<Request> = canaries.unwrap_or_default();
    list.extend(placed);
    let figures = pass.answer.figures(&pass.group.name);
    figures.place += placed_now;
    if list.len() > pass.group.count {
        list.truncate(pass.group.count);
        figures.place = pass.group.count;
    }
    destructive(pass, &mut list, if is_ready { limit } else { 0 });
    let migrations = migrations(pass, &mut list);
    Requests { list, wanted: wanted_count, placed_now, needs_canaries, migrations }
}

/// The canaries to be placed now; none where no more are needed.
fn canaries<'w>(pass: &mut Pass<'_, 'w>, names: &mut Names) -> Option<Vec<Request<'w>>> {
    let update = pass.group.rolling()?;
    if update.canary <= pass.canaries.len() || pass.destructive.is_empty() || pass.state.promoted {
        return None;
    }
    pass.state.desired_canaries = update.canary;
    if pass.triage.is_paused() || pass.triage.is_failed() || pass.waits_for_clients {
        return Some(Vec::new());
    }
    let missing = update.canary - pass.canaries.len();
    pass.answer.figures(&pass.group.name).canary += missing;
    let names = names.canaries(missing, &pass.canaries, &pass.destructive);
    let request = |name| Request { name, why: Why::Canary, previous: None };
    Some(names.into_iter().map(request).collect())
}

/// How many may be changed at once.
fn limit(pass: &Pass) -> usize {
    let Some(update) = pass.group.rolling() else { return pass.group.count };
    if pass.triage.is_paused() || pass.triage.is_failed() || pass.is_canarying() {
        return 0;
    }
    let Some(current) = pass.triage.current else { return update.max_parallel };
    let own: Set =
        pass.untainted.iter().copied().filter(|alloc| alloc.deployment_id == current.id).collect();
    if own.iter().any(|alloc| alloc.health == Some(false)) {
        return 0;
    }
    let pending = own.iter().filter(|alloc| alloc.health.is_none()).count();
    update.max_parallel.saturating_sub(pending)
}

/// Placements (a), (b) and (c).
fn wanted<'w>(pass: &Pass<'_, 'w>, names: &mut Names) -> Vec<Request<'w>> {
    // Canaries take nobody's place while they are tried.
    let is_tried = |alloc: &Alloc| pass.is_canarying() && has(&pass.canaries, &alloc.id);
    let untainted = pass.untainted.iter().filter(|alloc| !is_tried(alloc)).count();
    let mut list: Vec<Request> = Vec::new();
    for &alloc in &pass.now {
        list.push(Request {
            name: alloc.name.clone(),
            why: Why::Reschedule,
            previous: Some(alloc),
        });
    }
    let mut present = untainted + pass.migrate.len() + pass.now.len();
    for &alloc in &pass.lost {
        if present >= pass.group.count {
            break;
        }
        list.push(Request { name: alloc.name.clone(), why: Why::Lost, previous: Some(alloc) });
        present += 1;
    }
    let missing = pass.group.count.saturating_sub(present);
    let fresh = names.next(missing).into_iter();
    list.extend(fresh.map(|name| Request { name, why: Why::Fresh, previous: None }));
    list
}

/// What is placed while the deployment is not ready.
fn goes_unready(pass: &Pass, request: &Request) -> bool {
    match (request.why, request.previous) {
        (Why::Lost, _) => true,
        (Why::Reschedule, Some(alloc)) => {
            let is_own = pass.triage.current.is_some_and(|it| it.id == alloc.deployment_id);
            !(pass.triage.is_failed() && is_own)
        }
        _ => false,
    }
}

fn stop_rescheduled(pass: &mut Pass, request: &Request) {
    let Some(alloc) = request.previous else { return };
    let is_out_of_reach = alloc.client == "unknown" || has(&pass.disconnecting, &alloc.id);
    if request.why == Why::Reschedule && !is_out_of_reach {
        pass.stop_one(alloc, RESCHEDULED);
    }
}

/// Lowest index first; the rest waits.
fn destructive<'w>(pass: &mut Pass<'_, 'w>, list: &mut Vec<Request<'w>>, limit: usize) {
    let now = limit.min(pass.destructive.len());
    pass.answer.figures(&pass.group.name).ignore += pass.destructive.len() - now;
    for alloc in pass.destructive.clone().into_iter().take(now) {
        pass.answer.figures(&pass.group.name).destructive += 1;
        list.push(request(alloc, Why::Destructive));
    }
}

fn migrations<'w>(pass: &mut Pass<'_, 'w>, list: &mut Vec<Request<'w>>) -> usize {
    for alloc in pass.migrate.clone() {
        pass.answer.stop(&alloc.id, MIGRATED);
        pass.answer.figures(&pass.group.name).migrate += 1;
        let is_for_good = alloc.migrate_disable_placement || alloc.reschedule;
        if !(pass.is_batch() && is_for_good) {
            list.push(request(alloc, Why::Migration));
        }
    }
    pass.migrate.len()
}

fn request(alloc: &Alloc, why: Why) -> Request<'_> {
    Request { name: alloc.name.clone(), why, previous: Some(alloc) }
}
