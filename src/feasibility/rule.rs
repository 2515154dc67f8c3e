//! What a rule is. A new one is a file that implements [`Rule`] and gives a [`RuleKind`], and a line in
//! the list of the [chain](super::chain).

use std::fmt;
use std::sync::Arc;

use super::finding::Finding;
use super::reason::FilterReason;
use super::remedies::Remedies;
use super::view::NodeView;
use crate::model::{Job, TaskGroup};
use crate::state::facts::FactSet;
use crate::state::key_writer::KeyWriter;

/// What rules are made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleSource<'a> {
    pub(crate) job: &'a Job,
    pub(crate) group: &'a TaskGroup,
    /// The number of the allocation to be placed, which the names of some volumes carry.
    pub(crate) index: u32,
}

/// One rule of a group, ready to be asked of many nodes.
pub(crate) trait Rule: fmt::Debug + Send + Sync {
    /// The facts that it reads; it sees no others.
    fn facts(&self) -> FactSet;

    /// Adds why a node may not run the group; nothing if the node passes.
    fn filter(&self, node: NodeView<'_>, reasons: &mut Vec<FilterReason>);

    /// Adds all that it asks of a node, with what it finds there: something does not pass exactly where
    /// the node is filtered.
    fn findings(&self, node: NodeView<'_>, findings: &mut Vec<Finding>);

    /// Adds the changes after which a node passes; nothing if it does already.
    fn remedy(&self, node: NodeView<'_>, remedies: &mut Remedies);
}

/// Rules of one kind.
#[derive(Clone, Copy)]
pub(crate) struct RuleKind {
    /// Writes all that the rules of a group are made of: their part of a mask's key.
    pub(crate) write_key: fn(&RuleSource<'_>, &mut KeyWriter),
    /// Makes the rules of a group; none if it asks for nothing of the kind.
    pub(crate) rules: fn(&RuleSource<'_>) -> Vec<Arc<dyn Rule>>,
}

/// A list with one rule.
pub(super) fn one(rule: impl Rule + 'static) -> Vec<Arc<dyn Rule>> {
    vec![Arc::new(rule)]
}
