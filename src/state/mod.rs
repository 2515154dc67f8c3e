//! What is known now: nodes, jobs and allocations, compact, indexed, and cheap to fork.
//!
//! In: validated nodes and jobs, allocations of an inventory, and what placement decides. Out: facts
//! and usage by node, allocations by node and by job, and the journal of what changed. May import
//! `model`, `syntax`, `rng`, `exp10` and `time`.

pub(crate) mod allocation;
pub(crate) mod allocations;
pub(crate) mod batch;
pub(crate) mod batches;
pub(crate) mod bookkeeping;
mod bookkeepings;
pub(crate) mod changed;
pub(crate) mod changes;
pub(crate) mod check;
pub(crate) mod codec;
pub(crate) mod conditions;
pub(crate) mod deployment;
pub(crate) mod deployments;
pub(crate) mod device;
pub(crate) mod dump;
mod ended;
pub(crate) mod evaluation;
pub(crate) mod evaluations;
pub(crate) mod facts;
pub(crate) mod fast_map;
pub(crate) mod gone;
pub(crate) mod group_version;
pub(crate) mod ids;
pub(crate) mod imported;
pub(crate) mod index;
pub(crate) mod job;
mod job_documents;
pub(crate) mod jobs;
pub(crate) mod journal;
pub(crate) mod key_writer;
pub(crate) mod lifecycle;
mod lifecycles;
pub(crate) mod links;
pub(crate) mod log;
pub(crate) mod names;
pub(crate) mod node;
mod node_records;
pub(crate) mod nodes;
mod page_arc;
pub(crate) mod pages;
pub(crate) mod past;
pub(crate) mod phases;
pub(crate) mod port_users;
pub(crate) mod ports;
pub(crate) mod queued;
pub(crate) mod record_id;
mod records;
pub(crate) mod registration;
mod restore;
pub(crate) mod saved;
pub(crate) mod scores;
pub(crate) mod settings;
pub(crate) mod slot_list;
pub(crate) mod slots;
pub(crate) mod small_list;
pub(crate) mod standing;
pub(crate) mod stop_reason;
mod taken;
pub(crate) mod tally;
pub(crate) mod task_states;
pub(crate) mod transaction;
#[cfg(test)]
mod transaction_tests;
mod undo;
pub(crate) mod usage;
pub(crate) mod view;
mod work;
#[cfg(test)]
mod work_tests;
mod works;

use std::sync::Arc;

use self::allocation::AllocationTable;
use self::batch::Batch;
use self::bookkeeping::Bookkeeping;
use self::conditions::Conditions;
use self::deployment::DeploymentRecord;
use self::evaluation::EvaluationRecord;
use self::fast_map::FastSet;
use self::index::Index;
use self::job::JobRecord;
use self::journal::{Journal, RoomChange};
use self::lifecycle::Lifecycles;
use self::log::Log;
use self::names::{Name, Names};
use self::node::{Identities, NodeTable};
use self::pages::Pages;
use self::port_users::PortUsers;
use self::records::Records;
use self::slots::{AllocationSlot, NodeSlot};
use self::task_states::Sayings;
use self::usage::{Amounts, Leaving, RoomBlock, Taken};
use crate::model::volume::DynamicVolume;
use crate::time::Timestamp;

/// Everything that is known. Cloning copies a few pointers.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Orders equal nodes, and what is drawn at random is drawn from it.
    pub(crate) seed: u64,
    /// Makes identities. It stays what it was at first: identities that were given out are for ever.
    pub(crate) identity_seed: u64,
    /// By node slot; `None` for a slot whose node left.
    nodes: NodeTable,
    /// By node slot: how what runs on the node finds it.
    conditions: Conditions,
    /// By node slot: who has the slot, or had it last. Batches keep this as it was.
    pub(crate) identities: Identities,
    node_index: Index,
    free_nodes: Pages<u32, 32>,
    /// By block of 64 node slots.
    room: Pages<RoomBlock, 1>,
    /// By node slot: what is on the node.
    on_node: Pages<OnNode, 16>,
    /// By node slot, as far as anything is or was leaving a node.
    leaving: Pages<Leaving, 32>,
    /// By job slot; `None` for a slot whose job left.
    jobs: Pages<Option<Arc<JobRecord>>, 32>,
    /// By job slot: how many jobs had it before.
    job_generations: Pages<u32, 64>,
    job_index: Index,
    /// How many jobs are not of the default namespace.
    jobs_elsewhere: usize,
    free_jobs: Pages<u32, 32>,
    allocations: AllocationTable,
    free_allocations: Pages<u32, 64>,
    /// By allocation slot: what happened to allocations since they were placed.
    lifecycles: Lifecycles,
    /// Identities that came from an inventory.
    imported_index: Index,
    /// Those of them that this cluster would have made itself, as slot and generation: they came from
    /// a cluster of the same seed, and must not be made again.
    given_away: Arc<FastSet<(AllocationSlot, u32)>>,
    /// By batch slot, with how many allocations are left of it.
    batches: Pages<Option<(Arc<Batch>, u32)>, 32>,
    free_batches: Pages<u32, 32>,
    evaluations: Records<EvaluationRecord>,
    deployments: Records<DeploymentRecord>,
    /// What an engine remembers beside.
    book: Bookkeeping,
    /// Which nodes' usage changed.
    pub(crate) journal: Journal<RoomChange>,
    /// Which nodes' facts changed.
    pub(crate) facts_journal: Journal<NodeSlot>,
    /// Capacities of CPU and memory, each once: nodes of one size share the ask's part of a score.
    sizes: Arc<FastSet<Amounts>>,
    /// Which nodes use which static ports.
    pub(crate) port_users: PortUsers,
    /// Names of datacenters and classes.
    pub(crate) names: Names,
    /// What clients said lately of tasks.
    pub(crate) sayings: Sayings,
    /// Nodes alike, by the text of their facts.
    facts_classes: Arc<FastSet<Box<[u8]>>>,
    /// Dynamic host volumes.
    pub(crate) volumes: Arc<Vec<DynamicVolume>>,
    /// The present instant.
    pub(crate) now: Timestamp,
    /// Counts transactions that changed something.
    pub(crate) modify_index: u64,
    /// Counts how often numbers of names, kinds or sizes were taken back, to be given to others: what
    /// is kept by these numbers is worth nothing then.
    pub(crate) renumberings: u64,
    /// The log of the transaction that is under way; between transactions it is empty, but for its
    /// memory.
    log: Log,
}

/// What is on a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct OnNode {
    /// The allocations that occupy it, in no order that means anything.
    pub(crate) allocations: Arc<Vec<AllocationSlot>>,
    /// Those that name it and have ended, or were on it when it left, in ascending order; none where there are
    /// none.
    ended: Option<Arc<Vec<AllocationSlot>>>,
    /// Its ports, devices and cores, once any of them was taken.
    pub(crate) taken: Option<Arc<Taken>>,
    /// How many allocations name the node, whether they are on it or have ended: as long as there are
    /// any, no other node gets the slot.
    named: u32,
    /// How many nodes had the slot before.
    generation: u32,
    /// Whether anything came here, or the node changed under it, without a look at whether it fits:
    /// from an inventory, or running after all.
    is_unchecked: bool,
}

impl State {
    pub(crate) fn new(seed: u64) -> State {
        State { seed, identity_seed: seed, ..State::default() }
    }

    /// Capacities of CPU and memory by the numbers that the room blocks carry.
    pub(crate) fn sizes(&self) -> impl ExactSizeIterator<Item = Amounts> {
        self.sizes.iter().copied()
    }

    /// The text of a datacenter's or a class's name.
    pub(crate) fn name(&self, name: Name) -> &Arc<str> {
        self.names.text(name)
    }

    /// How many kinds of nodes there are or were, nodes alike being of one kind.
    pub(crate) fn facts_classes(&self) -> usize {
        self.facts_classes.len()
    }
}
