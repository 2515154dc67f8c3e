//! Room that became free, and whom it may help (docs/lifecycle.md, section 6).

use std::collections::{BTreeMap, BTreeSet};

use super::blocked::Hope;
use super::change::Change;
use super::rooms::Rooms;
use super::settings::place_options;
use super::wanting::{Room, room_of};
use crate::model::{ClientStatus, EvaluationStatus};
use crate::placement::options::Preemption;
use crate::schedule::computed_class;
use crate::state::State;
use crate::state::bookkeeping::Unblock;
use crate::state::changed::Changes;
use crate::state::slots::{AllocationSlot, EvaluationSlot, JobSlot, NodeSlot};
use crate::time::Span;

/// How long it is remembered that room became free.
const REMEMBERED: Span = Span::from_secs(15 * 60);

/// Lets evaluations go that wait for room, where there may be room for them now: nodes that came or
/// changed, and nodes that something left.
pub(super) fn settle(change: &mut Change<'_>, changes: &Changes) {
    if change.wakes_all {
        let all: Vec<EvaluationSlot> = change.queues.blocked.all().collect();
        release(change, all);
    }
    // Only who is out and may come back could miss it.
    let is_any_out = !change.state.book().deliveries.is_empty();
    if !is_any_out && change.queues.blocked.len() == 0 {
        return;
    }
    let settings = &change.state.book().settings;
    let preemption = place_options(&change.options.place, settings).preemption;
    look_at_leaving(change, changes, preemption);
    let mut nodes: Vec<NodeSlot> = changes.freed.iter().chain(&changes.nodes).copied().collect();
    nodes.sort_unstable();
    nodes.dedup();
    let is_ready = |slot: &NodeSlot| change.state.node(*slot).is_some_and(|it| it.node.is_ready());
    nodes.retain(is_ready);
    if nodes.is_empty() {
        return;
    }
    let quotas = freed_quotas(change, changes);
    let all: BTreeSet<&str> = quotas.values().flatten().map(|quota| &**quota).collect();
    let limited = all.into_iter().filter(|quota| !quota.is_empty());
    let limited = limited.flat_map(|quota| change.queues.blocked.of_quota(quota)).collect();
    release(change, limited);
    for node in nodes {
        let Some(class) = change.state.node(node).map(|it| computed_class(&it.node)) else {
            continue;
        };
        if is_any_out {
            let unblock = Unblock { index: change.state.index_to_be(), at: change.state.now() };
            change.state.set_unblock(&class, Some(unblock));
        }
        // A node that came or changed is room that no quota made.
        let is_new = changes.nodes.binary_search(&node).is_ok();
        let quotas = quotas.get(&node).filter(|quotas| !is_new && !quotas.contains(""));
        let rooms = Rooms::new(&change.state, node, preemption);
        let of = change.state.node_ref(node);
        let room = |kind| rooms.of(kind);
        let mut helped = change.queues.blocked.helped_by(&class, of, room, quotas);
        helped.extend(helped_beside_their_own(change, node, &class, &rooms));
        release(change, helped);
    }
    forget_old(change);
}

/// Lets go whom it helps that something was told to stop and is still there. No room is free by that, but
/// what is updated in place is checked against what is wanted on its node, and what is told to stop may leave
/// a system job without anything there.
fn look_at_leaving(change: &mut Change<'_>, changes: &Changes, preemption: Preemption) {
    let is_told = |(slot, before): &&(AllocationSlot, Option<ClientStatus>)| {
        change.state.allocation(*slot).is_some_and(|it| {
            it.desired.is_terminal() && !it.client.is_terminal() && *before == Some(it.client)
        })
    };
    let told: Vec<AllocationSlot> =
        changes.clients.iter().filter(is_told).map(|(slot, _)| *slot).collect();
    let node_of = |slot: &AllocationSlot| change.state.allocation(*slot).map(|it| it.node);
    let is_ready = |slot: &NodeSlot| change.state.node(*slot).is_some_and(|it| it.node.is_ready());
    let nodes: BTreeSet<NodeSlot> = told.iter().filter_map(node_of).filter(is_ready).collect();
    let mut helped = bereft(change, &told);
    helped.extend(next_in_turn(change, changes));
    for node in nodes {
        let Some(class) = change.state.node(node).map(|it| computed_class(&it.node)) else {
            continue;
        };
        let rooms = Rooms::new(&change.state, node, preemption);
        helped.extend(helped_beside_their_own(change, node, &class, &rooms));
    }
    release(change, helped);
}

/// Evaluations of jobs of which something has ended by itself though it should run. The next look finds another
/// state of the job than the one that found no room: something else is the first whose replacement is tried, or
/// is missing where nothing was.
fn next_in_turn(change: &Change<'_>, changes: &Changes) -> Vec<EvaluationSlot> {
    let ended = changes.clients.iter().filter_map(|(slot, before)| {
        let record = change.state.allocation(*slot)?;
        let is_ended = record.client.is_terminal() && !before.is_some_and(|it| it.is_terminal());
        (is_ended && !record.desired.is_terminal()).then_some(record.job)
    });
    let jobs: BTreeSet<JobSlot> = ended.collect();
    let open = jobs.into_iter().flat_map(|job| change.queues.open_of(job));
    open.filter(|slot| change.queues.blocked.wait(*slot).is_some()).collect()
}

/// Evaluations of system jobs that wait for a node on which something of their job was told to stop and nothing
/// took its place in the same pass (docs/lifecycle.md, section 4): the next look places that anew.
fn bereft(change: &Change<'_>, told: &[AllocationSlot]) -> Vec<EvaluationSlot> {
    let mut bereft = Vec::new();
    for record in told.iter().filter_map(|slot| change.state.allocation(*slot)) {
        let of = change.state.node_ref(record.node);
        let waits_here = |it: &EvaluationSlot| {
            change.queues.blocked.wait(*it).is_some_and(|wait| wait.hope == Hope::Node(of))
        };
        let takes_its_place = |other: &AllocationSlot| {
            let other = change.state.allocation(*other).filter(|it| it.is_live());
            other.is_some_and(|it| (it.job, it.group) == (record.job, record.group))
        };
        let mut waiting = change.queues.open_of(record.job).filter(waits_here).peekable();
        if waiting.peek().is_some()
            && !change.state.allocations_on(record.node).iter().any(takes_its_place)
        {
            bereft.extend(waiting);
        }
    }
    bereft
}

/// Evaluations that a node helps because what their own jobs have there makes room for what takes its
/// place, or is updated there: for that, what is to leave counts as gone.
fn helped_beside_their_own(
    change: &Change<'_>,
    node: NodeSlot,
    class: &str,
    rooms: &Rooms<'_>,
) -> Vec<EvaluationSlot> {
    let mut own: BTreeMap<JobSlot, Room> = BTreeMap::new();
    for &slot in change.allocations_on(node) {
        let Some(job) = change.allocation(slot).map(|it| it.job) else { continue };
        let waits = |it: EvaluationSlot| change.queues.blocked.wait(it).is_some();
        if change.queues.open_of(job).any(waits) && may_be_replaced(&change.state, slot, job) {
            Rooms::add(own.entry(job).or_default(), &change.state, slot);
        }
    }
    let of = change.state.node_ref(node);
    let leaving = room_of(change.state.leaving(node).amounts);
    let mut helped = Vec::new();
    for (job, own) in own {
        for slot in change.queues.open_of(job) {
            let Some(wait) = change.queues.blocked.wait(slot) else { continue };
            let room = rooms.of(wait.kind);
            let add = |at: usize| room[at].saturating_add(own[at]).saturating_add(leaving[at]);
            let room: Room = std::array::from_fn(add);
            if wait.hope.may_help_on(of, class) && wait.fits(&room) {
                helped.push(slot);
            }
        }
    }
    helped
}

/// Whether an allocation is to make room for another of its job: it runs another version, or was told to go.
fn may_be_replaced(state: &State, slot: AllocationSlot, job: JobSlot) -> bool {
    let present = state.registration(job).and_then(|it| it.present());
    let present = present.map(|version| version.job.job_modify_index);
    let transition = state.lifecycle(slot).map(|it| it.transition).unwrap_or_default();
    present != state.job_spec_of(slot).map(|job| job.job_modify_index)
        || transition.migrate
        || transition.reschedule
        || transition.force_reschedule
}

/// Under which quotas what has ended ran, by its node; empty where there was none.
fn freed_quotas(change: &Change<'_>, changes: &Changes) -> BTreeMap<NodeSlot, BTreeSet<Box<str>>> {
    let mut quotas: BTreeMap<NodeSlot, BTreeSet<Box<str>>> = BTreeMap::new();
    if !change.queues.blocked.has_quotas() {
        return quotas;
    }
    for (slot, before) in &changes.clients {
        let Some(record) = change.state.allocation(*slot) else { continue };
        if record.client.is_terminal() && before.is_some_and(|it| !it.is_terminal()) {
            let quota = quota_of(&change.state, record.job);
            quotas.entry(record.node).or_default().insert(quota.into());
        }
    }
    quotas
}

/// The quota that limits a job: that of its namespace.
fn quota_of(state: &State, job: JobSlot) -> &str {
    let namespace = state.job(job).map_or("", |job| job.names().0);
    state.book().settings.namespace(namespace).map_or("", |it| &it.quota)
}

/// Lets blocked evaluations be looked at again.
pub(super) fn release(change: &mut Change<'_>, evaluations: Vec<EvaluationSlot>) {
    for slot in evaluations {
        let status = change.state.evaluation(slot).map(|it| it.status);
        if status == Some(EvaluationStatus::Blocked) {
            change.state.set_released(slot, true);
        }
    }
}

fn forget_old(change: &mut Change<'_>) {
    let now = change.state.now();
    let is_old = |it: &Unblock| now.since(it.at) > REMEMBERED;
    let unblocks = change.state.book().unblocks.iter();
    let old: Vec<Box<str>> =
        unblocks.filter(|(_, it)| is_old(it)).map(|(class, _)| class.clone()).collect();
    old.iter().for_each(|class| change.state.set_unblock(class, None));
}
