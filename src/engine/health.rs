//! Verdicts on the health of allocations, and what their deployments count (docs/lifecycle.md, section
//! 3.1).

use super::change::Change;
use crate::state::lifecycle::Health;
use crate::state::slots::AllocationSlot;
use crate::time::Timestamp;

/// Writes a verdict on an allocation down, as that of its client or of somebody else. The first verdict
/// counts in its deployment, and a changed one moves.
pub(super) fn judge(
    change: &mut Change<'_>,
    slot: AllocationSlot,
    is_healthy: bool,
    at: Timestamp,
    is_clients: bool,
) {
    let Some(lifecycle) = change.lifecycle(slot) else { return };
    let (before, deployment) = (lifecycle.health, lifecycle.deployment);
    let health = if is_healthy { Health::Healthy } else { Health::Unhealthy };
    if before == health {
        return;
    }
    let index = change.index_to_be();
    change.change_lifecycle(slot, is_clients, |record| {
        (record.health, record.health_time) = (health, at);
        record.rare_mut().health_index = index;
    });
    let Some(deployment) = change.resolve_deployment(deployment) else { return };
    let group = change.version_of(slot).map(|version| version.group_name().to_owned());
    let Some(group) = group else { return };
    change.change_deployment(deployment, |record| {
        let Some(group) = record.groups.iter_mut().find(|it| *it.name == *group) else { return };
        match before {
            Health::Healthy => group.healthy -= 1,
            Health::Unhealthy => group.unhealthy -= 1,
            Health::Unknown => {}
        }
        if is_healthy {
            group.healthy = group.healthy.saturating_add(1);
            // Verdicts carry the time of clients, whose clocks may be wrong and who may be late.
            group.give_more_time(at);
        } else {
            group.unhealthy = group.unhealthy.saturating_add(1);
        }
    });
}
