//! Placing a job: the loop over its groups and their missing allocations; all or nothing where the job
//! asks for it; evicting as a second pass where nothing else helps.

use std::sync::Arc;

use super::explain::{self, Explanation};
use super::group::GroupPlan;
use super::options::PlaceOptions;
use super::outcome::{FailedGroup, GroupPlacement, NewSlot, Placement};
use super::record::{NewPlaced, RunBuilder};
use super::sample::Cursor;
use super::scan::{Candidate, room};
use super::select::{Selection, select};
use super::system;
use crate::fit;
use crate::model::{AllocationMetrics, Job, Resources, TaskGroup};
use crate::rank::preempt::Evicted;
use crate::rng::Rng;
use crate::state::allocations::{Changes, NewAllocation};
use crate::state::slots::{AllocationSlot, JobSlot, RunSlot};
use crate::state::tally::Tally;
use crate::state::usage::Holdings;
use crate::state::{State, ids};

/// Places what is missing of a job, and gives what was done in a form that can be taken back.
pub(crate) fn place(state: &mut State, job: &Job, options: &PlaceOptions) -> (Placement, Changes) {
    if let Some(seed) = options.seed.filter(|seed| *seed != state.seed) {
        state.set_seed(seed);
    }
    let mut placing = Placing::new(state, job, options);
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
pub(crate) struct Placing<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) job: &'a Job,
    pub(crate) options: &'a PlaceOptions,
    pub(crate) evicted: Evicted,
    pub(crate) cursor: Cursor,
    changes: Changes,
    job_slot: JobSlot,
    groups: Vec<GroupPlacement>,
    failed: Vec<FailedGroup>,
    pub(crate) explanations: Vec<Explanation>,
}

/// One group being placed.
pub(crate) struct OpenGroup {
    run: RunBuilder,
    run_slot: RunSlot,
    group: u16,
    allocations: Vec<NewSlot>,
    holdings: Vec<Arc<Holdings>>,
}

impl<'a> Placing<'a> {
    fn new(state: &'a mut State, job: &'a Job, options: &'a PlaceOptions) -> Placing<'a> {
        let modify_index = state.modify_index;
        let is_new = state.find_job(&job.namespace, &job.id).is_none();
        let job_slot = state.ensure_job(job);
        let new_job = is_new.then_some(job_slot);
        Placing {
            cursor: Cursor::new(state),
            changes: Changes { new_job, modify_index, ..Changes::default() },
            evicted: Evicted::new(),
            groups: Vec::new(),
            failed: Vec::new(),
            explanations: Vec::new(),
            state,
            job,
            options,
            job_slot,
        }
    }

    fn place_group(&mut self, at: usize) {
        let job = self.job;
        let Some(group) = job.task_groups.get(at) else { return };
        if job.job_type().is_system() {
            return system::place_group(self, at);
        }
        let names = missing_names(self.state, self.job_slot, group);
        let first_name = names.first().copied().unwrap_or(group.count());
        let Some(mut plan) = GroupPlan::new(self.state, job, at, first_name, self.options) else {
            return;
        };
        if self.options.explain {
            let explanation = explain::explain(self.state, &plan, self.options, &self.evicted);
            self.explanations.push(explanation);
        }
        let has_volumes_of_its_own = group.volumes.values().any(|volume| volume.per_alloc);
        let mut open = self.open_group(&plan);
        for (done, &name_index) in names.iter().enumerate() {
            if has_volumes_of_its_own
                && let Some(of_this) = GroupPlan::new(self.state, job, at, name_index, self.options)
            {
                plan = of_this;
            }
            let started = self.now_ns();
            let selection = self.select(&plan);
            let time_ns = self.now_ns().saturating_sub(started);
            let Selection { best, tally, top } = selection;
            let placed = best.is_some_and(|best| {
                self.commit(&plan, &mut open, best, &top, tally.clone(), name_index, time_ns)
            });
            if !placed {
                let missing = (names.len() - done) as u32;
                self.fail(&plan, &tally, missing, name_index, time_ns);
                break;
            }
        }
        self.close_group(open);
    }

    /// The best node without eviction, or with it where it is on and nothing else would do.
    fn select(&mut self, plan: &GroupPlan<'_>) -> Selection {
        let selection = select(self.state, plan, self.options, None, &mut self.cursor);
        let may_evict = self.options.preemption.is_on_for(self.job.job_type());
        if selection.best.is_some() || !may_evict {
            return selection;
        }
        select(self.state, plan, self.options, Some(&self.evicted), &mut self.cursor)
    }

    pub(crate) fn now_ns(&self) -> u64 {
        self.options.stopwatch.map_or(0, |now_ns| now_ns())
    }

    pub(crate) fn open_group(&mut self, plan: &GroupPlan<'_>) -> OpenGroup {
        let run = RunBuilder::new(plan, self.options);
        let run_slot = self.state.begin_run(run.opening());
        self.changes.runs.push(run_slot);
        let group = self.state.ensure_group(self.job_slot, &plan.group.name);
        OpenGroup { run, run_slot, group, allocations: Vec::new(), holdings: Vec::new() }
    }

    /// Puts an allocation on a node, evicting what has to go. False if the node turns out not to have
    /// the room, which the selection has ruled out.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn commit(
        &mut self,
        plan: &GroupPlan<'_>,
        open: &mut OpenGroup,
        best: Candidate,
        top: &[Candidate],
        tally: Tally,
        name_index: u32,
        time_ns: u64,
    ) -> bool {
        let score = best.scores.mean();
        let entries: Vec<u32> =
            top.iter().map(|it| open.run.scores(self.state, it.node, &it.scores)).collect();
        self.evict(&best.victims);
        let (slot, generation) = self.state.next_allocation();
        let mut rng = Rng::for_key(self.state.seed, &[slot.0.into(), generation.into()]);
        let Some(node) = self.state.node(best.node).cloned() else { return false };
        let room = room(self.state, best.node, &node);
        let assigned = fit::assign_at_random(room, &plan.ask, &mut rng);
        let Ok(assignment) = assigned else {
            debug_assert!(false, "the selected node has no room: {assigned:?}");
            return false;
        };
        let placed = self.state.place(NewAllocation {
            job: self.job_slot,
            group: open.group,
            node: best.node,
            name_index,
            run: open.run_slot,
            in_run: open.run.len() as u32,
            holdings: assignment.holdings.clone(),
        });
        debug_assert_eq!(placed, slot);
        let mut evicted: Vec<String> = Vec::new();
        for &victim in &best.victims {
            self.state.set_evicted_by(victim, placed);
            evicted.push(self.state.allocation_id(victim));
        }
        evicted.sort_unstable();
        self.changes.placed.push(placed);
        open.allocations.push(NewSlot { slot, generation });
        if !plan.ask.is_plain() {
            open.holdings.push(Arc::new(assignment.holdings));
        }
        let new = NewPlaced { node: best.node, name_index, score, time_ns, evicted };
        open.run.placed(self.state, new, Some(tally), entries);
        true
    }

    fn evict(&mut self, victims: &[AllocationSlot]) {
        for &victim in victims {
            let Some(record) = self.state.allocation(victim) else { continue };
            *self.evicted.entry((record.job, record.group)).or_insert(0) += 1;
            self.state.evict(victim, AllocationSlot::NONE);
            self.changes.evicted.push(victim);
        }
    }

    /// Notes that a group could not be placed whole.
    pub(crate) fn fail(
        &mut self,
        plan: &GroupPlan<'_>,
        tally: &Tally,
        missing: u32,
        name_index: u32,
        time_ns: u64,
    ) {
        let mut metrics = tally.metrics(&self.job.node_pool);
        metrics.coalesced_failures = u64::from(missing.saturating_sub(1));
        metrics.allocation_time = time_ns;
        add_exhausted_resources(&mut metrics, plan.group, missing);
        if self.options.explain
            && let Some(explanation) = self.explanations.last_mut()
        {
            explanation.add_fixes(self.state, plan, self.options, &self.evicted);
        }
        self.failed.push(FailedGroup {
            job: self.job.clone(),
            group: plan.at,
            name_index,
            unplaced: missing,
            metrics,
            options: self.options.clone(),
            id: ids::of_failure(self.state.seed, self.state.modify_index, self.job, plan.group),
        });
    }

    pub(crate) fn close_group(&mut self, open: OpenGroup) {
        let run = open.run.finish();
        self.state.finish_run(open.run_slot, run.clone());
        if open.allocations.is_empty() {
            self.changes.runs.pop();
            return;
        }
        self.groups.push(GroupPlacement {
            run,
            allocations: open.allocations,
            holdings: open.holdings,
        });
    }

    /// Takes back everything that was done for the job, which has to be placed whole.
    fn give_up(&mut self) {
        let new_job = self.changes.new_job.take();
        self.state.take_back(&self.changes);
        let modify_index = self.changes.modify_index;
        self.changes = Changes { new_job, modify_index, ..Changes::default() };
        self.groups.clear();
    }

    fn finish(mut self) -> (Placement, Changes) {
        // A job of which nothing was placed leaves no trace.
        if self.changes.placed.is_empty() {
            self.state.take_back(&self.changes);
            self.changes = Changes::default();
        }
        let placement = Placement {
            job: self.job.clone(),
            seed: self.state.seed,
            groups: std::mem::take(&mut self.groups),
            failed: std::mem::take(&mut self.failed),
            explanations: std::mem::take(&mut self.explanations),
        };
        (placement, self.changes)
    }
}

/// The number of a group's next allocation: the lowest that is missing, or one more than there should
/// be where none is.
pub(crate) fn next_name(state: &State, job: &Job, group: &TaskGroup) -> u32 {
    let first = match state.find_job(&job.namespace, &job.id) {
        Some(slot) => missing_names(state, slot, group).first().copied(),
        None => (group.count() > 0).then_some(0),
    };
    first.unwrap_or(group.count())
}

/// The numbers of a group's missing allocations: the lowest that none of its live ones has.
fn missing_names(state: &State, job: JobSlot, group: &TaskGroup) -> Vec<u32> {
    let count = group.count();
    let mut is_used = vec![false; count as usize];
    let mut live = 0;
    let own = state.allocations_of(job, &group.name).iter();
    for record in own.filter_map(|&slot| state.allocation(slot)).filter(|it| it.is_live()) {
        live += 1;
        if let Some(used) = is_used.get_mut(record.name_index as usize) {
            *used = true;
        }
    }
    let missing = count.saturating_sub(live) as usize;
    (0..count).filter(|&index| !is_used[index as usize]).take(missing).collect()
}

/// What the unplaced allocations ask for of what ran out (specification, section 8).
fn add_exhausted_resources(metrics: &mut AllocationMetrics, group: &TaskGroup, missing: u32) {
    let ran_out = |dimension: &str| metrics.dimension_exhausted.contains_key(dimension);
    let (cpu, memory) = (ran_out("cpu"), ran_out("memory"));
    if !cpu && !memory {
        return;
    }
    let missing = i64::from(missing);
    let of_task = |task: &crate::model::Task| Resources {
        cpu: cpu.then(|| task.cpu_mhz() * missing),
        memory_mb: memory.then(|| task.memory_mb() * missing),
        ..Resources::default()
    };
    metrics.resources_exhausted =
        group.tasks.iter().map(|task| (task.name.clone(), of_task(task))).collect();
}
