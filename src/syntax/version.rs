//! Versions and lists of constraints on them (docs/placement.md, section 2.5).

use std::cmp::Ordering;

use super::{SyntaxError, excerpt};

/// Which of the two operands reads a version list. They differ in how a version may be written, in
/// the operators and in the rule on pre-releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `version`: knows `~>`; releases and pre-releases are kept apart.
    Version,
    /// `semver`: a pre-release needs its hyphen; plain order.
    Semver,
}

impl Dialect {
    /// The operators, for errors.
    fn operators(self) -> &'static str {
        match self {
            Dialect::Version => "=, !=, >, >=, <, <=, ~> or none",
            Dialect::Semver => "=, !=, >, >=, <, <= or none",
        }
    }
}

/// A version: numbers with dots between them and perhaps a pre-release. What follows a `+` is not
/// kept, since it never counts.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// The numbers without the zeros at the end. The longer of two versions that agree as far as both
    /// go is then the greater one, which keeps comparing a long version with many short ones cheap.
    numbers: Vec<u64>,
    /// How many numbers were written.
    written: usize,
    /// The text between `-` and `+`; empty for a release.
    prerelease: Box<str>,
}

/// Numbers a version has at least; missing ones are zeros.
const NUMBERS_MIN: usize = 3;

impl Version {
    /// Reads a version as values of nodes are read by both operands: a pre-release that starts with a
    /// letter needs no hyphen.
    ///
    /// It is an error if the text is no version or one of its numbers does not fit a `u64`. (Numbers
    /// inside pre-releases may have any length.)
    pub(crate) fn parse(text: &str) -> Result<Self, SyntaxError> {
        Self::parse_in(text, Dialect::Version)
    }

    /// Reads a version as the constraints of a dialect are read.
    pub(crate) fn parse_in(text: &str, dialect: Dialect) -> Result<Self, SyntaxError> {
        Self::read(text, dialect).ok_or_else(|| SyntaxError::Version { text: excerpt(text) })
    }

    fn read(text: &str, dialect: Dialect) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, metadata) = split_before(text, |c| c == '+');
        if !metadata.is_empty() && !is_suffix(metadata.get(1..)?) {
            return None;
        }
        let (core, suffix) = split_before(text, |c| c != '.' && !c.is_ascii_digit());
        let prerelease = match suffix.strip_prefix('-') {
            Some(prerelease) => prerelease,
            None if suffix.is_empty() => "",
            None if dialect == Dialect::Version
                && suffix.starts_with(|c: char| c.is_ascii_alphabetic()) =>
            {
                suffix
            }
            None => return None,
        };
        if !suffix.is_empty() && !is_suffix(prerelease) {
            return None;
        }
        // Only digits and dots are left, so this fails for empty and for too large numbers only.
        let mut numbers: Vec<u64> =
            core.split('.').map(|number| number.parse().ok()).collect::<Option<_>>()?;
        let written = numbers.len();
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        Some(Self { numbers, written, prerelease: prerelease.into() })
    }

    /// Whether this is a pre-release.
    pub(crate) fn is_prerelease(&self) -> bool {
        !self.prerelease.is_empty()
    }

    /// How many numbers there are with the zeros that missing ones stand for.
    fn padded(&self) -> usize {
        self.written.max(NUMBERS_MIN)
    }

    /// The number at a place counted from 0, zero beyond the last.
    fn number(&self, place: usize) -> u64 {
        self.numbers.get(place).copied().unwrap_or(0)
    }

    /// Whether both have the same numbers, and as many.
    fn same_numbers(&self, other: &Self) -> bool {
        self.padded() == other.padded() && self.numbers == other.numbers
    }

    /// The order of the versions: by number, then release above pre-release, then by pre-release.
    ///
    /// This is no order in the strict sense (see [`compare_prereleases`]), hence no `Ord`.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| {
            match (self.is_prerelease(), other.is_prerelease()) {
                (true, true) => compare_prereleases(&self.prerelease, &other.prerelease),
                (mine, others) => others.cmp(&mine),
            }
        })
    }
}

/// Splits before the first character for which `end` holds.
fn split_before(text: &str, end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(end).unwrap_or(text.len()))
}

/// Whether a text may stand after `-` or `+`: non-empty parts with dots between them.
fn is_suffix(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'~';
    text.split('.').all(|part| !part.is_empty() && part.bytes().all(allowed))
}

/// Compares pre-releases part by part: numbers as numbers and below other parts, others as text.
///
/// Where one has parts left when the other ends, a number makes the longer one greater, but anything
/// else makes the *shorter* one greater. That is a quirk of the original which jobs may rely on.
fn compare_prereleases(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (Some(part), None) if is_number(part) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (None, Some(part)) if is_number(part) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => compare_parts(left, right),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Compares two parts at the same place of two pre-releases.
fn compare_parts(left: &str, right: &str) -> Ordering {
    match (is_number(left), is_number(right)) {
        (true, true) => {
            // Digits without leading zeros: the longer one is the larger number, whatever its size.
            let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
            left.len().cmp(&right.len()).then_with(|| left.cmp(right))
        }
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => left.cmp(right),
    }
}

/// Whether a part of a pre-release is a number.
fn is_number(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_digit())
}

/// A comma-separated list of constraints that must all hold, such as `>= 1.0, < 1.4`.
#[derive(Clone, Debug)]
pub(crate) struct VersionConstraints {
    dialect: Dialect,
    constraints: Vec<Constraint>,
}

/// One entry of the list.
#[derive(Clone, Debug)]
struct Constraint {
    operator: Operator,
    version: Version,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    /// `~>`
    Pessimistic,
}

/// The operators as written. One that another starts with comes after it; the empty one, which means
/// `=`, is last.
const OPERATORS: [(&str, Operator); 8] = [
    ("!=", Operator::Ne),
    (">=", Operator::Ge),
    ("<=", Operator::Le),
    ("~>", Operator::Pessimistic),
    ("=", Operator::Eq),
    (">", Operator::Gt),
    ("<", Operator::Lt),
    ("", Operator::Eq),
];

impl VersionConstraints {
    /// Reads a list of `[operator] version`, spaces around either being of no account.
    ///
    /// It is an error if the list is empty or any entry is malformed, `~>` in a `semver` list
    /// included.
    pub(crate) fn parse(text: &str, dialect: Dialect) -> Result<Self, SyntaxError> {
        let constraints = text
            .split(',')
            .map(|entry| Constraint::parse(entry.trim(), dialect))
            .collect::<Result<_, _>>()?;
        Ok(Self { dialect, constraints })
    }

    /// Whether a version satisfies every constraint of the list.
    pub(crate) fn accepts(&self, version: &Version) -> bool {
        self.constraints.iter().all(|constraint| constraint.accepts(version, self.dialect))
    }
}

impl Constraint {
    /// Reads one entry, already trimmed.
    fn parse(entry: &str, dialect: Dialect) -> Result<Self, SyntaxError> {
        Self::read(entry, dialect).ok_or_else(|| SyntaxError::VersionConstraint {
            entry: excerpt(entry),
            operators: dialect.operators(),
        })
    }

    fn read(entry: &str, dialect: Dialect) -> Option<Self> {
        let (operator, version) = OPERATORS
            .iter()
            .find_map(|&(text, operator)| Some((operator, entry.strip_prefix(text)?)))?;
        if operator == Operator::Pessimistic && dialect == Dialect::Semver {
            return None;
        }
        Some(Self { operator, version: Version::read(version.trim_start(), dialect)? })
    }

    fn accepts(&self, version: &Version, dialect: Dialect) -> bool {
        let ordered = !matches!(self.operator, Operator::Eq | Operator::Ne);
        if ordered && dialect == Dialect::Version && !self.admits(version) {
            return false;
        }
        let order = version.compare(&self.version);
        match self.operator {
            Operator::Eq => order.is_eq(),
            Operator::Ne => order.is_ne(),
            Operator::Gt => order.is_gt(),
            Operator::Ge => order.is_ge(),
            Operator::Lt => order.is_lt(),
            Operator::Le => order.is_le(),
            Operator::Pessimistic => order.is_ge() && self.is_near(version),
        }
    }

    /// The rule of the `version` dialect before versions are ordered: nobody gets a pre-release
    /// without asking for one, and who does gets it of the same numbers only. "The same" includes how
    /// many there are, so `1.2.3.0-a` is none of `1.2.3-a`.
    fn admits(&self, version: &Version) -> bool {
        match (version.is_prerelease(), self.version.is_prerelease()) {
            (true, false) => false,
            (true, true) => version.same_numbers(&self.version),
            (false, _) => true,
        }
    }

    /// The upper bound of `~>`: all numbers written in the constraint but the last are the version's,
    /// which has no fewer of them; and a pre-release asks for a pre-release.
    fn is_near(&self, version: &Version) -> bool {
        if self.version.is_prerelease() && !version.is_prerelease() {
            return false;
        }
        // `written` counts what is in the list's text, so this loop is no longer than that text.
        version.padded() >= self.version.padded()
            && (0..self.version.written.saturating_sub(1))
                .all(|place| version.number(place) == self.version.number(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(dialect: Dialect, version: &str, list: &str) -> bool {
        let list = VersionConstraints::parse(list, dialect).unwrap();
        list.accepts(&Version::parse(version).unwrap())
    }

    fn version(version: &str, list: &str) -> bool {
        accepts(Dialect::Version, version, list)
    }

    fn semver(version: &str, list: &str) -> bool {
        accepts(Dialect::Semver, version, list)
    }

    fn order(left: &str, right: &str) -> Ordering {
        let compare = |left: &str, right: &str| {
            Version::parse(left).unwrap().compare(&Version::parse(right).unwrap())
        };
        assert_eq!(compare(left, right), compare(right, left).reverse(), "{left} {right}");
        compare(left, right)
    }

    #[test]
    fn row_33_version_lists() {
        assert!(version("1.2.3", "~> 1.0"));
        assert!(!version("2.0.1", "~> 1.0"));
        assert!(!version("1.4", ">= 1.0, < 1.4"));
    }

    #[test]
    fn row_34_version_keeps_prereleases_apart() {
        assert!(!version("1.3.0-beta1", ">= 0.6.1"));
        assert!(!version("1.7.0-alpha1", ">= 1.6.0-beta1"));
        assert!(version("1.3.0-beta1+ent", "= 1.3.0-beta1"));
    }

    #[test]
    fn row_35_semver_orders_plainly() {
        assert!(semver("1.3.0-beta1", ">= 0.6.1"));
        assert!(semver("1.7.0-alpha1", ">= 1.6.0-beta1"));
        assert!(semver("1.3.0-beta1+ent", "= 1.3.0-beta1"));
        assert!(VersionConstraints::parse("~> 1.0", Dialect::Semver).is_err());
        assert!(semver("1.7.0", ">= 1.7.0-dev"));
        assert!(!semver("1.7.0-beta", ">= 1.7.0"));
    }

    #[test]
    fn row_36_version_and_pessimistic_bounds() {
        assert!(!version("4.15.0-88-generic", "> 4.0"));
        assert!(version("2.5.0", "~> 1"));
        assert!(version("1.10.0", "~> 1.2"));
        assert!(!version("1.0.0", "~> 1.0.0-beta"));
        assert!(version("1.1.0-beta", "!= 1.0"));
    }

    #[test]
    fn pessimistic_bounds_count_written_numbers() {
        assert!(version("1.2.9", "~> 1.2.3"));
        assert!(!version("1.3.0", "~> 1.2.3"));
        assert!(!version("1.2.2", "~> 1.2.3"));
        assert!(!version("2.0.0", "~> 1.2.0"));
        assert!(version("1.2.3.9", "~> 1.2.3"));
        assert!(!version("1.2.3", "~> 1.2.3.0"));
        assert!(version("1.0.0-beta", "~> 1.0.0-alpha"));
        assert!(!version("1.0.1-beta", "~> 1.0.0-alpha"));
        assert!(!version("1.0.0-beta", "~> 1.0.0"));
        assert!(!version("0.9", "~> 1"));
    }

    #[test]
    fn same_numbers_include_their_count() {
        assert!(version("1.2-b", "> 1.2.0-a"));
        assert!(!version("1.2.0.0-b", "> 1.2.0-a"));
        assert!(semver("1.2.0.0-b", "> 1.2.0-a"));
        assert!(version("1.2.0.0", "= 1.2"));
        assert!(version("1.2.0", "1.2"));
    }

    #[test]
    fn prereleases_follow_the_quirk() {
        use Ordering::{Equal, Greater, Less};
        assert_eq!(order("1.0-alpha", "1.0"), Less);
        assert_eq!(order("1.0-alpha", "1.0-beta"), Less);
        assert_eq!(order("1.0-2", "1.0-10"), Less);
        assert_eq!(order("1.0-2", "1.0-alpha"), Less);
        assert_eq!(order("1.0-beta.02", "1.0-beta.2"), Equal);
        assert_eq!(order("1.0-beta", "1.0-beta.1"), Less);
        assert_eq!(order("1.0-beta", "1.0-beta.x"), Greater);
        assert_eq!(order("1.0-9", &format!("1.0-1{}", "0".repeat(50))), Less);
        assert_eq!(order("1.0+a", "1.0.0.0+b"), Equal);
        assert_eq!(order("1.0.0.1", "1.0"), Greater);
        assert_eq!(order("1.10", "1.9"), Greater);
        assert_eq!(order("0", "0.0"), Equal);
    }

    #[test]
    fn versions_are_read_leniently() {
        for text in ["1", "v1.2", "1.2.3.4.5", "1.0beta1", "1.0-beta1", "1.0-~x", "1.0a.b-c~d+e.f"]
        {
            assert!(Version::parse(text).is_ok(), "{text}");
        }
        assert_eq!(order("1.0beta1", "1.0-beta1"), Ordering::Equal);
        let no = [
            "",
            "v",
            "V1",
            "vv1",
            "1.",
            ".1",
            "1..2",
            "a",
            "1.a",
            "1-",
            "1.0-a..b",
            "1+",
            "1+a..b",
            " 1",
            "1 ",
            "-1",
            "+1",
            "1.0_1",
            "1.0-ä",
            "1.0~a",
            "18446744073709551616",
            "1-a+b+c",
        ];
        for text in no {
            assert!(Version::parse(text).is_err(), "{text}");
        }
        assert!(Version::parse("18446744073709551615").is_ok());
    }

    #[test]
    fn semver_constraints_need_the_hyphen() {
        assert!(VersionConstraints::parse("> 1.0beta1", Dialect::Version).is_ok());
        assert!(VersionConstraints::parse("> 1.0beta1", Dialect::Semver).is_err());
        assert!(semver("1.0beta2", "> 1.0-beta1"));
    }

    #[test]
    fn one_malformed_entry_spoils_the_list() {
        for list in ["", ",", "1.0,", ">", "> = 1", "=> 1", "== 1", "^1", "1.0 2.0", ">= 1 < 2"] {
            assert!(VersionConstraints::parse(list, Dialect::Version).is_err(), "{list}");
        }
        for list in ["1", "=1", ">=1.0,<2", " >= 1.0 , < 2 ", "!=v1"] {
            assert!(VersionConstraints::parse(list, Dialect::Version).is_ok(), "{list}");
        }
        let error = VersionConstraints::parse(">= 1, ~> 2", Dialect::Semver).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`~> 2` is not a version constraint: write one of =, !=, >, >=, <, <= or none and a version"
        );
    }

    #[test]
    fn long_texts_take_linear_time() {
        let long = vec!["0"; 100_000].join(".") + "-" + &vec!["a"; 100_000].join(".");
        assert!(version(&long, &format!("={long}")));
        assert!(!version(&long, &format!("~>{}.1", &long[..99_999])));
        let list = vec!["!=1"; 100_000].join(",");
        assert!(version(&long, &list));
        let list = vec!["!= 0.0.0-a.a.b"; 10_000].join(",");
        assert!(version(&long, &list));
    }
}
