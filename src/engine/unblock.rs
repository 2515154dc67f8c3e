//! Room that became free, and whom it may help (docs/lifecycle.md, section 6).

use super::change::Change;
use crate::model::EvaluationStatus;
use crate::schedule::computed_class;
use crate::state::bookkeeping::Unblock;
use crate::state::changed::Changes;
use crate::state::slots::{EvaluationSlot, NodeSlot};
use crate::time::Span;

/// How long it is remembered that room became free.
const REMEMBERED: Span = Span::from_secs(15 * 60);

/// Lets evaluations go that wait for room, where there may be room for them now: nodes that came or
/// changed, and nodes that something left.
pub(super) fn settle(change: &mut Change<'_>, changes: &Changes) {
    let mut nodes: Vec<NodeSlot> = changes.freed.iter().chain(&changes.nodes).copied().collect();
    nodes.sort_unstable();
    nodes.dedup();
    let is_ready = |slot: &NodeSlot| change.state.node(*slot).is_some_and(|it| it.node.is_ready());
    nodes.retain(is_ready);
    if change.wakes_all {
        let all: Vec<EvaluationSlot> = change.queues.blocked.all().collect();
        release(change, all);
    }
    // Only who is out and may come back could miss it.
    let is_any_out = !change.state.book().deliveries.is_empty();
    if nodes.is_empty() || (!is_any_out && change.queues.blocked.len() == 0) {
        return;
    }
    for node in nodes {
        let Some(class) = change.state.node(node).map(|it| computed_class(&it.node)) else {
            continue;
        };
        if is_any_out {
            let unblock = Unblock { index: change.state.index_to_be(), at: change.state.now() };
            change.state.set_unblock(&class, Some(unblock));
        }
        let helped: Vec<EvaluationSlot> = change.queues.blocked.helped_by(&class, node).collect();
        release(change, helped);
    }
    forget_old(change);
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
