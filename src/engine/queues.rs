//! What an engine has in order: evaluations that are ready, that wait and that are blocked, timers, and
//! what has to be watched. All of it is derived from the state, change by change or from the whole.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::iter::once;

use super::blocked::Blocked;
use super::cron;
use super::ended::Ended;
use super::forget;
use super::launch_tokens::LaunchTokens;
use super::open::Open;
use super::options::GarbageOptions;
use super::place::{Place, ReadyKey, place_of};
use super::timers::{Timer, Timers};
use crate::model::{JobType, NodeStatus};
use crate::state::State;
use crate::state::changed::Changes;
use crate::state::slots::{DeploymentSlot, EvaluationSlot, JobSlot, NodeSlot};
use crate::state::small_list::SmallList;
use crate::state::standing::JobStatus;
use crate::state::transaction::{Touched, push_other, sort_and_dedup};

/// A longer list is not kept for the next change.
const MOST_SPARE: usize = 4096;

/// The queues, timers and lists of an engine.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Queues {
    /// Evaluations that may go out, by type.
    ready: BTreeSet<(JobType, ReadyKey)>,
    /// The evaluations that have not ended.
    open: Open,
    pub(super) blocked: Blocked,
    pub(super) timers: Timers,
    /// Jobs that run on every node that suits them.
    pub(super) system_jobs: BTreeSet<JobSlot>,
    pub(super) nodes: BTreeSet<NodeSlot>,
    pub(super) draining: BTreeSet<NodeSlot>,
    /// Deployments of which something may still come.
    pub(super) deployments: BTreeSet<DeploymentSlot>,
    pub(super) launch_tokens: LaunchTokens,
    pub(super) ended: Ended,
    /// Empty memory for a list of evaluations, so that no change makes its own.
    spare: Vec<EvaluationSlot>,
}

impl Queues {
    /// The queues of a whole state.
    pub(super) fn of(state: &State, ages: &GarbageOptions) -> Queues {
        let mut queues = Queues::default();
        let evaluations: Vec<EvaluationSlot> = state.evaluations().map(|(slot, _)| slot).collect();
        evaluations.into_iter().for_each(|slot| queues.place(state, slot));
        state.nodes().for_each(|(slot, _)| queues.follow_node(state, slot));
        state.job_slots().for_each(|slot| queues.follow_job(state, slot));
        state.deployments().for_each(|(slot, _)| queues.follow_deployment(state, slot));
        state.allocations().for_each(|(slot, _)| queues.ended.follow(state, slot));
        let everything = Changes {
            touched: Touched {
                nodes: state.nodes().map(|(slot, _)| slot).collect(),
                jobs: state.job_slots().collect(),
                evaluations: state.evaluations().map(|(slot, _)| slot).collect(),
                deployments: state.deployments().map(|(slot, _)| slot).collect(),
                ..Touched::default()
            },
            ..Changes::default()
        };
        // A file may name any.
        let may_be = |slot: &DeploymentSlot| slot.at() < state.deployment_slots();
        for (slot, at) in state.book().news.iter().filter(|(slot, _)| may_be(slot)) {
            queues.timers.set(Timer::News(*slot), Some(*at));
        }
        queues.follow_ended(state, ages, &everything);
        queues
    }

    /// Follows a change of the state.
    pub(super) fn follow(&mut self, state: &State, ages: &GarbageOptions, changes: &Changes) {
        let touched = &changes.touched;
        let is_other = |slot: &&EvaluationSlot| touched.evaluations.binary_search(slot).is_err();
        let requeued = changes.requeued.iter().filter(is_other);
        touched.evaluations.iter().chain(requeued).for_each(|&slot| self.place(state, slot));
        touched.allocations.iter().for_each(|&slot| self.ended.follow(state, slot));
        for &node in changes.nodes.iter().chain(&changes.lives) {
            self.follow_node(state, node);
        }
        // How much is wanted depends on the versions of the job.
        let may_wait = self.blocked.len() > 0;
        for &job in changes.registered.iter().filter(|_| may_wait) {
            let blocked = |slot: &EvaluationSlot| self.blocked.wait(*slot).is_some();
            let waiting: Vec<EvaluationSlot> = self.open_of(job).filter(blocked).collect();
            waiting.into_iter().for_each(|slot| self.place(state, slot));
        }
        for &job in &changes.registered {
            self.follow_job(state, job);
        }
        for &job in &changes.standings {
            if changes.registered.binary_search(&job).is_err() {
                // Of what is followed only the next launch depends on what the job has come to.
                self.timers.set(Timer::Launch(job), cron::due_at(state, job));
            }
        }
        touched.deployments.iter().for_each(|&slot| self.follow_deployment(state, slot));
        for &slot in &changes.news {
            self.timers.set(Timer::News(slot), state.book().news.get(&slot).copied());
        }
        self.follow_ended(state, ages, changes);
    }

    /// Sets the timers of what has ended and will be forgotten.
    fn follow_ended(&mut self, state: &State, ages: &GarbageOptions, changes: &Changes) {
        let touched = &changes.touched;
        let mut set = |slot: EvaluationSlot| {
            let at = forget::evaluation_at(state, ages, slot);
            self.timers.set(Timer::ForgetEvaluation(slot), at);
        };
        touched.evaluations.iter().for_each(|&slot| set(slot));
        let mut others = std::mem::take(&mut self.spare);
        note_bound(state, changes, &mut others);
        sort_and_dedup(&mut others);
        let is_other = |slot: &&EvaluationSlot| touched.evaluations.binary_search(slot).is_err();
        others.iter().filter(is_other).for_each(|&slot| set(slot));
        others.clear();
        if others.capacity() <= MOST_SPARE {
            self.spare = others;
        }
        self.follow_ended_deployments(state, ages, changes);
        for &slot in &touched.jobs {
            let is_dead = || state.status_of_job(slot) == JobStatus::Dead;
            if changes.registered.binary_search(&slot).is_ok() || is_dead() {
                self.timers.set(Timer::ForgetJob(slot), forget::job_at(state, ages, slot));
            }
        }
        for &slot in &touched.nodes {
            self.timers.set(Timer::ForgetNode(slot), forget::node_at(state, ages, slot));
        }
    }

    /// The same for deployments.
    fn follow_ended_deployments(
        &mut self,
        state: &State,
        ages: &GarbageOptions,
        changes: &Changes,
    ) {
        let mut set = |slot: DeploymentSlot| {
            let at = forget::deployment_at(state, ages, slot);
            self.timers.set(Timer::ForgetDeployment(slot), at);
        };
        changes.touched.deployments.iter().for_each(|&slot| set(slot));
        for job in changes.registered.iter().chain(&changes.deployed) {
            // What replacements go back to is kept no longer, or is from now on.
            state.deployment_slots_of(*job).iter().for_each(|&slot| set(slot));
        }
        if changes.left_deployments.is_empty() {
            return;
        }
        // Many allocations may have left one.
        let left = changes.left_deployments.iter();
        let left = left.filter_map(|of| state.resolve_deployment(*of));
        let mut left: SmallList<DeploymentSlot> = left.collect();
        left.sort_and_dedup();
        left.iter().for_each(|&slot| set(slot));
    }

    /// Puts an evaluation where it belongs now though nothing of it changed, and sets when it is forgotten.
    pub(super) fn revisit(&mut self, state: &State, ages: &GarbageOptions, slot: EvaluationSlot) {
        self.place(state, slot);
        let at = forget::evaluation_at(state, ages, slot);
        self.timers.set(Timer::ForgetEvaluation(slot), at);
    }

    /// Puts an evaluation where it belongs now.
    pub(super) fn place(&mut self, state: &State, slot: EvaluationSlot) {
        let place = place_of(state, slot);
        let known = self.open.place(slot);
        if known == place.as_ref() {
            return;
        }
        if known.is_some() {
            self.take(slot);
        }
        let (Some(place), Some(record)) = (place, state.evaluation(slot)) else { return };
        let job = record.job.slot;
        match &place {
            Place::Ready(job_type, key) => _ = self.ready.insert((*job_type, *key)),
            Place::Waiting(at) => self.timers.set(Timer::Wait(slot), Some(*at)),
            Place::Out(at) | Place::Failed(at) => self.timers.set(Timer::Delivery(slot), *at),
            Place::Blocked(wait, retry) => {
                self.blocked.insert(slot, wait.clone());
                self.timers.set(Timer::Retry(slot), *retry);
            }
            Place::Pending => {}
        }
        self.open.insert(job, slot, place);
    }

    fn take(&mut self, slot: EvaluationSlot) {
        let Some(place) = self.open.remove(slot) else { return };
        match place {
            Place::Ready(job_type, key) => _ = self.ready.remove(&(job_type, key)),
            Place::Blocked(..) => {
                self.blocked.remove(slot);
                self.timers.set(Timer::Retry(slot), None);
            }
            Place::Waiting(_) => self.timers.set(Timer::Wait(slot), None),
            Place::Out(_) | Place::Failed(_) => self.timers.set(Timer::Delivery(slot), None),
            Place::Pending => {}
        }
    }

    fn follow_node(&mut self, state: &State, slot: NodeSlot) {
        let node = state.node(slot).map(|record| &record.node);
        if node.is_some() {
            self.nodes.insert(slot);
        } else {
            self.nodes.remove(&slot);
        }
        let heard_by = node.and_then(|_| state.life(slot).heard_by);
        // A node that is down is not missed.
        let is_missed = node.is_some_and(|node| node.status() != NodeStatus::Down);
        self.timers.set(Timer::Heartbeat(slot), heard_by.filter(|_| is_missed));
        if node.is_some_and(|node| node.is_draining()) {
            self.draining.insert(slot);
        } else {
            self.draining.remove(&slot);
        }
        let deadline = node.and_then(super::drain_spec::force_deadline);
        self.timers.set(Timer::Drain(slot), deadline.filter(|at| *at > state.now));
    }

    fn follow_job(&mut self, state: &State, slot: JobSlot) {
        let present = state.registration(slot).and_then(|it| it.present()).map(|it| &it.job);
        if present.is_some_and(|job| job.job_type() == JobType::System) {
            self.system_jobs.insert(slot);
        } else {
            self.system_jobs.remove(&slot);
        }
        self.launch_tokens.follow(present, slot);
        let is_periodic = present.is_some_and(|job| job.periodic.is_some());
        let launch = is_periodic.then(|| cron::due_at(state, slot)).flatten();
        self.timers.set(Timer::Launch(slot), launch);
    }

    fn follow_deployment(&mut self, state: &State, slot: DeploymentSlot) {
        let active = state.deployment(slot).filter(|it| it.status.is_active());
        if active.is_some() {
            self.deployments.insert(slot);
        } else {
            self.deployments.remove(&slot);
        }
        let going_on = active.filter(|it| !it.status.is_paused()).into_iter();
        let awaited = going_on.flat_map(|it| &it.groups).filter(|it| !super::progress::is_done(it));
        let first = awaited.filter_map(|group| group.require_progress_by).min();
        self.timers.set(Timer::Progress(slot), first);
    }

    /// The next evaluation of the given types: that of the highest priority, of these the oldest.
    pub(super) fn first_ready(&self, types: &[JobType]) -> Option<EvaluationSlot> {
        // Mostly there is none or one.
        if self.ready.is_empty() {
            return None;
        }
        let (first_type, (.., first)) = self.ready.first()?;
        if self.ready.len() == 1 {
            return types.contains(first_type).then_some(*first);
        }
        let first_of = |of: &JobType| {
            let least = (Reverse(i64::MAX), 0, EvaluationSlot(0));
            let first = self.ready.range((*of, least)..).next();
            first.filter(|(job_type, _)| job_type == of).map(|(_, key)| key)
        };
        types.iter().filter_map(first_of).min().map(|(_, _, slot)| *slot)
    }

    /// The evaluations of a job that have not ended, in the order of slots.
    pub(super) fn open_of(&self, job: JobSlot) -> impl Iterator<Item = EvaluationSlot> + '_ {
        self.open.of(job).iter().map(|(slot, _)| *slot)
    }

    /// Whether an evaluation is in any queue, by which something will come of it.
    pub(super) fn knows(&self, slot: EvaluationSlot) -> bool {
        let is_in_hand =
            |place: &Place| matches!(place, Place::Ready(..) | Place::Out(_) | Place::Failed(_));
        match (self.open.place(slot), self.open.job_of(slot)) {
            // The one in hand is followed by it.
            (Some(Place::Pending), Some(job)) => {
                self.open.of(job).iter().any(|(_, place)| is_in_hand(place))
            }
            (place, _) => place.is_some(),
        }
    }

    /// Where every evaluation is that has not ended, in the order of slots.
    pub(super) fn places(&self) -> impl Iterator<Item = (EvaluationSlot, &Place)> {
        self.open.iter()
    }
}

/// Notes evaluations that did not change, but that may be forgotten sooner or later than before.
fn note_bound(state: &State, changes: &Changes, evaluations: &mut Vec<EvaluationSlot>) {
    let touched = &changes.touched;
    // Mostly one evaluation's come one after another.
    let mut note = |of: EvaluationSlot| push_other(evaluations, of);
    let made = |slot| state.resolve_evaluation(state.evaluation_of_allocation(slot)?);
    for &slot in &touched.allocations {
        if state.allocation(slot).is_some_and(|record| record.client.is_terminal()) {
            made(slot).into_iter().for_each(&mut note);
        }
    }
    for (slot, before) in &changes.clients {
        let Some(before) = before else { continue };
        if before.is_terminal() {
            made(*slot).into_iter().for_each(&mut note);
        }
        // What took its place is kept as long as it may come back.
        forget::replacements(state, *slot).filter_map(made).for_each(&mut note);
    }
    for of in &changes.unlinked {
        let Some(slot) = state.resolve_allocation(*of) else { continue };
        let replacements = forget::replacements(state, slot);
        once(slot).chain(replacements).filter_map(made).for_each(&mut note);
    }
    for slot in &touched.evaluations {
        // What was lost and waited for one that has ended may be forgotten with the one that made it.
        forget::lost_by(state, *slot).filter_map(made).for_each(&mut note);
    }
    for job in &changes.stopped {
        state.evaluations_of(*job).iter().for_each(|of| note(*of));
    }
    let left = changes.left.iter().filter_map(|of| state.resolve_evaluation(*of));
    left.for_each(note);
}
