//! Section 3.2: allocations whose nodes are out of reach, and come back.

use crate::answer::{Created, LOST, NOT_NEEDED, RECONNECTED, RESCHEDULED};
use crate::facts::{Alloc, SECOND, TaskState, World};
use crate::group::{Pass, Set, sort, without};
use crate::reschedule::batches;

/// Pairs what comes back with what replaced it; one of them stays.
pub(crate) fn reconnect(pass: &mut Pass) {
    for original in pass.reconnecting.clone() {
        // It has lost as a replacement.
        if pass.answer.stops.contains_key(&original.id) {
            continue;
        }
        if original.client == "failed" {
            pass.stop_one(original, RESCHEDULED);
            continue;
        }
        let is_flagged = original.migrate || original.reschedule || original.force_reschedule;
        if original.desired != "run" || is_flagged || original.is_of_older_job(pass.job) {
            pass.stop_one(original, NOT_NEEDED);
            continue;
        }
        let mut stays = true;
        for replacement in replacements(pass.world, original) {
            let is_stopped = pass.answer.stops.contains_key(&replacement.id);
            if replacement.is_terminal() || is_stopped {
                continue;
            }
            if replacement_wins(original, replacement) {
                if stays {
                    pass.stop_one(original, NOT_NEEDED);
                }
                stays = false;
            } else {
                pass.stop_one(replacement, RECONNECTED);
                for set in [&mut pass.untainted, &mut pass.migrate, &mut pass.lost, &mut pass.now] {
                    without(set, &replacement.id);
                }
                without(&mut pass.disconnecting, &replacement.id);
                without(&mut pass.canaries, &replacement.id);
                pass.later.retain(|(_, alloc)| alloc.id != replacement.id);
            }
        }
        if stays {
            pass.untainted.push(original);
            if original.client != "unknown" {
                pass.answer.update(&original.id).new_state = Some(original.client.clone());
                pass.answer.figures(&pass.group.name).reconnect += 1;
            }
        }
    }
    sort(&mut pass.untainted);
}

/// What came after an allocation, and after that, and so on.
fn replacements<'w>(world: &'w World, original: &Alloc) -> Set<'w> {
    let mut found: Set = Vec::new();
    let mut next = original.next.clone();
    while let Some(alloc) = world.allocs.iter().find(|alloc| alloc.id == next) {
        if found.iter().any(|it| it.id == alloc.id) || alloc.id == original.id {
            break;
        }
        found.push(alloc);
        next = alloc.next.clone();
    }
    found
}

fn replacement_wins(original: &Alloc, replacement: &Alloc) -> bool {
    if original.is_of_older_job(&replacement.job) {
        return true;
    }
    let block = original.own_group().map(|group| &group.disconnect);
    match block.map_or("best_score", |block| block.reconcile.as_str()) {
        "keep_original" => false,
        "keep_replacement" => true,
        "longest_running" => match (running_since(original), running_since(replacement)) {
            // A tie.
            (None, _) => true,
            (_, None) => false,
            (Some(original), Some(replacement)) => replacement <= original,
        },
        _ => {
            let is_better = replacement.score > original.score;
            is_better && (replacement.client == "running" || original.client != "running")
        }
    }
}

/// When the leader began, or else the first task; a restart begins anew.
fn running_since(alloc: &Alloc) -> Option<i64> {
    let since = |task: &TaskState| {
        if task.restarts > 0 { task.last_restart.or(task.started) } else { task.started }
    };
    let leader = alloc.tasks.iter().find(|task| Some(&task.name) == alloc.leader.as_ref());
    match leader {
        Some(leader) => since(leader),
        None => alloc.tasks.iter().filter_map(since).min(),
    }
}

/// What is out of reach becomes unknown, and lost when `lost_after` is over.
pub(crate) fn disconnect(pass: &mut Pass) {
    let figures = pass.answer.figures(&pass.group.name);
    figures.disconnect += pass.disconnecting.len();
    if !pass.disconnecting.is_empty() {
        figures.reschedule_now += pass.now.len();
    }
    let mut due = Vec::new();
    for alloc in &pass.disconnecting {
        let change = pass.answer.update(&alloc.id);
        change.becomes_unknown = true;
        change.new_state = Some("unknown".to_owned());
        let lost_after_ns = alloc.own_group().and_then(|group| group.disconnect.lost_after_ns);
        due.push((pass.world.now + lost_after_ns.unwrap_or(0), alloc.id.clone()));
    }
    for (time, ids) in batches(due) {
        let created = pass.answer.create(Created {
            trigger: "max-disconnect-timeout",
            description: "created for delayed disconnect timeout",
            wait_until: Some(time),
            ..Created::default()
        });
        pass.answer.next_eval = Some(created);
        for id in ids {
            pass.answer.update(&id).followup = Some(created);
        }
    }
    // All but those with a replacement now are counted as they were.
    let rest: Set = pass
        .disconnecting
        .iter()
        .copied()
        .filter(|it| !crate::group::has(&pass.now, &it.id))
        .collect();
    pass.untainted.extend(rest);
    sort(&mut pass.untainted);
}

/// Whether an earlier pass gave clients time, and the evaluation at its end waits still (trap 10).
fn waits_already(pass: &Pass) -> bool {
    let own = pass.world.allocs.iter().filter(|alloc| alloc.group == pass.group.name);
    own.filter(|alloc| alloc.client == "lost").any(|alloc| {
        let block = alloc.own_group().map(|group| &group.disconnect);
        block.is_some_and(|block| block.stop_on_client_after_ns.is_some())
            && pass.world.waiting_evals.contains(&alloc.followup)
    })
}

/// Step 6: clients that stop by themselves get the time for it.
pub(crate) fn stop_after(pass: &mut Pass) {
    let mut due = Vec::new();
    for alloc in &pass.lost {
        let Some(group) = alloc.own_group() else { continue };
        let Some(stop_after_ns) = group.disconnect.stop_on_client_after_ns else { continue };
        let lost = alloc.states.iter().find(|(_, status)| status == "lost");
        let since = lost.map_or(pass.world.now, |(time, _)| *time);
        let kill_ns = group.kill_timeout_max_ns.max(5 * SECOND);
        due.push((since + stop_after_ns + kill_ns, alloc.id.clone()));
    }
    pass.waits_for_clients = waits_already(pass);
    if due.is_empty() {
        return;
    }
    pass.waits_for_clients = true;
    for (at, (time, ids)) in batches(due).into_iter().enumerate() {
        let created = pass.answer.create(Created {
            trigger: "alloc-failure",
            description: if at == 0 { "created for delayed rescheduling" } else { "" },
            wait_until: Some(time),
            ..Created::default()
        });
        pass.answer.next_eval = Some(created);
        for id in ids {
            pass.answer.stop(&id, LOST);
            if let Some(stop) = pass.answer.stops.get_mut(&id) {
                stop.followup = Some(created);
            }
        }
    }
}
