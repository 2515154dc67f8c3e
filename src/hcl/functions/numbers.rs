//! Functions of numbers.

use super::super::number::Number;
use super::super::value::{Value, quoted};
use super::{Call, Function, MANY, Outcome, between, takes};

pub(super) const TABLE: &[Function] = &[
    takes("abs", 1, |it| {
        let number = it.value(0).to_number()?;
        let zero = Number::from(0);
        let is_negative = number.order(zero).is_lt();
        let positive = zero.combine(number, i64::checked_sub, |a, b| a - b)?;
        Ok(if is_negative { positive } else { number }.into())
    }),
    takes("ceil", 1, |it| rounded(it, f64::ceil)),
    takes("floor", 1, |it| rounded(it, f64::floor)),
    between("max", 1, MANY, |it| most(it, std::cmp::Ordering::Greater)),
    between("min", 1, MANY, |it| most(it, std::cmp::Ordering::Less)),
    takes("parseint", 2, parse_int),
    takes("pow", 2, pow),
    takes("signum", 1, |it| {
        let number = it.value(0).to_number()?;
        Ok(Value::int(match number.order(Number::from(0)) {
            std::cmp::Ordering::Less => -1,
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Greater => 1,
        }))
    }),
    takes("sum", 1, |it| {
        let mut sum = Number::from(0);
        for item in it.list(0)? {
            sum = sum.combine(item.to_number()?, i64::checked_add, |a, b| a + b)?;
        }
        Ok(sum.into())
    }),
    takes("tonumber", 1, |it| Ok(it.value(0).to_number()?.into())),
    takes("tobool", 1, |it| Ok(it.value(0).to_bool()?.into())),
];

/// The greatest power that is worked out.
const POWER_MAX: usize = 1_024;

fn rounded(it: Call<'_>, round: fn(f64) -> f64) -> Outcome {
    match it.value(0).to_number()? {
        Number::Float(number) => Ok(Number::from_f64(round(number))?.into()),
        whole => Ok(whole.into()),
    }
}

fn most(it: Call<'_>, wanted: std::cmp::Ordering) -> Outcome {
    let mut found: Option<Number> = None;
    for value in it.arguments {
        let number = value.to_number()?;
        if found.is_none_or(|found| number.order(found) == wanted) {
            found = Some(number);
        }
    }
    Ok(found.map_or(Value::Null, Value::Number))
}

fn parse_int(it: Call<'_>) -> Outcome {
    let (text, base) = (it.text(0)?, it.count(1)?);
    let base = u32::try_from(base).ok().filter(|base| (2..=36).contains(base));
    let base = base.ok_or("expected a base from 2 to 36")?;
    let number = i64::from_str_radix(&text, base);
    Ok(Value::int(number.map_err(|_| format!("{} is no integer in base {base}", quoted(&text)))?))
}

/// A whole power, by multiplying: what else there is differs by platform in its last digits.
fn pow(it: Call<'_>) -> Outcome {
    let (number, power) = (it.value(0).to_number()?, it.int(1)?);
    let times = usize::try_from(power.unsigned_abs()).unwrap_or(usize::MAX);
    if times > POWER_MAX {
        return Err(format!("a power of more than {POWER_MAX}"));
    }
    let mut product = Number::from(1);
    for _ in 0..times {
        product = product.combine(number, i64::checked_mul, |a, b| a * b)?;
    }
    if power < 0 {
        let one = Number::from(1);
        let made = one.combine(product, |_, _| None, |a, b| a / b);
        return Ok(made.map_err(|_| "a negative power of 0".to_owned())?.into());
    }
    Ok(product.into())
}
