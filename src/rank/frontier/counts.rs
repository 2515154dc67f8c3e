//! Counts of a lane's nodes, kept while nodes change, so that metrics need no walk.

use std::sync::Arc;

use crate::fit::ask::Ask;
use crate::fit::exhausted::Exhausted;
use crate::state::names::Name;
use crate::state::tally::ClassCounts;

/// What the nodes of a lane come to that may run the group by their facts.
#[derive(Debug, Default)]
pub(crate) struct LaneCounts {
    /// All of them.
    pub(crate) passing: ClassCounts,
    /// Those without room, by what ran out.
    pub(crate) exhausted: Vec<(Exhausted, u32)>,
    pub(crate) exhausted_classes: ClassCounts,
    /// Those that the group's own allocations keep it from.
    pub(crate) hosts: ClassCounts,
}

impl Clone for LaneCounts {
    fn clone(&self) -> LaneCounts {
        let mut clone = LaneCounts::default();
        clone.clone_from(self);
        clone
    }

    /// Takes over other counts, keeping the memory.
    fn clone_from(&mut self, other: &LaneCounts) {
        self.passing.clone_from(&other.passing);
        self.exhausted.clone_from(&other.exhausted);
        self.exhausted_classes.clone_from(&other.exhausted_classes);
        self.hosts.clone_from(&other.hosts);
    }
}

impl LaneCounts {
    pub(crate) fn add_exhausted(&mut self, exhausted: Exhausted, class: Name) {
        self.add_many_exhausted(exhausted, 1);
        self.exhausted_classes.add(class);
    }

    /// Counts many nodes without room at once.
    pub(crate) fn add_many_exhausted(&mut self, exhausted: Exhausted, nodes: u32) {
        match self.exhausted.iter_mut().find(|(known, _)| *known == exhausted) {
            Some((_, count)) => *count += nodes,
            None => self.exhausted.push((exhausted, nodes)),
        }
    }

    pub(crate) fn remove_exhausted(&mut self, exhausted: Exhausted, class: Name) {
        if let Some((_, nodes)) = self.exhausted.iter_mut().find(|(known, _)| *known == exhausted) {
            *nodes -= 1;
        }
        self.exhausted_classes.remove(class);
    }

    /// Counts nothing, keeping the memory.
    pub(crate) fn clear(&mut self) {
        self.passing.clear();
        self.exhausted.clear();
        self.exhausted_classes.clear();
        self.hosts.clear();
    }

    /// Adds another lane's counts.
    pub(crate) fn merge(&mut self, other: &LaneCounts) {
        self.passing.merge(&other.passing);
        self.merge_exhausted(other);
        self.hosts.merge(&other.hosts);
    }

    /// Adds another lane's nodes without room.
    pub(crate) fn merge_exhausted(&mut self, other: &LaneCounts) {
        for &(exhausted, nodes) in &other.exhausted {
            self.add_many_exhausted(exhausted, nodes);
        }
        self.exhausted_classes.merge(&other.exhausted_classes);
    }

    /// Takes off another lane's nodes without room, which were added before.
    pub(crate) fn subtract_exhausted(&mut self, other: &LaneCounts) {
        for &(exhausted, nodes) in &other.exhausted {
            if let Some((_, count)) = self.exhausted.iter_mut().find(|(it, _)| *it == exhausted) {
                *count -= nodes;
            }
        }
        self.exhausted_classes.subtract(&other.exhausted_classes);
    }

    /// Whether two counts say the same, whatever order they came about in.
    pub(crate) fn same(&self, other: &LaneCounts) -> bool {
        let sorted = |counts: &LaneCounts| {
            let mut exhausted: Vec<(String, u32)> = counts
                .exhausted
                .iter()
                .filter(|(_, nodes)| *nodes > 0)
                .map(|(exhausted, nodes)| (format!("{exhausted:?}"), *nodes))
                .collect();
            exhausted.sort();
            exhausted
        };
        self.passing.same(&other.passing)
            && self.exhausted_classes.same(&other.exhausted_classes)
            && self.hosts.same(&other.hosts)
            && sorted(self) == sorted(other)
    }
}

/// The texts of what ran out, each made once.
#[derive(Clone, Debug, Default)]
pub(crate) struct DimensionTexts {
    /// Those that are the same for every ask.
    fixed: Vec<(Exhausted, Arc<str>)>,
    /// Those that name ports of one ask.
    of_ask: Vec<(Exhausted, Arc<str>)>,
}

impl DimensionTexts {
    /// The text of what ran out.
    pub(crate) fn get(&mut self, exhausted: Exhausted, ask: &Ask) -> Arc<str> {
        let texts = if exhausted.names_a_port() { &mut self.of_ask } else { &mut self.fixed };
        if let Some((_, text)) = texts.iter().find(|(known, _)| *known == exhausted) {
            return text.clone();
        }
        let text = exhausted.text(ask);
        texts.push((exhausted, text.clone()));
        text
    }

    /// Makes ready for another ask.
    pub(crate) fn forget_ask(&mut self) {
        self.of_ask.clear();
    }
}
