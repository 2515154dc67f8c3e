//! Requests: what placing serves, one allocation each.

use crate::state::slots::{AllocationSlot, DeploymentRef, EvaluationRef, NodeSlot};
use crate::state::small_list::SmallList;

/// One allocation of a group to be placed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Request {
    /// The number in the allocation's name.
    pub(crate) name_index: u32,
    /// The only node that it may go to; any that the job looks at if there is none.
    pub(crate) only_node: Option<NodeSlot>,
    /// The node that it goes to if that would do, whatever the others score.
    pub(crate) preferred_node: Option<NodeSlot>,
    /// The allocation that it takes the place of. Its room counts as free for this request, and it is
    /// left alone if no node is found.
    pub(crate) replaces: Option<AllocationSlot>,
    /// Nodes to stay away from, because what it replaces failed there (docs/placement.md, section 3.5).
    pub(crate) penalty_nodes: SmallList<NodeSlot>,
}

/// What placements come of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin {
    /// The evaluation that asks for them.
    pub(crate) evaluation: EvaluationRef,
    /// The deployment that they are part of.
    pub(crate) deployment: DeploymentRef,
    /// Tells the ports that are drawn for an evaluation from those that are drawn for others; none where
    /// a job is placed without one.
    pub(crate) port_key: Option<u64>,
}

impl Request {
    /// A request for an allocation of this number, on whatever node is best.
    pub(crate) fn named(name_index: u32) -> Request {
        Request { name_index, ..Request::default() }
    }

    /// A request of a system job: its allocation on one node.
    pub(crate) fn on_node(node: NodeSlot) -> Request {
        Request { only_node: Some(node), ..Request::default() }
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has its place.
    Placed,
    /// The only node that it may go to may not run it at all.
    Filtered,
    /// There is no room for it, or there was none for another of its group.
    Exhausted,
}
