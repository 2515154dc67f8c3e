//! Missing allocations: what a job has too few of, as requests.

use super::group::GroupPlan;
use super::request::Request;
use crate::feasibility::base::BaseSet;
use crate::model::{Job, JobType, TaskGroup};
use crate::state::State;
use crate::state::slots::{JobSlot, NodeSlot};

/// Adds a request for each allocation of a group that is missing: of a system job one for each node
/// that does not have it yet, of other jobs one for each of the lowest numbers that no live allocation
/// has.
pub(crate) fn requests(
    state: &State,
    job: &Job,
    job_slot: Option<JobSlot>,
    group: &TaskGroup,
    requests: &mut Vec<Request>,
) {
    if !job.job_type().is_system() {
        let add = |index| requests.push(Request::named(index));
        return visit_numbers(state, job.job_type(), job_slot, group, add);
    }
    if group.count() > 0 {
        let nodes = nodes_without(state, job, job_slot, group);
        requests.extend(nodes.into_iter().map(Request::on_node));
    }
}

/// The number of a group's next allocation: the lowest that is missing, or one more than there should
/// be where none is. Those of system jobs all have the number 0.
pub(crate) fn next_number(state: &State, job: &Job, group: &TaskGroup) -> u32 {
    if job.job_type().is_system() {
        return 0;
    }
    let slot = state.find_job(&job.namespace, &job.id);
    let mut first = None;
    visit_numbers(state, job.job_type(), slot, group, |index| first = first.or(Some(index)));
    first.unwrap_or(group.count())
}

/// Shows the numbers of a group's missing allocations: the lowest that none of those has which fill a
/// place.
fn visit_numbers(
    state: &State,
    job_type: JobType,
    job: Option<JobSlot>,
    group: &TaskGroup,
    visit: impl FnMut(u32),
) {
    let count = group.count();
    let known = job.map(|job| state.allocations_of(job, &group.name)).unwrap_or_default();
    if known.is_empty() {
        return (0..count).for_each(visit);
    }
    let mut is_used = vec![false; count as usize];
    let mut filled = 0;
    let records = known.iter().filter_map(|&slot| state.allocation(slot));
    for record in records.filter(|record| record.fills_place(job_type)) {
        filled += 1;
        if let Some(used) = is_used.get_mut(record.name_index as usize) {
            *used = true;
        }
    }
    let missing = count.saturating_sub(filled) as usize;
    (0..count).filter(|&index| !is_used[index as usize]).take(missing).for_each(visit);
}

/// The nodes that have a group of a system job and need no other allocation of it, ascending; of other
/// jobs none.
pub(crate) fn done_nodes(state: &State, plan: &GroupPlan<'_>) -> Vec<NodeSlot> {
    match plan.job.job_type().is_system() {
        true => nodes_with(state, plan.job.job_type(), plan.job_slot, plan.group),
        false => Vec::new(),
    }
}

/// The nodes that have an allocation of a group which fills a place, ascending.
fn nodes_with(
    state: &State,
    job_type: JobType,
    job: Option<JobSlot>,
    group: &TaskGroup,
) -> Vec<NodeSlot> {
    let known = job.map(|job| state.allocations_of(job, &group.name)).unwrap_or_default();
    let records = known.iter().filter_map(|&slot| state.allocation(slot));
    let filled = records.filter(|record| record.fills_place(job_type));
    let mut nodes: Vec<NodeSlot> = filled.map(|it| it.node).collect();
    nodes.sort_unstable();
    nodes
}

/// The nodes that the job looks at and that have none yet, in the order of their identities.
fn nodes_without(
    state: &State,
    job: &Job,
    job_slot: Option<JobSlot>,
    group: &TaskGroup,
) -> Vec<NodeSlot> {
    let with = nodes_with(state, job.job_type(), job_slot, group);
    let base = BaseSet::of(job);
    let without = state
        .nodes()
        .filter(|(slot, node)| base.contains(node) && with.binary_search(slot).is_err());
    let mut nodes: Vec<(&str, NodeSlot)> =
        without.map(|(slot, node)| (node.node.id.as_str(), slot)).collect();
    nodes.sort_unstable();
    nodes.into_iter().map(|(_, slot)| slot).collect()
}
