//! The frontier: every candidate for one kind of ask, ordered, and kept up to date.
//!
//! What a node is to a group's next allocation has parts that every group with the same ask shares
//! (what is free, the fit score, node affinity) and parts of one job (its allocations there, spread by
//! where they are). The frontier holds the shared parts for all nodes, lane by lane, and catches up
//! from the journal of changed nodes; a [pass](crate::placement) checks out the nodes that are
//! something else to its job, and gives them back at the end.
//!
//! In: the state with its journals, a mask, an ask. Out: the best nodes in order, and counts of all
//! others. May import what `rank` may.

mod ask_scores;
mod blocks;
mod check;
pub(crate) mod counts;
pub(crate) mod hide;
pub(crate) mod members;
pub(crate) mod partition;
pub(crate) mod queue;
mod shards;
pub(crate) mod tournament;

use std::sync::Arc;

use self::ask_scores::{AskScores, ask_scores, plain_code, plain_fit};
use self::counts::LaneCounts;
use self::partition::{Geometry, LeafId, Partition};
use self::queue::{Entry, Head};
use self::shards::{LaneStore, Leaves, Shards};
use self::tournament::{OUT, Tournament};
use crate::feasibility::mask::{Mask, PASSES};
use crate::fit::ask::Ask;
use crate::fit::exhausted::Exhausted;
use crate::rank::affinity::AffinityColumn;
use crate::rank::binpack::{Algorithm, AskFactors};
use crate::state::State;
use crate::state::journal::RoomChange;
use crate::state::names::Name;
use crate::state::slots::NodeSlot;
use crate::state::tally::Tally;
use crate::state::usage::{BLOCK, FreeRoom};

/// What a leaf counts as.
type Code = u16;

/// It is in the running, or is checked out for the time of a pass.
const CANDIDATE: Code = 0;
/// It may not run the group by its facts.
const MASKED: Code = 1;
/// The first of the dimensions that can run out.
const FIRST_DIMENSION: Code = 2;

/// The dimensions that every frontier knows, in the order in which they are judged.
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

/// What frontiers are computed from.
#[derive(Clone, Copy)]
pub(crate) struct Basis<'a> {
    pub(crate) state: &'a State,
    pub(crate) mask: &'a Mask,
    pub(crate) affinities: Option<&'a AffinityColumn>,
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
    shards: Shards,
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

impl Frontier {
    /// Looks at every node.
    pub(crate) fn new(basis: Basis<'_>, partition: Arc<Partition>, purpose: Purpose) -> Frontier {
        let mut frontier = Frontier {
            purpose,
            factors: Arc::default(),
            dimensions: AMOUNTS.to_vec(),
            partition,
            shards: Shards::default(),
            heads: Vec::new(),
            counts: Vec::new(),
            tally: None,
            seen: 0,
            facts_seen: 0,
        };
        frontier.look_at_all(basis);
        frontier
    }

    /// Looks again at the nodes that changed. `partition` is how the nodes lie now.
    pub(crate) fn catch_up(&mut self, basis: Basis<'_>, partition: &Arc<Partition>) {
        let state = basis.state;
        if !Arc::ptr_eq(&self.partition, partition) {
            self.partition = partition.clone();
            return self.look_at_all(basis);
        }
        let Some(of_facts) = state.facts_journal.since(self.facts_seen) else {
            return self.look_at_all(basis);
        };
        self.add_sizes(state);
        for slot in of_facts {
            self.look_at(basis, slot);
        }
        match state.journal.since(self.seen) {
            Some(changes) => {
                for change in changes.filter(|change| !change.is_outdated) {
                    self.look_at_change(basis, change);
                }
            }
            None => self.look_at_changed(basis),
        }
        self.mark_seen(basis);
    }

    /// Looks again at the nodes that changed, front to back: of more changes than the journal keeps many
    /// are of nodes that changed again.
    fn look_at_changed(&mut self, basis: Basis<'_>) {
        for block in 0..basis.state.node_slots().div_ceil(BLOCK) {
            let room = basis.state.room_block(block);
            if room.latest < self.seen {
                continue;
            }
            for at in 0..BLOCK {
                if room.changed[at] >= self.seen {
                    self.look_at_room(basis, NodeSlot::new(block * BLOCK + at), room.of(at));
                }
            }
        }
    }

    /// Notes that all changes so far are known.
    pub(crate) fn mark_seen(&mut self, basis: Basis<'_>) {
        self.seen = basis.state.journal.next();
        self.facts_seen = basis.mask.seen();
    }

    /// Whether nothing changed since it last looked.
    pub(crate) fn is_current(&self, state: &State, partition: &Arc<Partition>) -> bool {
        Arc::ptr_eq(&self.partition, partition)
            && self.seen == state.journal.next()
            && self.facts_seen == state.facts_journal.next()
    }

    /// What the counts come to in metrics, if that is known.
    pub(crate) fn tally(&self, basis: Basis<'_>) -> Option<&Arc<Tally>> {
        self.tally.as_ref().filter(|tally| Arc::ptr_eq(&tally.base, basis.mask.tally()))
    }

    /// Keeps what the counts come to.
    pub(crate) fn keep_tally(&mut self, tally: Arc<Tally>) {
        self.tally = Some(tally);
    }

    /// How many bytes it takes, more or less.
    pub(crate) fn bytes(&self) -> usize {
        self.shards.bytes()
    }

    /// Finds the best of each shard, so that forks that do not touch a shard need not.
    pub(crate) fn find_best(&mut self) {
        self.shards.find_best();
    }

    /// What a node is by itself: its scores, or what ran out.
    pub(crate) fn ask_scores(
        &self,
        basis: Basis<'_>,
        slot: NodeSlot,
        ask: &Ask,
    ) -> Result<AskScores, Exhausted> {
        ask_scores(basis, &self.purpose, &self.factors, slot, ask)
    }

    /// Looks at a node again.
    pub(crate) fn look_at(&mut self, basis: Basis<'_>, slot: NodeSlot) {
        let (room, at) = basis.state.room(slot);
        self.look_at_room(basis, slot, room.of(at));
    }

    /// Takes over what a node became by a change.
    fn look_at_change(&mut self, basis: Basis<'_>, change: RoomChange) {
        let RoomChange { node, room, .. } = change;
        let Some(id) = self.partition.leaf(node) else { return };
        // The masked nodes are known, since changes of facts were looked at before.
        if self.code(id) != MASKED {
            let (code, sum) = self.judge_passing(basis, node, room);
            self.take_over(id, code, sum);
        }
    }

    fn look_at_room(&mut self, basis: Basis<'_>, slot: NodeSlot, room: FreeRoom) {
        let Some(id) = self.partition.leaf(slot) else { return };
        let (code, sum) = match basis.mask.code(slot) {
            PASSES => self.judge_passing(basis, slot, room),
            _ => (MASKED, OUT),
        };
        self.take_over(id, code, sum);
    }

    /// Takes over what a node counts as now.
    fn take_over(&mut self, id: LeafId, code: Code, sum: f64) {
        // Most nodes that are left out stay left out for the same reason.
        if code == CANDIDATE || code != self.code(id) {
            self.set(id, code, sum);
        }
    }

    /// What a leaf counts as.
    fn code(&self, id: LeafId) -> Code {
        self.shards.code(id)
    }

    /// What a node that may run the group by its facts counts as, and its sum.
    fn judge_passing(&mut self, basis: Basis<'_>, slot: NodeSlot, room: FreeRoom) -> (Code, f64) {
        let purpose = &self.purpose;
        if purpose.ask.is_plain() && !room.is_odd {
            let code = plain_code(room, purpose.ask.amounts);
            if code != CANDIDATE {
                return (code, OUT);
            }
            let affinity = basis.affinities.map_or(0.0, |column| column.score(slot));
            let fit = plain_fit(room, purpose, &self.factors);
            return (CANDIDATE, AskScores { fit, devices: 0.0, affinity }.sum());
        }
        match ask_scores(basis, purpose, &self.factors, slot, &purpose.ask) {
            Ok(scores) => (CANDIDATE, scores.sum()),
            Err(exhausted) => (self.code_of(exhausted), OUT),
        }
    }

    /// The sum of a candidate.
    fn sum(&self, id: LeafId) -> f64 {
        let sum = self.shards.sum(id);
        if sum > OUT {
            return sum;
        }
        let node = self.partition.node(id);
        self.heads[self.partition.lane(id)].find(node).map_or(OUT, |entry| entry.sum)
    }

    /// A candidate that stands behind the heads.
    fn entry_behind(&self, shard: usize, leaf: usize) -> Entry {
        let tournament = self.shards.tournament(shard);
        let node = self.partition.shards[shard].nodes[leaf];
        Entry::new(tournament.sum(leaf), tournament.tie_break(leaf), node)
    }

    /// Checks a node out: it is not in the running for the time of a pass.
    pub(crate) fn check_out(&mut self, id: LeafId) {
        if self.shards.sum(id) > OUT {
            self.shards.set_sum(id, OUT);
        } else {
            let node = self.partition.node(id);
            self.heads[self.partition.lane(id)].remove(node);
        }
    }

    /// The candidate at a place of a lane's order, the best being at 0. Lanes that a pass makes have
    /// none.
    pub(crate) fn candidate(&mut self, lane: usize, at: usize) -> Option<&Entry> {
        let head = self.heads.get_mut(lane)?;
        let mut store = LaneStore { partition: &self.partition, shards: &mut self.shards, lane };
        head.get(&mut store, at)
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
    pub(crate) fn exhausted(&self, id: LeafId) -> Option<Exhausted> {
        let code = self.code(id);
        Some(self.dimensions[usize::from(code.checked_sub(FIRST_DIMENSION)?)])
    }

    /// How many candidates a lane has.
    pub(crate) fn candidates(&self, lane: usize) -> usize {
        let exhausted: u32 = self.counts[lane].exhausted.iter().map(|(_, nodes)| *nodes).sum();
        (self.counts[lane].passing.nodes as usize).saturating_sub(exhausted as usize)
    }

    /// How many leaves a lane has.
    pub(crate) fn leaves(&self, lane: usize) -> usize {
        let shards = self.partition.lanes[lane].shards.iter();
        shards.map(|&shard| self.shards.codes(shard as usize).len()).sum()
    }

    /// The candidates of a lane, the checked-out ones included.
    pub(crate) fn candidates_of(&self, lane: usize) -> impl Iterator<Item = NodeSlot> {
        self.partition.lanes[lane].shards.iter().flat_map(|&shard| {
            let nodes = &self.partition.shards[shard as usize].nodes;
            let leaves = nodes.iter().zip(self.shards.codes(shard as usize));
            leaves.filter(|(_, code)| **code == CANDIDATE).map(|(slot, _)| NodeSlot(*slot))
        })
    }

    /// How many of some nodes were candidates of a lane the last time they were looked at.
    pub(crate) fn count_candidates_among(
        &self,
        lane: usize,
        nodes: impl Iterator<Item = NodeSlot>,
    ) -> usize {
        let ids = nodes.filter_map(|slot| self.partition.leaf(slot));
        let of_lane = ids.filter(|id| self.partition.lane(*id) == lane);
        of_lane.filter(|id| self.code(*id) == CANDIDATE).count()
    }

    /// The class of a node.
    pub(crate) fn class(&self, id: LeafId) -> Name {
        self.partition.shards[id.shard as usize].classes[id.leaf as usize]
    }

    fn set(&mut self, id: LeafId, code: Code, sum: f64) {
        let (shard, leaf) = (id.shard as usize, id.leaf as usize);
        let lane = self.partition.lane(id);
        let before = self.code(id);
        if code == CANDIDATE {
            let known = self.shards.sum(id);
            if known > OUT && self.heads[lane].is_above(sum) {
                // It stays behind the head, which takes one change or none instead of two.
                if known != sum {
                    self.shards.set_sum(id, sum);
                }
                return;
            }
            if before == CANDIDATE {
                self.check_out(id);
            }
            let geometry = &self.partition.shards[shard];
            let entry = Entry::new(sum, geometry.tie_breaks.get(leaf), geometry.nodes[leaf]);
            let mut store =
                LaneStore { partition: &self.partition, shards: &mut self.shards, lane };
            self.heads[lane].insert(&mut store, entry);
        } else if before == CANDIDATE {
            self.check_out(id);
        }
        if before == code {
            return;
        }
        self.shards.set_code(id, code);
        self.tally = None;
        let class = self.class(id);
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

    fn look_at_all(&mut self, basis: Basis<'_>) {
        self.add_sizes(basis.state);
        self.tally = None;
        self.counts = vec![LaneCounts::default(); self.partition.lanes.len()];
        self.heads = vec![Head::default(); self.partition.lanes.len()];
        let partition = self.partition.clone();
        let ask = self.purpose.ask.clone();
        self.shards.clear();
        for (at, geometry) in partition.shards.iter().enumerate() {
            let tournament = Tournament::new(geometry.tie_breaks.clone());
            let mut leaves = Leaves::new(tournament, geometry.nodes.len());
            if partition.has_all_slots() && ask.is_plain() {
                self.fill_by_blocks(basis, &ask, at * partition.shard_size, geometry, &mut leaves);
            } else {
                self.fill(basis, &ask, geometry, &mut leaves);
            }
            self.shards.push(leaves);
        }
        if partition.is_single() {
            self.counts[0].passing = basis.mask.passing().clone();
        }
        self.mark_seen(basis);
    }

    /// Looks at the nodes of a shard, one by one.
    fn fill(&mut self, basis: Basis<'_>, ask: &Ask, geometry: &Geometry, leaves: &mut Leaves) {
        let lane = geometry.lane as usize;
        for (leaf, &slot) in geometry.nodes.iter().enumerate() {
            let slot = NodeSlot(slot);
            if basis.mask.code(slot) != PASSES {
                continue;
            }
            let class = geometry.classes[leaf];
            self.counts[lane].passing.add(class);
            match ask_scores(basis, &self.purpose, &self.factors, slot, ask) {
                Ok(scores) => {
                    leaves.codes[leaf] = CANDIDATE;
                    leaves.tournament.sums_mut()[leaf] = scores.sum();
                }
                Err(exhausted) => {
                    leaves.codes[leaf] = self.code_of(exhausted);
                    self.counts[lane].add_exhausted(exhausted, class);
                }
            }
        }
    }
}
