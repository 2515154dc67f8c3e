//! The blocks `validation` of a variable: what its value has to be.

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Structure};

use super::error::{At, Fault, place};
use super::scope::{Globals, Scope};
use super::value::{Value, quoted};

/// Checks the value of a variable by what a block says of it. The condition may ask for nothing but that
/// value.
pub(super) fn check(
    block: &Block,
    name: &str,
    value: &Value,
    scope: Scope<'_>,
) -> Result<(), Fault> {
    let at = block.ident.span().map_or(0, |span| span.start);
    let (condition, message) = parts(block, at)?;
    let mut globals = Globals::nothing(scope.globals.text, scope.budget());
    globals.variables.insert(name.to_owned(), value.clone());
    let scope = Scope::new(&globals);
    let is_valid = scope.evaluate(condition)?.to_bool().at(place(condition))?;
    if is_valid {
        return Ok(());
    }
    let said = scope.evaluate(message)?.to_text().at(place(message))?;
    let name = quoted(name);
    Err(Fault::new(at, format!("the value of the variable {name} is not allowed: {said}")))
}

/// The condition and what is said where it does not hold.
fn parts(block: &Block, at: usize) -> Result<(&Expression, &Expression), Fault> {
    let (mut condition, mut message) = (None, None);
    for structure in block.body.iter() {
        let Structure::Attribute(found) = structure else {
            return Err(Fault::new(at, "expected no blocks in `validation`"));
        };
        match found.key.as_str() {
            "condition" => condition = Some(&found.value),
            "error_message" => message = Some(&found.value),
            other => {
                let at = found.key.span().map_or(at, |span| span.start);
                let message = format!(
                    "unknown argument {} in `validation`; there are `condition` and `error_message`",
                    quoted(other)
                );
                return Err(Fault::new(at, message));
            }
        }
    }
    condition
        .zip(message)
        .ok_or_else(|| Fault::new(at, "a `validation` has a `condition` and an `error_message`"))
}
