//! The folder of recordings and data sets, which lies beside the package and is no part of it.

use std::fs;
use std::path::{Path, PathBuf};

/// A folder of it.
pub fn folder(below: &str) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A worktree lies deeper than the package, so look upward.
    let found = package.ancestors().map(|above| above.join("shared")).find(|dir| dir.is_dir());
    let shared = found.unwrap_or_else(|| {
        panic!("there is no folder `shared` beside or above {}", package.display())
    });
    shared.join(below)
}

/// The JSON files of a folder, by name.
pub fn json_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}
