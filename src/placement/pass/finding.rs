//! Which nodes are to the job what others are not, found before any is placed.

use super::{Pass, held_apart};
use crate::feasibility::column::{NO_VALUE, Symbol};
use crate::feasibility::distinct::Scope;
use crate::feasibility::mask::PASSES;
use crate::rank::frontier::Basis;
use crate::rank::frontier::hide::HiddenNodes;
use crate::rank::spread::SpreadCounter;
use crate::state::State;
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
        let mut live = std::mem::take(&mut self.scratch.live);
        state.visit_jobs_named(&plan.job.id, |slot, job| {
            let is_same_job = Some(slot) == plan.job_slot;
            for group in job.groups.iter() {
                let in_group = *group.name == *plan.group.name;
                let keeps_away = is_same_job && held_apart::keeps_away(plan, in_group);
                let counts_nodes = in_group || keeps_away;
                let counts_values = is_same_job && !self.columns.is_empty();
                if !counts_nodes && !counts_values {
                    continue;
                }
                let nodes = &mut self.scratch.nodes;
                let slots = group.allocations.iter();
                let records = slots.filter_map(|allocation| reader.get(allocation.at()));
                if !counts_values {
                    let occupying = records.filter(|record| record.occupies);
                    match held.as_mut().filter(|_| keeps_away) {
                        Some(held) => occupying.for_each(|it| held.insert(self.partition, it.node)),
                        None => occupying
                            .for_each(|it| nodes.count(it.node, in_group.into(), keeps_away)),
                    }
                    continue;
                }
                for record in records {
                    if record.occupies && counts_nodes {
                        nodes.count(record.node, in_group.into(), keeps_away);
                    }
                    // In a column a node that is gone has no value, which is not counted.
                    if record.is_live() {
                        live.push(record.node);
                    }
                }
                self.count_values(&live, in_group);
                live.clear();
            }
        });
        self.scratch.live = live;
        self.spreads.iter_mut().for_each(SpreadCounter::find_range);
        held
    }

    /// Counts the values that the nodes of allocations of the job have for spreads and properties: column by
    /// column, since there are few of these and may be many nodes.
    fn count_values(&mut self, nodes: &[NodeSlot], in_group: bool) {
        let (of_spreads, of_properties) = self.columns.split_at(self.spreads.len());
        for (spread, column) in self.spreads.iter_mut().zip(of_spreads).filter(|_| in_group) {
            spread.count_all(column, nodes);
        }
        for (property, column) in self.properties.iter_mut().zip(of_properties) {
            if in_group || property.rule.scope == Scope::Job {
                let symbols = nodes.iter().map(|slot| column.symbol(*slot));
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
