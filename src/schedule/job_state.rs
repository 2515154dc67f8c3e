//! What is known of a job.

use crate::model::{Allocation, Deployment, Job};

/// What is known of the job of an evaluation.
#[derive(Clone, Debug, Default)]
pub struct JobState {
    /// The versions of the job, oldest first; the last is the present one. None if the job is gone.
    pub versions: Vec<Job>,
    /// All allocations of the job.
    pub allocations: Vec<Allocation>,
    /// Its deployments, oldest first.
    pub deployments: Vec<Deployment>,
    /// The IDs of evaluations of the job that wait for their time.
    pub waiting: Vec<String>,
}
