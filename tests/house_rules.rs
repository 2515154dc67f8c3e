//! The rules of the house, as an ordinary test: who may import whom, how long files and functions may
//! be, what every folder says of itself, and words that do not belong here.
//!
//! It reads lines, not syntax trees. What it misses a reader finds; what it finds is wrong, or stands
//! in one of the short lists of exceptions with the reason.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders of `src`, each of which may import those before it.
const FOLDERS: [&str; 17] = [
    "syntax",
    "model",
    "state",
    "feasibility",
    "fit",
    "rank",
    "placement",
    "explain",
    "reconcile",
    "plan",
    "cluster",
    "schedule",
    "engine",
    "sim",
    "testing",
    "http",
    "bin",
];

/// Single files beside the folders that everyone may import, and that import nothing.
const LEAVES: [&str; 3] = ["exp10", "rng", "time"];

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

/// Words that code in `src` has no use for.
const BANNED: [(&str, &str); 8] = [
    ("todo!", "finish it"),
    ("unimplemented!", "finish it"),
    ("FIXME", "fix it"),
    ("dbg!", "take it out"),
    ("println!", "the core does no I/O"),
    ("eprintln!", "the core does no I/O"),
    ("HashMap", "its order differs from run to run: use indexmap, a FastMap or a sorted Vec"),
    ("HashSet", "its order differs from run to run: use indexmap, a FastSet or a sorted Vec"),
];

/// Where a banned word is right: the file, the word, the reason.
const ALLOWED_WORDS: [(&str, &str, &str); 2] =
    [("src/bin/", "println!", "a program prints"), ("src/bin/", "eprintln!", "a program prints")];

/// Functions that may be longer: the file, the name, the reason.
const LONG_FUNCTIONS: [(&str, &str, &str); 1] =
    [("tests/oracle.rs", "agrees", "one arm for each thing that may happen to a cluster")];

/// A file of the crate.
struct Source {
    /// From the crate's root, with `/` between the parts.
    path: String,
    text: String,
}

#[test]
fn imports_go_downwards() {
    let mut found = String::new();
    for file in sources("src") {
        let Some(folder) = folder_of(&file.path) else { continue };
        for (number, line) in code(&file.text) {
            // In the program `crate` is the program, which is one layer.
            for imported in imports(line).filter(|_| folder != "bin") {
                if !may_import(folder, imported) {
                    let path = &file.path;
                    writeln!(found, "{path}:{number}: `{folder}` imports `{imported}`").unwrap();
                }
            }
            let up = line.matches("super::super::").count();
            if up > 0 && file.path.matches('/').count() < 3 && !file.path.ends_with("/mod.rs") {
                let path = &file.path;
                writeln!(found, "{path}:{number}: `super::super` leaves the folder").unwrap();
            }
        }
    }
    assert!(found.is_empty(), "{found}");
}

#[test]
fn files_are_short() {
    let mut found = String::new();
    for file in sources("src").into_iter().chain(sources("tests")) {
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX {
            writeln!(found, "{}: {lines} lines", file.path).unwrap();
        }
    }
    assert!(found.is_empty(), "{found}");
}

#[test]
fn functions_are_short() {
    let mut found = String::new();
    for file in sources("src").into_iter().chain(sources("tests")) {
        for (name, number, lines) in functions(&file.text) {
            let is_allowed = LONG_FUNCTIONS
                .iter()
                .any(|(path, function, _)| *path == file.path && *function == name);
            if lines > FUNCTION_LINES_MAX && !is_allowed {
                writeln!(found, "{}:{number}: `{name}` has {lines} lines", file.path).unwrap();
            }
        }
    }
    assert!(found.is_empty(), "{found}");
}

/// Each folder with a `mod.rs` says there what comes in, what goes out, and what it may import, and
/// each folder of the first level has one.
#[test]
fn folders_introduce_themselves() {
    let mut found = String::new();
    let sources = sources("src");
    for folder in FOLDERS {
        let path = format!("src/{folder}/mod.rs");
        let is_used = sources.iter().any(|it| folder_of(&it.path) == Some(folder));
        // A program's folder has a `main.rs` for each program.
        if is_used && folder != "bin" && !sources.iter().any(|it| it.path == path) {
            writeln!(found, "{path} is missing").unwrap();
        }
    }
    for file in sources.iter().filter(|file| file.path.ends_with("/mod.rs")) {
        let path = &file.path;
        let introduction: String = file
            .text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .map(|line| line.trim_start_matches("//!").trim_start().to_owned() + " ")
            .collect();
        for part in ["In: ", "Out: ", "mport"] {
            if !introduction.contains(part) {
                writeln!(found, "{path}: the introduction lacks `{part}`").unwrap();
            }
        }
    }
    assert!(found.is_empty(), "{found}");
}

/// The code says where its rules are written: each section that it cites is a heading of that file.
#[test]
fn cited_sections_exist() {
    let mut found = String::new();
    for file in cited_from() {
        for (document, section) in citations(&file.text) {
            let is_heading = match fs::read_to_string(root().join(&document)) {
                Ok(text) => section.is_none_or(|section| headings(&text).any(|it| it == section)),
                Err(_) => false,
            };
            if !is_heading {
                let section = section.unwrap_or("(the file)");
                writeln!(found, "{}: {document}: {section} does not exist", file.path).unwrap();
            }
        }
    }
    assert!(found.is_empty(), "{found}");
}

#[test]
fn citations_are_seen() {
    let text = "/// One (docs/a.md, section\n    /// 2.5, `x`) and two (docs/b.md, sections 1.2 to 1.4,\n\
                //! 3 and 7); docs/c.md.";
    let seen = [("docs/a.md", Some("2.5")), ("docs/b.md", Some("1.2")), ("docs/b.md", Some("1.4"))];
    let seen = seen.into_iter().chain([("docs/b.md", Some("3")), ("docs/b.md", Some("7"))]);
    let seen: Vec<_> = seen.chain([("docs/c.md", None)]).collect();
    let text = joined(text);
    let found: Vec<_> = citations(&text).collect();
    assert_eq!(found.iter().map(|(path, it)| (path.as_str(), *it)).collect::<Vec<_>>(), seen);
    let headings: Vec<_> = headings("# A\n## 1. B\n### 1.2 C\n#### 9 D\ntext\n").collect();
    assert_eq!(headings, ["1", "1.2"]);
}

#[test]
fn no_banned_words() {
    let mut found = String::new();
    for file in sources("src") {
        for (number, line) in file.text.lines().enumerate().map(|(at, line)| (at + 1, line)) {
            let is_comment = line.trim_start().starts_with("//");
            for (word, reason) in BANNED {
                let is_allowed = ALLOWED_WORDS
                    .iter()
                    .any(|(path, allowed, _)| file.path.starts_with(path) && *allowed == word);
                // Comments may speak of what code may not do, but for what is to be done yet.
                let counts = !is_comment || word == "FIXME";
                if counts && !is_allowed && has_word(line, word) {
                    writeln!(found, "{}:{number}: `{word}`: {reason}", file.path).unwrap();
                }
            }
        }
    }
    assert!(found.is_empty(), "{found}");
}

#[test]
fn the_rules_see_what_they_should() {
    assert_eq!(folder_of("src/rank/preempt/mod.rs"), Some("rank"));
    assert_eq!(folder_of("src/lib.rs"), None);
    assert_eq!(folder_of("src/rng.rs"), Some("rng"));
    let imported: Vec<&str> = imports("use crate::{fit, rank::spread};").collect();
    assert_eq!(imported, ["fit", "rank"]);
    assert_eq!(imports("let a = crate::fit::cores::assign(&b);").collect::<Vec<_>>(), ["fit"]);
    assert_eq!(imports("pub(in crate::model) fn job() {").collect::<Vec<_>>(), ["model"]);
    assert_eq!(imports("pub(crate) fn job() {").count(), 0);
    assert!(may_import("fit", "state") && !may_import("state", "fit"));
    assert!(may_import("model", "rng") && !may_import("rng", "model"));
    assert!(!may_import("placement", "Cluster"));
    assert!(has_word("    println!(\"x\")", "println!") && !has_word("eprintln!()", "println!"));
    assert!(!has_word("let map = FastHashMap::new();", "HashMap"));
    let text =
        "fn a() {\n    b();\n}\n\nimpl A {\n    pub fn c(\n    ) -> D {\n        e\n    }\n}\n";
    let lengths: Vec<_> = functions(text).collect();
    assert_eq!(lengths, [("a".to_owned(), 1, 3), ("c".to_owned(), 6, 4)]);
}

/// The folder of `src`, or the leaf, that a file belongs to; none for the crate's root.
fn folder_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    match inside.split_once('/') {
        Some((folder, _)) => Some(folder),
        None => inside.strip_suffix(".rs").filter(|name| *name != "lib" && *name != "main"),
    }
}

fn may_import(folder: &str, imported: &str) -> bool {
    let level = |name: &str| FOLDERS.iter().position(|folder| *folder == name);
    if folder == imported || LEAVES.contains(&imported) {
        return true;
    }
    match (level(folder), level(imported)) {
        (Some(from), Some(to)) => to < from,
        _ => false,
    }
}

/// The lines of a text that are not comments, with their numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The modules after `crate::` in a line.
fn imports(line: &str) -> impl Iterator<Item = &str> {
    let named = |text: &'_ str| -> usize {
        text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
    };
    let parts = line.split("crate::").skip(1);
    parts.flat_map(move |part| match part.strip_prefix('{') {
        // Of a list, what comes first in each of its parts; lists in lists do not occur.
        Some(list) => {
            let list = list.split('}').next().unwrap_or_default();
            list.split(',')
                .map(str::trim)
                .map(|item| &item[..named(item)])
                .filter(|name| !name.is_empty())
                .collect::<Vec<_>>()
        }
        None => vec![&part[..named(part)]],
    })
}

/// Whether a line has a word that does not go on to the left.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// The name, the first line and the number of lines of each function: rustfmt puts the brace that ends
/// one below the word that begins it.
fn functions(text: &str) -> impl Iterator<Item = (String, usize, usize)> {
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

/// Everything that cites `docs/`, comments in one line each.
fn cited_from() -> Vec<Source> {
    let folders = ["src", "tests", "examples", "benches", "fuzz/fuzz_targets"];
    let mut found: Vec<_> = folders.into_iter().flat_map(sources).collect();
    found.extend(files("tests/scenarios", "txt"));
    for file in &mut found {
        file.text = joined(&file.text);
    }
    // The test of this very rule cites what is not there.
    found.retain(|file| file.path != "tests/house_rules.rs");
    found
}

/// A text whose lines are one line, without the marks of comments.
fn joined(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| !["//", "///", "//!", "#"].contains(word));
    words.collect::<Vec<_>>().join(" ")
}

/// The documents that a text cites, each with the numbers of the sections.
fn citations(text: &str) -> impl Iterator<Item = (String, Option<&str>)> {
    text.split("docs/").skip(1).flat_map(|after| {
        let Some((name, after)) = after.split_once(".md") else { return Vec::new() };
        if !name.chars().all(|c| c.is_ascii_lowercase() || c == '-') {
            return Vec::new();
        }
        let document = format!("docs/{name}.md");
        let after = after.trim_start_matches('`');
        let Some(list) =
            after.strip_prefix(", sections ").or_else(|| after.strip_prefix(", section "))
        else {
            return vec![(document, None)];
        };
        // Numbers, as long as nothing but what joins them stands between.
        let mut is_over = false;
        let parts = list.split(' ').map_while(move |word| {
            let number = word.trim_end_matches(|c: char| !c.is_ascii_digit());
            let is_number = number.starts_with(|c: char| c.is_ascii_digit())
                && number.chars().all(|c| c.is_ascii_digit() || c == '.');
            let was_over = std::mem::replace(
                &mut is_over,
                is_number && !["", ","].contains(&&word[number.len()..]),
            );
            match is_number {
                true => Some(Some(number)),
                false => ["and", "to", "or"].contains(&word).then_some(None),
            }
            .filter(|_| !was_over)
        });
        parts.flatten().map(|number| (document.clone(), Some(number))).collect()
    })
}

/// The numbers of a document's sections.
fn headings(text: &str) -> impl Iterator<Item = &str> {
    let numbered = |line: &'_ str| line.starts_with("## ") || line.starts_with("### ");
    text.lines().filter(move |line| numbered(line)).filter_map(|line| {
        let number = line.trim_start_matches('#').trim_start().split(' ').next()?;
        Some(number.trim_end_matches('.'))
    })
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<Source> {
    files(folder, "rs")
}

fn files(folder: &str, extension: &str) -> Vec<Source> {
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
