//! One constraint on a node's facts, and what an affinity matches by (docs/placement.md, sections
//! 2.4 and
//! 2.5).

use std::sync::Arc;

use super::operator::Comparison;
use super::target::resolve;
use crate::model::constraint::{Constraint, Operand};
use crate::state::node::NodeRecord;
use crate::syntax::target::Target;

/// A comparison of two targets, prepared for many nodes.
#[derive(Clone, Debug)]
pub(crate) struct ConstraintRule {
    left: Target,
    right: Target,
    comparison: Comparison,
    /// The text the metrics count filtered nodes under.
    pub(crate) key: Arc<str>,
}

impl ConstraintRule {
    pub(crate) fn new(l_target: &str, operand: &Operand, r_target: &str) -> ConstraintRule {
        let right = Target::right(r_target);
        ConstraintRule {
            left: Target::left(l_target),
            comparison: Comparison::new(operand, right.literal()),
            right,
            key: key(l_target, operand, r_target).into(),
        }
    }

    pub(crate) fn of(constraint: &Constraint) -> ConstraintRule {
        ConstraintRule::new(&constraint.l_target, &constraint.operand, &constraint.r_target)
    }

    pub(crate) fn holds(&self, node: &NodeRecord) -> bool {
        self.comparison.holds(resolve(&self.left, node), resolve(&self.right, node))
    }

    /// Whether it reads a fact that differs from node to node by its nature.
    pub(crate) fn is_unique(&self) -> bool {
        self.left.is_unique() || self.right.is_unique()
    }
}

/// The text of a constraint in the metrics.
pub(crate) fn key(l_target: &str, operand: &Operand, r_target: &str) -> String {
    format!("{l_target} {operand} {r_target}")
}
