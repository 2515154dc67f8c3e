//! Numbers: integers as long as they fit, else floating point.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A number of an expression. One that is whole and fits is always an integer, so that equal numbers are
/// equal whatever they come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Int(i64),
    /// Finite, and not a whole number that fits an integer.
    Float(f64),
}

/// The integers that a floating point number holds exactly.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

impl Number {
    /// A number of a floating point result.
    ///
    /// # Errors
    ///
    /// It is not finite.
    #[allow(clippy::cast_possible_truncation, reason = "a whole number that fits")]
    pub(super) fn from_f64(number: f64) -> Result<Self, String> {
        if !number.is_finite() {
            return Err("the number is too large".to_owned());
        }
        if number.fract() == 0.0 && number.abs() <= EXACT_MAX {
            return Ok(Number::Int(number as i64));
        }
        Ok(Number::Float(number))
    }

    /// A number as the parser read it.
    pub(super) fn of_syntax(number: &hcl_edit::Number) -> Result<Self, String> {
        match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Ok(Number::Int(number)),
            (None, Some(number)) => Number::from_f64(number),
            (None, None) => Err("the number is too large".to_owned()),
        }
    }

    pub(super) fn as_int(self) -> Option<i64> {
        match self {
            Number::Int(number) => Some(number),
            Number::Float(_) => None,
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "what floating point is asked for")]
    pub(super) fn as_f64(self) -> f64 {
        match self {
            Number::Int(number) => number as f64,
            Number::Float(number) => number,
        }
    }

    /// The result of an operation that is exact for integers while it fits.
    pub(super) fn combine(
        self,
        other: Self,
        exact: impl Fn(i64, i64) -> Option<i64>,
        float: impl Fn(f64, f64) -> f64,
    ) -> Result<Self, String> {
        if let (Number::Int(a), Number::Int(b)) = (self, other)
            && let Some(number) = exact(a, b)
        {
            return Ok(Number::Int(number));
        }
        Number::from_f64(float(self.as_f64(), other.as_f64()))
    }

    pub(super) fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => a.cmp(&b),
            (a, b) => a.as_f64().total_cmp(&b.as_f64()),
        }
    }

    /// The number as JSON has it.
    pub(super) fn to_json(self) -> serde_json::Value {
        match self {
            Number::Int(number) => number.into(),
            Number::Float(number) => number.into(),
        }
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Number::Int(number)
    }
}

impl FromStr for Number {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if let Ok(number) = text.parse() {
            return Ok(Number::Int(number));
        }
        // Not every text that Rust reads as a number is one: there are `inf` and `NaN`.
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        let number = if is_plain { text.parse().map_err(|_| ())? } else { return Err(()) };
        Number::from_f64(number).map_err(|_| ())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Int(number) => write!(f, "{number}"),
            Number::Float(number) => write!(f, "{number}"),
        }
    }
}
