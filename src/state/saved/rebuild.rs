//! What is told from the records that were read: lists, sums, indexes. What does not agree is refused.

use std::sync::Arc;

use crate::state::State;
use crate::state::allocation::{AllocationRecord, Own, core_mhz};
use crate::state::codec::Flaw;
use crate::state::index::name_hash;
use crate::state::node::NodeRecord;
use crate::state::nodes::NODES_PER_CHANGE;
use crate::state::pages::Pages;
use crate::state::slots::{AllocationSlot, BatchSlot, JobSlot, NodeSlot};
use crate::state::small_list::SmallList;
use crate::state::usage::{Amounts, Leaving};

fn disagrees<T>(what: String) -> Result<T, Flaw> {
    Err(Flaw::Disagrees(what.into()))
}

/// Lists of which the places are told one by one.
struct Lists {
    by_owner: Vec<Vec<AllocationSlot>>,
}

impl Lists {
    /// Lists of these lengths, of which no place is told yet.
    fn new(lengths: &[u32]) -> Lists {
        let list = |length: &u32| vec![AllocationSlot::NONE; *length as usize];
        Lists { by_owner: lengths.iter().map(list).collect() }
    }

    /// Fills a place; false if it is filled already or is none.
    fn fill(&mut self, owner: usize, at: u32, slot: AllocationSlot) -> bool {
        let list = self.by_owner.get_mut(owner);
        match list.and_then(|list| list.get_mut(at as usize)) {
            Some(place) if *place == AllocationSlot::NONE => {
                *place = slot;
                true
            }
            _ => false,
        }
    }
}

impl State {
    /// Makes what is told from the records, once all were read.
    pub(crate) fn complete(mut self) -> Result<State, Flaw> {
        self.count_batches()?;
        self.list_by_group()?;
        self.list_by_node()?;
        self.index_imported()?;
        self.check_free()?;
        self.check_listed_work()?;
        self.count_room()?;
        Ok(self)
    }

    /// How many allocations are left of each batch.
    fn count_batches(&mut self) -> Result<(), Flaw> {
        let mut left = vec![0u32; self.batches.len()];
        for (slot, record) in self.allocations() {
            if record.batch == BatchSlot::NONE {
                if self.document_of(slot).is_none() || self.own_version(slot).is_none() {
                    return disagrees(format!("allocation {} has no document", slot.0));
                }
                continue;
            }
            let batch = self.batch(record.batch);
            let placed = batch.and_then(|it| it.placed.get(record.in_batch as usize));
            if placed.is_none_or(|placed| placed.name_index != record.name_index) {
                return disagrees(format!("allocation {} was placed by nothing", slot.0));
            }
            left[record.batch.at()] += 1;
        }
        for (at, left) in left.into_iter().enumerate() {
            match self.batches.get_mut(at) {
                Some(Some(_)) if left == 0 => {
                    return disagrees(format!("nothing is left of batch {at}"));
                }
                Some(Some((_, known))) => *known = left,
                _ => {}
            }
        }
        Ok(())
    }

    /// The allocations of each group of each job.
    fn list_by_group(&mut self) -> Result<(), Flaw> {
        // Groups of all jobs are numbered through.
        let mut first_of_job = Vec::with_capacity(self.jobs.len());
        let mut groups = 0;
        for at in 0..self.jobs.len() {
            first_of_job.push(groups);
            groups += self.job(JobSlot::new(at)).map_or(0, |job| job.groups.len());
        }
        let group_of = |state: &State, record: &AllocationRecord| {
            let groups = state.job(record.job).map_or(0, |job| job.groups.len());
            let group = usize::from(record.group);
            (group < groups).then(|| first_of_job[record.job.at()] + group)
        };
        let mut lengths = vec![0; groups];
        for (slot, record) in self.allocations() {
            match group_of(self, record) {
                Some(group) => lengths[group] += 1,
                None => return disagrees(format!("allocation {} has no group", slot.0)),
            }
        }
        let mut lists = Lists::new(&lengths);
        for (slot, record) in self.allocations() {
            let group = group_of(self, record).unwrap_or(usize::MAX);
            if !lists.fill(group, record.at_group, slot) {
                return disagrees(format!("allocation {} has another's place", slot.0));
            }
        }
        let mut lists = lists.by_owner.into_iter();
        for at in 0..self.jobs.len() {
            let Some(job) = self.job_mut(JobSlot::new(at)) else { continue };
            for group in 0..job.groups.len() {
                let list = lists.next().unwrap_or_default();
                if let Some(group) = job.groups.get_mut(group).filter(|_| !list.is_empty()) {
                    let mut list = list;
                    group.allocations = SmallList::drained(&mut list);
                }
            }
        }
        Ok(())
    }

    /// The allocations on each node, and how many name it.
    fn list_by_node(&mut self) -> Result<(), Flaw> {
        let slots = self.nodes.len();
        if self.identities.len() > slots {
            return disagrees("there are fewer nodes than names of them".into());
        }
        let mut named = vec![0; slots];
        let mut lengths = vec![0; slots];
        for (slot, record) in self.allocations() {
            let at = record.node.at();
            if let Some(named) = named.get_mut(at) {
                *named += 1;
            }
            let has_room = !record.client.is_terminal() && self.node(record.node).is_some();
            if record.occupies != has_room {
                return disagrees(format!("allocation {} is on no node or should be", slot.0));
            }
            if record.occupies {
                lengths[at] += 1;
            }
        }
        let mut lists = Lists::new(&lengths);
        for (slot, record) in self.allocations().filter(|(_, record)| record.occupies) {
            if !lists.fill(record.node.at(), record.at_node, slot) {
                return disagrees(format!("allocation {} has another's place", slot.0));
            }
        }
        for (at, (list, named)) in lists.by_owner.into_iter().zip(named).enumerate() {
            let slot = NodeSlot::new(at);
            let id = self.node(slot).map(|it| it.node.spec().id.as_str());
            let kept = self.identities.get(at).map(|it| &*it.id);
            if id.is_some() && id != kept || kept.is_none() && named > 0 {
                return disagrees(format!("node {at} has another name"));
            }
            if let Some(on_node) = self.on_node.get_mut(at) {
                on_node.named = named;
                on_node.allocations = Arc::new(list);
            }
        }
        self.list_all_ended();
        Ok(())
    }

    /// Identities that came from elsewhere.
    fn index_imported(&mut self) -> Result<(), Flaw> {
        let imported = self.allocations().filter(|(_, record)| record.is_imported());
        let imported: Vec<AllocationSlot> = imported.map(|(slot, _)| slot).collect();
        for slot in imported {
            let id = self.allocation_id(slot);
            if self.find_allocation(&id).is_some() {
                return disagrees(format!("allocation `{id}` comes twice"));
            }
            self.imported_index.insert(name_hash(&id), slot.0);
        }
        Ok(())
    }

    /// Whether the slots that will be given out are those that are free.
    fn check_free(&self) -> Result<(), Flaw> {
        let nodes = |at: usize| {
            let slot = NodeSlot::new(at);
            self.node(slot).is_none() && !self.is_named(slot)
        };
        are_free("nodes", self.nodes.len(), &self.free_nodes, nodes)?;
        let jobs = |at: usize| self.job(JobSlot::new(at)).is_none();
        are_free("jobs", self.jobs.len(), &self.free_jobs, jobs)?;
        let batches = |at: usize| self.batches.get(at).is_none_or(Option::is_none);
        are_free("batches", self.batches.len(), &self.free_batches, batches)?;
        let all = |at: usize| self.allocations.get(at).is_none_or(|it| it.is_vacant());
        are_free("allocations", self.allocations.len(), &self.free_allocations, all)?;
        let evaluations = |at: usize| self.evaluations.get(at as u32).is_none();
        let (slots, free) = (self.evaluations.slots(), self.evaluations.free());
        are_free("evaluations", slots, free, evaluations)?;
        let deployments = |at: usize| self.deployments.get(at as u32).is_none();
        let (slots, free) = (self.deployments.slots(), self.deployments.free());
        are_free("deployments", slots, free, deployments)
    }

    /// Whether evaluations and deployments are on the lists of their jobs, each once.
    fn check_listed_work(&self) -> Result<(), Flaw> {
        let mut evaluations = vec![false; self.evaluations.slots()];
        let mut deployments = vec![false; self.deployments.slots()];
        let first_seen =
            |seen: Option<&mut bool>| seen.is_some_and(|it| !std::mem::replace(it, true));
        for job in self.job_slots() {
            let of = self.job_ref(job);
            let Some(work) = self.work(job) else { continue };
            for &slot in work.evaluations.slots.iter() {
                let is_its = self.evaluation(slot).is_some_and(|it| it.job == of);
                if !is_its || !first_seen(evaluations.get_mut(slot.at())) {
                    return disagrees(format!("evaluation {} is not of its job", slot.0));
                }
            }
            for &slot in work.deployments.slots.iter() {
                let is_its = self.deployment(slot).is_some_and(|it| it.job == of);
                if !is_its || !first_seen(deployments.get_mut(slot.at())) {
                    return disagrees(format!("deployment {} is not of its job", slot.0));
                }
            }
        }
        let listed = |seen: &[bool]| seen.iter().filter(|it| **it).count();
        let all = (self.evaluations().count(), self.deployments().count());
        match all == (listed(&evaluations), listed(&deployments)) {
            true => Ok(()),
            false => disagrees("evaluations or deployments are on no list of a job".into()),
        }
    }

    /// What is free, taken and leaving on each node.
    fn count_room(&mut self) -> Result<(), Flaw> {
        let slots = self.nodes.len();
        self.journal.reserve(slots / NODES_PER_CHANGE);
        self.facts_journal.reserve(slots);
        for at in 0..slots {
            let slot = NodeSlot::new(at);
            let Some(node) = self.node(slot).cloned() else { continue };
            let Some(leaving) = self.summed(&node, slot) else {
                return disagrees(format!("node {at} holds more than can be counted"));
            };
            self.recount(slot);
            if leaving != Leaving::default() {
                while self.leaving.len() <= at {
                    self.leaving.push(Leaving::default());
                }
                if let Some(place) = self.leaving.get_mut(at) {
                    *place = leaving;
                }
            }
            let holders = self.allocations_on(slot).to_vec();
            for holder in holders {
                let own = self.allocation(holder).map(|record| record.own.clone());
                if let Some(Own::Holdings(holdings)) = own {
                    self.note_ports(slot, &holdings);
                }
            }
            self.facts_journal.push(slot);
        }
        Ok(())
    }

    /// What is leaving a node; none where sums of what is on it would be too large.
    fn summed(&self, node: &NodeRecord, slot: NodeSlot) -> Option<Leaving> {
        let (mut free, mut leaving) = (node.capacity, Leaving::default());
        let mut mbits = 0i64;
        for &holder in self.allocations_on(slot) {
            let record = self.allocation(holder)?;
            let mut amounts = self.version_of(holder).map(|it| it.amounts).unwrap_or_default();
            if let Some(holdings) = record.holdings() {
                let cores = holdings.cores.iter();
                let speeds = cores.map(|core| core.speed_mhz);
                speeds.clone().try_fold(0i64, i64::checked_add)?;
                amounts.cpu_mhz = amounts.cpu_mhz.checked_add(core_mhz(holdings))?;
                for (_, of_device) in &holdings.bandwidth {
                    mbits = mbits.checked_add(of_device.checked_abs()?)?;
                }
            }
            free = checked(free, amounts, i64::checked_sub)?;
            if record.is_to_leave() {
                leaving.amounts = checked(leaving.amounts, amounts, i64::checked_add)?;
                leaving.allocations += 1;
            }
        }
        checked(free, leaving.amounts, i64::checked_add)?;
        Some(leaving)
    }
}

/// Amounts together; none where one is too large.
fn checked(a: Amounts, b: Amounts, together: impl Fn(i64, i64) -> Option<i64>) -> Option<Amounts> {
    Some(Amounts {
        cpu_mhz: together(a.cpu_mhz, b.cpu_mhz)?,
        memory_mb: together(a.memory_mb, b.memory_mb)?,
        disk_mb: together(a.disk_mb, b.disk_mb)?,
    })
}

/// Whether a list names each slot that is free, and no other, once.
fn are_free<const LEAF: usize>(
    what: &str,
    slots: usize,
    free: &Pages<u32, LEAF>,
    is_free: impl Fn(usize) -> bool,
) -> Result<(), Flaw> {
    let mut seen = vec![false; slots];
    for &at in free.iter() {
        let at = at as usize;
        let is_new = seen.get_mut(at).is_some_and(|seen| !std::mem::replace(seen, true));
        if !is_new || !is_free(at) {
            return disagrees(format!("a slot of {what} is said to be free and is not"));
        }
    }
    match (0..slots).filter(|at| is_free(*at)).count() == free.len() {
        true => Ok(()),
        false => disagrees(format!("a slot of {what} is free and not said to be")),
    }
}
