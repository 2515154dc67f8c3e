//! The frontier: every candidate for one kind of ask, ordered, and kept up to date.
//!
//! What a node is to a group's next allocation has parts that every group with the same ask shares
//! (what is free, the fit score, node affinity) and parts of one job (its own allocations there, spread
//! by where they are). The frontier holds the shared parts for all nodes, lane by lane, and catches up
//! from the journal of changed nodes; a [run](crate::placement) of placements takes out the nodes that
//! are special to its job, and puts them back at the end.
//!
//! In: the state with its journals, a mask, an ask. Out: the best nodes in order, and counts of all
//! others.

pub(crate) mod counts;
pub(crate) mod partition;
pub(crate) mod queue;
pub(crate) mod shard;

use std::sync::Arc;

use self::counts::LaneCounts;
use self::partition::{Partition, Place};
use self::queue::{Entry, Store};
use self::shard::{OUT, Shard};
use crate::feasibility::mask::{Mask, PASSES};
use crate::fit::ask::Ask;
use crate::fit::exhausted::Exhausted;
use crate::fit::{self, Room, amounts};
use crate::rank::affinity::AffinityColumn;
use crate::rank::binpack::{Algorithm, AskFactors};
use crate::state::State;
use crate::state::names::Name;
use crate::state::slots::NodeSlot;
use crate::state::usage::RoomBlock;

/// What a leaf counts as.
type Code = u16;

/// It is in the running, or was taken out for the time of a run.
const CANDIDATE: Code = 0;
/// It may not run the group by its facts.
const MASKED: Code = 1;
/// The first of the dimensions that can run out.
const FIRST_DIMENSION: Code = 2;

/// What a frontier is for.
#[derive(Clone, Debug)]
pub(crate) struct Purpose {
    pub(crate) ask: Arc<Ask>,
    pub(crate) algorithm: Algorithm,
    /// The sum of the sizes of the weights of all device affinities.
    pub(crate) device_weights: f64,
}

/// What decides about nodes beside what is on them.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) state: &'a State,
    pub(crate) mask: &'a Mask,
    pub(crate) affinities: Option<&'a AffinityColumn>,
}

/// A node's own scores for an ask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct OwnScores {
    pub(crate) fit: f64,
    pub(crate) devices: f64,
    pub(crate) affinity: f64,
}

impl OwnScores {
    /// Their sum, in the order in which all scores are added.
    fn sum(self) -> f64 {
        self.fit + self.devices + self.affinity
    }
}

/// All candidates for one kind of ask.
#[derive(Clone, Debug)]
pub(crate) struct Frontier {
    purpose: Purpose,
    /// The ask's part of the fit score by size of node.
    factors: Arc<Vec<AskFactors>>,
    /// What ran out on any node so far, by code less [`FIRST_DIMENSION`].
    dimensions: Vec<Exhausted>,
    pub(crate) partition: Arc<Partition>,
    shards: Vec<Arc<Leaves>>,
    /// By lane.
    pub(crate) counts: Vec<LaneCounts>,
    /// How far the journals of changes and of facts have been read.
    seen: u64,
    facts_seen: u64,
}

/// The leaves of one shard.
#[derive(Clone, Debug)]
struct Leaves {
    tournament: Shard,
    codes: Vec<Code>,
}

impl Frontier {
    /// Looks at every node.
    pub(crate) fn new(facts: Facts<'_>, partition: Arc<Partition>, purpose: Purpose) -> Frontier {
        let mut frontier = Frontier {
            purpose,
            factors: Arc::default(),
            dimensions: vec![Exhausted::Cpu, Exhausted::Memory, Exhausted::Disk],
            partition,
            shards: Vec::new(),
            counts: Vec::new(),
            seen: 0,
            facts_seen: 0,
        };
        frontier.look_at_all(facts);
        frontier
    }

    /// Looks again at the nodes that changed. `partition` is how the nodes lie now.
    pub(crate) fn catch_up(&mut self, facts: Facts<'_>, partition: &Arc<Partition>) {
        let state = facts.state;
        if !Arc::ptr_eq(&self.partition, partition) {
            self.partition = partition.clone();
            return self.look_at_all(facts);
        }
        let of_facts = state.facts_journal.since(self.facts_seen);
        let (Some(of_facts), Some(changes)) = (of_facts, state.journal.since(self.seen)) else {
            return self.look_at_all(facts);
        };
        for (_, slot) in of_facts {
            self.look_at(facts, slot);
        }
        for (position, slot) in changes {
            let (room, at) = state.room(slot);
            // Of a node's changes the latest is enough.
            if room.changed[at] == position {
                self.look_at(facts, slot);
            }
        }
        self.mark_seen(facts);
    }

    /// Notes that all changes so far are known.
    pub(crate) fn mark_seen(&mut self, facts: Facts<'_>) {
        self.seen = facts.state.journal.next();
        self.facts_seen = facts.mask.seen();
    }

    /// Whether nothing changed since it last looked.
    pub(crate) fn is_current(&self, state: &State, partition: &Arc<Partition>) -> bool {
        Arc::ptr_eq(&self.partition, partition)
            && self.seen == state.journal.next()
            && self.facts_seen == state.facts_journal.next()
    }

    /// How many bytes it takes, more or less.
    pub(crate) fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.codes.len() * 12 + 200).sum()
    }

    /// What a node is by itself: its scores, or what ran out.
    pub(crate) fn own_scores(
        &self,
        facts: Facts<'_>,
        slot: NodeSlot,
        ask: &Ask,
    ) -> Result<OwnScores, Exhausted> {
        own_scores(facts, &self.purpose, &self.factors, slot, ask)
    }

    /// Looks at a node again and gives its place and key, if it is in the running.
    pub(crate) fn look_at(&mut self, facts: Facts<'_>, slot: NodeSlot) {
        let Some(place) = self.partition.place(slot) else { return };
        self.add_sizes(facts.state);
        let (code, key) = if facts.mask.code(slot) != PASSES {
            (MASKED, OUT)
        } else {
            let ask = self.purpose.ask.clone();
            match self.own_scores(facts, slot, &ask) {
                Ok(scores) => (CANDIDATE, scores.sum()),
                Err(exhausted) => (self.code_of(exhausted), OUT),
            }
        };
        self.set(place, code, key);
    }

    /// Takes a node out of the running for the time of a run. False if it is not there: it may not run
    /// the group, or the run has it already.
    pub(crate) fn check_out(&mut self, place: Place) {
        let leaves = Arc::make_mut(&mut self.shards[place.shard as usize]);
        leaves.tournament.set(place.leaf as usize, OUT);
    }

    /// What ran out on a node the last time it was looked at; nothing if it was a candidate.
    pub(crate) fn exhausted(&self, place: Place) -> Option<Exhausted> {
        let code = self.shards[place.shard as usize].codes[place.leaf as usize];
        Some(self.dimensions[usize::from(code.checked_sub(FIRST_DIMENSION)?)])
    }

    /// The class of a node.
    pub(crate) fn class(&self, place: Place) -> Name {
        self.partition.shards[place.shard as usize].classes[place.leaf as usize]
    }

    /// A lane's nodes as a store that the head of a queue draws from.
    pub(crate) fn lane(&mut self, lane: usize) -> LaneStore<'_> {
        LaneStore { frontier: self, lane }
    }

    fn set(&mut self, place: Place, code: Code, key: f64) {
        let lane = self.partition.lane(place);
        let class = self.class(place);
        let leaves = Arc::make_mut(&mut self.shards[place.shard as usize]);
        let before = std::mem::replace(&mut leaves.codes[place.leaf as usize], code);
        leaves.tournament.set(place.leaf as usize, key);
        if before == code {
            return;
        }
        let counts = &mut self.counts[lane];
        match before {
            MASKED => counts.passing.add(class),
            CANDIDATE => {}
            ran_out => {
                let dimension = usize::from(ran_out - FIRST_DIMENSION);
                counts.remove_exhausted(self.dimensions[dimension], class);
            }
        }
        match code {
            MASKED => counts.passing.remove(class),
            CANDIDATE => {}
            ran_out => {
                let dimension = usize::from(ran_out - FIRST_DIMENSION);
                counts.add_exhausted(self.dimensions[dimension], class);
            }
        }
    }

    fn code_of(&mut self, exhausted: Exhausted) -> Code {
        let at = match self.dimensions.iter().position(|known| *known == exhausted) {
            Some(at) => at,
            None => {
                self.dimensions.push(exhausted);
                self.dimensions.len() - 1
            }
        };
        FIRST_DIMENSION + at as Code
    }

    /// Computes the ask's part of the score for sizes that are new.
    fn add_sizes(&mut self, state: &State) {
        let sizes = state.sizes();
        if self.factors.len() == sizes.len() {
            return;
        }
        let ask = self.purpose.ask.amounts;
        let new = sizes.skip(self.factors.len()).map(|size| AskFactors::new(ask, size));
        Arc::make_mut(&mut self.factors).extend(new);
    }

    fn look_at_all(&mut self, facts: Facts<'_>) {
        self.add_sizes(facts.state);
        self.counts = vec![LaneCounts::default(); self.partition.lanes.len()];
        let partition = self.partition.clone();
        self.shards.clear();
        for geometry in &partition.shards {
            let tournament = Shard::new(geometry.ranks.clone());
            let mut leaves = Leaves { tournament, codes: vec![MASKED; geometry.nodes.len()] };
            self.fill(facts, geometry, &mut leaves);
            leaves.tournament.rebuild();
            self.shards.push(Arc::new(leaves));
        }
        self.mark_seen(facts);
    }

    fn fill(&mut self, facts: Facts<'_>, geometry: &partition::Geometry, leaves: &mut Leaves) {
        let ask = self.purpose.ask.clone();
        let lane = geometry.lane as usize;
        for (leaf, &slot) in geometry.nodes.iter().enumerate() {
            let slot = NodeSlot(slot);
            if facts.mask.code(slot) != PASSES {
                continue;
            }
            let class = geometry.classes[leaf];
            self.counts[lane].passing.add(class);
            match self.own_scores(facts, slot, &ask) {
                Ok(scores) => {
                    leaves.codes[leaf] = CANDIDATE;
                    leaves.tournament.keys_mut()[leaf] = scores.sum();
                }
                Err(exhausted) => {
                    leaves.codes[leaf] = self.code_of(exhausted);
                    self.counts[lane].add_exhausted(exhausted, class);
                }
            }
        }
    }
}

/// What a node is to an ask by itself: its scores, or what ran out.
fn own_scores(
    facts: Facts<'_>,
    purpose: &Purpose,
    factors: &[AskFactors],
    slot: NodeSlot,
    ask: &Ask,
) -> Result<OwnScores, Exhausted> {
    let (room, at) = facts.state.room(slot);
    let affinity = facts.affinities.map_or(0.0, |column| column.score(slot));
    if ask.is_plain() && !room.is_odd(at) {
        let fit = plain_fit(room, at, purpose, factors)?;
        return Ok(OwnScores { fit, devices: 0.0, affinity });
    }
    let state = facts.state;
    let Some(node) = state.node(slot) else { return Err(Exhausted::MaxAllocations) };
    let taken = state.taken(slot, node);
    let free_allocations = room.free_allocations[at];
    let assigned = fit::assign(Room { node, taken, free: room.free(at), free_allocations }, ask)?;
    let factors = AskFactors::new(assigned.amounts, node.capacity);
    let devices = match purpose.device_weights > 0.0 {
        true => assigned.device_affinity / purpose.device_weights,
        false => 0.0,
    };
    let fit = factors.score(purpose.algorithm, room.cpu_factor[at], room.memory_factor[at]);
    Ok(OwnScores { fit, devices, affinity })
}

/// The fit score of an ask for amounts only, on a node that has nothing unusual on it.
fn plain_fit(
    room: &RoomBlock,
    at: usize,
    purpose: &Purpose,
    factors: &[AskFactors],
) -> Result<f64, Exhausted> {
    if room.free_allocations[at] < 1 {
        return Err(Exhausted::MaxAllocations);
    }
    amounts::test(room.free(at), purpose.ask.amounts)?;
    let factors = factors[room.size[at] as usize];
    Ok(factors.score(purpose.algorithm, room.cpu_factor[at], room.memory_factor[at]))
}

/// The nodes of one lane that are in the running.
pub(crate) struct LaneStore<'a> {
    frontier: &'a mut Frontier,
    lane: usize,
}

impl Store for LaneStore<'_> {
    fn pop(&mut self) -> Option<Entry> {
        let frontier = &mut *self.frontier;
        let lane = &frontier.partition.lanes[self.lane];
        let entry = |shard: u32| {
            let tournament = &frontier.shards[shard as usize].tournament;
            let leaf = tournament.best()?;
            let node = frontier.partition.shards[shard as usize].nodes[leaf];
            let entry = Entry::new(tournament.key(leaf), tournament.rank(leaf), node);
            Some((entry, Place { shard, leaf: leaf as u32 }))
        };
        let heads = lane.shards.iter().filter_map(|&shard| entry(shard));
        let (best, place) = heads.max_by(|(a, _), (b, _)| a.compare(b))?;
        frontier.check_out(place);
        Some(best)
    }

    fn push(&mut self, entry: Entry) {
        let Some(place) = self.frontier.partition.place(NodeSlot(entry.node)) else { return };
        let leaves = Arc::make_mut(&mut self.frontier.shards[place.shard as usize]);
        leaves.tournament.set(place.leaf as usize, entry.key);
    }
}
