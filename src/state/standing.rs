//! What a job has come to: its status, its summary and the changes of its counts (docs/lifecycle.md,
//! sections 8 and 9).

use super::small_list::SmallList;
use crate::model::status::ClientStatus;
use crate::model::{JobChildrenSummary, JobSummary, TaskGroupSummary};
use crate::time::Timestamp;

/// How many changes of a group's count are remembered.
const SCALINGS_KEPT: usize = 10;

/// What has become of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum JobStatus {
    /// Nothing of it runs yet.
    #[default]
    Pending,
    Running,
    /// It is done or stopped.
    Dead,
}

/// What the state keeps of a job beside its versions and its lists.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    pub(crate) counted: Counted,
    /// Changes of the counts of its groups, oldest first.
    pub(crate) scalings: Vec<Scaling>,
    /// The jobs that were launched from it.
    pub(crate) children: ChildCounts,
    /// When it was last launched by itself, or from when on it is.
    pub(crate) launched: Option<Timestamp>,
}

/// The part of it that moves with every allocation, so that it is changed where it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) status: JobStatus,
    /// By the group's place in the job's record.
    pub(crate) groups: SmallList<GroupCounts>,
    /// The indexes of its summary: when it was made, and when it last changed.
    pub(crate) summary_created: u64,
    pub(crate) summary_modified: u64,
    /// The index at which an allocation of it last came, changed or left.
    pub(crate) allocations_modified: u64,
}

/// How many of the jobs that were launched from a job are in which state. What is dead is counted for
/// ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChildCounts {
    pub(crate) pending: u32,
    pub(crate) running: u32,
    pub(crate) dead: u32,
}

/// How many allocations of a group are in which state. What entered a state that ends it is counted for
/// ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GroupCounts {
    pub(crate) queued: u32,
    pub(crate) starting: u32,
    pub(crate) running: u32,
    pub(crate) complete: u32,
    pub(crate) failed: u32,
    pub(crate) lost: u32,
    pub(crate) unknown: u32,
}

/// A change of a group's count, or only a note about it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scaling {
    pub(crate) group: Box<str>,
    pub(crate) at: Timestamp,
    pub(crate) index: u64,
    /// The count then; none for a note.
    pub(crate) count: Option<i64>,
    pub(crate) previous_count: i64,
    pub(crate) message: Box<str>,
    pub(crate) is_error: bool,
    pub(crate) meta: serde_json::Map<String, serde_json::Value>,
    /// The evaluation that it made, if any.
    pub(crate) evaluation_id: Box<str>,
}

impl JobStatus {
    /// The text in documents.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            JobStatus::Pending => "pending",
            JobStatus::Running => "running",
            JobStatus::Dead => "dead",
        }
    }
}

impl Counted {
    /// The counts of a group, made if there are none yet.
    pub(crate) fn group_mut(&mut self, at: u16) -> Option<&mut GroupCounts> {
        while self.groups.len() <= usize::from(at) {
            self.groups.push(GroupCounts::default());
        }
        self.groups.get_mut(usize::from(at))
    }
}

impl Standing {
    /// Whether there is nothing of it but what is counted.
    pub(super) fn is_only_counted(&self) -> bool {
        self.scalings.is_empty()
            && self.children == ChildCounts::default()
            && self.launched.is_none()
    }

    /// Remembers a change of a group's count.
    pub(crate) fn note_scaling(&mut self, scaling: Scaling) {
        self.scalings.push(scaling);
        let group = &self.scalings[self.scalings.len() - 1].group;
        let of_group = self.scalings.iter().filter(|it| it.group == *group).count();
        if of_group > SCALINGS_KEPT
            && let Some(oldest) = self.scalings.iter().position(|it| it.group == *group)
        {
            self.scalings.remove(oldest);
        }
    }

    /// Its summary as a document, with the names of the job's groups by place.
    pub(crate) fn summary<'a>(&self, groups: impl Iterator<Item = &'a str>) -> JobSummary {
        let none = GroupCounts::default();
        let counts = groups.enumerate().map(|(at, name)| {
            let counts = self.counted.groups.get(at).unwrap_or(&none);
            (name.to_owned(), TaskGroupSummary::from(*counts))
        });
        JobSummary {
            summary: counts.collect(),
            children: self.children.into(),
            create_index: self.counted.summary_created,
            modify_index: self.counted.summary_modified,
            ..JobSummary::default()
        }
    }
}

impl ChildCounts {
    /// Counts that a child went from one status to another; it is new where there is none before.
    pub(crate) fn moved(&mut self, from: Option<JobStatus>, to: JobStatus) {
        if let Some(from) = from {
            let left = self.of(from);
            *left = left.saturating_sub(1);
        }
        let entered = self.of(to);
        *entered = entered.saturating_add(1);
    }

    fn of(&mut self, status: JobStatus) -> &mut u32 {
        match status {
            JobStatus::Pending => &mut self.pending,
            JobStatus::Running => &mut self.running,
            JobStatus::Dead => &mut self.dead,
        }
    }

    /// Whether any is not done.
    pub(crate) fn is_any_live(&self) -> bool {
        self.pending + self.running > 0
    }
}

impl From<ChildCounts> for JobChildrenSummary {
    fn from(counts: ChildCounts) -> JobChildrenSummary {
        JobChildrenSummary {
            pending: counts.pending.into(),
            running: counts.running.into(),
            dead: counts.dead.into(),
            ..JobChildrenSummary::default()
        }
    }
}

impl GroupCounts {
    /// Counts that an allocation went from one state to another; it is new where there is none before.
    pub(crate) fn moved(&mut self, from: Option<ClientStatus>, to: ClientStatus) {
        let left = match from {
            Some(ClientStatus::Pending) => Some(&mut self.starting),
            Some(ClientStatus::Running) => Some(&mut self.running),
            Some(ClientStatus::Lost) => Some(&mut self.lost),
            Some(ClientStatus::Unknown) => Some(&mut self.unknown),
            Some(ClientStatus::Complete | ClientStatus::Failed) | None => None,
        };
        if let Some(left) = left {
            *left = left.saturating_sub(1);
        }
        let entered = match to {
            ClientStatus::Pending => &mut self.starting,
            ClientStatus::Running => &mut self.running,
            ClientStatus::Complete => &mut self.complete,
            ClientStatus::Failed => &mut self.failed,
            ClientStatus::Lost => &mut self.lost,
            ClientStatus::Unknown => &mut self.unknown,
        };
        *entered = entered.saturating_add(1);
    }
}

impl From<GroupCounts> for TaskGroupSummary {
    fn from(counts: GroupCounts) -> TaskGroupSummary {
        TaskGroupSummary {
            queued: counts.queued.into(),
            complete: counts.complete.into(),
            failed: counts.failed.into(),
            running: counts.running.into(),
            starting: counts.starting.into(),
            lost: counts.lost.into(),
            unknown: counts.unknown.into(),
            ..TaskGroupSummary::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ended_stays_counted() {
        let mut counts = GroupCounts::default();
        counts.moved(None, ClientStatus::Pending);
        counts.moved(Some(ClientStatus::Pending), ClientStatus::Running);
        counts.moved(Some(ClientStatus::Running), ClientStatus::Failed);
        assert_eq!(counts, GroupCounts { failed: 1, ..GroupCounts::default() });
        counts.moved(Some(ClientStatus::Failed), ClientStatus::Running);
        counts.moved(Some(ClientStatus::Running), ClientStatus::Lost);
        counts.moved(Some(ClientStatus::Lost), ClientStatus::Unknown);
        let expected = GroupCounts { failed: 1, unknown: 1, ..GroupCounts::default() };
        assert_eq!(counts, expected);
    }

    #[test]
    fn ten_changes_of_a_count_are_remembered_for_each_group() {
        let mut standing = Standing::default();
        let scaling = |group: &str, index| Scaling {
            group: group.into(),
            at: Timestamp::EPOCH,
            index,
            count: None,
            previous_count: 1,
            message: "".into(),
            is_error: false,
            meta: serde_json::Map::new(),
            evaluation_id: "".into(),
        };
        standing.note_scaling(scaling("b", 0));
        (1..13).for_each(|index| standing.note_scaling(scaling("a", index)));
        let kept: Vec<u64> = standing.scalings.iter().map(|it| it.index).collect();
        assert_eq!(kept, [0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    }
}
