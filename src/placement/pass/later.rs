//! Where a group is on many nodes, those are checked out one by one as they come up among the best. What the
//! group has on a node only takes off what the node scores by itself, so that none of those behind the
//! best can be better.

use super::Pass;
use super::checked_out::CheckedOut;
use crate::rank::anti_affinity::job_anti_affinity;
use crate::rank::frontier::Basis;
use crate::state::slots::NodeSlot;
use crate::state::small_list::SmallList;

/// Fewer nodes are checked out at once. Tests see both ways with few nodes.
pub(super) const FROM: usize = if cfg!(debug_assertions) { 2 } else { 32 };

/// The one lane of a pass without spreads and properties.
const LANE: usize = 0;

impl Pass<'_> {
    /// Leaves the nodes that the group is on in the frontier for now, and checks out the others that are
    /// something else to the job. False where they are few, or where more than allocations of the group
    /// could make a difference: then nothing is done.
    pub(super) fn check_out_later(&mut self, basis: Basis<'_>) -> bool {
        let is_plain = self.columns.is_empty()
            && self.active == 1
            && self.plan.distinct_hosts.is_none()
            && self.partition.lanes.len() == 1;
        if self.scratch.nodes.len() < FROM
            || !is_plain
            || self.plan.ask.static_ports().next().is_some()
        {
            return false;
        }
        let (nodes, candidates) = (self.scratch.nodes.all(), self.frontier.candidates(LANE));
        // Where the group is on few of them, the others are not used up before it pays to look at those few.
        self.others = Some(match nodes.len() > candidates / 2 {
            true => {
                let held = nodes.iter().map(|(slot, _)| *slot);
                candidates.saturating_sub(self.frontier.count_candidates(held))
            }
            false => usize::MAX,
        });
        // Those that the group has anything on come behind those that it should stay away from.
        let apart = |(_, node): &&(_, CheckedOut)| node.has_penalty || node.collisions == 0;
        let apart: SmallList<NodeSlot> =
            nodes.iter().take_while(apart).map(|(slot, _)| *slot).collect();
        apart.iter().for_each(|slot| self.check_out(basis, *slot));
        self.hold_if_alone();
        true
    }

    /// Checks out what comes up among the best, until all of those are what they are to the job.
    pub(super) fn look_at_best(&mut self, basis: Basis<'_>, limit: usize) {
        loop {
            let best = self.scratch.leaderboard.best(self.frontier, limit).iter();
            let nodes = &self.scratch.nodes;
            let mut of_frontier = best.filter(|choice| choice.is_of_frontier());
            let held = of_frontier.find_map(|choice| {
                let slot = NodeSlot(choice.entry.node);
                (nodes.get(slot).collisions > 0).then_some(slot)
            });
            match held {
                Some(slot) => self.check_out(basis, slot),
                None => return,
            }
        }
    }

    /// Checks out a node that was left for later.
    pub(super) fn check_out_now(&mut self, basis: Basis<'_>, slot: NodeSlot) {
        let node = self.scratch.nodes.get(slot);
        if self.others.is_some() && node.collisions > 0 && node.lane == CheckedOut::NO_LANE {
            self.check_out(basis, slot);
        }
    }

    /// Notes that a candidate that the group was not on is taken.
    pub(super) fn one_of_others_left(&mut self) {
        self.others = self.others.map(|others| others.saturating_sub(1));
        self.hold_if_alone();
    }

    /// Where the frontier has no nodes but those that the group is on, what that takes off is known of all
    /// of them.
    fn hold_if_alone(&mut self) {
        let count = self.plan.scorers.anti_affinity_count.unwrap_or(1);
        if self.others == Some(0)
            && let Some(score) = job_anti_affinity(1, count)
        {
            self.scratch.leaderboard.hold(LANE, score);
        }
    }
}
