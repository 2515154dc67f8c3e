//! Job files in HCL, the language in which people write jobs (feature `hcl`).
//!
//! In: the text of a file, and values for its variables. Out: the job, as a document of the API. May
//! import `model`, `syntax` and `time`.
//!
//! Files of both versions of the language are read: blocks, heredocs, `variable`, `locals` and `dynamic`
//! blocks, `for` expressions, conditionals, templates, and functions of texts, collections, numbers,
//! encodings, JSON, regular expressions and dates. What is known only where a task runs, such as
//! `"${attr.kernel.name}"` or `"${NOMAD_PORT_http}"`, stays as it is written. Functions that read clocks or
//! random numbers are refused, and `file` reads what the caller [lets it](Inputs::read_files_with).
//!
//! ```
//! use stowplan::hcl::{self, Inputs};
//!
//! let text = r#"
//!     variable "datacenter" {
//!       default = "eu1"
//!     }
//!     job "web" {
//!       datacenters = [var.datacenter]
//!       group "front" {
//!         count = 3
//!         task "nginx" {
//!           driver = "docker"
//!           resources {
//!             cpu    = 500
//!             memory = 256
//!           }
//!         }
//!       }
//!     }
//! "#;
//! let job = hcl::job(text, &Inputs::new())?;
//! assert_eq!((job.datacenters[0].as_str(), job.task_groups[0].count), ("eu1", Some(3)));
//! # Ok::<(), hcl::HclError>(())
//! ```

mod blocks;
mod budget;
mod decode;
mod duration;
mod error;
mod expression;
mod functions;
mod inputs;
mod number;
mod operators;
mod quotes;
mod schema;
mod scope;
mod source;
mod template;
mod traversal;
mod types;
mod validation;
mod value;
mod variables;

use serde_json::Value as Json;

use self::budget::Budget;
use self::error::Fault;
pub use self::error::HclError;
pub use self::inputs::Inputs;
use self::scope::{Globals, Scope};
use self::source::Source;
use crate::model::JobSpec;
use hcl_edit::Span as _;
use hcl_edit::structure::{Block, Structure};

/// Reads a job file as a document of the API, with every key that the API has for a job, those that the
/// file says nothing of included, as `null` mostly.
///
/// # Errors
///
/// The file is not in HCL, holds something that a job does not have, or comes to something too large; a
/// variable has no value, or one of another type. The error says where, and what instead.
///
/// ```
/// use stowplan::hcl::{self, Inputs};
///
/// let text = "job \"web\" {\n  group \"front\" {\n    shutdown_delay = \"10s\"\n  }\n}\n";
/// let document = hcl::document(text, &Inputs::new())?;
/// assert_eq!(document["ID"], "web");
/// assert_eq!(document["TaskGroups"][0]["ShutdownDelay"], 10_000_000_000_i64);
/// # Ok::<(), hcl::HclError>(())
/// ```
pub fn document(text: &str, inputs: &Inputs) -> Result<Json, HclError> {
    let source = Source::read(text)?;
    read(&source, inputs).map_err(|fault| HclError::of(&source.text, fault))
}

/// Reads a job file as a job.
///
/// # Errors
///
/// As [`document`].
pub fn job(text: &str, inputs: &Inputs) -> Result<JobSpec, HclError> {
    let document = document(text, inputs)?;
    let job: Result<JobSpec, _> = serde_path_to_error::deserialize(document);
    job.map_err(|error| HclError::at(1, 1, format!("{}: {}", error.path(), error.inner())))
}

fn read(source: &Source<'_>, inputs: &Inputs) -> Result<Json, Fault> {
    let budget = Budget::new();
    let job = only_job(source)?;
    let declared = variables::declared(source, &budget, inputs)?;
    let globals = Globals {
        text: &source.text,
        budget: &budget,
        files: inputs.files.as_deref(),
        variables: declared.variables,
        locals: declared.locals,
    };
    decode::job(job, Scope::new(&globals))
}

/// The one block `job` of a file that has nothing unknown beside it.
fn only_job<'a>(source: &'a Source<'_>) -> Result<&'a Block, Fault> {
    let mut found = None;
    for structure in source.body.iter() {
        let (name, span) = match structure {
            Structure::Attribute(attribute) => (attribute.key.as_str(), attribute.key.span()),
            Structure::Block(block) => (block.ident.as_str(), block.ident.span()),
        };
        let at = span.map_or(0, |span| span.start);
        match (name, structure) {
            ("job", Structure::Block(_)) if found.is_some() => {
                return Err(Fault::new(at, "a second job; a file has one"));
            }
            ("job", Structure::Block(block)) => found = Some(block),
            ("variable" | "variables" | "locals", Structure::Block(_)) => {}
            (name, _) => {
                let message = format!(
                    "unknown {} at the top of the file; there are the blocks `job`, `variable`, \
                     `variables` and `locals`",
                    value::quoted(name)
                );
                return Err(Fault::new(at, message));
            }
        }
    }
    found.ok_or_else(|| Fault::new(0, "the file has no block `job \"name\" {`"))
}
