//! Preemption: which allocations of lower priority to evict where a group finds no room
//! (docs/placement.md, section 6).
//!
//! Room is made step by step, in the order in which the fit test finds it missing: ports and
//! bandwidth, devices, then CPU, memory and disk. Each step adds its victims to those before.
//!
//! In: a node with what is on it, an ask, the placing job's priority and what was evicted for it so
//! far. Out: what the ask comes to there and the allocations that have to go, or what there is too
//! little of even so. May import what `rank` may.

mod amounts;
mod devices;
mod network;

use indexmap::IndexMap;

use crate::exp10::exp;
use crate::fit::ask::Ask;
use crate::fit::exhausted::{DeviceError, Exhausted};
use crate::fit::{self, Assignment, Room};
use crate::model::{DesiredStatus, JobSpec};
use crate::state::State;
use crate::state::allocation::AllocationRecord;
use crate::state::node::NodeRecord;
use crate::state::slots::{AllocationSlot, JobSlot, NodeSlot};
use crate::state::usage::{Amounts, Holdings, Taken};

/// How much higher the priority of what is placed must be than a victim's.
pub(crate) const PRIORITY_GAP: i64 = 10;

/// What each victim beyond its group's limit adds to its distance.
const MAX_PARALLEL_PENALTY: f64 = 50.0;

/// How many allocations of each group, by job and group, were evicted for one job so far.
pub(crate) type Evicted = IndexMap<(JobSlot, u16), u32>;

/// What a placement that may evict is for.
#[derive(Clone, Copy)]
pub(crate) struct Preemptor<'a> {
    pub(crate) state: &'a State,
    pub(crate) ask: &'a Ask,
    /// The job being placed, whose own allocations are never evicted.
    pub(crate) job: Option<JobSlot>,
    pub(crate) priority: i64,
    pub(crate) evicted: &'a Evicted,
}

/// An allocation on a node, as preemption looks at it.
struct Holder<'a> {
    slot: AllocationSlot,
    id: String,
    priority: i64,
    /// Whether it may be evicted.
    is_eligible: bool,
    amounts: Amounts,
    holdings: Option<&'a Holdings>,
    /// What its group's limit on leaving at once adds to its distance.
    penalty: f64,
}

/// A node with some of its allocations gone.
struct Cleared<'a> {
    slot: NodeSlot,
    node: &'a NodeRecord,
    taken: Taken,
    free: Amounts,
    free_allocations: i64,
    /// Those that are still there.
    candidates: Vec<Holder<'a>>,
    victims: Vec<AllocationSlot>,
}

impl<'a> Preemptor<'a> {
    /// What the ask would have on a node once the victims are gone, or what still ran out.
    pub(crate) fn make_room(
        &self,
        slot: NodeSlot,
        node: &'a NodeRecord,
    ) -> Result<(Assignment, Vec<AllocationSlot>), Exhausted> {
        let mut cleared = self.nothing_evicted(slot, node);
        // Every step evicts something or gives up, so this ends.
        loop {
            let exhausted = match fit::assign(cleared.room(), self.ask) {
                Ok(assignment) => return Ok((assignment, cleared.victims)),
                Err(exhausted) => exhausted,
            };
            let victims = match exhausted {
                Exhausted::Network(error) => network::victims(&cleared, self.ask, error),
                Exhausted::Devices(DeviceError::NoMatch) => devices::victims(&cleared, self.ask),
                Exhausted::Cpu
                | Exhausted::Memory
                | Exhausted::Disk
                | Exhausted::MaxAllocations => amounts::victims(&cleared, self.ask),
                _ => None,
            };
            match victims {
                Some(victims) if !victims.is_empty() => cleared.evict(self.state, &victims),
                _ => return Err(exhausted),
            }
        }
    }

    fn nothing_evicted(&self, slot: NodeSlot, node: &'a NodeRecord) -> Cleared<'a> {
        let state = self.state;
        let on_node = state.allocations_on(slot).iter();
        let candidates = on_node.filter_map(|&it| self.candidate(it, state.allocation(it)?));
        let mut candidates: Vec<Holder<'_>> = candidates.collect();
        // The node's list has no order that means anything, and the order of victims shows.
        candidates.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Cleared {
            slot,
            node,
            taken: state.taken(slot, node).clone(),
            free: state.free(slot),
            free_allocations: state.free_allocations(slot),
            candidates,
            victims: Vec::new(),
        }
    }

    fn candidate(&self, slot: AllocationSlot, record: &'a AllocationRecord) -> Option<Holder<'a>> {
        let priority = priority_of(self.state, slot);
        let is_own = self.job == Some(record.job);
        let limit = max_parallel_of(self.state, slot);
        let gone = self.evicted.get(&(record.job, record.group)).copied().unwrap_or(0);
        let gone = i64::from(gone);
        let is_over_limit = limit > 0 && gone >= limit;
        Some(Holder {
            slot,
            id: self.state.allocation_id(slot),
            priority,
            is_eligible: !is_own
                && record.desired != DesiredStatus::Evict
                && self.priority - priority >= PRIORITY_GAP,
            amounts: self.state.amounts_of(slot),
            holdings: record.holdings(),
            penalty: match is_over_limit {
                true => MAX_PARALLEL_PENALTY * (gone + 1 - limit) as f64,
                false => 0.0,
            },
        })
    }
}

impl Cleared<'_> {
    fn room(&self) -> Room<'_> {
        Room {
            node: self.node,
            taken: &self.taken,
            free: self.free,
            free_allocations: self.free_allocations,
        }
    }

    /// Those that may be evicted, by ascending priority.
    fn eligible(&self) -> Vec<&Holder<'_>> {
        let mut eligible: Vec<&Holder<'_>> =
            self.candidates.iter().filter(|it| it.is_eligible).collect();
        eligible.sort_by(|a, b| a.priority.cmp(&b.priority).then_with(|| a.id.cmp(&b.id)));
        eligible
    }

    fn evict(&mut self, state: &State, victims: &[AllocationSlot]) {
        for candidate in self.candidates.extract_if(.., |it| victims.contains(&it.slot)) {
            self.free = self.free.plus(candidate.amounts);
            self.free_allocations = self.free_allocations.saturating_add(1);
            self.victims.push(candidate.slot);
        }
        self.taken = state.taken_without(self.slot, &self.victims);
    }
}

/// The priority of the job that an allocation belongs to.
pub(crate) fn priority_of(state: &State, allocation: AllocationSlot) -> i64 {
    const DEFAULT: i64 = 50;
    state.job_spec_of(allocation).map_or(DEFAULT, JobSpec::priority)
}

/// How many allocations of an allocation's group may leave at once; 0 where nothing says so.
fn max_parallel_of(state: &State, allocation: AllocationSlot) -> i64 {
    let group = state.group_spec_of(allocation);
    let migrate = group.and_then(|group| group.migrate.as_ref());
    migrate.and_then(|migrate| migrate.max_parallel).unwrap_or(0)
}

/// The score of evicting allocations of these priorities: higher, the lower and the fewer they are.
pub(crate) fn score(priorities: &[i64]) -> f64 {
    const RATE: f64 = 0.0048;
    const ORIGIN: f64 = 2048.0;
    1.0 / (1.0 + exp(RATE * (net_priority(priorities) - ORIGIN)))
}

/// The highest priority, and a little for every one there is.
fn net_priority(priorities: &[i64]) -> f64 {
    let max = priorities.iter().copied().max().unwrap_or(0) as f64;
    let sum = priorities.iter().sum::<i64>() as f64;
    if max > 0.0 { max + sum / max } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::{net_priority, score};

    #[test]
    fn rows_15_and_16_the_score_of_evictions() {
        let cases: [(&[i64], f64, f64); 3] = [
            (&[30], 31.0, 0.99993758),
            (&[50, 50], 52.0, 0.99993096),
            (&[30, 40], 41.75, 0.99993428),
        ];
        for (priorities, p, expected) in cases {
            assert_eq!(net_priority(priorities), p);
            assert!((score(priorities) - expected).abs() < 5e-9);
        }
        assert!((score(&[2047]) - 0.5).abs() < 1e-12);
        assert!((score(&[2999]) - 0.01025583).abs() < 5e-9);
    }
}
