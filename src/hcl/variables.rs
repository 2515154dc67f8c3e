//! The blocks `variable`, `variables` and `locals` of a file.

use std::collections::BTreeMap;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block, Body, Structure};

use super::blocks::name_place;
use super::budget::Budget;
use super::error::{At, Fault, place};
use super::inputs::{Given, Inputs, values};
use super::scope::{Globals, Local, Scope};
use super::source::{self, Source};
use super::types::{self, Type};
use super::validation;
use super::value::{Value, quoted};

/// What a file declares beside its job.
pub(super) struct Declared<'a> {
    pub(super) variables: BTreeMap<String, Value>,
    pub(super) locals: BTreeMap<String, Local<'a>>,
}

/// Reads what a file declares, and gives variables their values.
pub(super) fn declared<'a>(
    source: &'a Source<'_>,
    budget: &'a Budget,
    inputs: &Inputs,
) -> Result<Declared<'a>, Fault> {
    let globals = Globals::nothing(&source.text, budget);
    let scope = Scope::new(&globals);
    let mut variables = BTreeMap::new();
    let mut locals = BTreeMap::new();
    for block in source.body.blocks() {
        let at = block.ident.span().map_or(0, |span| span.start);
        match block.ident.as_str() {
            "variable" => {
                let (name, value) = variable(block, at, inputs, scope)?;
                if variables.insert(name.clone(), value).is_some() {
                    let message = format!("the variable {} is declared twice", quoted(&name));
                    return Err(Fault::new(at, message));
                }
            }
            "variables" => {
                for (name, default) in values(&block.body, scope)? {
                    let value = chosen(&name, &Type::Any, Some(default), at, inputs, scope)?;
                    variables.insert(name, value);
                }
            }
            "locals" => {
                for found in attributes_only(&block.body)? {
                    let name = found.key.as_str().to_owned();
                    if locals.insert(name.clone(), Local::new(&found.value)).is_some() {
                        let message = format!("the local {} is set twice", quoted(&name));
                        return Err(Fault::new(name_place(found), message));
                    }
                }
            }
            _ => {}
        }
    }
    for name in inputs.given.keys() {
        if !variables.contains_key(name) {
            let message = format!(
                "a value is given for the variable {}, which the file does not declare; declare it \
                 with `variable \"...\" {{}}`",
                quoted(name)
            );
            return Err(Fault::new(0, message));
        }
    }
    Ok(Declared { variables, locals })
}

fn attributes_only(body: &Body) -> Result<Vec<&Attribute>, Fault> {
    let mut found = Vec::new();
    for structure in body.iter() {
        match structure {
            Structure::Attribute(attribute) => found.push(attribute),
            Structure::Block(block) => {
                let at = block.ident.span().map_or(0, |span| span.start);
                return Err(Fault::new(at, "expected lines such as `name = \"value\"`, no blocks"));
            }
        }
    }
    Ok(found)
}

/// The name and the value of a variable.
fn variable(
    block: &Block,
    at: usize,
    inputs: &Inputs,
    scope: Scope<'_>,
) -> Result<(String, Value), Fault> {
    let [name] = block.labels.as_slice() else {
        return Err(Fault::new(at, "expected one name: `variable \"name\" {`"));
    };
    let mut wanted = Type::Any;
    let mut default = None;
    let mut rules = Vec::new();
    for structure in block.body.iter() {
        match structure {
            Structure::Attribute(found) => match found.key.as_str() {
                "type" => wanted = types::read(&found.value, scope)?,
                "default" => default = Some(&found.value),
                "description" | "sensitive" | "nullable" | "ephemeral" => {}
                other => {
                    let message = format!(
                        "unknown argument {} in `variable`; there are `type`, `default` and \
                         `description`",
                        quoted(other)
                    );
                    return Err(Fault::new(name_place(found), message));
                }
            },
            // Rules of the file's own say what a value may be, once there is one.
            Structure::Block(found) if found.ident.as_str() == "validation" => rules.push(found),
            Structure::Block(found) => {
                let at = found.ident.span().map_or(0, |span| span.start);
                let message =
                    format!("unknown block {} in `variable`", quoted(found.ident.as_str()));
                return Err(Fault::new(at, message));
            }
        }
    }
    let default = match default {
        None => None,
        Some(default) => {
            let at = place(default);
            Some(types::convert(&scope.evaluate(default)?, &wanted, scope.budget()).at(at)?)
        }
    };
    let value = chosen(name.as_str(), &wanted, default, at, inputs, scope)?;
    for rule in rules {
        validation::check(rule, name.as_str(), &value, scope)?;
    }
    Ok((name.as_str().to_owned(), value))
}

/// The given value of a variable, or its default.
fn chosen(
    name: &str,
    wanted: &Type,
    default: Option<Value>,
    at: usize,
    inputs: &Inputs,
    scope: Scope<'_>,
) -> Result<Value, Fault> {
    let value = match inputs.given.get(name) {
        None => {
            return default.ok_or_else(|| {
                let name = quoted(name);
                let message = format!("the variable {name} has no default and was given no value");
                Fault::new(at, message)
            });
        }
        Some(Given::Value(value)) => value.clone(),
        Some(Given::Text(text)) => match wanted {
            Type::Any | Type::Text => Value::text(text),
            _ => of_text(text, scope.budget())
                .map_err(|why| format!("the value for the variable {}: {why}", quoted(name)))
                .at(at)?,
        },
    };
    let converted = types::convert(&value, wanted, scope.budget());
    converted.map_err(|why| format!("the value for the variable {}: {why}", quoted(name))).at(at)
}

/// The value of an expression that a caller gives.
fn of_text(text: &str, budget: &Budget) -> Result<Value, String> {
    let expression: Expression = source::expression(text).map_err(|it| it.message().to_owned())?;
    let globals = Globals::nothing(text, budget);
    Scope::new(&globals).evaluate(&expression).map_err(|fault| fault.message)
}
