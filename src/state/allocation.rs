//! An allocation as the state keeps it: small, with everything that it shares with its siblings kept
//! once, by its batch.

use std::sync::Arc;

use super::node::NodeRecord;
use super::pages::{PageReader, Pages};
use super::slots::{BatchSlot, JobSlot, NodeSlot};
use super::usage::Holdings;
use crate::model::JobType;
use crate::model::status::{ClientStatus, DesiredStatus};

/// Allocations by slot.
pub(crate) type AllocationTable = Pages<AllocationRecord, 32>;

/// Reads the records of allocations, mostly of one after the other.
pub(crate) type RecordReader<'a> = PageReader<'a, AllocationRecord, 32>;

/// What placing touches of an allocation; what happens to it afterwards is its lifecycle.
#[derive(Clone, Debug)]
pub(crate) struct AllocationRecord {
    pub(crate) job: JobSlot,
    /// The group, as its place in the job's record.
    pub(crate) group: u16,
    pub(crate) desired: DesiredStatus,
    pub(crate) client: ClientStatus,
    /// Whether it takes room on its node. It does until it has ended there.
    pub(crate) occupies: bool,
    pub(crate) node: NodeSlot,
    /// Its place in the node's list, while it occupies.
    pub(crate) at_node: u32,
    /// Its place in the group's list.
    pub(crate) at_group: u32,
    /// The number in its name.
    pub(crate) name_index: u32,
    /// How many allocations had this slot before.
    pub(crate) generation: u32,
    /// What placed it; none for an allocation of an inventory.
    pub(crate) batch: BatchSlot,
    pub(crate) in_batch: u32,
    pub(crate) own: Own,
}

/// What an allocation has that its siblings have not.
#[derive(Clone, Debug)]
pub(crate) enum Own {
    /// The slot is free.
    Vacant,
    /// Amounts only, the same as its siblings.
    Amounts,
    /// Ports, cores or devices beside the amounts.
    Holdings(Arc<Holdings>),
}

impl AllocationRecord {
    /// Whether its slot is free.
    #[inline]
    pub(crate) fn is_vacant(&self) -> bool {
        matches!(self.own, Own::Vacant)
    }

    /// Whether neither the scheduler nor the node has done with it.
    pub(crate) fn is_live(&self) -> bool {
        !self.is_vacant() && !self.desired.is_terminal() && !self.client.is_terminal()
    }

    /// Whether it came from an inventory.
    pub(crate) fn is_imported(&self) -> bool {
        self.batch == BatchSlot::NONE && !self.is_vacant()
    }

    /// Whether its place in its group is filled: it lives, or it has completed work that is done once
    /// (docs/lifecycle.md, section 12, trap 1).
    pub(crate) fn fills_place(&self, job_type: JobType) -> bool {
        let is_done_once = matches!(job_type, JobType::Batch | JobType::Sysbatch);
        self.is_live() || (is_done_once && self.has_completed())
    }

    fn has_completed(&self) -> bool {
        !self.is_vacant() && self.client == ClientStatus::Complete
    }

    /// Whether it was told to stop or evicted. As long as it is on its node nevertheless, it is leaving.
    pub(crate) fn is_to_leave(&self) -> bool {
        self.desired.is_terminal()
    }

    /// What it holds for itself.
    pub(crate) fn holdings(&self) -> Option<&Holdings> {
        self.own.holdings()
    }

    /// A free slot.
    pub(super) fn vacant(generation: u32) -> AllocationRecord {
        AllocationRecord {
            job: JobSlot::NONE,
            group: 0,
            desired: DesiredStatus::Stop,
            client: ClientStatus::Complete,
            occupies: false,
            node: NodeSlot::NONE,
            at_node: 0,
            at_group: 0,
            name_index: 0,
            generation,
            batch: BatchSlot::NONE,
            in_batch: 0,
            own: Own::Vacant,
        }
    }
}

impl Own {
    /// Ports, cores and devices.
    pub(crate) fn holdings(&self) -> Option<&Holdings> {
        match self {
            Own::Vacant | Own::Amounts => None,
            Own::Holdings(holdings) => Some(holdings),
        }
    }
}

/// The CPU of the cores that an allocation holds.
pub(crate) fn core_mhz(holdings: &Holdings) -> i64 {
    holdings.cores.iter().map(|core| core.speed_mhz).sum()
}

/// What is taken on a node by the given allocations, counted from nothing.
pub(crate) fn taken_by<'a>(
    node: &NodeRecord,
    holders: impl Iterator<Item = &'a AllocationRecord>,
) -> super::usage::Taken {
    let mut taken = (*node.reserved).clone();
    for holder in holders {
        if let Some(holdings) = holder.holdings() {
            taken.add(holdings, node, holder.is_to_leave());
        }
    }
    taken
}
