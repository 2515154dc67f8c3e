//! Batches: the placements of one group by one call, added to the state.
//!
//! An allocation is added in three steps, since what places off a frontier wants them apart: it takes
//! its room and is told its slot; its node is noted in the journal; it is put on the lists of its node
//! and its group. [`OpenBatch`] is the right to take these steps. Between the first and the last the
//! allocation is *pending*, and the transaction knows it, so that a batch that is dropped or taken back
//! leaves no trace. While a batch is open, things change by it and by evictions for it only: any other
//! change takes a batch back that was not closed.

use std::sync::Arc;

use super::State;
use super::allocation::{AllocationRecord, Own, core_mhz};
use super::batch::Batch;
use super::log::{Head, NewAllocation, Savepoint};
use super::slots::{AllocationRef, AllocationSlot, BatchSlot, JobSlot, NodeSlot};
use super::small_list::SmallList;
use super::transaction::Transaction;
use super::undo::{Enlisted, Undo};
use super::usage::{Amounts, Holdings};
use crate::model::status::{ClientStatus, DesiredStatus};

/// The right to add to the open batch. It is [closed](Transaction::close_batch), or dropped: then all of
/// the batch is taken back.
#[derive(Debug)]
pub(crate) struct OpenBatch {
    opened: Savepoint,
}

impl State {
    pub(crate) fn batch(&self, slot: BatchSlot) -> Option<&Arc<Batch>> {
        self.batches.get(slot.at())?.as_ref().map(|(batch, _)| batch)
    }

    /// The slot and the generation that the next allocation will have, after so many others.
    pub(super) fn next_allocation(&self, after: usize) -> (AllocationSlot, u32) {
        let freed = self.free_allocations.len();
        let (slot, mut generation) = match freed
            .checked_sub(after + 1)
            .map(|at| AllocationSlot(self.free_allocations[at]))
        {
            Some(slot) => (slot, self.allocations[slot.at()].generation),
            None => (AllocationSlot::new(self.allocations.len() + after - freed), 0),
        };
        while !self.given_away.is_empty() && self.given_away.contains(&(slot, generation)) {
            generation = generation.wrapping_add(1);
        }
        (slot, generation)
    }

    /// Keeps a batch: as far as it is known when its first allocations are put on the lists, and again
    /// when what was found out in it is complete.
    fn keep_batch(&mut self, slot: BatchSlot, batch: Arc<Batch>) {
        if let Some(place) = self.batches.get_mut(slot.at()) {
            let placed = batch.placed.len() as u32;
            *place = Some((batch, placed));
        }
    }
}

impl Transaction<'_> {
    /// Opens a batch of a job's group, whose allocations take these amounts each. Only one is open at
    /// a time; an earlier one that was not closed is taken back.
    pub(crate) fn open_batch(
        &mut self,
        job: JobSlot,
        group_name: &str,
        amounts: Amounts,
    ) -> OpenBatch {
        self.drop_open_batch();
        let opened = self.savepoint();
        let group = self.ensure_group(job, group_name);
        let (batch, is_reused) = match self.state.free_batches.pop() {
            Some(slot) => (BatchSlot(slot), true),
            None => {
                self.state.batches.push(None);
                (BatchSlot::new(self.state.batches.len() - 1), false)
            }
        };
        self.log(Undo::BatchOpened { batch, is_reused });
        self.state.log.open.head =
            Some(Head { job, group, batch, amounts, is_begun: false, opened });
        OpenBatch { opened }
    }

    /// The slot and the generation that the batch's next allocation will have.
    pub(crate) fn next_of_batch(&self, _open: &OpenBatch) -> AllocationRef {
        let (slot, generation) = self.state.next_allocation(self.state.log.open.pending.len());
        AllocationRef { slot, generation }
    }

    /// Gives the batch's next allocation its room on a node.
    pub(crate) fn take(&mut self, _open: &OpenBatch, new: NewAllocation) {
        let Some(head) = self.state.log.open.head else { return };
        let amounts = with_cores(head.amounts, new.holdings.as_deref());
        self.state.take_room(new.node, amounts, new.holdings.as_deref(), false);
        self.state.log.open.pending.push(new);
    }

    /// Notes the nodes of all pending allocations in the journal. The caller knows which nodes they
    /// are, and names each once.
    pub(crate) fn note_nodes(&mut self, _open: &OpenBatch, nodes: impl Iterator<Item = NodeSlot>) {
        for node in nodes {
            self.state.touch(node);
        }
        self.state.log.open.in_journal = self.state.log.open.pending.len();
    }

    /// Puts pending allocations on the lists, and notes their nodes in the journal where that was not
    /// done. `opening` gives the batch as far as it is known.
    pub(crate) fn enlist(&mut self, _open: &OpenBatch, opening: impl FnOnce() -> Arc<Batch>) {
        let Some(head) = &mut self.state.log.open.head else { return };
        let was_begun = std::mem::replace(&mut head.is_begun, true);
        let head = *head;
        if !was_begun {
            self.state.keep_batch(head.batch, opening());
        }
        self.enlist_pending(head);
    }

    /// Ends a batch, with what was found out in it. One without allocations leaves no trace.
    pub(crate) fn close_batch(&mut self, open: OpenBatch, batch: Arc<Batch>) {
        let Some(head) = self.state.log.open.head else { return };
        if batch.placed.is_empty() {
            return self.take_back_to(open.opened);
        }
        self.state.keep_batch(head.batch, batch);
        self.enlist_pending(head);
        self.state.log.open.head = None;
    }

    fn enlist_pending(&mut self, head: Head) {
        if self.state.log.open.pending.is_empty() {
            return;
        }
        self.index();
        let Head { job, group, .. } = head;
        let mut pending = std::mem::take(&mut self.state.log.open.pending);
        let in_journal = std::mem::take(&mut self.state.log.open.in_journal);
        let first_at_group = self.state.group_len(job, group);
        let (mut slots, mut reused) = (SmallList::None, 0);
        for (at, new) in pending.drain(..).enumerate() {
            if at >= in_journal {
                self.state.touch(new.node);
            }
            slots.push(self.enlist_one(head, first_at_group + at, new, &mut reused));
        }
        self.state.log.open.pending = pending;
        if let Some(list) = self.state.group_mut(job, group) {
            match list.is_empty() {
                true => *list = slots.clone(),
                false => list.extend(slots.iter().copied()),
            }
        }
        self.log(Undo::Enlisted(Enlisted { job, group, slots, reused }));
    }

    /// Writes the record of an allocation that has its room, and puts it on its node's list.
    fn enlist_one(
        &mut self,
        head: Head,
        at_group: usize,
        new: NewAllocation,
        reused: &mut u32,
    ) -> AllocationSlot {
        let (slot, generation) = self.state.next_allocation(0);
        let at_node = self.state.on_node.get_mut(new.node.at()).map_or(0, |on_node| {
            on_node.named += 1;
            let list = Arc::make_mut(&mut on_node.allocations);
            list.push(slot);
            list.len() - 1
        });
        let record = AllocationRecord {
            job: head.job,
            group: head.group,
            desired: DesiredStatus::Run,
            client: ClientStatus::Pending,
            occupies: true,
            node: new.node,
            at_node: at_node as u32,
            at_group: at_group as u32,
            name_index: new.name_index,
            generation,
            batch: head.batch,
            in_batch: new.in_batch,
            own: new.holdings.map_or(Own::Amounts, Own::Holdings),
        };
        match self.state.free_allocations.pop() {
            None => self.state.allocations.push(record),
            Some(_) => {
                *reused += 1;
                if let Some(place) = self.state.allocations.get_mut(slot.at()) {
                    let before = std::mem::replace(place, record).generation;
                    if before != generation {
                        self.log(Undo::Generation { slot, before });
                    }
                }
            }
        }
        slot
    }

    /// Takes allocations off the lists: they are pending again while their batch is open, and give
    /// their room back where it was closed.
    pub(super) fn undo_enlisted(&mut self, enlisted: Enlisted) {
        let Enlisted { job, group, slots, reused } = enlisted;
        let mut pending = std::mem::take(&mut self.state.log.open.pending);
        let open = self.state.log.open.head.map(|head| head.batch);
        for (at, &slot) in slots.iter().enumerate().rev() {
            let Some(record) = self.state.allocation(slot) else { continue };
            let (node, generation) = (record.node, record.generation);
            let new = NewAllocation {
                node,
                name_index: record.name_index,
                in_batch: record.in_batch,
                holdings: match &record.own {
                    Own::Holdings(holdings) => Some(holdings.clone()),
                    _ => None,
                },
            };
            if open == Some(record.batch) {
                pending.push(new);
            } else {
                let amounts = self.state.amounts_of(slot);
                self.state.give_room_back(node, amounts, new.holdings.as_deref(), false);
                self.state.touch(node);
            }
            self.state.unname_node(node);
            // Everything later was taken back, so that it is the last one on its lists.
            if let Some(list) = self.state.on_node_mut(node) {
                list.pop();
            }
            if let Some(list) = self.state.group_mut(job, group) {
                list.swap_remove(list.len().saturating_sub(1));
            }
            self.state.vacate(slot, generation, at < reused as usize);
        }
        pending.reverse();
        self.state.log.open.pending = pending;
        self.state.log.open.in_journal = 0;
    }

    /// Ends a batch without a trace.
    pub(super) fn undo_batch_opened(&mut self, batch: BatchSlot, is_reused: bool) {
        self.drop_pending(0);
        self.state.log.open.head = None;
        if let Some(place) = self.state.batches.get_mut(batch.at()) {
            *place = None;
        }
        match is_reused {
            true => self.state.free_batches.push(batch.0),
            false => drop(self.state.batches.pop()),
        }
    }

    /// Takes back a batch that was not closed.
    pub(super) fn drop_open_batch(&mut self) {
        if let Some(head) = self.state.log.open.head {
            self.take_back_to(head.opened);
        }
    }

    /// Gives the room of pending allocations back, but for the first `left`.
    pub(super) fn drop_pending(&mut self, left: usize) {
        let Some(head) = self.state.log.open.head else { return };
        while self.state.log.open.pending.len() > left {
            let Some(new) = self.state.log.open.pending.pop() else { break };
            let amounts = with_cores(head.amounts, new.holdings.as_deref());
            self.state.give_room_back(new.node, amounts, new.holdings.as_deref(), false);
            self.state.touch(new.node);
        }
        self.state.log.open.in_journal = self.state.log.open.in_journal.min(left);
    }
}

/// The amounts of an allocation, the CPU of its cores included.
fn with_cores(amounts: Amounts, holdings: Option<&Holdings>) -> Amounts {
    Amounts { cpu_mhz: amounts.cpu_mhz + holdings.map_or(0, core_mhz), ..amounts }
}
