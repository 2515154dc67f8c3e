//! Registered jobs as the API has them, with what they have come to.

use super::State;
use super::slots::JobSlot;
use super::standing::JobStatus;
use crate::model::{JobSpec, JobSummary};

impl State {
    /// The present version of a registered job as a document.
    pub(crate) fn job_document(&self, job: JobSlot) -> Option<JobSpec> {
        Some(self.past_job(job)?.document())
    }

    /// A version of a registered job as a document. What the job has come to stands in its present one.
    pub(crate) fn version_document(&self, job: JobSlot, number: u64) -> Option<JobSpec> {
        Some(self.past_version(job, number)?.document())
    }

    /// What a job has come to.
    pub(crate) fn status_of_job(&self, job: JobSlot) -> JobStatus {
        self.standing(job).map(|standing| standing.counted.status).unwrap_or_default()
    }

    /// The summary of a registered job.
    pub(crate) fn job_summary(&self, job: JobSlot) -> Option<JobSummary> {
        let record = self.job(job)?;
        let present = self.registration(job)?.present()?;
        let standing = self.standing(job).cloned().unwrap_or_default();
        let names = record.groups.iter().map(|group| &*group.name);
        let mut summary = standing.summary(names);
        // Groups of earlier versions are shown as long as anything of them is counted.
        let is_shown =
            |name: &str, is_counted: bool| is_counted || present.job.group(name).is_some();
        summary.summary.retain(|name, counts| is_shown(name, *counts != Default::default()));
        let (namespace, id) = record.names();
        (summary.namespace, summary.job_id) = (namespace.to_owned(), id.to_owned());
        Some(summary)
    }
}
