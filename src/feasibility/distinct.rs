//! Rules on where a job's allocations are: no two on one node, at most so many for each value of a
//! property (docs/placement.md, section 2.8).

use std::sync::Arc;

use super::finding::{Finding, value_in_words};
use super::fix_action::FixAction;
use super::reason::FilterReason;
use super::remedies::Remedies;
use super::target::{facts_of, resolve};
use super::view::NodeView;
use crate::model::constraint::{Constraint, Operand};
use crate::state::node::NodeRecord;
use crate::syntax::boolean::parse_bool;
use crate::syntax::count::parse_count;
use crate::syntax::target::Target;

/// The most values of one `distinct_property` that metrics name one by one: of a property that is
/// another one on every node there are as many as the job has allocations.
pub(crate) const VALUES_NAMED: usize = 8;

/// Which of a job's allocations a rule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those of all groups.
    Job,
    /// Those of the group being placed.
    Group,
}

impl Scope {
    /// What the allocations are of.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Scope::Job => "job",
            Scope::Group => "group",
        }
    }
}

/// A `distinct_property` constraint.
#[derive(Clone, Debug)]
pub(crate) struct DistinctProperty {
    pub(crate) target: Target,
    pub(crate) scope: Scope,
    constraint: Constraint,
    /// How many allocations each value may have; none if the count cannot be read.
    allowed: Option<u64>,
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
    pub(crate) fn among(
        constraints: &[Constraint],
        scope: Scope,
    ) -> impl Iterator<Item = DistinctProperty> {
        let hard = constraints.iter().filter(|it| !it.is_soft());
        let rules = hard.filter(|it| it.operand == Operand::DistinctProperty);
        rules.map(move |constraint| DistinctProperty::new(constraint, scope))
    }

    fn new(constraint: &Constraint, scope: Scope) -> DistinctProperty {
        let count = constraint.r_target.as_str();
        DistinctProperty {
            target: Target::left(&constraint.l_target),
            scope,
            constraint: constraint.clone(),
            allowed: if count.is_empty() { Some(1) } else { parse_count(count) },
        }
    }

    /// The property's value on a node.
    pub(crate) fn value<'a>(&'a self, node: &'a NodeRecord) -> Option<&'a str> {
        resolve(&self.target, NodeView::alone(node, facts_of(&self.target)))
    }

    /// Why a node with this value may not take one more, when `used` allocations have the value; none
    /// if it may.
    pub(crate) fn filter(&self, value: Option<&str>, used: u64) -> Option<FilterReason> {
        let Some(allowed) = self.allowed else {
            return Some(FilterReason::UnreadableCount { count: self.constraint.r_target.clone() });
        };
        let property = || self.constraint.l_target.clone();
        match value {
            None => Some(FilterReason::MissingProperty { property: property() }),
            Some(_) if used < allowed => None,
            Some(value) => Some(FilterReason::DistinctProperty {
                property: property(),
                value: value.into(),
                allocations: used,
            }),
        }
    }

    /// What is asked of a node with this value, when `used` allocations have the value.
    pub(crate) fn finding(&self, value: Option<&str>, used: u64) -> Finding {
        let asked = match self.allowed {
            Some(allowed) => format!("{}, at most {allowed} a value", self.constraint.l_target),
            None => format!("{}, at most `{}`", self.constraint.l_target, self.constraint.r_target),
        };
        let found = match value {
            Some(value) => format!("{used} on `{value}`"),
            None => value_in_words(None),
        };
        Finding::new("distinct_property", &asked, &found, self.filter(value, used).is_none())
    }

    /// Adds the changes after which a node with this value may take one more.
    pub(crate) fn remedy(&self, value: Option<&str>, used: u64, remedies: &mut Remedies) {
        if self.filter(value, used).is_none() {
            return;
        }
        let text = || self.constraint.to_string();
        let drop = FixAction::DropConstraint { text: text(), paths: Vec::new() };
        if value.is_none() {
            return remedies.add(drop);
        }
        let (property, allowed) = (self.constraint.l_target.clone(), used.saturating_add(1));
        let raise = FixAction::RaiseDistinctProperty { text: text(), property, allowed };
        remedies.add_with_other(raise, drop);
    }

    /// Whether nodes may take one more that have a value or none, when `used` allocations have it: what
    /// [`filter`](DistinctProperty::filter) says, without the reason.
    pub(crate) fn allows(&self, has_value: bool, used: u64) -> bool {
        has_value && self.allowed.is_some_and(|allowed| used < allowed)
    }

    /// Whether no value may have anything.
    pub(crate) fn allows_nothing(&self) -> bool {
        self.allowed == Some(0)
    }

    /// The text that stands for all others of this rule in metrics where more than [`VALUES_NAMED`] of
    /// its values filter nodes.
    pub(crate) fn text_of_many(&self) -> Arc<str> {
        let property = &self.constraint.l_target;
        format!("distinct_property: {property}: more than {VALUES_NAMED} values in use").into()
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
        assert_eq!(DistinctProperty::among(&soft, Scope::Job).count(), 0);
    }
}
