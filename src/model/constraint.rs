//! Constraints, affinities and spreads: what a job says about the nodes it wants
//! (specification, sections 1.2 and 2.5).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::document::document;

document! {
    /// A hard rule on nodes, or a soft one of an old document.
    ///
    /// Nodes that do not satisfy it are filtered. A constraint with `hard: Some(false)` is scored
    /// instead, as an affinity of its `weight`.
    pub struct Constraint {
        /// The left side: a target such as `${attr.kernel.name}`, a bare attribute name such as
        /// `kernel.name`, or a literal.
        #[serde(rename = "LTarget")]
        pub l_target: String,
        /// The right side, a literal for most operands.
        #[serde(rename = "RTarget")]
        pub r_target: String,
        /// How the two sides are compared.
        pub operand: Operand,
        /// Whether the rule filters (absent or true) or scores (false). Documents of the first API only.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub hard: Option<bool>,
        /// The weight of a soft constraint, -100 to 100. Documents of the first API only.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub weight: Option<i64>,
    }
}

document! {
    /// A soft preference for (or, with a negative weight, against) nodes that satisfy a rule.
    pub struct Affinity {
        /// The left side, as in [`Constraint::l_target`].
        #[serde(rename = "LTarget")]
        pub l_target: String,
        /// The right side.
        #[serde(rename = "RTarget")]
        pub r_target: String,
        /// How the two sides are compared.
        pub operand: Operand,
        /// -100 to 100 and not 0; absent is 50.
        pub weight: Option<i64>,
    }
}

document! {
    /// A wish to spread a group's allocations over the values of an attribute.
    pub struct Spread {
        /// The attribute, such as `${node.datacenter}` or `${meta.rack}`.
        pub attribute: String,
        /// How much this spread counts among several, 1 to 100; absent is 50.
        pub weight: Option<i64>,
        /// The wanted shares; without them all values count alike.
        pub spread_target: Vec<SpreadTarget>,
    }
}

document! {
    /// The share of a group's allocations that one value of a spread's attribute should hold.
    pub struct SpreadTarget {
        /// The attribute's value; `*` stands for all values not listed.
        pub value: String,
        /// 0 to 100; the shares of one spread sum to at most 100.
        pub percent: i64,
    }
}

/// How a constraint or an affinity compares its two sides. Each spelling is its own variant, because
/// the filter reasons of the metrics repeat the document's text.
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
