//! Functions of lists and objects.

use super::super::value::{Fields, Value, quoted};
use super::{Call, Function, MANY, Outcome, between, takes};

/// The longest list that `range` makes.
const RANGE_MAX: usize = 1_024;

pub(super) const TABLE: &[Function] = &[
    takes("alltrue", 1, |it| truths(it, true)),
    takes("anytrue", 1, |it| truths(it, false)),
    takes("chunklist", 2, chunks),
    between("coalesce", 1, MANY, |it| {
        let is_something = |value: &&Value| **value != Value::Null && **value != Value::text("");
        let found = it.arguments.iter().find(is_something);
        found.cloned().ok_or_else(|| "all arguments are `null` or empty".to_owned())
    }),
    between("coalescelist", 1, MANY, |it| {
        for at in 0..it.arguments.len() {
            if !it.list(at)?.is_empty() {
                return Ok(it.value(at).clone());
            }
        }
        Err("all lists are empty".to_owned())
    }),
    takes("compact", 1, |it| {
        let is_something = |value: &&Value| **value != Value::Null && **value != Value::text("");
        it.made_list(it.list(0)?.iter().filter(is_something).cloned().collect())
    }),
    between("concat", 1, MANY, |it| {
        let mut items = Vec::new();
        for at in 0..it.arguments.len() {
            items.extend_from_slice(it.list(at)?);
        }
        it.made_list(items)
    }),
    takes("element", 2, |it| {
        let items = it.list(0)?;
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        // The index goes round.
        let index = it.int(1)?.checked_rem_euclid(length).ok_or("the list is empty")?;
        it.value(0).element(&Value::int(index))
    }),
    takes("flatten", 1, |it| {
        let mut items = Vec::new();
        flatten(it, it.value(0), &mut items)?;
        it.made_list(items)
    }),
    takes("index", 2, |it| {
        for (at, item) in it.list(0)?.iter().enumerate() {
            if super::super::operators::same(item, it.value(1), it.budget)? {
                return Ok(Value::count(at));
            }
        }
        Err(format!("the list has no {}", it.value(1)))
    }),
    takes("keys", 1, |it| {
        let fields = it.value(0).to_object()?;
        it.budget.spend(fields.len())?;
        Ok(Value::texts(fields.keys()))
    }),
    takes("length", 1, |it| match it.value(0) {
        Value::List(list) => Ok(Value::count(list.items.len())),
        Value::Object(object) => Ok(Value::count(object.fields.len())),
        Value::Text(text) => Ok(Value::count(text.chars().count())),
        other => Err(format!("expected a list, an object or a string, found {}", other.kind())),
    }),
    between("lookup", 2, 3, |it| {
        let key = it.text(1)?;
        match it.value(0).to_object()?.get(&key) {
            Some(value) => Ok(value.clone()),
            None if it.is_given(2) => Ok(it.value(2).clone()),
            None => Err(format!("there is no {} and no default", quoted(&key))),
        }
    }),
    between("merge", 0, MANY, merge),
    between("one", 1, 1, |it| match it.list(0)? {
        [] => Ok(Value::Null),
        [only] => Ok(only.clone()),
        more => Err(format!("expected at most one element, found {}", more.len())),
    }),
    between("range", 1, 3, range),
    takes("reverse", 1, |it| it.made_list(it.list(0)?.iter().rev().cloned().collect())),
    takes("slice", 3, |it| {
        let (items, start, end) = (it.list(0)?, it.count(1)?, it.count(2)?);
        let found = items.get(start..end);
        let found = found.ok_or_else(|| format!("the list has only {} elements", items.len()))?;
        it.made_list(found.to_vec())
    }),
    takes("sort", 1, |it| {
        let mut texts = it.texts(0)?;
        texts.sort();
        Ok(Value::texts(texts))
    }),
    takes("tolist", 1, |it| it.made_list(it.list(0)?.to_vec())),
    takes("tomap", 1, |it| it.value(0).to_object().map(|_| it.value(0).clone())),
    takes("values", 1, |it| it.made_list(it.value(0).to_object()?.values().cloned().collect())),
    takes("zipmap", 2, |it| {
        let (keys, values) = (it.texts(0)?, it.list(1)?);
        if keys.len() != values.len() {
            return Err(format!("there are {} keys and {} values", keys.len(), values.len()));
        }
        Value::object(keys.into_iter().zip(values.iter().cloned()).collect())
    }),
];

fn truths(it: Call<'_>, all: bool) -> Outcome {
    for item in it.list(0)? {
        if item.to_bool()? != all {
            return Ok(Value::Bool(!all));
        }
    }
    Ok(Value::Bool(all))
}

fn chunks(it: Call<'_>) -> Outcome {
    let (items, size) = (it.list(0)?, it.count(1)?);
    // 0 is all in one.
    let size = if size == 0 { items.len().max(1) } else { size };
    let chunks: Result<Vec<Value>, String> =
        items.chunks(size).map(|chunk| Value::list(chunk.to_vec())).collect();
    it.made_list(chunks?)
}

fn flatten(it: Call<'_>, value: &Value, out: &mut Vec<Value>) -> Result<(), String> {
    for item in value.to_list()? {
        it.budget.spend(1)?;
        match item {
            Value::List(_) => flatten(it, item, out)?,
            item => out.push(item.clone()),
        }
    }
    Ok(())
}

fn merge(it: Call<'_>) -> Outcome {
    let mut fields = Fields::new();
    for value in it.arguments.iter().filter(|value| **value != Value::Null) {
        let more = value.to_object()?;
        it.budget.spend(more.len())?;
        fields.extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    Value::object(fields)
}

fn range(it: Call<'_>) -> Outcome {
    let (start, end) = match it.arguments.len() {
        1 => (0, it.int(0)?),
        _ => (it.int(0)?, it.int(1)?),
    };
    let step = match it.is_given(2) {
        true => it.int(2)?,
        false => {
            if end < start {
                -1
            } else {
                1
            }
        }
    };
    if step == 0 || (step < 0) != (end < start) && start != end {
        return Err(format!("a step of {step} does not lead from {start} to {end}"));
    }
    let mut items = Vec::new();
    let mut next = start;
    while if step > 0 { next < end } else { next > end } {
        if items.len() == RANGE_MAX {
            return Err(format!("more than {RANGE_MAX} numbers, which is the most"));
        }
        items.push(Value::int(next));
        let Some(after) = next.checked_add(step) else { break };
        next = after;
    }
    it.made_list(items)
}
