//! What follows from a change at once, in the same transaction: watchers, queues, standings, indexes.

use super::change::Change;
use super::{broker, deployments, drains, follow_ups, standings, unblock};
use crate::state::bookkeeping::TableIndexes;
use crate::state::changed::Changes;
use crate::state::gone::GoneKind;
use crate::state::slots::{AllocationSlot, JobSlot, NodeSlot};
use crate::state::small_list::SmallList;

/// Draws the consequences of a change, and adds what it comes to with them to `changes`, which is empty.
pub(super) fn settle(change: &mut Change<'_>, changes: &mut Changes) {
    let watches =
        [deployments::watch, drains::watch, unblock::settle, broker::settle, follow_ups::settle];
    for watch in watches {
        change.state.note_changes(changes);
        watch(change, changes);
    }
    change.state.note_changes(changes);
    standings::settle(change, changes);
    change.state.note_changes(changes);
    note_indexes(change, changes);
}

/// Writes down when tables and lists last changed.
fn note_indexes(change: &mut Change<'_>, changes: &Changes) {
    let state = &mut change.state;
    let (index, before) = (state.index_to_be(), state.book().indexes);
    let is_gone = |kind| changes.gone.iter().any(|gone| gone.kind == kind);
    let touched = &changes.touched;
    let at = |is_changed: bool, before: u64| if is_changed { index } else { before };
    let is_summed = |&job: &JobSlot| {
        state.standing(job).is_some_and(|standing| standing.counted.summary_modified == index)
    };
    let summaries = changes.standings.iter().any(is_summed);
    let indexes = TableIndexes {
        nodes: at(!changes.nodes.is_empty(), before.nodes),
        jobs: at(!changes.registered.is_empty() || is_gone(GoneKind::Job), before.jobs),
        summaries: at(summaries, before.summaries),
        evaluations: at(!touched.evaluations.is_empty(), before.evaluations),
        allocations: at(!touched.allocations.is_empty(), before.allocations),
        deployments: at(!touched.deployments.is_empty(), before.deployments),
    };
    state.set_table_indexes(indexes);
    let is_on = |slot: &AllocationSlot| state.allocation(*slot).map(|record| record.node);
    // What was taken out is not there to say where it was.
    if is_gone(GoneKind::Allocation) {
        return state.note_lists(&touched.nodes);
    }
    let mut nodes: SmallList<NodeSlot> = touched.allocations.iter().filter_map(is_on).collect();
    nodes.sort_and_dedup();
    state.note_lists(&nodes);
}
