//! What stops because it is lost or surplus (docs/lifecycle.md, section 3, step 6 and *Stop rule*).

use super::changes::{FollowUpKind, Stop};
use super::follow_ups;
use super::group::Group;
use super::sets::is_ended_for_good;
use super::view::Facts;
use crate::model::ClientStatus;
use crate::state::stop_reason::StopReason;
use crate::time::{Span, Timestamp};

/// How long a client is given at least to end what it stops by itself.
const CLIENT_STOP_MIN: Span = Span::from_secs(5);

impl<F: Facts> Group<'_, '_, F> {
    /// Stops what is lost. Where its client may still run it and stops it by itself, nothing is placed
    /// before an evaluation that comes when that must have happened.
    pub(super) fn stop_lost(&mut self) {
        let mut due: Vec<(Timestamp, u32)> = Vec::new();
        for at in &self.sets.lost {
            let own = self.input.own_rules(self.allocation(*at));
            if let Some(after) = own.disconnect.stop_on_client_after {
                let lost = self.facts.history(*at as usize).first_lost.unwrap_or(self.input.now);
                due.push((lost + after + own.kill_timeout.max(CLIENT_STOP_MIN), *at));
            }
        }
        self.sets.is_held_back |= !due.is_empty();
        let mut stamps = Vec::new();
        let kinds = (FollowUpKind::ClientStop, FollowUpKind::LaterClientStop);
        follow_ups::batch(&mut due, kinds.0, kinds.1, &mut self.changes.follow_ups, |at, to| {
            stamps.push((at, to));
        });
        stamps.sort_unstable();
        for at in &self.sets.lost {
            let stamp = stamps.binary_search_by_key(at, |(at, _)| *at).ok();
            self.changes.stops.push(Stop {
                at: *at,
                reason: StopReason::Lost,
                is_lost: true,
                follow_up: stamp.map(|place| stamps[place].1),
            });
        }
        self.figures.stop += self.sets.lost.len() as u32;
    }

    /// Stops what is more than the count. A stop does not take away what a drain has ended for good, which
    /// counts all the same (docs/lifecycle.md, section 13).
    pub(super) fn stop_surplus(&mut self) {
        let wanted = self.rules.count as usize;
        if self.sets.untainted.len() + self.sets.migrating.len() <= wanted {
            return;
        }
        let is_canarying = self.is_canarying();
        let input = self.input;
        let unknown = |at: &&u32| input.allocations[**at as usize].client == ClientStatus::Unknown;
        let held = self.sets.untainted.iter().filter(|at| !unknown(at)).count();
        let mut canaries = self.sets.canaries.clone();
        canaries.sort_unstable();
        let kept = if is_canarying { self.untainted_canaries(false) } else { 0 };
        let mut surplus = (held + self.sets.migrating.len()).saturating_sub(kept + wanted);
        if surplus == 0 {
            return;
        }
        self.sets.seed = Some(self.held_names());
        if self.deployments.is_promoted(self.group) {
            self.stop_replaced_by(&canaries, &mut surplus);
        }
        let mut migrating = std::mem::take(&mut self.sets.migrating);
        migrating.sort_by_key(|at| self.name_order(*at));
        while surplus > 0 {
            let Some(at) = migrating.pop() else { break };
            self.stop_unneeded(at);
            surplus -= 1;
        }
        self.sets.migrating = migrating;
        let mut candidates: Vec<u32> = self
            .sets
            .untainted
            .iter()
            .filter(|at| !unknown(at))
            .filter(|at| !is_ended_for_good(self.allocation(**at)))
            .filter(|at| !is_canarying || canaries.binary_search(at).is_err())
            .copied()
            .collect();
        candidates.sort_by_key(|at| self.name_order(*at));
        let mut stopped = candidates.split_off(candidates.len().saturating_sub(surplus));
        stopped.iter().for_each(|at| self.stop_unneeded(*at));
        stopped.sort_unstable();
        self.sets.untainted.retain(|at| stopped.binary_search(at).is_err());
    }

    /// Stops what promoted canaries took the names of. What is unknown may come back, and is no surplus
    /// before it does (docs/lifecycle.md, section 12, trap 11).
    fn stop_replaced_by(&mut self, canaries: &[u32], surplus: &mut usize) {
        let mut names: Vec<u32> =
            canaries.iter().map(|at| self.allocation(*at).name_index).collect();
        names.sort_unstable();
        let mut untainted = std::mem::take(&mut self.sets.untainted);
        untainted.sort_by_key(|at| self.name_order(*at));
        untainted.retain(|at| {
            let name = self.allocation(*at).name_index;
            let is_replaced = names.binary_search(&name).is_ok()
                && canaries.binary_search(at).is_err()
                && self.allocation(*at).client != ClientStatus::Unknown
                && *surplus > 0;
            if is_replaced {
                self.stop_unneeded(*at);
                *surplus -= 1;
            }
            !is_replaced
        });
        self.sets.untainted = untainted;
    }

    fn stop_unneeded(&mut self, at: u32) {
        self.figures.stop += 1;
        self.stop(at, StopReason::NotNeeded, false);
    }
}
