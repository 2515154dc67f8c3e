//! Section 3, "Reschedule filter", "Policy", "Tracker" and "Batching".

use crate::facts::{Alloc, Deployment, Event, Kind, Policy, SECOND, World};

/// Whether, and when, a failed allocation gets a replacement that remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Counts nowhere.
    Dropped,
    /// Goes on as it is.
    Stays,
    Now,
    /// At the instant.
    Later(i64),
}

/// The filter for one allocation; `current` is the current deployment.
pub(crate) fn verdict(
    world: &World,
    current: Option<&Deployment>,
    alloc: &Alloc,
    disconnecting: bool,
) -> Verdict {
    if !alloc.next.is_empty() && alloc.is_terminal() {
        return Verdict::Dropped;
    }
    let candidacy = match world.job().map(|job| job.kind) {
        Some(Kind::Batch) => batch_candidacy(alloc, disconnecting),
        _ => service_candidacy(alloc),
    };
    candidacy.unwrap_or_else(|| candidate(world, current, alloc, disconnecting))
}

/// None for a candidate.
fn batch_candidacy(alloc: &Alloc, disconnecting: bool) -> Option<Verdict> {
    if alloc.migrate_disable_placement {
        return Some(Verdict::Stays);
    }
    if alloc.reschedule {
        return None;
    }
    match alloc.desired.as_str() {
        "stop" if alloc.ran_successfully() => Some(Verdict::Stays),
        "stop" if alloc.last_reschedule == "no placement" => None,
        "stop" | "evict" => Some(Verdict::Dropped),
        _ if alloc.client == "failed" || disconnecting => None,
        _ => Some(Verdict::Stays),
    }
}

/// None for a candidate.
fn service_candidacy(alloc: &Alloc) -> Option<Verdict> {
    if alloc.is_server_terminal() && alloc.last_reschedule != "no placement" {
        return Some(Verdict::Dropped);
    }
    if !alloc.is_server_terminal() && matches!(alloc.client.as_str(), "complete" | "lost") {
        return Some(Verdict::Dropped);
    }
    None
}

fn candidate(
    world: &World,
    current: Option<&Deployment>,
    alloc: &Alloc,
    disconnecting: bool,
) -> Verdict {
    let own_deployment = current.filter(|it| it.is_active() && it.id == alloc.deployment_id);
    if own_deployment.is_some() && !alloc.reschedule {
        return Verdict::Stays;
    }
    let Some(group) = alloc.own_group() else { return Verdict::Stays };
    let policy = &group.reschedule;
    if alloc.force_reschedule && alloc.is_client_terminal() {
        return Verdict::Now;
    }
    if disconnecting && !group.disconnect.replace {
        return Verdict::Stays;
    }
    let is_followup = !alloc.followup.is_empty() && alloc.followup == world.eval.id;
    let is_due_unknown = alloc.client == "unknown" && is_followup;
    let is_batch = world.job().is_some_and(|job| job.kind == Kind::Batch);
    let has_failed = matches!(alloc.client.as_str(), "failed" | "lost");
    if !policy.is_enabled()
        || (alloc.desired == "stop" && alloc.last_reschedule != "no placement")
        || !(has_failed || disconnecting || is_due_unknown || (is_batch && alloc.reschedule))
    {
        return Verdict::Stays;
    }
    let failed_at = if disconnecting {
        world.now
    } else if is_due_unknown {
        alloc.last_unknown().unwrap_or(alloc.modify_time)
    } else {
        fail_time(alloc)
    };
    let (due, is_eligible) = next(policy, &alloc.events, failed_at);
    if !is_eligible {
        Verdict::Stays
    } else if is_followup || due - world.now <= SECOND {
        Verdict::Now
    } else if alloc.followup.is_empty() {
        Verdict::Later(due)
    } else {
        Verdict::Stays
    }
}

/// The latest end of a task, or else when the allocation last changed.
pub(crate) fn fail_time(alloc: &Alloc) -> i64 {
    let finished = alloc.tasks.iter().filter_map(|task| task.finished).max();
    finished.unwrap_or(alloc.modify_time)
}

/// When the policy lets an allocation be replaced that failed then, and whether it does.
fn next(policy: &Policy, events: &[Event], failed_at: i64) -> (i64, bool) {
    let delay_ns = delay(policy, events, failed_at);
    let recent = events.iter().filter(|event| failed_at - event.time < policy.interval_ns).count();
    let is_within = recent < policy.attempts && delay_ns < policy.interval_ns;
    (failed_at + delay_ns, policy.is_enabled() && (policy.is_unlimited || is_within))
}

pub(crate) fn delay(policy: &Policy, events: &[Event], failed_at: i64) -> i64 {
    let base_ns = policy.delay_ns;
    let last = events.last();
    let delay_ns = match (policy.delay_function.as_str(), events) {
        ("exponential", [.., last]) => last.delay_ns * 2,
        ("fibonacci", [.., before, last]) => {
            if before.delay_ns == policy.max_delay_ns && last.delay_ns == base_ns {
                base_ns
            } else {
                before.delay_ns + last.delay_ns
            }
        }
        _ => return base_ns,
    };
    if policy.max_delay_ns > 0 && delay_ns > policy.max_delay_ns {
        let quiet_ns = last.map_or(0, |event| failed_at - event.time);
        return if quiet_ns > policy.max_delay_ns { base_ns } else { policy.max_delay_ns };
    }
    delay_ns
}

/// What the replacement remembers.
pub(crate) fn tracker(now: i64, alloc: &Alloc, failed_at: i64) -> Vec<Event> {
    let default = Policy::default();
    let policy = alloc.own_group().map_or(&default, |group| &group.reschedule);
    let mut events: Vec<Event> = if policy.attempts > 0 {
        let is_recent = |event: &&Event| now - event.time <= policy.interval_ns;
        alloc.events.iter().filter(is_recent).cloned().collect()
    } else {
        alloc.events.iter().skip(alloc.events.len().saturating_sub(5)).cloned().collect()
    };
    events.push(Event {
        time: now,
        alloc_id: alloc.id.clone(),
        node_id: alloc.node_id.clone(),
        delay_ns: delay(policy, &alloc.events, failed_at),
    });
    events
}

/// Instants that share a wait: each batch by its first instant, and what is less than 5 s after it.
pub(crate) fn batches(mut due: Vec<(i64, String)>) -> Vec<(i64, Vec<String>)> {
    due.sort();
    let mut batches: Vec<(i64, Vec<String>)> = Vec::new();
    for (time, id) in due {
        match batches.last_mut() {
            Some((first, ids)) if time - *first < 5 * SECOND => ids.push(id),
            _ => batches.push((time, vec![id])),
        }
    }
    batches
}
