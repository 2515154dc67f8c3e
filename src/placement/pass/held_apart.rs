//! Where a constraint keeps a job's allocations on nodes of their own, those that it is on are filtered
//! whatever else they are. Where there are many they are hidden from the frontier at once until the pass ends.

use super::Pass;
use super::later::FROM;
use crate::feasibility::distinct::Scope;
use crate::placement::group::GroupPlan;
use crate::rank::frontier::Basis;
use crate::rank::frontier::hide::NodeSet;
use crate::state::State;
use crate::state::slots::NodeSlot;
use crate::state::small_list::SmallList;

/// Whether allocations of the job keep others away from their nodes, those of the group or of another one.
pub(super) fn keeps_away(plan: &GroupPlan<'_>, in_group: bool) -> bool {
    match plan.distinct_hosts {
        Some(Scope::Job) => true,
        Some(Scope::Group) => in_group,
        None => false,
    }
}

impl Pass<'_> {
    /// A set for the nodes that the job's allocations keep others away from; none where they are few, or where
    /// lanes have to be told apart, so that they are checked out like others.
    pub(super) fn set_of_held(&self, state: &State) -> Option<NodeSet> {
        let plan = self.plan;
        let is_plain = self.columns.is_empty() && self.partition.is_single();
        plan.distinct_hosts.filter(|_| is_plain)?;
        let groups = plan.job_slot.and_then(|slot| state.job(slot))?.groups.iter();
        let holding = groups.filter(|it| keeps_away(plan, *it.name == *plan.group.name));
        let most: usize = holding.map(|group| group.allocations.len()).sum();
        (most >= FROM).then(|| NodeSet::new(state.node_slots()))
    }

    /// Hides the nodes that the job's allocations keep others away from, and checks out those that are
    /// something else to it.
    pub(super) fn hide(&mut self, basis: Basis<'_>, held: NodeSet) {
        let others = self.scratch.nodes.all().iter().map(|(slot, _)| *slot);
        let others: SmallList<NodeSlot> = others.filter(|slot| !held.contains(*slot)).collect();
        self.hidden = Some(self.frontier.hide(held, self.scratch.counts.total_mut()));
        self.note_change();
        others.iter().for_each(|slot| self.check_out(basis, *slot));
    }
}
