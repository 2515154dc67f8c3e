//! What a selection found.

use std::sync::Arc;

use crate::placement::scan::Filter;
use crate::state::slots::{AllocationSlot, NodeSlot};
use crate::state::tally::Tally;

/// What one selection found.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// The best node, if any would do.
    pub(crate) best: Option<Selected>,
    /// The counts of what was looked at.
    pub(crate) tally: Arc<Tally>,
    /// Where one node was looked at: what filters it.
    pub(crate) filter: Option<Filter>,
}

/// Where an allocation goes.
#[derive(Clone, Debug)]
pub(crate) struct Selected {
    pub(crate) node: NodeSlot,
    pub(crate) score: f64,
    /// What has to be evicted for it.
    pub(crate) victims: Vec<AllocationSlot>,
}
