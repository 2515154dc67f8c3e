//! Timers, ordered by instant, then by kind, then by key. They are derived from the state.

use std::collections::BTreeSet;

use crate::state::fast_map::FastMap;
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

/// The instants that are waited for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Timers {
    in_order: BTreeSet<(Timestamp, Timer)>,
    by_timer: FastMap<Timer, Timestamp>,
}

impl Timers {
    /// Sets the instant of a timer, or takes it out.
    pub(super) fn set(&mut self, timer: Timer, at: Option<Timestamp>) {
        let before = match at {
            Some(at) => self.by_timer.insert(timer, at),
            None => self.by_timer.swap_remove(&timer),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.in_order.remove(&(before, timer));
        }
        if let Some(at) = at {
            self.in_order.insert((at, timer));
        }
    }

    /// The next one.
    pub(super) fn first(&self) -> Option<(Timestamp, Timer)> {
        self.in_order.first().copied()
    }

    /// When a timer fires.
    #[cfg(test)]
    pub(super) fn at(&self, timer: Timer) -> Option<Timestamp> {
        self.by_timer.get(&timer).copied()
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
}
