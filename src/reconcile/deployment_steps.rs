//! Deployments of groups: a new one is made, and the group is complete or not (docs/lifecycle.md,
//! section 3, *Deployment creation*).

use super::canaries::Canaries;
use super::changes::{NewDeployment, NewDeploymentGroup};
use super::group::{Group, Outdated};
use super::placements::Placed;
use super::view::Facts;
use crate::model::JobType;

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
            counted_nodes: Vec::new(),
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
