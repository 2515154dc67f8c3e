//! Placing for an evaluation: what became of each request is told, since who asks decides what that
//! comes to for others.

use std::sync::Arc;

use super::caches::Caches;
use super::group::GroupPlan;
use super::options::PlaceOptions;
use super::outcome::Outcome;
use super::place::GroupRequests;
use super::placer::Placer;
use super::refusal::NodeRefusals;
use super::request::{Origin, Verdict};
use super::select::nodes::base_tally;
use crate::model::Job;
use crate::state::slots::JobSlot;
use crate::state::tally::Filtered;
use crate::state::transaction::Transaction;

/// The requests of an evaluation for one group of a version of its job.
pub(crate) struct EvaluationRequests<'a> {
    pub(crate) requests: GroupRequests<'a>,
    pub(crate) origin: Origin,
}

/// Places what an evaluation asks for of its job, in the order of the requests, and gives what became of
/// each. Where the job is to be placed whole, nothing is attempted after the first failure, the nodes of
/// a system job aside, each of which is asked; what was placed is for the caller to take back.
pub(crate) fn place_for_evaluation<'a>(
    state: &mut Transaction<'_>,
    caches: &mut Caches,
    (job, slot): (&Job, Option<JobSlot>),
    requests: impl Iterator<Item = EvaluationRequests<'a>>,
    options: &PlaceOptions,
) -> (Outcome, Vec<Verdict>) {
    let mut verdicts = std::mem::take(&mut caches.buffers.verdicts);
    let mut placer = Placer::new(state, caches, (job, slot), options, None);
    placer.all_at_once = false;
    for EvaluationRequests { requests, origin } in requests {
        placer.origin = origin;
        let is_given_up = job.all_at_once && !placer.outcome.failed.is_empty();
        match requests.job.job_type().is_system() {
            true => placer.place_on_nodes(&requests, &mut verdicts),
            false if is_given_up => placer.leave(&requests, &mut verdicts),
            false => placer.place_counted(&requests, &mut verdicts),
        }
    }
    (placer.finish(), verdicts)
}

impl Placer<'_, '_, '_> {
    /// Places allocations of a group of which there should be so many. The first failure ends it.
    fn place_counted(&mut self, of: &GroupRequests<'_>, verdicts: &mut Vec<Verdict>) {
        let before = self.outcome.groups.len();
        // It breaks only where a job is placed whole.
        _ = self.place_group(of.job, of.group, of.requests);
        let group = self.outcome.groups.get(before);
        let placed = group.map_or(0, |group| group.allocations.len());
        let verdict = |at| if at < placed { Verdict::Placed } else { Verdict::Exhausted };
        verdicts.extend((0..of.requests.len()).map(verdict));
    }

    /// Counts what is not attempted any more of the group that failed.
    fn leave(&mut self, of: &GroupRequests<'_>, verdicts: &mut Vec<Verdict>) {
        self.has_failed(of.job, of.group, of.requests.len());
        verdicts.extend(of.requests.iter().map(|_| Verdict::Exhausted));
    }

    /// Places allocations of a system job, each on its own node.
    fn place_on_nodes(&mut self, of: &GroupRequests<'_>, verdicts: &mut Vec<Verdict>) {
        let Some(group) = of.job.spec().task_groups.get(of.group) else {
            return verdicts.extend(of.requests.iter().map(|_| Verdict::Filtered));
        };
        let (slot, known) = (Some(self.job_slot), (of.group, group));
        let mut plan = GroupPlan::of_known(of.job, slot, known, 0, self.options);
        let mut open = self.open_group(&plan);
        let mut left = of.requests;
        let mut refusals = NodeRefusals::new(&plan);
        let (first, mut ending) = (verdicts.len(), Vec::new());
        while let Some(request) = left.first() {
            plan.adapt_to(request);
            let Some(refusal) = self.serve_replacing(&plan, &mut open, &mut left) else {
                verdicts.resize(first + of.requests.len() - left.len(), Verdict::Placed);
                continue;
            };
            left = left.split_first().map_or(&[], |(_, rest)| rest);
            // A node that the job does not look at has neither a filter nor a count.
            let lacks_room = refusal.filter.is_none() && refusal.tally.exhausted.nodes > 0;
            verdicts.push(if lacks_room { Verdict::Exhausted } else { Verdict::Filtered });
            refusals.add(refusal);
            if let Some(replaced) = request.replaces.filter(|_| !lacks_room) {
                // What a node may not run any more ends there, and others may have its room.
                self.state.stage_stop(replaced);
                ending.push(replaced);
            }
        }
        self.close_group(plan.job, open);
        // A group of which nothing was placed leaves no trace; what ends does.
        ending.into_iter().for_each(|slot| self.state.stage_stop(slot));
        if let Some((refusal, nodes)) = refusals.exhausted() {
            let mut failed = self.outcome.failed.iter_mut();
            match failed.find(|it| it.group == of.group) {
                Some(failure) => failure.unplaced += nodes,
                None => self.fail(&plan, refusal, nodes),
            }
        }
        if refusals.has_filtered() {
            // What is outdated and what is missing of a group may come one after the other.
            let mut filtered = self.outcome.filtered.iter_mut();
            match filtered.find(|it| it.group == of.group) {
                Some(failure) => {
                    let more = refusals.filtered(&plan, failure.tally.base.clone());
                    Arc::make_mut(&mut failure.tally).add_filtered(&more.tally);
                }
                None => {
                    let base = Arc::new(base_tally(self.state, &plan, Filtered::default()));
                    let failure = self.failure(&plan, refusals.filtered(&plan, base), 1);
                    self.outcome.filtered.push(failure);
                }
            }
        }
    }
}
