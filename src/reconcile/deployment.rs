//! What becomes of deployments: which one counts, when one begins, when it is done
//! (docs/lifecycle.md, section 3, *Deployment triage*, *Deployment creation*).

use super::changes::DeploymentChange;
use super::view::{DeploymentGroupView, DeploymentState, DeploymentView, Input};

/// The latest deployment, by what it is to the present version.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deployments<'a> {
    /// It is of the present version.
    pub(super) current: Option<&'a DeploymentView>,
    /// It is of another version, or done.
    pub(super) old: Option<&'a DeploymentView>,
}

impl<'a> Deployments<'a> {
    /// Sorts the latest deployment, and cancels it where another version or none is wanted.
    pub(super) fn triage(input: &Input<'a>) -> (Deployments<'a>, Option<DeploymentChange>) {
        let Some(latest) = input.deployment else { return (Deployments::default(), None) };
        if input.is_stopped {
            let change = latest.status.is_active().then_some(DeploymentChange::CancelledByStop);
            return (Deployments::default(), change);
        }
        let old = Deployments { current: None, old: Some(latest) };
        let is_of_version = input.job().is_some_and(|job| {
            job.version == latest.version && job.create_index == latest.create_index
        });
        if !is_of_version {
            let is_active = latest.status.is_active();
            return (old, is_active.then_some(DeploymentChange::CancelledByVersion));
        }
        // One that was superseded is over, though its version may be the present one again (docs/lifecycle.md,
        // section 13).
        if matches!(latest.status, DeploymentState::Successful | DeploymentState::Superseded) {
            return (old, None);
        }
        (Deployments { current: Some(latest), old: None }, None)
    }

    /// A group's part in the current deployment.
    pub(super) fn state(&self, group: u32) -> Option<&'a DeploymentGroupView> {
        self.current?.groups.get(group as usize)?.as_ref()
    }

    /// A group's part in the old deployment.
    pub(super) fn old_state(&self, group: u32) -> Option<&'a DeploymentGroupView> {
        self.old?.groups.get(group as usize)?.as_ref()
    }

    /// Whether the group's canaries were promoted.
    pub(super) fn is_promoted(&self, group: u32) -> bool {
        self.state(group).is_some_and(|state| state.promoted)
    }

    /// Whether the current deployment has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.current.is_some_and(|it| it.status == DeploymentState::Failed)
    }

    /// Whether nothing may be placed but what must not be missing.
    pub(super) fn is_held(&self) -> bool {
        let held = [DeploymentState::Paused, DeploymentState::Failed];
        self.current.is_some_and(|it| held.contains(&it.status))
    }

    /// Whether a group ever had canaries that may still be known.
    pub(super) fn has_canaries(&self, group: u32) -> bool {
        let states = [self.state(group), self.old_state(group)];
        states.into_iter().flatten().any(|state| !state.placed_canaries.is_empty())
    }
}
