//! Expressions to values.

use std::collections::BTreeMap;

use hcl_edit::expr::{
    BinaryOp, BinaryOperator, Conditional, Expression, ForExpr, FuncCall, ObjectKey, UnaryOp,
    UnaryOperator,
};

use super::error::{At, Fault, place};
use super::functions;
use super::number::Number;
use super::operators;
use super::scope::Scope;
use super::template;
use super::traversal;
use super::types;
use super::value::{Fields, Value, quoted};

impl Scope<'_> {
    /// The value of an expression.
    pub(super) fn evaluate(self, expression: &Expression) -> Result<Value, Fault> {
        let scope = self;
        let at = place(expression);
        scope.budget().spend(1).at(at)?;
        let _level = scope.budget().deeper().at(at)?;
        match expression {
            Expression::Null(_) => Ok(Value::Null),
            Expression::Bool(truth) => Ok(Value::Bool(*truth.value())),
            Expression::Number(number) => Ok(Number::of_syntax(number.value()).at(at)?.into()),
            Expression::String(text) => {
                scope.budget().spend_text(text.len()).at(at)?;
                Ok(Value::text(text.as_str()))
            }
            Expression::Array(array) => {
                let items: Result<Vec<Value>, Fault> =
                    array.iter().map(|item| scope.evaluate(item)).collect();
                Value::list(items?).at(at)
            }
            Expression::Object(object) => {
                let mut fields = Fields::new();
                for (key, value) in object.iter() {
                    let key = object_key(key, scope)?;
                    fields.insert(key, scope.evaluate(value.expr())?);
                }
                Value::object(fields).at(at)
            }
            Expression::StringTemplate(text) => template::value(text, at, scope),
            Expression::HeredocTemplate(text) => template::heredoc(text, at, scope),
            Expression::Parenthesis(inner) => scope.evaluate(inner.inner()),
            Expression::Variable(name) => traversal::name(name.as_str(), at, scope),
            Expression::Conditional(choice) => conditional(choice, scope),
            Expression::FuncCall(call) => function(call, at, scope),
            Expression::Traversal(steps) => traversal::value(steps, at, scope),
            Expression::UnaryOp(operation) => unary(operation, scope),
            Expression::BinaryOp(operation) => binary(operation, scope),
            Expression::ForExpr(each) => for_expression(each, at, scope),
        }
    }
}

fn object_key(key: &ObjectKey, scope: Scope<'_>) -> Result<String, Fault> {
    match key {
        ObjectKey::Ident(name) => Ok(name.as_str().to_owned()),
        ObjectKey::Expression(expression) => {
            let key = scope.evaluate(expression)?;
            Ok(key.to_text().at(place(expression))?.as_ref().to_owned())
        }
    }
}

fn truth(expression: &Expression, scope: Scope<'_>) -> Result<bool, Fault> {
    scope.evaluate(expression)?.to_bool().at(place(expression))
}

fn conditional(choice: &Conditional, scope: Scope<'_>) -> Result<Value, Fault> {
    match truth(&choice.cond_expr, scope)? {
        true => scope.evaluate(&choice.true_expr),
        false => scope.evaluate(&choice.false_expr),
    }
}

fn unary(operation: &UnaryOp, scope: Scope<'_>) -> Result<Value, Fault> {
    let value = scope.evaluate(&operation.expr)?;
    let at = place(&operation.expr);
    match operation.operator.value() {
        UnaryOperator::Not => Ok(Value::Bool(!value.to_bool().at(at)?)),
        UnaryOperator::Neg => {
            let zero = Number::from(0);
            let number = value.to_number().at(at)?;
            Ok(zero.combine(number, i64::checked_sub, |a, b| a - b).at(at)?.into())
        }
    }
}

fn binary(operation: &BinaryOp, scope: Scope<'_>) -> Result<Value, Fault> {
    let operator = *operation.operator.value();
    // The right side of these is not looked at where the left one decides.
    if let BinaryOperator::And | BinaryOperator::Or = operator {
        let left = truth(&operation.lhs_expr, scope)?;
        let is_decided = left == (operator == BinaryOperator::Or);
        return Ok(Value::Bool(if is_decided { left } else { truth(&operation.rhs_expr, scope)? }));
    }
    let left = scope.evaluate(&operation.lhs_expr)?;
    let right = scope.evaluate(&operation.rhs_expr)?;
    let at = place(&operation.lhs_expr);
    operators::apply(operator, &left, &right, scope.budget()).at(at)
}

fn function(call: &FuncCall, at: usize, scope: Scope<'_>) -> Result<Value, Fault> {
    let name = call.name.name.as_str();
    if call.name.is_namespaced() {
        return Err(Fault::new(at, "functions of providers (`a::b`) are not supported"));
    }
    match name {
        "can" | "try" => return attempt(call, name == "try", at, scope),
        "convert" => return conversion(call, at, scope),
        "file" => return file(call, at, scope),
        _ => {}
    }
    let mut arguments = Vec::with_capacity(call.args.len());
    for argument in call.args.iter() {
        arguments.push(scope.evaluate(argument)?);
    }
    if call.args.expand_final()
        && let Some(last) = arguments.pop()
    {
        let items = last.to_list().at(at)?;
        scope.budget().spend(items.len()).at(at)?;
        arguments.extend_from_slice(items);
    }
    let value = functions::call(name, &arguments, scope.budget());
    value.map_err(|message| Fault::new(at, message))
}

/// The first argument that can be worked out, or whether the only one can.
fn attempt(call: &FuncCall, is_try: bool, at: usize, scope: Scope<'_>) -> Result<Value, Fault> {
    let mut last = None;
    for argument in call.args.iter() {
        match scope.evaluate(argument) {
            Ok(value) if is_try => return Ok(value),
            Ok(_) => return Ok(Value::Bool(true)),
            Err(fault) => last = Some(fault),
        }
        // Nothing is left to try with when all steps are spent.
        scope.budget().spend(1).at(at)?;
    }
    match last {
        None => Err(Fault::new(at, "expected at least one argument")),
        Some(_) if !is_try => Ok(Value::Bool(false)),
        Some(fault) => Err(fault),
    }
}

fn conversion(call: &FuncCall, at: usize, scope: Scope<'_>) -> Result<Value, Fault> {
    match (call.args.get(0), call.args.get(1), call.args.len()) {
        (Some(value), Some(wanted), 2) => {
            let wanted = types::read(wanted, scope)?;
            let value = scope.evaluate(value)?;
            types::convert(&value, &wanted, scope.budget()).at(at)
        }
        _ => Err(Fault::new(at, "expected a value and a type: `convert(value, string)`")),
    }
}

/// The text of another file, where the caller lets it be read.
fn file(call: &FuncCall, at: usize, scope: Scope<'_>) -> Result<Value, Fault> {
    let (Some(path), 1) = (call.args.get(0), call.args.len()) else {
        return Err(Fault::new(at, "`file`: expected the path of a file"));
    };
    let path = scope.evaluate(path)?.to_text().at(at)?;
    let Some(read) = scope.globals.files else {
        let message = "the function `file` is not allowed here; give what stands in the file as a \
                       variable";
        return Err(Fault::new(at, message));
    };
    let text = read(&path).map_err(|why| format!("`file`: {}: {why}", quoted(&path))).at(at)?;
    scope.budget().spend_text(text.len()).at(at)?;
    Ok(Value::text(text))
}

fn for_expression(each: &ForExpr, at: usize, scope: Scope<'_>) -> Result<Value, Fault> {
    let collection = &each.intro.collection_expr;
    let values = scope.evaluate(collection)?.entries().at(place(collection))?;
    let mut items = Vec::new();
    let mut fields = Fields::new();
    let mut groups: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (key, value) in values {
        let key_name = each.intro.key_var.as_ref().map_or("", |name| name.as_str());
        let key = scope.bound(key_name, key);
        let scope = scope.with(&key);
        let value = scope.bound(each.intro.value_var.as_str(), value);
        let scope = scope.with(&value);
        if let Some(condition) = &each.cond
            && !truth(&condition.expr, scope)?
        {
            continue;
        }
        let Some(key) = &each.key_expr else {
            items.push(scope.evaluate(&each.value_expr)?);
            continue;
        };
        let at = place(key);
        let key = scope.evaluate(key)?.to_text().at(at)?.as_ref().to_owned();
        let value = scope.evaluate(&each.value_expr)?;
        if each.grouping {
            groups.entry(key).or_default().push(value);
        } else if let Some(_twice) = fields.insert(key.clone(), value) {
            let key = quoted(&key);
            let message = format!("the key {key} comes twice; group values with `...` behind them");
            return Err(Fault::new(at, message));
        }
    }
    if each.key_expr.is_none() {
        return Value::list(items).at(at);
    }
    for (key, values) in groups {
        fields.insert(key, Value::list(values).at(at)?);
    }
    Value::object(fields).at(at)
}
