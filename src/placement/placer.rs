//! The loop over requests: for each the best node, then its room. What searches is a selector; the
//! loop, the clock, failures and the taking of room are the same for all of them.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::caches::Caches;
use super::commit::{Record, commit};
use super::group::GroupPlan;
use super::missing;
use super::observer::Observer;
use super::open_group::OpenGroup;
use super::options::{PlaceOptions, Search};
use super::outcome::{GroupFailure, Outcome};
use super::refusal::{NodeRefusals, Refusal};
use super::request::{Origin, Request};
use super::select::frontier::{self, FrontierLoan};
use super::select::nodes::{Look, base_tally};
use super::select::sample::Cursor;
use super::select::selector::{Selector, SelectorKind, Way};
use crate::model::Job;
use crate::rank::preempt::Evicted;
use crate::state::log::Savepoint;
use crate::state::slots::{JobSlot, NodeSlot};
use crate::state::small_list::SmallList;
use crate::state::tally::Filtered;
use crate::state::transaction::Transaction;

/// A job being placed.
pub(crate) struct Placer<'a, 's, 'o> {
    pub(super) state: &'a mut Transaction<'s>,
    pub(super) caches: &'a mut Caches,
    pub(super) options: &'a PlaceOptions,
    observer: Option<&'o mut dyn Observer>,
    pub(super) job_slot: JobSlot,
    /// Whether it is placed whole or not at all.
    pub(super) all_at_once: bool,
    evicted: Evicted,
    /// Of a search that samples: where the next selection begins.
    cursor: Option<Cursor>,
    /// The moment before anything was done for the job, and the one before its first group.
    before: Savepoint,
    begun: Savepoint,
    /// What the next group's placements come of.
    pub(super) origin: Origin,
    pub(super) outcome: Outcome,
}

impl<'a, 's, 'o> Placer<'a, 's, 'o> {
    /// What places a job, whose slot is looked up unless it is known.
    pub(crate) fn new(
        state: &'a mut Transaction<'s>,
        caches: &'a mut Caches,
        (job, known): (&Job, Option<JobSlot>),
        options: &'a PlaceOptions,
        observer: Option<&'o mut dyn Observer>,
    ) -> Placer<'a, 's, 'o> {
        let before = state.savepoint();
        if let Some(seed) = options.seed {
            state.set_seed(seed);
        }
        let job_slot = match known {
            Some(_) => state.ensure_job_of(known, job),
            None => state.ensure_job(job),
        };
        let begun = state.savepoint();
        Placer {
            state,
            caches,
            options,
            observer,
            job_slot,
            all_at_once: job.all_at_once,
            evicted: Evicted::new(),
            cursor: None,
            before,
            begun,
            origin: Origin::default(),
            outcome: Outcome::default(),
        }
    }

    /// The version of the job that is registered, if that asks for the same: what it places says which
    /// version it runs, and a document is kept once.
    pub(crate) fn registered(&self, job: &Job) -> Option<Job> {
        self.state.version_like(self.job_slot, job)
    }

    /// Serves the requests for one group. It breaks if nothing of the job can be placed any more.
    pub(crate) fn place_group(
        &mut self,
        job: &Job,
        at: usize,
        requests: &[Request],
    ) -> ControlFlow<()> {
        if self.has_failed(job, at, requests.len()) {
            return ControlFlow::Continue(());
        }
        let Some(group) = job.spec().task_groups.get(at) else {
            return ControlFlow::Continue(());
        };
        let is_system = job.job_type().is_system();
        let first = match requests.first() {
            Some(request) => request.name_index,
            None if is_system => 0,
            None => group.count(),
        };
        let slot = Some(self.job_slot);
        let mut plan = GroupPlan::of_known(job, slot, (at, group), first, self.options);
        if let Some(request) = requests.first() {
            plan.adapt_to(request);
        }
        if let Some(observer) = &mut self.observer {
            observer.group_begins(self.state, &plan, &self.evicted);
        }
        match is_system {
            true => self.place_system_group(&mut plan, requests),
            false if requests.is_empty() => {}
            false => self.place_counted_group(&mut plan, requests),
        }
        match self.all_at_once && !self.outcome.failed.is_empty() {
            true => {
                self.give_up();
                ControlFlow::Break(())
            }
            false => ControlFlow::Continue(()),
        }
    }

    /// Whether a request for the group failed before. Those after it are counted and not attempted.
    pub(super) fn has_failed(&mut self, job: &Job, at: usize, requests: usize) -> bool {
        let Some(group) = job.spec().task_groups.get(at) else { return false };
        let mut failed = self.outcome.failed.iter_mut();
        let known = failed.find(|it| {
            it.job.spec().task_groups.get(it.group).is_some_and(|it| it.name == group.name)
        });
        match known.filter(|_| !job.job_type().is_system()) {
            Some(failure) => {
                failure.unplaced += requests as u32;
                true
            }
            None => false,
        }
    }

    /// Places a group of which there should be so many. The first failure ends it.
    fn place_counted_group(&mut self, plan: &mut GroupPlan<'_>, requests: &[Request]) {
        let mut open = self.open_group(plan);
        let mut left = requests;
        let mut refusal = None;
        while let Some(request) = left.first()
            && refusal.is_none()
        {
            plan.adapt_to(request);
            refusal = self.serve_replacing(plan, &mut open, &mut left);
        }
        self.close_group(plan.job, open);
        if let Some(refusal) = refusal {
            self.fail(plan, refusal, left.len() as u32);
        }
    }

    /// Places a group of which there should be one on every node that takes it, each node being a
    /// request (docs/placement.md, sections 2.2, 3.1 and 8).
    fn place_system_group(&mut self, plan: &mut GroupPlan<'_>, requests: &[Request]) {
        let mut open = self.open_group(plan);
        let mut left = requests;
        let mut refusals = NodeRefusals::new(plan);
        while let Some(request) = left.first() {
            plan.adapt_to(request);
            if let Some(refusal) = self.serve_replacing(plan, &mut open, &mut left) {
                refusals.add(refusal);
                left = left.split_first().map_or(&[], |(_, rest)| rest);
            }
        }
        self.close_group(plan.job, open);
        if let Some((refusal, nodes)) = refusals.exhausted() {
            self.fail(plan, refusal, nodes);
        } else if plan.group.count() > 0 && missing::done_nodes(self.state, plan).is_empty() {
            // Filtered nodes are as it should be, unless nothing runs anywhere.
            let base = Arc::new(base_tally(self.state, plan, Filtered::default()));
            self.fail(plan, refusals.filtered(plan, base), 1);
        }
    }

    /// Serves the first of the requests with what it replaces staged as stopped, which is taken back if
    /// no node is found.
    pub(super) fn serve_replacing(
        &mut self,
        plan: &GroupPlan<'_>,
        open: &mut OpenGroup,
        left: &mut &[Request],
    ) -> Option<Refusal> {
        let Some(replaced) = left.first()?.replaces else {
            return self.serve(plan, open, left);
        };
        // Mostly alone: what is taken back with it must not be what was found for others.
        let others = if self.serves_with_others(plan, open, left) { left.len() } else { 1 };
        let (mut served, rest) = left.split_at_checked(others)?;
        let savepoint = self.state.savepoint();
        self.state.stage_stop(replaced);
        let refusal = self.serve(plan, open, &mut served);
        if served.len() == others {
            self.state.take_back_to(savepoint);
            return refusal;
        }
        self.outcome.stops.push(replaced);
        // Whoever serves the others reads the state's lists.
        open.enlist(self.state);
        *left = if others == 1 { rest } else { served };
        refusal
    }

    /// Whether requests after the first one can be served with it although that replaces something: where
    /// there is only one way to serve it, which minds what the others replace.
    fn serves_with_others(
        &self,
        plan: &GroupPlan<'_>,
        open: &mut OpenGroup,
        left: &[Request],
    ) -> bool {
        let is_for_any = |it: &Request| it.only_node.is_none() && it.preferred_node.is_none();
        left.first().is_some_and(is_for_any)
            && !self.options.preemption.is_on_for(plan.job.job_type())
            && self.kind_for(plan, open) == SelectorKind::Frontier
    }

    /// Stages what the next request replaces as stopped, where the selector that is at work can go on with
    /// that; none if it cannot. Gives the moment before.
    fn stage_next(
        &mut self,
        selector: &mut Selector<'_, '_>,
        plan: &GroupPlan<'_>,
        next: &Request,
    ) -> Option<Savepoint> {
        let Selector::Frontier(frontier) = selector else { return None };
        let may_evict = self.options.preemption.is_on_for(plan.job.job_type());
        if may_evict || !frontier.lets_leave() || !plan.is_for_replacing(next) {
            return None;
        }
        let replaced = next.replaces?;
        let record = self.state.allocation(replaced)?;
        let job = self.state.job(record.job).filter(|_| record.job == self.job_slot)?;
        let group = job.groups.get(usize::from(record.group))?;
        if !record.occupies || *group.name != *plan.group.name {
            return None;
        }
        let node = record.node;
        frontier.before_leaving(self.state, node);
        let savepoint = self.state.savepoint();
        self.state.stage_stop(replaced);
        frontier.after_leaving(self.state, node);
        Some(savepoint)
    }

    /// Serves the first of the requests in the first way that finds a node, and those after it that
    /// can be served in the same way. Gives the refusal if no way finds one.
    fn serve(
        &mut self,
        plan: &GroupPlan<'_>,
        open: &mut OpenGroup,
        left: &mut &[Request],
    ) -> Option<Refusal> {
        let request = left.first()?;
        let may_evict = self.options.preemption.is_on_for(plan.job.job_type());
        if let Some(node) = request.only_node {
            let way = Way { kind: SelectorKind::OneNode(node), evicts: may_evict };
            return self.serve_in(way, plan, open, left);
        }
        if let Some(node) = request.preferred_node {
            let way = Way::new(SelectorKind::OneNode(node));
            self.serve_in(way, plan, open, left)?;
        }
        let way = Way::new(self.kind_for(plan, open));
        let refusal = self.serve_in(way, plan, open, left)?;
        match may_evict {
            true => self.serve_in(way.evicting(), plan, open, left),
            false => Some(refusal),
        }
    }

    /// Which selector serves requests that may go to any node.
    fn kind_for(&self, plan: &GroupPlan<'_>, open: &mut OpenGroup) -> SelectorKind {
        let (state, options) = (&*self.state, self.options);
        *open.any_node.get_or_insert_with(|| match options.search {
            Search::Sample(limit) => SelectorKind::Sample(limit),
            _ if frontier::serves(state, plan, options) => SelectorKind::Frontier,
            _ => SelectorKind::Scan,
        })
    }

    /// Serves the first of the requests with one selector, and those after it for which that does.
    /// Gives the refusal of the first for which it finds no node.
    fn serve_in(
        &mut self,
        way: Way,
        plan: &GroupPlan<'_>,
        open: &mut OpenGroup,
        left: &mut &[Request],
    ) -> Option<Refusal> {
        match way.kind {
            SelectorKind::Frontier => self.serve_off_frontier(way, plan, open, left),
            SelectorKind::Scan => self.serve_with(&mut Selector::Scan, way, plan, open, left),
            SelectorKind::Sample(limit) => {
                let mut cursor = self.cursor.take().unwrap_or_else(|| Cursor::new(self.state));
                let mut selector = Selector::Sample(limit, &mut cursor);
                let refusal = self.serve_with(&mut selector, way, plan, open, left);
                self.cursor = Some(cursor);
                refusal
            }
            SelectorKind::OneNode(node) => {
                let base = || Arc::new(base_tally(self.state, plan, Filtered::default()));
                let base = open.base.get_or_insert_with(base).clone();
                self.serve_with(&mut Selector::OneNode(node, base), way, plan, open, left)
            }
        }
    }

    /// The same off a frontier, which is taken from the caches for the time.
    fn serve_off_frontier(
        &mut self,
        way: Way,
        plan: &GroupPlan<'_>,
        open: &mut OpenGroup,
        left: &mut &[Request],
    ) -> Option<Refusal> {
        let mut loan = FrontierLoan::take(self.caches, self.state, plan);
        let mut frontier = loan.selector(self.state, plan);
        let refusal =
            self.serve_with(&mut Selector::Frontier(&mut frontier), way, plan, open, left);
        // Whoever looks at nodes reads the state's lists.
        let may_evict = self.options.preemption.is_on_for(plan.job.job_type());
        open.note_nodes(self.state, frontier.changed_nodes());
        if may_evict || (refusal.is_none() && !left.is_empty()) {
            open.enlist(self.state);
        }
        frontier.finish(self.state);
        loan.give_back(self.caches);
        refusal
    }

    /// The loop itself.
    fn serve_with(
        &mut self,
        selector: &mut Selector<'_, '_>,
        way: Way,
        plan: &GroupPlan<'_>,
        open: &mut OpenGroup,
        left: &mut &[Request],
    ) -> Option<Refusal> {
        let shown = self.options.score_detail.limit();
        let mut top = std::mem::take(&mut self.caches.buffers.best);
        let (mut refusal, mut staged) = (None, None);
        while let Some((request, rest)) = left.split_first() {
            let started = self.now_ns();
            top.clear();
            let selection = selector.select(Look {
                state: self.state,
                plan,
                evicted: way.evicts.then_some(&self.evicted),
                shown,
                batch: &mut open.batch,
                top: &mut top,
            });
            let time_ns = self.now_ns().saturating_sub(started);
            self.outcome.scanned += usize::from(way.looks_at_many());
            let (name_index, tally) = (request.name_index, selection.tally);
            let filter = selection.filter;
            let is_placed = selection.best.is_some_and(|best| {
                let record = Record { name_index, tally: &tally, top: &top, time_ns };
                commit(self.state, &mut self.evicted, plan, open, best, record)
            });
            if !is_placed {
                if let Some(savepoint) = staged {
                    self.state.take_back_to(savepoint);
                }
                refusal = Some(Refusal { tally, name_index, time_ns, filter });
                break;
            }
            if staged.is_some() {
                self.outcome.stops.extend(request.replaces);
            }
            *left = rest;
            let next = rest.first().filter(|_| way.serves_many());
            self.follow(selector, open, next.is_some());
            let Some(next) = next else { break };
            staged = self.stage_next(selector, plan, next);
            if staged.is_none() && !plan.is_for(next) {
                break;
            }
        }
        self.caches.buffers.best = top;
        refusal
    }

    /// Lets a selector know what was placed, and whether it is to go on.
    fn follow(&mut self, selector: &mut Selector<'_, '_>, open: &OpenGroup, goes_on: bool) {
        match selector {
            Selector::Frontier(frontier) => frontier.placed(self.state, goes_on),
            // The others read the state's lists.
            _ => open.enlist(self.state),
        }
    }

    fn now_ns(&self) -> u64 {
        self.options.stopwatch.map_or(0, |now_ns| now_ns())
    }

    pub(super) fn open_group(&mut self, plan: &GroupPlan<'_>) -> OpenGroup {
        let lists = self.caches.buffers.batch.take().unwrap_or_default();
        let place = (self.job_slot, self.origin);
        OpenGroup::new(self.state, lists, place, plan, self.options)
    }

    pub(super) fn close_group(&mut self, job: &Job, open: OpenGroup) {
        let (group, lists) = open.close(self.state, job);
        self.caches.buffers.batch = Some(lists);
        self.outcome.groups.extend(group);
    }

    /// Notes that a group could not be placed whole, and how many of its allocations are missing.
    pub(super) fn fail(&mut self, plan: &GroupPlan<'_>, refusal: Refusal, unplaced: u32) {
        if let Some(observer) = &mut self.observer {
            observer.group_fails(self.state, plan, &self.evicted);
        }
        let failure = self.failure(plan, refusal, unplaced);
        self.outcome.failed.push(failure);
    }

    /// A group with why it could not be placed whole.
    pub(super) fn failure(
        &self,
        plan: &GroupPlan<'_>,
        refusal: Refusal,
        unplaced: u32,
    ) -> GroupFailure {
        let Refusal { tally, name_index, time_ns, .. } = refusal;
        let penalty_nodes = plan.scorers.penalty_nodes.iter();
        let id_of = |node: &NodeSlot| Some(self.state.node(*node)?.node.id.clone());
        GroupFailure {
            job: plan.job.clone(),
            group: plan.at,
            name_index,
            unplaced,
            tally,
            time_ns,
            penalty_nodes: penalty_nodes.filter_map(id_of).collect(),
            modify_index: self.state.modify_index,
        }
    }

    /// Takes back everything that was done for the job, which has to be placed whole.
    fn give_up(&mut self) {
        self.state.take_back_to(self.begun);
        self.outcome.groups = SmallList::None;
        self.outcome.stops.clear();
    }

    pub(crate) fn finish(self) -> Outcome {
        // A job of which nothing was placed leaves no trace.
        if self.outcome.groups.is_empty() {
            self.state.take_back_to(self.before);
        }
        self.outcome
    }
}
