//! Rules on where a job's allocations are: no two on one node, at most so many for each value of a
//! property (docs/placement.md, section 2.8).

use std::sync::Arc;

use super::target::resolve;
use crate::model::constraint::{Constraint, Operand};
use crate::state::node::NodeRecord;
use crate::syntax::boolean::parse_bool;
use crate::syntax::count::parse_count;
use crate::syntax::target::Target;

/// The text the metrics count nodes under that `distinct_hosts` filtered.
pub(crate) const HOSTS_KEY: &str = "distinct_hosts";

/// Which of a job's allocations a rule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those of all groups.
    Job,
    /// Those of the group being placed.
    Group,
}

/// A `distinct_property` constraint.
#[derive(Clone, Debug)]
pub(crate) struct DistinctProperty {
    pub(crate) target: Target,
    pub(crate) scope: Scope,
    text: String,
    /// How many allocations each value may have, or why that cannot be told.
    allowed: Result<u64, Arc<str>>,
}

/// Whether `distinct_hosts` is on among some constraints. Soft ones filter nothing.
pub(crate) fn wants_distinct_hosts(constraints: &[Constraint]) -> bool {
    let hard = constraints.iter().filter(|it| !it.is_soft());
    hard.filter(|it| it.operand == Operand::DistinctHosts).any(|constraint| {
        // Whatever is not a clear no is a yes.
        parse_bool(&constraint.r_target).unwrap_or(true)
    })
}

impl DistinctProperty {
    /// The rules among some constraints. Soft ones filter nothing.
    pub(crate) fn among(constraints: &[Constraint], scope: Scope) -> Vec<DistinctProperty> {
        let hard = constraints.iter().filter(|it| !it.is_soft());
        let rules = hard.filter(|it| it.operand == Operand::DistinctProperty);
        rules.map(|constraint| DistinctProperty::new(constraint, scope)).collect()
    }

    fn new(constraint: &Constraint, scope: Scope) -> DistinctProperty {
        let allowed = match constraint.r_target.as_str() {
            "" => Ok(1),
            text => parse_count(text)
                .ok_or_else(|| format!("failed to convert RTarget \"{text}\" to uint64").into()),
        };
        DistinctProperty {
            target: Target::left(&constraint.l_target),
            scope,
            text: constraint.l_target.clone(),
            allowed,
        }
    }

    /// The property's value on a node.
    pub(crate) fn value<'a>(&'a self, node: &'a NodeRecord) -> Option<&'a str> {
        resolve(&self.target, node)
    }

    /// Whether a node with this value may take one more, when `used` allocations have the value; the
    /// text of the filter if not.
    pub(crate) fn check(&self, value: Option<&str>, used: u64) -> Result<(), Arc<str>> {
        let allowed = self.allowed.clone()?;
        let text = &self.text;
        let Some(value) = value else {
            return Err(format!("missing property \"{text}\"").into());
        };
        if used < allowed {
            return Ok(());
        }
        Err(format!("distinct_property: {text}={value} used by {used} allocs").into())
    }
}

#[cfg(test)]
mod tests {
    use super::{Constraint, DistinctProperty, Operand, Scope, wants_distinct_hosts};

    #[test]
    fn row_37_only_a_clear_no_turns_distinct_hosts_off() {
        let wants = |r_target: &str| {
            let operand = Operand::DistinctHosts;
            wants_distinct_hosts(&[Constraint {
                operand,
                r_target: r_target.into(),
                ..Constraint::default()
            }])
        };
        assert_eq!(["", "true", "false", "not_a_bool"].map(wants), [true, true, false, true]);
    }

    #[test]
    fn soft_constraints_filter_nothing() {
        let soft = |operand| Constraint {
            operand,
            l_target: "${meta.rack}".into(),
            hard: Some(false),
            ..Constraint::default()
        };
        let soft = [soft(Operand::DistinctHosts), soft(Operand::DistinctProperty)];
        assert!(!wants_distinct_hosts(&soft));
        assert!(DistinctProperty::among(&soft, Scope::Job).is_empty());
    }
}
