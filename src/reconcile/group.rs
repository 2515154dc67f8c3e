//! One group of a service or batch job, step by step (docs/lifecycle.md, section 3, *Per group, in
//! order*).

use std::ops::Range;

use super::changes::{Changes, Figures, FollowUpKind, Stop, Update};
use super::deployment::Deployments;
use super::follow_ups;
use super::names::NameIndex;
use super::view::{AllocationView, Facts, GroupRules, Input};
use crate::state::stop_reason::StopReason;
use crate::time::Timestamp;

/// A group while it is reconciled.
pub(super) struct Group<'a, 'f, F> {
    pub(super) input: &'a Input<'a>,
    pub(super) facts: &'f mut F,
    pub(super) deployments: &'a Deployments<'a>,
    pub(super) changes: &'f mut Changes,
    /// The group's place in the input.
    pub(super) group: u32,
    /// What the present version says of it.
    pub(super) rules: GroupRules,
    /// The places of its allocations.
    pub(super) members: Range<usize>,
    pub(super) figures: Figures,
    pub(super) sets: Sets,
    /// The numbers of its names, once any is asked for.
    pub(super) names: Option<NameIndex>,
    /// The place of its first stop in the changes.
    pub(super) stops_from: usize,
    /// The place of its first update in the changes.
    pub(super) updates_from: usize,
}

/// The allocations of a group by their places in the input.
#[derive(Debug, Default)]
pub(super) struct Sets {
    /// Where they should be.
    pub(super) untainted: Vec<u32>,
    /// The canaries of the current deployment among them.
    pub(super) canaries: Vec<u32>,
    pub(super) migrating: Vec<u32>,
    /// Gone, or given up.
    pub(super) lost: Vec<u32>,
    pub(super) disconnecting: Vec<u32>,
    pub(super) reconnecting: Vec<u32>,
    /// Failed, to be replaced now.
    pub(super) now: Vec<u32>,
    /// Failed, to be replaced then; they stand in their sets as well.
    pub(super) later: Vec<(Timestamp, u32)>,
    /// Whether any that is left after step 4 runs the present version.
    pub(super) has_current: bool,
    /// Whether any of them runs another one.
    pub(super) has_others: bool,
    /// Whether a client may still run what was given up, so that nothing is placed.
    pub(super) is_held_back: bool,
    /// The numbers of the names that were held before anything surplus was stopped.
    pub(super) seed: Option<Vec<u32>>,
    /// Untainted as far as their class tells.
    pub(super) suspects: Vec<u32>,
}

/// What of a group is not up to date.
#[derive(Debug, Default)]
pub(super) struct Outdated {
    /// To be replaced, by name.
    pub(super) destructive: Vec<u32>,
    pub(super) in_place: usize,
}

impl<F: Facts> Group<'_, '_, F> {
    /// Reconciles the group, and says whether it is complete.
    pub(super) fn reconcile(&mut self) -> bool {
        if self.input.rules(self.group).is_none_or(|rules| rules.count == 0) {
            self.stop_all();
            return true;
        }
        self.sort();
        self.reconnect();
        self.disconnect();
        self.stop_lost();
        self.delay_reschedules();
        self.stop_surplus();
        let outdated = self.update_outdated();
        let canaries = self.canaries_needed(&outdated);
        let placed = self.place(&outdated, &canaries);
        self.merge_updates();
        self.create_deployment(&outdated, &canaries, &placed);
        self.is_complete(&outdated, &canaries, &placed)
    }

    /// Makes the evaluations for what is replaced later.
    fn delay_reschedules(&mut self) {
        if self.sets.later.is_empty() {
            return;
        }
        self.figures.reschedule_later = self.sets.later.len() as u32;
        let mut due = std::mem::take(&mut self.sets.later);
        let mut stamps = Vec::new();
        let kinds = (FollowUpKind::Reschedule, FollowUpKind::LaterReschedule);
        follow_ups::batch(&mut due, kinds.0, kinds.1, &mut self.changes.follow_ups, |at, to| {
            stamps.push((at, to));
        });
        for (at, follow_up) in stamps {
            self.update(Update { at, follow_up: Some(follow_up), ..Update::default() });
        }
        self.sets.later = due;
    }

    /// Finds what runs another specification than the present one: what may stay is updated in place,
    /// the rest is to be replaced (docs/lifecycle.md, section 3, *Update decision*).
    fn update_outdated(&mut self) -> Outdated {
        let mut outdated = Outdated::default();
        // By version, once it was asked of any.
        let mut verdicts: Vec<Option<bool>> = Vec::new();
        if !self.sets.has_others {
            self.figures.ignore += self.sets.untainted.len() as u32;
            return outdated;
        }
        for place in 0..self.sets.untainted.len() {
            let at = self.sets.untainted[place];
            let allocation = &self.input.allocations[at as usize];
            if self.input.is_up_to_date(allocation) {
                self.figures.ignore += 1;
                continue;
            }
            let (version, group) = (allocation.version, self.group);
            verdicts.resize(self.input.versions.len(), None);
            let is_destructive = match verdicts.get_mut(version as usize) {
                Some(verdict) => {
                    *verdict.get_or_insert_with(|| self.facts.tasks_updated(version, group))
                }
                None => true,
            };
            if is_destructive {
                outdated.destructive.push(at);
            } else if allocation.is_terminal() {
                self.figures.ignore += 1;
            } else if self.facts.updates_in_place(at as usize, &self.changes.stops) {
                outdated.in_place += 1;
                self.update(Update { at, in_place: true, ..Update::default() });
            } else {
                outdated.destructive.push(at);
            }
        }
        self.figures.in_place_update = outdated.in_place as u32;
        let input = self.input;
        outdated.destructive.sort_by_key(|at| (input.allocations[*at as usize].name_index, *at));
        outdated
    }

    /// Stops an allocation.
    pub(super) fn stop(&mut self, at: u32, reason: StopReason, is_lost: bool) {
        self.changes.stops.push(Stop { at, reason, is_lost, follow_up: None });
    }

    /// The allocation at a place.
    pub(super) fn allocation(&self, at: u32) -> &AllocationView {
        &self.input.allocations[at as usize]
    }

    /// The number in an allocation's name, and its place for those that share one.
    pub(super) fn name_order(&self, at: u32) -> (u32, u32) {
        (self.input.allocations[at as usize].name_index, at)
    }
}
