//! The rolling update of the first API: so many changes at once over the whole job, migrations first,
//! and an evaluation that goes on after a while (docs/lifecycle.md, section 10, *0.1 semantics*).

use super::changes::{Changes, FollowUp, FollowUpKind, PlacementKind};
use super::view::Input;
use crate::state::stop_reason::StopReason;
use crate::time::Span;

/// Leaves for later what is more than may change at once.
pub(super) fn limit(input: &Input<'_>, changes: &mut Changes) {
    let Some(rolling) = input.first_api else { return };
    if rolling.max_parallel == 0 || rolling.stagger <= Span::ZERO {
        return;
    }
    let mut left = rolling.max_parallel as usize;
    let figures = &mut changes.figures;
    let mut held: Vec<u32> = Vec::new();
    changes.placements.retain(|placement| {
        if placement.kind != PlacementKind::Migration {
            return true;
        }
        if left > 0 {
            left -= 1;
            return true;
        }
        if let Some(of_group) = figures.get_mut(placement.group as usize) {
            of_group.migrate -= 1;
            of_group.ignore += 1;
        }
        held.extend(placement.previous);
        false
    });
    held.sort_unstable();
    changes.stops.retain(|stop| {
        stop.reason != StopReason::Migrating || held.binary_search(&stop.at).is_err()
    });
    let mut is_held = !held.is_empty();
    for placement in changes.destructive.split_off(left.min(changes.destructive.len())) {
        is_held = true;
        if let Some(of_group) = figures.get_mut(placement.group as usize) {
            of_group.destructive_update -= 1;
            of_group.ignore += 1;
        }
        for waiting in [&mut changes.held_back, &mut changes.deferred] {
            if let Some(waiting) = waiting.get_mut(placement.group as usize) {
                *waiting += 1;
            }
        }
    }
    if is_held {
        let wait_until = input.now + rolling.stagger;
        changes.follow_ups.push(FollowUp { kind: FollowUpKind::RollingUpdate, wait_until });
    }
}
