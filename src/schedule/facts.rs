//! What reconciling asks, answered from the state's records. What has to be tried is tried in the
//! transaction and taken back.

use std::cmp::Ordering;

use crate::feasibility::reason::FilterReason;
use crate::model::{AllocationState, ClientStatus, Job};
use crate::placement::group::GroupPlan;
use crate::placement::options::PlaceOptions;
use crate::placement::request::Request;
use crate::placement::scan::Scan;
use crate::reconcile::changes::Stop;
use crate::reconcile::update::tasks_updated;
use crate::reconcile::view::{Facts, History};
use crate::state::lifecycle::Rare;
use crate::state::log::Savepoint;
use crate::state::slots::{AllocationSlot, NodeSlot};
use crate::state::task_states::TaskTimes;
use crate::state::transaction::Transaction;
use crate::time::Timestamp;

use super::known::Known;

/// Answers from records.
pub(super) struct RecordFacts<'a, 't, 's> {
    known: &'a Known,
    transaction: &'t mut Transaction<'s>,
    job: Option<&'a Job>,
    options: &'a PlaceOptions,
    /// By group of the job: the group made ready, once it was asked for.
    plans: Vec<Option<GroupPlan<'a>>>,
    /// The moment before the first trial.
    begun: Option<Savepoint>,
    /// How many of the stops the trials are without.
    stops: usize,
}

impl<'a, 't, 's> RecordFacts<'a, 't, 's> {
    pub(super) fn new(
        known: &'a Known,
        transaction: &'t mut Transaction<'s>,
        job: Option<&'a Job>,
        options: &'a PlaceOptions,
    ) -> RecordFacts<'a, 't, 's> {
        let plans = Vec::new();
        RecordFacts { known, transaction, job, options, plans, begun: None, stops: 0 }
    }

    /// Takes all trials back.
    pub(super) fn finish(self) {
        if let Some(begun) = self.begun {
            self.transaction.take_back_to(begun);
        }
    }

    /// Takes away what stops, and what was told to stop or evicted and is still on the node: what is left
    /// there is what is wanted.
    fn clear(&mut self, node: NodeSlot, stops: &[Stop]) {
        if self.begun.is_none() {
            self.begun = Some(self.transaction.savepoint());
        }
        for stop in stops.iter().skip(self.stops) {
            self.transaction.stage_stop(self.known.slot(stop.at));
        }
        self.stops = stops.len();
        let is_leaving = |slot: &AllocationSlot| {
            self.transaction.allocation(*slot).is_some_and(|record| record.is_to_leave())
        };
        let on_node = self.transaction.allocations_on(node).iter();
        let leaving: Vec<AllocationSlot> = on_node.copied().filter(is_leaving).collect();
        leaving.into_iter().for_each(|slot| self.transaction.stage_stop(slot));
    }

    /// A group of the job made ready for its allocation of a number.
    fn plan(&mut self, group: u32, name_index: u32) -> Option<&GroupPlan<'a>> {
        let job = self.job?;
        let at = group as usize;
        let spec = job.spec().task_groups.get(at)?;
        if self.plans.len() <= at {
            self.plans.resize_with(at + 1, || None);
        }
        let (slot, options) = (self.known.job, self.options);
        let make = || GroupPlan::of_known(job, slot, (at, spec), name_index, options);
        let plan = self.plans.get_mut(at)?.get_or_insert_with(make);
        plan.adapt_to(&Request::named(name_index));
        Some(plan)
    }

    /// The task that leads an allocation, if one does.
    fn leader(&self, at: usize) -> Option<&str> {
        let view = self.known.views.get(at)?;
        let name = self.known.group_name(view.group);
        let groups = &self.known.specs.get(view.version as usize)?.task_groups;
        let mut tasks = groups.iter().find(|group| group.name == name)?.tasks.iter();
        Some(&tasks.find(|task| task.is_leader())?.name)
    }

    /// Whether anything of a group lives on a node, which go by their places.
    fn runs_on(&self, node: u32, group: u32) -> bool {
        let views = &self.known.views;
        views.iter().any(|it| (it.group, it.node) == (group, node) && !it.is_terminal())
    }

    fn rare(&self, at: usize) -> Option<&Rare> {
        let life = self.transaction.kept_lifecycle(self.known.slot(at as u32))?;
        life.rare.as_deref()
    }
}

impl Facts for RecordFacts<'_, '_, '_> {
    fn tasks_updated(&mut self, version: u32, group: u32) -> bool {
        let (Some(own), Some(job)) = (self.known.specs.get(version as usize), self.job) else {
            return true;
        };
        tasks_updated(own, job.spec(), self.known.group_name(group))
    }

    fn updates_in_place(&mut self, at: usize, stops: &[Stop]) -> bool {
        let Some(view) = self.known.views.get(at) else { return false };
        let (slot, group, name_index) = (AllocationSlot(view.handle), view.group, view.name_index);
        let node = self.transaction.allocation(slot).map(|record| record.node);
        let Some(node) = node.filter(|node| self.transaction.node(*node).is_some()) else {
            return false;
        };
        self.clear(node, stops);
        let before = self.transaction.savepoint();
        self.transaction.stage_stop(slot);
        self.plan(group, name_index);
        let plan = self.plans.get(group as usize).and_then(Option::as_ref);
        let state = &**self.transaction;
        let stays = match (plan, state.node(node)) {
            (Some(plan), Some(record)) => Scan::of_rules(state, plan).takes_back(node, record),
            _ => false,
        };
        self.transaction.take_back_to(before);
        stays
    }

    fn history(&self, at: usize) -> History<'_> {
        let slot = self.known.slot(at as u32);
        let Some(life) = self.transaction.kept_lifecycle(slot) else {
            let batch = self.transaction.allocation(slot).map(|record| record.batch);
            let batch = batch.and_then(|batch| self.transaction.batch(batch));
            let ended = batch.map_or(Timestamp::EPOCH, |batch| batch.created);
            return History { ended, ..History::default() };
        };
        let Some(rare) = life.rare.as_deref() else {
            return History { ended: life.modify_time, ..History::default() };
        };
        let became = |status: ClientStatus| {
            let of_status = move |it: &&AllocationState| it.client_status() == Some(status);
            rare.client_states.iter().filter(of_status).filter_map(|it| it.time)
        };
        let finished = rare.task_states.times().filter_map(|task| task.finished_at).max();
        History {
            reschedules: self.known.reschedules(slot.0),
            ended: finished.unwrap_or(life.modify_time),
            last_unknown: became(ClientStatus::Unknown).next_back(),
            first_lost: became(ClientStatus::Lost).next(),
        }
    }

    fn running_since(&self, at: usize) -> Option<Timestamp> {
        let states = &self.rare(at)?.task_states;
        // What was restarted runs since its last restart.
        let since = |task: TaskTimes| task.last_restart.or(task.started_at);
        match self.leader(at).and_then(|leader| states.times_of(leader)) {
            Some(task) => since(task),
            None => states.times().filter_map(since).min(),
        }
    }

    fn top_score(&self, at: usize) -> f64 {
        let slot = self.known.slot(at as u32);
        let metrics = self.transaction.metrics_of(slot);
        let scores = metrics.iter().flat_map(|metrics| &metrics.score_meta_data);
        scores.map(|score| score.norm_score).fold(0.0, f64::max)
    }

    fn created(&self, at: usize) -> u64 {
        let (index, instant) = self.transaction.created_at(self.known.slot(at as u32));
        match index {
            0 => instant.as_nanos().max(0) as u64,
            index => index,
        }
    }

    fn compare_ids(&self, a: usize, b: usize) -> Ordering {
        let id = |at: usize| self.transaction.allocation_id(self.known.slot(at as u32));
        id(a).cmp(&id(b))
    }

    fn is_feasible(&mut self, node: u32, group: u32) -> bool {
        let Some(&slot) = self.known.nodes.get(node as usize) else { return false };
        self.plan(group, 0);
        let Some(plan) = self.plans.get(group as usize).and_then(Option::as_ref) else {
            return false;
        };
        let state = &**self.transaction;
        let scan = Scan::of_rules(state, plan);
        let Some(record) = state.node(slot) else { return false };
        // What runs there already is in nobody's way but that of others of its job.
        scan.may_run(slot, record)
            || (scan.all_filters(slot, record).iter().all(FilterReason::is_distinct)
                && self.runs_on(node, group))
    }
}
