//! Texts with `${...}` and `%{...}` in them.
//!
//! What stands for something known only where the task runs, such as `${attr.kernel.name}` or
//! `${NOMAD_PORT_http}`, is left as it is written: names that mean nothing here.

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::template::{
    Directive, Element, ForDirective, HeredocTemplate, IfDirective, Interpolation, Template,
};

use super::error::{At, Fault, place};
use super::scope::Scope;
use super::value::Value;

/// The text of a heredoc.
pub(super) fn heredoc(
    heredoc: &HeredocTemplate,
    at: usize,
    scope: Scope<'_>,
) -> Result<Value, Fault> {
    // The parser has taken the indent from the lines that stand in no directive.
    let indent = heredoc.indent().unwrap_or(0);
    let margins = Margins { indent, ..Margins::default() };
    whole(&heredoc.template, margins, at, scope)
}

/// The value of a template: one that consists of nothing but `${...}` is the value in it.
pub(super) fn value(template: &Template, at: usize, scope: Scope<'_>) -> Result<Value, Fault> {
    if let Some(Element::Interpolation(only)) = template.as_single_element()
        && !is_for_the_task(&only.expr, scope)
    {
        return scope.evaluate(&only.expr);
    }
    whole(template, Margins::default(), at, scope)
}

fn whole(
    template: &Template,
    margins: Margins,
    at: usize,
    scope: Scope<'_>,
) -> Result<Value, Fault> {
    let mut out = String::new();
    render(template, margins, &mut out, scope)?;
    scope.budget().spend_text(out.len()).at(at)?;
    Ok(Value::text(out))
}

/// What is cut away from a template.
#[derive(Clone, Copy, Default)]
struct Margins {
    /// Whether blanks at its start are.
    start: bool,
    /// Whether blanks at its end are.
    end: bool,
    /// How many blanks are at the start of each line inside of its directives.
    indent: usize,
    /// Whether it stands in a directive.
    is_inside: bool,
}

impl Margins {
    /// Those of a template in a directive of this one.
    fn inside(self, start: bool, end: bool) -> Self {
        Margins { start, end, is_inside: true, ..self }
    }
}

/// Adds a text whose lines, the first aside, have an indent too many.
fn push_dedented(text: &str, indent: usize, out: &mut String) {
    for (at, line) in text.split('\n').enumerate() {
        if at == 0 {
            out.push_str(line);
            continue;
        }
        out.push('\n');
        let blanks = line.chars().take(indent).take_while(|letter| letter.is_whitespace());
        let bytes = blanks.map(char::len_utf8).sum();
        out.push_str(line.get(bytes..).unwrap_or_default());
    }
}

fn render(
    template: &Template,
    margins: Margins,
    out: &mut String,
    scope: Scope<'_>,
) -> Result<(), Fault> {
    let mut trim_next = margins.start;
    let mut elements = template.iter().peekable();
    while let Some(element) = elements.next() {
        match element {
            Element::Literal(text) => {
                let trims_end = elements.peek().map_or(margins.end, |next| strips_before(next));
                let mut text = text.as_str();
                if trim_next {
                    text = text.trim_start();
                }
                if trims_end {
                    text = text.trim_end();
                }
                let indent = if margins.is_inside { margins.indent } else { 0 };
                push_dedented(text, indent, out);
            }
            Element::Interpolation(inner) => interpolate(inner, out, scope)?,
            Element::Directive(inner) => match &**inner {
                Directive::If(choice) => choose(choice, margins, out, scope)?,
                Directive::For(each) => repeat(each, margins, out, scope)?,
            },
        }
        trim_next = strips_after(element);
    }
    Ok(())
}

/// Whether an element cuts away the blanks before it.
fn strips_before(element: &Element) -> bool {
    match element {
        Element::Literal(_) => false,
        Element::Interpolation(inner) => inner.strip.strip_start(),
        Element::Directive(inner) => match &**inner {
            Directive::If(choice) => choice.if_expr.strip.strip_start(),
            Directive::For(each) => each.for_expr.strip.strip_start(),
        },
    }
}

/// Whether an element cuts away the blanks behind it.
fn strips_after(element: &Element) -> bool {
    match element {
        Element::Literal(_) => false,
        Element::Interpolation(inner) => inner.strip.strip_end(),
        Element::Directive(inner) => match &**inner {
            Directive::If(choice) => choice.endif_expr.strip.strip_end(),
            Directive::For(each) => each.endfor_expr.strip.strip_end(),
        },
    }
}

/// Whether an expression begins with a name that means nothing here.
fn is_for_the_task(expression: &Expression, scope: Scope<'_>) -> bool {
    match expression {
        Expression::Variable(name) => !scope.knows(name.as_str()),
        Expression::Traversal(path) => match &path.expr {
            Expression::Variable(name) => !scope.knows(name.as_str()),
            _ => false,
        },
        _ => false,
    }
}

fn interpolate(inner: &Interpolation, out: &mut String, scope: Scope<'_>) -> Result<(), Fault> {
    let at = place(&inner.expr);
    if is_for_the_task(&inner.expr, scope) {
        let span = inner.expr.span().unwrap_or_default();
        let written = scope.globals.text.get(span).unwrap_or_default();
        scope.budget().spend_text(written.len()).at(at)?;
        out.extend(["${", written, "}"]);
        return Ok(());
    }
    let value = scope.evaluate(&inner.expr)?;
    let text = value.to_text().at(at)?;
    scope.budget().spend_text(text.len()).at(at)?;
    out.push_str(&text);
    Ok(())
}

fn choose(
    choice: &IfDirective,
    margins: Margins,
    out: &mut String,
    scope: Scope<'_>,
) -> Result<(), Fault> {
    let condition = &choice.if_expr.cond_expr;
    let at = place(condition);
    let _level = scope.budget().deeper().at(at)?;
    let is_true = scope.evaluate(condition)?.to_bool().at(at)?;
    let end = choice.endif_expr.strip.strip_start();
    match &choice.else_expr {
        _ if is_true => {
            let end = choice.else_expr.as_ref().map_or(end, |other| other.strip.strip_start());
            let margins = margins.inside(choice.if_expr.strip.strip_end(), end);
            render(&choice.if_expr.template, margins, out, scope)
        }
        Some(other) => {
            let margins = margins.inside(other.strip.strip_end(), end);
            render(&other.template, margins, out, scope)
        }
        None => Ok(()),
    }
}

fn repeat(
    each: &ForDirective,
    margins: Margins,
    out: &mut String,
    scope: Scope<'_>,
) -> Result<(), Fault> {
    let head = &each.for_expr;
    let at = place(&head.collection_expr);
    let _level = scope.budget().deeper().at(at)?;
    let end = each.endfor_expr.strip.strip_start();
    let margins = margins.inside(head.strip.strip_end(), end);
    for (key, value) in scope.evaluate(&head.collection_expr)?.entries().at(at)? {
        let key = scope.bound(head.key_var.as_ref().map_or("", |name| name.as_str()), key);
        let scope = scope.with(&key);
        let value = scope.bound(head.value_var.as_str(), value);
        let before = out.len();
        render(&head.template, margins, out, scope.with(&value))?;
        scope.budget().spend(1).at(at)?;
        scope.budget().spend_text(out.len() - before).at(at)?;
    }
    Ok(())
}
