//! A job's evaluations and deployments, as lists.

use super::slots::{DeploymentSlot, EvaluationSlot};
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
