//! What nodes score in a pass: as the frontier has them, or with what the group has on them.

use super::Pass;
use super::relations::Relation;
use crate::fit::exhausted::Exhausted;
use crate::placement::leaderboard::Choice;
use crate::rank::anti_affinity::{RESCHEDULE_PENALTY, job_anti_affinity};
use crate::rank::frontier::Basis;
use crate::state::scores::{Scorer, Scores};
use crate::state::slots::NodeSlot;

impl Pass<'_> {
    /// All scores of a candidate.
    pub(crate) fn scores(&self, basis: Basis<'_>, choice: &Choice) -> Scores {
        let mut scores = match self.active == 1 && choice.is_of_frontier() {
            // The fit score is all that there is in the sum.
            true => Scores::of_fit(choice.entry.sum),
            false => {
                let slot = NodeSlot(choice.entry.node);
                let node = self.scratch.nodes.get(slot);
                self.node_scores(basis, slot, &node).unwrap_or_default()
            }
        };
        let spread = self.scratch.leaderboard.spread(choice.lane);
        if spread != 0.0 {
            scores.set(Scorer::Spread, spread);
        }
        scores
    }

    /// A node's scores but for spread, or what ran out on it.
    pub(super) fn node_scores(
        &self,
        basis: Basis<'_>,
        slot: NodeSlot,
        node: &Relation,
    ) -> Result<Scores, Exhausted> {
        let of_ask = self.frontier.ask_scores(basis, slot, &self.plan.ask)?;
        let mut scores = Scores::of_fit(of_ask.fit);
        if self.plan.device_weights > 0.0 {
            scores.set(Scorer::Devices, of_ask.devices);
        }
        let count = self.plan.scorers.anti_affinity_count.unwrap_or(1);
        if let Some(score) = job_anti_affinity(node.collisions, count) {
            scores.set(Scorer::JobAntiAffinity, score);
        }
        if node.has_penalty {
            scores.set(Scorer::ReschedulePenalty, RESCHEDULE_PENALTY);
        }
        if basis.affinities.is_some() {
            scores.set(Scorer::NodeAffinity, of_ask.affinity);
        }
        Ok(scores)
    }
}
