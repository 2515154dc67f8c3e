//! Timers, ordered by instant, then by kind, then by key. They are derived from the state.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::state::slots::{DeploymentSlot, EvaluationSlot, JobSlot, NodeSlot};
use crate::time::Timestamp;

/// What happens at an instant. At one instant the kinds go in this order, and within a kind the keys in
/// theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Timer {
    /// An evaluation has waited as long as it was to.
    Wait(EvaluationSlot),
    /// An evaluation that is out counts as failed, or one that failed may go out again.
    Delivery(EvaluationSlot),
    /// An evaluation whose plans met too many conflicts is tried again.
    Retry(EvaluationSlot),
    /// A node was not heard of.
    Heartbeat(NodeSlot),
    /// What is left on a draining node has to go.
    Drain(NodeSlot),
    /// What is new of a deployment is looked at.
    News(DeploymentSlot),
    /// A deployment has to have come further.
    Progress(DeploymentSlot),
    /// A periodic job is launched.
    Launch(JobSlot),
    /// Something that has ended is old enough to be forgotten.
    ForgetEvaluation(EvaluationSlot),
    ForgetDeployment(DeploymentSlot),
    ForgetJob(JobSlot),
    ForgetNode(NodeSlot),
}

impl Timer {
    /// The place of its kind in the order of kinds, and its key.
    fn place(self) -> (usize, usize) {
        let (kind, slot) = match self {
            Timer::Wait(EvaluationSlot(slot)) => (0, slot),
            Timer::Delivery(EvaluationSlot(slot)) => (1, slot),
            Timer::Retry(EvaluationSlot(slot)) => (2, slot),
            Timer::Heartbeat(NodeSlot(slot)) => (3, slot),
            Timer::Drain(NodeSlot(slot)) => (4, slot),
            Timer::News(DeploymentSlot(slot)) => (5, slot),
            Timer::Progress(DeploymentSlot(slot)) => (6, slot),
            Timer::Launch(JobSlot(slot)) => (7, slot),
            Timer::ForgetEvaluation(EvaluationSlot(slot)) => (8, slot),
            Timer::ForgetDeployment(DeploymentSlot(slot)) => (9, slot),
            Timer::ForgetJob(JobSlot(slot)) => (10, slot),
            Timer::ForgetNode(NodeSlot(slot)) => (11, slot),
        };
        (kind, slot as usize)
    }
}

/// How many kinds of timers there are.
const KINDS: usize = 12;

/// So many entries may be out of date, beside as many as there are timers that are set.
const MOST_STALE: usize = 64;

/// The instants that are waited for.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    /// All that are set, by which comes first. Most are set for later than all others, which costs next to
    /// nothing here. One that is taken out or set anew leaves its entry, which is passed over in its turn.
    in_order: BinaryHeap<Reverse<(Timestamp, Timer)>>,
    /// The first that is set, which is asked for at every step.
    first: Option<(Timestamp, Timer)>,
    /// How many are set.
    count: usize,
    /// When each is set for, by kind and key. Keys are slots, which are given out anew, so the lists stay
    /// short; most timers that are set are of what has just come, next to each other.
    by_timer: [Vec<Option<Timestamp>>; KINDS],
}

impl PartialEq for Timers {
    /// Lists may end in timers that are not set, and entries be out of date.
    fn eq(&self, other: &Timers) -> bool {
        let in_order = |timers: &Timers| {
            let mut entries = timers.up_to_date();
            entries.sort_unstable();
            entries
        };
        (self.first, self.count) == (other.first, other.count) && in_order(self) == in_order(other)
    }
}

impl Timers {
    /// Sets the instant of a timer, or takes it out.
    pub(super) fn set(&mut self, timer: Timer, at: Option<Timestamp>) {
        let before = self.exchange(timer, at);
        if before == at {
            return;
        }
        self.count = self.count + usize::from(at.is_some()) - usize::from(before.is_some());
        if let Some(at) = at {
            self.in_order.push(Reverse((at, timer)));
            if self.first.is_none_or(|first| (at, timer) < first) {
                self.first = Some((at, timer));
            }
        }
        if before.is_some_and(|before| self.first == Some((before, timer))) {
            self.first = self.next_set();
        }
        if self.in_order.len() > 2 * self.count + MOST_STALE {
            self.in_order = BinaryHeap::from(self.up_to_date());
        }
    }

    /// The first that is set, after what is out of date was taken out before it.
    fn next_set(&mut self) -> Option<(Timestamp, Timer)> {
        while let Some(&Reverse((at, timer))) = self.in_order.peek() {
            if self.at(timer) == Some(at) {
                return Some((at, timer));
            }
            self.in_order.pop();
        }
        None
    }

    /// The entries of what is set, in no order.
    fn up_to_date(&self) -> Vec<Reverse<(Timestamp, Timer)>> {
        let is_set = |Reverse((at, timer)): &Reverse<_>| self.at(*timer) == Some(*at);
        let mut entries: Vec<_> = self.in_order.iter().copied().filter(is_set).collect();
        if entries.len() > self.count {
            // One that was taken out and set for the same instant again has two.
            entries.sort_unstable();
            entries.dedup();
        }
        entries
    }

    /// Writes down when a timer fires, and gives when it was to.
    fn exchange(&mut self, timer: Timer, at: Option<Timestamp>) -> Option<Timestamp> {
        let (kind, key) = timer.place();
        let of_kind = self.by_timer.get_mut(kind)?;
        if let Some(known) = of_kind.get_mut(key) {
            return std::mem::replace(known, at);
        }
        if at.is_some() {
            of_kind.resize(key, None);
            of_kind.push(at);
        }
        None
    }

    /// When a timer fires.
    pub(super) fn at(&self, timer: Timer) -> Option<Timestamp> {
        let (kind, key) = timer.place();
        self.by_timer.get(kind)?.get(key).copied().flatten()
    }

    /// The next one.
    pub(super) fn first(&self) -> Option<(Timestamp, Timer)> {
        self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_go_by_instant_then_kind_then_key() {
        let at = Timestamp::from_secs;
        let mut timers = Timers::default();
        for (secs, timer) in [
            (5, Timer::Heartbeat(NodeSlot(2))),
            (5, Timer::Heartbeat(NodeSlot(1))),
            (5, Timer::Wait(EvaluationSlot(9))),
            (4, Timer::Progress(DeploymentSlot(0))),
            (7, Timer::Wait(EvaluationSlot(1))),
        ] {
            timers.set(timer, Some(at(secs)));
        }
        timers.set(Timer::Wait(EvaluationSlot(1)), Some(at(3)));
        timers.set(Timer::Heartbeat(NodeSlot(1)), None);
        let mut order = Vec::new();
        while let Some((_, timer)) = timers.first() {
            order.push(timer);
            timers.set(timer, None);
        }
        assert_eq!(
            order,
            [
                Timer::Wait(EvaluationSlot(1)),
                Timer::Progress(DeploymentSlot(0)),
                Timer::Wait(EvaluationSlot(9)),
                Timer::Heartbeat(NodeSlot(2)),
            ]
        );
        assert_eq!(timers.at(Timer::Heartbeat(NodeSlot(2))), None);
    }

    #[test]
    fn what_is_out_of_date_is_passed_over_and_let_go() {
        let at = Timestamp::from_secs;
        let (mut timers, mut anew) = (Timers::default(), Timers::default());
        for round in 0..100 {
            for node in 0..3 {
                timers.set(Timer::Heartbeat(NodeSlot(node)), Some(at(round + i64::from(node))));
            }
            timers.set(Timer::Heartbeat(NodeSlot(1)), None);
            timers.set(Timer::Heartbeat(NodeSlot(1)), Some(at(round + 1)));
            assert_eq!(timers.first(), Some((at(round), Timer::Heartbeat(NodeSlot(0)))));
            assert!(timers.in_order.len() <= 2 * 3 + MOST_STALE + 1);
        }
        for node in [2, 1, 0] {
            anew.set(Timer::Heartbeat(NodeSlot(node)), Some(at(99 + i64::from(node))));
        }
        assert_eq!(timers, anew);
        timers.set(Timer::Heartbeat(NodeSlot(0)), None);
        assert_eq!(timers.first(), Some((at(100), Timer::Heartbeat(NodeSlot(1)))));
        assert_ne!(timers, anew);
    }
}
