//! Masks: which nodes may run a group, found out once for groups alike and for nodes alike, and kept
//! up to date as nodes change.

use std::sync::Arc;

use indexmap::IndexSet;

use super::base::BaseSet;
use super::chain::{self, Chain};
use super::rule::RuleSource;
use super::view::Surroundings;
use crate::model::Job;
use crate::state::State;
use crate::state::key_writer::KeyWriter;
use crate::state::names::Name;
use crate::state::node::NodeRecord;
use crate::state::pages::Pages;
use crate::state::slots::NodeSlot;
use crate::state::tally::{BaseTally, ClassCounts, add, subtract};
use crate::state::usage::{BLOCK, block_of};

/// The verdict on a node: [`PASSES`], [`NOT_CANDIDATE`], or from [`FIRST_RULE`] on the rule that
/// filters it.
pub(crate) type Code = u16;

/// The node may run the group.
pub(crate) const PASSES: Code = 0;
/// The job does not look at the node.
pub(crate) const NOT_CANDIDATE: Code = 1;
/// The first of the rules.
pub(super) const FIRST_RULE: Code = 2;
/// No verdict yet, in the memory for nodes alike.
const UNKNOWN: Code = Code::MAX;

/// Writes what groups must have in common to share a mask: what it reads of the job and the group.
pub(crate) fn write_key(source: &RuleSource<'_>, key: &mut KeyWriter) {
    key.clear();
    BaseSet::of(source.job).write_key(key);
    chain::write_key(source, key);
}

/// What is known of 64 nodes.
#[derive(Clone, Debug)]
pub(crate) struct MaskBlock {
    pub(crate) codes: [Code; BLOCK],
    /// The names under which the nodes were counted, which they may have changed since.
    classes: [Name; BLOCK],
    datacenters: [Name; BLOCK],
}

impl MaskBlock {
    /// Nodes of which nothing is known: none of them is looked at.
    const EMPTY: MaskBlock = MaskBlock {
        codes: [NOT_CANDIDATE; BLOCK],
        classes: [Name::NONE; BLOCK],
        datacenters: [Name::NONE; BLOCK],
    };

    fn write(&mut self, at: usize, node: &NodeRecord, code: Code) {
        self.codes[at] = code;
        self.classes[at] = node.class;
        self.datacenters[at] = node.datacenter;
    }
}

/// Which nodes may run groups of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Mask {
    /// Any job of the kind: its datacenters and its pool are what counts.
    job: Job,
    chain: Arc<Chain>,
    blocks: Pages<MaskBlock, 1>,
    /// Texts of the rules that filtered any node so far, by code less [`FIRST_RULE`].
    rules: Arc<IndexSet<Arc<str>>>,
    tally: Arc<BaseTally>,
    /// The nodes that pass.
    passing: ClassCounts,
    /// How far the journal of facts has been read.
    seen: u64,
}

impl Mask {
    /// Looks at every node.
    pub(crate) fn new(state: &State, job: &Job, chain: Chain) -> Mask {
        let mut mask = Mask {
            job: job.clone(),
            chain: Arc::new(chain),
            blocks: Pages::default(),
            rules: Arc::default(),
            tally: Arc::default(),
            passing: ClassCounts::default(),
            seen: state.facts_journal.next(),
        };
        mask.look_at_all(state);
        mask
    }

    /// Looks again at the nodes whose facts changed.
    pub(crate) fn catch_up(&mut self, state: &State) {
        if self.seen == state.facts_journal.next() {
            return;
        }
        match state.facts_journal.since(self.seen) {
            None => self.look_at_all(state),
            Some(changes) => {
                for slot in changes {
                    self.look_at(state, slot);
                }
            }
        }
        self.seen = state.facts_journal.next();
    }

    /// Whether there is anything to catch up with.
    pub(crate) fn is_current(&self, state: &State) -> bool {
        self.seen == state.facts_journal.next()
    }

    /// How far the journal of facts has been read.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// The same, made anew.
    pub(crate) fn rebuilt(&self, state: &State) -> Mask {
        Mask::new(state, &self.job, Chain::clone(&self.chain))
    }

    /// Any job of the kind that it is for.
    pub(crate) fn job(&self) -> &Job {
        &self.job
    }

    /// The verdict on a node in words.
    pub(crate) fn verdict_text(&self, slot: NodeSlot) -> &str {
        match self.code(slot) {
            PASSES => "passes",
            NOT_CANDIDATE => "not a candidate",
            code => rule_of(&self.rules, code).map_or("", |rule| rule),
        }
    }

    /// The verdict on a node.
    pub(crate) fn code(&self, slot: NodeSlot) -> Code {
        let (block, at) = block_of(slot);
        self.blocks.get(block).map_or(NOT_CANDIDATE, |block| block.codes[at])
    }

    /// The verdicts on 64 nodes.
    pub(crate) fn block(&self, block: usize) -> &MaskBlock {
        self.blocks.get(block).unwrap_or(&MaskBlock::EMPTY)
    }

    /// The nodes that pass, by class.
    pub(crate) fn passing(&self) -> &ClassCounts {
        &self.passing
    }

    /// The nodes that the job looks at, and what was filtered of them.
    pub(crate) fn tally(&self) -> &Arc<BaseTally> {
        &self.tally
    }

    fn look_at_all(&mut self, state: &State) {
        let blocks = state.node_slots().div_ceil(BLOCK);
        let mut blocks = vec![MaskBlock::EMPTY; blocks];
        self.tally = Arc::default();
        self.passing = ClassCounts::default();
        // Of nodes alike, what one of them comes to does for all, and they are counted together.
        let mut known: Vec<(Code, u32, Option<&NodeRecord>)> =
            vec![(UNKNOWN, 0, None); state.facts_classes()];
        let shares = BaseSet::FACTS.union(self.chain.facts()).is_shared();
        for (slot, node) in state.nodes() {
            let (code, nodes, example) = &mut known[node.facts_class as usize];
            if !shares || *code == UNKNOWN {
                *code = self.verdict(state, node);
            }
            blocks[slot.at() / BLOCK].write(slot.at() % BLOCK, node, *code);
            if shares {
                *nodes += 1;
                *example = Some(node);
            } else {
                self.count(state, node, *code, 1);
            }
        }
        self.blocks = blocks.into_iter().collect();
        for (code, nodes, example) in known {
            if let Some(node) = example {
                self.count(state, node, code, nodes);
            }
        }
    }

    fn look_at(&mut self, state: &State, slot: NodeSlot) {
        while self.blocks.len() * BLOCK <= slot.at() {
            self.blocks.push(MaskBlock::EMPTY);
        }
        self.discount(state, slot);
        if let Some(node) = state.node(slot) {
            let code = self.verdict(state, node);
            let (block, at) = block_of(slot);
            if let Some(block) = self.blocks.get_mut(block) {
                block.write(at, node, code);
            }
            self.count(state, node, code, 1);
        }
    }

    fn verdict(&mut self, state: &State, node: &NodeRecord) -> Code {
        if !BaseSet::of(&self.job).contains(node) {
            return NOT_CANDIDATE;
        }
        let surroundings = Surroundings { volumes: &state.volumes, has_writer: &|_| false };
        match self.chain.first_failure(node, &surroundings) {
            None => PASSES,
            Some(reason) => {
                let text = reason.text();
                let at = match self.rules.get_index_of(&text) {
                    Some(at) => at,
                    None => Arc::make_mut(&mut self.rules).insert_full(text).0,
                };
                FIRST_RULE + at as Code
            }
        }
    }

    /// Counts nodes of the class and the datacenter of one of them.
    fn count(&mut self, state: &State, node: &NodeRecord, code: Code, nodes: u32) {
        if code == NOT_CANDIDATE {
            return;
        }
        if code == PASSES {
            self.passing.add_many(node.class, nodes);
        }
        let tally = Arc::make_mut(&mut self.tally);
        tally.nodes += nodes;
        add(&mut tally.available, state.name(node.datacenter), nodes);
        if let Some(rule) = rule_of(&self.rules, code) {
            tally.filtered.add_many(rule, state.name(node.class), nodes);
        }
    }

    fn discount(&mut self, state: &State, slot: NodeSlot) {
        let (block, at) = block_of(slot);
        let Some(block) = self.blocks.get_mut(block) else { return };
        let code = std::mem::replace(&mut block.codes[at], NOT_CANDIDATE);
        if code == NOT_CANDIDATE {
            return;
        }
        if code == PASSES {
            self.passing.remove(block.classes[at]);
        }
        let tally = Arc::make_mut(&mut self.tally);
        tally.nodes -= 1;
        subtract(&mut tally.available, state.name(block.datacenters[at]), 1);
        if let Some(rule) = rule_of(&self.rules, code) {
            tally.filtered.remove(rule, state.name(block.classes[at]));
        }
    }
}

fn rule_of(rules: &IndexSet<Arc<str>>, code: Code) -> Option<&Arc<str>> {
    rules.get_index(usize::from(code.checked_sub(FIRST_RULE)?))
}
