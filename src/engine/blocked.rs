//! Which evaluations wait for room, by what may help them (docs/lifecycle.md, section 6). It is derived
//! from the state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::state::slots::{EvaluationSlot, NodeSlot};

/// Classes of nodes, ascending, with whether they may run what waits. Evaluations alike share one.
pub(super) type Eligibility = Arc<[(Box<str>, bool)]>;

/// What may help an evaluation that waits for room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hope {
    /// Any change of a node.
    Any,
    /// Nodes of classes that are not known not to run it.
    Classes(Eligibility),
    /// One node, that of a system job.
    Node(NodeSlot),
}

/// Evaluations that wait for room.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Blocked {
    hopes: BTreeMap<EvaluationSlot, Hope>,
    escaped: BTreeSet<EvaluationSlot>,
    by_classes: BTreeMap<Eligibility, BTreeSet<EvaluationSlot>>,
    by_node: BTreeMap<NodeSlot, BTreeSet<EvaluationSlot>>,
}

impl Hope {
    /// Whether nodes of a class may help, as far as classes tell.
    pub(super) fn may_help(&self, class: &str) -> bool {
        match self {
            Hope::Any => true,
            Hope::Classes(classes) => is_hopeful(classes, class),
            Hope::Node(_) => false,
        }
    }
}

/// Whether a class is not known not to help: one that nobody saw may.
fn is_hopeful(classes: &Eligibility, class: &str) -> bool {
    match classes.binary_search_by(|(known, _)| (**known).cmp(class)) {
        Ok(at) => classes.get(at).is_none_or(|(_, may)| *may),
        Err(_) => true,
    }
}

impl Blocked {
    pub(super) fn insert(&mut self, evaluation: EvaluationSlot, hope: Hope) {
        self.remove(evaluation);
        match &hope {
            Hope::Any => {
                self.escaped.insert(evaluation);
            }
            Hope::Classes(classes) => {
                let alike = match self.by_classes.get_mut(classes) {
                    Some(alike) => alike,
                    None => self.by_classes.entry(Arc::clone(classes)).or_default(),
                };
                alike.insert(evaluation);
            }
            Hope::Node(node) => {
                self.by_node.entry(*node).or_default().insert(evaluation);
            }
        }
        self.hopes.insert(evaluation, hope);
    }

    pub(super) fn remove(&mut self, evaluation: EvaluationSlot) {
        let Some(hope) = self.hopes.remove(&evaluation) else { return };
        match &hope {
            Hope::Any => {
                self.escaped.remove(&evaluation);
            }
            Hope::Classes(classes) => {
                if let Some(alike) = self.by_classes.get_mut(classes) {
                    alike.remove(&evaluation);
                    if alike.is_empty() {
                        self.by_classes.remove(classes);
                    }
                }
            }
            Hope::Node(node) => {
                if let Some(of_node) = self.by_node.get_mut(node) {
                    of_node.remove(&evaluation);
                    if of_node.is_empty() {
                        self.by_node.remove(node);
                    }
                }
            }
        }
    }

    /// The evaluations that a node of a class may help, now that there is room on it.
    pub(super) fn helped_by<'a>(
        &'a self,
        class: &'a str,
        node: NodeSlot,
    ) -> impl Iterator<Item = EvaluationSlot> + 'a {
        let by_classes = self.by_classes.iter().filter(move |(it, _)| is_hopeful(it, class));
        let of_node = self.by_node.get(&node).into_iter().flatten();
        let all = self.escaped.iter().chain(by_classes.flat_map(|(_, alike)| alike));
        all.chain(of_node).copied()
    }

    /// The evaluations that only one node can help.
    pub(super) fn of_node(&self, node: NodeSlot) -> impl Iterator<Item = EvaluationSlot> + '_ {
        self.by_node.get(&node).into_iter().flatten().copied()
    }

    /// Every one of them, in the order of slots.
    pub(super) fn all(&self) -> impl Iterator<Item = EvaluationSlot> + '_ {
        self.hopes.keys().copied()
    }

    pub(super) fn len(&self) -> usize {
        self.hopes.len()
    }

    /// How many of them any change of a node may help.
    pub(super) fn escaped(&self) -> usize {
        self.escaped.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(known: &[(&str, bool)]) -> Hope {
        Hope::Classes(known.iter().map(|(class, may)| ((*class).into(), *may)).collect())
    }

    #[test]
    fn a_class_helps_all_but_those_known_not_to_run_there() {
        let mut blocked = Blocked::default();
        let node = NodeSlot;
        blocked.insert(EvaluationSlot(1), classes(&[("a", true), ("b", false)]));
        blocked.insert(EvaluationSlot(2), classes(&[("a", false)]));
        blocked.insert(EvaluationSlot(3), Hope::Any);
        blocked.insert(EvaluationSlot(4), Hope::Node(node(7)));
        blocked.insert(EvaluationSlot(5), Hope::Node(node(8)));
        let helped = |blocked: &Blocked, class: &str, at| {
            let mut found: Vec<u32> = blocked.helped_by(class, node(at)).map(|it| it.0).collect();
            found.sort_unstable();
            found
        };
        assert_eq!(helped(&blocked, "a", 0), [1, 3]);
        assert_eq!(helped(&blocked, "b", 7), [2, 3, 4]);
        assert_eq!(helped(&blocked, "c", 8), [1, 2, 3, 5]);
        assert_eq!((blocked.len(), blocked.escaped()), (5, 1));
        for slot in 1..6 {
            blocked.remove(EvaluationSlot(slot));
        }
        assert_eq!(helped(&blocked, "c", 8), [] as [u32; 0]);
        assert_eq!((blocked.by_classes.len(), blocked.by_node.len()), (0, 0));
    }
}
