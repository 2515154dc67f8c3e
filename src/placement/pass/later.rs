//! Where a group is on many nodes, those are checked out one by one as they come up among the best. What the
//! group has on a node only takes off what the node scores by itself, so that none of those behind the
//! best can be better.
//!
//! That holds as long as the best score 0 or more. Below it one more score makes a mean higher, though it be a low
//! one itself, which only lanes come to that a spread leads away from.

use super::checked_out::CheckedOut;
use super::{MANY, Pass};
use crate::rank::anti_affinity::job_anti_affinity;
use crate::rank::frontier::Basis;
use crate::rank::frontier::partition::RARE;
use crate::state::slots::NodeSlot;

impl Pass<'_> {
    /// Leaves the nodes that the group is on in the frontier for now, and checks out the others that are
    /// something else to the job. False where they are few, or where more than allocations of the group and
    /// spreads could make a difference: then nothing is done.
    pub(super) fn check_out_later(&mut self, basis: Basis<'_>) -> bool {
        let is_plain = self.properties.is_empty()
            && self.active == 1
            && self.plan.distinct_hosts.is_none()
            && self.columns.is_empty() == self.partition.is_single();
        if self.scratch.nodes.len() < MANY
            || !is_plain
            || self.plan.ask.static_ports().next().is_some()
        {
            return false;
        }
        self.count_others();
        for at in 0..self.scratch.nodes.len() {
            let (slot, node) = self.scratch.nodes.all()[at];
            if node.has_penalty || node.collisions == 0 || self.is_of_rare_lane(slot) {
                self.check_out(basis, slot);
            } else if self.columns.is_empty() {
                // Those that the group has anything on come behind those that it should stay away from.
                break;
            }
        }
        (0..self.partition.lanes.len()).for_each(|lane| self.hold_if_alone(lane));
        true
    }

    /// Counts the candidates that the group is not on.
    fn count_others(&mut self) {
        let mut others = std::mem::take(&mut self.scratch.others);
        let lanes = 0..self.partition.lanes.len();
        others.clear();
        others.extend(lanes.map(|lane| self.frontier.candidates(lane)));
        let nodes = self.scratch.nodes.all();
        match &mut others[..] {
            // Where the group is on few of them, the others are not used up before it pays to look at those few.
            [others] if nodes.len() <= *others / 2 => *others = usize::MAX,
            _ => {
                self.frontier.subtract_candidates(nodes.iter().map(|(slot, _)| *slot), &mut others)
            }
        }
        self.others = Some(others);
    }

    /// Whether the nodes of a node's lane come into lanes of their own once the job is on them.
    fn is_of_rare_lane(&self, slot: NodeSlot) -> bool {
        let lane = |id| self.partition.lanes.get(self.partition.lane(id));
        !self.columns.is_empty()
            && self.partition.leaf(slot).and_then(lane).is_some_and(|it| it.symbols.contains(&RARE))
    }

    /// Checks out what comes up among the best, until all of those are what they are to the job.
    pub(super) fn look_at_best(&mut self, basis: Basis<'_>, limit: usize) {
        loop {
            let best = self.scratch.leaderboard.best(self.frontier, limit);
            let nodes = &self.scratch.nodes;
            let mut of_frontier = best.iter().filter(|choice| choice.is_of_frontier());
            let held = of_frontier.find_map(|choice| {
                let slot = NodeSlot(choice.entry.node);
                (nodes.get(slot).collisions > 0).then_some(slot)
            });
            match held {
                Some(slot) => self.check_out(basis, slot),
                None if best.last().is_some_and(|choice| choice.score < 0.0) => {
                    return self.check_out_all(basis);
                }
                None => return,
            }
        }
    }

    /// Checks out all nodes that were left for later.
    fn check_out_all(&mut self, basis: Basis<'_>) {
        for at in 0..self.scratch.nodes.len() {
            let (slot, _) = self.scratch.nodes.all()[at];
            self.check_out_now(basis, slot);
        }
        self.scratch.others = self.others.take().unwrap_or_default();
    }

    /// Checks out a node that was left for later.
    pub(super) fn check_out_now(&mut self, basis: Basis<'_>, slot: NodeSlot) {
        let node = self.scratch.nodes.get(slot);
        if self.others.is_some() && node.collisions > 0 && node.lane == CheckedOut::NO_LANE {
            self.check_out(basis, slot);
        }
    }

    /// Notes that a candidate of a lane that the group was not on is taken.
    pub(super) fn one_of_others_left(&mut self, lane: usize) {
        if let Some(others) = self.others.as_mut().and_then(|others| others.get_mut(lane)) {
            *others = others.saturating_sub(1);
        }
        self.hold_if_alone(lane);
    }

    /// Where the frontier has no nodes for a lane but those that the group is on, what that takes off is known
    /// of all of them.
    fn hold_if_alone(&mut self, lane: usize) {
        let count = self.plan.scorers.anti_affinity_count.unwrap_or(1);
        let others = self.others.as_ref().and_then(|others| others.get(lane));
        if others == Some(&0)
            && let Some(score) = job_anti_affinity(1, count)
        {
            self.scratch.leaderboard.hold(lane, score);
        }
    }
}
