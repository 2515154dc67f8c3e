//! Functions of lists as sets.

use super::super::budget::Budget;
use super::super::operators::same;
use super::super::value::Value;
use super::{Call, Function, MANY, Outcome, between, takes};

pub(super) const TABLE: &[Function] = &[
    takes("contains", 2, |it| Ok(holds(it.list(0)?, it.value(1), it.budget)?.into())),
    takes("distinct", 1, |it| it.made_list(distinct(it.list(0)?, it.budget)?)),
    between("setintersection", 1, MANY, |it| kept(it, true)),
    between("setproduct", 1, MANY, product),
    takes("setsubtract", 2, |it| kept(it, false)),
    between("setunion", 1, MANY, |it| {
        let mut items = Vec::new();
        for at in 0..it.arguments.len() {
            items.extend_from_slice(it.list(at)?);
        }
        it.made_list(distinct_in_order(items, it.budget)?)
    }),
    takes("toset", 1, |it| it.made_list(distinct_in_order(it.list(0)?.to_vec(), it.budget)?)),
];

/// Whether a list has a value.
fn holds(items: &[Value], wanted: &Value, budget: &Budget) -> Result<bool, String> {
    for item in items {
        if same(item, wanted, budget)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The values of a list, each once, where it first stands.
fn distinct(items: &[Value], budget: &Budget) -> Result<Vec<Value>, String> {
    let mut found: Vec<Value> = Vec::new();
    for item in items {
        if !holds(&found, item, budget)? {
            found.push(item.clone());
        }
    }
    Ok(found)
}

/// The values of a set: texts and numbers in their order, the others as they come.
pub(in super::super) fn distinct_in_order(
    items: Vec<Value>,
    budget: &Budget,
) -> Result<Vec<Value>, String> {
    let mut items = distinct(&items, budget)?;
    budget.spend(items.len())?;
    items.sort_by(|a, b| match (a, b) {
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => a.order(*b),
        (a, b) => rank(a).cmp(&rank(b)),
    });
    Ok(items)
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(false) => 1,
        Value::Bool(true) => 2,
        Value::Number(_) => 3,
        Value::Text(_) => 4,
        Value::List(_) => 5,
        Value::Object(_) => 6,
    }
}

/// The values of the first list that are in all others, or in none.
fn kept(it: Call<'_>, wanted: bool) -> Outcome {
    let mut items = it.list(0)?.to_vec();
    for at in 1..it.arguments.len() {
        let other = it.list(at)?;
        let mut left = Vec::new();
        for item in items {
            if holds(other, &item, it.budget)? == wanted {
                left.push(item);
            }
        }
        items = left;
    }
    it.made_list(distinct_in_order(items, it.budget)?)
}

/// Every way to take one value of each list.
fn product(it: Call<'_>) -> Outcome {
    let mut ways: Vec<Vec<Value>> = vec![Vec::new()];
    for at in 0..it.arguments.len() {
        let items = it.list(at)?;
        it.budget.spend(ways.len().saturating_mul(items.len()).saturating_mul(at + 1))?;
        ways = ways
            .iter()
            .flat_map(|way| {
                items.iter().map(|item| way.iter().chain([item]).cloned().collect::<Vec<Value>>())
            })
            .collect();
    }
    let ways: Result<Vec<Value>, String> = ways.into_iter().map(Value::list).collect();
    it.made_list(ways?)
}
