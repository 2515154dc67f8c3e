//! Types of variables: how they are written, and values brought to them.

use std::collections::BTreeMap;

use hcl_edit::expr::{Expression, FuncCall, ObjectKey};

use super::budget::Budget;
use super::error::{At, Fault, place};
use super::scope::Scope;
use super::value::{Fields, Value, quoted};

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    Any,
    Text,
    Number,
    Bool,
    List(Box<Type>),
    /// A list in which no value comes twice, in order.
    Set(Box<Type>),
    Map(Box<Type>),
    Tuple(Vec<Type>),
    Object(BTreeMap<String, Field>),
}

/// A field of an object type.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    of: Type,
    /// What an absent field is; without one it has to be there.
    default: Option<Value>,
}

const TYPES: &str = "`string`, `number`, `bool`, `any`, `list(...)`, `set(...)`, `map(...)`, \
                     `object({...})` and `tuple([...])`";

/// Reads a type.
pub(super) fn read(expression: &Expression, scope: Scope<'_>) -> Result<Type, Fault> {
    let at = place(expression);
    let _level = scope.budget().deeper().at(at)?;
    match expression {
        Expression::Variable(name) => by_name(name.as_str()).at(at),
        // As older files have it.
        Expression::String(name) => by_name(name.as_str()).at(at),
        Expression::FuncCall(call) => of_others(call, at, scope),
        _ => Err(Fault::new(at, format!("expected a type; there are {TYPES}"))),
    }
}

fn by_name(name: &str) -> Result<Type, String> {
    match name {
        "any" => Ok(Type::Any),
        "string" => Ok(Type::Text),
        "number" => Ok(Type::Number),
        "bool" => Ok(Type::Bool),
        "list" => Ok(Type::List(Box::new(Type::Any))),
        "set" => Ok(Type::Set(Box::new(Type::Any))),
        "map" => Ok(Type::Map(Box::new(Type::Any))),
        other => Err(format!("unknown type {}; there are {TYPES}", quoted(other))),
    }
}

/// A type that is made of others.
fn of_others(call: &FuncCall, at: usize, scope: Scope<'_>) -> Result<Type, Fault> {
    let name = call.name.name.as_str();
    let (Some(inner), 1) = (call.args.get(0), call.args.len()) else {
        let message = format!("expected one type in the brackets of {}", quoted(name));
        return Err(Fault::new(at, message));
    };
    let one = || Ok::<_, Fault>(Box::new(read(inner, scope)?));
    match (name, inner) {
        ("list", _) => Ok(Type::List(one()?)),
        ("set", _) => Ok(Type::Set(one()?)),
        ("map", _) => Ok(Type::Map(one()?)),
        ("tuple", Expression::Array(types)) => {
            let types: Result<Vec<Type>, Fault> = types.iter().map(|it| read(it, scope)).collect();
            Ok(Type::Tuple(types?))
        }
        ("object", Expression::Object(types)) => {
            let mut fields = BTreeMap::new();
            for (key, of) in types.iter() {
                let ObjectKey::Ident(key) = key else {
                    let message = "expected plain names for the fields of an object";
                    return Err(Fault::new(at, message));
                };
                fields.insert(key.as_str().to_owned(), field(of.expr(), scope)?);
            }
            Ok(Type::Object(fields))
        }
        _ => Err(Fault::new(at, format!("expected a type; there are {TYPES}"))),
    }
}

/// A field that has to be there, or `optional(type)`, or `optional(type, default)`.
fn field(expression: &Expression, scope: Scope<'_>) -> Result<Field, Fault> {
    match expression {
        Expression::FuncCall(call) if call.name.name.as_str() == "optional" => {
            let Some(of) = call.args.get(0) else {
                let message = "expected a type in the brackets of `optional`";
                return Err(Fault::new(place(expression), message));
            };
            let of = read(of, scope)?;
            let default = match call.args.get(1) {
                Some(default) => scope.evaluate(default)?,
                None => Value::Null,
            };
            Ok(Field { of, default: Some(default) })
        }
        of => Ok(Field { of: read(of, scope)?, default: None }),
    }
}

/// A value as one of a type. `null` is a value of every type.
pub(super) fn convert(value: &Value, wanted: &Type, budget: &Budget) -> Result<Value, String> {
    budget.spend(1)?;
    let each = |of: &Type| {
        let items = value.to_list()?.iter().map(|item| convert(item, of, budget));
        items.collect::<Result<Vec<Value>, String>>()
    };
    match (value, wanted) {
        (Value::Null, _) | (_, Type::Any) => Ok(value.clone()),
        (_, Type::Text) => Ok(Value::Text(value.to_text()?)),
        (_, Type::Number) => Ok(Value::Number(value.to_number()?)),
        (_, Type::Bool) => Ok(Value::Bool(value.to_bool()?)),
        (_, Type::List(of)) => Value::list(each(of)?),
        (_, Type::Set(of)) => {
            let items = super::functions::sets::distinct_in_order(each(of)?, budget)?;
            Value::list(items)
        }
        (_, Type::Map(of)) => {
            let mut fields = Fields::new();
            for (key, field) in value.to_object()? {
                fields.insert(key.clone(), convert(field, of, budget)?);
            }
            Value::object(fields)
        }
        (_, Type::Tuple(types)) => {
            let items = value.to_list()?;
            if items.len() != types.len() {
                let (found, wanted) = (items.len(), types.len());
                return Err(format!("expected {wanted} elements, found {found}"));
            }
            let items = items.iter().zip(types).map(|(item, of)| convert(item, of, budget));
            Value::list(items.collect::<Result<_, String>>()?)
        }
        (_, Type::Object(types)) => {
            let given = value.to_object()?;
            let mut fields = Fields::new();
            for (key, field) in types {
                let value = match (given.get(key), &field.default) {
                    (None | Some(Value::Null), Some(default)) => default,
                    (Some(value), _) => value,
                    (None, None) => return Err(format!("the field {} is missing", quoted(key))),
                };
                let value = convert(value, &field.of, budget);
                fields.insert(key.clone(), value.map_err(|why| format!("{}: {why}", quoted(key)))?);
            }
            Value::object(fields)
        }
    }
}
