//! What clients say of allocations, and allocations that are stopped by hand (docs/lifecycle.md, section
//! 8).

use std::collections::BTreeMap;

use super::change::Change;
use super::command::{AllocationUpdate, StopAllocation, UpdateAllocations};
use super::error::AllocationCommandError;
use super::health::judge;
use super::reschedule::is_eligible;
use crate::model::{ClientStatus, JobType, NodeStatus, Trigger};
use crate::state::State;
use crate::state::bookkeeping::NodeLife;
use crate::state::conditions::NodeCondition;
use crate::state::evaluation::EvaluationRecord;
use crate::state::lifecycle::Rare;
use crate::state::slots::{AllocationSlot, JobSlot};

/// Writes down what became of allocations on their nodes.
pub(super) fn update(
    change: &mut Change<'_>,
    body: UpdateAllocations,
) -> Result<(), AllocationCommandError> {
    if body.allocations.is_empty() {
        return Err(AllocationCommandError::Nothing);
    }
    let mut looks: BTreeMap<JobSlot, Trigger> = BTreeMap::new();
    for update in &body.allocations {
        // Where one of them is refused, what was written of those before it is taken back.
        let Some((slot, status)) = read(change, update)? else { continue };
        if let Some((job, trigger)) = write(change, slot, status, update) {
            let known = looks.entry(job).or_insert(trigger);
            // What failed is the better reason.
            if trigger == Trigger::AllocFailure {
                *known = trigger;
            }
        }
    }
    for (job, trigger) in looks {
        let record = match trigger {
            Trigger::JobDeregister => EvaluationRecord::new(trigger, JobType::Service, 50),
            _ => change.pending_evaluation(job, trigger),
        };
        change.evaluate(job, record);
    }
    Ok(())
}

/// Checks what a client says of one allocation, and gives that and its client status then, if that does not
/// stay; none of one that is forgotten here, or whose node is: a client may know it for longer.
fn read(
    change: &Change<'_>,
    update: &AllocationUpdate,
) -> Result<Option<(AllocationSlot, Option<ClientStatus>)>, AllocationCommandError> {
    let status = match update.client_status.as_str() {
        "" => None,
        text => Some(
            ClientStatus::from_text(text)
                .ok_or_else(|| AllocationCommandError::UnknownStatus { status: text.to_owned() })?,
        ),
    };
    let Some(slot) = change.find_allocation(&update.id) else { return Ok(None) };
    let node_id = || change.node_id_of(slot).unwrap_or_default();
    if !update.node_id.is_empty() && update.node_id != node_id() {
        let (id, node_id) = (update.id.clone(), update.node_id.clone());
        return Err(AllocationCommandError::ForeignNode { id, node_id });
    }
    let node = change.allocation(slot).map(|record| record.node);
    let condition = node.and_then(|node| change.conditions().get(node.at()).copied());
    let silent = match condition.unwrap_or(NodeCondition::Missing) {
        NodeCondition::Missing => return Ok(None),
        NodeCondition::Down => NodeStatus::Down,
        NodeCondition::Disconnected => NodeStatus::Disconnected,
        NodeCondition::Fine | NodeCondition::Draining | NodeCondition::DrainingUnready => {
            return Ok(Some((slot, status)));
        }
    };
    let node_id = node_id().to_owned();
    Err(AllocationCommandError::NodeStatus { node_id, status: silent.as_str() })
}

/// Writes down what became of one allocation, and gives the reason to look at its job anew, if there is
/// one.
fn write(
    change: &mut Change<'_>,
    slot: AllocationSlot,
    status: Option<ClientStatus>,
    update: &AllocationUpdate,
) -> Option<(JobSlot, Trigger)> {
    let record = change.allocation(slot)?;
    let (job, node, desired, before) = (record.job, record.node, record.desired, record.client);
    // What ended on its node does not begin anew.
    let is_over = matches!(before, ClientStatus::Complete | ClientStatus::Failed)
        || (before == ClientStatus::Lost && !desired.is_terminal());
    let after = status.filter(|_| !is_over).unwrap_or(before);
    let life = NodeLife { is_unsynced: false, ..change.life(node) };
    change.set_life(node, life);
    let is_leaving = after.is_terminal() && desired.is_terminal();
    if is_leaving && change.is_of_earlier_life(slot, job) {
        // Of a job that was purged it was the client alone that still had it. What it held is free now.
        change.remove_allocation(slot);
        return None;
    }
    if after != before {
        change.set_status(slot, desired, after);
    }
    note(change, slot, update);
    if let Some(health) =
        update.deployment_status.as_ref().and_then(|it| Some((it.healthy?, it.timestamp)))
    {
        let at = health.1.unwrap_or(change.now());
        judge(change, slot, health.0, at, true);
    }
    let was_unknown = before == ClientStatus::Unknown;
    if after == before || !(after.is_terminal() || was_unknown) {
        return None;
    }
    Some((job, reason(&change.state, slot, job, after, was_unknown)?))
}

/// Writes down what an allocation's tasks do, where that differs from what is known.
fn note(change: &mut Change<'_>, slot: AllocationSlot, update: &AllocationUpdate) {
    let lifecycle = change.lifecycle(slot);
    let rare = lifecycle.as_ref().and_then(|it| it.rare.as_deref());
    let known = rare.map(|rare| &*rare.client_description).unwrap_or_default();
    let is_said = !update.client_status.is_empty() || !update.client_description.is_empty();
    let has_description = is_said && known != update.client_description;
    let is_known = |rare: &Rare| rare.task_states.are(&update.task_states);
    let has_states = !update.task_states.is_empty() && !rare.is_some_and(is_known);
    let network = update.network_status.as_ref();
    let known = rare.and_then(|rare| rare.network_status.as_deref());
    let has_network = network.is_some() && network != known;
    drop(lifecycle);
    if !has_description && !has_states && !has_network {
        return;
    }
    let states = change.task_states(&update.task_states);
    change.change_lifecycle(slot, true, |record| {
        let rare = record.rare_mut();
        if has_description {
            rare.client_description = update.client_description.as_str().into();
        }
        if has_states {
            rare.task_states = states;
        }
        if has_network {
            rare.network_status = network.cloned().map(Box::new);
        }
    });
}

/// Why a job is looked at anew whose allocation has ended or is back.
fn reason(
    state: &State,
    slot: AllocationSlot,
    job: JobSlot,
    status: ClientStatus,
    was_unknown: bool,
) -> Option<Trigger> {
    if state.registration(job).is_none() {
        return Some(Trigger::JobDeregister);
    }
    let is_wanted = state.allocation(slot).is_some_and(|it| !it.desired.is_terminal());
    if status == ClientStatus::Failed
        && is_wanted
        && !state.is_awaited(slot)
        && is_eligible(state, slot)
    {
        return Some(Trigger::AllocFailure);
    }
    was_unknown.then_some(Trigger::Reconnect)
}

/// Stops an allocation by hand; another one takes its place.
pub(super) fn stop(
    change: &mut Change<'_>,
    body: &StopAllocation,
) -> Result<(), AllocationCommandError> {
    let found = change.find_allocation(&body.allocation_id);
    let slot = found.ok_or(AllocationCommandError::UnknownAllocation)?;
    let Some(record) = change.allocation(slot) else { return Ok(()) };
    let (job, is_live) = (record.job, record.is_live());
    if is_live {
        change.change_lifecycle(slot, false, |record| {
            record.transition.migrate = true;
            record.transition.reschedule |= body.reschedule;
            record.transition.no_shutdown_delay |= body.no_shutdown_delay;
        });
    }
    let record = change.pending_evaluation(job, Trigger::AllocStop);
    change.evaluate(job, record);
    Ok(())
}
