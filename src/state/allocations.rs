//! Allocations: they come from an inventory or a placement, end, and are taken out.

use std::sync::Arc;

use super::State;
use super::allocation::{AllocationRecord, Imported, Own, core_mhz};
use super::few::Few;
use super::ids;
use super::nodes::name_hash;
use super::run::Run;
use super::slots::{AllocationSlot, JobSlot, NodeSlot, RunSlot};
use super::usage::{Amounts, Holdings};
use crate::model::status::{ClientStatus, DesiredStatus};

/// What the allocations of one run have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Siblings {
    pub(crate) job: JobSlot,
    pub(crate) group: u16,
    pub(crate) run: RunSlot,
}

/// What a placement adds, beside what it shares with its siblings.
#[derive(Clone, Debug)]
pub(crate) struct NewAllocation {
    pub(crate) node: NodeSlot,
    pub(crate) name_index: u32,
    pub(crate) in_run: u32,
    /// What it holds beside amounts, if anything.
    pub(crate) holdings: Option<Arc<Holdings>>,
}

/// What placing a job changed beside what it added, in order, so that it can be taken back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) evicted: Vec<Eviction>,
    pub(crate) runs: Few<RunSlot>,
    /// The job, if it was not known before.
    pub(crate) new_job: Option<JobSlot>,
    /// The index before the first change.
    pub(crate) modify_index: u64,
    /// The seed before the first change.
    pub(crate) seed: u64,
    /// How many slots for allocations there were before the first change.
    pub(crate) allocation_slots: usize,
}

/// What an evicted allocation was before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Eviction {
    pub(crate) victim: AllocationSlot,
    desired: DesiredStatus,
    modify_index: u64,
    /// Whether its node was not known to have room for all that was there.
    was_unchecked: bool,
}

impl State {
    /// Every allocation with its slot, in the order of slots.
    pub(crate) fn allocations(&self) -> impl Iterator<Item = (AllocationSlot, &AllocationRecord)> {
        let slots = self.allocations.iter().enumerate();
        slots
            .filter(|(_, record)| !matches!(record.own, Own::Vacant))
            .map(|(at, record)| (AllocationSlot::new(at), record))
    }

    /// How many slots for allocations there are, those that are free included.
    pub(crate) fn allocation_slots(&self) -> usize {
        self.allocations.len()
    }

    pub(crate) fn allocation(&self, slot: AllocationSlot) -> Option<&AllocationRecord> {
        self.allocations.get(slot.at()).filter(|record| !matches!(record.own, Own::Vacant))
    }

    /// How many allocations there are.
    pub(crate) fn allocation_count(&self) -> usize {
        self.allocations.len() - self.free_allocations.len()
    }

    /// The identity of an allocation.
    pub(crate) fn allocation_id(&self, slot: AllocationSlot) -> String {
        match self.allocation(slot) {
            Some(AllocationRecord { own: Own::Imported(imported), .. }) => {
                imported.document.id.clone()
            }
            Some(record) => ids::encode(self.identity_seed, slot, record.generation),
            None => String::new(),
        }
    }

    pub(crate) fn find_allocation(&self, id: &str) -> Option<AllocationSlot> {
        let is_imported = |slot: u32| match self.allocation(AllocationSlot(slot)).map(|it| &it.own)
        {
            Some(Own::Imported(imported)) => imported.document.id == id,
            _ => false,
        };
        if !self.imported_index.is_empty()
            && let Some(slot) = self.imported_index.find(name_hash(id), is_imported)
        {
            return Some(AllocationSlot(slot));
        }
        let (slot, generation) = ids::decode(self.identity_seed, id)?;
        let record = self.allocation(slot)?;
        let is_ours = !matches!(record.own, Own::Imported(_)) && record.generation == generation;
        is_ours.then_some(slot)
    }

    /// What an allocation takes of its node's amounts.
    pub(crate) fn amounts_of(&self, slot: AllocationSlot) -> Amounts {
        let Some(record) = self.allocation(slot) else { return Amounts::default() };
        let of_run = || self.run(record.run).map_or_else(Amounts::default, |run| run.amounts);
        match &record.own {
            Own::Vacant => Amounts::default(),
            Own::Amounts => of_run(),
            Own::Holdings(holdings) => {
                let amounts = of_run();
                Amounts { cpu_mhz: amounts.cpu_mhz + core_mhz(holdings), ..amounts }
            }
            Own::Imported(imported) => imported.amounts,
        }
    }

    /// The identity of the node that an allocation is on or was on.
    pub(crate) fn node_id_of(&self, slot: AllocationSlot) -> Option<&str> {
        let record = self.allocation(slot)?;
        match &record.own {
            Own::Vacant => None,
            Own::Imported(imported) => Some(&imported.document.node_id),
            Own::Amounts | Own::Holdings(_) => {
                let node = self.run(record.run)?.node_of(record.in_run as usize)?;
                Some(&node.id)
            }
        }
    }

    pub(crate) fn run(&self, slot: RunSlot) -> Option<&Arc<Run>> {
        self.runs.get(slot.at())?.as_ref().map(|(run, _)| run)
    }

    /// A slot for a run that is about to be made.
    pub(crate) fn reserve_run(&mut self) -> RunSlot {
        match self.free_runs.pop() {
            Some(slot) => RunSlot(slot),
            None => {
                self.runs.push(None);
                RunSlot::new(self.runs.len() - 1)
            }
        }
    }

    /// Keeps a run: as far as it is known when its first allocations are put on the lists, and again
    /// when what was found out in it is complete.
    pub(crate) fn keep_run(&mut self, slot: RunSlot, run: Arc<Run>) {
        if let Some(place) = self.runs.get_mut(slot.at()) {
            let placed = run.placed.len() as u32;
            *place = Some((run, placed));
        }
    }

    /// Adds an allocation of an inventory. Its identity must not be there yet; its node may be
    /// unknown.
    pub(crate) fn import(&mut self, imported: Imported) -> AllocationSlot {
        let document = &imported.document;
        let namespace = if document.namespace.is_empty() { "default" } else { &document.namespace };
        let (job, _) = self.ensure_named_job(namespace, &document.job_id);
        let group = self.ensure_group(job, &document.task_group);
        let (desired, client) = (document.desired(), document.client());
        let node = self.find_node(&document.node_id).unwrap_or(NodeSlot::NONE);
        let hash = name_hash(&document.id);
        if let Some(ours) = ids::decode(self.identity_seed, &document.id) {
            Arc::make_mut(&mut self.given_away).insert(ours);
        }
        let record = AllocationRecord {
            job,
            group,
            desired,
            client,
            occupies: !client.is_terminal() && node != NodeSlot::NONE,
            node,
            at_node: 0,
            at_group: 0,
            name_index: name_index(&document.name).unwrap_or(u32::MAX),
            generation: 0,
            run: RunSlot::NONE,
            in_run: 0,
            evicted_by: AllocationSlot::NONE,
            modify_index: 0,
            own: Own::Imported(Arc::new(imported)),
        };
        let slot = self.add(record);
        self.imported_index.insert(hash, slot.0);
        slot
    }

    /// Adds allocations for which room was taken already, in the order in which their slots were told
    /// by [`State::next_allocation`].
    pub(crate) fn enlist(&mut self, siblings: Siblings, new: &[NewAllocation]) {
        let Siblings { job, group, run } = siblings;
        let first_at_group = self.group_mut(job, group).map_or(0, |list| list.len());
        let mut slots = Few::None;
        for (at, new) in new.iter().enumerate() {
            let (slot, generation) = self.next_allocation(0);
            let at_node = self.on_node_mut(new.node).map_or(0, |list| {
                list.push(slot);
                list.len() - 1
            });
            let record = AllocationRecord {
                job,
                group,
                desired: DesiredStatus::Run,
                client: ClientStatus::Pending,
                occupies: true,
                node: new.node,
                at_node: at_node as u32,
                at_group: (first_at_group + at) as u32,
                name_index: new.name_index,
                generation,
                run,
                in_run: new.in_run,
                evicted_by: AllocationSlot::NONE,
                modify_index: self.next_modify_index(),
                own: new.holdings.clone().map_or(Own::Amounts, Own::Holdings),
            };
            match self.free_allocations.pop() {
                None => self.allocations.push(record),
                Some(_) => {
                    if let Some(place) = self.allocations.get_mut(slot.at()) {
                        *place = record;
                    }
                }
            }
            slots.push(slot);
        }
        if let Some(list) = self.group_mut(job, group) {
            match list.is_empty() {
                true => *list = slots,
                false => list.extend(slots.iter().copied()),
            }
        }
    }

    /// The slot and the generation that the next allocation will have, after so many others.
    pub(crate) fn next_allocation(&self, after: usize) -> (AllocationSlot, u32) {
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

    /// Takes changes back, as if they had never been, and the allocations that were added, in the order
    /// in which they were.
    pub(crate) fn take_back(
        &mut self,
        changes: &Changes,
        placed: impl DoubleEndedIterator<Item = AllocationSlot>,
    ) {
        for slot in placed.rev() {
            self.leave_group(slot);
            self.take_out(slot, self.amounts_of(slot));
            let was_new = slot.at() >= changes.allocation_slots;
            if was_new && slot.at() + 1 == self.allocations.len() {
                self.allocations.pop();
                self.free_allocations.pop();
            } else if let Some(record) = self.allocations.get_mut(slot.at()) {
                record.generation = record.generation.wrapping_sub(1);
            }
        }
        for eviction in changes.evicted.iter().rev() {
            self.restore_evicted(eviction);
        }
        for &run in changes.runs.iter().rev() {
            self.drop_run(run);
            if run.at() + 1 == self.runs.len() {
                self.runs.pop();
                self.free_runs.pop();
            }
        }
        if let Some(job) = changes.new_job {
            self.remove_job(job);
            if job.at() + 1 == self.jobs.len() {
                self.jobs.pop();
                self.free_jobs.pop();
            }
        }
        if self.seed != changes.seed {
            self.set_seed(changes.seed);
        }
        self.modify_index = changes.modify_index;
    }

    /// Takes an allocation out of everything. Its run goes with the last of its allocations, its job
    /// likewise.
    pub(crate) fn remove_allocation(&mut self, slot: AllocationSlot) {
        let Some(record) = self.allocation(slot) else { return };
        let (run, job, group) = (record.run, record.job, record.group);
        // All that this hangs on is read before anything is written: reads wait for memory together,
        // but none goes ahead of a write to what forks may share.
        let amounts = self.amounts_of(slot);
        let is_last_of_job = self.is_last_of_job(job, group);
        let left = self.runs.get(run.at()).and_then(|run| Some(run.as_ref()?.1));
        if !is_last_of_job {
            self.leave_group(slot);
        }
        self.take_out(slot, amounts);
        match left {
            None => {}
            Some(0 | 1) => self.drop_run(run),
            Some(_) => {
                if let Some(Some((_, left))) = self.runs.get_mut(run.at()) {
                    *left -= 1;
                }
            }
        }
        if is_last_of_job {
            self.remove_job(job);
        }
    }

    /// Whether a job has one allocation left, of the given group.
    fn is_last_of_job(&self, job: JobSlot, group: u16) -> bool {
        let groups = self.job(job).map(|job| &*job.groups).unwrap_or_default();
        let expected = |at: usize| usize::from(at == usize::from(group));
        groups.iter().enumerate().all(|(at, it)| it.allocations.len() == expected(at))
    }

    /// Drops a run, all of whose allocations are gone.
    pub(crate) fn drop_run(&mut self, slot: RunSlot) {
        if let Some(place) = self.runs.get_mut(slot.at()) {
            *place = None;
            self.free_runs.push(slot.0);
        }
    }

    /// Changes what is wanted of an allocation and what became of it. One that has ended makes room;
    /// one that runs after all, having been lost for instance, takes room again.
    pub(crate) fn set_status(
        &mut self,
        slot: AllocationSlot,
        desired: DesiredStatus,
        client: ClientStatus,
    ) {
        let Some(record) = self.allocation(slot) else { return };
        let made_room = record.evicted_by != AllocationSlot::NONE;
        let occupies = !client.is_terminal() && !made_room;
        if client.is_terminal() && record.occupies {
            self.leave_node(slot);
        } else if occupies
            && !record.occupies
            && let Some(node) = self.find_node(self.node_id_of(slot).unwrap_or_default())
        {
            // Its node may have left and come back, with another slot.
            if let Some(record) = self.allocations.get_mut(slot.at()) {
                record.node = node;
            }
            self.join_node(slot);
            self.set_unchecked(node, true);
        }
        let modify_index = self.next_modify_index();
        if let Some(record) = self.allocations.get_mut(slot.at()) {
            (record.desired, record.client) = (desired, client);
            record.modify_index = modify_index;
        }
    }

    /// Evicts an allocation to make room for another, and gives what it was before.
    pub(crate) fn evict(&mut self, victim: AllocationSlot) -> Option<Eviction> {
        let record = self.allocation(victim)?;
        let before = Eviction {
            victim,
            desired: record.desired,
            modify_index: record.modify_index,
            was_unchecked: self.is_unchecked(record.node),
        };
        self.leave_node(victim);
        let modify_index = self.next_modify_index();
        if let Some(record) = self.allocations.get_mut(victim.at()) {
            record.desired = DesiredStatus::Evict;
            record.modify_index = modify_index;
        }
        Some(before)
    }

    /// Takes an eviction back.
    fn restore_evicted(&mut self, eviction: &Eviction) {
        if let Some(record) = self.allocations.get_mut(eviction.victim.at()) {
            (record.desired, record.modify_index) = (eviction.desired, eviction.modify_index);
            record.evicted_by = AllocationSlot::NONE;
        }
        self.join_node(eviction.victim);
        if let Some(node) = self.allocation(eviction.victim).map(|record| record.node) {
            self.set_unchecked(node, eviction.was_unchecked);
        }
    }

    /// Names what evicted an allocation, once that is known.
    pub(crate) fn set_evicted_by(&mut self, slot: AllocationSlot, by: AllocationSlot) {
        if let Some(record) = self.allocations.get_mut(slot.at()) {
            record.evicted_by = by;
        }
    }

    /// Gives a record a slot and puts it on its node's and its group's lists.
    fn add(&mut self, mut record: AllocationRecord) -> AllocationSlot {
        let occupies = std::mem::replace(&mut record.occupies, false);
        let (job, group, node) = (record.job, record.group, record.node);
        record.modify_index = self.next_modify_index();
        let slot = match self.free_allocations.pop() {
            Some(slot) => {
                let slot = AllocationSlot(slot);
                if let Some(place) = self.allocations.get_mut(slot.at()) {
                    record.generation = place.generation;
                    *place = record;
                }
                slot
            }
            None => {
                self.allocations.push(record);
                AllocationSlot::new(self.allocations.len() - 1)
            }
        };
        if let Some(list) = self.group_mut(job, group) {
            list.push(slot);
            let at_group = list.len() as u32 - 1;
            if let Some(record) = self.allocations.get_mut(slot.at()) {
                record.at_group = at_group;
            }
        }
        if occupies {
            self.join_node(slot);
            self.set_unchecked(node, true);
        }
        slot
    }

    /// Takes an allocation off its group's list.
    fn leave_group(&mut self, slot: AllocationSlot) {
        let Some(record) = self.allocation(slot) else { return };
        let (job, group, at_group) = (record.job, record.group, record.at_group);
        let moved = self.group_mut(job, group).and_then(|list| {
            list.swap_remove(at_group as usize);
            list.get(at_group as usize).copied()
        });
        if let Some(record) = moved.and_then(|moved| self.allocations.get_mut(moved.at())) {
            record.at_group = at_group;
        }
    }

    /// Takes an allocation that takes these amounts off its node, and frees its slot.
    fn take_out(&mut self, slot: AllocationSlot, amounts: Amounts) {
        let Some(record) = self.allocation(slot) else { return };
        let is_imported = matches!(record.own, Own::Imported(_));
        if record.occupies {
            self.leave_node_with(slot, amounts);
        }
        if is_imported {
            self.imported_index.remove(name_hash(&self.allocation_id(slot)), slot.0);
        }
        if let Some(record) = self.allocations.get_mut(slot.at()) {
            record.own = Own::Vacant;
            record.generation = record.generation.wrapping_add(1);
        }
        self.free_allocations.push(slot.0);
        self.next_modify_index();
    }

    fn join_node(&mut self, slot: AllocationSlot) {
        let Some(record) = self.allocation(slot) else { return };
        let (node, own) = (record.node, record.own.clone());
        let amounts = self.amounts_of(slot);
        if let Some(list) = self.on_node_mut(node) {
            list.push(slot);
            let at_node = list.len() as u32 - 1;
            if let Some(record) = self.allocations.get_mut(slot.at()) {
                (record.at_node, record.occupies) = (at_node, true);
            }
        }
        self.take_room(node, amounts, holdings_of(&own));
        self.touch(node);
    }

    fn leave_node(&mut self, slot: AllocationSlot) {
        self.leave_node_with(slot, self.amounts_of(slot));
    }

    /// The same where it is known what the allocation takes.
    fn leave_node_with(&mut self, slot: AllocationSlot, amounts: Amounts) {
        let Some(record) = self.allocation(slot) else { return };
        let (node, at_node, own) = (record.node, record.at_node, record.own.clone());
        let moved = self.on_node_mut(node).and_then(|list| swap_out(list, at_node));
        if let Some(record) = moved.and_then(|moved| self.allocations.get_mut(moved.at())) {
            record.at_node = at_node;
        }
        if let Some(record) = self.allocations.get_mut(slot.at()) {
            record.occupies = false;
        }
        self.give_room_back(node, amounts, holdings_of(&own));
        self.touch(node);
        if self.allocations_on(node).is_empty() {
            self.set_unchecked(node, false);
        }
    }
}

fn holdings_of(own: &Own) -> Option<&Holdings> {
    match own {
        Own::Vacant | Own::Amounts => None,
        Own::Holdings(holdings) => Some(holdings),
        Own::Imported(imported) => Some(&imported.holdings),
    }
}

/// Takes a place out of a list by moving the last one there, and gives the one that moved.
fn swap_out(list: &mut Vec<AllocationSlot>, at: u32) -> Option<AllocationSlot> {
    let at = at as usize;
    if at < list.len() {
        list.swap_remove(at);
    }
    list.get(at).copied()
}

/// The number in a name such as `web.front[3]`.
fn name_index(name: &str) -> Option<u32> {
    let (_, number) = name.strip_suffix(']')?.rsplit_once('[')?;
    number.parse().ok()
}
