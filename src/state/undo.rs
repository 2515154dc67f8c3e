//! What a transaction logs of the state before each change.

use std::sync::Arc;

use super::allocation::AllocationRecord;
use super::batch::Batch;
use super::bookkeeping::BookUndo;
use super::deployment::DeploymentRecord;
use super::evaluation::EvaluationRecord;
use super::job::{JobRecord, Registration};
use super::lifecycle::LifecycleRecord;
use super::node::{Identity, NodeRecord};
use super::ports::PortSet;
use super::records::RecordChange;
use super::slots::{AllocationSlot, BatchSlot, JobSlot, NodeSlot};
use super::small_list::SmallList;
use super::work::ListBefore;
use crate::model::status::{ClientStatus, DesiredStatus};

/// One change, as what takes it back.
#[derive(Debug)]
pub(super) enum Undo {
    /// Another seed came to order equal nodes.
    Seed(u64),
    /// A node came, changed or left.
    Node(Box<NodeBefore>),
    /// A job's versions changed.
    Registered {
        job: JobSlot,
        before: Option<Arc<Registration>>,
    },
    /// A change of a job was counted that made no version of it.
    Touched {
        job: JobSlot,
        /// The index of the change before.
        before: u64,
    },
    /// A job without allocations was unregistered.
    JobRemoved {
        job: JobSlot,
        record: Arc<JobRecord>,
    },
    JobAdded {
        job: JobSlot,
        is_reused: bool,
    },
    GroupAdded(JobSlot),
    BatchOpened {
        batch: BatchSlot,
        is_reused: bool,
    },
    /// Allocations of a batch were put on the lists.
    Enlisted(Enlisted),
    /// The free slot of an allocation got another generation.
    Generation {
        slot: AllocationSlot,
        before: u32,
    },
    Imported {
        slot: AllocationSlot,
        is_reused: bool,
        was_unchecked: bool,
    },
    /// An identity was found among the imported that this cluster would have made itself.
    GivenAway,
    /// An allocation's statuses changed, and perhaps whether it is on its node.
    Changed(ChangedAllocation),
    /// What is kept of an allocation's life changed; it had no record before where there is none.
    Lifecycle {
        slot: AllocationSlot,
        before: Option<Box<LifecycleRecord>>,
    },
    Removed(Box<RemovedAllocation>),
    /// An evaluation came, changed or left.
    Evaluation(Worked<EvaluationRecord>),
    /// A deployment came, changed or left.
    Deployment(Worked<DeploymentRecord>),
    /// What an engine remembers changed.
    Book(BookUndo),
    /// An allocation whose room was free for the transaction took it again at its end.
    EndedStaging {
        slot: AllocationSlot,
        was_unchecked: bool,
    },
}

/// Allocations of one group, in the order in which they were put on the lists; the first `reused` of
/// them have slots that were free, the others new ones.
#[derive(Debug)]
pub(super) struct Enlisted {
    pub(super) job: JobSlot,
    pub(super) group: u16,
    pub(super) slots: SmallList<AllocationSlot>,
    pub(super) reused: u32,
}

/// A slot of a node before a change, with everything that is interned.
#[derive(Debug)]
pub(super) struct NodeBefore {
    pub(super) slot: NodeSlot,
    pub(super) record: Option<Arc<NodeRecord>>,
    pub(super) identity: Option<Arc<Identity>>,
    pub(super) was_unchecked: bool,
    pub(super) names: usize,
    pub(super) facts_classes: usize,
    pub(super) sizes: usize,
    pub(super) reserved_ports: Arc<PortSet>,
    pub(super) dynamic_ports: (u16, u16),
}

/// An allocation before its statuses changed.
#[derive(Clone, Debug)]
pub(super) struct ChangedAllocation {
    pub(super) slot: AllocationSlot,
    pub(super) desired: DesiredStatus,
    pub(super) client: ClientStatus,
    pub(super) occupied: bool,
    /// Whether its node was.
    pub(super) was_unchecked: bool,
    /// Whether the change made its room free for the transaction.
    pub(super) is_staged: bool,
    pub(super) at_node: u32,
    /// The record of its life, if it had one.
    pub(super) lifecycle: Option<Box<LifecycleRecord>>,
}

/// An allocation that was taken out, with what went with it.
#[derive(Debug)]
pub(super) struct RemovedAllocation {
    pub(super) slot: AllocationSlot,
    pub(super) record: AllocationRecord,
    pub(super) lifecycle: Option<LifecycleRecord>,
    pub(super) was_unchecked: bool,
    /// Its batch, if it was the last of it.
    pub(super) batch: Option<Arc<Batch>>,
    /// Its job, likewise.
    pub(super) job: Option<Arc<JobRecord>>,
    /// Whether the slot of its node, which had left, became free with it.
    pub(super) freed_node: bool,
}

/// An evaluation or a deployment of a job before a change.
#[derive(Debug)]
pub(super) struct Worked<R> {
    pub(super) slot: u32,
    pub(super) change: RecordChange<R>,
    pub(super) job: JobSlot,
    /// The list of its job.
    pub(super) list: Option<ListBefore>,
}
