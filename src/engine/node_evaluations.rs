//! The evaluations that a change of a node makes (docs/lifecycle.md, section 1, *Node events*).

use std::collections::BTreeSet;

use super::change::Change;
use super::ended::is_of_service;
use crate::feasibility::base::BaseSet;
use crate::model::Trigger;
use crate::state::slots::{AllocationSlot, JobSlot, NodeSlot};

/// Looks anew at every job with anything on a node, and at every system job that looks at the node.
pub(super) fn evaluate(change: &mut Change<'_>, node: NodeSlot) {
    let queues = change.queues;
    let mut jobs = jobs_on(change, node);
    jobs.extend(queues.system_jobs.iter().filter(|job| looks_at(change, **job, node)));
    for job in jobs {
        let record = change.evaluation_by(job, Trigger::NodeUpdate, node);
        change.evaluate(job, record);
    }
}

/// The jobs with anything on a node, in the order of slots. What runs everywhere is not among them.
fn jobs_on(change: &Change<'_>, node: NodeSlot) -> BTreeSet<JobSlot> {
    let allocations: &[AllocationSlot] = change.allocations_on(node);
    let ended = change.queues.ended.on(node).filter(|slot| is_of_service(&change.state, *slot));
    let jobs = allocations.iter().copied().chain(ended).filter_map(|slot| {
        let job_type = change.job_spec_of(slot).map(|job| job.job_type()).unwrap_or_default();
        let job = change.allocation(slot)?.job;
        (!job_type.is_system()).then_some(job)
    });
    jobs.collect()
}

/// Whether a job is not stopped and looks at a node: it is in its pool and in its datacenters.
fn looks_at(change: &Change<'_>, job: JobSlot, node: NodeSlot) -> bool {
    let present = change.registration(job).and_then(|it| it.present()).map(|it| &it.job);
    let Some(job) = present.filter(|job| !job.stop) else { return false };
    let Some(node) = change.node(node) else { return false };
    BaseSet::of(job).has_place(node)
}
