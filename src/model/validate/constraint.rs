//! Constraints, affinities and spreads (docs/placement.md, sections 1.2, 2.5, 2.8 and 5.1).

use std::collections::BTreeMap;

use super::{keys, range, repeated, unknown};
use crate::model::constraint::{Affinity, Constraint, Operand, Spread};
use crate::model::problem::{Path, Problems, excerpt};
use crate::syntax::count::parse_count;
use crate::syntax::pattern::Pattern;
use crate::syntax::target::{DeviceTarget, Target};
use crate::syntax::version::{Dialect, VersionConstraints};

/// What rules are attached to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Job,
    Group,
    Task,
    Device,
}

/// The problems found so far, and what became of the patterns and version lists: they often repeat,
/// and compiling a pattern takes its time.
#[derive(Default)]
pub(super) struct Checker<'a> {
    pub(super) problems: Problems,
    read: BTreeMap<(Language, &'a str), Option<String>>,
}

/// The languages of right sides.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Language {
    Pattern,
    Version,
    Semver,
}

impl<'a> Checker<'a> {
    /// Checks the `Constraints` of the object at a place.
    pub(super) fn constraints(
        &mut self,
        at: &Path<'_>,
        constraints: &'a [Constraint],
        place: Place,
    ) {
        let list = at.key("Constraints");
        for (i, constraint) in constraints.iter().enumerate() {
            self.constraint(&list.index(i), constraint, place);
        }
    }

    fn constraint(&mut self, at: &Path<'_>, constraint: &'a Constraint, place: Place) {
        let problems = &mut self.problems;
        keys(problems, at, constraint);
        if constraint.is_soft() {
            range(problems, at.key("Weight"), constraint.weight(), -100, 100, "");
        }
        let operand = &constraint.operand;
        if !matches!(operand, Operand::DistinctHosts | Operand::DistinctProperty) {
            let Constraint { l_target, r_target, .. } = constraint;
            return self.comparison(at, l_target, operand, r_target, place);
        }
        if matches!(place, Place::Task | Place::Device) {
            let message = format!("`{operand}` is for jobs and groups, write it there");
            problems.add(at.key("Operand"), message);
        }
        if constraint.is_soft() && constraint.weight() != 0 {
            let message =
                format!("`{operand}` cannot be a preference, leave out `Hard` and `Weight`");
            problems.add(at.key("Weight"), message);
        }
        if *operand == Operand::DistinctProperty {
            self.distinct_property(at, constraint);
        }
    }

    fn distinct_property(&mut self, at: &Path<'_>, constraint: &Constraint) {
        let left = &constraint.l_target;
        if let Err(error) = Target::validate_left(left) {
            self.problems.add(at.key("LTarget"), error.to_string());
        } else if Target::left(left).literal().is_some() {
            let message = format!(
                "`distinct_property` needs a target such as `${{meta.rack}}`, found `{}`",
                excerpt(left)
            );
            self.problems.add(at.key("LTarget"), message);
        }
        let right = &constraint.r_target;
        if !right.is_empty() && parse_count(right).is_none_or(|count| count == 0) {
            let message = format!(
                "expected how many allocations may share a value, 1 or more, found `{}`",
                excerpt(right)
            );
            self.problems.add(at.key("RTarget"), message);
        }
    }

    /// Checks the `Affinities` of the object at a place.
    pub(super) fn affinities(&mut self, at: &Path<'_>, affinities: &'a [Affinity], place: Place) {
        let list = at.key("Affinities");
        for (i, affinity) in affinities.iter().enumerate() {
            let at = list.index(i);
            keys(&mut self.problems, &at, affinity);
            match affinity.weight() {
                0 => self.problems.add(
                    at.key("Weight"),
                    "a weight of 0 has no effect, expected -100 to -1 or 1 to 100",
                ),
                weight => range(&mut self.problems, at.key("Weight"), weight, -100, 100, ""),
            }
            let operand = &affinity.operand;
            if matches!(operand, Operand::DistinctHosts | Operand::DistinctProperty) {
                let message = format!("`{operand}` cannot be a preference, make it a constraint");
                self.problems.add(at.key("Operand"), message);
                continue;
            }
            self.comparison(&at, &affinity.l_target, operand, &affinity.r_target, place);
        }
    }

    /// Checks what constraints and affinities have in common.
    fn comparison(
        &mut self,
        at: &Path<'_>,
        left: &'a str,
        operand: &Operand,
        right: &'a str,
        place: Place,
    ) {
        if let Operand::Unknown(text) = operand {
            let message = unknown(text, "operand", Operand::known());
            return self.problems.add(at.key("Operand"), message);
        }
        let checked_left = match place {
            Place::Device => DeviceTarget::validate_left(left),
            Place::Job | Place::Group | Place::Task => Target::validate_left(left),
        };
        if left.is_empty() {
            let example = match place {
                Place::Device => "${device.model}",
                Place::Job | Place::Group | Place::Task => "${attr.kernel.name}",
            };
            let message = format!("`{operand}` needs a left side, `{example}` for instance");
            self.problems.add(at.key("LTarget"), message);
        } else if let Err(error) = checked_left {
            self.problems.add(at.key("LTarget"), error.to_string());
        }
        self.right_side(at, operand, right);
    }

    fn right_side(&mut self, at: &Path<'_>, operand: &Operand, right: &'a str) {
        let at = at.key("RTarget");
        let language = match operand {
            Operand::IsSet | Operand::IsNotSet => {
                if !right.is_empty() {
                    let right = excerpt(right);
                    let message = format!("`{operand}` has no right side, found `{right}`");
                    self.problems.add(at, message);
                }
                return;
            }
            // The empty text is a value like others.
            Operand::Eq | Operand::EqEq | Operand::Is | Operand::Ne | Operand::Not => return,
            Operand::Regexp => Some(Language::Pattern),
            Operand::Version => Some(Language::Version),
            Operand::Semver => Some(Language::Semver),
            _ => None,
        };
        if right.is_empty() {
            self.problems.add(at, format!("`{operand}` needs a right side"));
        } else if let Some(language) = language
            && Target::right(right).literal().is_some()
        {
            let error = self.read.entry((language, right)).or_insert_with(|| language.error(right));
            if let Some(error) = error {
                self.problems.add(at, error.as_str());
            }
        }
    }

    /// Checks the `Spreads` of the object at a place.
    pub(super) fn spreads(&mut self, at: &Path<'_>, spreads: &[Spread]) {
        let list = at.key("Spreads");
        for (i, spread) in spreads.iter().enumerate() {
            self.spread(&list.index(i), spread);
        }
    }

    fn spread(&mut self, at: &Path<'_>, spread: &Spread) {
        let problems = &mut self.problems;
        keys(problems, at, spread);
        let attribute = &spread.attribute;
        if let Err(error) = Target::validate_left(attribute) {
            problems.add(at.key("Attribute"), error.to_string());
        } else if Target::right(attribute).literal().is_some() {
            let message = format!(
                "expected a target such as `${{node.datacenter}}`, found `{}`",
                excerpt(attribute)
            );
            problems.add(at.key("Attribute"), message);
        }
        range(problems, at.key("Weight"), spread.weight(), 1, 100, "");

        let targets = at.key("SpreadTarget");
        let mut sum = 0i64;
        for (i, target) in spread.spread_target.iter().enumerate() {
            let at = targets.index(i);
            keys(problems, &at, target);
            range(problems, at.key("Percent"), target.percent, 0, 100, "");
            sum = sum.saturating_add(target.percent.clamp(0, 100));
            if target.value.is_empty() {
                problems.add(at.key("Value"), "a share needs a value, or `*` for all others");
            }
        }
        if sum > 100 {
            problems.add(targets, format!("expected at most 100 percent together, found `{sum}`"));
        }
        for (i, first) in repeated(spread.spread_target.iter().map(|target| &target.value)) {
            let message = format!("the value is that of SpreadTarget[{first}] too");
            problems.add(targets.index(i).key("Value"), message);
        }
    }
}

impl Language {
    /// What is wrong with a text of this language.
    fn error(self, text: &str) -> Option<String> {
        let read = match self {
            Language::Pattern => Pattern::new(text).map(drop),
            Language::Version => VersionConstraints::parse(text, Dialect::Version).map(drop),
            Language::Semver => VersionConstraints::parse(text, Dialect::Semver).map(drop),
        };
        read.err().map(|error| error.to_string())
    }
}
