//! Which nodes are to the job what others are not, found before any is placed.

use super::{Pass, held_apart};
use crate::feasibility::column::{NO_VALUE, Symbol};
use crate::feasibility::distinct::Scope;
use crate::feasibility::mask::PASSES;
use crate::rank::frontier::Basis;
use crate::rank::frontier::hide::HiddenNodes;
use crate::rank::spread::SpreadCounter;
use crate::state::State;
use crate::state::allocation::{AllocationRecord, RecordReader};
use crate::state::slots::{AllocationSlot, NodeSlot};

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
                if counts_values {
                    self.count_with_values(&mut reader, &group.allocations, in_group, keeps_away);
                    continue;
                }
                let mut nodes = std::mem::take(&mut self.scratch.live);
                let counts = |record: &AllocationRecord| record.occupies;
                let others = read_nodes(&mut reader, &group.allocations, counts, &mut nodes);
                for run in runs(&nodes, others) {
                    match held.as_mut().filter(|_| keeps_away) {
                        Some(held) => run.iter().for_each(|it| held.insert(self.partition, *it)),
                        None => self.count(run, in_group, keeps_away),
                    }
                }
                self.scratch.live = nodes;
            }
        });
        self.spreads.iter_mut().for_each(SpreadCounter::find_range);
        held
    }

    /// Counts the nodes of allocations of a group of the job, and the values that these have.
    fn count_with_values(
        &mut self,
        reader: &mut RecordReader<'_>,
        slots: &[AllocationSlot],
        in_group: bool,
        keeps_away: bool,
    ) {
        let mut nodes = std::mem::take(&mut self.scratch.live);
        // Mostly they count for both, and each rule counts them in a loop of its own.
        let counts = |record: &AllocationRecord| record.occupies && record.is_live();
        let others = read_nodes(reader, slots, counts, &mut nodes);
        for record in others.iter().filter_map(|at| reader.get(slots[*at].at())) {
            match record.is_live() {
                false if record.occupies => self.count(&[record.node], in_group, keeps_away),
                false => {}
                true => self.count_values(&[record.node], in_group),
            }
        }
        for run in runs(&nodes, others) {
            self.count(run, in_group, keeps_away);
            self.count_values(run, in_group);
        }
        self.scratch.live = nodes;
    }

    /// Counts allocations of the job, or of a namesake of the group's, by the nodes that they take room on.
    fn count(&mut self, nodes: &[NodeSlot], in_group: bool, keeps_away: bool) {
        let known = &mut self.scratch.nodes;
        match keeps_away {
            true => nodes.iter().for_each(|node| known.keep_away(*node, in_group)),
            false if in_group => known.count_of_group(nodes),
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
                property.used.add_all(symbols.filter(|it| *it != NO_VALUE));
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

/// Finds the nodes of those allocations that count, each in the place of its allocation, and gives the places of the
/// others, which are mostly few.
fn read_nodes(
    reader: &mut RecordReader<'_>,
    slots: &[AllocationSlot],
    counts: impl Fn(&AllocationRecord) -> bool,
    nodes: &mut Vec<NodeSlot>,
) -> Vec<usize> {
    let mut others = Vec::new();
    nodes.clear();
    nodes.extend(slots.iter().enumerate().map(|(at, slot)| match reader.get(slot.at()) {
        Some(record) if counts(record) => record.node,
        _ => {
            others.push(at);
            NodeSlot(u32::MAX)
        }
    }));
    others
}

/// The nodes between these places, ascending.
fn runs(nodes: &[NodeSlot], others: Vec<usize>) -> impl Iterator<Item = &[NodeSlot]> {
    let mut from = 0;
    let runs = others.into_iter().chain([nodes.len()]).map(move |to| {
        let run = &nodes[from..to];
        from = to + 1;
        run
    });
    runs.filter(|run| !run.is_empty())
}
