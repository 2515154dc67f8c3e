//! Constraints, affinities and spreads: what a job says about the nodes it wants
//! (docs/placement.md, sections 1.2 and 2.5).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::document::document;

/// The weight of an affinity or a spread that names none.
pub(crate) const WEIGHT_DEFAULT: i64 = 50;

document! {
    /// A hard rule on nodes, or a soft one of an old document.
    ///
    /// Nodes that do not satisfy it are filtered. A constraint with `hard: Some(false)` is scored
    /// instead, as an affinity of its `weight`.
    ///
    /// ```
    /// use stowplan::model::{Constraint, Operand};
    ///
    /// let constraint = Constraint {
    ///     l_target: "${attr.kernel.name}".into(),
    ///     operand: Operand::Eq,
    ///     r_target: "linux".into(),
    ///     ..Constraint::default()
    /// };
    /// assert!(!constraint.is_soft());
    /// assert_eq!(constraint.to_string(), "${attr.kernel.name} = linux");
    /// ```
    pub struct Constraint {
        /// The left side: a target such as `${attr.kernel.name}`, or `$attr.kernel.name` as the first API
        /// has it, a bare attribute name such as `kernel.name`, or a literal.
        "LTarget" => pub l_target: String,
        /// The right side, a literal for most operands.
        "RTarget" => pub r_target: String,
        /// How the two sides are compared.
        "Operand" => pub operand: Operand,
        /// Whether the rule filters (absent or true) or scores (false). Documents of the first API only.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Hard" => pub hard: Option<bool>,
        /// The weight of a soft constraint, -100 to 100. Documents of the first API only.
        #[serde(skip_serializing_if = "Option::is_none")]
        "Weight" => pub weight: Option<i64>,
    }
}

document! {
    /// A soft preference for (or, with a negative weight, against) nodes that satisfy a rule.
    ///
    /// ```
    /// use stowplan::model::{Job, Operand};
    ///
    /// let job = Job::builder("web")
    ///     .group("front", 1, |g| g.task("nginx", "docker", |t| t))
    ///     .affinity("${node.class}", Operand::Eq, "large", -20)
    ///     .build()?;
    /// assert_eq!(job.affinities[0].weight(), -20);
    /// # Ok::<(), stowplan::model::JobErrors>(())
    /// ```
    pub struct Affinity {
        /// The left side, as in [`Constraint::l_target`].
        "LTarget" => pub l_target: String,
        /// The right side.
        "RTarget" => pub r_target: String,
        /// How the two sides are compared.
        "Operand" => pub operand: Operand,
        /// -100 to 100 and not 0; absent is 50.
        "Weight" => pub weight: Option<i64>,
    }
}

document! {
    /// A wish to spread a group's allocations over the values of an attribute.
    ///
    /// ```
    /// use stowplan::model::Job;
    ///
    /// let job = Job::builder("web")
    ///     .group("front", 10, |g| g.task("nginx", "docker", |t| t))
    ///     .spread("${node.datacenter}", 100, [("dc1", 70), ("dc2", 30)])
    ///     .build()?;
    /// let spread = &job.spreads[0];
    /// assert_eq!((spread.weight(), spread.spread_target[0].percent), (100, 70));
    /// # Ok::<(), stowplan::model::JobErrors>(())
    /// ```
    pub struct Spread {
        /// The attribute, such as `${node.datacenter}` or `${meta.rack}`.
        "Attribute" => pub attribute: String,
        /// How much this spread counts among several, 1 to 100; absent is 50.
        "Weight" => pub weight: Option<i64>,
        /// The wanted shares; without them all values count alike.
        "SpreadTarget" => pub spread_target: Vec<SpreadTarget>,
    }
}

document! {
    /// The share of a group's allocations that one value of a spread's attribute should hold.
    pub struct SpreadTarget {
        /// The attribute's value; `*` stands for all values not listed.
        "Value" => pub value: String,
        /// 0 to 100; the shares of one spread sum to at most 100.
        "Percent" => pub percent: i64,
    }
}

impl Constraint {
    /// Whether the rule scores nodes rather than filtering them.
    pub fn is_soft(&self) -> bool {
        self.hard == Some(false)
    }

    /// The weight of a soft rule; 0 weighs nothing.
    pub fn weight(&self) -> i64 {
        self.weight.unwrap_or(0)
    }
}

/// The text by which metrics count what the rule filters: both sides and the operand between them,
/// with single spaces, also where a side is empty (docs/placement.md, section 2.4).
impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.l_target, self.operand, self.r_target)
    }
}

impl Affinity {
    /// The weight, -100 to 100; where the document names none, 50.
    pub fn weight(&self) -> i64 {
        self.weight.unwrap_or(WEIGHT_DEFAULT)
    }
}

impl Spread {
    /// The weight, 1 to 100; where the document names none, 50.
    pub fn weight(&self) -> i64 {
        self.weight.unwrap_or(WEIGHT_DEFAULT)
    }
}

/// How a constraint or an affinity compares its two sides. Each spelling is its own variant, because
/// the filter reasons of the metrics repeat the document's text.
///
/// ```
/// use stowplan::model::Operand;
///
/// assert_eq!(Operand::from(">="), Operand::Ge);
/// assert_eq!(Operand::DistinctHosts.as_str(), "distinct_hosts");
/// assert!(matches!(Operand::from("~"), Operand::Unknown(_)));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operand {
    /// `=`
    #[default]
    Eq,
    /// `==`, the same as `=`
    EqEq,
    /// `is`, the same as `=`
    Is,
    /// `!=`
    Ne,
    /// `not`, the same as `!=`
    Not,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `is_set`
    IsSet,
    /// `is_not_set`
    IsNotSet,
    /// `regexp`
    Regexp,
    /// `set_contains`
    SetContains,
    /// `set_contains_all`, the same as `set_contains`
    SetContainsAll,
    /// `set_contains_any`
    SetContainsAny,
    /// `version`
    Version,
    /// `semver`
    Semver,
    /// `distinct_hosts`
    DistinctHosts,
    /// `distinct_property`
    DistinctProperty,
    /// Anything else, an error in validation.
    Unknown(Box<str>),
}

/// Every known operand with its spelling.
const OPERANDS: [(&str, Operand); 19] = [
    ("=", Operand::Eq),
    ("==", Operand::EqEq),
    ("is", Operand::Is),
    ("!=", Operand::Ne),
    ("not", Operand::Not),
    ("<", Operand::Lt),
    ("<=", Operand::Le),
    (">", Operand::Gt),
    (">=", Operand::Ge),
    ("is_set", Operand::IsSet),
    ("is_not_set", Operand::IsNotSet),
    ("regexp", Operand::Regexp),
    ("set_contains", Operand::SetContains),
    ("set_contains_all", Operand::SetContainsAll),
    ("set_contains_any", Operand::SetContainsAny),
    ("version", Operand::Version),
    ("semver", Operand::Semver),
    ("distinct_hosts", Operand::DistinctHosts),
    ("distinct_property", Operand::DistinctProperty),
];

impl Operand {
    /// The spelling of every known operand.
    pub fn known() -> impl Iterator<Item = &'static str> {
        OPERANDS.iter().map(|(spelling, _)| *spelling)
    }

    /// Whether it is about where a job's allocations are, not about facts of nodes.
    pub fn is_distinct(&self) -> bool {
        matches!(self, Operand::DistinctHosts | Operand::DistinctProperty)
    }

    /// The spelling in documents.
    pub fn as_str(&self) -> &str {
        if let Operand::Unknown(text) = self {
            return text;
        }
        OPERANDS.iter().find(|(_, operand)| operand == self).map_or("", |(text, _)| text)
    }
}

impl From<&str> for Operand {
    fn from(text: &str) -> Self {
        OPERANDS
            .iter()
            .find(|(spelling, _)| *spelling == text)
            .map_or_else(|| Operand::Unknown(text.into()), |(_, operand)| operand.clone())
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Operand {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Operand::from(String::deserialize(deserializer)?.as_str()))
    }
}

impl Serialize for Operand {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_keep_their_spelling() {
        for spelling in Operand::known() {
            let operand = Operand::from(spelling);
            assert!(!matches!(operand, Operand::Unknown(_)), "{spelling}");
            assert_eq!(operand.to_string(), spelling);
        }
        assert_eq!(Operand::from("=>"), Operand::Unknown("=>".into()));
        assert_eq!(Operand::from("=>").to_string(), "=>");
        let constraint: Constraint = serde_json::from_str(r#"{"LTarget": "a.b"}"#).unwrap();
        assert_eq!(constraint.operand, Operand::Eq);
        assert_eq!(constraint.to_string(), "a.b = ");
    }

    #[test]
    fn only_an_explicit_false_makes_a_rule_soft() {
        let soft = |json| serde_json::from_str::<Constraint>(json).unwrap().is_soft();
        assert!(!soft("{}") && !soft(r#"{"Hard": null}"#) && !soft(r#"{"Hard": true}"#));
        assert!(soft(r#"{"Hard": false}"#) && soft(r#"{"Hard": false, "Weight": 0}"#));
    }
}
