//! What an allocation runs: a group of one version of a job, with what that takes.

use std::sync::Arc;

use super::usage::Amounts;
use crate::model::{JobSpec, JobType, TaskGroup};

/// A group of one version of a job. A batch has the one that it placed; an allocation that was updated
/// in place, or came from an inventory, has its own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GroupVersion {
    /// The version; none where an inventory does not tell.
    pub(crate) job: Option<Arc<JobSpec>>,
    /// The group, as its place in the job.
    pub(crate) group: usize,
    /// What each allocation takes, without the CPU of its cores.
    pub(crate) amounts: Amounts,
    /// Whether tasks may use more memory than they ask for.
    pub(crate) memory_oversubscription: bool,
}

impl GroupVersion {
    /// The version of the job.
    pub(crate) fn job_spec(&self) -> Option<&JobSpec> {
        self.job.as_deref()
    }

    /// The group as that version has it.
    pub(crate) fn group_spec(&self) -> Option<&TaskGroup> {
        self.job_spec()?.task_groups.get(self.group)
    }

    /// The group's name.
    pub(crate) fn group_name(&self) -> &str {
        self.group_spec().map_or("", |group| &group.name)
    }

    /// The name of an allocation: `<job>.<group>[<index>]`. System jobs go by the job's name there, the
    /// others by its ID.
    pub(crate) fn name_of(&self, name_index: u32) -> String {
        let job = self.job_spec().map_or("", |job| {
            let job_type = JobType::from_text(&job.job_type).unwrap_or_default();
            if job_type.is_system() { &job.name } else { &job.id }
        });
        // Every placement and every stop in a plan has one: pieces are joined in less than half the time of formatting.
        [job, ".", self.group_name(), "[", &name_index.to_string(), "]"].concat()
    }
}
