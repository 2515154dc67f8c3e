//! What becomes of nodes that are not heard of in time (docs/lifecycle.md, section 7).

use super::change::Change;
use super::ended::lost_after;
use super::nodes::set_status_of;
use crate::model::NodeStatus;
use crate::reconcile::classify::is_expired;
use crate::state::State;
use crate::state::bookkeeping::NodeLife;
use crate::state::slots::{AllocationSlot, NodeSlot};
use crate::time::{Span, Timestamp};

/// Takes a node for lost, or for out of reach, that was not heard of in time.
pub(super) fn miss(change: &mut Change<'_>, node: NodeSlot) {
    let life = NodeLife { heard_by: None, is_unsynced: true, ..change.life(node) };
    change.set_life(node, life);
    let status = change.node(node).map(|record| record.node.status());
    let may_come_back = !matches!(status, Some(NodeStatus::Initializing | NodeStatus::Down) | None);
    let status = match may_come_back && outlives_silence(change, node) {
        true => NodeStatus::Disconnected,
        false => NodeStatus::Down,
    };
    set_status_of(change, node, status);
}

/// Whether anything on a node is to go on though its node does not answer.
fn outlives_silence(change: &Change<'_>, node: NodeSlot) -> bool {
    let state: &State = &change.state;
    // What should run and has ended by itself counts too.
    let ended = change.queues.ended.on(node);
    state.allocations_on(node).iter().copied().chain(ended).any(|slot| {
        let is_wanted = state.allocation(slot).is_some_and(|it| !it.desired.is_terminal());
        let lost_after = lost_after(state, slot);
        let since = last_unknown(state, slot);
        let is_over = since.is_some() && is_expired(lost_after, since, state.now);
        is_wanted && lost_after.is_some_and(|it| it > Span::ZERO) && !is_over
    })
}

/// Since when nothing is known of an allocation; none if something is.
pub(super) fn last_unknown(state: &State, slot: AllocationSlot) -> Option<Timestamp> {
    let lifecycle = state.lifecycle(slot);
    let states = lifecycle.as_ref().and_then(|it| it.rare.as_deref()).map(|it| &it.client_states);
    let latest = states.and_then(|states| states.last());
    latest.filter(|it| it.value == "unknown").and_then(|it| it.time)
}
