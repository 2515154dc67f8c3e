//! Typed values of devices: numbers with units, texts and truth values (docs/placement.md, section
//! 5.1).
//!
//! Comparisons are exact: a number is a whole number (of an `i64`, or the significand of an `f64`)
//! times powers of 2 and 10, and such products are compared as integers, without rounding.

use std::cmp::Ordering;

use super::boolean::parse_bool;

/// A typed value: an attribute of a device, or a literal that it is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Quantity {
    /// A number.
    Number {
        /// How many of the unit.
        amount: Amount,
        /// The unit.
        unit: Unit,
    },
    /// A text.
    Text(Box<str>),
    /// A truth value.
    Bool(bool),
}

/// A number as written. Whole numbers and fractions follow different rules when they are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Amount {
    /// A whole number.
    Int(i64),
    /// Any number; not finite ones compare with nothing.
    Float(f64),
}

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// None.
    None,
    /// One of [`UNITS`].
    Known(Dimension, Scale),
    /// Any other; such numbers compare with nothing.
    Unknown,
}

/// What a unit measures. Numbers of one dimension compare with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dimension {
    /// Base: byte.
    Bytes,
    /// Base: byte per second.
    ByteRate,
    /// Base: hertz.
    Frequency,
    /// Base: watt.
    Power,
}

/// How many of its base a unit is: 2 to the power `binary` times 10 to the power `decimal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    /// 0 to 60.
    binary: u8,
    /// -3 to 18.
    decimal: i8,
}

/// A power of 2 as a unit's scale.
const fn binary(power: u8) -> Scale {
    Scale { binary: power, decimal: 0 }
}

/// A power of 10 as a unit's scale.
const fn decimal(power: i8) -> Scale {
    Scale { binary: 0, decimal: power }
}

/// Every unit. `MB` is a million bytes and `MiB` 2 to the power of 20; `KB` is the same as `kB`.
const UNITS: [(&str, Dimension, Scale); 33] = [
    ("KiB", Dimension::Bytes, binary(10)),
    ("MiB", Dimension::Bytes, binary(20)),
    ("GiB", Dimension::Bytes, binary(30)),
    ("TiB", Dimension::Bytes, binary(40)),
    ("PiB", Dimension::Bytes, binary(50)),
    ("EiB", Dimension::Bytes, binary(60)),
    ("kB", Dimension::Bytes, decimal(3)),
    ("KB", Dimension::Bytes, decimal(3)),
    ("MB", Dimension::Bytes, decimal(6)),
    ("GB", Dimension::Bytes, decimal(9)),
    ("TB", Dimension::Bytes, decimal(12)),
    ("PB", Dimension::Bytes, decimal(15)),
    ("EB", Dimension::Bytes, decimal(18)),
    ("KiB/s", Dimension::ByteRate, binary(10)),
    ("MiB/s", Dimension::ByteRate, binary(20)),
    ("GiB/s", Dimension::ByteRate, binary(30)),
    ("TiB/s", Dimension::ByteRate, binary(40)),
    ("PiB/s", Dimension::ByteRate, binary(50)),
    ("EiB/s", Dimension::ByteRate, binary(60)),
    ("kB/s", Dimension::ByteRate, decimal(3)),
    ("KB/s", Dimension::ByteRate, decimal(3)),
    ("MB/s", Dimension::ByteRate, decimal(6)),
    ("GB/s", Dimension::ByteRate, decimal(9)),
    ("TB/s", Dimension::ByteRate, decimal(12)),
    ("PB/s", Dimension::ByteRate, decimal(15)),
    ("EB/s", Dimension::ByteRate, decimal(18)),
    ("MHz", Dimension::Frequency, decimal(6)),
    ("GHz", Dimension::Frequency, decimal(9)),
    ("mW", Dimension::Power, decimal(-3)),
    ("W", Dimension::Power, decimal(0)),
    ("kW", Dimension::Power, decimal(3)),
    ("MW", Dimension::Power, decimal(6)),
    ("GW", Dimension::Power, decimal(9)),
];

impl Unit {
    /// Reads a unit as attributes of devices name it; the empty text is [`Unit::None`].
    pub(crate) fn parse(text: &str) -> Self {
        match UNITS.iter().find(|(name, ..)| *name == text) {
            Some(&(_, dimension, scale)) => Unit::Known(dimension, scale),
            None if text.is_empty() => Unit::None,
            None => Unit::Unknown,
        }
    }

    /// The scales of two units, if their numbers can be compared.
    fn comparable(self, other: Self) -> Option<(Scale, Scale)> {
        match (self, other) {
            (Unit::None, Unit::None) => Some((decimal(0), decimal(0))),
            (Unit::Known(mine, left), Unit::Known(others, right)) if mine == others => {
                Some((left, right))
            }
            _ => None,
        }
    }
}

impl Quantity {
    /// Reads a literal: `11GiB`, `1320.5 MB` and `2080` are numbers, `T` is a truth value, `1080ti` a
    /// text. Every text is something, so there is no error.
    ///
    /// A number must be finite: `inf` and `nan` are texts here.
    pub(crate) fn parse(text: &str) -> Self {
        // The longest name counts, because `mW` ends like `W`.
        let (number, unit) = UNITS
            .iter()
            .filter_map(|(name, dimension, scale)| {
                Some((name, text.strip_suffix(name)?.trim(), Unit::Known(*dimension, *scale)))
            })
            .max_by_key(|(name, ..)| name.len())
            .map_or((text, Unit::None), |(_, number, unit)| (number, unit));
        if let Some(amount) = Amount::parse(number) {
            Quantity::Number { amount, unit }
        } else if let Ok(value) = parse_bool(text) {
            Quantity::Bool(value)
        } else {
            Quantity::Text(text.into())
        }
    }

    /// The text, of a text.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Quantity::Text(text) = self { Some(text) } else { None }
    }

    /// The whole number, of a whole number of any unit.
    pub(crate) fn int(&self) -> Option<i64> {
        match *self {
            Quantity::Number { amount: Amount::Int(int), .. } => Some(int),
            _ => None,
        }
    }

    /// The order of two values, or nothing if they cannot be compared.
    ///
    /// Numbers compare with numbers of the same dimension, or without unit where neither has one;
    /// texts with texts, byte by byte; truth values with truth values. Two rules are quirks of the
    /// original: between whole numbers `mW` are first cut to whole watts (so 1900 mW equals 1 W), and
    /// of two different truth values the left one is always the greater.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (
                Quantity::Number { amount, unit },
                Quantity::Number { amount: other_amount, unit: other_unit },
            ) => {
                let (scale, other_scale) = unit.comparable(*other_unit)?;
                compare_numbers((*amount, scale), (*other_amount, other_scale))
            }
            (Quantity::Text(left), Quantity::Text(right)) => Some(left.cmp(right)),
            (Quantity::Bool(left), Quantity::Bool(right)) if left == right => Some(Ordering::Equal),
            (Quantity::Bool(_), Quantity::Bool(_)) => Some(Ordering::Greater),
            _ => None,
        }
    }
}

impl Amount {
    fn parse(text: &str) -> Option<Self> {
        if let Ok(int) = text.parse() {
            return Some(Amount::Int(int));
        }
        text.parse().ok().filter(|float: &f64| float.is_finite()).map(Amount::Float)
    }
}

/// Compares two numbers of one dimension.
fn compare_numbers(left: (Amount, Scale), right: (Amount, Scale)) -> Option<Ordering> {
    let ((left, left_scale), (right, right_scale)) = (left, right);
    if let (Amount::Int(left), Amount::Int(right)) = (left, right) {
        let left = Exact::new(in_base(left, left_scale));
        return Some(left.compare(Exact::new(in_base(right, right_scale))));
    }
    let left = Exact::new((Parts::new(left)?, left_scale));
    Some(left.compare(Exact::new((Parts::new(right)?, right_scale))))
}

/// A whole number of a unit below its base, cut to whole bases; others as they are.
fn in_base(int: i64, scale: Scale) -> (Parts, Scale) {
    match scale.decimal {
        -3 => (Parts { coefficient: int / 1000, exponent: 0 }, decimal(0)),
        _ => (Parts { coefficient: int, exponent: 0 }, scale),
    }
}

/// A number as `coefficient` times 2 to the power `exponent`.
#[derive(Clone, Copy, Debug)]
struct Parts {
    coefficient: i64,
    exponent: i32,
}

impl Parts {
    /// Takes a number apart without loss; nothing if it is not finite.
    fn new(amount: Amount) -> Option<Self> {
        let float = match amount {
            Amount::Int(coefficient) => return Some(Parts { coefficient, exponent: 0 }),
            Amount::Float(float) if float.is_finite() => float,
            Amount::Float(_) => return None,
        };
        // The layout of an f64: sign, 11 bits of exponent, 52 bits of significand, whose leading 1 is
        // left out except where the exponent's bits are all zero.
        let bits = float.to_bits();
        let field = (bits >> 52 & 0x7ff) as i32;
        let leading = if field == 0 { 0 } else { 1 << 52 };
        let coefficient = (bits & ((1 << 52) - 1)) as i64 | leading;
        let coefficient = if float.is_sign_negative() { -coefficient } else { coefficient };
        Some(Parts { coefficient, exponent: field.max(1) - 1075 })
    }
}

/// A thousand times a number, as an integer times a power of 2.
#[derive(Clone, Copy, Debug)]
struct Exact {
    // INVARIANT: below 2 to the power of 113 in size, since the 63 bits of a coefficient are
    // multiplied by at most 5 to the power of 21, which has 49.
    coefficient: i128,
    exponent: i32,
}

impl Exact {
    fn new((parts, scale): (Parts, Scale)) -> Self {
        // 10^d is 5^d times 2^d; the factor of a thousand makes d at least 0.
        let decimal = i32::from(scale.decimal) + 3;
        let coefficient =
            (0..decimal).fold(i128::from(parts.coefficient), |product, _| product * 5);
        Self { coefficient, exponent: parts.exponent + i32::from(scale.binary) + decimal }
    }

    fn compare(self, other: Self) -> Ordering {
        let signs = self.coefficient.signum().cmp(&other.coefficient.signum());
        if signs.is_ne() || self.coefficient == 0 {
            return signs;
        }
        let sizes = self.compare_sizes(other);
        if self.coefficient < 0 { sizes.reverse() } else { sizes }
    }

    /// Compares the absolute values of two numbers that are not zero.
    fn compare_sizes(self, other: Self) -> Ordering {
        let size = |number: Self| {
            let coefficient = number.coefficient.unsigned_abs();
            let bits = 128 - coefficient.leading_zeros();
            (coefficient, bits, number.exponent + bits as i32)
        };
        let ((left, left_bits, left_top), (right, right_bits, right_top)) =
            (size(self), size(other));
        // With their highest bits at the same place, the shorter coefficient is shifted to the length
        // of the longer one, so nothing is lost.
        let bits = left_bits.max(right_bits);
        let aligned = |coefficient: u128, own: u32| coefficient << (bits - own);
        left_top
            .cmp(&right_top)
            .then_with(|| aligned(left, left_bits).cmp(&aligned(right, right_bits)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::{Equal, Greater, Less};

    fn compare(left: &str, right: &str) -> Option<Ordering> {
        let (left, right) = (Quantity::parse(left), Quantity::parse(right));
        let order = left.compare(&right);
        if !matches!(left, Quantity::Bool(_)) {
            assert_eq!(right.compare(&left), order.map(Ordering::reverse));
        }
        order
    }

    #[test]
    fn row_41_numbers_compare_across_units() {
        assert_eq!(compare("4 GiB", "1320.5 MB"), Some(Greater));
        assert_eq!(compare("995 MiB/s", ".98   GiB/s"), Some(Less));
        assert_eq!(compare("11 GiB", "11264 MiB"), Some(Equal));
        assert_eq!(compare("1000 mW", "1 W"), Some(Equal));
        assert_eq!(compare("1 GiB", "1025 MiB"), Some(Less));
    }

    #[test]
    fn literals_have_types() {
        let number = |amount, unit| Quantity::Number { amount, unit: Unit::parse(unit) };
        let text = |text: &str| Quantity::Text(text.into());
        let cases = [
            ("11GiB", number(Amount::Int(11), "GiB")),
            ("1320.5 MB", number(Amount::Float(1320.5), "MB")),
            ("2080", number(Amount::Int(2080), "")),
            ("-2.5e3", number(Amount::Float(-2500.0), "")),
            ("10 MW", number(Amount::Int(10), "MW")),
            ("10mW", number(Amount::Int(10), "mW")),
            ("9223372036854775808", number(Amount::Float(9_223_372_036_854_775_808.0), "")),
            ("T", Quantity::Bool(true)),
            ("False", Quantity::Bool(false)),
            ("1", number(Amount::Int(1), "")),
            ("1080ti", text("1080ti")),
            ("GiB", text("GiB")),
            ("2080 ", text("2080 ")),
            ("2 XB", text("2 XB")),
            ("inf", text("inf")),
            ("nan W", text("nan W")),
            ("1e999 GB", text("1e999 GB")),
            ("", text("")),
        ];
        for (literal, value) in cases {
            assert_eq!(Quantity::parse(literal), value, "{literal}");
        }
    }

    #[test]
    fn dimensions_and_types_do_not_mix() {
        for (left, right) in [
            ("1 GiB", "1"),
            ("1 GiB", "1 GB/s"),
            ("1 W", "1 MHz"),
            ("2080", "1080ti"),
            ("T", "1"),
            ("T", "true-ish"),
        ] {
            assert_eq!(compare(left, right), None, "{left} {right}");
        }
        let unknown = Quantity::Number { amount: Amount::Int(1), unit: Unit::parse("parsec") };
        assert_eq!(unknown.compare(&unknown), None);
        let nan = Quantity::Number { amount: Amount::Float(f64::NAN), unit: Unit::None };
        assert_eq!(nan.compare(&Quantity::parse("1")), None);
        assert_eq!(Quantity::parse("1").compare(&nan), None);
    }

    #[test]
    fn quirks_are_kept() {
        assert_eq!(compare("1900 mW", "1 W"), Some(Equal));
        assert_eq!(compare("1900.0 mW", "1 W"), Some(Greater));
        assert_eq!(compare("-1900 mW", "-1 W"), Some(Equal));
        assert_eq!(compare("T", "T"), Some(Equal));
        assert_eq!(compare("T", "F"), Some(Greater));
        assert_eq!(compare("F", "T"), Some(Greater));
    }

    #[test]
    fn comparisons_are_exact() {
        assert_eq!(compare("9007199254740993", "9007199254740992.0"), Some(Greater));
        assert_eq!(compare("9223372036854775807 EiB", "9223372036854775806 EiB"), Some(Greater));
        assert_eq!(compare("-9223372036854775808 EB", "9223372036854775807 EiB"), Some(Less));
        assert_eq!(compare("1e300 EiB", "9223372036854775807 EB"), Some(Greater));
        assert_eq!(compare("1e-320 GB", "1e-320 MB"), Some(Greater));
        assert_eq!(compare("5e-324", "0"), Some(Greater));
        assert_eq!(compare("-5e-324", "0"), Some(Less));
        assert_eq!(compare("-0.0", "0"), Some(Equal));
        assert_eq!(compare("0.0 EiB", "0 kB"), Some(Equal));
        assert_eq!(compare("0.5 kW", "500 W"), Some(Equal));
        assert_eq!(compare("0.5 mW", "0.0005 W"), Some(Less));
        assert_eq!(compare("1.5 GHz", "1500 MHz"), Some(Equal));
        assert_eq!(compare("-1.5 GHz", "-1499 MHz"), Some(Less));
        // The number nearest to 1.3 that an f64 holds is a little above it.
        assert_eq!(compare("1.3 GHz", "1300 MHz"), Some(Greater));
    }

    #[test]
    fn long_literals_are_no_trouble() {
        assert!(Quantity::parse(&"9".repeat(100_000)).text().is_some());
        assert_eq!(Quantity::parse("42 W").int(), Some(42));
        assert_eq!(Quantity::parse("42.0").int(), None);
    }
}
