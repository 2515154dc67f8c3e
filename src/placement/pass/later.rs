//! Where a group is on many nodes, those are checked out one by one as they come up among the best. What the
//! group has on a node only takes off what the node scores by itself, so that none of those behind the
//! best can be better.
//!
//! That holds as long as the best score 0 or more. Below it one more score makes a mean higher, though it be a low
//! one itself, which only lanes come to that a spread leads away from.

use super::relations::Relation;
use super::{MANY, Pass};
use crate::rank::anti_affinity::job_anti_affinity;
use crate::rank::frontier::Basis;
use crate::rank::frontier::partition::RARE;
use crate::state::slots::NodeSlot;

/// So few candidates of a lane that the group is not on are checked out in place of those that it is on.
const FEW_OTHERS: usize = 16;

impl Pass<'_> {
    /// Leaves the nodes that the group is on in the frontier for now, and checks out the others that are
    /// something else to the job. False where they are few, or where more than allocations of the group and
    /// spreads could make a difference: then nothing is done.
    pub(super) fn check_out_later(&mut self, basis: Basis<'_>) -> bool {
        let is_plain = self.properties.is_empty()
            && self.active == 1
            && self.plan.distinct_hosts.is_none()
            && self.columns.is_empty() == self.partition.is_single();
        if self.scratch.nodes.of_group().len() < MANY
            || !is_plain
            || self.plan.ask.static_ports().next().is_some()
        {
            return false;
        }
        let mut others = std::mem::take(&mut self.scratch.others);
        others.clear();
        others.resize(self.partition.lanes.len(), None);
        self.others = Some(others);
        let mut lanes = self.partition.lanes.iter();
        let has_rare_lanes =
            !self.columns.is_empty() && lanes.any(|lane| lane.symbols.contains(&RARE));
        for at in 0..self.scratch.nodes.listed().len() {
            let (slot, node) = self.scratch.nodes.listed()[at];
            if node.has_penalty || node.collisions == 0 {
                self.check_out(basis, slot);
            }
        }
        if has_rare_lanes {
            self.check_out_of_group(basis, Self::is_of_rare_lane);
        }
        true
    }

    /// How many candidates the frontier has for a lane beside those that the group is on.
    fn count_others(&self, lane: usize) -> usize {
        let candidates = self.frontier.candidates(lane);
        let nodes = &self.scratch.nodes;
        // Where the group is on few of them, the others are not used up before it pays to look at those few.
        if nodes.of_group().len() <= candidates / 2 {
            return usize::MAX;
        }
        if self.frontier.leaves(lane) / 2 <= nodes.of_group().len() {
            return self.others(lane).count();
        }
        let of_group = nodes.of_group().iter().copied();
        let of_group = of_group.filter(|slot| nodes.get(*slot).collisions > 0);
        let of_group = self.frontier.count_candidates_among(lane, of_group);
        candidates.saturating_sub(of_group)
    }

    /// The candidates that the frontier has for a lane beside those that the group is on.
    fn others(&self, lane: usize) -> impl Iterator<Item = NodeSlot> {
        self.frontier.candidates_of(lane).filter(|slot| self.scratch.nodes.is_left(*slot))
    }

    /// Whether the nodes of a node's lane come into lanes of their own once the job is on them.
    fn is_of_rare_lane(&self, slot: NodeSlot) -> bool {
        let lane = |id| self.partition.lanes.get(self.partition.lane(id));
        self.partition.leaf(slot).and_then(lane).is_some_and(|it| it.symbols.contains(&RARE))
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
            let is_below_0 = best.last().is_some_and(|choice| choice.score < 0.0);
            match held {
                Some(slot) => {
                    if !self.hold_if_alone(basis, slot) {
                        self.check_out(basis, slot);
                    }
                }
                None if is_below_0 => return self.check_out_all(basis),
                None => return,
            }
        }
    }

    /// Checks out all nodes that were left for later.
    fn check_out_all(&mut self, basis: Basis<'_>) {
        self.check_out_of_group(basis, |_, _| true);
        self.scratch.others = self.others.take().unwrap_or_default();
    }

    /// Checks out a node that was left for later.
    pub(super) fn check_out_now(&mut self, basis: Basis<'_>, slot: NodeSlot) {
        let node = self.scratch.nodes.get(slot);
        if self.others.is_some() && node.collisions > 0 && node.lane == Relation::NO_LANE {
            self.check_out(basis, slot);
        }
    }

    /// Notes that a candidate of a lane that the group was not on is taken.
    pub(super) fn one_of_others_left(&mut self, lane: usize) {
        if let Some(Some(others)) = self.others.as_mut().and_then(|others| others.get_mut(lane))
            && *others != usize::MAX
        {
            *others = others.saturating_sub(1);
        }
    }

    /// Where the frontier has no nodes for the lane of this one but those that the group is on, what that takes off
    /// is known of all of them; a few others are checked out first. False where it has more, or where that is known
    /// already.
    fn hold_if_alone(&mut self, basis: Basis<'_>, slot: NodeSlot) -> bool {
        let Some(lane) = self.partition.leaf(slot).map(|id| self.partition.lane(id)) else {
            return false;
        };
        let known = self.others.as_ref().and_then(|others| others.get(lane)).copied();
        let mut others = known.flatten().unwrap_or_else(|| self.count_others(lane));
        let held = self.frontier.candidates(lane).saturating_sub(others);
        if (1..=FEW_OTHERS.min(held / 4)).contains(&others) {
            let few: Vec<NodeSlot> = self.others(lane).collect();
            few.into_iter().for_each(|slot| self.check_out(basis, slot));
            others = 0;
        }
        if let Some(of_lane) = self.others.as_mut().and_then(|others| others.get_mut(lane)) {
            *of_lane = Some(others);
        }
        let count = self.plan.scorers.anti_affinity_count.unwrap_or(1);
        match job_anti_affinity(1, count).filter(|_| others == 0) {
            Some(score) => self.scratch.leaderboard.hold(lane, score),
            None => false,
        }
    }
}
