//! What keeps a group from a node: everything at once, each thing as the change that would do away with
//! it.

use std::sync::Arc;

use super::apply::{self, paths_of};
use super::reduced_ask::ReducedAsks;
use super::shortage::{Short, shortage};
use crate::feasibility::fix_action::FixAction;
use crate::feasibility::remedies::Remedies;
use crate::model::DesiredStatus;
use crate::placement::group::GroupPlan;
use crate::placement::scan::Scan;
use crate::rank::preempt::{Evicted, PRIORITY_GAP, Preemptor, priority_of};
use crate::state::State;
use crate::state::node::NodeRecord;
use crate::state::slots::{AllocationSlot, NodeSlot};

/// What a node needs to become possible.
#[derive(Debug)]
pub(super) struct Need {
    /// What does away with all rules that it breaks, without the nodes, in order.
    pub(super) rules: Vec<FixAction>,
    /// The same with the other change wherever there is a second one.
    pub(super) other_rules: Option<Vec<FixAction>>,
    /// What would have to be dropped of the ask so that the rest fits, and what is short for that: ways
    /// that may do, the one with less first; none if none is known.
    pub(super) room: Vec<(Vec<FixAction>, Short)>,
    /// Whom to evict instead.
    pub(super) victims: Option<Victims>,
}

/// Whom to evict for a group on a node.
#[derive(Debug)]
pub(super) struct Victims {
    pub(super) slots: Vec<AllocationSlot>,
    /// The sum of their priorities.
    pub(super) priorities: i64,
}

/// A group's rules, ready to be asked one by one.
pub(super) struct Blockers<'a> {
    pub(super) state: &'a State,
    pub(super) plan: &'a GroupPlan<'a>,
    scan: &'a Scan<'a>,
    /// What was evicted so far.
    evicted: &'a Evicted,
    /// Whether placing may evict by itself.
    may_evict: bool,
    /// What the group asks for with some of it dropped.
    reduced: ReducedAsks<'a>,
}

impl<'a> Blockers<'a> {
    pub(super) fn new(
        state: &'a State,
        plan: &'a GroupPlan<'a>,
        scan: &'a Scan<'a>,
        evicted: &'a Evicted,
        may_evict: bool,
    ) -> Blockers<'a> {
        Blockers { state, plan, scan, evicted, may_evict, reduced: ReducedAsks::new(plan) }
    }

    /// What a node needs.
    pub(super) fn of(&mut self, slot: NodeSlot, node: &Arc<NodeRecord>) -> Need {
        let mut remedies = Remedies::default();
        for reason in self.plan.base.all_reasons(node) {
            remedies.add(reason.remedy());
        }
        self.scan.remedies(slot, node, &mut remedies);
        let (first, other) = remedies.finish();
        let node = repaired(node, &first);
        let (room, victims) = self.room(slot, &node, &first);
        Need { rules: first, other_rules: other, room, victims }
    }

    /// What would make room for the group once the rules are done away with.
    #[allow(clippy::type_complexity)]
    fn room(
        &mut self,
        slot: NodeSlot,
        node: &Arc<NodeRecord>,
        rules: &[FixAction],
    ) -> (Vec<(Vec<FixAction>, Short)>, Option<Victims>) {
        let dropped: Vec<FixAction> =
            rules.iter().filter(|action| action.changes_ask()).cloned().collect();
        let Some(ask) = self.reduced.ask_without(&dropped) else { return (Vec::new(), None) };
        let preemptor = Preemptor {
            state: self.state,
            ask: &ask,
            job: self.plan.job_slot,
            priority: self.plan.job.priority(),
            evicted: self.evicted,
        };
        let victims = preemptor.make_room(slot, node).ok().map(|(_, victims)| victims);
        if victims.as_ref().is_some_and(|victims| victims.is_empty() || self.may_evict) {
            return (vec![(Vec::new(), Short::default())], None);
        }
        // Whom placing would evict by itself once some more is there cannot be told beforehand: at best
        // everyone, at worst nobody.
        let evictable = if self.may_evict { self.evictable(slot) } else { Vec::new() };
        let mut rooms = Vec::new();
        if !evictable.is_empty() {
            rooms.extend(shortage(
                self.state,
                &mut self.reduced,
                slot,
                node,
                dropped.clone(),
                &evictable,
            ));
        }
        rooms.extend(shortage(self.state, &mut self.reduced, slot, node, dropped, &[]));
        (rooms, victims.map(|slots| self.with_priorities(slots)))
    }

    fn with_priorities(&self, slots: Vec<AllocationSlot>) -> Victims {
        let priorities = slots.iter().map(|&slot| priority_of(self.state, slot)).sum();
        Victims { slots, priorities }
    }

    /// The allocations on a node that may be evicted for the job.
    fn evictable(&self, slot: NodeSlot) -> Vec<AllocationSlot> {
        let on_node = self.state.allocations_on(slot).iter().copied();
        let may_go = |slot: &AllocationSlot| {
            self.state.allocation(*slot).is_some_and(|record| {
                let gap = self.plan.job.priority() - priority_of(self.state, *slot);
                let is_own = self.plan.job_slot == Some(record.job);
                let is_evicted = record.desired == DesiredStatus::Evict;
                !is_own && !is_evicted && gap >= PRIORITY_GAP
            })
        };
        on_node.filter(may_go).collect()
    }

    /// Fills in where the job has the constraints that an action drops.
    pub(super) fn with_paths(&self, action: &mut FixAction) {
        if let FixAction::DropConstraint { text, paths } = action {
            *paths = paths_of(self.plan.job.spec(), self.plan.at, text);
        }
    }
}

/// A node with the devices repaired that rules want repaired, and the networks added.
fn repaired(node: &Arc<NodeRecord>, rules: &[FixAction]) -> Arc<NodeRecord> {
    let is_repair = |it: &&FixAction| {
        matches!(it, FixAction::RepairDevices { .. } | FixAction::AddNetwork { .. })
    };
    let repairs = rules.iter().filter(is_repair);
    if repairs.clone().next().is_none() {
        return node.clone();
    }
    match apply::change_node(&node.node, repairs) {
        Ok(changed) => Arc::new(NodeRecord::new(changed)),
        Err(_) => node.clone(),
    }
}
