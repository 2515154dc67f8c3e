//! What stands in a body: attributes, and blocks, with those that `dynamic` makes.

use std::borrow::Cow;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block, BlockLabel, Body, Structure};

use super::error::{At, Fault, place};
use super::scope::Scope;
use super::value::{Fields, Value, quoted};

/// What a block costs: it becomes an object with many keys.
const BLOCK_STEPS: usize = 32;

/// A block as it stands there, or as a dynamic one makes it.
pub(super) struct Found<'a> {
    pub(super) name: &'a str,
    pub(super) labels: Vec<Cow<'a, str>>,
    pub(super) body: &'a Body,
    /// Where it begins.
    pub(super) at: usize,
}

/// Where a name begins.
pub(super) fn name_place(attribute: &Attribute) -> usize {
    attribute.key.span().map_or(0, |span| span.start)
}

fn block_place(block: &Block) -> usize {
    block.ident.span().map_or(0, |span| span.start)
}

/// Goes through a body in its order.
pub(super) fn each(
    body: &Body,
    scope: Scope<'_>,
    attribute: &mut dyn FnMut(&Attribute, Scope<'_>) -> Result<(), Fault>,
    block: &mut dyn FnMut(&Found<'_>, Scope<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    for structure in body.iter() {
        match structure {
            Structure::Attribute(found) => attribute(found, scope)?,
            Structure::Block(found) if found.ident.as_str() == "dynamic" => {
                dynamic(found, scope, block)?;
            }
            Structure::Block(found) => {
                let labels = found.labels.iter().map(|label| Cow::Borrowed(label.as_str()));
                let (name, at) = (found.ident.as_str(), block_place(found));
                scope.budget().spend(BLOCK_STEPS).at(at)?;
                let _level = scope.budget().deeper().at(at)?;
                let found = Found { name, labels: labels.collect(), body: &found.body, at };
                block(&found, scope)?;
            }
        }
    }
    Ok(())
}

/// What a block `dynamic` says.
#[derive(Default)]
struct Dynamic<'a> {
    for_each: Option<&'a Expression>,
    iterator: Option<&'a str>,
    labels: Option<&'a Expression>,
    content: Option<&'a Body>,
}

impl<'a> Dynamic<'a> {
    fn read(block: &'a Block) -> Result<Self, Fault> {
        let mut read = Dynamic::default();
        for structure in block.body.iter() {
            match structure {
                Structure::Attribute(found) => match found.key.as_str() {
                    "for_each" => read.for_each = Some(&found.value),
                    "labels" => read.labels = Some(&found.value),
                    "iterator" => {
                        let Expression::Variable(name) = &found.value else {
                            let message = "expected a plain name: `iterator = port`";
                            return Err(Fault::new(place(&found.value), message));
                        };
                        read.iterator = Some(name.as_str());
                    }
                    other => {
                        let message = format!(
                            "unknown argument {} in `dynamic`; there are `for_each`, `iterator` and \
                             `labels`",
                            quoted(other)
                        );
                        return Err(Fault::new(name_place(found), message));
                    }
                },
                Structure::Block(found) if found.ident.as_str() == "content" => {
                    read.content = Some(&found.body);
                }
                Structure::Block(found) => {
                    let name = quoted(found.ident.as_str());
                    let message = format!("unknown block {name} in `dynamic`; there is `content`");
                    return Err(Fault::new(block_place(found), message));
                }
            }
        }
        Ok(read)
    }
}

fn dynamic(
    block: &Block,
    scope: Scope<'_>,
    take: &mut dyn FnMut(&Found<'_>, Scope<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let at = block_place(block);
    let [name] = block.labels.as_slice() else {
        let message = "expected the name of the block that is made: `dynamic \"port\" {`";
        return Err(Fault::new(at, message));
    };
    let name = BlockLabel::as_str(name);
    let said = Dynamic::read(block)?;
    let (Some(for_each), Some(content)) = (said.for_each, said.content) else {
        return Err(Fault::new(at, "`dynamic` needs `for_each = ...` and a block `content`"));
    };
    let _level = scope.budget().deeper().at(at)?;
    let elements = scope.evaluate(for_each)?;
    for (key, value) in elements.entries().at(place(for_each))? {
        scope.budget().spend(BLOCK_STEPS).at(at)?;
        let element = Fields::from([("key".to_owned(), key), ("value".to_owned(), value)]);
        let element = Value::object(element).at(at)?;
        let bound = scope.bound(said.iterator.unwrap_or(name), element);
        let scope = scope.with(&bound);
        let labels = match said.labels {
            None => Vec::new(),
            Some(labels) => {
                let at = place(labels);
                let texts = scope.evaluate(labels)?;
                let texts = texts
                    .to_list()
                    .at(at)?
                    .iter()
                    .map(|label| Ok(Cow::Owned(label.to_text().at(at)?.as_ref().to_owned())));
                texts.collect::<Result<Vec<_>, Fault>>()?
            }
        };
        take(&Found { name, labels, body: content, at }, scope)?;
    }
    Ok(())
}
