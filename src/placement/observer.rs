//! Observers: who watches a job being placed. Explanations are made that way, without placing knowing
//! of them.

use super::group::GroupPlan;
use crate::rank::preempt::Evicted;
use crate::state::State;

/// Watches a job being placed.
pub(crate) trait Observer {
    /// A group is about to be placed.
    fn group_begins(&mut self, state: &State, plan: &GroupPlan<'_>, evicted: &Evicted);

    /// The group that began last could not be placed whole. The state is that in which placing failed.
    fn group_fails(&mut self, state: &State, plan: &GroupPlan<'_>, evicted: &Evicted);
}
