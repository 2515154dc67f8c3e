//! Records of failed placements, as the first API has them: allocations without a node, one for each
//! group (docs/lifecycle.md, section 10, *0.1 semantics*).

use super::Context;
use crate::model::{Allocation, Resources, Task, TaskGroup};
use crate::plan::effects::FailedRecord;
use crate::state::group_version::GroupVersion;
use crate::state::ids;
use crate::state::imported::Imported;
use crate::state::slots::AllocationSlot;
use crate::state::transaction::Transaction;
use crate::state::usage::Holdings;

/// Why such an allocation does not run.
pub(crate) const FAILED_TO_PLACE: &str = "failed to find a node for placement";

/// Writes a record of a failed placement down, in the place of that of an earlier failure.
pub(super) fn record(state: &mut Transaction<'_>, context: &Context<'_>, failed: FailedRecord) {
    let before = failed.before.and_then(|it| state.resolve_allocation(it));
    match before {
        Some(slot) => rewrite(state, context, slot, failed),
        None => add(state, context, failed),
    }
}

fn rewrite(
    state: &mut Transaction<'_>,
    context: &Context<'_>,
    slot: AllocationSlot,
    failed: FailedRecord,
) {
    state.change_lifecycle(slot, false, |record| {
        record.evaluation = context.evaluation;
        record.move_to(failed.version);
        record.show_metrics(failed.metrics);
    });
}

fn add(state: &mut Transaction<'_>, context: &Context<'_>, failed: FailedRecord) {
    let FailedRecord { version, name_index, metrics, .. } = failed;
    let (Some(job), Some(group)) = (version.job_spec(), version.group_spec()) else { return };
    let index = state.index_to_be();
    let document = Allocation {
        id: ids::of_failure(state.identity_seed, index, job, group),
        eval_id: state.id_of_evaluation(context.evaluation),
        namespace: job.namespace.clone(),
        name: version.name_of(name_index),
        job_id: job.id.clone(),
        job_version: Some(job.version).filter(|_| job.job_modify_index > 0),
        task_group: group.name.clone(),
        resources: Some(sum_of_tasks(group)),
        desired_status: "failed".into(),
        desired_description: FAILED_TO_PLACE.into(),
        client_status: "failed".into(),
        metrics: Some(metrics),
        create_index: index,
        create_time: state.now().as_nanos(),
        alloc_modify_index: index,
        modify_time: state.now().as_nanos(),
        ..Allocation::default()
    };
    let evaluation = context.evaluation;
    let version = GroupVersion::clone(&version);
    let slot = state.import(Imported { document, version, holdings: Holdings::default() });
    state.change_lifecycle(slot, false, |record| record.evaluation = evaluation);
}

/// What the tasks of a group ask for in sum, as the first API puts it.
pub(crate) fn sum_of_tasks(group: &TaskGroup) -> Resources {
    let sum = |amount: fn(&Task) -> i64| group.tasks.iter().map(amount).sum();
    let disk_mb =
        |task: &Task| task.resources.as_ref().and_then(|resources| resources.disk_mb).unwrap_or(0);
    let networks = group.tasks.iter().filter_map(|task| task.network().cloned());
    Resources {
        cpu: Some(sum(|task| task.cpu_mhz())),
        memory_mb: Some(sum(|task| task.memory_mb())),
        disk_mb: Some(sum(disk_mb)),
        iops: Some(0),
        networks: networks.collect(),
        ..Resources::default()
    }
}
