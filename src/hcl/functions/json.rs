//! JSON in texts.

use super::super::number::Number;
use super::super::value::{Fields, Value};
use super::{Call, Function, Outcome, takes};

pub(super) const TABLE: &[Function] = &[
    takes("jsondecode", 1, |it| {
        let read: Result<serde_json::Value, _> = serde_json::from_str(&it.text(0)?);
        decoded(it, &read.map_err(|error| format!("the text is not JSON: {error}"))?)
    }),
    takes("jsonencode", 1, |it| {
        let mut out = String::new();
        encode(it, it.value(0), &mut out)?;
        Ok(Value::text(out))
    }),
];

fn decoded(it: Call<'_>, value: &serde_json::Value) -> Outcome {
    it.budget.spend(1)?;
    match value {
        serde_json::Value::Null => Ok(Value::Null),
        serde_json::Value::Bool(truth) => Ok(Value::Bool(*truth)),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Ok(Value::int(number)),
            (None, Some(number)) => Ok(Number::from_f64(number)?.into()),
            (None, None) => Err("a number is too large".to_owned()),
        },
        serde_json::Value::String(text) => Ok(Value::text(text)),
        serde_json::Value::Array(items) => {
            let items: Result<Vec<Value>, String> =
                items.iter().map(|item| decoded(it, item)).collect();
            Value::list(items?)
        }
        serde_json::Value::Object(fields) => {
            let mut made = Fields::new();
            for (key, value) in fields {
                made.insert(key.clone(), decoded(it, value)?);
            }
            Value::object(made)
        }
    }
}

fn encode(it: Call<'_>, value: &Value, out: &mut String) -> Result<(), String> {
    it.budget.spend(1)?;
    let before = out.len();
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_json().to_string()),
        Value::Text(text) => out.push_str(&serde_json::Value::from(&**text).to_string()),
        Value::List(list) => {
            out.push('[');
            for (at, item) in list.items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                encode(it, item, out)?;
            }
            out.push(']');
            return Ok(());
        }
        Value::Object(object) => {
            out.push('{');
            for (at, (key, value)) in object.fields.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::Value::from(key.as_str()).to_string());
                it.budget.spend_text(key.len())?;
                out.push(':');
                encode(it, value, out)?;
            }
            out.push('}');
            return Ok(());
        }
    }
    it.budget.spend_text(out.len() - before)
}
