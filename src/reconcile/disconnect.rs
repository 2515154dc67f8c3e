//! Nodes that stop answering and answer again (docs/lifecycle.md, section 3.2).

use std::ops::Range;

use super::changes::{FollowUpKind, Update};
use super::follow_ups;
use super::group::Group;
use super::view::{AllocationView, Facts, Flags, Input, NONE};
use crate::model::{ClientStatus, DesiredStatus, DisconnectReconcile};
use crate::state::stop_reason::StopReason;
use crate::time::{Span, Timestamp};

impl<F: Facts> Group<'_, '_, F> {
    /// Decides who stays where an allocation comes back: itself, or what replaced it.
    pub(super) fn reconnect(&mut self) {
        if self.sets.reconnecting.is_empty() {
            return;
        }
        let reconnecting = std::mem::take(&mut self.sets.reconnecting);
        let mut returned = Returned::new(self.input, self.members.clone());
        self.changes.stops[self.stops_from..].iter().for_each(|stop| returned.stop(stop.at));
        for at in &reconnecting {
            if returned.is_stopped(*at) {
                continue;
            }
            if let Some(reason) = self.reason_against(*at) {
                self.stop_returned(&mut returned, *at, reason);
            } else {
                self.compare_with_replacements(&mut returned, *at);
                self.sets.untainted.push(*at);
            }
        }
        self.take_out(&returned);
        for at in reconnecting.iter().filter(|at| !returned.is_stopped(**at)) {
            let (client, follow_up) = (self.allocation(*at).client, self.allocation(*at).follow_up);
            // Its client has not said yet how it is.
            if client == ClientStatus::Unknown {
                continue;
            }
            self.figures.reconnect += 1;
            self.update(Update { at: *at, is_reconnecting: true, ..Update::default() });
            if follow_up != NONE {
                self.changes.superseded.push(follow_up);
            }
        }
    }

    /// Marks what stopped answering, and makes the evaluations that give it up.
    pub(super) fn disconnect(&mut self) {
        let disconnecting = std::mem::take(&mut self.sets.disconnecting);
        if disconnecting.is_empty() {
            return;
        }
        self.figures.disconnect = disconnecting.len() as u32;
        self.figures.reschedule_now = self.sets.now.len() as u32;
        let mut due: Vec<(Timestamp, u32)> = Vec::with_capacity(disconnecting.len());
        for at in &disconnecting {
            self.update(Update { at: *at, is_disconnecting: true, ..Update::default() });
            let own = self.input.own_rules(self.allocation(*at));
            let lost_after = own.disconnect.lost_after.unwrap_or(Span::ZERO);
            due.push((self.input.now + lost_after, *at));
        }
        let mut stamps = Vec::new();
        let kind = FollowUpKind::DisconnectTimeout;
        follow_ups::batch(&mut due, kind, kind, &mut self.changes.follow_ups, |at, to| {
            stamps.push((at, to));
        });
        for (at, follow_up) in stamps {
            self.update(Update { at, follow_up: Some(follow_up), ..Update::default() });
        }
        self.sets.disconnecting = disconnecting;
    }

    /// Why an allocation that came back is not wanted, whatever replaced it.
    fn reason_against(&self, at: u32) -> Option<StopReason> {
        let allocation = self.allocation(at);
        if allocation.client == ClientStatus::Failed {
            return Some(StopReason::Rescheduled);
        }
        let told = Flags::MIGRATE.with(Flags::RESCHEDULE).with(Flags::FORCE_RESCHEDULE);
        let is_unwanted = allocation.desired != DesiredStatus::Run
            || allocation.flags.has(told)
            || self.input.is_older(allocation);
        is_unwanted.then_some(StopReason::NotNeeded)
    }

    fn stop_returned(&mut self, returned: &mut Returned, at: u32, reason: StopReason) {
        returned.stop(at);
        self.figures.stop += 1;
        self.stop(at, reason, false);
    }

    /// Compares an allocation that came back with each live replacement of it; what loses stops.
    fn compare_with_replacements(&mut self, returned: &mut Returned, at: u32) {
        let mut next = self.allocation(at).next;
        // A chain is no longer than the group has allocations.
        for _ in self.members.clone() {
            let Some(place) = returned.find(next).filter(|place| *place != at) else { return };
            let replacement = *self.allocation(place);
            next = replacement.next;
            if replacement.is_terminal() || returned.is_stopped(place) {
                continue;
            }
            if !self.prefers_replacement(at, place, &replacement) {
                self.stop_returned(returned, place, StopReason::ReconnectReplaced);
            } else if !returned.is_stopped(at) {
                self.stop_returned(returned, at, StopReason::NotNeeded);
            }
        }
    }

    /// Takes what was stopped out of what counts.
    fn take_out(&mut self, returned: &Returned) {
        let sets = &mut self.sets;
        for set in [
            &mut sets.untainted,
            &mut sets.canaries,
            &mut sets.migrating,
            &mut sets.lost,
            &mut sets.disconnecting,
            &mut sets.now,
        ] {
            set.retain(|at| !returned.is_stopped(*at));
        }
        sets.later.retain(|(_, at)| !returned.is_stopped(*at));
    }

    /// Whether a replacement is preferred to the allocation that came back.
    fn prefers_replacement(&self, at: u32, place: u32, replacement: &AllocationView) -> bool {
        let original = self.allocation(at);
        let version = |it: &AllocationView| {
            self.input.versions.get(it.version as usize).map(|it| (it.create_index, it.version))
        };
        if version(replacement) > version(original) {
            return true;
        }
        let (at, place) = (at as usize, place as usize);
        match self.input.own_rules(original).disconnect.choice {
            DisconnectReconcile::KeepOriginal => false,
            DisconnectReconcile::KeepReplacement => true,
            DisconnectReconcile::BestScore => {
                let runs = |it: &AllocationView| it.client == ClientStatus::Running;
                self.facts.top_score(place) > self.facts.top_score(at)
                    && (runs(replacement) || !runs(original))
            }
            DisconnectReconcile::LongestRunning => {
                match (self.facts.running_since(at), self.facts.running_since(place)) {
                    (None, _) => true,
                    (Some(_), None) => false,
                    (Some(original), Some(replacement)) => replacement <= original,
                }
            }
        }
    }
}

/// Allocations that come back, and what replaced them.
struct Returned {
    /// The place of the group's first allocation.
    from: usize,
    /// By place in the group: whether it stops.
    stopped: Vec<bool>,
    /// By handle, ascending: its place.
    places: Vec<(u32, u32)>,
}

impl Returned {
    fn new(input: &Input<'_>, members: Range<usize>) -> Returned {
        let mut places: Vec<(u32, u32)> =
            members.clone().map(|at| (input.allocations[at].handle, at as u32)).collect();
        places.sort_unstable();
        Returned { from: members.start, stopped: vec![false; members.len()], places }
    }

    fn is_stopped(&self, at: u32) -> bool {
        self.stopped[at as usize - self.from]
    }

    fn stop(&mut self, at: u32) {
        self.stopped[at as usize - self.from] = true;
    }

    /// The place of the group's allocation with a handle.
    fn find(&self, handle: u32) -> Option<u32> {
        let found = self.places.binary_search_by_key(&handle, |(handle, _)| *handle).ok()?;
        Some(self.places[found].1)
    }
}
