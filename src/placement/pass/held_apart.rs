//! Where a constraint keeps a job's allocations on nodes of their own, those that it is on are filtered
//! whatever else they are. Where there are many they are hidden from the frontier at once until the pass ends.

use super::{MANY, Pass};
use crate::feasibility::distinct::Scope;
use crate::placement::group::GroupPlan;
use crate::rank::frontier::Basis;
use crate::rank::frontier::hide::HiddenNodes;
use crate::state::State;
use crate::state::slots::NodeSlot;

/// Whether allocations of the job keep others away from their nodes, those of the group or of another one.
pub(super) fn keeps_away(plan: &GroupPlan<'_>, in_group: bool) -> bool {
    match plan.distinct_hosts {
        Some(Scope::Job) => true,
        Some(Scope::Group) => in_group,
        None => false,
    }
}

impl Pass<'_> {
    /// Room for the nodes that the job's allocations keep others away from; none where they are few, or where
    /// lanes have to be told apart, so that they are checked out like others.
    pub(super) fn held_nodes(&mut self, state: &State) -> Option<HiddenNodes> {
        let plan = self.plan;
        let is_plain = self.columns.is_empty() && self.partition.is_single();
        plan.distinct_hosts.filter(|_| is_plain)?;
        let groups = plan.job_slot.and_then(|slot| state.job(slot))?.groups.iter();
        let holding = groups.filter(|it| keeps_away(plan, *it.name == *plan.group.name));
        let most: usize = holding.map(|group| group.allocations.len()).sum();
        (most >= MANY).then(|| {
            let mut held = std::mem::take(&mut self.scratch.hidden);
            held.begin(self.partition);
            held
        })
    }

    /// Hides the nodes that the job's allocations keep others away from, and checks out those that are
    /// something else to it.
    pub(super) fn hide(&mut self, basis: Basis<'_>, mut held: HiddenNodes) {
        let is_other = |slot: &NodeSlot| !held.contains(self.partition, *slot);
        let listed = self.scratch.nodes.listed().iter().map(|(slot, _)| *slot);
        let of_group = self.scratch.nodes.of_group().iter().copied();
        let mut others: Vec<NodeSlot> = listed.chain(of_group).filter(is_other).collect();
        others.sort_unstable();
        others.dedup();
        self.frontier.hide(&mut held, self.scratch.counts.total_mut());
        self.hidden = Some(held);
        self.note_change();
        others.iter().for_each(|slot| self.check_out(basis, *slot));
    }
}
