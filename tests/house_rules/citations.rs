//! The documents and sections that the code cites.

use std::fmt::Write as _;
use std::fs;

use crate::source::{Source, files, root, sources};

/// Everything that cites `docs/`, comments in one line each.
pub(crate) fn cited_from() -> Vec<Source> {
    let folders = ["src", "tests", "examples", "benches", "fuzz/fuzz_targets"];
    // What is published leaves out the last two.
    let folders = folders.into_iter().filter(|folder| root().join(folder).is_dir());
    let mut found: Vec<_> = folders.flat_map(sources).collect();
    found.extend(files("tests/scenarios", "txt"));
    for file in &mut found {
        file.text = joined(&file.text);
    }
    // The test of this very rule cites what is not there.
    found.retain(|file| !file.path.starts_with("tests/house_rules/"));
    found
}

/// Citations of documents and sections that do not exist.
pub(crate) fn dangling(sources: &[Source]) -> String {
    let mut found = String::new();
    for file in sources {
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
    found
}

/// A text whose lines are one line, without the marks of comments.
pub(crate) fn joined(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| !["//", "///", "//!", "#"].contains(word));
    words.collect::<Vec<_>>().join(" ")
}

/// The documents that a text cites, each with the numbers of the sections.
pub(crate) fn citations(text: &str) -> impl Iterator<Item = (String, Option<&str>)> {
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
pub(crate) fn headings(text: &str) -> impl Iterator<Item = &str> {
    let numbered = |line: &'_ str| line.starts_with("## ") || line.starts_with("### ");
    text.lines().filter(move |line| numbered(line)).filter_map(|line| {
        let number = line.trim_start_matches('#').trim_start().split(' ').next()?;
        Some(number.trim_end_matches('.'))
    })
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
fn dangling_citations_are_seen() {
    let text = "(docs/placement.md, sections 1.4 and 99) and docs/nowhere.md";
    assert_eq!(
        dangling(&[Source::made_up("src/a.rs", text)]),
        "src/a.rs: docs/placement.md: 99 does not exist\n\
         src/a.rs: docs/nowhere.md: (the file) does not exist\n"
    );
}
