//! Whether an expression holds for a document.

use serde_json::Value;

use super::parser::{Expression, Names, Operator};
use super::{FilterError, shown};

/// How many elements an expression looks at, whatever it nests.
const ELEMENTS_MAX: u32 = 10_000;

/// Whether an expression holds for a document.
pub(super) fn holds(expression: &Expression, document: &Value) -> Result<bool, FilterError> {
    let mut left = ELEMENTS_MAX;
    holds_in(expression, &Scope { document, named: None }, &mut left)
}

/// A document, and what elements of it are called.
struct Scope<'a> {
    document: &'a Value,
    named: Option<Named<'a>>,
}

struct Named<'a> {
    name: &'a str,
    value: &'a Value,
    outer: &'a Scope<'a>,
}

impl<'a> Scope<'a> {
    /// The value of the first part of a selector: an element by its name, or a key of the document.
    fn first(&self, part: &str) -> Option<&'a Value> {
        match &self.named {
            Some(named) if named.name == part => Some(named.value),
            Some(named) => named.outer.first(part),
            None => self.document.get(part),
        }
    }

    fn with<'b>(&'b self, name: &'b str, value: &'b Value) -> Scope<'b> {
        // What `_` names is not to be had.
        let name = if name == "_" { "" } else { name };
        Scope { document: self.document, named: Some(Named { name, value, outer: self }) }
    }
}

fn holds_in(
    expression: &Expression,
    document: &Scope<'_>,
    left: &mut u32,
) -> Result<bool, FilterError> {
    match expression {
        Expression::Not(inside) => Ok(!holds_in(inside, document, left)?),
        Expression::All(parts) => {
            for part in parts {
                if !holds_in(part, document, left)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Expression::Any(parts) => {
            for part in parts {
                if holds_in(part, document, left)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Expression::Match { selector, operator } => {
            let value = value_at(document, selector)?;
            matched(value, operator, selector)
        }
        Expression::Each { all, selector, names, inside } => {
            let elements: Vec<(Value, &Value)> = match value_at(document, selector)? {
                None | Some(Value::Null) => Vec::new(),
                Some(Value::Array(list)) => {
                    list.iter().enumerate().map(|(at, value)| (at.into(), value)).collect()
                }
                Some(Value::Object(map)) => {
                    map.iter().map(|(key, value)| (key.as_str().into(), value)).collect()
                }
                Some(other) => return Err(no_operation("any/all", other, selector)),
            };
            for (key, value) in elements {
                *left = left.checked_sub(1).ok_or(FilterError::TooMuch)?;
                let is_in = match names {
                    // The key of a map, the element of a list.
                    Names::One(name) if key.is_string() => {
                        holds_in(inside, &document.with(name, &key), left)
                    }
                    Names::One(name) => holds_in(inside, &document.with(name, value), left),
                    Names::Two(first, second) => {
                        let outer = document.with(first, &key);
                        holds_in(inside, &outer.with(second, value), left)
                    }
                }?;
                if is_in != *all {
                    return Ok(is_in);
                }
            }
            Ok(*all)
        }
    }
}

/// The value that a selector names; none where a map or a list has no such part. Documents have all of
/// their own keys.
fn value_at<'a>(
    document: &Scope<'a>,
    selector: &[String],
) -> Result<Option<&'a Value>, FilterError> {
    let mut value = &Value::Null;
    for (at, part) in selector.iter().enumerate() {
        let inside = match value {
            _ if at == 0 => document.first(part),
            Value::Object(keys) => keys.get(part),
            Value::Array(list) => part.parse::<usize>().ok().and_then(|at| list.get(at)),
            _ => None,
        };
        match inside {
            Some(inside) => value = inside,
            None if at == 0 => {
                return Err(FilterError::NoField {
                    path: shown(&selector.join("/")),
                    part: at,
                    name: shown(part),
                });
            }
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}

fn matched(
    value: Option<&Value>,
    operator: &Operator,
    selector: &[String],
) -> Result<bool, FilterError> {
    let value = value.unwrap_or(&Value::Null);
    match operator {
        Operator::Equal(text) => is_equal(value, text, selector),
        Operator::Contains(text) => match value {
            Value::Null => Ok(false),
            Value::String(value) => Ok(value.contains(text.as_str())),
            Value::Object(keys) => Ok(keys.contains_key(text)),
            Value::Array(list) => {
                for value in list {
                    if is_equal(value, text, selector)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => Err(no_operation("in/contains", value, selector)),
        },
        Operator::Empty => match value {
            Value::Null => Ok(true),
            Value::String(value) => Ok(value.is_empty()),
            Value::Object(keys) => Ok(keys.is_empty()),
            Value::Array(list) => Ok(list.is_empty()),
            _ => Err(no_operation("is empty", value, selector)),
        },
        #[cfg(feature = "regexp")]
        Operator::Matches(pattern) => match value {
            Value::Null => Ok(false),
            Value::String(value) => Ok(pattern.is_match(value)),
            _ => Err(no_operation("matches", value, selector)),
        },
    }
}

fn is_equal(value: &Value, text: &str, selector: &[String]) -> Result<bool, FilterError> {
    let is_it = match value {
        Value::Null => Some(false),
        Value::String(value) => Some(value == text),
        Value::Bool(value) => match text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(*value),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(!*value),
            _ => None,
        },
        Value::Number(value) => number(value, text),
        _ => return Err(no_operation("equality", value, selector)),
    };
    is_it.ok_or_else(|| FilterError::OtherKind {
        kind: kind(value),
        path: path(selector),
        text: shown(text),
    })
}

/// Whether a number is that of a text; none if that is no number.
fn number(value: &serde_json::Number, text: &str) -> Option<bool> {
    match text.parse::<i128>() {
        Ok(wanted) if !value.is_f64() => {
            let value = value.as_i64().map(i128::from).or(value.as_u64().map(i128::from));
            Some(value == Some(wanted))
        }
        _ => {
            let wanted = text.parse::<f64>().ok()?;
            Some(value.as_f64().is_some_and(|value| value.total_cmp(&wanted).is_eq()))
        }
    }
}

fn no_operation(operation: &'static str, value: &Value, selector: &[String]) -> FilterError {
    FilterError::NoOperation { operation, kind: kind(value), path: path(selector) }
}

fn path(selector: &[String]) -> String {
    shown(&selector.join("."))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    }
}

#[cfg(test)]
mod tests {
    use super::super::parser::parsed;
    use super::*;
    use serde_json::json;

    fn asked(text: &str) -> Result<bool, String> {
        let document = json!({
            "Status": "running", "Version": 3, "Stop": false, "Share": 0.5, "Meta": {"team": "ops"},
            "Datacenters": ["dc1", "dc2"], "TaskGroups": [{"Name": "g", "Count": 2}], "Empty": "",
            "Nothing": null,
        });
        holds(&parsed(text).unwrap(), &document).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_matched() {
        let yes = [
            "Status == running",
            "Status == \"running\"",
            "Status != `dead`",
            "Status contains unn",
            "\"unn\" in Status",
            "Version == 3",
            "Version != 4 and Version == 3.0",
            "Share == 0.5",
            "Stop == false",
            "not Stop == true",
            "Meta.team == ops",
            "Meta[\"team\"] == ops",
            "\"/Meta/team\" == ops",
            "Meta.other != ops",
            "Meta contains team",
            "team in Meta",
            "other not in Meta",
            "dc1 in Datacenters",
            "Datacenters not contains dc3",
            "TaskGroups.0.Name == g",
            "TaskGroups.0.Count == 2",
            "TaskGroups.7.Name is empty",
            "Empty is empty and Nothing is empty",
            "Meta is not empty",
            "Nothing != anything",
            "Status == dead or Version == 3 and Stop == false",
            "(Status == dead or Version == 3) and not (Stop == true)",
        ];
        for text in yes {
            assert_eq!(asked(text), Ok(true), "{text}");
        }
        let each = [
            "any TaskGroups as group { group.Name == g and group.Count == 2 }",
            "any Datacenters as it { it == dc2 }",
            "any Datacenters as at, it { at == 1 and it == dc2 and Status == running }",
            "all Datacenters as _, it { it contains dc }",
            "all Datacenters as at, _ { at != 2 }",
            "any Meta as key { key == team }",
            "any Meta as key, value { key == team and value == ops }",
            "all Nothing as it { it == x }",
            "not any Nothing as it { it == x }",
            "not any Datacenters as a { any Datacenters as b { a == dc3 or b == dc3 } }",
            "any TaskGroups as it { it.Nothing is empty }",
        ];
        for text in each {
            assert_eq!(asked(text), Ok(true), "{text}");
        }
        for text in [
            "any Datacenters as it { it == dc3 }",
            "all Datacenters as it { it == dc1 }",
            "Status == Running",
            "Meta.other == x",
            "Status == dead or Stop == true and Version == 3",
        ] {
            assert_eq!(asked(text), Ok(false), "{text}");
        }
    }

    #[cfg(feature = "regexp")]
    #[test]
    fn patterns_are_matched() {
        assert_eq!(asked("Status matches \"^run\""), Ok(true));
        assert_eq!(asked("Status not matches `g$`"), Ok(false));
        let text = "cannot perform matches operations on type number for selector: \"Version\"";
        assert_eq!(asked("Version matches x"), Err(text.to_owned()));
    }

    #[test]
    fn what_documents_do_not_have_is_said() {
        let error = |text| asked(text).unwrap_err();
        assert_eq!(
            error("Nope.x == 1"),
            "error finding value in datum: /Nope/x at part 0: couldn't find key: struct field with name \"Nope\""
        );
        assert_eq!(
            error("Version == many"),
            "unable to compare a value of kind number under \"Version\" with \"many\""
        );
        assert_eq!(
            error("Meta == x"),
            "cannot perform equality operations on type map for selector: \"Meta\""
        );
        assert_eq!(
            error("any Stop as it { it == x }"),
            "cannot perform any/all operations on type bool for selector: \"Stop\""
        );
        assert!(error("any Datacenters as it { other == x }").starts_with("error finding value"));
        assert_eq!(
            error("Stop is empty"),
            "cannot perform is empty operations on type bool for selector: \"Stop\""
        );
    }
}
