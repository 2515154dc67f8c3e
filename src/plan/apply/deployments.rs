//! Deployments: what becomes of the latest one, and what their groups gain (docs/lifecycle.md, section
//! 3.1).

use super::Context;
use crate::model::DeploymentStatus;
use crate::plan::effects::{DeploymentUpdate, PlacedEffect};
use crate::state::State;
use crate::state::deployment::{DeployedGroup, PlacedCanary};
use crate::state::slots::{AllocationRef, DeploymentRef, DeploymentSlot};
use crate::state::transaction::Transaction;
use crate::time::{Span, Timestamp};

/// Gives a deployment another status, unless it is over by now. The version of one that succeeded is
/// stable.
pub(super) fn update(state: &mut Transaction<'_>, update: DeploymentUpdate) {
    let Some(slot) = state.resolve_deployment(update.deployment) else { return };
    if !state.deployment(slot).is_some_and(|record| record.status.is_active()) {
        return;
    }
    state.change_deployment(slot, |record| {
        record.status = update.status;
        record.description = update.description.into_owned().into();
    });
    let of = state.deployment(slot).map(|record| (record.job, record.version));
    if let Some((job, version)) = of.filter(|_| update.status == DeploymentStatus::Successful)
        && let Some(job) = state.resolve_job(job)
    {
        state.set_stable(job, version, true);
    }
}

/// What groups of deployments gain by a plan.
#[derive(Debug, Default)]
pub(super) struct Gains(Vec<Gain>);

/// What one group gains.
#[derive(Debug)]
pub(super) struct Gain {
    deployment: DeploymentSlot,
    group: Box<str>,
    placed: i64,
    canaries: Vec<AllocationRef>,
}

impl Gains {
    /// What the placements add to their deployments.
    pub(super) fn of_placements(
        state: &State,
        context: &Context<'_>,
        placed: &[PlacedEffect],
    ) -> Gains {
        let mut gains = Gains::default();
        let mut first = 0;
        let mut placed = placed.iter().peekable();
        for group in context.outcome.groups.iter() {
            let end = first + group.allocations.len() as u32;
            let gain = match group.batch.deployment {
                DeploymentRef::NONE => None,
                of => {
                    let name = group.batch.version.group_name();
                    gains.add(state, of, name, group.allocations.len() as i64)
                }
            };
            let mut canaries: Vec<AllocationRef> = Vec::new();
            while let Some(effect) = placed.next_if(|effect| effect.at < end) {
                let at = effect.at.checked_sub(first).filter(|_| effect.is_canary);
                canaries.extend(at.and_then(|at| group.allocations.get(at as usize)));
            }
            if let Some(gain) = gain {
                gain.canaries.extend(canaries);
            }
            first = end;
        }
        gains
    }

    /// Adds allocations of a group to a deployment, if that is there.
    pub(super) fn add(
        &mut self,
        state: &State,
        deployment: DeploymentRef,
        group: &str,
        placed: i64,
    ) -> Option<&mut Gain> {
        let deployment = state.resolve_deployment(deployment)?;
        let is_it = |it: &Gain| it.deployment == deployment && &*it.group == group;
        let at = self.0.iter().position(is_it).unwrap_or_else(|| {
            let canaries = Vec::new();
            self.0.push(Gain { deployment, group: group.into(), placed: 0, canaries });
            self.0.len() - 1
        });
        let gain = self.0.get_mut(at)?;
        gain.placed += placed;
        Some(gain)
    }

    /// Writes them down, each deployment once.
    pub(super) fn write(self, state: &mut Transaction<'_>) {
        let mut gains = self.0;
        let now = state.now();
        while let Some(slot) = gains.first().map(|gain| gain.deployment) {
            let (of_slot, others) =
                gains.into_iter().partition::<Vec<Gain>, _>(|gain| gain.deployment == slot);
            gains = others;
            state.change_deployment(slot, |record| {
                for gain in of_slot {
                    let mut groups = record.groups.iter_mut();
                    if let Some(group) = groups.find(|group| group.name == gain.group) {
                        gain.write(group, now);
                    }
                }
            });
        }
    }
}

impl Gain {
    fn write(self, group: &mut DeployedGroup, now: Timestamp) {
        group.placed = group.placed.saturating_add(self.placed);
        group.placed_canaries.extend(self.canaries.into_iter().map(PlacedCanary::Ours));
        // Without a deadline nothing is required.
        if group.require_progress_by.is_none() && group.progress_deadline > Span::ZERO {
            group.require_progress_by = now.checked_add(group.progress_deadline);
        }
    }
}
