//! The chain of rules of a group, in the order in which the first failure counts
//! (docs/placement.md, section 2.2).

use std::sync::Arc;

use super::constraint::{GROUP_CONSTRAINTS, JOB_CONSTRAINTS};
use super::device_rule::DEVICES;
use super::driver::DRIVERS;
use super::finding::Finding;
use super::network::NETWORK;
use super::reason::FilterReason;
use super::remedies::Remedies;
use super::rule::{Rule, RuleKind, RuleSource};
use super::secrets::SECRETS;
use super::view::NodeView;
use super::view::Surroundings;
use super::volume::{CSI_VOLUMES, HOST_VOLUMES};
use crate::state::facts::{Fact, FactSet};
use crate::state::key_writer::KeyWriter;
use crate::state::node::NodeRecord;

/// All rules. A new one is a file and a line here.
const RULES: [RuleKind; 8] = [
    JOB_CONSTRAINTS,
    DRIVERS,
    GROUP_CONSTRAINTS,
    DEVICES,
    NETWORK,
    SECRETS,
    HOST_VOLUMES,
    CSI_VOLUMES,
];

/// What a group asks of a node's facts.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    /// Each rule with the facts that it reads.
    rules: Vec<(Arc<dyn Rule>, FactSet)>,
}

/// Writes what decides which nodes may run a group by their facts: the parts of all rules.
pub(crate) fn write_key(source: &RuleSource<'_>, key: &mut KeyWriter) {
    write_key_of(&RULES, source, key);
}

fn write_key_of(kinds: &[RuleKind], source: &RuleSource<'_>, key: &mut KeyWriter) {
    kinds.iter().for_each(|kind| (kind.write_key)(source, key));
}

impl Chain {
    /// The rules of a group.
    pub(crate) fn of(source: &RuleSource<'_>) -> Chain {
        Chain::of_kinds(&RULES, source)
    }

    /// The rules of some kinds.
    fn of_kinds(kinds: &[RuleKind], source: &RuleSource<'_>) -> Chain {
        let rules = kinds.iter().flat_map(|kind| (kind.rules)(source));
        let with_facts = rules.map(|rule| {
            let facts = rule.facts();
            (rule, facts)
        });
        Chain { rules: with_facts.collect() }
    }

    /// The first reason why a node may not run the group.
    pub(crate) fn first_failure(
        &self,
        node: &NodeRecord,
        surroundings: &Surroundings<'_>,
    ) -> Option<FilterReason> {
        let mut reasons = Vec::new();
        for (rule, facts) in &self.rules {
            rule.filter(NodeView::new(node, surroundings, *facts), &mut reasons);
            if !reasons.is_empty() {
                return reasons.into_iter().next();
            }
        }
        None
    }

    /// All reasons why a node may not run the group, in the order of the chain, each once.
    pub(crate) fn all_failures(
        &self,
        node: &NodeRecord,
        surroundings: &Surroundings<'_>,
    ) -> Vec<FilterReason> {
        let mut all = Vec::new();
        for (rule, facts) in &self.rules {
            rule.filter(NodeView::new(node, surroundings, *facts), &mut all);
        }
        let mut reasons: Vec<FilterReason> = Vec::new();
        for reason in all {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        reasons
    }

    /// All that the rules ask of a node and what they find, in the order of the chain, each once.
    pub(crate) fn findings(
        &self,
        node: &NodeRecord,
        surroundings: &Surroundings<'_>,
    ) -> Vec<Finding> {
        let mut all = Vec::new();
        for (rule, facts) in &self.rules {
            rule.findings(NodeView::new(node, surroundings, *facts), &mut all);
        }
        let mut findings: Vec<Finding> = Vec::with_capacity(all.len());
        for finding in all {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
        findings
    }

    /// Adds what would do away with all rules that a node breaks.
    pub(crate) fn remedies(
        &self,
        node: &NodeRecord,
        surroundings: &Surroundings<'_>,
        remedies: &mut Remedies,
    ) {
        for (rule, facts) in &self.rules {
            rule.remedy(NodeView::new(node, surroundings, *facts), remedies);
        }
    }

    /// The facts that its rules read.
    pub(crate) fn facts(&self) -> FactSet {
        self.rules.iter().fold(FactSet::default(), |all, (_, facts)| all.union(*facts))
    }

    /// Whether its answers depend on the allocations that are on a node.
    pub(crate) fn depends_on_allocations(&self) -> bool {
        self.facts().contains(Fact::Allocations)
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
