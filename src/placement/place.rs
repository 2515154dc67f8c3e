//! Placing a job: the loop over its groups and their missing allocations; all or nothing where the job
//! asks for it; evicting as a second pass where nothing else helps.

use std::sync::Arc;

use super::buffers::emptied;
use super::caches::Caches;
use super::group::GroupPlan;
use super::observer::Observer;
use super::options::{PlaceOptions, Search};
use super::outcome::{self, GroupFailure, GroupPlacement, NewSlot, Outcome};
use super::quick;
use super::record::{NewPlaced, RunBuilder};
use super::sample::Cursor;
use super::scan::room;
use super::select::{Selection, select};
use super::system;
use crate::fit;
use crate::model::{Job, TaskGroup};
use crate::rank::preempt::Evicted;
use crate::rng::Rng;
use crate::state::State;
use crate::state::allocation::core_mhz;
use crate::state::allocations::{Changes, NewAllocation, Siblings};
use crate::state::slots::{AllocationSlot, JobSlot, NodeSlot};
use crate::state::tally::Tally;
use crate::state::usage::Holdings;

/// Room for more placements than this is made as they come: most of a large count may not fit.
const MOST_EXPECTED: usize = 4096;

/// Places what is missing of a job, and gives what was done in a form that can be taken back.
pub(crate) fn place(
    state: &mut State,
    caches: &mut Caches,
    job: &Job,
    options: &PlaceOptions,
    observer: Option<&mut dyn Observer>,
) -> (Outcome, Changes) {
    let seed_before = state.seed;
    if let Some(seed) = options.seed.filter(|seed| *seed != state.seed) {
        state.set_seed(seed);
    }
    let mut placing = Placing::new(state, caches, job, options);
    placing.observer = observer;
    placing.changes.seed = seed_before;
    for at in 0..job.task_groups.len() {
        placing.place_group(at);
        if job.all_at_once && !placing.failed.is_empty() {
            placing.give_up();
            break;
        }
    }
    placing.finish()
}

/// A job being placed.
pub(crate) struct Placing<'a, 'o> {
    pub(crate) state: &'a mut State,
    pub(crate) caches: &'a mut Caches,
    pub(crate) job: &'a Job,
    pub(crate) options: &'a PlaceOptions,
    pub(crate) evicted: Evicted,
    /// Of a search that samples: where the next selection begins.
    cursor: Option<Cursor>,
    changes: Changes,
    job_slot: JobSlot,
    groups: Vec<GroupPlacement>,
    failed: Vec<GroupFailure>,
    observer: Option<&'o mut dyn Observer>,
    scanned: usize,
}

/// One group being placed.
pub(crate) struct OpenGroup {
    pub(crate) run: RunBuilder,
    siblings: Siblings,
    /// Whether the state has the run.
    is_begun: bool,
    allocations: Vec<NewSlot>,
    holdings: Vec<Arc<Holdings>>,
    /// Allocations that have their room but are not on the state's lists yet.
    pending: Vec<NewAllocation>,
}

/// Where an allocation goes.
pub(crate) struct Chosen {
    pub(crate) node: NodeSlot,
    pub(crate) score: f64,
    /// What has to be evicted for it.
    pub(crate) victims: Vec<AllocationSlot>,
    pub(crate) name_index: u32,
    pub(crate) time_ns: u64,
}

/// A placement that failed.
pub(crate) struct Failure {
    pub(crate) tally: Arc<Tally>,
    /// How many allocations are missing, this one included.
    pub(crate) missing: u32,
    pub(crate) name_index: u32,
    pub(crate) time_ns: u64,
}

impl<'a, 'o> Placing<'a, 'o> {
    fn new(
        state: &'a mut State,
        caches: &'a mut Caches,
        job: &'a Job,
        options: &'a PlaceOptions,
    ) -> Placing<'a, 'o> {
        let modify_index = state.modify_index;
        let allocation_slots = state.allocation_slots();
        let (job_slot, is_new) = state.ensure_job(job);
        let new_job = is_new.then_some(job_slot);
        Placing {
            state,
            caches,
            job,
            options,
            evicted: Evicted::new(),
            cursor: None,
            changes: Changes { new_job, modify_index, allocation_slots, ..Changes::default() },
            job_slot,
            groups: Vec::with_capacity(job.task_groups.len()),
            failed: Vec::new(),
            observer: None,
            scanned: 0,
        }
    }

    fn place_group(&mut self, at: usize) {
        let job = self.job;
        let Some(group) = job.task_groups.get(at) else { return };
        if job.job_type().is_system() {
            return system::place_group(self, at);
        }
        let mut names = std::mem::take(&mut self.caches.buffers.names);
        missing_names(self.state, self.job_slot, group, &mut names);
        self.place_missing(at, &names);
        self.caches.buffers.names = emptied(names);
    }

    /// Places the allocations of a group that have these numbers.
    fn place_missing(&mut self, at: usize, names: &[u32]) {
        let job = self.job;
        let Some(group) = job.task_groups.get(at) else { return };
        let first_name = names.first().copied().unwrap_or(group.count());
        let slot = Some(self.job_slot);
        let plan = GroupPlan::of_known(self.state, job, slot, at, first_name, self.options);
        let Some(mut plan) = plan else { return };
        self.begin(&plan);
        if names.is_empty() {
            return;
        }
        let mut open = self.open_group(&plan, names.len());
        let failure = match quick::is_quick(self, &plan) {
            true => quick::place(self, &plan, &mut open, names),
            false => self.place_by_scan(&mut plan, &mut open, names),
        };
        self.close_group(open);
        if let Some(failure) = failure {
            self.fail(&plan, failure);
        }
    }

    /// Tells the observer that a group is about to be placed.
    pub(crate) fn begin(&mut self, plan: &GroupPlan<'_>) {
        if let Some(observer) = &mut self.observer {
            observer.group_begins(self.state, plan, &self.evicted);
        }
    }

    /// Places allocations one by one, looking at the nodes anew for each. The plan becomes that of the
    /// last one, which differs where each has volumes of its own.
    fn place_by_scan(
        &mut self,
        plan: &mut GroupPlan<'a>,
        open: &mut OpenGroup,
        names: &[u32],
    ) -> Option<Failure> {
        let has_volumes_of_its_own = plan.group.volumes.values().any(|volume| volume.per_alloc);
        for (done, &name_index) in names.iter().enumerate() {
            if has_volumes_of_its_own {
                *plan = GroupPlan::new(self.state, self.job, plan.at, name_index, self.options)?;
            }
            let started = self.now_ns();
            let selection = self.select(plan);
            let time_ns = self.now_ns().saturating_sub(started);
            let tally = Arc::new(selection.tally.clone());
            if !self.commit_selection(plan, open, selection, &tally, name_index, time_ns) {
                let missing = (names.len() - done) as u32;
                return Some(Failure { tally, missing, name_index, time_ns });
            }
        }
        None
    }

    /// The best node without eviction, or with it where it is on and nothing else would do.
    fn select(&mut self, plan: &GroupPlan<'_>) -> Selection {
        let selection = self.select_by_scan(plan, None);
        let may_evict = self.options.preemption.is_on_for(self.job.job_type());
        match selection.best.is_some() || !may_evict {
            true => selection,
            false => self.select_with_eviction(plan),
        }
    }

    /// The best node if allocations of lower priority may be evicted.
    pub(crate) fn select_with_eviction(&mut self, plan: &GroupPlan<'_>) -> Selection {
        let evicted = std::mem::take(&mut self.evicted);
        let selection = self.select_by_scan(plan, Some(&evicted));
        self.evicted = evicted;
        selection
    }

    fn select_by_scan(&mut self, plan: &GroupPlan<'_>, evicted: Option<&Evicted>) -> Selection {
        let state = &*self.state;
        let cursor = match self.options.search {
            Search::Best => None,
            Search::Sample(_) => Some(self.cursor.get_or_insert_with(|| Cursor::new(state))),
        };
        self.scanned += 1;
        select(state, plan, self.options, evicted, cursor)
    }

    /// Puts an allocation where a selection says; false if it found no node.
    pub(crate) fn commit_selection(
        &mut self,
        plan: &GroupPlan<'_>,
        open: &mut OpenGroup,
        selection: Selection,
        tally: &Arc<Tally>,
        name_index: u32,
        time_ns: u64,
    ) -> bool {
        let Some(best) = selection.best else { return false };
        let top = selection.top.iter();
        let entries: Vec<u32> = top.map(|it| open.run.scores(it.node, &it.scores)).collect();
        let score = best.scores.mean();
        let (node, victims) = (best.node, best.victims);
        let chosen = Chosen { node, score, victims, name_index, time_ns };
        let committed = self.commit(plan, open, chosen, tally, &entries);
        // What scans reads the state's lists.
        self.enlist(open);
        self.state.touch(node);
        committed
    }

    pub(crate) fn now_ns(&self) -> u64 {
        self.options.stopwatch.map_or(0, |now_ns| now_ns())
    }

    pub(crate) fn open_group(&mut self, plan: &GroupPlan<'_>, expected: usize) -> OpenGroup {
        let lists = std::mem::take(&mut self.caches.buffers.run);
        let run = RunBuilder::new(self.state, plan, self.options, lists);
        let run_slot = self.state.reserve_run();
        self.changes.runs.push(run_slot);
        let group = self.state.ensure_group(self.job_slot, &plan.group.name);
        OpenGroup {
            run,
            siblings: Siblings { job: self.job_slot, group, run: run_slot },
            is_begun: false,
            allocations: Vec::with_capacity(expected.min(MOST_EXPECTED)),
            holdings: Vec::new(),
            pending: std::mem::take(&mut self.caches.buffers.pending),
        }
    }

    /// Gives an allocation its room on a node, evicting what has to go. False if the node turns out not
    /// to have the room, which the selection has ruled out.
    ///
    /// The allocation is on no list yet ([`Placing::enlist`]), and the node is not touched.
    pub(crate) fn commit(
        &mut self,
        plan: &GroupPlan<'_>,
        open: &mut OpenGroup,
        chosen: Chosen,
        tally: &Arc<Tally>,
        entries: &[u32],
    ) -> bool {
        let Chosen { node, score, victims, name_index, time_ns } = chosen;
        self.evict(&victims);
        let (slot, generation) = self.state.next_allocation(open.pending.len());
        let mut amounts = plan.ask.amounts;
        let mut holdings = None;
        if !plan.ask.is_plain() {
            let Some(assigned) = self.assign(plan, node, slot, generation) else { return false };
            amounts.cpu_mhz += core_mhz(&assigned);
            let assigned = Arc::new(assigned);
            open.holdings.push(assigned.clone());
            holdings = Some(assigned).filter(|holdings| !holdings.is_empty());
        }
        self.state.take_room(node, amounts, holdings.as_deref());
        let in_run = open.run.len() as u32;
        open.pending.push(NewAllocation { node, name_index, in_run, holdings });
        let mut evicted: Vec<String> = Vec::new();
        for &victim in &victims {
            self.state.set_evicted_by(victim, slot);
            evicted.push(self.state.allocation_id(victim));
        }
        evicted.sort_unstable();
        open.allocations.push(NewSlot { slot, generation });
        open.run.placed(NewPlaced { node, name_index, score, time_ns, evicted }, tally, entries);
        true
    }

    /// Puts allocations that have their room on the state's lists.
    pub(crate) fn enlist(&mut self, open: &mut OpenGroup) {
        if !std::mem::replace(&mut open.is_begun, true) {
            self.state.keep_run(open.siblings.run, open.run.opening());
        }
        self.state.enlist(open.siblings, &open.pending);
        open.pending.clear();
    }

    /// The ports, cores and devices of an allocation on a node, ports being drawn at random.
    fn assign(
        &self,
        plan: &GroupPlan<'_>,
        node: NodeSlot,
        slot: AllocationSlot,
        generation: u32,
    ) -> Option<Holdings> {
        let mut rng = Rng::for_key(self.state.seed, &[slot.0.into(), generation.into()]);
        let record = self.state.node(node)?;
        let room = room(self.state, node, record);
        let assigned = fit::assign_at_random(room, &plan.ask, &mut rng);
        debug_assert!(assigned.is_ok(), "the selected node has no room: {assigned:?}");
        assigned.ok().map(|assignment| assignment.holdings)
    }

    fn evict(&mut self, victims: &[AllocationSlot]) {
        for &victim in victims {
            let Some(record) = self.state.allocation(victim) else { continue };
            *self.evicted.entry((record.job, record.group)).or_insert(0) += 1;
            self.changes.evicted.extend(self.state.evict(victim));
        }
    }

    /// Notes that a group could not be placed whole.
    pub(crate) fn fail(&mut self, plan: &GroupPlan<'_>, failure: Failure) {
        let Failure { tally, missing, name_index, time_ns } = failure;
        if let Some(observer) = &mut self.observer {
            observer.group_fails(self.state, plan, &self.evicted);
        }
        self.failed.push(GroupFailure {
            group: plan.at,
            name_index,
            unplaced: missing,
            tally,
            time_ns,
            modify_index: self.state.modify_index,
        });
    }

    pub(crate) fn close_group(&mut self, open: OpenGroup) {
        let (run, lists) = open.run.finish();
        self.caches.buffers.run = lists;
        if open.allocations.is_empty() {
            self.state.drop_run(open.siblings.run);
            self.changes.runs.swap_remove(self.changes.runs.len().saturating_sub(1));
            return;
        }
        self.state.keep_run(open.siblings.run, run.clone());
        self.state.enlist(open.siblings, &open.pending);
        self.caches.buffers.pending = emptied(open.pending);
        self.groups.push(GroupPlacement {
            run,
            allocations: open.allocations,
            nodes: self.state.node_table().clone(),
            holdings: open.holdings,
        });
    }

    /// Takes back everything that was done for the job, which has to be placed whole.
    fn give_up(&mut self) {
        let Changes { new_job, modify_index, seed, allocation_slots, .. } = self.changes;
        // The job itself and the seed are still in use: the end of placing takes them back.
        self.changes.new_job = None;
        self.changes.seed = self.state.seed;
        self.state.take_back(&self.changes, outcome::slots(&self.groups));
        self.changes =
            Changes { new_job, modify_index, seed, allocation_slots, ..Changes::default() };
        self.groups.clear();
    }

    fn finish(mut self) -> (Outcome, Changes) {
        // A job of which nothing was placed leaves no trace.
        if self.groups.is_empty() {
            self.state.take_back(&self.changes, std::iter::empty());
            let Changes { modify_index, seed, allocation_slots, .. } = self.changes;
            self.changes = Changes { modify_index, seed, allocation_slots, ..Changes::default() };
        }
        let outcome = Outcome {
            groups: std::mem::take(&mut self.groups),
            failed: std::mem::take(&mut self.failed),
            scanned: self.scanned,
        };
        (outcome, self.changes)
    }
}

/// The number of a group's next allocation: the lowest that is missing, or one more than there should
/// be where none is.
pub(crate) fn next_name(state: &State, job: &Job, group: &TaskGroup) -> u32 {
    let first = match state.find_job(&job.namespace, &job.id) {
        Some(slot) => {
            let mut names = Vec::new();
            missing_names(state, slot, group, &mut names);
            names.first().copied()
        }
        None => (group.count() > 0).then_some(0),
    };
    first.unwrap_or(group.count())
}

/// The numbers of a group's missing allocations: the lowest that none of its live ones has.
fn missing_names(state: &State, job: JobSlot, group: &TaskGroup, names: &mut Vec<u32>) {
    let count = group.count();
    let own = state.allocations_of(job, &group.name);
    if own.is_empty() {
        return names.extend(0..count);
    }
    let mut is_used = vec![false; count as usize];
    let mut live = 0;
    for record in own.iter().filter_map(|&slot| state.allocation(slot)).filter(|it| it.is_live()) {
        live += 1;
        if let Some(used) = is_used.get_mut(record.name_index as usize) {
            *used = true;
        }
    }
    let missing = count.saturating_sub(live) as usize;
    names.extend((0..count).filter(|&index| !is_used[index as usize]).take(missing));
}
