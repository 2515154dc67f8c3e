//! Job files in HCL, the language in which people write jobs. A build without the feature `hcl` only
//! knows one when it sees it.

#[cfg(feature = "hcl")]
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
#[cfg(feature = "hcl")]
use stowplan::hcl::{self, Inputs};

use super::Problems;
#[cfg(feature = "hcl")]
use super::source::reason;
use super::source::{self, Source};

/// Values for the variables of job files in HCL.
#[derive(Args)]
pub(crate) struct Variables {
    /// A value for a variable of a job file in HCL; may be given several times
    #[cfg(feature = "hcl")]
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_and_value)]
    var: Vec<(String, String)>,

    /// Values for variables of a job file in HCL, as lines `name = value`; may be given several times
    #[cfg(feature = "hcl")]
    #[arg(long, value_name = "FILE")]
    var_file: Vec<PathBuf>,

    #[cfg(not(feature = "hcl"))]
    #[arg(long = "var", hide = true, value_parser = not_built)]
    _var: Vec<String>,

    #[cfg(not(feature = "hcl"))]
    #[arg(long = "var-file", hide = true, value_parser = not_built)]
    _var_file: Vec<String>,
}

#[cfg(not(feature = "hcl"))]
fn not_built(_: &str) -> Result<String, String> {
    Err("this build reads no job files in HCL: build with `--features hcl`".to_owned())
}

#[cfg(feature = "hcl")]
fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("expected a name and a value: `name=value`".to_owned()),
    }
}

/// What reads job files in HCL.
#[cfg(feature = "hcl")]
pub(super) struct Reader {
    inputs: Inputs,
    /// Whether any values are given.
    has_values: bool,
}

#[cfg(feature = "hcl")]
impl Reader {
    /// A reader with the values of the command line.
    pub(super) fn new(variables: &Variables, problems: &mut Problems) -> Self {
        let mut inputs = Inputs::new();
        for file in source::open(&variables.var_file, problems).into_iter().flatten() {
            let read = match std::str::from_utf8(&file.text) {
                Ok(text) => inputs.read_variables(text).map_err(|error| error.to_string()),
                Err(_) => Err("the text is not UTF-8".to_owned()),
            };
            if let Err(message) = read {
                problems.add(&file.name, "", &message);
            }
        }
        for (name, value) in &variables.var {
            inputs.set(name, value);
        }
        let has_values = !variables.var.is_empty() || !variables.var_file.is_empty();
        Reader { inputs, has_values }
    }

    fn has_values(&self) -> bool {
        self.has_values
    }

    /// The text of a job file as JSON, if it is in HCL.
    ///
    /// # Errors
    ///
    /// It is in HCL, and something in it is wrong.
    pub(super) fn json(&self, path: &Path, text: &[u8]) -> Result<Option<Vec<u8>>, String> {
        if !seems_hcl(path, text) {
            return Ok(None);
        }
        let text = std::str::from_utf8(text).map_err(|_| "the text is not UTF-8")?;
        let mut inputs = self.inputs.clone();
        // Files that it names lie beside it.
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        inputs.read_files_with(move |name| {
            std::fs::read_to_string(folder.join(name)).map_err(|error| reason(&error))
        });
        let document = hcl::document(text, &inputs).map_err(|error| error.to_string())?;
        Ok(Some(document.to_string().into_bytes()))
    }
}

/// Whether a file is a job file in HCL, by what it begins with or else by its name.
#[cfg(feature = "hcl")]
fn seems_hcl(path: &Path, text: &[u8]) -> bool {
    let mut letters =
        text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text).trim_ascii_start().iter();
    if matches!(letters.next(), Some(b'{' | b'[')) {
        return false;
    }
    is_hcl(text) || path.extension().is_some_and(|it| it == "hcl" || it == "nomad")
}

/// What reads no job files in HCL.
#[cfg(not(feature = "hcl"))]
pub(super) struct Reader;

#[cfg(not(feature = "hcl"))]
impl Reader {
    pub(super) fn new(_: &Variables, _: &mut Problems) -> Self {
        Reader
    }

    /// There can be none.
    fn has_values(&self) -> bool {
        false
    }

    /// Refuses a job file in HCL.
    ///
    /// # Errors
    ///
    /// The text seems to be one.
    pub(super) fn json(&self, _: &std::path::Path, text: &[u8]) -> Result<Option<Vec<u8>>, String> {
        match is_hcl(text) {
            true => Err("a job file in HCL, which this build does not read: build with \
                         `--features hcl` (`nomad job run -output FILE` writes one as JSON)"
                .to_owned()),
            false => Ok(None),
        }
    }
}

/// Reads job files, those in HCL as the JSON that they mean.
pub(super) fn open_jobs(
    paths: &[PathBuf],
    reader: &Reader,
    is_strict: bool,
    problems: &mut Problems,
) -> Vec<Option<Source>> {
    let mut sources = source::open(paths, problems);
    // A file that cannot be read may be in HCL.
    let mut may_have_variables = sources.iter().any(Option::is_none);
    for (path, source) in paths.iter().zip(&mut sources) {
        let Some(found) = source else { continue };
        let json = reader.json(path, &found.text);
        may_have_variables |= !matches!(json, Ok(None));
        match json {
            Ok(None) => {}
            Ok(Some(json)) => found.text = json,
            Err(message) => {
                problems.add(&found.name, "", &message);
                *source = None;
            }
        }
    }
    if reader.has_values() && !may_have_variables {
        let message = "`--var` and `--var-file` say nothing here: no job file is in HCL";
        problems.note_unheeded(is_strict, message.to_owned());
    }
    sources
}

/// The words that a job file begins with.
const BLOCKS: [&[u8]; 4] = [b"job", b"variable", b"variables", b"locals"];

/// Whether the text seems to be a job file in HCL: white space and comments aside, it begins with one
/// of the blocks of such files.
pub(super) fn is_hcl(text: &[u8]) -> bool {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let text = without_comments(text);
    BLOCKS.iter().any(|block| {
        let rest = text.strip_prefix(*block).and_then(|rest| rest.first());
        rest.is_some_and(|next| next.is_ascii_whitespace() || matches!(next, b'"' | b'{'))
    })
}

/// The text from the first character on that is neither white space nor in a comment.
fn without_comments(mut text: &[u8]) -> &[u8] {
    loop {
        text = text.trim_ascii_start();
        let end: &[u8] = match text {
            [b'#', ..] | [b'/', b'/', ..] => b"\n",
            [b'/', b'*', ..] => b"*/",
            _ => return text,
        };
        // What opens a comment is not to be taken for its end: `/*/` is still open.
        let mut parts = text.windows(end.len()).skip(end.len());
        let at = parts.position(|part| part == end).map(|at| at + 2 * end.len());
        text = at.and_then(|at| text.get(at..)).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::is_hcl;

    #[test]
    fn blocks_of_job_files_are_known_behind_comments() {
        for text in [
            "job \"web\" {",
            "\n\t# a job\n#\n// of ours\n/* of\n * old */ variable \"a\"{ }",
            "variables {\n}",
            "locals{}",
            "\u{feff}#\njob\n",
            "/*/ still open */job \"web\"",
        ] {
            assert!(is_hcl(text.as_bytes()), "{text}");
        }
        for text in ["", "#", "/* job", "# job \"web\"", "jobs {", "{\"job\": 1}", "[]", "job"] {
            assert!(!is_hcl(text.as_bytes()), "{text}");
        }
    }
}
