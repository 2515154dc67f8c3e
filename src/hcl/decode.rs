//! Blocks to documents, as the tables of `schema` say.

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block, Body};
use serde_json::Map;
use serde_json::Value as Json;

use super::blocks::{self, Found, name_place};
use super::budget::Budget;
use super::duration;
use super::error::{At, Fault, place};
use super::schema::{Absent, Field, JOB, Kind, Shape};
use super::scope::Scope;
use super::value::{Value, quoted};
use crate::syntax::nearest::nearest;
use hcl_edit::Span as _;

type Document = Map<String, Json>;

/// The document of a job.
pub(super) fn job(block: &Block, scope: Scope<'_>) -> Result<Json, Fault> {
    let at = block.ident.span().map_or(0, |span| span.start);
    let labels = block.labels.iter().map(|label| label.as_str().into()).collect();
    let found = Found { name: block.ident.as_str(), labels, body: &block.body, at };
    Ok(Json::Object(document(&found, &JOB, scope)?))
}

/// The document of a block.
fn document(found: &Found<'_>, shape: &'static Shape, scope: Scope<'_>) -> Result<Document, Fault> {
    let mut document = Document::new();
    for field in shape.fields() {
        let absent = match field.absent {
            Absent::Null => Json::Null,
            Absent::Text(text) => text.into(),
            Absent::Int(number) => number.into(),
            Absent::Bool(truth) => truth.into(),
            Absent::LeftOut => continue,
        };
        document.insert(field.key.to_owned(), absent);
    }
    match (shape.label, found.labels.as_slice()) {
        (None, []) => {}
        (Some(key), [label]) => {
            document.insert(key.to_owned(), label.as_ref().into());
        }
        (None, [..]) => {
            let message = format!("`{}` takes no label: `{} {{`", shape.name, shape.name);
            return Err(Fault::new(found.at, message));
        }
        (Some(_), labels) => {
            let message =
                format!("expected one label, found {}: `{} \"name\" {{`", labels.len(), shape.name);
            return Err(Fault::new(found.at, message));
        }
    }
    let filled = std::cell::RefCell::new(document);
    blocks::each(
        found.body,
        scope,
        &mut |attribute, scope| argument(attribute, shape, &mut filled.borrow_mut(), scope),
        &mut |inner, scope| block(inner, shape, &mut filled.borrow_mut(), scope),
    )?;
    let mut document = filled.into_inner();
    (shape.finish)(&mut document).at(found.at)?;
    Ok(document)
}

/// What a name means in a block.
fn field(
    name: &str,
    shape: &'static Shape,
    what: &str,
    at: usize,
) -> Result<&'static Field, Fault> {
    let known = |field: &&Field| !field.name.is_empty();
    if let Some(found) = shape.fields().filter(known).find(|field| field.name == name) {
        return Ok(found);
    }
    let names = shape.fields().filter(known).map(|field| field.name);
    let message = match nearest(name, names) {
        _ if name == "network" && shape.name == "task" => {
            "`network` in `task`; ports of tasks stand in the `network` of their group".to_owned()
        }
        Some(near) => {
            format!("unknown {what} {} in `{}`; did you mean `{near}`?", quoted(name), shape.name)
        }
        None => {
            let names: Vec<&str> = shape.fields().filter(known).map(|field| field.name).collect();
            format!(
                "unknown {what} {} in `{}`; there are `{}`",
                quoted(name),
                shape.name,
                names.join("`, `")
            )
        }
    };
    Err(Fault::new(at, message))
}

/// Takes an argument: `name = value`.
fn argument(
    attribute: &Attribute,
    shape: &'static Shape,
    document: &mut Document,
    scope: Scope<'_>,
) -> Result<(), Fault> {
    let name = attribute.key.as_str();
    let field = field(name, shape, "argument", name_place(attribute))?;
    let value = scope.evaluate(&attribute.value)?;
    let at = place(&attribute.value);
    let budget = scope.budget();
    let json = match field.kind {
        _ if value == Value::Null => return Ok(()),
        Kind::Text => value.to_text().at(at)?.as_ref().into(),
        Kind::Int => value.to_int().at(at)?.into(),
        Kind::Bool => value.to_bool().at(at)?.into(),
        Kind::Duration => nanos(&value).at(at)?.into(),
        Kind::Texts => texts(&value, budget).at(at)?,
        Kind::TextMap => {
            by_name(&value, budget, |value, _| Ok(value.to_text()?.as_ref().into())).at(at)?
        }
        Kind::TextsMap => by_name(&value, budget, texts).at(at)?,
        Kind::Any => json(&value, budget).at(at)?,
        Kind::One(_) | Kind::Many(_) | Kind::Named(_) => {
            let message = format!("`{name}` is a block: write `{name} {{` without `=`");
            return Err(Fault::new(name_place(attribute), message));
        }
    };
    document.insert(field.key.to_owned(), json);
    Ok(())
}

/// Takes a block inside of one.
fn block(
    found: &Found<'_>,
    shape: &'static Shape,
    into: &mut Document,
    scope: Scope<'_>,
) -> Result<(), Fault> {
    let field = field(found.name, shape, "block", found.at)?;
    let is_there = into.get(field.key).is_some_and(|there| !there.is_null());
    let once = || match is_there {
        false => Ok(()),
        true => Err(Fault::new(
            found.at,
            format!("a second block `{}` in `{}`", found.name, shape.name),
        )),
    };
    let json = match field.kind {
        Kind::One(shape) => {
            once()?;
            Json::Object(document(found, shape, scope)?)
        }
        Kind::Many(shape) => {
            let document = Json::Object(document(found, shape, scope)?);
            return push(into, field.key, document);
        }
        Kind::Named(shape) => {
            let document = document(found, shape, scope)?;
            let label = found.labels.first().map_or("", |label| label.as_ref());
            let there = into.entry(field.key).or_insert(Json::Null);
            if there.is_null() {
                *there = Json::Object(Document::new());
            }
            let there = there.as_object_mut().filter(|there| !there.contains_key(label));
            let Some(there) = there else {
                let message = format!("a second {} `{}`", quoted(label), found.name);
                return Err(Fault::new(found.at, message));
            };
            there.insert(label.to_owned(), Json::Object(document));
            return Ok(());
        }
        Kind::TextMap | Kind::TextsMap => {
            once()?;
            names(found, field, scope)?
        }
        Kind::Any => {
            once()?;
            Json::Object(free(found.body, scope)?)
        }
        _ => {
            let name = found.name;
            let message = format!("`{name}` is an argument: write `{name} = ...`");
            return Err(Fault::new(found.at, message));
        }
    };
    into.insert(field.key.to_owned(), json);
    Ok(())
}

/// Adds to a list, which is `null` while it is empty.
fn push(into: &mut Document, key: &str, document: Json) -> Result<(), Fault> {
    match into.entry(key).or_insert(Json::Null) {
        Json::Array(list) => list.push(document),
        none => *none = Json::Array(vec![document]),
    }
    Ok(())
}

/// A block whose arguments have names that the user chooses.
fn names(found: &Found<'_>, field: &Field, scope: Scope<'_>) -> Result<Json, Fault> {
    let mut document = Document::new();
    let mut take = |attribute: &Attribute, scope: Scope<'_>| {
        let value = scope.evaluate(&attribute.value)?;
        let at = place(&attribute.value);
        let json = match field.kind {
            Kind::TextsMap => texts(&value, scope.budget()).at(at)?,
            _ if value == Value::Null => return Ok(()),
            _ => value.to_text().at(at)?.as_ref().into(),
        };
        document.insert(attribute.key.as_str().to_owned(), json);
        Ok(())
    };
    let mut refuse = |inner: &Found<'_>, _: Scope<'_>| {
        let message = format!("expected lines such as `name = \"value\"` in `{}`", found.name);
        Err(Fault::new(inner.at, message))
    };
    blocks::each(found.body, scope, &mut take, &mut refuse)?;
    Ok(Json::Object(document))
}

/// What a body says, whatever it is: blocks become lists of objects, and their labels keys.
fn free(body: &Body, scope: Scope<'_>) -> Result<Document, Fault> {
    let filled = std::cell::RefCell::new(Document::new());
    blocks::each(
        body,
        scope,
        &mut |attribute, scope| {
            let value = in_config(&attribute.value, scope)?;
            filled.borrow_mut().insert(attribute.key.as_str().to_owned(), value);
            Ok(())
        },
        &mut |found, scope| {
            let mut inner = free(found.body, scope)?;
            for label in found.labels.iter().rev() {
                let list = Json::Array(vec![Json::Object(inner)]);
                inner = Document::from_iter([(label.as_ref().to_owned(), list)]);
            }
            let mut filled = filled.borrow_mut();
            if filled.get(found.name).is_some_and(|there| !there.is_array()) {
                let message = format!("`{}` is an argument and a block", found.name);
                return Err(Fault::new(found.at, message));
            }
            push(&mut filled, found.name, Json::Object(inner))
        },
    )?;
    Ok(filled.into_inner())
}

/// The value of an argument that is kept whatever it is. An object is a list of one, like a block.
fn in_config(expression: &Expression, scope: Scope<'_>) -> Result<Json, Fault> {
    let value = scope.evaluate(expression)?;
    let json = json(&value, scope.budget()).at(place(expression))?;
    Ok(if json.is_object() { Json::Array(vec![json]) } else { json })
}

/// Nanoseconds of `30s`; a number is nanoseconds.
fn nanos(value: &Value) -> Result<i64, String> {
    match value {
        Value::Text(text) => duration::parse(text),
        Value::Number(_) => value.to_int(),
        other => Err(format!("expected a length of time such as `30s`, found {}", other.kind())),
    }
}

fn texts(value: &Value, budget: &Budget) -> Result<Json, String> {
    let items = value.to_list()?;
    budget.spend(items.len())?;
    let mut texts = Vec::with_capacity(items.len());
    for item in items {
        let text = item.to_text()?;
        budget.spend_text(text.len())?;
        texts.push(Json::from(text.as_ref()));
    }
    Ok(Json::Array(texts))
}

/// What stands under names, each made into something.
fn by_name(
    value: &Value,
    budget: &Budget,
    make: impl Fn(&Value, &Budget) -> Result<Json, String>,
) -> Result<Json, String> {
    let fields = value.to_object()?;
    budget.spend(fields.len())?;
    let mut made = Document::new();
    for (key, value) in fields.iter().filter(|(_, value)| **value != Value::Null) {
        let value = make(value, budget).map_err(|why| format!("{}: {why}", quoted(key)))?;
        made.insert(key.clone(), value);
    }
    Ok(Json::Object(made))
}

/// A value as JSON.
fn json(value: &Value, budget: &Budget) -> Result<Json, String> {
    budget.spend(1)?;
    match value {
        Value::Null => Ok(Json::Null),
        Value::Bool(truth) => Ok(Json::from(*truth)),
        Value::Number(number) => Ok(number.to_json()),
        Value::Text(text) => {
            budget.spend_text(text.len())?;
            Ok(Json::from(text.as_ref()))
        }
        Value::List(list) => {
            let items = list.items.iter().map(|item| json(item, budget));
            Ok(Json::Array(items.collect::<Result<_, String>>()?))
        }
        Value::Object(object) => {
            let fields = object.fields.iter();
            let fields = fields.map(|(key, value)| Ok((key.clone(), json(value, budget)?)));
            Ok(Json::Object(fields.collect::<Result<_, String>>()?))
        }
    }
}
