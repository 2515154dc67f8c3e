//! Allocations that stop, are placed for others and stay as something else (docs/lifecycle.md, sections
//! 5 and 8).

use super::Context;
use super::deployments::Gains;
use crate::model::{ClientStatus, RescheduleTracker};
use crate::plan::effects::{PlacedEffect, StopEffect, UpdateEffect};
use crate::state::lifecycle::LifecycleRecord;
use crate::state::slots::{AllocationSlot, DeploymentRef, EvaluationRef};
use crate::state::transaction::Transaction;

/// Stops an allocation, which may be staged as stopped already. One that stops `alone` gives no room to
/// anybody.
pub(super) fn stop(
    state: &mut Transaction<'_>,
    context: &Context<'_>,
    effect: StopEffect,
    alone: bool,
) {
    let Some(slot) = state.resolve_allocation(effect.allocation) else { return };
    let follow_up = context.created(effect.follow_up);
    let explain = |record: &mut LifecycleRecord| {
        record.describe_desired(effect.description);
        if follow_up != EvaluationRef::NONE {
            record.rare_mut().follow_up = follow_up;
        }
    };
    let is_on_node = state.allocation(slot).is_some_and(|record| record.occupies);
    if alone && is_on_node && !effect.is_lost {
        return state.stop_where_it_is(slot, explain);
    }
    state.stop(slot);
    let is_lost = effect.is_lost && set_client(state, slot, ClientStatus::Lost);
    let now = state.now();
    state.change_lifecycle(slot, false, |record| {
        if is_lost {
            record.note_client(ClientStatus::Lost, now);
        }
        explain(record);
    });
}

/// Gives an allocation that has not ended another client status; false if it has ended.
fn set_client(state: &mut Transaction<'_>, slot: AllocationSlot, status: ClientStatus) -> bool {
    let Some(record) = state.allocation(slot) else { return false };
    let (desired, has_ended) = (record.desired, record.client.is_terminal());
    if !has_ended {
        state.set_status(slot, desired, status);
    }
    !has_ended
}

/// Writes what there is to say of a placement, and that it took the place of another.
pub(super) fn place(state: &mut Transaction<'_>, context: &Context<'_>, effect: PlacedEffect) {
    let placed = context.placed(effect.at);
    let Some(slot) = placed.and_then(|placed| state.resolve_allocation(placed)) else { return };
    let predecessor = effect.predecessor.and_then(|it| state.resolve_allocation(it));
    if let Some(predecessor) = predecessor {
        state.link(predecessor, slot);
    }
    if effect.is_canary || effect.reschedules.is_some() {
        state.change_lifecycle(slot, false, |record| {
            record.is_canary = effect.is_canary;
            if let Some(reschedules) = effect.reschedules {
                record.rare_mut().reschedules = Some(Box::new(reschedules));
            }
        });
    }
}

/// Writes an allocation that stays anew.
pub(super) fn update(
    state: &mut Transaction<'_>,
    context: &Context<'_>,
    effect: UpdateEffect,
    gains: &mut Gains,
) {
    let Some(slot) = state.resolve_allocation(effect.allocation) else { return };
    let client = effect.client.filter(|(status, _)| set_client(state, slot, *status));
    let (now, follow_up) = (state.now(), context.created(effect.follow_up));
    let in_place = effect.in_place.map(|(version, choice)| {
        let before = state.lifecycle(slot).map(|record| record.deployment);
        let chosen = context.chosen(choice);
        let gained = Some(chosen).filter(|it| *it != DeploymentRef::NONE && Some(*it) != before);
        (version, gained)
    });
    if let Some((version, Some(gained))) = &in_place {
        gains.add(state, *gained, version.group_name(), 1);
    }
    state.change_lifecycle(slot, false, |record| {
        if let Some((version, gained)) = in_place {
            record.move_to(version);
            record.evaluation = context.evaluation;
            if let Some(gained) = gained {
                record.join(gained);
            }
        }
        if let Some((_, description)) = client {
            record.rare_mut().client_description = description.into_owned().into();
        }
        if let Some(noted) = effect.noted {
            record.note_client(noted, now);
        }
        if follow_up != EvaluationRef::NONE {
            record.rare_mut().follow_up = follow_up;
        }
        if effect.found_no_place {
            let tracker = record.rare_mut().reschedules.get_or_insert_default();
            tracker.last_reschedule = RescheduleTracker::NO_PLACEMENT.into();
        }
    });
}
