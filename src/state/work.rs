//! A job's evaluations and deployments, as lists.

use std::sync::Arc;

use super::State;
use super::check::Report;
use super::slots::{DeploymentSlot, EvaluationSlot, JobSlot};
use super::small_list::SmallList;

/// What concerns a job beside its allocations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Work {
    pub(crate) evaluations: Listed<EvaluationSlot>,
    pub(crate) deployments: Listed<DeploymentSlot>,
}

/// Records of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Listed<S> {
    /// In the order in which they came.
    pub(crate) slots: SmallList<S>,
    /// The index at which anything on the list last came, changed or left; 0 if nothing ever did.
    pub(crate) modify_index: u64,
}

impl<S> Default for Listed<S> {
    fn default() -> Listed<S> {
        Listed { slots: SmallList::None, modify_index: 0 }
    }
}

impl<S: Clone + PartialEq> Listed<S> {
    /// Notes a change of what is on the list, or puts it there.
    pub(super) fn note(&mut self, slot: S, index: u64) {
        if !self.slots.contains(&slot) {
            self.slots.push(slot);
        }
        self.modify_index = index;
    }

    /// Takes something off the list. The order of the others stays.
    pub(super) fn take(&mut self, slot: &S, index: u64) {
        let left: Vec<S> = self.slots.iter().filter(|it| *it != slot).cloned().collect();
        self.slots = SmallList::from(left.as_slice());
        self.modify_index = index;
    }
}

impl Work {
    /// Whether nothing is left of it.
    pub(super) fn is_empty(&self) -> bool {
        self.evaluations.slots.is_empty() && self.deployments.slots.is_empty()
    }
}

impl State {
    /// A job's evaluations and deployments; none if it never had any.
    pub(crate) fn work(&self, job: JobSlot) -> Option<&Work> {
        self.job(job)?.work.as_deref()
    }

    /// Changes a job's lists, and gives what they were.
    pub(super) fn change_work(
        &mut self,
        job: JobSlot,
        change: impl FnOnce(&mut Work),
    ) -> Option<Arc<Work>> {
        let record = self.job_mut(job)?;
        let before = record.work.clone();
        change(Arc::make_mut(record.work.get_or_insert_default()));
        before
    }

    /// Puts a job's lists back to what they were.
    pub(super) fn restore_work(&mut self, job: JobSlot, before: Option<Arc<Work>>) {
        if let Some(record) = self.job_mut(job) {
            record.work = before;
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
