//! What becomes of deployments: which one counts, when one begins, when it is done
//! (docs/lifecycle.md, section 3, *Deployment triage*, *Deployment creation*).

use super::canaries::Canaries;
use super::changes::{DeploymentChange, NewDeployment, NewDeploymentGroup};
use super::group::{Group, Outdated};
use super::placements::Placed;
use super::view::{DeploymentGroupView, DeploymentState, DeploymentView, Facts, Input};
use crate::model::JobType;

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
        if latest.status == DeploymentState::Successful {
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

impl<F: Facts> Group<'_, '_, F> {
    /// Lets the group take part in a new deployment, where there is something to watch.
    pub(super) fn create_deployment(
        &mut self,
        outdated: &Outdated,
        canaries: &Canaries,
        placed: &Placed,
    ) {
        let Some(update) = self.deployed() else { return };
        let changes = outdated.destructive.len() + outdated.in_place;
        let desired_total = (changes + placed.wanted) as u32;
        let is_watched = !self.sets.has_current || changes > 0;
        if self.deployments.current.is_some() || desired_total == 0 || !is_watched {
            return;
        }
        let deployment = self.changes.deployment.get_or_insert_with(NewDeployment::default);
        deployment.groups.push(NewDeploymentGroup {
            group: self.group,
            auto_revert: update.auto_revert,
            auto_promote: update.auto_promote,
            progress_deadline: update.progress_deadline,
            desired_canaries: if canaries.are_needed { update.canary } else { 0 },
            desired_total,
        });
    }

    /// Whether nothing is left to do in the group, and what its deployment waits for has come.
    pub(super) fn is_complete(
        &self,
        outdated: &Outdated,
        canaries: &Canaries,
        placed: &Placed,
    ) -> bool {
        let is_still = outdated.destructive.is_empty()
            && outdated.in_place == 0
            && self.sets.migrating.is_empty()
            && self.sets.now.is_empty()
            && self.sets.later.is_empty()
            && placed.made == 0
            && !canaries.are_needed;
        is_still
            && self.deployments.state(self.group).is_none_or(|state| {
                state.healthy >= state.desired_total.max(state.desired_canaries)
                    && (state.desired_canaries == 0 || state.promoted)
            })
    }

    /// How the group is brought up to date, where that makes a deployment.
    pub(super) fn deployed(&self) -> Option<super::view::UpdateRules> {
        let is_service = self.input.job_type == JobType::Service;
        self.rules.update.filter(|update| is_service && update.max_parallel > 0)
    }
}
