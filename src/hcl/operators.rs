//! Operators between two values.

use std::cmp::Ordering;

use hcl_edit::expr::BinaryOperator;

use super::budget::Budget;
use super::number::Number;
use super::value::Value;

/// What an operator makes of two values. `&&` and `||` are not among them.
pub(super) fn apply(
    operator: BinaryOperator,
    left: &Value,
    right: &Value,
    budget: &Budget,
) -> Result<Value, String> {
    let order = || Ok::<_, String>(left.to_number()?.order(right.to_number()?));
    let truth = match operator {
        BinaryOperator::Eq => same(left, right, budget)?,
        BinaryOperator::NotEq => !same(left, right, budget)?,
        BinaryOperator::Less => order()? == Ordering::Less,
        BinaryOperator::LessEq => order()? != Ordering::Greater,
        BinaryOperator::Greater => order()? == Ordering::Greater,
        BinaryOperator::GreaterEq => order()? != Ordering::Less,
        BinaryOperator::And => left.to_bool()? && right.to_bool()?,
        BinaryOperator::Or => left.to_bool()? || right.to_bool()?,
        _ => return Ok(arithmetic(operator, left.to_number()?, right.to_number()?)?.into()),
    };
    Ok(Value::Bool(truth))
}

fn arithmetic(operator: BinaryOperator, left: Number, right: Number) -> Result<Number, String> {
    let is_zero = right.order(Number::from(0)) == Ordering::Equal;
    match operator {
        BinaryOperator::Plus => left.combine(right, i64::checked_add, |a, b| a + b),
        BinaryOperator::Minus => left.combine(right, i64::checked_sub, |a, b| a - b),
        BinaryOperator::Mul => left.combine(right, i64::checked_mul, |a, b| a * b),
        BinaryOperator::Div | BinaryOperator::Mod if is_zero => Err("division by 0".to_owned()),
        BinaryOperator::Div => left.combine(right, divide, |a, b| a / b),
        BinaryOperator::Mod => left.combine(right, i64::checked_rem, |a, b| a % b),
        _ => Err("this operator does not calculate".to_owned()),
    }
}

/// The quotient where it is whole.
fn divide(a: i64, b: i64) -> Option<i64> {
    (a.checked_rem(b)? == 0).then(|| a.checked_div(b)).flatten()
}

/// Whether two values are equal. Values of different types are not.
pub(super) fn same(left: &Value, right: &Value, budget: &Budget) -> Result<bool, String> {
    budget.spend(1)?;
    match (left, right) {
        (Value::List(left), Value::List(right)) => {
            if left.items.len() != right.items.len() {
                return Ok(false);
            }
            for (left, right) in left.items.iter().zip(&right.items) {
                if !same(left, right, budget)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Object(left), Value::Object(right)) => {
            if !left.fields.keys().eq(right.fields.keys()) {
                return Ok(false);
            }
            for (left, right) in left.fields.values().zip(right.fields.values()) {
                if !same(left, right, budget)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Text(left), Value::Text(right)) => {
            budget.spend_text(left.len())?;
            Ok(left == right)
        }
        (left, right) => Ok(left == right),
    }
}
