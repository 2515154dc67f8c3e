//! When a failed allocation is replaced: the policy, its delays, and what becomes of each candidate
//! (docs/lifecycle.md, section 3, *Reschedule filter*, *Policy*, *Tracker*).

use super::changes::{RescheduleEvent, Rescheduling};
use super::view::{AllocationView, Flags, History, NONE, RescheduleRules};
use crate::model::{ClientStatus, DelayFunction, DesiredStatus};
use crate::time::{Span, Timestamp};

/// What is due this soon is due now.
const WINDOW: Span = Span::from_secs(1);

/// How many events a tracker keeps of a policy that counts no attempts.
const EVENTS_KEPT_MAX: usize = 5;

/// What becomes of an allocation that may have to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It stays in its set.
    Stays,
    /// It leaves its set and counts nowhere.
    Dropped,
    /// It is replaced now.
    Now,
    /// It stays in its set and is replaced then.
    Later(Timestamp),
}

/// What the filter has to know beside the allocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation<'a> {
    pub(crate) now: Timestamp,
    pub(crate) is_batch: bool,
    /// The evaluation that is processed.
    pub(crate) evaluation: u32,
    /// The current deployment, if it goes on.
    pub(crate) active_deployment: u32,
    /// Whether the allocation's node has just stopped answering.
    pub(crate) is_disconnecting: bool,
    /// Whether the allocation is replaced when its node does not answer.
    pub(crate) replace: bool,
    pub(crate) rules: &'a RescheduleRules,
    pub(crate) history: History<'a>,
}

impl Situation<'_> {
    /// Whether the evaluation is the one that an allocation waits for. None that has no name is
    /// (docs/lifecycle.md, section 12, trap 8).
    fn is_follow_up_of(&self, allocation: &AllocationView) -> bool {
        self.evaluation != NONE && allocation.follow_up == self.evaluation
    }

    /// Whether the evaluation is to replace an allocation that was heard nothing of until now.
    fn is_given_up(&self, allocation: &AllocationView) -> bool {
        allocation.client == ClientStatus::Unknown && self.is_follow_up_of(allocation)
    }
}

impl RescheduleRules {
    /// Whether failed allocations are replaced at all.
    pub(crate) fn is_enabled(&self) -> bool {
        self.unlimited || (self.attempts > 0 && self.interval > Span::ZERO)
    }

    /// How long the next replacement waits after the failure.
    pub(crate) fn next_delay(&self, events: &[RescheduleEvent], failed_at: Timestamp) -> Span {
        let delay = match (self.function, events) {
            (DelayFunction::Exponential, [.., last]) => last.delay.saturating_mul(2),
            (DelayFunction::Fibonacci, [.., before, last]) => {
                // Once the longest was reached and it was quiet for so long that it began anew.
                if before.delay == self.delay_max && last.delay == self.delay {
                    self.delay
                } else {
                    before.delay + last.delay
                }
            }
            _ => self.delay,
        };
        let is_limited = self.function != DelayFunction::Constant && self.delay_max > Span::ZERO;
        if !is_limited || delay <= self.delay_max {
            return delay;
        }
        let is_quiet = events.last().is_some_and(|last| failed_at.since(last.at) > self.delay_max);
        if is_quiet { self.delay } else { self.delay_max }
    }

    /// Whether an allocation that failed then may be replaced once more.
    pub(crate) fn is_eligible(
        &self,
        events: &[RescheduleEvent],
        failed_at: Timestamp,
        delay: Span,
    ) -> bool {
        if self.unlimited {
            return true;
        }
        let attempted =
            events.iter().filter(|event| failed_at.since(event.at) < self.interval).count();
        self.is_enabled() && attempted < self.attempts as usize && delay < self.interval
    }

    /// The record of a replacement made now.
    pub(crate) fn record(
        &self,
        events: &[RescheduleEvent],
        failed_at: Timestamp,
        now: Timestamp,
    ) -> Rescheduling {
        let kept = if self.attempts > 0 && !self.unlimited {
            let is_recent =
                |(_, event): &(usize, &RescheduleEvent)| now.since(event.at) <= self.interval;
            events.iter().enumerate().filter(is_recent).map(|(at, _)| at).collect()
        } else {
            (events.len().saturating_sub(EVENTS_KEPT_MAX)..events.len()).collect()
        };
        let delay = self.next_delay(events, failed_at);
        Rescheduling { kept, event: RescheduleEvent { at: now, delay } }
    }
}

/// What becomes of an allocation that is not where it should be, or has ended.
pub(crate) fn outcome(allocation: &AllocationView, situation: &Situation<'_>) -> Outcome {
    if allocation.next != NONE && allocation.is_terminal() {
        return Outcome::Dropped;
    }
    let early =
        if situation.is_batch { of_batch(allocation, situation) } else { of_service(allocation) };
    early.unwrap_or_else(|| of_candidate(allocation, situation))
}

/// What becomes of a batch allocation unless it is a candidate.
fn of_batch(allocation: &AllocationView, situation: &Situation<'_>) -> Option<Outcome> {
    let flags = allocation.flags;
    if flags.has(Flags::MIGRATE_DISABLE_PLACEMENT) {
        return Some(Outcome::Stays);
    }
    if flags.has(Flags::RESCHEDULE) {
        return None;
    }
    match allocation.desired {
        DesiredStatus::Stop if flags.has(Flags::RAN_SUCCESSFULLY) => Some(Outcome::Stays),
        DesiredStatus::Stop if flags.has(Flags::RESCHEDULE_FAILED) => None,
        DesiredStatus::Stop | DesiredStatus::Evict => Some(Outcome::Dropped),
        _ if allocation.client == ClientStatus::Failed || situation.is_disconnecting => None,
        _ => Some(Outcome::Stays),
    }
}

/// What becomes of a service allocation unless it is a candidate.
fn of_service(allocation: &AllocationView) -> Option<Outcome> {
    match allocation.desired {
        DesiredStatus::Stop | DesiredStatus::Evict => {
            let is_candidate = allocation.flags.has(Flags::RESCHEDULE_FAILED);
            (!is_candidate).then_some(Outcome::Dropped)
        }
        _ if matches!(allocation.client, ClientStatus::Complete | ClientStatus::Lost) => {
            Some(Outcome::Dropped)
        }
        _ => None,
    }
}

/// What becomes of a candidate.
fn of_candidate(allocation: &AllocationView, situation: &Situation<'_>) -> Outcome {
    let flags = allocation.flags;
    // The deployment decides about its own.
    let is_watched =
        situation.active_deployment != NONE && allocation.deployment == situation.active_deployment;
    if is_watched && !flags.has(Flags::RESCHEDULE) {
        return Outcome::Stays;
    }
    if flags.has(Flags::FORCE_RESCHEDULE) && allocation.client.is_terminal() {
        return Outcome::Now;
    }
    if situation.is_disconnecting && !situation.replace {
        return Outcome::Stays;
    }
    let is_awaited = situation.is_follow_up_of(allocation);
    let is_given_up = situation.is_given_up(allocation);
    let has_failed = matches!(allocation.client, ClientStatus::Failed | ClientStatus::Lost)
        || (situation.is_batch && flags.has(Flags::RESCHEDULE));
    let is_told_to_stop =
        allocation.desired == DesiredStatus::Stop && !flags.has(Flags::RESCHEDULE_FAILED);
    let may_be = has_failed || situation.is_disconnecting || is_given_up;
    if !situation.rules.is_enabled() || is_told_to_stop || !may_be {
        return Outcome::Stays;
    }
    let events = situation.history.reschedules;
    let failed_at = failed_at(allocation, situation);
    let delay = situation.rules.next_delay(events, failed_at);
    if !situation.rules.is_eligible(events, failed_at, delay) {
        return Outcome::Stays;
    }
    let due = failed_at + delay;
    if is_awaited || due.since(situation.now) <= WINDOW {
        Outcome::Now
    } else if allocation.follow_up == NONE {
        Outcome::Later(due)
    } else {
        Outcome::Stays
    }
}

/// When a candidate failed.
pub(crate) fn failed_at(allocation: &AllocationView, situation: &Situation<'_>) -> Timestamp {
    if situation.is_disconnecting {
        situation.now
    } else if situation.is_given_up(allocation) {
        situation.history.last_unknown.unwrap_or(situation.now)
    } else {
        situation.history.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(pairs: &[(i64, i64)]) -> Vec<RescheduleEvent> {
        pairs
            .iter()
            .map(|(at, delay)| RescheduleEvent {
                at: Timestamp::from_secs(*at),
                delay: Span::from_secs(*delay),
            })
            .collect()
    }

    fn rules(function: DelayFunction, delay: i64, delay_max: i64) -> RescheduleRules {
        RescheduleRules {
            unlimited: true,
            delay: Span::from_secs(delay),
            function,
            delay_max: Span::from_secs(delay_max),
            ..RescheduleRules::default()
        }
    }

    #[test]
    fn case_55_fibonacci() {
        let rules = rules(DelayFunction::Fibonacci, 5, 3600);
        let delay = |pairs: &[(i64, i64)]| {
            rules.next_delay(&events(pairs), Timestamp::from_secs(1000)).as_nanos() / 1_000_000_000
        };
        assert_eq!(delay(&[(800, 65), (900, 105)]), 170);
        assert_eq!((delay(&[]), delay(&[(900, 5)])), (5, 5));
        assert_eq!(delay(&[(10, 3600), (900, 5)]), 5);
    }

    #[test]
    fn case_56_exponential() {
        let rules = rules(DelayFunction::Exponential, 5, 90);
        let delay = |pairs: &[(i64, i64)]| {
            rules.next_delay(&events(pairs), Timestamp::from_secs(1000)).as_nanos() / 1_000_000_000
        };
        assert_eq!(delay(&[(990, 20)]), 40);
        assert_eq!(delay(&[(990, 80)]), 90);
        assert_eq!(delay(&[(900, 90)]), 5);
    }

    #[test]
    fn case_57_attempts_used_up() {
        let rules = RescheduleRules {
            attempts: 2,
            interval: Span::from_secs(600),
            delay: Span::from_secs(5),
            ..RescheduleRules::default()
        };
        let failed_at = Timestamp::from_secs(1000);
        let delay = Span::from_secs(5);
        assert!(!rules.is_eligible(&events(&[(500, 5), (900, 5)]), failed_at, delay));
        assert!(rules.is_eligible(&events(&[(300, 5), (900, 5)]), failed_at, delay));
        // An empty tracker is no attempt at all (docs/lifecycle.md, section 12, trap 3).
        assert!(rules.is_eligible(&[], failed_at, delay));
        assert!(!rules.is_eligible(&[], failed_at, Span::from_secs(600)));
    }

    #[test]
    fn case_58_five_events_are_kept() {
        let rules = rules(DelayFunction::Constant, 5, 0);
        let past = events(&[(1, 5), (2, 5), (3, 5), (4, 5), (5, 5), (6, 5), (7, 5)]);
        let now = Timestamp::from_secs(1000);
        let record = rules.record(&past, now, now);
        assert_eq!(record.kept, [2, 3, 4, 5, 6]);
        assert_eq!(record.event, RescheduleEvent { at: now, delay: Span::from_secs(5) });
    }
}
