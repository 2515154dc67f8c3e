//! The types of jobs.

use std::fmt;

/// How a job's allocations come and go.
///
/// ```
/// use stowplan::model::JobType;
///
/// assert_eq!(JobType::from_text("sysbatch"), Some(JobType::Sysbatch));
/// assert!(JobType::Sysbatch.is_system() && !JobType::Batch.is_system());
/// assert_eq!(JobType::default().as_str(), "service");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JobType {
    /// They run until they are told to stop.
    #[default]
    Service,
    /// They run until they are done.
    Batch,
    /// One on every node that may run it, until told to stop.
    System,
    /// One on every node that may run it, until done.
    Sysbatch,
}

impl JobType {
    /// The type of this name, if there is one.
    pub fn from_text(name: &str) -> Option<Self> {
        match name {
            "service" => Some(JobType::Service),
            "batch" => Some(JobType::Batch),
            "system" => Some(JobType::System),
            "sysbatch" => Some(JobType::Sysbatch),
            _ => None,
        }
    }

    /// The name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            JobType::Service => "service",
            JobType::Batch => "batch",
            JobType::System => "system",
            JobType::Sysbatch => "sysbatch",
        }
    }

    /// Whether the job runs on every node that may run it: `system` and `sysbatch`.
    pub fn is_system(self) -> bool {
        matches!(self, JobType::System | JobType::Sysbatch)
    }
}

impl fmt::Display for JobType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
