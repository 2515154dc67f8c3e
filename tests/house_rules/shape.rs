//! The shape of files: how long they and their functions may be, how folders introduce themselves, and
//! words that do not belong here.

use std::fmt::Write as _;

use crate::folders::{FOLDERS, folder_of};
use crate::source::{Source, functions, has_word};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// Files that may be longer: the file and the reason.
const LONG_FILES: [(&str, &str); 0] = [];

/// Functions that may be longer: the file, the name, the reason.
const LONG_FUNCTIONS: [(&str, &str, &str); 0] = [];

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

/// Files that are too long, and exceptions for files that are not.
pub(crate) fn long_files(sources: &[Source]) -> String {
    let is_long = |file: &&Source| file.text.lines().count() > FILE_LINES_MAX;
    let mut found = String::new();
    for file in sources.iter().filter(is_long) {
        if !LONG_FILES.iter().any(|(path, _)| *path == file.path) {
            writeln!(found, "{}: {} lines", file.path, file.text.lines().count()).unwrap();
        }
    }
    for (path, _) in LONG_FILES {
        if !sources.iter().filter(is_long).any(|file| file.path == path) {
            writeln!(found, "{path} needs no exception").unwrap();
        }
    }
    found
}

/// Functions that are too long, and exceptions for functions that are not.
pub(crate) fn long_functions(sources: &[Source]) -> String {
    exceptional_functions(sources, &LONG_FUNCTIONS)
}

fn exceptional_functions(sources: &[Source], allowed: &[(&str, &str, &str)]) -> String {
    let mut found = String::new();
    let mut needed = Vec::new();
    for file in sources {
        let long = functions(&file.text).filter(|(_, _, lines)| *lines > FUNCTION_LINES_MAX);
        for (name, number, lines) in long {
            match allowed.iter().find(|(path, it, _)| *path == file.path && *it == name) {
                Some(exception) => needed.push(exception),
                None => {
                    writeln!(found, "{}:{number}: `{name}` has {lines} lines", file.path).unwrap();
                }
            }
        }
    }
    for exception in allowed.iter().filter(|exception| !needed.contains(exception)) {
        writeln!(found, "{}: `{}` needs no exception", exception.0, exception.1).unwrap();
    }
    found
}

/// Folders that do not say what comes in, what goes out, and what they may import.
pub(crate) fn silent_folders(sources: &[Source]) -> String {
    let mut found = String::new();
    for folder in FOLDERS {
        let path = format!("src/{folder}/mod.rs");
        let is_used = sources.iter().any(|it| folder_of(&it.path) == Some(folder));
        // A program's folder has a `main.rs` for each program.
        if is_used && folder != "bin" && !sources.iter().any(|it| it.path == path) {
            writeln!(found, "{path} is missing").unwrap();
        }
    }
    for file in sources.iter().filter(|file| file.path.ends_with("/mod.rs")) {
        let introduction: String = file
            .text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .map(|line| line.trim_start_matches("//!").trim_start().to_owned() + " ")
            .collect();
        for part in ["In: ", "Out: ", "mport"] {
            if !introduction.contains(part) {
                writeln!(found, "{}: the introduction lacks `{part}`", file.path).unwrap();
            }
        }
    }
    found
}

/// Banned words.
pub(crate) fn banned_words(sources: &[Source]) -> String {
    let mut found = String::new();
    for file in sources {
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
    found
}

#[test]
fn long_files_and_functions_are_seen() {
    let text = format!("fn a() {{\n{}}}\n\nfn b() {{\n    c();\n}}\n", "    c();\n".repeat(69));
    let long = [Source::made_up("src/fit/a.rs", &text)];
    assert_eq!(
        exceptional_functions(&long, &[("src/fit/a.rs", "b", "why?")]),
        "src/fit/a.rs:1: `a` has 71 lines\nsrc/fit/a.rs: `b` needs no exception\n"
    );
    assert_eq!(exceptional_functions(&long, &[("src/fit/a.rs", "a", "because")]), "");
    let files = [500, 501].map(|lines| Source::made_up("src/fit/b.rs", &"\n".repeat(lines)));
    assert_eq!(long_files(&files), "src/fit/b.rs: 501 lines\n");
}

#[test]
fn silent_folders_are_seen() {
    let files = [
        ("src/fit/mod.rs", "//! In: a.\n//! Out: b. May\n//! import c.\n"),
        ("src/fit/a/mod.rs", "//! In: a. Out: b.\nuse c; // Imports c.\n"),
        ("src/rank/a.rs", ""),
    ];
    assert_eq!(
        silent_folders(&files.map(|(path, text)| Source::made_up(path, text))),
        "src/rank/mod.rs is missing\nsrc/fit/a/mod.rs: the introduction lacks `mport`\n"
    );
}

#[test]
fn banned_words_are_seen() {
    let text = "// no HashMap, but\n// FIXME\nlet a = HashMap::new();\nlet b = FastHashMap;\nprintln!();\n";
    let files = ["src/fit/a.rs", "src/bin/p/a.rs"].map(|path| Source::made_up(path, text));
    let lines = banned_words(&files);
    let places: Vec<&str> = lines.lines().map(|line| line.rsplit_once("`:").unwrap().0).collect();
    let expected = [
        "src/fit/a.rs:2: `FIXME",
        "src/fit/a.rs:3: `HashMap",
        "src/fit/a.rs:5: `println!",
        "src/bin/p/a.rs:2: `FIXME",
        "src/bin/p/a.rs:3: `HashMap",
    ];
    assert_eq!(places, expected);
    assert!(has_word("    println!(\"x\")", "println!") && !has_word("eprintln!()", "println!"));
}
