//! Files and standard input, read whole, and where in them a document is.

use std::cell::OnceCell;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Problems;

/// The name of standard input on the command line.
const STDIN: &str = "-";
/// Its name for people.
pub(super) const STDIN_NAME: &str = "standard input";

/// A text and what it is called.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: Vec<u8>,
    /// What its parts look like, found out for the first problem.
    shape: OnceCell<Shape>,
}

/// How a text holds its documents: for each one, whether it is in an object `{"Job": ...}`.
#[derive(Debug)]
enum Shape {
    One { is_wrapped: bool },
    Many(Vec<bool>),
}

/// Says where `-` is given more than once, which only one argument can be.
pub(crate) fn stdin_given_twice(files: &[(&'static str, &[PathBuf])]) -> Option<String> {
    let mut options: Vec<&str> = Vec::new();
    for (option, paths) in files {
        options.extend(paths.iter().filter(|path| is_stdin(path)).map(|_| *option));
    }
    let times = options.len();
    options.dedup();
    let given = match options.as_slice() {
        [option] if times == 2 => format!("twice for `{option}`"),
        [option] if times > 2 => format!("{times} times for `{option}`"),
        [first @ .., last] if times > 1 => {
            let first: Vec<String> = first.iter().map(|it| format!("for `{it}`")).collect();
            format!("{} and for `{last}`", first.join(", "))
        }
        _ => return None,
    };
    Some(format!("`-` is given {given}, but can be read only once"))
}

/// Reads the files of an option; one that cannot be read is a problem, and nothing in the list.
pub(super) fn open(paths: &[PathBuf], problems: &mut Problems) -> Vec<Option<Source>> {
    paths.iter().map(|path| open_one(path, problems)).collect()
}

fn open_one(path: &Path, problems: &mut Problems) -> Option<Source> {
    let name = if is_stdin(path) { STDIN_NAME.into() } else { path.display().to_string() };
    match read(path) {
        Ok(text) => Some(Source { name, text, shape: OnceCell::new() }),
        Err(error) => {
            problems.add(&name, "", &reason(&error));
            None
        }
    }
}

/// The text of a single file, and what it is called.
///
/// # Errors
///
/// It cannot be read.
pub(crate) fn text(path: &Path) -> Result<(String, Vec<u8>), Problems> {
    let mut problems = Problems::default();
    match open_one(path, &mut problems) {
        Some(source) => Ok((source.name, source.text)),
        None => Err(problems),
    }
}

pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == STDIN
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !is_stdin(path) {
        return fs::read(path);
    }
    let mut text = Vec::new();
    io::stdin().lock().read_to_end(&mut text)?;
    Ok(text)
}

/// Why a file cannot be read or written, in words.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".into(),
        ErrorKind::PermissionDenied => "no permission to read it".into(),
        ErrorKind::IsADirectory => "it is a directory, not a file".into(),
        _ => {
            let text = error.to_string();
            let mut letters = text.chars();
            let first = letters.next().map(|first| first.to_lowercase().to_string());
            first.unwrap_or_default() + letters.as_str()
        }
    }
}

impl Source {
    /// The path of a document in the text; nothing if the text is the document.
    pub(super) fn path(&self, at: usize) -> String {
        let shape = self.shape.get_or_init(|| Shape::of(&self.text));
        let (index, is_wrapped) = match shape {
            Shape::One { is_wrapped } => (String::new(), *is_wrapped),
            Shape::Many(wrapped) => {
                (format!("[{at}]"), wrapped.get(at).copied().unwrap_or_default())
            }
        };
        match (index.is_empty(), is_wrapped) {
            (_, false) => index,
            (true, true) => "Job".to_owned(),
            (false, true) => format!("{index}.Job"),
        }
    }

    /// Where a document is, for people.
    pub(super) fn place(&self, at: usize) -> String {
        match self.path(at).as_str() {
            "" => self.name.clone(),
            path => format!("{}: {path}", self.name),
        }
    }
}

impl Shape {
    /// The shape of a text that was read before.
    fn of(text: &[u8]) -> Self {
        // A byte order mark is let through when reading.
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        // Only a job has an `ID` nowhere but inside its wrapper: an allocation has a `Job` of its own.
        let is_wrapped = |value: &Value| value.get("Job").is_some() && value.get("ID").is_none();
        match serde_json::from_slice(text) {
            Ok(Value::Array(elements)) => Shape::Many(elements.iter().map(is_wrapped).collect()),
            Ok(value) => Shape::One { is_wrapped: is_wrapped(&value) },
            Err(_) => Shape::One { is_wrapped: false },
        }
    }
}
