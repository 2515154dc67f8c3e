//! Names, and the steps from there to a part: `var.ports[0].label`, `local.racks[*].name`.

use hcl_edit::Decorated;
use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, Traversal, TraversalOperator};

use super::error::{At, Fault, place};
use super::scope::Scope;
use super::value::{Value, quoted};

/// A name that stands by itself.
pub(super) fn name(name: &str, at: usize, scope: Scope<'_>) -> Result<Value, Fault> {
    match scope.find(name) {
        Some(value) => Ok(value.clone()),
        None if matches!(name, "var" | "local") => {
            Err(Fault::new(at, format!("expected a name after `{name}`: `{name}.x`")))
        }
        None => Err(unknown_name(name, at)),
    }
}

fn unknown_name(name: &str, at: usize) -> Fault {
    let message = format!(
        "unknown name {}; variables are written `var.x`, locals `local.x`, texts in quotes, and what \
         is known only where the task runs as \"${{{name}...}}\" in quotes",
        quoted(name)
    );
    Fault::new(at, message)
}

/// The value that a path leads to.
pub(super) fn value(path: &Traversal, at: usize, scope: Scope<'_>) -> Result<Value, Fault> {
    let mut steps = path.operators.as_slice();
    let value = match &path.expr {
        Expression::Variable(root) if scope.find(root.as_str()).is_none() => {
            let [first, rest @ ..] = steps else { return name(root.as_str(), at, scope) };
            let TraversalOperator::GetAttr(key) = first.value() else {
                return name(root.as_str(), at, scope);
            };
            steps = rest;
            match root.as_str() {
                "var" => scope.variable(key.as_str()).at(at)?,
                "local" => scope.local(key.as_str()).map_err(|fault| match fault.at {
                    usize::MAX => Fault { at, ..fault },
                    _ => fault,
                })?,
                other => return Err(unknown_name(other, at)),
            }
        }
        root => scope.evaluate(root)?,
    };
    follow(value, steps, at, scope)
}

fn follow(
    mut value: Value,
    steps: &[Decorated<TraversalOperator>],
    at: usize,
    scope: Scope<'_>,
) -> Result<Value, Fault> {
    for (done, step) in steps.iter().enumerate() {
        let at = step.span().map_or(at, |span| span.start);
        scope.budget().spend(1).at(at)?;
        value = match step.value() {
            TraversalOperator::GetAttr(key) => value.field(key.as_str()).at(at)?,
            TraversalOperator::LegacyIndex(index) => {
                let index = i64::try_from(*index.value()).unwrap_or(i64::MAX);
                value.element(&Value::int(index)).at(at)?
            }
            TraversalOperator::Index(index) => {
                value.element(&scope.evaluate(index)?).at(place(index))?
            }
            TraversalOperator::FullSplat(_) | TraversalOperator::AttrSplat(_) => {
                let rest = steps.get(done + 1..).unwrap_or_default();
                return splat(value, rest, at, scope);
            }
        };
    }
    Ok(value)
}

/// The rest of the path from every element of a list; what is no list counts as a list of one.
fn splat(
    value: Value,
    rest: &[Decorated<TraversalOperator>],
    at: usize,
    scope: Scope<'_>,
) -> Result<Value, Fault> {
    let items = match &value {
        Value::Null => Vec::new(),
        Value::List(list) => list.items.clone(),
        _ => vec![value],
    };
    let _level = scope.budget().deeper().at(at)?;
    scope.budget().spend(items.len()).at(at)?;
    let items: Result<Vec<Value>, Fault> =
        items.into_iter().map(|item| follow(item, rest, at, scope)).collect();
    Value::list(items?).at(at)
}
