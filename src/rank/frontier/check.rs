//! Whether a frontier that was kept up to date holds what a new one would, in the right order.

use super::partition::{LeafId, Partition};
use super::tournament::OUT;
use super::{Basis, CANDIDATE, Frontier, MASKED};
use crate::feasibility::column::Column;
use crate::feasibility::mask::{Mask, PASSES};
use crate::state::State;
use crate::state::check::Report;
use crate::state::slots::NodeSlot;
use std::sync::Arc;

impl Frontier {
    /// Compares what every node counts as, every sum and every count with a new frontier's, and the
    /// order of the best with a plain look at all.
    pub(crate) fn check(&self, basis: Basis<'_>, report: &mut Report) {
        let fresh = Frontier::new(basis, self.partition.clone(), self.purpose.clone());
        for (slot, node) in basis.state.nodes() {
            let place = || format!("a frontier, node `{}`", node.node.id);
            let Some(at) = self.partition.leaf(slot) else {
                let may_be_left_out = basis.mask.code(slot) != PASSES;
                report.same(place, "whether it may be left out", true, may_be_left_out);
                continue;
            };
            report.same(place, "what it counts as", fresh.standing(at), self.standing(at));
            let sums = (fresh.sum(at).to_bits(), self.sum(at).to_bits());
            report.same(place, "the bits of its sum", sums.0, sums.1);
        }
        for (lane, (expected, found)) in fresh.counts.iter().zip(&self.counts).enumerate() {
            let place = || format!("a frontier, lane {lane}");
            let same = expected.same(found);
            report.same(place, "whether its nodes are counted right", true, same);
            self.check_order(lane, report);
        }
    }

    /// What a node counts as, in words: the numbers of dimensions differ from frontier to frontier.
    fn standing(&self, id: LeafId) -> String {
        match self.code(id) {
            CANDIDATE => "a candidate".into(),
            MASKED => "filtered".into(),
            _ => format!("{:?}", self.exhausted(id)),
        }
    }

    /// Whether a lane's head is in order and better than all that stand behind it, and whether the
    /// tournaments know the best of those.
    fn check_order(&self, lane: usize, report: &mut Report) {
        let place = || format!("a frontier, lane {lane}");
        let head = &self.heads[lane];
        report.same(place, "whether its head is in order", true, head.is_sorted());
        for &shard in &self.partition.lanes[lane].shards {
            let geometry = &self.partition.shards[shard as usize];
            let mut tournament = self.shards.tournament(shard as usize).clone();
            tournament.find_best();
            let tournament = &tournament;
            let better = |a: usize, b: usize| {
                let sums = tournament.sum(a).total_cmp(&tournament.sum(b));
                sums.then_with(|| tournament.tie_break(b).cmp(&tournament.tie_break(a)))
            };
            let leaves = (0..geometry.nodes.len()).filter(|&leaf| tournament.sum(leaf) > OUT);
            let best = leaves.clone().max_by(|&a, &b| better(a, b));
            report.same(place, "the best leaf of a shard", best, tournament.best());
            for leaf in leaves {
                let entry = self.entry_behind(shard as usize, leaf);
                let (is_twice, is_behind) =
                    (head.find(entry.node).is_some(), head.is_better(&entry));
                report.same(place, "whether a node is in it twice", false, is_twice);
                report.same(place, "whether its head is better than the rest", true, is_behind);
            }
        }
    }
}

impl Partition {
    /// Whether every node is in the lane of its values, in one place only.
    pub(crate) fn check(
        &self,
        state: &State,
        columns: &[Arc<Column>],
        mask: Option<&Mask>,
        report: &mut Report,
    ) {
        for (slot, node) in state.nodes() {
            let place = || format!("lanes, node `{}`", node.node.id);
            let is_right = self.is_right(state, columns, mask, slot);
            report.same(place, "whether it is in the lane of its values", true, is_right);
        }
        for (at, shard) in self.shards.iter().enumerate() {
            let place = || format!("lanes, shard {at}");
            let is_small = shard.nodes.len() <= self.shard_size;
            report.same(place, "whether it has a shard's size at most", true, is_small);
            for (leaf, &node) in shard.nodes.iter().enumerate() {
                let slot = NodeSlot(node);
                let expected = LeafId { shard: at as u32, leaf: leaf as u32 };
                report.same(place, "the place of a leaf", Some(expected), self.leaf(slot));
            }
        }
    }
}
