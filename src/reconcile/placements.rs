//! What is placed: replacements, missing ones, new versions and migrations (docs/lifecycle.md,
//! section 3, *Placements*, *Destructive*, *Migrations*).

use super::canaries::Canaries;
use super::changes::{Placement, PlacementKind};
use super::group::{Group, Outdated};
use super::names::NameIndex;
use super::view::{Facts, Flags};
use crate::model::{ClientStatus, JobType};
use crate::state::stop_reason::StopReason;

/// What came of a group's placements.
#[derive(Debug, Default)]
pub(super) struct Placed {
    /// How many placements are wanted, held back ones included, without canaries and migrations.
    pub(super) wanted: usize,
    /// How many of them are made now.
    pub(super) made: usize,
}

impl<F: Facts> Group<'_, '_, F> {
    /// Places what is missing, replaces what is outdated as far as the limit allows, and moves what
    /// should move.
    pub(super) fn place(&mut self, outdated: &Outdated, canaries: &Canaries) -> Placed {
        self.figures.canary = canaries.placed;
        let missing = self.missing(canaries);
        let is_still = missing == 0
            && canaries.placed == 0
            && self.sets.now.is_empty()
            && self.sets.migrating.is_empty()
            && outdated.destructive.is_empty();
        if is_still {
            return Placed::default();
        }
        let mut list = self.canary_placements(canaries, outdated);
        let wanted = self.wanted(missing, canaries);
        let mut placed = Placed { wanted: wanted.len(), made: 0 };
        let made = self.release(wanted, canaries);
        placed.made = made.len();
        append(&mut list, made);
        self.figures.place = placed.made as u32;
        if list.len() > self.rules.count as usize {
            list.truncate(self.rules.count as usize);
            self.figures.place = self.rules.count;
        }
        let mut destructive = self.replace(outdated, placed.made, canaries);
        append(&mut list, self.migrate(canaries));
        self.number(&mut destructive, &mut list);
        append(&mut self.changes.destructive, destructive);
        append(&mut self.changes.placements, list);
        placed
    }

    /// How many the group lacks, what is replaced as failed aside. Canaries take nobody's place while
    /// they wait, from the pass on that wants more of them.
    fn missing(&self, canaries: &Canaries) -> usize {
        let sets = &self.sets;
        let waiting = if canaries.are_waiting { self.untainted_canaries(true) } else { 0 };
        let existing = sets.untainted.len() - waiting + sets.migrating.len() + sets.now.len();
        (self.rules.count as usize).saturating_sub(existing)
    }

    /// The numbers of the group's names. They are counted when they are first asked for; the sets stay as they
    /// are while the group is placed.
    pub(super) fn names(&mut self) -> &mut NameIndex {
        let names = self.names.take().unwrap_or_else(|| {
            let names = NameIndex::new(self.rules.count, self.held_names());
            match self.sets.seed.take() {
                Some(seed) => names.seeded(seed),
                None => names,
            }
        });
        self.names.insert(names)
    }

    /// Whether several allocations of the group have a name with this number, whether they hold it or have
    /// ended.
    fn is_shared(&self, number: u32) -> bool {
        let members = &self.input.allocations[self.members.clone()];
        let from = members.partition_point(|it| it.name_index < number);
        members[from..].iter().take_while(|it| it.name_index == number).nth(1).is_some()
    }

    /// The numbers of the names that are held.
    pub(super) fn held_names(&self) -> Vec<u32> {
        if self.members.is_empty() {
            return Vec::new();
        }
        let sets = [&self.sets.untainted, &self.sets.migrating, &self.sets.now, &self.sets.lost];
        sets.into_iter().flatten().map(|at| self.allocation(*at).name_index).collect()
    }

    /// A copy of a set in the order of names. Most sets are empty.
    fn by_name(&self, set: &[u32]) -> Vec<u32> {
        if set.is_empty() {
            return Vec::new();
        }
        let mut sorted = set.to_vec();
        sorted.sort_by_key(|at| self.name_order(*at));
        sorted
    }

    fn canary_placements(&mut self, canaries: &Canaries, outdated: &Outdated) -> Vec<Placement> {
        if canaries.placed == 0 {
            return Vec::new();
        }
        let numbers = self.canary_names(canaries.placed, outdated);
        let canary = |name_index| Placement {
            is_canary: true,
            ..self.placement(PlacementKind::Canary, name_index)
        };
        numbers.into_iter().map(canary).collect()
    }

    /// What the group wants placed: replacements of what failed, of what is lost, and fresh ones.
    fn wanted(&mut self, missing: usize, canaries: &Canaries) -> Vec<Placement> {
        if self.sets.is_held_back {
            return Vec::new();
        }
        let mut wanted = Vec::with_capacity(self.sets.now.len() + missing);
        for at in self.by_name(&self.sets.now) {
            wanted.push(self.reschedule(at, canaries));
        }
        let replaced = self.sets.lost.len().min(missing);
        for at in self.by_name(&self.sets.lost).into_iter().take(replaced) {
            wanted.push(self.replacement(PlacementKind::Lost, at, canaries));
        }
        for _ in replaced..missing {
            let number = self.names().take_next();
            wanted.push(self.placement(PlacementKind::Fresh, number));
        }
        wanted
    }

    /// What of it is placed now: while the deployment is held or canaries wait, only what replaces
    /// something. What is replaced as failed is stopped (docs/lifecycle.md, section
    /// 12, trap 9).
    fn release(&mut self, mut wanted: Vec<Placement>, canaries: &Canaries) -> Vec<Placement> {
        if self.deployments.is_held() || canaries.are_waiting {
            let failed = self.deployments.current.filter(|_| self.deployments.has_failed());
            wanted.retain(|placement| match placement.kind {
                PlacementKind::Lost => true,
                PlacementKind::Reschedule => placement.previous.is_none_or(|at| {
                    failed.is_none_or(|failed| self.allocation(at).deployment != failed.handle)
                }),
                _ => false,
            });
        }
        for placement in &wanted {
            let Some(at) = placement.previous else { continue };
            // What only lost its connection may come back.
            let is_awaited =
                self.allocation(at).client == ClientStatus::Unknown || self.is_disconnecting(at);
            if placement.kind == PlacementKind::Reschedule && !is_awaited {
                self.figures.stop += 1;
                self.stop(at, StopReason::Rescheduled, false);
            }
        }
        wanted
    }

    /// Replaces outdated ones, the lowest names first, as far as the limit allows beside what was `placed`; the
    /// rest is left for later.
    fn replace(
        &mut self,
        outdated: &Outdated,
        placed: usize,
        canaries: &Canaries,
    ) -> Vec<Placement> {
        if outdated.destructive.is_empty() {
            return Vec::new();
        }
        let limit = self.limit(canaries).saturating_sub(placed);
        let made = limit.min(outdated.destructive.len());
        self.figures.destructive_update = made as u32;
        self.figures.ignore += (outdated.destructive.len() - made) as u32;
        let replacement = |at: &u32| self.replacement(PlacementKind::Destructive, *at, canaries);
        outdated.destructive[..made].iter().map(replacement).collect()
    }

    /// Moves what should move. What a drain has forced to end is stopped only.
    fn migrate(&mut self, canaries: &Canaries) -> Vec<Placement> {
        let migrating = self.by_name(&self.sets.migrating);
        self.figures.migrate = migrating.len() as u32;
        let mut moved = Vec::new();
        for at in migrating {
            self.stop(at, StopReason::Migrating, false);
            let ends = Flags::MIGRATE_DISABLE_PLACEMENT.with(Flags::RESCHEDULE);
            let is_batch = self.input.job_type == JobType::Batch;
            if !(is_batch && self.allocation(at).flags.has(ends)) {
                moved.push(self.replacement(PlacementKind::Migration, at, canaries));
            }
        }
        moved
    }

    /// Whether the node of an allocation has just stopped answering.
    fn is_disconnecting(&self, at: u32) -> bool {
        self.sets.disconnecting.binary_search(&at).is_ok()
    }

    /// Gives the first holders of a number that several hold another one.
    fn number(&mut self, destructive: &mut [Placement], list: &mut [Placement]) {
        let mut moved: Vec<(u32, usize)> = Vec::new();
        for placement in destructive.iter_mut().chain(list) {
            let number = placement.name_index;
            if placement.previous.is_none() || !self.is_shared(number) {
                continue;
            }
            let holders = self.names().holders(number);
            if holders < 2 {
                continue;
            }
            let place = moved.iter().position(|(known, _)| *known == number).unwrap_or_else(|| {
                moved.push((number, 0));
                moved.len() - 1
            });
            if moved[place].1 + 1 < holders {
                moved[place].1 += 1;
                placement.name_index = self.names().take_one();
            }
        }
    }

    fn placement(&self, kind: PlacementKind, name_index: u32) -> Placement {
        Placement {
            group: self.group,
            name_index,
            kind,
            previous: None,
            is_canary: false,
            is_downgraded: false,
            reschedule: None,
            node: None,
        }
    }

    /// A placement under the name of what it replaces.
    fn replacement(&self, kind: PlacementKind, at: u32, canaries: &Canaries) -> Placement {
        let allocation = self.allocation(at);
        let is_canary = allocation.flags.has(Flags::CANARY);
        let keeps_mark = kind == PlacementKind::Reschedule;
        Placement {
            previous: Some(at),
            is_canary: is_canary && keeps_mark,
            is_downgraded: canaries.are_waiting && !is_canary,
            ..self.placement(kind, allocation.name_index)
        }
    }

    /// A placement that replaces a failed allocation.
    fn reschedule(&self, at: u32, canaries: &Canaries) -> Placement {
        let own = self.input.own_rules(self.allocation(at));
        let situation = self.situation(at as usize, &own, self.is_disconnecting(at));
        let failed_at = super::reschedule::failed_at(self.allocation(at), &situation);
        let events = situation.history.reschedules;
        let record = own.reschedule.record(events, failed_at, self.input.now);
        Placement {
            reschedule: Some(record),
            ..self.replacement(PlacementKind::Reschedule, at, canaries)
        }
    }
}

/// Adds placements at the end of a list. An empty list takes over their memory.
fn append(list: &mut Vec<Placement>, mut more: Vec<Placement>) {
    match list.is_empty() {
        true => *list = more,
        false => list.append(&mut more),
    }
}
