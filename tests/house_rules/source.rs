//! The files of the crate, read as lines.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the crate.
pub(crate) struct Source {
    /// From the crate's root, with `/` between the parts.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// A file that is not there, to try a rule on.
    pub(crate) fn made_up(path: &str, text: &str) -> Source {
        Source { path: path.into(), text: text.into() }
    }
}

/// The lines of a text that are not comments, with their numbers.
pub(crate) fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Whether a line has a word that does not go on to the left.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// The name, the first line and the number of lines of each function: rustfmt puts the brace that ends
/// one below the word that begins it.
pub(crate) fn functions(text: &str) -> impl Iterator<Item = (String, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    (0..lines.len()).filter_map(move |at| {
        let line = lines[at];
        let code = line.trim_start();
        let words = code.split(' ');
        let mut words = words.skip_while(|word| {
            word.starts_with("pub") || ["const", "async", "unsafe", "crate)"].contains(word)
        });
        let name = (words.next() == Some("fn")).then(|| words.next()).flatten()?;
        let name = name.split(['(', '<']).next()?.to_owned();
        let indent = &line[..line.len() - code.len()];
        let end = format!("{indent}}}");
        let has_body = lines[at..].iter().find_map(|line| match line {
            line if line.ends_with('{') => Some(true),
            line if line.ends_with([';', '}']) => Some(false),
            _ => None,
        });
        let length = match has_body {
            Some(true) => lines[at..].iter().position(|line| *line == end)? + 1,
            _ => 1,
        };
        Some((name, at + 1, length))
    })
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn sources(folder: &str) -> Vec<Source> {
    files(folder, "rs")
}

pub(crate) fn files(folder: &str, extension: &str) -> Vec<Source> {
    let root = root();
    let mut found: Vec<PathBuf> = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    let source = |path: PathBuf| {
        let inside = path.strip_prefix(root).unwrap().components();
        let parts: Vec<_> = inside.map(|it| it.as_os_str().to_string_lossy()).collect();
        Source { text: fs::read_to_string(&path).unwrap(), path: parts.join("/") }
    };
    found.into_iter().map(source).collect()
}

#[test]
fn functions_are_measured() {
    let text =
        "fn a() {\n    b();\n}\n\nimpl A {\n    pub fn c(\n    ) -> D {\n        e\n    }\n}\n";
    let lengths: Vec<_> = functions(text).collect();
    assert_eq!(lengths, [("a".to_owned(), 1, 3), ("c".to_owned(), 6, 4)]);
}
