//! The lists of jobs' evaluations and deployments: looking them up, changing them, checking them.

use super::State;
use super::check::Report;
use super::slots::JobSlot;
use super::work::{ListBefore, Work};

impl State {
    /// A job's evaluations and deployments; none if there is no such job.
    pub(crate) fn work(&self, job: JobSlot) -> Option<&Work> {
        self.job(job).map(|record| &record.work)
    }

    /// Changes a job's lists, and gives what takes that back; none if there is no such job.
    pub(super) fn change_work(
        &mut self,
        job: JobSlot,
        change: impl FnOnce(&mut Work) -> ListBefore,
    ) -> Option<ListBefore> {
        self.job_mut(job).map(|record| change(&mut record.work))
    }

    /// Takes the latest change of a job's lists back.
    pub(super) fn restore_work(
        &mut self,
        job: JobSlot,
        before: Option<ListBefore>,
        restore: impl FnOnce(&mut Work, ListBefore),
    ) {
        if let Some((record, before)) = self.job_mut(job).zip(before) {
            restore(&mut record.work, before);
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
