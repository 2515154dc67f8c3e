//! The allocations of a group, sorted by what they are to it (docs/lifecycle.md, section 3, steps 1
//! to 5).

use std::ops::Range;

use super::changes::Update;
use super::classify::{self, Class};
use super::group::Group;
use super::reschedule::{self, Outcome, Situation};
use super::view::{AllocationView, Facts, Flags, GroupRules, NONE, NodeCondition};
use crate::model::{ClientStatus, DesiredStatus, JobType};
use crate::state::stop_reason::StopReason;

impl<F: Facts> Group<'_, '_, F> {
    /// Sorts the allocations of the group.
    pub(super) fn sort(&mut self) {
        // Mostly all are plain.
        if self.deployments.has_canaries(self.group) {
            self.members.clone().for_each(|at| self.sort_special(at));
        } else {
            let notable = self.input.notable;
            let from = notable.partition_point(|at| (*at as usize) < self.members.start);
            let to = from + notable[from..].partition_point(|at| (*at as usize) < self.members.end);
            let mut at = self.members.start;
            for notable in notable[from..to].iter().map(|at| *at as usize) {
                self.add_plain(at..notable);
                self.sort_special(notable);
                at = notable + 1;
            }
            self.add_plain(at..self.members.end);
        }
        self.filter_reschedules();
    }

    /// Takes what is plain for untainted.
    fn add_plain(&mut self, places: Range<usize>) {
        let (plain, current) = (&self.input.allocations[places.clone()], self.input.current);
        debug_assert!(plain.iter().all(classify::is_plain));
        // Mostly all run the present version, which is told without a branch for each.
        match plain.iter().fold(0, |all, it| all | it.version ^ current) {
            0 => self.sets.has_current |= !plain.is_empty(),
            _ => {
                self.sets.has_others = true;
                self.sets.has_current |= plain.iter().any(|it| it.version == current);
            }
        }
        self.sets.untainted.extend(places.start as u32..places.end as u32);
    }

    /// Sorts an allocation that something is known of.
    fn sort_special(&mut self, at: usize) {
        let allocation = &self.input.allocations[at];
        self.sets.is_held_back |= self.may_still_run(allocation);
        if self.is_member(at) && !self.is_canary_stopped(at) {
            self.sets.has_current |= self.input.is_current(allocation);
            self.sets.has_others |= allocation.version != self.input.current;
            self.sort_one(at);
        }
    }

    /// Whether an allocation is more than history (docs/lifecycle.md, section 3, steps 1 and 3).
    pub(super) fn is_member(&mut self, at: usize) -> bool {
        let allocation = &self.input.allocations[at];
        let is_batch = self.input.job_type == JobType::Batch;
        // The record of a failed placement is no allocation.
        if allocation.desired == DesiredStatus::Failed {
            return false;
        }
        if allocation.is_server_terminal() && (!is_batch || allocation.flags.has(Flags::RESCHEDULE))
        {
            return false;
        }
        true
    }

    /// Whether an allocation is batch work that has ended and that the present version does not count: that of
    /// an older one, and what a drain has ended for good of any other (docs/lifecycle.md, section 3, step 3).
    fn is_earlier_work(&self, allocation: &AllocationView) -> bool {
        if self.input.job_type != JobType::Batch || !allocation.is_terminal() {
            return false;
        }
        self.input.is_older(allocation)
            || is_ended_for_good(allocation) && !self.input.is_current(allocation)
    }

    /// Whether the client of an allocation that was given up may still run it, so that what replaces
    /// it waits for the evaluation that was made then (docs/lifecycle.md, section 12, trap 10).
    fn may_still_run(&self, allocation: &AllocationView) -> bool {
        allocation.client == ClientStatus::Lost
            && allocation.flags.has(Flags::FOLLOW_UP_WAITS)
            && allocation.follow_up != self.input.evaluation
            && self.input.own_rules(allocation).disconnect.stop_on_client_after.is_some()
    }

    /// The class of an allocation.
    pub(super) fn class(&self, at: usize) -> Class {
        let mut allocation = self.input.allocations[at];
        if classify::is_plain(&allocation) {
            return Class::Untainted;
        }
        let own = self.input.own_rules(&allocation);
        // No drainer tells the allocations of the first API when to move.
        let drains = [NodeCondition::Draining, NodeCondition::DrainingUnready];
        if self.input.first_api.is_some() && drains.contains(&allocation.condition) {
            allocation.flags = allocation.flags.with(Flags::MIGRATE);
        }
        let last_unknown = (allocation.client == ClientStatus::Unknown)
            .then(|| self.facts.history(at).last_unknown)
            .flatten();
        classify::classify(&allocation, &own.disconnect, last_unknown, self.input.now)
    }

    fn sort_one(&mut self, at: usize) {
        let allocation = &self.input.allocations[at];
        if self.is_earlier_work(allocation) {
            self.figures.ignore += 1;
            return;
        }
        let class = self.class(at);
        let sets = &mut self.sets;
        match class {
            Class::Ignore => {
                self.figures.ignore += 1;
                return;
            }
            Class::Untainted if classify::is_plain(allocation) => &mut sets.untainted,
            Class::Untainted => &mut sets.suspects,
            Class::Migrate => &mut sets.migrating,
            Class::Lost | Class::Expiring => &mut sets.lost,
            Class::Disconnecting => &mut sets.disconnecting,
            Class::Reconnecting => &mut sets.reconnecting,
        }
        .push(at as u32);
    }

    /// Finds what is to be replaced as failed, now or later.
    fn filter_reschedules(&mut self) {
        for at in std::mem::take(&mut self.sets.suspects) {
            if self.keeps(at) {
                self.sets.untainted.push(at);
            }
        }
        let migrating = std::mem::take(&mut self.sets.migrating);
        self.sets.migrating = migrating.into_iter().filter(|at| self.keeps(*at)).collect();
        let mut disconnecting = std::mem::take(&mut self.sets.disconnecting);
        disconnecting.retain(|at| match self.filter(*at, true) {
            Outcome::Stays | Outcome::Later(_) => {
                self.sets.untainted.push(*at);
                true
            }
            Outcome::Now => true,
            Outcome::Dropped => false,
        });
        self.sets.disconnecting = disconnecting;
    }

    /// Whether an allocation stays in its set.
    fn keeps(&mut self, at: u32) -> bool {
        matches!(self.filter(at, false), Outcome::Stays | Outcome::Later(_))
    }

    /// What becomes of an allocation that may have to be replaced.
    fn filter(&mut self, at: u32, is_disconnecting: bool) -> Outcome {
        let allocation = &self.input.allocations[at as usize];
        let own = self.input.own_rules(allocation);
        let situation = self.situation(at as usize, &own, is_disconnecting);
        let outcome = reschedule::outcome(allocation, &situation);
        match outcome {
            Outcome::Now => self.sets.now.push(at),
            Outcome::Later(due) => self.sets.later.push((due, at)),
            Outcome::Stays | Outcome::Dropped => {}
        }
        outcome
    }

    /// What rescheduling an allocation depends on.
    pub(super) fn situation<'s>(
        &'s self,
        at: usize,
        own: &'s GroupRules,
        is_disconnecting: bool,
    ) -> Situation<'s> {
        let active = self.deployments.current.filter(|it| it.status.is_active());
        Situation {
            now: self.input.now,
            is_batch: self.input.job_type == JobType::Batch,
            evaluation: self.input.evaluation,
            active_deployment: active.map_or(NONE, |it| it.handle),
            is_disconnecting,
            replace: own.disconnect.replace,
            rules: &own.reschedule,
            history: self.facts.history(at),
        }
    }

    /// Stops everything of a group that the job has not, or wants none of (docs/lifecycle.md,
    /// section 3, step 2).
    pub(super) fn stop_all(&mut self) {
        for at in self.members.clone() {
            if !self.is_member(at) {
                continue;
            }
            self.figures.stop += 1;
            match self.class(at) {
                Class::Ignore => {}
                Class::Lost => self.stop(at as u32, StopReason::Lost, true),
                _ => self.stop(at as u32, StopReason::NotNeeded, false),
            }
        }
    }

    /// Writes an allocation anew.
    pub(super) fn update(&mut self, update: Update) {
        self.changes.updates.push(update);
    }

    /// Makes one update of all that was said of each allocation; of evaluations the last one counts.
    pub(super) fn merge_updates(&mut self) {
        let updates = &mut self.changes.updates;
        if updates.len() == self.updates_from {
            return;
        }
        let mut of_group = updates.split_off(self.updates_from);
        of_group.sort_by_key(|update| update.at);
        of_group.dedup_by(|update, first| {
            if update.at != first.at {
                return false;
            }
            first.in_place |= update.in_place;
            first.is_disconnecting |= update.is_disconnecting;
            first.is_reconnecting |= update.is_reconnecting;
            first.follow_up = update.follow_up.or(first.follow_up);
            true
        });
        updates.extend(of_group);
    }
}

/// Whether a drain has ended batch work for good: it stays among what counts whether or not it is stopped again
/// (docs/lifecycle.md, section 3, *Classification*, 2).
pub(super) fn is_ended_for_good(allocation: &AllocationView) -> bool {
    allocation.is_server_terminal() && allocation.flags.has(Flags::MIGRATE_DISABLE_PLACEMENT)
}
