//! Nodes that come, change and go (docs/lifecycle.md, section 7).

use serde_json::{Value, json};

use super::change::Change;
use super::command::{SetEligibility, SetNodeStatus};
use super::error::NodeCommandError;
use super::heartbeat::expect;
use super::node_evaluations::evaluate as evaluate_all;
use super::node_events;
use super::node_keys::{CREATE_INDEX, EVENTS, LAST_DRAIN, SECRET_ID, STATUS_UPDATED_AT};
use super::unblock;
use crate::model::{Node, NodeSpec, NodeStatus};
use crate::state::State;
use crate::state::bookkeeping::NodeLife;
use crate::state::slots::{AllocationSlot, NodeSlot};

const NANOS: i64 = 1_000_000_000;

/// The document of a node.
pub(super) fn spec_of(state: &State, slot: NodeSlot) -> Option<&NodeSpec> {
    state.node(slot).map(|record| record.node.spec())
}

/// A node of a command.
pub(super) fn find(change: &Change<'_>, id: &str) -> Result<NodeSlot, NodeCommandError> {
    change.find_node(id).ok_or(NodeCommandError::UnknownNode)
}

/// Adds a node, or takes over the new facts of one that is there.
pub(super) fn register(
    change: &mut Change<'_>,
    mut spec: NodeSpec,
) -> Result<(), NodeCommandError> {
    let known = change.find_node(&spec.id);
    let before = known.and_then(|slot| spec_of(&change.state, slot).cloned());
    match &before {
        Some(before) => keep(&mut spec, before)?,
        None => {
            if spec.status.is_empty() {
                NodeStatus::Initializing.as_str().clone_into(&mut spec.status);
            }
            spec.extra.insert(CREATE_INDEX.into(), json!(change.index_to_be()));
            note_status_time(change, &mut spec);
            spec.extra.remove(EVENTS);
        }
    }
    let node = Node::new(spec)?;
    let has_changed = before.as_ref().is_some_and(|before| differs(before, &node));
    let is_new = before.is_none();
    let is_same = before.as_ref().is_some_and(|before| *before == *node.spec());
    let slot = match known.filter(|_| is_same) {
        Some(slot) => slot,
        None => put(change, node),
    };
    let is_ready = spec_of(&change.state, slot).is_some_and(|spec| spec.status == "ready");
    if has_changed || (is_new && is_ready) {
        evaluate_all(change, slot);
    }
    let is_watched = change.options.heartbeats.is_watched_from_registration;
    if is_watched || change.life(slot).heard_by.is_some() {
        expect(change, slot);
    }
    note_node(change, slot);
    Ok(())
}

/// Lets a node that registers again keep what is not its client's to say.
fn keep(spec: &mut NodeSpec, before: &NodeSpec) -> Result<(), NodeCommandError> {
    let secret = |of: &NodeSpec| {
        let secret = of.extra.get(SECRET_ID).and_then(Value::as_str).unwrap_or_default();
        Some(secret.to_owned()).filter(|secret| !secret.is_empty())
    };
    match (secret(before), secret(spec)) {
        (Some(known), Some(told)) if known != told => return Err(NodeCommandError::WrongSecret),
        (Some(known), None) => drop(spec.extra.insert(SECRET_ID.into(), json!(known))),
        _ => {}
    }
    spec.status.clone_from(&before.status);
    spec.scheduling_eligibility.clone_from(&before.scheduling_eligibility);
    spec.drain = before.drain;
    spec.drain_strategy.clone_from(&before.drain_strategy);
    spec.modify_index = before.modify_index;
    for key in [CREATE_INDEX, STATUS_UPDATED_AT, EVENTS, LAST_DRAIN] {
        match before.extra.get(key) {
            Some(value) => drop(spec.extra.insert(key.into(), value.clone())),
            None => drop(spec.extra.remove(key)),
        }
    }
    Ok(())
}

/// Whether a node has changed in what jobs look at.
fn differs(before: &NodeSpec, after: &Node) -> bool {
    let devices = |spec: &NodeSpec| spec.node_resources.as_ref().map(|it| it.devices.clone());
    before.datacenter != after.datacenter
        || before.name != after.name
        || before.node_class != after.node_class
        || before.attributes != after.attributes
        || before.meta != after.meta
        || before.drivers != after.drivers
        || before.host_volumes != after.host_volumes
        || devices(before) != devices(after.spec())
}

/// Writes a node, at the index of the change.
pub(super) fn put(change: &mut Change<'_>, node: Node) -> NodeSlot {
    let index = change.index_to_be();
    // Another index makes no node invalid.
    let node = node.changed(|spec| spec.modify_index = index).unwrap_or(node);
    change.upsert_node(node)
}

/// Changes the document of a node that is there, in a way that leaves it valid.
pub(super) fn change_spec(
    change: &mut Change<'_>,
    slot: NodeSlot,
    edit: impl FnOnce(&mut NodeSpec),
) {
    let index = change.index_to_be();
    let changed = change.node(slot).map(|record| {
        record.node.changed(|spec| {
            edit(spec);
            spec.modify_index = index;
        })
    });
    if let Some(Ok(node)) = changed {
        change.upsert_node(node);
    }
}

fn note_status_time(change: &Change<'_>, spec: &mut NodeSpec) {
    let seconds = change.now().as_nanos().div_euclid(NANOS);
    spec.extra.insert(STATUS_UPDATED_AT.into(), json!(seconds));
}

/// Says in the reply at which index a node is.
pub(super) fn note_node(change: &mut Change<'_>, slot: NodeSlot) {
    let index = spec_of(&change.state, slot).map_or(0, |spec| spec.modify_index);
    change.applied.node_modify_index = index;
}

/// Takes a node out. What was on it is lost once its jobs were looked at.
pub(super) fn purge(change: &mut Change<'_>, id: &str) -> Result<(), NodeCommandError> {
    let slot = find(change, id)?;
    evaluate_all(change, slot);
    // What waits for room on it waits in vain.
    let waiting = change.queues.blocked.on_node(change.state.node_ref(slot)).collect();
    unblock::release(change, waiting);
    change.remove_node(slot);
    change.set_life(slot, NodeLife::default());
    change.applied.node_modify_index = change.index_to_be();
    Ok(())
}

/// Notes that a node's client is there.
pub(super) fn heartbeat(change: &mut Change<'_>, id: &str) -> Result<(), NodeCommandError> {
    let slot = find(change, id)?;
    if change.node(slot).is_some_and(|record| record.node.status() != NodeStatus::Ready) {
        move_to(change, slot, NodeStatus::Ready);
    }
    expect(change, slot);
    note_node(change, slot);
    Ok(())
}

/// Sets the status of a node.
pub(super) fn set_status(
    change: &mut Change<'_>,
    body: &SetNodeStatus,
) -> Result<(), NodeCommandError> {
    let slot = find(change, &body.node_id)?;
    let Some(status) = status_of_text(&body.status) else {
        return Err(NodeCommandError::UnknownStatus { status: body.status.clone() });
    };
    let before = change.node(slot).map(|record| record.node.status());
    let life = change.life(slot);
    let was_watched = life.heard_by.is_some() || life.is_unsynced;
    if before != Some(status) {
        move_to(change, slot, status);
    }
    if status != NodeStatus::Down && (was_watched || before == Some(status)) {
        expect(change, slot);
    }
    note_node(change, slot);
    Ok(())
}

fn status_of_text(text: &str) -> Option<NodeStatus> {
    let all =
        [NodeStatus::Initializing, NodeStatus::Ready, NodeStatus::Down, NodeStatus::Disconnected];
    all.into_iter().find(|status| status.as_str() == text)
}

/// Moves a node towards a status: one that comes back says first what became of its allocations.
fn move_to(change: &mut Change<'_>, slot: NodeSlot, status: NodeStatus) {
    let before = change.node(slot).map(|record| record.node.status());
    let is_live = |it: &AllocationSlot| change.allocation(*it).is_some_and(|it| it.is_live());
    let is_unsynced =
        change.life(slot).is_unsynced && change.allocations_on(slot).iter().any(is_live);
    match (before, status) {
        (Some(NodeStatus::Disconnected), NodeStatus::Ready) => {
            set_status_of(change, slot, NodeStatus::Initializing);
        }
        (Some(NodeStatus::Initializing), NodeStatus::Ready) if is_unsynced => {}
        _ => set_status_of(change, slot, status),
    }
}

/// Sets the status of a node, and looks anew at what that may change.
pub(super) fn set_status_of(change: &mut Change<'_>, slot: NodeSlot, status: NodeStatus) {
    let Some(before) = change.node(slot).map(|record| record.node.status()) else { return };
    if before == status {
        return;
    }
    let seconds = change.now().as_nanos().div_euclid(NANOS);
    change_spec(change, slot, |spec| {
        node_events::keep(spec);
        status.as_str().clone_into(&mut spec.status);
        spec.extra.insert(STATUS_UPDATED_AT.into(), json!(seconds));
    });
    let is_looked_at = match (before, status) {
        (_, NodeStatus::Down | NodeStatus::Disconnected) | (NodeStatus::Disconnected, _) => true,
        (_, NodeStatus::Ready) => true,
        (_, NodeStatus::Initializing) => false,
    };
    if is_looked_at {
        evaluate_all(change, slot);
    }
}

/// Lets a node take new allocations, or no more.
pub(super) fn set_eligibility(
    change: &mut Change<'_>,
    body: &SetEligibility,
) -> Result<(), NodeCommandError> {
    let slot = find(change, &body.node_id)?;
    if !matches!(body.eligibility.as_str(), "eligible" | "ineligible") {
        let eligibility = body.eligibility.clone();
        return Err(NodeCommandError::UnknownEligibility { eligibility });
    }
    let spec = spec_of(&change.state, slot);
    let is_draining = spec.is_some_and(NodeSpec::is_draining);
    if is_draining && body.eligibility == "eligible" {
        return Err(NodeCommandError::Draining);
    }
    if spec.is_some_and(|spec| spec.scheduling_eligibility != body.eligibility) {
        change_spec(change, slot, |spec| {
            spec.scheduling_eligibility.clone_from(&body.eligibility);
        });
        if body.eligibility == "eligible" {
            evaluate_all(change, slot);
        }
    }
    note_node(change, slot);
    Ok(())
}

/// Looks anew at all that has to do with a node.
pub(super) fn evaluate(change: &mut Change<'_>, id: &str) -> Result<(), NodeCommandError> {
    let slot = find(change, id)?;
    evaluate_all(change, slot);
    note_node(change, slot);
    Ok(())
}
