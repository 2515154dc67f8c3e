//! Which evaluations wait for room, by what may help them (docs/lifecycle.md, section 6). It is derived
//! from the state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::wanting::{Room, Wanting, fits};
use crate::model::JobType;
use crate::state::slots::{EvaluationSlot, NodeRef};

/// Classes of nodes, ascending, with whether they may run what waits. Evaluations alike share one.
pub(super) type Eligibility = Arc<[(Box<str>, bool)]>;

/// What is placed: the type of its job and its priority, which say what it may evict.
pub(super) type Kind = (JobType, i64);

/// Where an evaluation may be helped that waits for room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hope {
    /// On any node.
    Any,
    /// On nodes of classes that are not known not to run it.
    Classes(Eligibility),
    /// On one node, that of a system job.
    Node(NodeRef),
}

/// What an evaluation waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) hope: Hope,
    pub(super) kind: Kind,
    /// Any of these amounts may help.
    pub(super) wanted: Vec<Room>,
    /// The quota that limits it; empty if none does.
    pub(super) quota: Box<str>,
}

/// Evaluations that wait for room.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Blocked {
    waits: BTreeMap<EvaluationSlot, Arc<Wait>>,
    /// Those that more than one node may help, by the classes that are known if these matter.
    by_kind: BTreeMap<(Kind, Option<Eligibility>), Wanting>,
    by_node: BTreeMap<NodeRef, BTreeSet<EvaluationSlot>>,
    by_quota: BTreeMap<Box<str>, BTreeSet<EvaluationSlot>>,
    escaped: usize,
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

    /// Whether a node of a class may help, as far as that tells.
    pub(super) fn may_help_on(&self, node: NodeRef, class: &str) -> bool {
        match self {
            Hope::Node(it) => *it == node,
            Hope::Any | Hope::Classes(_) => self.may_help(class),
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

impl Wait {
    /// The key under which it is by kind; none of one that only one node can help.
    fn key(&self) -> Option<(Kind, Option<Eligibility>)> {
        match &self.hope {
            Hope::Any => Some((self.kind, None)),
            Hope::Classes(classes) => Some((self.kind, Some(classes.clone()))),
            Hope::Node(_) => None,
        }
    }

    /// Whether any of what is wanted fits.
    pub(super) fn fits(&self, room: &Room) -> bool {
        self.wanted.iter().any(|wanted| fits(wanted, room))
    }
}

impl Blocked {
    pub(super) fn insert(&mut self, evaluation: EvaluationSlot, wait: Arc<Wait>) {
        self.remove(evaluation);
        if let Some(key) = wait.key() {
            let wanting = self.by_kind.entry(key).or_default();
            wait.wanted.iter().for_each(|wanted| wanting.insert(*wanted, evaluation));
        }
        if let Hope::Node(node) = wait.hope {
            self.by_node.entry(node).or_default().insert(evaluation);
        }
        if !wait.quota.is_empty() {
            self.by_quota.entry(wait.quota.clone()).or_default().insert(evaluation);
        }
        self.escaped += usize::from(wait.hope == Hope::Any);
        self.waits.insert(evaluation, wait);
    }

    pub(super) fn remove(&mut self, evaluation: EvaluationSlot) {
        let Some(wait) = self.waits.remove(&evaluation) else { return };
        self.escaped -= usize::from(wait.hope == Hope::Any);
        if let Some(key) = wait.key()
            && let Some(wanting) = self.by_kind.get_mut(&key)
        {
            wait.wanted.iter().for_each(|wanted| wanting.remove(wanted, evaluation));
            if wanting.is_empty() {
                self.by_kind.remove(&key);
            }
        }
        if let Hope::Node(node) = wait.hope {
            take(&mut self.by_node, &node, evaluation);
        }
        take(&mut self.by_quota, &wait.quota, evaluation);
    }

    /// The evaluations that a node of a class may help, with the room that each kind finds on it. Of those
    /// that a quota limits only the ones of given quotas, if any are given.
    pub(super) fn helped_by(
        &self,
        class: &str,
        node: NodeRef,
        room: impl Fn(Kind) -> Room,
        quotas: Option<&BTreeSet<Box<str>>>,
    ) -> Vec<EvaluationSlot> {
        let mut helped = Vec::new();
        let mut of_kind: Option<(Kind, Room)> = None;
        for ((kind, classes), wanting) in &self.by_kind {
            if classes.as_ref().is_some_and(|classes| !is_hopeful(classes, class)) {
                continue;
            }
            let room = match of_kind {
                Some((known, room)) if known == *kind => room,
                _ => room(*kind),
            };
            of_kind = Some((*kind, room));
            helped.extend(wanting.fitting(&room));
        }
        let fits = |slot: &EvaluationSlot| {
            self.waits.get(slot).is_some_and(|wait| wait.fits(&room(wait.kind)))
        };
        helped.extend(self.by_node.get(&node).into_iter().flatten().copied().filter(fits));
        if !self.by_quota.is_empty()
            && let Some(quotas) = quotas
        {
            helped.retain(|slot| {
                let quota = self.wait(*slot).map_or("", |wait| &*wait.quota);
                quota.is_empty() || quotas.contains(quota)
            });
        }
        helped
    }

    /// What an evaluation waits for, if it does.
    pub(super) fn wait(&self, evaluation: EvaluationSlot) -> Option<&Wait> {
        self.waits.get(&evaluation).map(|wait| &**wait)
    }

    /// The evaluations that a quota limits.
    pub(super) fn of_quota(&self, quota: &str) -> impl Iterator<Item = EvaluationSlot> + '_ {
        self.by_quota.get(quota).into_iter().flatten().copied()
    }

    /// The evaluations that only a node can help.
    pub(super) fn on_node(&self, node: NodeRef) -> impl Iterator<Item = EvaluationSlot> + '_ {
        self.by_node.get(&node).into_iter().flatten().copied()
    }

    /// Whether any quota limits any of them.
    pub(super) fn has_quotas(&self) -> bool {
        !self.by_quota.is_empty()
    }

    /// Every one of them, in the order of slots.
    pub(super) fn all(&self) -> impl Iterator<Item = EvaluationSlot> + '_ {
        self.waits.keys().copied()
    }

    pub(super) fn len(&self) -> usize {
        self.waits.len()
    }

    /// How many of them a quota limits.
    pub(super) fn quota_limited(&self) -> usize {
        self.by_quota.values().map(BTreeSet::len).sum()
    }

    /// How many of them any node may help.
    pub(super) fn escaped(&self) -> usize {
        self.escaped
    }
}

/// Takes an evaluation off a list, and the list if it was the last.
fn take<K: Ord>(
    lists: &mut BTreeMap<K, BTreeSet<EvaluationSlot>>,
    key: &K,
    evaluation: EvaluationSlot,
) {
    if let Some(list) = lists.get_mut(key) {
        list.remove(&evaluation);
        if list.is_empty() {
            lists.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::slots::NodeSlot;

    fn classes(known: &[(&str, bool)]) -> Hope {
        Hope::Classes(known.iter().map(|(class, may)| ((*class).into(), *may)).collect())
    }

    fn node(slot: u32) -> NodeRef {
        NodeRef { slot: NodeSlot(slot), generation: 1 }
    }

    fn wait(hope: Hope, priority: i64, cpu: i64) -> Arc<Wait> {
        let kind = (JobType::Service, priority);
        Arc::new(Wait { hope, kind, wanted: vec![[cpu, 1, 1]], quota: "".into() })
    }

    fn sorted(mut found: Vec<EvaluationSlot>) -> Vec<u32> {
        found.sort_unstable();
        found.into_iter().map(|slot| slot.0).collect()
    }

    #[test]
    fn a_class_helps_all_but_those_known_not_to_run_there() {
        let mut blocked = Blocked::default();
        let hopes = [
            classes(&[("a", true), ("b", false)]),
            classes(&[("a", false)]),
            Hope::Any,
            Hope::Node(node(7)),
            Hope::Node(node(8)),
        ];
        for (at, hope) in (1..).zip(hopes) {
            blocked.insert(EvaluationSlot(at), wait(hope, 50, 1));
        }
        let helped = |blocked: &Blocked, class: &str, at| {
            sorted(blocked.helped_by(class, node(at), |_| [9, 9, 9], None))
        };
        assert_eq!(helped(&blocked, "a", 0), [1, 3]);
        assert_eq!(helped(&blocked, "b", 7), [2, 3, 4]);
        assert_eq!(helped(&blocked, "c", 8), [1, 2, 3, 5]);
        assert_eq!((blocked.len(), blocked.escaped()), (5, 1));
        for slot in 1..6 {
            blocked.remove(EvaluationSlot(slot));
        }
        assert_eq!(blocked, Blocked::default());
    }

    #[test]
    fn room_helps_those_whom_it_is_enough_for() {
        let mut blocked = Blocked::default();
        for (at, (priority, cpu)) in (1..).zip([(50, 100), (50, 500), (80, 500), (80, 900)]) {
            blocked.insert(EvaluationSlot(at), wait(Hope::Any, priority, cpu));
        }
        blocked.insert(EvaluationSlot(5), wait(Hope::Node(node(1)), 50, 500));
        // What has the higher priority may evict something.
        let room = |(_, priority): Kind| [if priority > 60 { 600 } else { 200 }, 9, 9];
        assert_eq!(sorted(blocked.helped_by("a", node(1), room, None)), [1, 3]);
        let room = |_| [500, 9, 9];
        assert_eq!(sorted(blocked.helped_by("a", node(1), room, None)), [1, 2, 3, 5]);
        assert_eq!(sorted(blocked.helped_by("a", node(1), |_| [500, 0, 9], None)), [] as [u32; 0]);
    }

    /// Case 72: what a quota limits is not helped by what another quota made free.
    #[test]
    fn case_72_what_a_quota_limits_waits_for_that() {
        let mut blocked = Blocked::default();
        let limited =
            |quota: &str| Wait { quota: quota.into(), ..(*wait(Hope::Any, 50, 1)).clone() };
        blocked.insert(EvaluationSlot(1), Arc::new(limited("foo")));
        blocked.insert(EvaluationSlot(2), Arc::new(limited("")));
        let helped = |quotas: Option<&[&str]>| {
            let quotas: Option<BTreeSet<Box<str>>> =
                quotas.map(|quotas| quotas.iter().map(|it| (*it).into()).collect());
            sorted(blocked.helped_by("a", node(1), |_| [9, 9, 9], quotas.as_ref()))
        };
        assert_eq!(helped(Some(&["bar"])), [2]);
        assert_eq!(helped(Some(&["foo"])), [1, 2]);
        assert_eq!(helped(None), [1, 2]);
        assert_eq!(blocked.of_quota("bar").count(), 0);
        assert_eq!(blocked.of_quota("foo").count(), 1);
    }
}
