//! Whether a failed allocation may be replaced once more (docs/lifecycle.md, section 3, *Policy*).

use crate::reconcile::changes::RescheduleEvent;
use crate::reconcile::view::RescheduleRules;
use crate::state::State;
use crate::state::slots::AllocationSlot;
use crate::time::Timestamp;

/// Whether the policy of an allocation's own version of its job allows one more replacement.
pub(super) fn is_eligible(state: &State, slot: AllocationSlot) -> bool {
    due_at(state, slot).is_some()
}

/// When an allocation that failed is to be replaced; none if its policy allows no more replacements.
pub(super) fn due_at(state: &State, slot: AllocationSlot) -> Option<Timestamp> {
    let policy = state.group_spec_of(slot).and_then(|group| group.reschedule_policy.as_ref());
    let rules = policy.map(RescheduleRules::of).filter(RescheduleRules::is_enabled)?;
    let lifecycle = state.lifecycle(slot);
    let rare = lifecycle.as_ref().and_then(|it| it.rare.as_deref());
    let past = rare.and_then(|rare| rare.reschedules.as_deref());
    let events: Vec<RescheduleEvent> = past
        .map_or(&[][..], |tracker| &tracker.events)
        .iter()
        .map(|event| RescheduleEvent { at: event.at(), delay: event.delay })
        .collect();
    let failed_at = failed_at(state, slot);
    let delay = rules.next_delay(&events, failed_at);
    rules.is_eligible(&events, failed_at, delay).then(|| failed_at + delay)
}

/// When an allocation failed: when the last of its tasks ended, else when it last changed.
fn failed_at(state: &State, slot: AllocationSlot) -> Timestamp {
    let Some(lifecycle) = state.lifecycle(slot) else { return state.now };
    let states = lifecycle.rare.as_deref().map(|rare| &rare.task_states);
    let ended = states.and_then(|states| states.times().filter_map(|it| it.finished_at).max());
    ended.unwrap_or(lifecycle.modify_time)
}
