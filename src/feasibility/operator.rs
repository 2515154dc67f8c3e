//! How a constraint or an affinity on nodes compares its two sides (docs/placement.md, section
//! 2.5).

use std::cmp::Ordering;

use crate::model::constraint::Operand;
use crate::syntax::pattern::Pattern;
use crate::syntax::sets;
use crate::syntax::version::{Dialect, Version, VersionConstraints};

/// An operand made ready: what a literal right side says is read once, not once for every node.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    predicate: Predicate,
    /// The right side if it is a literal; it then stands for whatever [`Comparison::holds`] is given.
    literal: Option<Box<str>>,
}

/// What is asked of the two sides.
#[derive(Clone, Debug)]
enum Predicate {
    Equal,
    NotEqual,
    Ordered(Order, Prepared<Number>),
    IsSet,
    IsNotSet,
    Matches(Prepared<Pattern>),
    ContainsAll,
    ContainsAny,
    Accepts(Dialect, Prepared<VersionConstraints>),
    /// `distinct_*`, which other rules handle (section 2.8).
    Always,
    /// Unknown operands.
    Never,
}

/// The operands that ask for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Order {
    /// The order that an operand asks for, if it asks for one.
    pub(crate) fn of(operand: &Operand) -> Option<Self> {
        match operand {
            Operand::Lt => Some(Order::Less),
            Operand::Le => Some(Order::LessOrEqual),
            Operand::Gt => Some(Order::Greater),
            Operand::Ge => Some(Order::GreaterOrEqual),
            _ => None,
        }
    }

    /// Whether the order found is the one asked for.
    pub(crate) fn accepts(self, order: Ordering) -> bool {
        match self {
            Order::Less => order.is_lt(),
            Order::LessOrEqual => order.is_le(),
            Order::Greater => order.is_gt(),
            Order::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// What the right side says, if that is known beforehand.
#[derive(Clone, Debug)]
enum Prepared<T> {
    /// The right side differs from node to node and is read each time.
    Later,
    /// The right side is a literal that says nothing, so the rule never holds.
    Broken,
    /// What the literal says.
    Ready(T),
}

impl<T> Prepared<T> {
    fn new(literal: Option<&str>, read: impl Fn(&str) -> Option<T>) -> Self {
        match literal.map(read) {
            None => Prepared::Later,
            Some(None) => Prepared::Broken,
            Some(Some(ready)) => Prepared::Ready(ready),
        }
    }

    /// Whether the right side says something of which `test` holds.
    fn test(
        &self,
        right: &str,
        read: impl Fn(&str) -> Option<T>,
        test: impl Fn(&T) -> bool,
    ) -> bool {
        match self {
            Prepared::Later => read(right).is_some_and(|ready| test(&ready)),
            Prepared::Broken => false,
            Prepared::Ready(ready) => test(ready),
        }
    }
}

/// How a text reads as a number.
#[derive(Clone, Copy, Debug)]
struct Number {
    int: Option<i64>,
    /// Present wherever `int` is.
    float: Option<f64>,
}

impl Number {
    /// Reads both; a text that is neither still has its place in the order of texts.
    fn read(text: &str) -> Option<Self> {
        Some(Self { int: text.parse().ok(), float: text.parse().ok() })
    }

    /// The order of two texts: as whole numbers if both are, else as numbers if both are, else byte by
    /// byte. There is none if one of two numbers is `nan`.
    fn compare(self, text: &str, other: Self, other_text: &str) -> Option<Ordering> {
        if let (Some(left), Some(right)) = (self.int, other.int) {
            Some(left.cmp(&right))
        } else if let (Some(left), Some(right)) = (self.float, other.float) {
            left.partial_cmp(&right)
        } else {
            Some(text.cmp(other_text))
        }
    }
}

fn read_pattern(text: &str) -> Option<Pattern> {
    Pattern::new(text).ok()
}

fn read_versions(text: &str, dialect: Dialect) -> Option<VersionConstraints> {
    VersionConstraints::parse(text, dialect).ok()
}

impl Comparison {
    /// Makes an operand ready. `right_literal` is the right side if it is a literal, so that the same
    /// text stands there for every node.
    ///
    /// There are no errors here: a pattern or a version list that cannot be read holds for no node,
    /// and it is validation that tells the user.
    pub(crate) fn new(operand: &Operand, right_literal: Option<&str>) -> Self {
        let versions = |dialect| {
            let read = |text: &str| read_versions(text, dialect);
            Predicate::Accepts(dialect, Prepared::new(right_literal, read))
        };
        let predicate = match operand {
            Operand::Eq | Operand::EqEq | Operand::Is => Predicate::Equal,
            Operand::Ne | Operand::Not => Predicate::NotEqual,
            Operand::IsSet => Predicate::IsSet,
            Operand::IsNotSet => Predicate::IsNotSet,
            Operand::Regexp => Predicate::Matches(Prepared::new(right_literal, read_pattern)),
            Operand::SetContains | Operand::SetContainsAll => Predicate::ContainsAll,
            Operand::SetContainsAny => Predicate::ContainsAny,
            Operand::Version => versions(Dialect::Version),
            Operand::Semver => versions(Dialect::Semver),
            Operand::DistinctHosts | Operand::DistinctProperty => Predicate::Always,
            Operand::Lt | Operand::Le | Operand::Gt | Operand::Ge | Operand::Unknown(_) => {
                Order::of(operand).map_or(Predicate::Never, |order| {
                    Predicate::Ordered(order, Prepared::new(right_literal, Number::read))
                })
            }
        };
        Self { predicate, literal: right_literal.map(Box::from) }
    }

    /// Whether the rule holds between what the two sides were resolved to, `None` being "not found".
    ///
    /// Where the right side is a literal, `right` is not looked at and may be either.
    pub(crate) fn holds(&self, left: Option<&str>, right: Option<&str>) -> bool {
        let right = self.literal.as_deref().or(right);
        match (&self.predicate, left, right) {
            (Predicate::IsSet, left, _) => left.is_some(),
            (Predicate::IsNotSet, left, _) => left.is_none(),
            (Predicate::NotEqual, left, right) => {
                left.unwrap_or_default() != right.unwrap_or_default()
            }
            (Predicate::Always, ..) => true,
            (predicate, Some(left), Some(right)) => predicate.holds_between(left, right),
            _ => false,
        }
    }
}

impl Predicate {
    /// Whether the rule holds between two values that are both found.
    fn holds_between(&self, left: &str, right: &str) -> bool {
        match self {
            Predicate::Equal => left == right,
            Predicate::NotEqual => left != right,
            Predicate::Ordered(order, number) => number.test(right, Number::read, |number| {
                Number::read(left)
                    .and_then(|left_number| left_number.compare(left, *number, right))
                    .is_some_and(|found| order.accepts(found))
            }),
            Predicate::IsSet | Predicate::Always => true,
            Predicate::IsNotSet | Predicate::Never => false,
            Predicate::Matches(pattern) => {
                pattern.test(right, read_pattern, |pattern| pattern.is_match(left))
            }
            Predicate::ContainsAll => sets::contains_all(left, right),
            Predicate::ContainsAny => sets::contains_any(left, right),
            Predicate::Accepts(dialect, versions) => {
                let read = |text: &str| read_versions(text, *dialect);
                Version::parse(left)
                    .is_ok_and(|left| versions.test(right, read, |list| list.accepts(&left)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks in both ways, with the right side as a literal and as something found on the node.
    fn holds(left: Option<&str>, operand: &str, right: Option<&str>) -> bool {
        let operand = Operand::from(operand);
        let held = Comparison::new(&operand, None).holds(left, right);
        if right.is_some() {
            let literal = Comparison::new(&operand, right);
            assert_eq!(literal.holds(left, None), held, "{left:?} {operand} {right:?}");
            assert_eq!(literal.holds(left, right), held, "{left:?} {operand} {right:?}");
        }
        held
    }

    fn both(left: &str, operand: &str, right: &str) -> bool {
        holds(Some(left), operand, Some(right))
    }

    #[test]
    fn row_29_missing_values() {
        assert!(holds(None, "!=", Some("foo")));
        assert!(!holds(None, "!=", None));
        assert!(!holds(None, "=", Some("foo")));
    }

    #[test]
    fn row_30_order() {
        assert!(!both("10", "<", "1"));
        assert!(both("1", "<", "10"));
        assert!(both("1.5", "<", "10.5"));
        assert!(!both("1", ">", "foo"));
        assert!(!both("foo", "<", "bar"));
    }

    #[test]
    fn row_31_sets() {
        for operand in ["set_contains", "set_contains_all"] {
            assert!(both("foo,bar,baz", operand, "foo,  bar  "));
            assert!(!both("foo,bar,baz", operand, "foo,bam"));
        }
        assert!(both("foo,bar,baz", "set_contains_any", "foo,bam"));
    }

    #[test]
    #[cfg(feature = "regexp")]
    fn row_32_patterns() {
        assert!(both("foobar", "regexp", "bar"));
        assert!(!both("foobar", "regexp", "^bar"));
        assert!(!both("foobar", "regexp", "("));
    }

    /// The rows of section 9.4 on versions themselves are in `syntax::version`.
    #[test]
    fn row_35_operands_choose_the_dialect() {
        assert!(both("1.2.3", "version", "~> 1.0"));
        assert!(!both("1.2.3", "semver", "~> 1.0"));
        assert!(!both("1.3.0-beta1", "version", ">= 0.6.1"));
        assert!(both("1.3.0-beta1", "semver", ">= 0.6.1"));
        assert!(!both("not a version", "version", "!= 1"));
        assert!(!both("1.2.3", "version", "not a version"));
    }

    #[test]
    fn equality_has_many_spellings() {
        for operand in ["=", "==", "is"] {
            assert!(both("a", operand, "a"));
            assert!(!both("a", operand, "A"));
            assert!(both("", operand, ""));
            assert!(!holds(None, operand, None));
            assert!(!holds(None, operand, Some("")));
        }
        for operand in ["!=", "not"] {
            assert!(!both("a", operand, "a"));
            assert!(both("a", operand, "b"));
            assert!(!holds(Some(""), operand, None));
            assert!(!holds(None, operand, Some("")));
            assert!(holds(Some("a"), operand, None));
        }
    }

    #[test]
    fn order_takes_what_parses_as_a_number() {
        assert!(both("9", "<", "10"));
        assert!(both("+5", ">=", "5"));
        assert!(both("5", "<=", "5.0"));
        assert!(both("1e3", ">", "999"));
        assert!(both("inf", ">", "1e300"));
        // Whole numbers are not rounded to f64.
        assert!(both("9007199254740993", ">", "9007199254740992"));
        // With a space around it, a value is text.
        assert!(both(" 9", "<", "10"));
        assert!(!both("9 ", "<", "10"));
        for operand in ["<", "<=", ">", ">="] {
            assert!(!both("nan", operand, "1"));
            assert!(!holds(None, operand, Some("1")));
            assert!(!holds(Some("1"), operand, None));
        }
    }

    #[test]
    fn the_left_side_alone_decides_whether_it_is_set() {
        assert!(holds(Some(""), "is_set", None));
        assert!(!holds(None, "is_set", Some("x")));
        assert!(holds(None, "is_not_set", None));
        assert!(!holds(Some(""), "is_not_set", Some("x")));
    }

    #[test]
    fn distinct_operands_hold_and_unknown_ones_do_not() {
        assert!(holds(None, "distinct_hosts", None));
        assert!(holds(None, "distinct_property", Some("2")));
        assert!(!both("a", "~", "a"));
    }

    #[test]
    fn other_operands_need_both_sides() {
        for operand in ["regexp", "set_contains", "set_contains_any", "version", "semver"] {
            assert!(!holds(None, operand, Some("1")), "{operand}");
            assert!(!holds(Some("1"), operand, None), "{operand}");
        }
    }
}
