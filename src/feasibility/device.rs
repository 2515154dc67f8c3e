//! Which devices of a node a request may have (docs/placement.md, sections 5.1 to 5.3).
//!
//! Whether enough instances are there and free is asked elsewhere; this file answers for one group of
//! alike devices, and for one instance of it.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::model::constraint::Operand;
use crate::model::device::RequestedDevice;
use crate::state::device::DeviceFacts;
use crate::state::key_writer::KeyWriter;
use crate::syntax::quantity::Quantity;
use crate::syntax::target::DeviceTarget;

use super::constraint::write_comparison;
use super::operator::{Comparison, Order};
use super::view::DeviceView;

/// A task's request for devices, made ready.
#[derive(Clone, Debug)]
pub(crate) struct DeviceRequest {
    name: NamePattern,
    count: usize,
    constraints: Vec<DeviceComparison>,
    /// Rules with their weights.
    affinities: Vec<(DeviceComparison, i64)>,
}

/// The weight of an affinity that names none.
const AFFINITY_WEIGHT_DEFAULT: i64 = 50;

/// Writes which devices a request may have, and how many it asks for.
pub(crate) fn write_key(request: &RequestedDevice, key: &mut KeyWriter) {
    key.text(&request.name);
    key.number(request.count().into());
    key.list(request.constraints.iter(), |key, it| {
        write_comparison(&it.l_target, &it.operand, &it.r_target, key);
        key.number(it.is_soft().into());
        key.number(it.weight.unwrap_or(0) as u64);
    });
}

/// Writes which devices a request likes better than others, beside what [`write_key`] writes.
pub(crate) fn write_affinities_key(request: &RequestedDevice, key: &mut KeyWriter) {
    key.list(request.affinities.iter(), |key, it| {
        write_comparison(&it.l_target, &it.operand, &it.r_target, key);
        key.number(it.weight() as u64);
    });
}

impl DeviceRequest {
    /// Makes a request ready. A constraint with `hard: Some(false)` becomes an affinity of its weight,
    /// as it does on nodes; a negative count is read as 0. Errors are the business of validation.
    pub(crate) fn new(request: &RequestedDevice) -> Self {
        let (soft, hard): (Vec<_>, Vec<_>) =
            request.constraints.iter().partition(|constraint| constraint.hard == Some(false));
        let rule = |left: &str, operand: &Operand, right: &str| {
            DeviceComparison::new(left, operand, right)
        };
        let constraints =
            hard.iter().map(|hard| rule(&hard.l_target, &hard.operand, &hard.r_target));
        let affinities = request.affinities.iter().map(|affinity| {
            let weight = affinity.weight.unwrap_or(AFFINITY_WEIGHT_DEFAULT);
            (rule(&affinity.l_target, &affinity.operand, &affinity.r_target), weight)
        });
        let soft = soft.iter().map(|soft| {
            (rule(&soft.l_target, &soft.operand, &soft.r_target), soft.weight.unwrap_or(0))
        });
        Self {
            name: NamePattern::new(&request.name),
            count: request.count() as usize,
            constraints: constraints.collect(),
            affinities: affinities.chain(soft).collect(),
        }
    }

    /// How many instances are asked for.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Whether a group has the requested name and satisfies every constraint as a group.
    ///
    /// A constraint on `${device.ids}` is judged here as section 5.1 has it, on the ids of all
    /// instances with commas between them (`set_contains_any` is the operand for that), and again for
    /// each instance by [`DeviceRequest::instance_allowed`].
    pub(crate) fn matches(&self, device: &DeviceFacts) -> bool {
        self.matches_in(DeviceView::whole(device))
    }

    /// The same for a rule, which reads no more of a group than it names.
    pub(super) fn matches_in(&self, device: DeviceView<'_>) -> bool {
        self.name.matches(device.facts()) && self.constraints.iter().all(|it| it.holds(device))
    }

    /// Whether [`DeviceRequest::instance_allowed`] may refuse anything.
    pub(crate) fn has_instance_rules(&self) -> bool {
        self.constraints.iter().any(|rule| rule.of_instances.is_some())
    }

    /// Whether [`DeviceRequest::matches`] reads the ids of instances, on which nodes alike otherwise do
    /// not agree.
    pub(crate) fn reads_ids(&self) -> bool {
        self.constraints.iter().any(|rule| rule.left.is_ids() || rule.right.is_ids())
    }

    /// Whether one instance of a group that matches may be assigned (section 5.3): each constraint
    /// that names `${device.ids}` on exactly one side holds with its other side on the left and the
    /// instance's id on the right.
    pub(crate) fn instance_allowed(&self, device: &DeviceFacts, id: &str) -> bool {
        let device = DeviceView::whole(device);
        let id = Quantity::Text(id.into());
        self.constraints
            .iter()
            .filter_map(|rule| rule.of_instances.as_ref())
            .all(|(other, test)| test.holds(other.value(device).as_ref(), Some(&Value::fact(&id))))
    }

    /// The sum of the weights of the affinities that a group satisfies.
    pub(crate) fn affinity(&self, device: &DeviceFacts) -> f64 {
        // Weights are small whole numbers, so these sums are exact in any order.
        self.affinities
            .iter()
            .filter(|(rule, _)| rule.holds(DeviceView::whole(device)))
            .map(|(_, weight)| *weight as f64)
            .sum()
    }

    /// The sum of the sizes of all weights: what a matched sum is divided by. 0 without affinities.
    pub(crate) fn weight_sum(&self) -> f64 {
        self.affinities.iter().map(|(_, weight)| (*weight as f64).abs()).sum()
    }
}

/// `type`, `vendor/type` or `vendor/type/name`; an empty part is any.
#[derive(Clone, Debug)]
struct NamePattern {
    vendor: Box<str>,
    device_type: Box<str>,
    model: Box<str>,
}

impl NamePattern {
    /// Splits at the first two slashes.
    fn new(name: &str) -> Self {
        let mut parts = name.splitn(3, '/');
        let first = parts.next().unwrap_or_default();
        let (vendor, device_type) = match parts.next() {
            Some(second) => (first, second),
            None => ("", first),
        };
        let model = parts.next().unwrap_or_default();
        Self { vendor: vendor.into(), device_type: device_type.into(), model: model.into() }
    }

    fn matches(&self, device: &DeviceFacts) -> bool {
        let part =
            |wanted: &str, found: &Quantity| wanted.is_empty() || found.text() == Some(wanted);
        part(&self.vendor, &device.vendor)
            && part(&self.device_type, &device.device_type)
            && part(&self.model, &device.model)
    }
}

/// A constraint or an affinity on devices, made ready.
#[derive(Clone, Debug)]
struct DeviceComparison {
    left: Side,
    right: Side,
    test: Test,
    /// The other side and the test, if exactly one side is `${device.ids}`.
    of_instances: Option<(Side, Test)>,
}

impl DeviceComparison {
    fn new(left: &str, operand: &Operand, right: &str) -> Self {
        let (left, right) = (Side::new(left), Side::new(right));
        let other = match (left.is_ids(), right.is_ids()) {
            (true, false) => Some(&right),
            (false, true) => Some(&left),
            _ => None,
        };
        Self {
            test: Test::new(operand, right.literal()),
            of_instances: other.map(|other| (other.clone(), Test::new(operand, None))),
            left,
            right,
        }
    }

    /// Whether it holds for a group.
    fn holds(&self, device: DeviceView<'_>) -> bool {
        self.test.holds(self.left.value(device).as_ref(), self.right.value(device).as_ref())
    }
}

/// One side of a rule.
#[derive(Clone, Debug)]
enum Side {
    /// A literal as written and as a typed value.
    Literal(Box<str>, Quantity),
    /// Something to look up.
    Fact(DeviceTarget),
}

impl Side {
    fn new(text: &str) -> Self {
        match DeviceTarget::parse(text) {
            DeviceTarget::Literal(text) => {
                let typed = Quantity::parse(&text);
                Side::Literal(text, typed)
            }
            target => Side::Fact(target),
        }
    }

    fn is_ids(&self) -> bool {
        matches!(self, Side::Fact(DeviceTarget::Ids))
    }

    fn literal(&self) -> Option<&str> {
        if let Side::Literal(text, _) = self { Some(text) } else { None }
    }

    fn value<'a>(&'a self, device: DeviceView<'a>) -> Option<Value<'a>> {
        match self {
            Side::Literal(written, typed) => Some(Value { typed, written: Some(written) }),
            Side::Fact(target) => device.find(target).map(Value::fact),
        }
    }
}

/// A value found on one side.
#[derive(Clone, Copy, Debug)]
struct Value<'a> {
    typed: &'a Quantity,
    /// The text of a literal.
    written: Option<&'a str>,
}

impl<'a> Value<'a> {
    fn fact(typed: &'a Quantity) -> Self {
        Self { typed, written: None }
    }

    /// The text that a version is read from: of a text, of a whole number, and of any literal, because
    /// `1.2` in a list of versions is not meant as a fraction.
    fn version_text(&self) -> Option<Cow<'a, str>> {
        let written = self.written.or(self.typed.text()).map(Cow::Borrowed);
        written.or_else(|| self.typed.int().map(|int| Cow::Owned(int.to_string())))
    }
}

/// What is asked of the two values. The rules differ from those on nodes: values have types.
#[derive(Clone, Debug)]
enum Test {
    Equal,
    NotEqual,
    Ordered(Order),
    IsSet,
    IsNotSet,
    /// Patterns and sets: both sides must be texts.
    Texts(Comparison),
    /// Versions: whole numbers are versions as well.
    Versions(Comparison),
    /// Operands that are unknown or say nothing about devices.
    Never,
}

impl Test {
    fn new(operand: &Operand, right_literal: Option<&str>) -> Self {
        match operand {
            Operand::Eq | Operand::EqEq | Operand::Is => Test::Equal,
            Operand::Ne | Operand::Not => Test::NotEqual,
            Operand::IsSet => Test::IsSet,
            Operand::IsNotSet => Test::IsNotSet,
            Operand::Regexp
            | Operand::SetContains
            | Operand::SetContainsAll
            | Operand::SetContainsAny => Test::Texts(Comparison::new(operand, right_literal)),
            Operand::Version | Operand::Semver => {
                Test::Versions(Comparison::new(operand, right_literal))
            }
            _ => Order::of(operand).map_or(Test::Never, Test::Ordered),
        }
    }

    fn holds(&self, left: Option<&Value<'_>>, right: Option<&Value<'_>>) -> bool {
        match (self, left, right) {
            (Test::IsSet, left, _) => left.is_some(),
            (Test::IsNotSet, left, _) => left.is_none(),
            (Test::NotEqual, Some(_), None) | (Test::NotEqual, None, Some(_)) => true,
            (test, Some(left), Some(right)) => test.holds_between(left, right),
            _ => false,
        }
    }

    /// The same for two values that are both found.
    fn holds_between(&self, left: &Value<'_>, right: &Value<'_>) -> bool {
        let order = || left.typed.compare(right.typed);
        match self {
            Test::Equal => order().is_some_and(Ordering::is_eq),
            Test::NotEqual => order().is_some_and(Ordering::is_ne),
            Test::Ordered(wanted) => order().is_some_and(|found| wanted.accepts(found)),
            Test::IsSet => true,
            Test::IsNotSet | Test::Never => false,
            Test::Texts(comparison) => match (left.typed.text(), right.typed.text()) {
                (Some(left), Some(right)) => comparison.holds(Some(left), Some(right)),
                _ => false,
            },
            Test::Versions(comparison) => match (left.version_text(), right.version_text()) {
                (Some(left), Some(right)) => comparison.holds(Some(&left), Some(&right)),
                _ => false,
            },
        }
    }
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
