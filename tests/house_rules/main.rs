//! The rules of the house, as an ordinary test: who may import whom, how long files and functions may
//! be, what every folder says of itself, where the rules that code cites are written, and words that do
//! not belong here.
//!
//! It reads words, not syntax trees. What it misses a reader finds; what it finds is wrong, or stands
//! in one of the short lists of exceptions with the reason.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod circles;
mod citations;
mod paths;
mod rows;
mod source;

use std::fmt::Write as _;
use std::fs;

use paths::named;
use source::{code, functions, has_word, root, sources};

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

/// Folders that may import nothing but these.
const ONLY: [(&str, &[&str]); 2] = [
    ("reconcile", &["syntax", "model", "state", "feasibility", "time"]),
    ("http", &["engine", "model"]),
];

/// Folders with input, output and clocks.
const OUTSIDE: [&str; 2] = ["bin", "http"];

/// What the core has no use for: time and randomness are arguments, and it does no I/O. Addresses of
/// the network are values like others.
const BANNED_STD: [&str; 7] = ["env", "fs", "io", "net", "process", "thread", "time"];

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// Files that may be longer: the file and the reason.
const LONG_FILES: [(&str, &str); 0] = [];

/// Circles that there are still: a file of each.
const CIRCLES: [&str; 6] = [
    "src/state/jobs.rs",
    "src/state/node.rs",
    "src/reconcile/group.rs",
    "src/reconcile/view.rs",
    "src/reconcile/system.rs",
    "src/schedule/documents.rs",
];

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

#[test]
fn imports_go_downwards() {
    let mut found = String::new();
    for file in sources("src") {
        let Some(folder) = folder_of(&file.path) else { continue };
        let path = &file.path;
        // In the program `crate` is the program, which is one layer.
        for import in
            named(&file.text).iter().filter(|it| it.parts[0] == "crate" && folder != "bin")
        {
            let imported = &import.parts[1];
            if !may_import(folder, imported) {
                writeln!(found, "{path}:{}: `{folder}` imports `{imported}`", import.line).unwrap();
            }
        }
        for (number, line) in code(&file.text) {
            let up = line.matches("super::super::").count();
            if up > 0 && file.path.matches('/').count() < 3 && !file.path.ends_with("/mod.rs") {
                writeln!(found, "{path}:{number}: `super::super` leaves the folder").unwrap();
            }
        }
    }
    assert!(found.is_empty(), "{found}");
}

/// The core is a function: time and randomness are arguments, and nothing is read or written.
#[test]
fn the_core_does_nothing_but_compute() {
    let mut found = String::new();
    for file in sources("src") {
        let folder = folder_of(&file.path).unwrap_or_default();
        if OUTSIDE.contains(&folder) || is_test(&file.path) {
            continue;
        }
        for import in named(&file.text).iter().filter(|it| is_banned(&it.parts)) {
            let name = import.parts.join("::");
            writeln!(found, "{}:{}: `{name}` in the core", file.path, import.line).unwrap();
        }
    }
    assert!(found.is_empty(), "{found}");
}

/// Within a folder no files import each other, at however many removes.
#[test]
fn files_form_no_circles() {
    let mut found = String::new();
    let sources = sources("src");
    for folder in FOLDERS {
        let is_inside = |path: &str| folder_of(path) == Some(folder) && !is_test(path);
        let files: Vec<_> = sources.iter().filter(|it| is_inside(&it.path)).collect();
        for circle in circles::circles(&files) {
            if !CIRCLES.iter().any(|file| circle.contains(file)) {
                writeln!(found, "{folder}:\n{circle}").unwrap();
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
        let is_allowed = LONG_FILES.iter().any(|(path, _)| *path == file.path);
        if lines > FILE_LINES_MAX && !is_allowed {
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
    for file in citations::cited_from() {
        for (document, section) in citations::citations(&file.text) {
            let is_heading = match fs::read_to_string(root().join(&document)) {
                Ok(text) => {
                    section.is_none_or(|section| citations::headings(&text).any(|it| it == section))
                }
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
    assert!(may_import("fit", "state") && !may_import("state", "fit"));
    assert!(may_import("model", "rng") && !may_import("rng", "model"));
    assert!(!may_import("placement", "Cluster"));
    assert!(may_import("reconcile", "feasibility") && may_import("reconcile", "time"));
    assert!(!may_import("reconcile", "placement") && !may_import("reconcile", "rng"));
    assert!(may_import("http", "engine") && !may_import("http", "cluster"));
    let banned = |path: &str| is_banned(&path.split("::").map(str::to_owned).collect::<Vec<_>>());
    assert!(banned("std::time::Instant") && banned("std::net::TcpStream") && banned("std::fs"));
    assert!(!banned("std::net::IpAddr") && !banned("std::mem::swap") && !banned("crate::time"));
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

/// Whether a file of `src` has nothing but tests.
fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("tests.rs")
}

fn may_import(folder: &str, imported: &str) -> bool {
    let level = |name: &str| FOLDERS.iter().position(|folder| *folder == name);
    if folder == imported {
        return true;
    }
    if let Some((_, only)) = ONLY.iter().find(|(name, _)| *name == folder) {
        return only.contains(&imported);
    }
    match (level(folder), level(imported)) {
        (Some(from), Some(to)) => to < from,
        _ => LEAVES.contains(&imported),
    }
}

/// Whether a path is one that the core has no use for.
fn is_banned(path: &[String]) -> bool {
    let is_address = || {
        let name = path.get(2).map_or("", String::as_str);
        ["Ip", "SocketAddr", "AddrParseError"].iter().any(|it| name.starts_with(it))
    };
    match path {
        [root, module, ..] if root == "std" && BANNED_STD.contains(&module.as_str()) => {
            module != "net" || !is_address()
        }
        _ => false,
    }
}
