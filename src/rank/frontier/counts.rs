//! Counts of a lane's nodes, kept while nodes change, so that metrics need no walk.

use std::sync::Arc;

use crate::fit::exhausted::Exhausted;
use crate::state::State;
use crate::state::names::Name;
use crate::state::tally::{Counts, add};

/// Nodes, in all and by class.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ClassCounts {
    pub(crate) nodes: u32,
    /// By the number of the class's name.
    by_class: Vec<u32>,
}

impl ClassCounts {
    pub(crate) fn add(&mut self, class: Name) {
        self.nodes += 1;
        let at = class.0 as usize;
        if at >= self.by_class.len() {
            self.by_class.resize(at + 1, 0);
        }
        self.by_class[at] += 1;
    }

    pub(crate) fn remove(&mut self, class: Name) {
        self.nodes -= 1;
        self.by_class[class.0 as usize] -= 1;
    }

    fn merge(&mut self, other: &ClassCounts) {
        self.nodes += other.nodes;
        if self.by_class.len() < other.by_class.len() {
            self.by_class.resize(other.by_class.len(), 0);
        }
        for (mine, theirs) in self.by_class.iter_mut().zip(&other.by_class) {
            *mine += theirs;
        }
    }

    /// Adds the classes that have names, less those that are in `without`.
    pub(crate) fn add_named(&self, state: &State, without: &ClassCounts, to: &mut Counts) {
        for (at, &nodes) in self.by_class.iter().enumerate() {
            let nodes = nodes - without.by_class.get(at).copied().unwrap_or(0);
            let name = state.name(Name(at as u32));
            if nodes > 0 && !name.is_empty() {
                add(to, name, nodes);
            }
        }
    }
}

/// What the nodes of a lane come to that may run the group by their facts.
#[derive(Clone, Debug, Default)]
pub(crate) struct LaneCounts {
    /// All of them.
    pub(crate) passing: ClassCounts,
    /// Those without room, by what ran out.
    pub(crate) exhausted: Vec<(Exhausted, u32)>,
    pub(crate) exhausted_classes: ClassCounts,
    /// Those that the group's own allocations keep it from.
    pub(crate) hosts: ClassCounts,
}

impl LaneCounts {
    pub(crate) fn add_exhausted(&mut self, exhausted: Exhausted, class: Name) {
        match self.exhausted.iter_mut().find(|(known, _)| *known == exhausted) {
            Some((_, nodes)) => *nodes += 1,
            None => self.exhausted.push((exhausted, 1)),
        }
        self.exhausted_classes.add(class);
    }

    pub(crate) fn remove_exhausted(&mut self, exhausted: Exhausted, class: Name) {
        if let Some((_, nodes)) = self.exhausted.iter_mut().find(|(known, _)| *known == exhausted) {
            *nodes -= 1;
        }
        self.exhausted_classes.remove(class);
    }

    /// Adds another lane's counts.
    pub(crate) fn merge(&mut self, other: &LaneCounts) {
        self.passing.merge(&other.passing);
        for &(exhausted, nodes) in &other.exhausted {
            match self.exhausted.iter_mut().find(|(known, _)| *known == exhausted) {
                Some((_, count)) => *count += nodes,
                None => self.exhausted.push((exhausted, nodes)),
            }
        }
        self.exhausted_classes.merge(&other.exhausted_classes);
        self.hosts.merge(&other.hosts);
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

impl ClassCounts {
    fn same(&self, other: &ClassCounts) -> bool {
        let longest = self.by_class.len().max(other.by_class.len());
        let at = |counts: &ClassCounts, at: usize| counts.by_class.get(at).copied().unwrap_or(0);
        self.nodes == other.nodes && (0..longest).all(|class| at(self, class) == at(other, class))
    }
}

/// The texts of what ran out, each made once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(Vec<(Exhausted, Arc<str>)>);

impl Keys {
    /// The text of what ran out.
    pub(crate) fn get(&mut self, exhausted: Exhausted, ask: &crate::fit::ask::Ask) -> Arc<str> {
        if let Some((_, key)) = self.0.iter().find(|(known, _)| *known == exhausted) {
            return key.clone();
        }
        let key: Arc<str> = exhausted.key(ask).into();
        self.0.push((exhausted, key.clone()));
        key
    }
}
