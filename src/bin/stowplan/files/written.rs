//! Files that are written: never one that was read, never half, and refused before any work is done.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::Problems;
use super::source::{is_stdin, reason};

/// Says beforehand why a file cannot be written: `option` names it on the command line, `inputs` are the files
/// that are read.
///
/// # Errors
///
/// It is one of the inputs, a folder, `-`, or in a folder that is not there.
pub(crate) fn check<'a>(
    option: &str,
    path: &Path,
    inputs: impl IntoIterator<Item = &'a PathBuf>,
) -> Result<(), Problems> {
    let refuse = |why: &str| Err(Problems::one(&format!("`{option}`: {} {why}", path.display())));
    if is_stdin(path) {
        return refuse("is no file: give a path to write to");
    }
    if path.is_dir() {
        return refuse("is a folder: give a file in it");
    }
    if !folder(path).is_dir() {
        return refuse("cannot be written: there is no such folder");
    }
    if inputs.into_iter().any(|input| is_same(input, path)) {
        return refuse("is a file that is read: it would be overwritten");
    }
    Ok(())
}

/// Writes a file beside itself first, so that there is always a whole one under its name. What is there already
/// and no ordinary file, such as a pipe, is written into.
///
/// # Errors
///
/// It cannot be written; nothing is left of it then.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    // A link stays, and what it leads to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let written = match fs::metadata(&target) {
        Ok(found) if !found.is_file() => {
            File::create(&target).and_then(|mut file| write(&mut file))
        }
        _ => replace_file(&target, write),
    };
    written.map_err(|error| {
        let why = match error.kind() {
            ErrorKind::NotFound => "there is no such folder".to_owned(),
            ErrorKind::PermissionDenied => "no permission to write it".to_owned(),
            _ => reason(&error),
        };
        io::Error::other(format!("`{}`: {why}", path.display()))
    })
}

fn replace_file(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let written = File::create(&beside).and_then(|mut file| {
        write(&mut file)?;
        file.sync_all()
    });
    let replaced = written.and_then(|()| fs::rename(&beside, path));
    if replaced.is_err() {
        // What cannot be removed either was never made.
        _ = fs::remove_file(&beside);
    }
    replaced
}

/// The folder that a file is in.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Whether two paths lead to one file, whatever links are on the way.
fn is_same(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}
