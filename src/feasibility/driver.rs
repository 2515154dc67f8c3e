//! Drivers: every driver of a group's tasks must be on the node and healthy (docs/placement.md, section
//! 2.4).

use super::finding::Finding;
use super::fix_action::FixAction;
use super::reason::FilterReason;
use super::remedies::Remedies;
use super::rule::{Rule, RuleKind, one};
use super::view::NodeView;
use crate::state::facts::{Fact, FactSet};
use crate::syntax::boolean::parse_bool;

/// The rule on a group's drivers.
pub(crate) const DRIVERS: RuleKind = RuleKind {
    write_key: |source, key| {
        key.list(source.group.tasks.iter(), |key, task| key.text(&task.driver));
    },
    rules: |source| {
        let drivers = source.group.tasks.iter().map(|task| task.driver.clone());
        let mut drivers: Vec<String> = drivers.collect();
        drivers.sort();
        drivers.dedup();
        one(DriverRule { drivers })
    },
};

/// The drivers that a group needs.
#[derive(Debug)]
struct DriverRule {
    drivers: Vec<String>,
}

impl DriverRule {
    fn missing<'a>(&'a self, node: NodeView<'a>) -> impl Iterator<Item = &'a String> {
        self.drivers.iter().filter(move |driver| !has_driver(node, driver))
    }
}

impl Rule for DriverRule {
    fn facts(&self) -> FactSet {
        FactSet::of(&[Fact::Drivers, Fact::Attributes])
    }

    fn filter(&self, node: NodeView<'_>, reasons: &mut Vec<FilterReason>) {
        if self.missing(node).next().is_some() {
            reasons.push(FilterReason::MissingDrivers);
        }
    }

    fn findings(&self, node: NodeView<'_>, findings: &mut Vec<Finding>) {
        for driver in &self.drivers {
            let passes = has_driver(node, driver);
            let found = match node.driver(driver) {
                _ if passes => "healthy",
                Some(info) if info.detected => "not healthy",
                _ => "missing",
            };
            findings.push(Finding::new("driver", &format!("`{driver}`"), found, passes));
        }
    }

    fn remedy(&self, node: NodeView<'_>, remedies: &mut Remedies) {
        for driver in self.missing(node) {
            remedies.add(FixAction::AddDriver { nodes: Vec::new(), driver: driver.clone() });
        }
    }
}

/// Whether a node has a driver. A node that does not describe its drivers may name them in
/// attributes.
fn has_driver(node: NodeView<'_>, driver: &str) -> bool {
    match node.driver(driver) {
        Some(info) => info.detected && info.healthy,
        None => {
            let attribute = node.attribute(&format!("driver.{driver}"));
            attribute.is_some_and(|text| parse_bool(text).unwrap_or(false))
        }
    }
}
