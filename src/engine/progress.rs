//! How far deployments have come (docs/lifecycle.md, section 3.1).

use crate::state::deployment::DeployedGroup;

/// Whether a group of a deployment has as many healthy allocations as it waits for: canaries until they
/// are promoted, then all.
pub(super) fn is_done(group: &DeployedGroup) -> bool {
    let is_canarying = group.desired_canaries > 0 && !group.promoted;
    let wanted = if is_canarying { group.desired_canaries } else { group.desired_total };
    group.healthy >= wanted
}
