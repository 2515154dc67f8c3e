//! What a caller gives beside the text of a file.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::structure::{Body, Structure};

use super::budget::Budget;
use super::error::{Fault, HclError};
use super::scope::{Globals, ReadFile, Scope};
use super::source::Source;
use super::value::Value;

/// Values for the variables of a job file, and what reads other files for it.
///
/// ```
/// use stowplan::hcl::{self, Inputs};
///
/// let text = r#"
///     variable "count" {
///       type    = number
///       default = 1
///     }
///     job "web" {
///       group "front" {
///         count = var.count
///       }
///     }
/// "#;
/// let mut inputs = Inputs::new();
/// inputs.set("count", "3");
/// let job = hcl::job(text, &inputs)?;
/// assert_eq!(job.task_groups[0].count, Some(3));
/// # Ok::<(), hcl::HclError>(())
/// ```
#[derive(Clone, Default)]
pub struct Inputs {
    pub(super) given: BTreeMap<String, Given>,
    pub(super) files: Option<Arc<ReadFile>>,
}

/// A value for a variable.
#[derive(Clone)]
pub(super) enum Given {
    /// A text of the command line: a string as it stands, of other types an expression.
    Text(String),
    Value(Value),
}

impl Inputs {
    /// Nothing: every variable has its default, and no files are read.
    pub fn new() -> Self {
        Inputs::default()
    }

    /// Gives a variable a value, as on a command line: a string as it stands, of other types an
    /// expression such as `3` or `["a", "b"]`.
    pub fn set(&mut self, name: &str, value: &str) {
        self.given.insert(name.to_owned(), Given::Text(value.to_owned()));
    }

    /// Takes the values that a file of variables has: lines such as `count = 3`.
    ///
    /// # Errors
    ///
    /// The text is not in HCL, or has something else in it.
    ///
    /// ```
    /// use stowplan::hcl::Inputs;
    ///
    /// let mut inputs = Inputs::new();
    /// inputs.read_variables("count = 3\nracks = [\"r1\", \"r2\"]\n")?;
    /// assert!(inputs.read_variables("count {\n}\n").is_err());
    /// # Ok::<(), stowplan::hcl::HclError>(())
    /// ```
    pub fn read_variables(&mut self, text: &str) -> Result<(), HclError> {
        let source = Source::read(text)?;
        let budget = Budget::new();
        let globals = Globals::nothing(&source.text, &budget);
        let read = values(&source.body, Scope::new(&globals));
        let read = read.map_err(|fault| HclError::of(&source.text, fault))?;
        self.given.extend(read.into_iter().map(|(name, value)| (name, Given::Value(value))));
        Ok(())
    }

    /// Lets the function `file` read files, which is refused otherwise.
    ///
    /// ```
    /// use stowplan::hcl::{self, Inputs};
    ///
    /// let mut inputs = Inputs::new();
    /// inputs.read_files_with(|path| match path {
    ///     "motd" => Ok("welcome".to_owned()),
    ///     _ => Err("there is no such file".to_owned()),
    /// });
    /// let job = hcl::job("job \"web\" {\n  meta {\n    motd = file(\"motd\")\n  }\n}\n", &inputs)?;
    /// assert_eq!(job.meta["motd"], "welcome");
    /// # Ok::<(), hcl::HclError>(())
    /// ```
    pub fn read_files_with(
        &mut self,
        read: impl Fn(&str) -> Result<String, String> + Send + Sync + 'static,
    ) {
        self.files = Some(Arc::new(read));
    }
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets.
        let names: Vec<&String> = self.given.keys().collect();
        let files = self.files.is_some();
        f.debug_struct("Inputs").field("given", &names).field("files", &files).finish()
    }
}

/// The attributes of a body that has nothing else.
pub(super) fn values(body: &Body, scope: Scope<'_>) -> Result<Vec<(String, Value)>, Fault> {
    let mut values = Vec::new();
    for structure in body.iter() {
        match structure {
            Structure::Attribute(found) => {
                values.push((found.key.as_str().to_owned(), scope.evaluate(&found.value)?));
            }
            Structure::Block(block) => {
                let at = block.ident.span().map_or(0, |span| span.start);
                return Err(Fault::new(at, "expected lines such as `name = \"value\"`, no blocks"));
            }
        }
    }
    Ok(values)
}
