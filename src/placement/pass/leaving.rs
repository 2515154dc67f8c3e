//! What the group has on a node leaves it while the pass goes on: an allocation that is replaced by one of
//! its placements.

use super::Pass;
use super::relations::Relation;
use crate::rank::frontier::Basis;
use crate::state::slots::NodeSlot;

impl Pass<'_> {
    /// Whether an allocation of the group can leave its node in the middle of the pass: what that does
    /// is seen by looking at the one node again.
    pub(crate) fn lets_leave(&self) -> bool {
        self.columns.is_empty() && self.plan.distinct_hosts.is_none()
    }

    /// Takes a node out, on which an allocation of the group is about to leave.
    pub(crate) fn before_leaving(&mut self, basis: Basis<'_>, slot: NodeSlot) {
        self.check_out_now(basis, slot);
        let node = self.scratch.nodes.get(slot);
        let Some(id) = self.partition.leaf(slot) else { return };
        if node.lane == Relation::NO_LANE {
            return;
        }
        let lane = node.lane as usize;
        match self.node_scores(basis, slot, &node) {
            Err(exhausted) => {
                let (class, counts) = (self.frontier.class(id), &self.frontier.counts);
                self.scratch.counts.remove_exhausted(counts, lane, exhausted, class);
                self.note_change();
            }
            Ok(scores) => {
                let extras = (scores.count() - self.active) as usize;
                self.scratch.leaderboard.remove(lane, extras, slot.0);
            }
        }
    }

    /// Puts the node in again as what it is once the allocation has left.
    pub(crate) fn after_leaving(&mut self, basis: Basis<'_>, slot: NodeSlot) {
        let node = self.scratch.nodes.entry(slot);
        node.collisions = node.collisions.saturating_sub(1);
        if node.lane != Relation::NO_LANE {
            self.queue(basis, slot);
        }
    }
}
