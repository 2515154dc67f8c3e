//! Letting time pass: what is ready is processed, and timers fire, each at its own instant.

use std::sync::Arc;

use super::Engine;
use super::event::Cause;
use super::timers::Timer;
use super::{deliveries, deployments, drains, garbage, launches, processing, silence, unblock};
use crate::cluster::snapshot::AdvanceError;
use crate::state::slots::EvaluationSlot;
use crate::time::Timestamp;

impl Engine {
    /// When something will happen next, unless something else does before: now while any evaluation is
    /// ready. None if nothing would ever change.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        match self.first_ready() {
            Some(_) => Some(self.now()),
            None => self.queues.timers.first().map(|(at, _)| at.max(self.now())),
        }
    }

    /// Does all that is due by an instant: processes what is ready, and lets timers fire, in order and each
    /// at its own instant, until nothing is due by then.
    ///
    /// # Errors
    ///
    /// The instant is over. Nothing has changed.
    pub fn advance(&mut self, now: Timestamp) -> Result<(), AdvanceError> {
        self.check_instant(now)?;
        self.history.begin_call();
        self.advance_within(now);
        Ok(())
    }

    /// Does the next one thing of what is due by an instant: one evaluation or one timer. False, and time
    /// has come to the instant, where nothing is due.
    ///
    /// # Errors
    ///
    /// The instant is over. Nothing has changed.
    pub fn step(&mut self, now: Timestamp) -> Result<bool, AdvanceError> {
        self.check_instant(now)?;
        self.history.begin_call();
        Ok(self.step_within(now))
    }

    fn check_instant(&self, now: Timestamp) -> Result<(), AdvanceError> {
        match now < self.now() {
            true => Err(AdvanceError::Over { to: now, now: self.now() }),
            false => Ok(()),
        }
    }

    /// Does all that is due by an instant that is not over.
    pub(super) fn advance_within(&mut self, now: Timestamp) {
        while self.step_within(now) {}
    }

    fn step_within(&mut self, now: Timestamp) -> bool {
        if let Some(evaluation) = self.first_ready() {
            self.process(evaluation);
            return true;
        }
        if let Some((at, timer)) = self.queues.timers.first().filter(|(at, _)| *at <= now) {
            self.move_to(at);
            self.fire(timer);
            return true;
        }
        self.move_to(now);
        false
    }

    /// The evaluation that is processed next.
    fn first_ready(&self) -> Option<EvaluationSlot> {
        let is_paused = self.cluster.state().book().settings.scheduler.pause_eval_broker;
        self.queues.first_ready(&self.options.processed).filter(|_| !is_paused)
    }

    /// Lets time come to an instant, unless it is over.
    fn move_to(&mut self, now: Timestamp) {
        if now > self.now() {
            self.cluster.state_mut().now = now;
        }
    }

    fn process(&mut self, evaluation: EvaluationSlot) {
        let done = self.change(Cause::Plan, |change| {
            processing::process(change, evaluation);
            Ok::<(), std::convert::Infallible>(())
        });
        debug_assert!(done.is_ok());
    }

    /// Does what is due at a timer's instant.
    fn fire(&mut self, timer: Timer) {
        Arc::make_mut(&mut self.queues).timers.set(timer, None);
        let cause = match timer {
            Timer::Heartbeat(_) => Cause::NodeStatus,
            Timer::Drain(_) => Cause::NodeDrain,
            Timer::News(_) => Cause::DeploymentPromotion,
            Timer::Progress(_) => Cause::DeploymentStatus,
            Timer::Launch(_) => Cause::JobRegistration,
            Timer::ForgetEvaluation(_)
            | Timer::ForgetDeployment(_)
            | Timer::ForgetJob(_)
            | Timer::ForgetNode(_) => Cause::Garbage,
            _ => Cause::Evaluations,
        };
        let done = self.change(cause, |change| {
            match timer {
                Timer::Wait(evaluation) => change.revisited.push(evaluation),
                Timer::Retry(evaluation) => unblock::release(change, vec![evaluation]),
                Timer::Heartbeat(node) => silence::miss(change, node),
                Timer::Drain(node) => drains::look_at(change, node),
                Timer::News(deployment) => deployments::look_at(change, deployment),
                Timer::Progress(deployment) => deployments::miss_deadline(change, deployment),
                Timer::Launch(job) => launches::fire(change, job),
                Timer::Delivery(evaluation) => deliveries::fire(change, evaluation),
                Timer::ForgetEvaluation(slot) => garbage::forget_evaluation(change, slot),
                Timer::ForgetDeployment(slot) => garbage::forget_deployment(change, slot),
                Timer::ForgetJob(job) => garbage::forget_job(change, job),
                Timer::ForgetNode(node) => garbage::forget_node(change, node),
            }
            Ok::<(), std::convert::Infallible>(())
        });
        debug_assert!(done.is_ok());
    }
}
