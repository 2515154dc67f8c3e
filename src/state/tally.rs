//! Counts of one selection: how many nodes were looked at, filtered and exhausted, and why
//! (docs/placement.md, section 8).

use std::sync::Arc;

use indexmap::IndexMap;

use super::names::{Name, Names};
use super::small_list::SmallList;
use crate::model::metrics::AllocationMetrics;

/// Counts by name. Few names, so a list is quicker than a map.
pub(crate) type Counts = SmallList<(Arc<str>, u32)>;

/// Adds to a name's count.
pub(crate) fn add(counts: &mut Counts, name: &Arc<str>, nodes: u32) {
    let known = counts.iter().position(|(known, _)| Arc::ptr_eq(known, name) || known == name);
    match known.and_then(|at| counts.get_mut(at)) {
        Some((_, count)) => *count += nodes,
        // By name, so that the order tells nothing of how it came about.
        None => {
            let at = counts.iter().position(|(known, _)| known > name).unwrap_or(counts.len());
            counts.insert(at, (name.clone(), nodes));
        }
    }
}

/// Takes from a name's count.
pub(crate) fn subtract(counts: &mut Counts, name: &Arc<str>, nodes: u32) {
    let Some(at) = counts.iter().position(|(known, _)| known == name) else { return };
    if let Some((_, count)) = counts.get_mut(at) {
        *count = count.saturating_sub(nodes);
        if *count == 0 {
            counts.remove(at);
        }
    }
}

/// What does not change while a group is placed: the base set and who of it may not run the group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct BaseTally {
    /// Nodes that are ready and in the job's datacenters and pool.
    pub(crate) nodes: u32,
    /// Of these, by datacenter.
    pub(crate) available: Counts,
    pub(crate) filtered: Filtered,
}

/// Nodes that may not run a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Filtered {
    pub(crate) nodes: u32,
    /// By the text of the rule.
    pub(crate) by_rule: Counts,
    pub(crate) by_class: Counts,
}

impl Filtered {
    /// Counts a node under the rule that filtered it.
    pub(crate) fn add(&mut self, rule: &Arc<str>, class: &Arc<str>) {
        self.add_many(rule, class, 1);
    }

    /// Counts nodes of one class under the rule that filtered them.
    pub(crate) fn add_many(&mut self, rule: &Arc<str>, class: &Arc<str>, nodes: u32) {
        self.nodes += nodes;
        add(&mut self.by_rule, rule, nodes);
        self.add_class(class, nodes);
    }

    /// Counts nodes of one class, if it has a name, that are counted otherwise in all and by rule.
    pub(crate) fn add_class(&mut self, class: &Arc<str>, nodes: u32) {
        if !class.is_empty() {
            add(&mut self.by_class, class, nodes);
        }
    }

    /// Takes a node out of the count.
    pub(crate) fn remove(&mut self, rule: &Arc<str>, class: &Arc<str>) {
        self.nodes -= 1;
        subtract(&mut self.by_rule, rule, 1);
        subtract(&mut self.by_class, class, 1);
    }
}

/// Nodes that may run a group but have no room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ExhaustedNodes {
    pub(crate) nodes: u32,
    /// By the text of what ran out.
    pub(crate) by_dimension: Counts,
    pub(crate) by_class: Counts,
}

impl ExhaustedNodes {
    /// Counts a node under what ran out on it.
    pub(crate) fn add(&mut self, dimension: &Arc<str>, class: &Arc<str>) {
        self.nodes += 1;
        add(&mut self.by_dimension, dimension, 1);
        if !class.is_empty() {
            add(&mut self.by_class, class, 1);
        }
    }
}

/// The counts of one selection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Tally {
    pub(crate) base: Arc<BaseTally>,
    /// How many nodes were looked at: all of the base set, or fewer in a sample.
    pub(crate) evaluated: u32,
    /// Nodes filtered by rules that depend on where the job's allocations are.
    pub(crate) filtered: Filtered,
    pub(crate) exhausted: ExhaustedNodes,
}

impl Tally {
    /// The counts that metrics of the API show.
    pub(crate) fn of_metrics(metrics: &AllocationMetrics) -> Tally {
        let counts = |by_name: &IndexMap<String, u64>| -> Counts {
            let counts = by_name.iter().map(|(name, nodes)| (name.as_str().into(), count(*nodes)));
            counts.collect::<Vec<_>>().as_slice().into()
        };
        Tally {
            base: Arc::new(BaseTally {
                nodes: count(metrics.nodes_in_pool),
                available: counts(&metrics.nodes_available),
                filtered: Filtered {
                    nodes: count(metrics.nodes_filtered),
                    by_rule: counts(&metrics.constraint_filtered),
                    by_class: counts(&metrics.class_filtered),
                },
            }),
            evaluated: count(metrics.nodes_evaluated),
            filtered: Filtered::default(),
            exhausted: ExhaustedNodes {
                nodes: count(metrics.nodes_exhausted),
                by_dimension: counts(&metrics.dimension_exhausted),
                by_class: counts(&metrics.class_exhausted),
            },
        }
    }

    /// Adds the nodes that were filtered in another selection of the same group.
    pub(crate) fn add_filtered(&mut self, other: &Tally) {
        self.evaluated += other.evaluated;
        self.filtered.nodes += other.filtered.nodes;
        for (rule, nodes) in other.filtered.by_rule.iter() {
            add(&mut self.filtered.by_rule, rule, *nodes);
        }
        for (class, nodes) in other.filtered.by_class.iter() {
            add(&mut self.filtered.by_class, class, *nodes);
        }
    }

    /// The counts as the API has them.
    pub(crate) fn metrics(&self, node_pool: &str) -> AllocationMetrics {
        let base = &self.base;
        AllocationMetrics {
            nodes_evaluated: self.evaluated.into(),
            nodes_filtered: (base.filtered.nodes + self.filtered.nodes).into(),
            nodes_in_pool: base.nodes.into(),
            node_pool: node_pool.to_owned(),
            nodes_available: sorted(&[&base.available]),
            class_filtered: sorted(&[&base.filtered.by_class, &self.filtered.by_class]),
            constraint_filtered: sorted(&[&base.filtered.by_rule, &self.filtered.by_rule]),
            nodes_exhausted: self.exhausted.nodes.into(),
            class_exhausted: sorted(&[&self.exhausted.by_class]),
            dimension_exhausted: sorted(&[&self.exhausted.by_dimension]),
            ..AllocationMetrics::default()
        }
    }
}

/// A count of a document; more nodes than there can be are as many as there can be.
fn count(nodes: u64) -> u32 {
    u32::try_from(nodes).unwrap_or(u32::MAX)
}

/// Counts added up and put in the order of their names, which does not depend on how they came.
fn sorted(parts: &[&Counts]) -> IndexMap<String, u64> {
    let mut all = IndexMap::new();
    for (name, nodes) in parts.iter().flat_map(|counts| counts.iter()) {
        if *nodes > 0 {
            *all.entry(name.to_string()).or_insert(0) += u64::from(*nodes);
        }
    }
    all.sort_unstable_keys();
    all
}

/// Nodes, in all and by class.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ClassCounts {
    pub(crate) nodes: u32,
    /// By the number of the class's name.
    by_class: Vec<u32>,
}

impl Clone for ClassCounts {
    fn clone(&self) -> ClassCounts {
        ClassCounts { nodes: self.nodes, by_class: self.by_class.clone() }
    }

    /// Takes over other counts, keeping the memory.
    fn clone_from(&mut self, other: &ClassCounts) {
        self.nodes = other.nodes;
        self.by_class.clone_from(&other.by_class);
    }
}

impl ClassCounts {
    pub(crate) fn add(&mut self, class: Name) {
        self.add_many(class, 1);
    }

    /// Counts nodes of one class.
    pub(crate) fn add_many(&mut self, class: Name, nodes: u32) {
        self.nodes += nodes;
        let at = class.0 as usize;
        if at >= self.by_class.len() {
            self.by_class.resize(at + 1, 0);
        }
        self.by_class[at] += nodes;
    }

    pub(crate) fn remove(&mut self, class: Name) {
        self.nodes -= 1;
        self.by_class[class.0 as usize] -= 1;
    }

    /// Counts nothing, keeping the memory.
    pub(crate) fn clear(&mut self) {
        self.nodes = 0;
        self.by_class.clear();
    }

    /// Adds other counts.
    pub(crate) fn merge(&mut self, other: &ClassCounts) {
        self.nodes += other.nodes;
        if self.by_class.len() < other.by_class.len() {
            self.by_class.resize(other.by_class.len(), 0);
        }
        for (mine, theirs) in self.by_class.iter_mut().zip(&other.by_class) {
            *mine += theirs;
        }
    }

    /// Takes off other counts, which were added before.
    pub(crate) fn subtract(&mut self, other: &ClassCounts) {
        self.nodes -= other.nodes;
        for (mine, theirs) in self.by_class.iter_mut().zip(&other.by_class) {
            *mine -= theirs;
        }
    }

    /// Adds the classes that have names.
    pub(crate) fn add_named(&self, names: &Names, to: &mut Counts) {
        for (at, &nodes) in self.by_class.iter().enumerate() {
            let name = names.text(Name(at as u32));
            if nodes > 0 && !name.is_empty() {
                add(to, name, nodes);
            }
        }
    }

    /// Whether two counts say the same.
    pub(crate) fn same(&self, other: &ClassCounts) -> bool {
        let longest = self.by_class.len().max(other.by_class.len());
        let at = |counts: &ClassCounts, at: usize| counts.by_class.get(at).copied().unwrap_or(0);
        self.nodes == other.nodes && (0..longest).all(|class| at(self, class) == at(other, class))
    }
}
