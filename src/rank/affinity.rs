//! Node affinity: the share of a group's affinities that a node matches (docs/placement.md, section
//! 3.5).

use std::sync::Arc;

use crate::feasibility::constraint::{NodeComparison, write_comparison};
use crate::model::Job;
use crate::model::TaskGroup;
use crate::model::constraint::{Affinity, Constraint};
use crate::state::State;
use crate::state::check::Report;
use crate::state::facts::FactSet;
use crate::state::key_writer::KeyWriter;
use crate::state::node::NodeRecord;
use crate::state::pages::Pages;
use crate::state::slots::NodeSlot;
use crate::state::usage::{BLOCK, block_of};

/// Writes what groups must have in common to share a column of affinities; false if a group has none.
pub(crate) fn write_key(job: &Job, group: &TaskGroup, key: &mut KeyWriter) -> bool {
    key.clear();
    let mut any = false;
    let mut write = |affinities: &[Affinity], constraints: &[Constraint]| {
        for it in affinities {
            any = true;
            write_comparison(&it.l_target, &it.operand, &it.r_target, key);
            key.number(it.weight() as u64);
        }
        for it in constraints.iter().filter(|it| it.is_soft()) {
            any = true;
            write_comparison(&it.l_target, &it.operand, &it.r_target, key);
            key.number(it.weight.unwrap_or(0) as u64);
        }
    };
    write(&job.affinities, &job.constraints);
    write(&group.affinities, &group.constraints);
    for task in &group.tasks {
        write(&task.affinities, &task.constraints);
    }
    any
}

/// The affinities of a job, a group and its tasks together.
#[derive(Clone, Debug)]
pub(crate) struct Affinities {
    rules: Vec<(NodeComparison, f64)>,
    /// The sum of the sizes of all weights.
    weight_sum: f64,
}

impl Affinities {
    /// The affinities of a group; `None` if it has none. Soft constraints are affinities of their
    /// weight, and those of weight 0 weigh nothing.
    pub(crate) fn of(job: &Job, group: &TaskGroup) -> Option<Affinities> {
        let mut rules = Vec::new();
        let mut add = |affinities: &[Affinity], constraints: &[Constraint]| {
            rules.extend(affinities.iter().map(|it| {
                let rule = NodeComparison::new(&it.l_target, &it.operand, &it.r_target);
                (rule, it.weight() as f64)
            }));
            let soft = constraints.iter().filter(|it| it.is_soft());
            let weighted = soft.map(|it| (it, it.weight.unwrap_or(0) as f64));
            let weighing = weighted.filter(|(_, weight)| *weight != 0.0);
            rules.extend(weighing.map(|(it, weight)| (NodeComparison::of(it), weight)));
        };
        add(&job.spec().affinities, &job.spec().constraints);
        add(&group.affinities, &group.constraints);
        for task in &group.tasks {
            add(&task.affinities, &task.constraints);
        }
        let weight_sum = rules.iter().map(|(_, weight)| weight.abs()).sum();
        (weight_sum > 0.0).then_some(Affinities { rules, weight_sum })
    }

    /// The score of a node, from -1 to 1.
    pub(crate) fn score(&self, node: &NodeRecord) -> f64 {
        let matched = self.rules.iter().filter(|(rule, _)| rule.holds(node));
        // The sum of no numbers is -0 by itself.
        matched.fold(0.0, |sum, (_, weight)| sum + weight) / self.weight_sum
    }

    /// The scores of all nodes.
    pub(crate) fn column(self, state: &State) -> AffinityColumn {
        let seen = state.facts_journal.next();
        let scores = Pages::default();
        let mut column = AffinityColumn { affinities: Arc::new(self), scores, seen };
        column.score_all(state);
        column
    }

    /// The facts of a node that they read.
    fn facts(&self) -> FactSet {
        self.rules.iter().fold(FactSet::default(), |all, (rule, _)| all.union(rule.facts()))
    }
}

/// The scores of all nodes for one set of affinities, kept up to date as nodes change.
#[derive(Clone, Debug)]
pub(crate) struct AffinityColumn {
    affinities: Arc<Affinities>,
    scores: Pages<[f64; BLOCK], 1>,
    /// How far the journal of facts has been read.
    seen: u64,
}

impl AffinityColumn {
    /// The score of a node.
    pub(crate) fn score(&self, slot: NodeSlot) -> f64 {
        let (block, at) = block_of(slot);
        self.scores.get(block).map_or(0.0, |scores| scores[at])
    }

    /// The scores of 64 nodes.
    pub(crate) fn block(&self, block: usize) -> &[f64; BLOCK] {
        self.scores.get(block).unwrap_or(&[0.0; BLOCK])
    }

    /// Compares every score with a new column's.
    pub(crate) fn check(&self, state: &State, report: &mut Report) {
        let fresh = Affinities::clone(&self.affinities).column(state);
        for (slot, node) in state.nodes() {
            let place = || format!("a column of affinities, node `{}`", node.node.id);
            let bits = (fresh.score(slot).to_bits(), self.score(slot).to_bits());
            report.same(place, "the bits of its score", bits.0, bits.1);
        }
    }

    /// Whether there is nothing to catch up with.
    pub(crate) fn is_current(&self, state: &State) -> bool {
        self.seen == state.facts_journal.next()
    }

    /// Scores the nodes again whose facts changed.
    pub(crate) fn catch_up(&mut self, state: &State) {
        match state.facts_journal.since(self.seen) {
            None => self.score_all(state),
            Some(changes) => {
                for slot in changes {
                    let score = state.node(slot).map_or(0.0, |node| self.affinities.score(node));
                    self.set(slot, score);
                }
            }
        }
        self.seen = state.facts_journal.next();
    }

    fn score_all(&mut self, state: &State) {
        let blocks = state.node_slots().div_ceil(BLOCK);
        let mut scores = vec![[0.0; BLOCK]; blocks];
        let mut known = vec![f64::NAN; state.facts_classes()];
        let shares = self.affinities.facts().is_shared();
        for (slot, node) in state.nodes() {
            let known = &mut known[node.facts_class as usize];
            if !shares || known.is_nan() {
                *known = self.affinities.score(node);
            }
            scores[slot.at() / BLOCK][slot.at() % BLOCK] = *known;
        }
        self.scores = scores.into_iter().collect();
    }

    fn set(&mut self, slot: NodeSlot, score: f64) {
        let (block, at) = block_of(slot);
        while self.scores.len() <= block {
            self.scores.push([0.0; BLOCK]);
        }
        if let Some(scores) = self.scores.get_mut(block) {
            scores[at] = score;
        }
    }
}
