//! The frontier: every candidate for one kind of ask, ordered, and kept up to date.
//!
//! What a node is to a group's next allocation has parts that every group with the same ask shares
//! (what is free, the fit score, node affinity) and parts of one job (its own allocations there, spread
//! by where they are). The frontier holds the shared parts for all nodes, lane by lane, and catches up
//! from the journal of changed nodes; a [run](crate::placement) of placements takes out the nodes that
//! are special to its job, and puts them back at the end.
//!
//! In: the state with its journals, a mask, an ask. Out: the best nodes in order, and counts of all
//! others. May import what `rank` may.

mod blocks;
mod check;
pub(crate) mod counts;
pub(crate) mod partition;
pub(crate) mod queue;
pub(crate) mod shard;

use std::sync::Arc;

use self::counts::LaneCounts;
use self::partition::{Geometry, Partition, Place};
use self::queue::{Entry, Head, Store};
use self::shard::{OUT, SHARD, Shard};
use crate::feasibility::mask::{Mask, PASSES};
use crate::fit::ask::Ask;
use crate::fit::exhausted::Exhausted;
use crate::fit::{self, Room, amounts};
use crate::rank::affinity::AffinityColumn;
use crate::rank::binpack::{Algorithm, AskFactors};
use crate::state::State;
use crate::state::names::Name;
use crate::state::slots::NodeSlot;
use crate::state::tally::Tally;
use crate::state::usage::{Amounts, BLOCK, RoomBlock};

/// What a leaf counts as.
type Code = u16;

/// It is in the running, or was taken out for the time of a run.
const CANDIDATE: Code = 0;
/// It may not run the group by its facts.
const MASKED: Code = 1;
/// The first of the dimensions that can run out.
const FIRST_DIMENSION: Code = 2;

/// The dimensions that every frontier knows, in the order in which they are tested.
const AMOUNTS: [Exhausted; 4] =
    [Exhausted::MaxAllocations, Exhausted::Cpu, Exhausted::Memory, Exhausted::Disk];

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
    /// By lane: the best of its candidates, which are out of the tournaments.
    heads: Vec<Head>,
    /// By lane.
    pub(crate) counts: Vec<LaneCounts>,
    /// What the counts come to in metrics, as long as that is known.
    tally: Option<Arc<Tally>>,
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
            dimensions: AMOUNTS.to_vec(),
            partition,
            shards: Vec::new(),
            heads: Vec::new(),
            counts: Vec::new(),
            tally: None,
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
        self.add_sizes(state);
        for (_, slot) in of_facts {
            self.look_at(facts, slot);
        }
        let behind = state.journal.next() - self.seen;
        if behind as usize > 2 * state.node_slots().div_ceil(BLOCK) {
            self.look_at_changed(facts);
        } else {
            for (position, slot) in changes {
                let (room, at) = state.room(slot);
                // Of a node's changes the latest is enough.
                if room.changed[at] == position {
                    self.look_at_room(facts, slot, room, at);
                }
            }
        }
        self.mark_seen(facts);
    }

    /// Looks again at the nodes that changed, front to back: of many changes most are of nodes that
    /// changed again, and the journal has them all.
    fn look_at_changed(&mut self, facts: Facts<'_>) {
        for block in 0..facts.state.node_slots().div_ceil(BLOCK) {
            let room = facts.state.room_block(block);
            if room.latest < self.seen {
                continue;
            }
            for at in 0..BLOCK {
                if room.changed[at] >= self.seen {
                    self.look_at_room(facts, NodeSlot::new(block * BLOCK + at), room, at);
                }
            }
        }
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

    /// What the counts come to in metrics, if that is known.
    pub(crate) fn tally(&self, facts: Facts<'_>) -> Option<&Arc<Tally>> {
        self.tally.as_ref().filter(|tally| Arc::ptr_eq(&tally.base, facts.mask.tally()))
    }

    /// Keeps what the counts come to.
    pub(crate) fn keep_tally(&mut self, tally: Arc<Tally>) {
        self.tally = Some(tally);
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

    /// Looks at a node again.
    pub(crate) fn look_at(&mut self, facts: Facts<'_>, slot: NodeSlot) {
        let (room, at) = facts.state.room(slot);
        self.look_at_room(facts, slot, room, at);
    }

    fn look_at_room(&mut self, facts: Facts<'_>, slot: NodeSlot, room: &RoomBlock, at: usize) {
        let Some(place) = self.partition.place(slot) else { return };
        let (code, key) = self.judge(facts, slot, room, at);
        // Most nodes that are left out stay left out for the same reason.
        let before = self.shards[place.shard as usize].codes[place.leaf as usize];
        if code != before || code == CANDIDATE && self.key(place) != key {
            self.set(place, code, key);
        }
    }

    /// What a node counts as, and its key.
    fn judge(
        &mut self,
        facts: Facts<'_>,
        slot: NodeSlot,
        room: &RoomBlock,
        at: usize,
    ) -> (Code, f64) {
        if facts.mask.code(slot) != PASSES {
            return (MASKED, OUT);
        }
        if self.purpose.ask.is_plain() && !room.is_odd(at) {
            let code = plain_code(room, at, self.purpose.ask.amounts);
            if code != CANDIDATE {
                return (code, OUT);
            }
            let affinity = facts.affinities.map_or(0.0, |column| column.score(slot));
            let fit = plain_fit(room, at, &self.purpose, &self.factors);
            return (CANDIDATE, OwnScores { fit, devices: 0.0, affinity }.sum());
        }
        match own_scores(facts, &self.purpose, &self.factors, slot, &self.purpose.ask) {
            Ok(scores) => (CANDIDATE, scores.sum()),
            Err(exhausted) => (self.code_of(exhausted), OUT),
        }
    }

    /// The key of a candidate.
    fn key(&self, place: Place) -> f64 {
        let (shard, leaf) = (place.shard as usize, place.leaf as usize);
        let key = self.shards[shard].tournament.key(leaf);
        if key > OUT {
            return key;
        }
        let node = self.partition.shards[shard].nodes[leaf];
        self.heads[self.partition.lane(place)].find(node).map_or(OUT, |entry| entry.key)
    }

    /// A candidate that stands behind the heads.
    fn entry_behind(&self, shard: usize, leaf: usize) -> Entry {
        let tournament = &self.shards[shard].tournament;
        let node = self.partition.shards[shard].nodes[leaf];
        Entry::new(tournament.key(leaf), tournament.rank(leaf), node)
    }

    /// Takes a node out of the running for the time of a pass.
    pub(crate) fn check_out(&mut self, place: Place) {
        let (shard, leaf) = (place.shard as usize, place.leaf as usize);
        if self.shards[shard].tournament.key(leaf) > OUT {
            Arc::make_mut(&mut self.shards[shard]).tournament.set(leaf, OUT);
        } else {
            let node = self.partition.shards[shard].nodes[leaf];
            self.heads[self.partition.lane(place)].remove(node);
        }
    }

    /// The candidate at a place of a lane's order, the best being at 0.
    pub(crate) fn candidate(&mut self, lane: usize, at: usize) -> Option<&Entry> {
        let mut store = LaneStore { partition: &self.partition, shards: &mut self.shards, lane };
        self.heads[lane].get(&mut store, at)
    }

    /// Takes the best candidate of a lane out, to be placed on.
    pub(crate) fn take(&mut self, lane: usize) -> Option<Entry> {
        self.heads[lane].take()
    }

    /// Notes where the scores of a candidate are written down.
    pub(crate) fn set_written(&mut self, lane: usize, at: usize, written: u32) {
        self.heads[lane].set_written(at, written);
    }

    /// Forgets where scores are written down: each pass writes its own.
    pub(crate) fn forget_written(&mut self) {
        self.heads.iter_mut().for_each(Head::forget_written);
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

    fn set(&mut self, place: Place, code: Code, key: f64) {
        let lane = self.partition.lane(place);
        let class = self.class(place);
        let (shard, leaf) = (place.shard as usize, place.leaf as usize);
        let before = self.shards[shard].codes[leaf];
        if code == CANDIDATE {
            let geometry = &self.partition.shards[shard];
            let entry = Entry::new(key, geometry.ranks.get(leaf), geometry.nodes[leaf]);
            let head = &mut self.heads[lane];
            let is_behind = self.shards[shard].tournament.key(leaf) > OUT;
            if is_behind && head.is_better(&entry) {
                // It stays behind the head, which takes one change instead of two.
                Arc::make_mut(&mut self.shards[shard]).tournament.set(leaf, key);
                return;
            }
            if before == CANDIDATE {
                self.check_out(place);
            }
            let mut store =
                LaneStore { partition: &self.partition, shards: &mut self.shards, lane };
            self.heads[lane].insert(&mut store, entry);
        } else if before == CANDIDATE {
            self.check_out(place);
        }
        if before == code {
            return;
        }
        Arc::make_mut(&mut self.shards[shard]).codes[leaf] = code;
        self.tally = None;
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
        self.tally = None;
        self.counts = vec![LaneCounts::default(); self.partition.lanes.len()];
        self.heads = vec![Head::default(); self.partition.lanes.len()];
        let partition = self.partition.clone();
        let ask = self.purpose.ask.clone();
        self.shards.clear();
        for (at, geometry) in partition.shards.iter().enumerate() {
            let tournament = Shard::new(geometry.ranks.clone());
            let mut leaves = Leaves { tournament, codes: vec![MASKED; geometry.nodes.len()] };
            if partition.is_single() && ask.is_plain() {
                self.fill_by_blocks(facts, &ask, at * SHARD, geometry, &mut leaves);
            } else {
                self.fill(facts, &ask, geometry, &mut leaves);
            }
            leaves.tournament.rebuild();
            self.shards.push(Arc::new(leaves));
        }
        if partition.is_single() {
            self.counts[0].passing = facts.mask.passing().clone();
        }
        self.mark_seen(facts);
    }

    /// Looks at the nodes of a shard, one by one.
    fn fill(&mut self, facts: Facts<'_>, ask: &Ask, geometry: &Geometry, leaves: &mut Leaves) {
        let lane = geometry.lane as usize;
        for (leaf, &slot) in geometry.nodes.iter().enumerate() {
            let slot = NodeSlot(slot);
            if facts.mask.code(slot) != PASSES {
                continue;
            }
            let class = geometry.classes[leaf];
            self.counts[lane].passing.add(class);
            match own_scores(facts, &self.purpose, &self.factors, slot, ask) {
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
        return match plain_code(room, at, purpose.ask.amounts).checked_sub(FIRST_DIMENSION) {
            Some(dimension) => Err(AMOUNTS[usize::from(dimension)]),
            None => {
                let fit = plain_fit(room, at, purpose, factors);
                Ok(OwnScores { fit, devices: 0.0, affinity })
            }
        };
    }
    let state = facts.state;
    let Some(node) = state.node(slot) else { return Err(Exhausted::MaxAllocations) };
    let taken = state.taken(slot, node);
    let free_allocations = room.free_allocations[at];
    let room_of_node = Room { node, taken, free: room.free(at), free_allocations };
    let (amounts, device_affinity) = fit::measure(room_of_node, ask)?;
    let factors = match amounts == purpose.ask.amounts {
        true => factors[room.size[at] as usize],
        false => AskFactors::new(amounts, node.capacity),
    };
    let devices = match purpose.device_weights > 0.0 {
        true => device_affinity / purpose.device_weights,
        false => 0.0,
    };
    let fit = factors.score(purpose.algorithm, room.cpu_factor[at], room.memory_factor[at]);
    Ok(OwnScores { fit, devices, affinity })
}

/// The fit score of an ask for amounts only that fits, on a node that has nothing unusual on it.
fn plain_fit(room: &RoomBlock, at: usize, purpose: &Purpose, factors: &[AskFactors]) -> f64 {
    let factors = factors[room.size[at] as usize];
    factors.score(purpose.algorithm, room.cpu_factor[at], room.memory_factor[at])
}

/// What a node counts as to an ask for amounts only: a candidate, or what ran out.
fn plain_code(room: &RoomBlock, at: usize, ask: Amounts) -> Code {
    if room.free_allocations[at] < 1 {
        return FIRST_DIMENSION;
    }
    match amounts::test(room.free(at), ask) {
        Ok(()) => CANDIDATE,
        Err(Exhausted::Cpu) => FIRST_DIMENSION + 1,
        Err(Exhausted::Memory) => FIRST_DIMENSION + 2,
        Err(_) => FIRST_DIMENSION + 3,
    }
}

/// The nodes of one lane that are in the running and not in its head.
struct LaneStore<'a> {
    partition: &'a Partition,
    shards: &'a mut [Arc<Leaves>],
    lane: usize,
}

impl Store for LaneStore<'_> {
    fn pop(&mut self) -> Option<Entry> {
        let entry = |shard: u32| {
            let tournament = &self.shards[shard as usize].tournament;
            let leaf = tournament.best()?;
            let node = self.partition.shards[shard as usize].nodes[leaf];
            let entry = Entry::new(tournament.key(leaf), tournament.rank(leaf), node);
            Some((entry, shard as usize, leaf))
        };
        let of_lane = self.partition.lanes[self.lane].shards.iter();
        let heads = of_lane.filter_map(|&shard| entry(shard));
        let (best, shard, leaf) = heads.max_by(|(a, ..), (b, ..)| a.compare(b))?;
        Arc::make_mut(&mut self.shards[shard]).tournament.set(leaf, OUT);
        Some(best)
    }

    fn push(&mut self, entry: Entry) {
        let Some(place) = self.partition.place(NodeSlot(entry.node)) else { return };
        let leaves = Arc::make_mut(&mut self.shards[place.shard as usize]);
        leaves.tournament.set(place.leaf as usize, entry.key);
    }
}
