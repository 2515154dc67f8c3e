//! What an engine has to remember that readers do not see: which evaluation of a job is in hand, which
//! are with schedulers outside, which rooms became free when, and by when nodes have to be heard of
//! (docs/lifecycle.md, sections 6 and 7).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::pages::Pages;
use super::settings::Settings;
use super::slots::{DeploymentSlot, EvaluationSlot, JobSlot, NodeSlot};
use super::standing::{Counted, Standing};
use crate::time::Timestamp;

/// Everything that an engine keeps beside jobs, nodes and their work. Copying it costs a few pointers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bookkeeping {
    pub(crate) settings: Arc<Settings>,
    pub(crate) indexes: TableIndexes,
    /// Evaluations that were given out, or come back after a failure.
    pub(crate) deliveries: Arc<BTreeMap<EvaluationSlot, Delivery>>,
    /// By job: its evaluation in hand.
    pub(crate) claims: Arc<BTreeMap<JobSlot, EvaluationSlot>>,
    /// Blocked evaluations that are to be looked at again.
    pub(crate) released: Arc<BTreeSet<EvaluationSlot>>,
    /// By class of nodes: when room last became free there.
    pub(crate) unblocks: Arc<BTreeMap<Box<str>, Unblock>>,
    /// Deployments of which there is news, with the instants at which their jobs are looked at for it.
    pub(crate) news: Arc<BTreeMap<DeploymentSlot, Timestamp>>,
    /// How many tokens were given out.
    pub(crate) tokens: u64,
    /// By node slot.
    pub(crate) lives: Pages<NodeLife, 32>,
}

/// The index of the latest change of each table, 0 if there never was any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TableIndexes {
    pub(crate) nodes: u64,
    pub(crate) jobs: u64,
    pub(crate) summaries: u64,
    pub(crate) evaluations: u64,
    pub(crate) allocations: u64,
    pub(crate) deployments: u64,
}

/// How often an evaluation was given out, and where it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) count: u32,
    /// The number of the token by which it is out; none while it is not.
    pub(crate) token: Option<u64>,
    /// When it counts as failed while it is out, or else when it may go out again.
    pub(crate) due: Option<Timestamp>,
}

/// When room became free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unblock {
    pub(crate) index: u64,
    pub(crate) at: Timestamp,
}

/// What is known of a node's client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NodeLife {
    /// By when it has to be heard of; none if nobody watches it.
    pub(crate) heard_by: Option<Timestamp>,
    /// Whether it was silent for too long and has not said since what became of its allocations.
    pub(crate) is_unsynced: bool,
    /// The index at which an allocation on it last came, changed or left.
    pub(crate) allocations_modified: u64,
}

/// What takes back one change.
#[derive(Debug)]
pub(super) enum BookUndo {
    Settings(Arc<Settings>),
    Delivery(EvaluationSlot, Option<Box<Delivery>>),
    Claim {
        job: JobSlot,
        before: Option<EvaluationSlot>,
        after: Option<EvaluationSlot>,
    },
    Released(EvaluationSlot, bool),
    Unblock(Box<str>, Option<Box<Unblock>>),
    News(DeploymentSlot, Option<Timestamp>),
    Tokens(u64),
    Life(NodeSlot, Box<NodeLife>),
    Standing(JobSlot, Option<Arc<Standing>>),
    Counted(JobSlot, Counted),
    /// The index at which an allocation of a job last came, changed or left.
    AllocationsModified(JobSlot, u64),
}

impl Bookkeeping {
    /// What is known of a node's client, to change. There always is a place for it.
    pub(super) fn life_mut(&mut self, node: NodeSlot) -> Option<&mut NodeLife> {
        while self.lives.len() <= node.at() {
            self.lives.push(NodeLife::default());
        }
        self.lives.get_mut(node.at())
    }

    pub(super) fn set_life(&mut self, node: NodeSlot, life: NodeLife) {
        if let Some(place) = self.life_mut(node) {
            *place = life;
        }
    }

    /// Puts back what was there before a change. That of a job's standing is not its own.
    pub(super) fn undo(&mut self, before: BookUndo) {
        match before {
            BookUndo::Settings(before) => self.settings = before,
            BookUndo::Delivery(key, before) => {
                put(&mut self.deliveries, key, before.map(|it| *it));
            }
            BookUndo::Claim { job, before, .. } => _ = put(&mut self.claims, job, before),
            BookUndo::Released(slot, true) => {
                Arc::make_mut(&mut self.released).insert(slot);
            }
            BookUndo::Released(slot, false) => {
                Arc::make_mut(&mut self.released).remove(&slot);
            }
            BookUndo::Unblock(key, before) => {
                put(&mut self.unblocks, key, before.map(|it| *it));
            }
            BookUndo::News(key, before) => _ = put(&mut self.news, key, before),
            BookUndo::Tokens(before) => self.tokens = before,
            BookUndo::Life(node, before) => self.set_life(node, *before),
            BookUndo::Standing(..) | BookUndo::Counted(..) | BookUndo::AllocationsModified(..) => {}
        }
    }
}

/// Puts what was under a key there again, if anything was, and gives what is there in its stead.
pub(super) fn put<K: Ord + Clone, V: Clone>(
    map: &mut Arc<BTreeMap<K, V>>,
    key: K,
    value: Option<V>,
) -> Option<V> {
    let map = Arc::make_mut(map);
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    }
}
