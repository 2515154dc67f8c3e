//! Counting anew what has become of jobs (docs/lifecycle.md, sections 8 and 9).

use std::collections::BTreeMap;

use super::change::Change;
use super::forget::allocations_of;
use crate::state::slots::JobSlot;
use crate::state::small_list::SmallList;
use crate::state::standing::{ChildCounts, Counted, GroupCounts, Standing};

/// Lets the summary of each registered job say what there is of it now.
pub(super) fn reconcile(change: &mut Change<'_>) {
    let is_registered = |slot: &JobSlot| change.registration(*slot).is_some();
    let jobs: Vec<JobSlot> = change.job_slots().filter(is_registered).collect();
    let mut children = children(change, &jobs);
    for job in jobs {
        let children = children.remove(&job).unwrap_or_default();
        let before = change.standing(job).map(|it| Standing::clone(it)).unwrap_or_default();
        let groups = groups(change, job, &before);
        if before.counted.groups != groups || before.children != children {
            let summary_modified = change.index();
            let counted = Counted { groups, summary_modified, ..before.counted };
            change.set_standing(job, Standing { counted, children, ..before });
        }
    }
}

/// Counts for a job that is registered anew what was launched from an earlier one of its name: a launch that
/// is live keeps the next one from overlapping it, whoever its parent was (section 9, *Periodic*).
pub(super) fn adopt(change: &mut Change<'_>, parent: JobSlot) {
    let is_registered = |slot: &JobSlot| change.registration(*slot).is_some();
    let jobs: Vec<JobSlot> = change.job_slots().filter(is_registered).collect();
    if let Some(children) = children(change, &jobs).remove(&parent) {
        let before = change.standing(parent).map(|it| Standing::clone(it)).unwrap_or_default();
        change.set_standing(parent, Standing { children, ..before });
    }
}

/// How many allocations of each group of a job are in which state. What is still to be placed is known by
/// its evaluations alone.
fn groups(change: &Change<'_>, job: JobSlot, before: &Standing) -> SmallList<GroupCounts> {
    let queued = before.counted.groups.iter().map(|counts| counts.queued);
    let mut groups: Vec<GroupCounts> =
        queued.map(|queued| GroupCounts { queued, ..GroupCounts::default() }).collect();
    for allocation in allocations_of(&change.state, job) {
        let Some(record) = change.allocation(allocation) else { continue };
        if change.is_of_earlier_life(allocation, job) {
            continue;
        }
        let at = usize::from(record.group);
        while groups.len() <= at {
            groups.push(GroupCounts::default());
        }
        if let Some(counts) = groups.get_mut(at) {
            counts.moved(None, record.client);
        }
    }
    SmallList::from(groups.as_slice())
}

/// What has become of the launches of each job.
fn children(change: &Change<'_>, jobs: &[JobSlot]) -> BTreeMap<JobSlot, ChildCounts> {
    let mut children: BTreeMap<JobSlot, ChildCounts> = BTreeMap::new();
    for &child in jobs {
        let present = change.registration(child).and_then(|it| it.present());
        let Some(job) = present.map(|it| &it.job).filter(|it| !it.parent_id().is_empty()) else {
            continue;
        };
        if let Some(parent) = change.find_job(&job.namespace, job.parent_id()) {
            children.entry(parent).or_default().moved(None, change.status_of_job(child));
        }
    }
    children
}
