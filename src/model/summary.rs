//! Summaries of jobs: how many allocations of each group are in which state (docs/lifecycle.md,
//! section 8).

use indexmap::IndexMap;

use super::document::document;

document! {
    /// What has become of a job's allocations, in figures.
    pub struct JobSummary {
        /// The job.
        "JobID" => pub job_id: String,
        /// The job's namespace.
        "Namespace" => pub namespace: String,
        /// By group.
        "Summary" => pub summary: IndexMap<String, TaskGroupSummary>,
        /// The jobs that were launched from it.
        "Children" => pub children: JobChildrenSummary,
        /// The index at which it was created.
        "CreateIndex" => pub create_index: u64,
        /// The index at which it last changed.
        "ModifyIndex" => pub modify_index: u64,
    }
}

document! {
    /// What has become of a group's allocations, in figures.
    pub struct TaskGroupSummary {
        /// They still have to be placed.
        "Queued" => pub queued: u64,
        /// They ended well.
        "Complete" => pub complete: u64,
        /// They ended badly.
        "Failed" => pub failed: u64,
        /// They run.
        "Running" => pub running: u64,
        /// They were placed and have not started.
        "Starting" => pub starting: u64,
        /// Their node went away.
        "Lost" => pub lost: u64,
        /// Their node does not answer.
        "Unknown" => pub unknown: u64,
    }
}

document! {
    /// What has become of the jobs that were launched from a job, in figures.
    pub struct JobChildrenSummary {
        /// They have not begun.
        "Pending" => pub pending: u64,
        /// They run.
        "Running" => pub running: u64,
        /// They are done or stopped.
        "Dead" => pub dead: u64,
    }
}
