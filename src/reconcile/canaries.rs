//! Canaries: a few allocations of a new version beside the old ones, until they are promoted
//! (docs/lifecycle.md, section 3, step 4 and *Canaries*).

use super::classify::Class;
use super::group::{Group, Outdated};
use super::view::{AllocationView, DeploymentGroupView, Facts};
use crate::model::ClientStatus;
use crate::state::stop_reason::StopReason;

/// Which canaries a group needs in this pass.
#[derive(Debug, Default)]
pub(super) struct Canaries {
    /// Whether there are fewer than the job wants.
    pub(super) are_needed: bool,
    /// How many are placed now.
    pub(super) placed: u32,
    /// Whether canaries wait to be promoted, those that are needed included.
    pub(super) are_waiting: bool,
}

impl<F: Facts> Group<'_, '_, F> {
    /// Stops an allocation that is an unwanted canary, or one whose node is no good; finds the others.
    pub(super) fn is_canary_stopped(&mut self, at: usize) -> bool {
        let allocation = &self.input.allocations[at];
        let has_failed = self.deployments.has_failed();
        let is_unwanted =
            |state: &DeploymentGroupView| !state.promoted && is_canary_of(state, allocation);
        let (old, current) =
            (self.deployments.old_state(self.group), self.deployments.state(self.group));
        if old.is_some_and(is_unwanted) || (has_failed && current.is_some_and(is_unwanted)) {
            self.figures.stop += 1;
            self.stop(at as u32, StopReason::NotNeeded, false);
            return true;
        }
        if !current.is_some_and(|state| is_canary_of(state, allocation)) {
            return false;
        }
        match self.class(at) {
            Class::Migrate => self.stop(at as u32, StopReason::Migrating, false),
            Class::Lost => self.stop(at as u32, StopReason::Lost, true),
            Class::Untainted => {
                self.sets.canaries.push(at as u32);
                return false;
            }
            _ => return false,
        }
        true
    }

    /// Whether canaries of the current deployment wait to be promoted.
    pub(super) fn is_canarying(&self) -> bool {
        self.deployments
            .state(self.group)
            .is_some_and(|state| state.desired_canaries > 0 && !state.promoted)
    }

    /// How many untainted allocations are canaries, without or with those that are unknown.
    pub(super) fn untainted_canaries(&self, with_unknown: bool) -> usize {
        let mut canaries = self.sets.canaries.clone();
        canaries.sort_unstable();
        let counts = |at: &&u32| {
            let is_unknown = self.allocation(**at).client == ClientStatus::Unknown;
            canaries.binary_search(at).is_ok() && (with_unknown || !is_unknown)
        };
        self.sets.untainted.iter().filter(counts).count()
    }

    /// Finds how many canaries are missing.
    pub(super) fn canaries_needed(&self, outdated: &Outdated) -> Canaries {
        let wanted = self.deployed().map_or(0, |update| update.canary as usize);
        let missing = wanted.saturating_sub(self.sets.canaries.len());
        let are_needed = missing > 0
            && !outdated.destructive.is_empty()
            && !self.deployments.is_promoted(self.group);
        let is_free = are_needed && !self.deployments.is_held() && !self.sets.is_held_back;
        Canaries {
            are_needed,
            placed: if is_free { missing as u32 } else { 0 },
            are_waiting: are_needed || self.is_canarying(),
        }
    }

    /// The numbers in the names of new canaries: those of what they are to replace, then free ones,
    /// then new ones.
    pub(super) fn canary_names(&mut self, wanted: u32, outdated: &Outdated) -> Vec<u32> {
        let mut taken: Vec<u32> =
            self.sets.canaries.iter().map(|at| self.allocation(*at).name_index).collect();
        taken.sort_unstable();
        let mut found: Vec<u32> = outdated
            .destructive
            .iter()
            .map(|at| self.allocation(*at).name_index)
            .filter(|name| *name < self.rules.count && taken.binary_search(name).is_err())
            .collect();
        // Destructive ones are in the order of their names.
        found.dedup();
        found.truncate(wanted as usize);
        while found.len() < wanted as usize {
            let Some(name) = self.names().take_free() else { break };
            if taken.binary_search(&name).is_err() {
                found.push(name);
            }
        }
        let more = self.rules.count..u32::MAX;
        found.extend(
            more.filter(|name| taken.binary_search(name).is_err())
                .take(wanted as usize - found.len()),
        );
        found
    }
}

/// Whether an allocation was placed as a canary of a group.
fn is_canary_of(state: &DeploymentGroupView, allocation: &AllocationView) -> bool {
    state.placed_canaries.binary_search(&allocation.handle).is_ok()
}
