//! Which nodes are to the job what others are not, found before any is placed.

use std::iter::once;

use super::{Pass, held_apart};
use crate::feasibility::column::{NO_VALUE, Symbol};
use crate::feasibility::distinct::Scope;
use crate::feasibility::mask::PASSES;
use crate::rank::frontier::Basis;
use crate::rank::frontier::hide::HiddenNodes;
use crate::rank::spread::SpreadCounter;
use crate::state::State;
use crate::state::allocation::AllocationRecord;
use crate::state::slots::NodeSlot;

impl Pass<'_> {
    /// Finds the nodes that the job has allocations on or should stay away from, and counts the
    /// allocations for spreads and properties. Gives those that are to be hidden, which are not among the others.
    pub(super) fn find_nodes(&mut self, state: &State) -> Option<HiddenNodes> {
        let plan = self.plan;
        for slot in plan.scorers.penalty_nodes.iter() {
            self.scratch.nodes.entry(*slot).has_penalty = true;
        }
        // A static port of the ask may be taken on the nodes that use it.
        for port in plan.ask.static_ports() {
            for &node in state.port_users.of(port) {
                self.scratch.nodes.entry(NodeSlot(node));
            }
        }
        let mut held = self.held_nodes(state);
        let mut reader = state.allocation_records();
        state.visit_jobs_named(&plan.job.id, plan.job_slot, |slot, job| {
            let is_same_job = Some(slot) == plan.job_slot;
            for group in job.groups.iter() {
                let in_group = *group.name == *plan.group.name;
                let keeps_away = is_same_job && held_apart::keeps_away(plan, in_group);
                let counts_nodes = in_group || keeps_away;
                let counts_values = is_same_job && !self.columns.is_empty();
                if !counts_nodes && !counts_values {
                    continue;
                }
                let slots = group.allocations.iter();
                let records = slots.filter_map(|allocation| reader.get(allocation.at()));
                if counts_values {
                    self.count_with_values(records, in_group, keeps_away);
                    continue;
                }
                let occupying = records.filter(|record| record.occupies).map(|it| it.node);
                match held.as_mut().filter(|_| keeps_away) {
                    Some(held) => occupying.for_each(|node| held.insert(self.partition, node)),
                    None => self.count(occupying, in_group, keeps_away),
                }
            }
        });
        self.spreads.iter_mut().for_each(SpreadCounter::find_range);
        held
    }

    /// Counts the nodes of allocations of a group of the job, and the values that these have.
    fn count_with_values<'r>(
        &mut self,
        records: impl Iterator<Item = &'r AllocationRecord>,
        in_group: bool,
        keeps_away: bool,
    ) {
        let mut live = std::mem::take(&mut self.scratch.live);
        live.clear();
        for record in records {
            match (record.is_live(), record.occupies) {
                // Mostly they count for both, and each is counted in a loop of its own.
                (true, true) => live.push(record.node),
                (false, true) => self.count(once(record.node), in_group, keeps_away),
                (true, false) => self.count_values(&[record.node], in_group),
                (false, false) => {}
            }
        }
        self.count(live.iter().copied(), in_group, keeps_away);
        self.count_values(&live, in_group);
        self.scratch.live = live;
    }

    /// Counts allocations of the job, or of a namesake of the group's, by the nodes that they take room on.
    fn count(&mut self, nodes: impl Iterator<Item = NodeSlot>, in_group: bool, keeps_away: bool) {
        let known = &mut self.scratch.nodes;
        match keeps_away {
            true => nodes.for_each(|node| known.keep_away(node, in_group)),
            false if in_group => nodes.for_each(|node| known.count_of_group(node)),
            false => {}
        }
    }

    /// Counts the values that the nodes of allocations of the job have for spreads and properties: column by
    /// column, since there are few of these and may be many nodes. A node that is gone has no value there, which is
    /// not counted.
    fn count_values(&mut self, nodes: &[NodeSlot], in_group: bool) {
        let (of_spreads, of_properties) = self.columns.split_at(self.spreads.len());
        for (spread, column) in self.spreads.iter_mut().zip(of_spreads).filter(|_| in_group) {
            spread.count_all(column, nodes);
        }
        for (property, column) in self.properties.iter_mut().zip(of_properties) {
            if in_group || property.rule.scope == Scope::Job {
                let symbols = column.symbols(nodes.iter().copied());
                symbols.filter(|it| *it != NO_VALUE).for_each(|it| _ = property.used.add(it));
            }
        }
    }

    /// Finds the nodes with rare values that are not to the job what all others are: those that it has
    /// something on, and those that a spread lists.
    pub(super) fn find_rare(&mut self, basis: Basis<'_>) {
        let nodes = &mut self.scratch.nodes;
        let mut add = |at: usize, symbol: Symbol| {
            let rare = self.partition.rare_nodes(at, symbol);
            rare.filter(|slot| basis.mask.code(*slot) == PASSES)
                .for_each(|slot| _ = nodes.entry(slot));
        };
        for (at, spread) in self.spreads.iter().enumerate() {
            spread.values_apart().for_each(|symbol| add(at, symbol));
        }
        for (at, property) in self.properties.iter().enumerate() {
            let used = property.used.used().iter();
            used.for_each(|symbol| add(self.spreads.len() + at, *symbol));
        }
    }
}
