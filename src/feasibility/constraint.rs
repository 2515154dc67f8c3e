//! Constraints on a node's facts, and what an affinity matches by (docs/placement.md, sections 2.4 and
//! 2.5).

use std::sync::Arc;

use super::finding::{self, Finding};
use super::fix_action::FixAction;
use super::operator::Comparison;
use super::reason::FilterReason;
use super::remedies::Remedies;
use super::rule::{Rule, RuleKind, RuleSource};
use super::target::{facts_of, resolve};
use super::view::NodeView;
use crate::model::constraint::{Constraint, Operand};
use crate::state::facts::FactSet;
use crate::state::key_writer::KeyWriter;
use crate::state::node::NodeRecord;
use crate::syntax::target::Target;

/// The constraints of a job.
pub(crate) const JOB_CONSTRAINTS: RuleKind = RuleKind {
    write_key: |source, key| write_key(&source.job.constraints, key),
    rules: |source| rules(&source.job.constraints).collect(),
};

/// The constraints of a group, then those of its tasks.
pub(crate) const GROUP_CONSTRAINTS: RuleKind = RuleKind {
    write_key: |source, key| {
        key.list(lists(source), |key, constraints| write_key(constraints, key));
    },
    rules: |source| lists(source).flat_map(|constraints| rules(constraints)).collect(),
};

fn lists<'a>(source: &RuleSource<'a>) -> impl Iterator<Item = &'a Vec<Constraint>> {
    let of_tasks = source.group.tasks.iter().map(|task| &task.constraints);
    std::iter::once(&source.group.constraints).chain(of_tasks)
}

/// Those constraints that filter by facts of nodes.
fn hard(constraints: &[Constraint]) -> impl Iterator<Item = &Constraint> {
    constraints.iter().filter(|it| !it.is_soft() && !it.operand.is_distinct())
}

fn write_key(constraints: &[Constraint], key: &mut KeyWriter) {
    key.list(hard(constraints), |key, it| {
        write_comparison(&it.l_target, &it.operand, &it.r_target, key);
    });
}

fn rules(constraints: &[Constraint]) -> impl Iterator<Item = Arc<dyn Rule>> {
    hard(constraints).map(|constraint| -> Arc<dyn Rule> {
        Arc::new(ConstraintRule {
            comparison: NodeComparison::of(constraint),
            text: constraint.to_string().into(),
        })
    })
}

/// Writes what a comparison is made of.
pub(crate) fn write_comparison(left: &str, operand: &Operand, right: &str, key: &mut KeyWriter) {
    key.text(left);
    key.text(operand.as_str());
    key.text(right);
}

/// A constraint that every node has to satisfy.
#[derive(Debug)]
struct ConstraintRule {
    comparison: NodeComparison,
    text: Arc<str>,
}

impl Rule for ConstraintRule {
    fn facts(&self) -> FactSet {
        self.comparison.facts()
    }

    fn filter(&self, node: NodeView<'_>, reasons: &mut Vec<FilterReason>) {
        if !self.comparison.holds_in(node) {
            reasons.push(FilterReason::Constraint(self.text.clone()));
        }
    }

    fn findings(&self, node: NodeView<'_>, findings: &mut Vec<Finding>) {
        findings.push(self.comparison.finding(&self.text, node));
    }

    fn remedy(&self, node: NodeView<'_>, remedies: &mut Remedies) {
        if !self.comparison.holds_in(node) {
            let text = self.text.to_string();
            remedies.add(FixAction::DropConstraint { text, paths: Vec::new() });
        }
    }
}

/// A comparison of two targets, prepared for many nodes.
#[derive(Clone, Debug)]
pub(crate) struct NodeComparison {
    left: Target,
    right: Target,
    comparison: Comparison,
}

impl NodeComparison {
    pub(crate) fn new(l_target: &str, operand: &Operand, r_target: &str) -> NodeComparison {
        let right = Target::right(r_target);
        NodeComparison {
            left: Target::left(l_target),
            comparison: Comparison::new(operand, right.literal()),
            right,
        }
    }

    pub(crate) fn of(constraint: &Constraint) -> NodeComparison {
        NodeComparison::new(&constraint.l_target, &constraint.operand, &constraint.r_target)
    }

    /// Whether it holds on a node.
    pub(crate) fn holds(&self, node: &NodeRecord) -> bool {
        self.holds_in(NodeView::alone(node, self.facts()))
    }

    /// The facts that it reads.
    pub(crate) fn facts(&self) -> FactSet {
        facts_of(&self.left).union(facts_of(&self.right))
    }

    fn finding(&self, text: &str, node: NodeView<'_>) -> Finding {
        let (left, right) = (resolve(&self.left, node), resolve(&self.right, node));
        finding::of_comparison(text, &self.comparison, left, right)
    }

    fn holds_in(&self, node: NodeView<'_>) -> bool {
        self.comparison.holds(resolve(&self.left, node), resolve(&self.right, node))
    }
}
