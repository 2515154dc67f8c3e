//! What the crate offers at its root is shown in use: its documentation has an example.

use std::fmt::Write as _;

use crate::source::Source;

/// What a file re-exports (`pub use`) whose documentation has no example, or that cannot be found.
pub(crate) fn without_example(path: &str, sources: &[Source]) -> String {
    let root = sources.iter().find(|file| file.path == path);
    let offered = root.map(|file| reexports(&file.text)).unwrap_or_default();
    if offered.is_empty() {
        return format!("{path} re-exports nothing\n");
    }
    let mut found = String::new();
    for (module, name) in offered {
        let place = format!("{}/{}", path.rsplit_once('/').unwrap().0, module.replace("::", "/"));
        let is_there = |file: &&Source| {
            file.path.strip_prefix(&place).is_some_and(|rest| rest.starts_with(['.', '/']))
        };
        let mut files = sources.iter().filter(is_there);
        match files.find_map(|file| documentation(&file.text, &name)) {
            Some(text) if text.contains("```") => {}
            Some(_) => writeln!(found, "{module}::{name} has no example").unwrap(),
            None => writeln!(found, "{module}::{name} is not found").unwrap(),
        }
    }
    found
}

/// The modules and names of a file's re-exports.
fn reexports(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for path in text.split("\npub use ").skip(1).filter_map(|rest| rest.split(';').next()) {
        let Some((module, names)) = path.split_once("::{").or_else(|| path.rsplit_once("::"))
        else {
            continue;
        };
        let names = names.split([',', '}']).map(str::trim).filter(|name| !name.is_empty());
        let module = module.trim_start_matches("self::");
        found.extend(names.map(|name| (module.to_owned(), name.to_owned())));
    }
    found
}

/// The documentation of what a text defines under a name, if it does.
fn documentation(text: &str, name: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let defines = |line: &str| {
        let mut words = line.split([' ', '(', '<', ';']);
        words.next() == Some("pub")
            && ["struct", "enum", "trait", "type", "fn", "const"]
                .contains(&words.next().unwrap_or_default())
            && words.next() == Some(name)
    };
    let at = lines.iter().position(|line| defines(line))?;
    // It reaches up to an empty line, or to the end of what stands before.
    let above = lines[..at].iter().rev();
    let above = above.take_while(|line| !line.is_empty() && !line.starts_with('}'));
    let comments = above.filter(|line| line.starts_with("///"));
    Some(comments.copied().collect::<Vec<_>>().join("\n"))
}

#[test]
fn missing_examples_are_seen() {
    let root =
        "mod a;\n\npub use a::b::{\n    Shown, Silent,\n};\npub use a::Gone;\npub use c::show;\n";
    let b = "/// ```\n/// fine();\n/// ```\npub struct Other;\n\n\
             /// ```\n/// shown();\n/// ```\n#[derive(\n    Debug\n)]\npub struct Shown<'a> {\n}\n\
             /// Text.\npub enum Silent {\n}\n";
    let elsewhere = "/// ```\npub enum Silent {}\n/// ```\npub struct Gone;\n";
    let sources = [
        Source::made_up("src/lib.rs", root),
        Source::made_up("src/a/b.rs", b),
        Source::made_up("src/ab.rs", elsewhere),
        Source::made_up("src/c.rs", "/// ```\npub fn show() {}\n"),
    ];
    assert_eq!(
        without_example("src/lib.rs", &sources),
        "a::b::Silent has no example\na::Gone is not found\n"
    );
    assert_eq!(without_example("src/c.rs", &sources), "src/c.rs re-exports nothing\n");
}
