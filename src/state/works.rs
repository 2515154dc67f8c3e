//! The lists of jobs' evaluations and deployments: looking them up, changing them, checking them.

use std::sync::Arc;

use super::State;
use super::check::Report;
use super::slots::JobSlot;
use super::work::{ListBefore, Work};

impl State {
    /// A job's evaluations and deployments; none if it never had any.
    pub(crate) fn work(&self, job: JobSlot) -> Option<&Work> {
        self.job(job)?.work.as_deref()
    }

    /// Changes a job's lists, and gives what takes that back; none if there is no such job.
    pub(super) fn change_work(
        &mut self,
        job: JobSlot,
        change: impl FnOnce(&mut Work) -> ListBefore,
    ) -> Option<ListBefore> {
        let record = self.job_mut(job)?;
        let had_lists = record.work.is_some();
        let mut before = change(Arc::make_mut(record.work.get_or_insert_default()));
        before.had_lists = had_lists;
        Some(before)
    }

    /// Takes the latest change of a job's lists back.
    pub(super) fn restore_work(
        &mut self,
        job: JobSlot,
        before: Option<ListBefore>,
        restore: impl FnOnce(&mut Work, ListBefore),
    ) {
        let Some((record, before)) = self.job_mut(job).zip(before) else { return };
        match record.work.as_mut().filter(|_| before.had_lists) {
            Some(work) => restore(Arc::make_mut(work), before),
            None => record.work = None,
        }
    }
}

impl State {
    /// Compares the tables of evaluations and deployments with their jobs' lists.
    pub(super) fn check_work(&self, report: &mut Report) {
        let mut listed = (0, 0);
        for job in self.job_slots() {
            let Some(work) = self.work(job) else { continue };
            let place = || format!("job `{}`", self.job(job).map_or("", |it| it.id()));
            for &slot in work.evaluations.slots.iter() {
                let of = self.evaluation(slot).map(|it| it.job);
                report.same(place, "the job of an evaluation", Some(self.job_ref(job)), of);
            }
            for &slot in work.deployments.slots.iter() {
                let of = self.deployment(slot).map(|it| it.job);
                report.same(place, "the job of a deployment", Some(self.job_ref(job)), of);
            }
            listed.0 += work.evaluations.slots.len();
            listed.1 += work.deployments.slots.len();
        }
        let kept = (self.evaluations().count(), self.deployments().count());
        let all = || "evaluations and deployments".to_owned();
        report.same(all, "how many are on lists of jobs", kept, listed);
        let slots = (self.evaluations.slots(), self.deployments.slots());
        let free = (self.evaluations.free().len(), self.deployments.free().len());
        report.same(all, "how many slots are free", (slots.0 - kept.0, slots.1 - kept.1), free);
        for (slot, _) in self.evaluations() {
            let id = self.evaluation_id(slot);
            let place = || format!("evaluation `{id}`");
            report.same(place, "the slot under its ID", Some(slot), self.find_evaluation(&id));
        }
        for (slot, _) in self.deployments() {
            let id = self.deployment_id(slot);
            let place = || format!("deployment `{id}`");
            report.same(place, "the slot under its ID", Some(slot), self.find_deployment(&id));
        }
    }
}
