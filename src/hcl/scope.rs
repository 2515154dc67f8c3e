//! What names stand for: variables, locals, and what a loop binds.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;

use super::budget::Budget;
use super::error::{At, Fault};
use super::value::{Value, quoted};
use crate::syntax::nearest::nearest;

/// What reads a file for the function `file`: its text, or why it cannot be read.
pub(super) type ReadFile = dyn Fn(&str) -> Result<String, String> + Send + Sync;

/// What holds everywhere in a file.
pub(super) struct Globals<'a> {
    /// The text that places are places of.
    pub(super) text: &'a str,
    pub(super) budget: &'a Budget,
    /// What reads a file for the function `file`.
    pub(super) files: Option<&'a ReadFile>,
    pub(super) variables: BTreeMap<String, Value>,
    pub(super) locals: BTreeMap<String, Local<'a>>,
}

/// A local, worked out when it is first asked for.
pub(super) struct Local<'a> {
    expression: &'a Expression,
    value: RefCell<Option<Value>>,
    is_asked_for: Cell<bool>,
}

/// What holds at a place of a file.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) globals: &'a Globals<'a>,
    bound: Option<&'a Bound<'a>>,
}

/// A name that a loop or a dynamic block binds.
pub(super) struct Bound<'a> {
    pub(super) name: &'a str,
    pub(super) value: Value,
    outer: Option<&'a Bound<'a>>,
}

impl<'a> Globals<'a> {
    /// A file in which no names mean anything.
    pub(super) fn nothing(text: &'a str, budget: &'a Budget) -> Self {
        let (variables, locals) = (BTreeMap::new(), BTreeMap::new());
        Globals { text, budget, files: None, variables, locals }
    }
}

impl<'a> Local<'a> {
    pub(super) fn new(expression: &'a Expression) -> Self {
        Local { expression, value: RefCell::new(None), is_asked_for: Cell::new(false) }
    }
}

impl<'a> Scope<'a> {
    pub(super) fn new(globals: &'a Globals<'a>) -> Self {
        Scope { globals, bound: None }
    }

    pub(super) fn budget(self) -> &'a Budget {
        self.globals.budget
    }

    /// A name to bind here.
    pub(super) fn bound(self, name: &'a str, value: Value) -> Bound<'a> {
        Bound { name, value, outer: self.bound }
    }

    /// This scope with one more name.
    pub(super) fn with<'b>(self, bound: &'b Bound<'a>) -> Scope<'b>
    where
        'a: 'b,
    {
        Scope { globals: self.globals, bound: Some(bound) }
    }

    /// What a loop has bound a name to.
    pub(super) fn find(self, name: &str) -> Option<&'a Value> {
        let mut next = self.bound;
        while let Some(bound) = next {
            if bound.name == name {
                return Some(&bound.value);
            }
            next = bound.outer;
        }
        None
    }

    /// Whether a name means something here. Others are left for the client to replace.
    pub(super) fn knows(self, name: &str) -> bool {
        matches!(name, "var" | "local") || self.find(name).is_some()
    }

    /// The value of a variable.
    pub(super) fn variable(self, name: &str) -> Result<Value, String> {
        let variables = &self.globals.variables;
        variables.get(name).cloned().ok_or_else(|| {
            unknown("variable", name, variables.keys(), "declare it with a block `variable`")
        })
    }

    /// The value of a local.
    pub(super) fn local(self, name: &str) -> Result<Value, Fault> {
        let locals = &self.globals.locals;
        let Some(local) = locals.get(name) else {
            let message = unknown("local", name, locals.keys(), "set it in a block `locals`");
            return Err(Fault::new(usize::MAX, message));
        };
        if let Some(value) = &*local.value.borrow() {
            return Ok(value.clone());
        }
        let at = local.expression.span().map_or(0, |span| span.start);
        if local.is_asked_for.replace(true) {
            return Err(Fault::new(at, format!("the local {} needs itself", quoted(name))));
        }
        let _level = self.budget().deeper().at(at)?;
        let value = Scope::new(self.globals).evaluate(local.expression)?;
        local.value.replace(Some(value.clone()));
        Ok(value)
    }
}

fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a String>,
    remedy: &str,
) -> String {
    match nearest(name, known.map(String::as_str)) {
        Some(near) => format!("unknown {what} {}; did you mean `{near}`?", quoted(name)),
        None => format!("unknown {what} {}; {remedy}", quoted(name)),
    }
}
