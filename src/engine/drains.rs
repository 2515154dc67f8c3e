//! Draining nodes: what leaves when (docs/lifecycle.md, section 7).
//!
//! Services leave as fast as their groups allow, batch work may end until the deadline, and what runs on
//! every node goes last.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Change;
use super::command::DrainNode;
use super::drain_spec::{drain_of, last_drain, strategy};
use super::error::NodeCommandError;
use super::node_evaluations::evaluate;
use super::node_events::{DRAIN_COMPLETE, DRAIN_DISABLED, DRAIN_SET, note_drain};
use super::node_keys::LAST_DRAIN;
use super::nodes::{change_spec, find, note_node, spec_of};
use crate::model::{JobType, NodeSpec, Trigger};
use crate::state::State;
use crate::state::changed::Changes;
use crate::state::lifecycle::Health;
use crate::state::slots::{AllocationSlot, JobSlot, NodeSlot};

/// Lets allocations leave a node, or ends that.
pub(super) fn drain(change: &mut Change<'_>, body: DrainNode) -> Result<(), NodeCommandError> {
    let slot = find(change, &body.node_id)?;
    let (now, index) = (change.now(), change.index_to_be());
    match body.drain_spec {
        Some(spec) => change_spec(change, slot, |node| {
            node.drain = true;
            node.drain_strategy = Some(strategy(spec.deadline, spec.ignore_system_jobs, now));
            "ineligible".clone_into(&mut node.scheduling_eligibility);
            let last = last_drain(node.extra.get(LAST_DRAIN), "draining", &body.meta, now);
            node.extra.insert(LAST_DRAIN.into(), last);
            note_drain(node, DRAIN_SET, index, now);
        }),
        None => {
            let before = spec_of(&change.state, slot);
            let was_draining = before.is_some_and(NodeSpec::is_draining);
            let was_eligible = before.is_some_and(|spec| spec.scheduling_eligibility == "eligible");
            if was_draining || (body.mark_eligible && !was_eligible) {
                change_spec(change, slot, |node| {
                    end_drain(node, was_draining.then_some("canceled"), &body, now);
                    if was_draining {
                        note_drain(node, DRAIN_DISABLED, index, now);
                    }
                    if body.mark_eligible {
                        "eligible".clone_into(&mut node.scheduling_eligibility);
                    }
                });
                if body.mark_eligible {
                    evaluate(change, slot);
                }
            }
        }
    }
    note_node(change, slot);
    Ok(())
}

/// Takes a drain out of a node's document.
fn end_drain(
    node: &mut NodeSpec,
    status: Option<&str>,
    body: &DrainNode,
    now: crate::time::Timestamp,
) {
    node.drain = false;
    node.drain_strategy = None;
    if let Some(status) = status {
        let last = last_drain(node.extra.get(LAST_DRAIN), status, &body.meta, now);
        node.extra.insert(LAST_DRAIN.into(), last);
    }
}

/// Lets go what may go of draining nodes of which anything changed.
pub(super) fn watch(change: &mut Change<'_>, changes: &Changes) {
    // Mostly no node drains.
    if changes.nodes.is_empty() && change.queues.draining.is_empty() {
        return;
    }
    let changed = changes.nodes.iter().copied();
    let is_draining =
        |slot: &NodeSlot| change.state.node(*slot).is_some_and(|record| record.node.is_draining());
    let mut nodes: BTreeSet<NodeSlot> = changed.filter(is_draining).collect();
    if nodes.is_empty() && (change.queues.draining.is_empty() || changes.touched.jobs.is_empty()) {
        return;
    }
    let known = change.queues.draining.iter().copied().filter(is_draining);
    let jobs = &changes.touched.jobs;
    let concerns = |slot: &NodeSlot| {
        let on_node = change.state.allocations_on(*slot).iter();
        let mut of_jobs = on_node.filter_map(|&it| Some(change.state.allocation(it)?.job));
        // Where nothing is left the last one has just gone.
        changes.touched.nodes.binary_search(slot).is_ok()
            || of_jobs.any(|job| jobs.binary_search(&job).is_ok())
    };
    let concerned: Vec<NodeSlot> = known.filter(concerns).collect();
    nodes.extend(concerned);
    for node in nodes {
        look_at(change, node);
    }
}

/// What is on a draining node and has to leave it.
struct Leaving {
    slot: AllocationSlot,
    job: JobSlot,
    job_type: JobType,
    is_flagged: bool,
}

/// Lets go what may go of a draining node, and ends the drain when nothing is left.
pub(super) fn look_at(change: &mut Change<'_>, node: NodeSlot) {
    let Some(drain) = change.node(node).and_then(|record| drain_of(&record.node)) else { return };
    let is_forced = drain.is_forced || drain.force_at.is_some_and(|at| at <= change.now());
    let leaving = leaving(&change.state, node);
    let is_last = leaving.iter().all(|it| it.job_type == JobType::System);
    let mut flags: Vec<(AllocationSlot, JobSlot, bool)> = Vec::new();
    for it in leaving.iter().filter(|it| !it.is_flagged) {
        let goes = match it.job_type {
            JobType::System | JobType::Sysbatch if drain.ignores_system_jobs => false,
            JobType::System => is_forced || is_last,
            JobType::Batch | JobType::Sysbatch => is_forced,
            JobType::Service => is_forced,
        };
        if goes {
            flags.push((it.slot, it.job, it.job_type == JobType::Batch));
        }
    }
    if !is_forced {
        flags.extend(services(&change.state, &leaving));
    }
    let jobs: BTreeSet<JobSlot> = flags.iter().map(|(_, job, _)| *job).collect();
    for (slot, _, is_batch) in flags {
        change.change_lifecycle(slot, false, |record| {
            record.transition.migrate = true;
            record.transition.disable_placement |= is_batch;
        });
    }
    for job in jobs {
        let record = change.pending_evaluation(job, Trigger::NodeDrain);
        change.evaluate(job, record);
    }
    let stays = |it: &Leaving| it.job_type.is_system() && drain.ignores_system_jobs;
    if leaving.iter().all(stays) {
        let (now, index, body) = (change.now(), change.index_to_be(), DrainNode::default());
        change_spec(change, node, |spec| {
            end_drain(spec, Some("complete"), &body, now);
            note_drain(spec, DRAIN_COMPLETE, index, now);
        });
    }
}

/// What lives on a node, in the order of names.
fn leaving(state: &State, node: NodeSlot) -> Vec<Leaving> {
    let live = state.allocations_on(node).iter().filter_map(|&slot| {
        let record = state.allocation(slot).filter(|record| record.is_live())?;
        let job_type = state.job_spec_of(slot).map(|job| job.job_type()).unwrap_or_default();
        let is_flagged = state.lifecycle(slot).is_some_and(|it| it.transition.migrate);
        Some(Leaving { slot, job: record.job, job_type, is_flagged })
    });
    let mut live: Vec<Leaving> = live.collect();
    live.sort_by_key(|it| {
        let record = state.allocation(it.slot);
        (it.job, record.map(|it| (it.group, it.name_index)), it.slot)
    });
    live
}

/// The allocations of services that may leave now: of each group as many as leave enough well ones.
fn services(state: &State, leaving: &[Leaving]) -> Vec<(AllocationSlot, JobSlot, bool)> {
    let mut budgets: BTreeMap<(JobSlot, u16), i64> = BTreeMap::new();
    let mut flags = Vec::new();
    for it in leaving.iter().filter(|it| it.job_type == JobType::Service && !it.is_flagged) {
        let Some(group) = state.allocation(it.slot).map(|record| record.group) else { continue };
        let left = budgets.entry((it.job, group)).or_insert_with(|| budget(state, it.job, group));
        if *left > 0 {
            *left -= 1;
            flags.push((it.slot, it.job, false));
        }
    }
    flags
}

/// How many allocations of a group may leave their nodes now.
fn budget(state: &State, job: JobSlot, group: u16) -> i64 {
    let Some(of_group) = state.job(job).and_then(|it| it.groups.get(usize::from(group))) else {
        return 0;
    };
    let present = state.registration(job).and_then(|it| it.present());
    let Some(spec) = present.and_then(|it| it.job.group(&of_group.name)) else { return i64::MAX };
    let is_well = |slot: &&AllocationSlot| {
        let is_live = state.allocation(**slot).is_some_and(|record| record.is_live());
        is_live
            && state
                .lifecycle(**slot)
                .is_some_and(|it| it.health != Health::Unknown && !it.transition.migrate)
    };
    let well = of_group.allocations.iter().filter(is_well).count() as i64;
    let max_parallel = spec.migrate.as_ref().and_then(|it| it.max_parallel).unwrap_or(1);
    well - (i64::from(spec.count()) - max_parallel)
}
