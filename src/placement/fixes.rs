//! The nearest fixes for what cannot be placed.

use super::group::GroupPlan;
use super::options::PlaceOptions;
use crate::rank::preempt::Evicted;
use crate::state::State;

/// A change that would make a placement possible.
#[derive(Clone, Debug)]
pub struct Fix {}

/// Looks for changes.
pub(crate) fn nearest(
    _state: &State,
    _plan: &GroupPlan<'_>,
    _options: &PlaceOptions,
    _evicted: &Evicted,
) -> Vec<Fix> {
    Vec::new()
}
