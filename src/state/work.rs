//! A job's evaluations and deployments, as lists.

use super::slot_list::SlotList;
use super::slots::{DeploymentSlot, EvaluationSlot};

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
    pub(crate) slots: SlotList<S>,
    /// The index at which anything on the list last came, changed or left; 0 if nothing ever did.
    pub(crate) modify_index: u64,
}

impl<S> Default for Listed<S> {
    fn default() -> Listed<S> {
        Listed { slots: SlotList::None, modify_index: 0 }
    }
}

/// What takes back a change of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListBefore {
    modify_index: u64,
    /// Where something came, which is at the end, or left.
    moved: Option<Moved>,
}

#[derive(Clone, Copy, Debug)]
enum Moved {
    Came,
    Left(u32),
}

impl<S: Copy + PartialEq> Listed<S> {
    /// Puts something on the list.
    pub(super) fn add(&mut self, slot: S, index: u64) -> ListBefore {
        self.slots.push(slot);
        self.changed(Some(Moved::Came), index)
    }

    /// Notes a change of something that is on the list.
    pub(super) fn touch(&mut self, index: u64) -> ListBefore {
        self.changed(None, index)
    }

    /// Takes something off the list. The order of the others stays.
    pub(super) fn take(&mut self, slot: S, index: u64) -> ListBefore {
        let at = self.slots.iter().position(|it| *it == slot);
        if let Some(at) = at {
            self.slots.remove(at);
        }
        self.changed(at.map(|at| Moved::Left(at as u32)), index)
    }

    fn changed(&mut self, moved: Option<Moved>, index: u64) -> ListBefore {
        let modify_index = std::mem::replace(&mut self.modify_index, index);
        ListBefore { modify_index, moved }
    }

    /// Takes back the latest change, which was of `slot`.
    pub(super) fn restore(&mut self, slot: S, before: ListBefore) {
        self.modify_index = before.modify_index;
        match before.moved {
            Some(Moved::Came) => self.slots.remove(self.slots.len().saturating_sub(1)),
            Some(Moved::Left(at)) => self.slots.insert(at as usize, slot),
            None => {}
        }
    }
}

impl Work {
    /// Whether there never was any.
    pub(super) fn is_untouched(&self) -> bool {
        let indexes = (self.evaluations.modify_index, self.deployments.modify_index);
        indexes == (0, 0) && self.is_empty()
    }

    /// Whether nothing is left of it.
    pub(super) fn is_empty(&self) -> bool {
        self.evaluations.slots.is_empty() && self.deployments.slots.is_empty()
    }
}
