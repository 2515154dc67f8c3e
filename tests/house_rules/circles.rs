//! Circles of files: what imports what within a folder.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::folders::{FOLDERS, folder_of, is_test};
use crate::paths::named;
use crate::source::Source;

/// The circles of each folder. Tests may import what they like.
pub(crate) fn circles_by_folder(sources: &[Source]) -> String {
    let mut found = Vec::new();
    for folder in FOLDERS {
        let is_inside = |path: &str| folder_of(path) == Some(folder) && !is_test(path);
        let files: Vec<_> = sources.iter().filter(|it| is_inside(&it.path)).collect();
        found.extend(circles(&files));
    }
    found.join("\n")
}

/// Files that import each other, each with what it imports of the others. The files are those of one
/// folder; a module and the modules inside it make no circle.
fn circles(files: &[&Source]) -> Vec<String> {
    let modules: Vec<Vec<&str>> = files.iter().map(|file| module_of(&file.path)).collect();
    let of_module: BTreeMap<&[&str], usize> =
        modules.iter().enumerate().map(|(at, it)| (it.as_slice(), at)).collect();
    let imports: Vec<Vec<usize>> = files
        .iter()
        .zip(&modules)
        .map(|(file, module)| imported(&file.text, module, &of_module))
        .collect();
    let reaches: Vec<Vec<bool>> = (0..files.len()).map(|from| reached(from, &imports)).collect();
    let mut found = Vec::new();
    for (first, reached) in reaches.iter().enumerate() {
        let members: Vec<usize> =
            (0..files.len()).filter(|at| reached[*at] && reaches[*at][first]).collect();
        if members.first() != Some(&first) {
            continue;
        }
        let mut text = String::new();
        for at in &members {
            let others = imports[*at].iter().filter(|to| members.contains(to));
            let others: Vec<&str> = others.map(|to| files[*to].path.as_str()).collect();
            writeln!(text, "{} imports {}", files[*at].path, others.join(", ")).unwrap();
        }
        found.push(text);
    }
    found
}

/// Which files a file imports, at however many removes.
fn reached(from: usize, imports: &[Vec<usize>]) -> Vec<bool> {
    let mut reached = vec![false; imports.len()];
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for to in &imports[at] {
            if !std::mem::replace(&mut reached[*to], true) {
                open.push(*to);
            }
        }
    }
    reached
}

/// The files that a file imports, by the longest part of each path that is a module.
fn imported(text: &str, module: &[&str], of_module: &BTreeMap<&[&str], usize>) -> Vec<usize> {
    // Tests of a file stand at its end, and may import what they like.
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut found = Vec::new();
    for path in named(code) {
        let parts: Vec<&str> = path.parts.iter().map(String::as_str).collect();
        let Some(target) = resolved(&parts, module, of_module) else { continue };
        let file = (1..=target.len()).rev().find_map(|length| of_module.get(&target[..length]));
        found.extend(file.filter(|_| !target.is_empty()));
    }
    let own = of_module.get(module).copied();
    found.sort_unstable();
    found.dedup();
    found.retain(|at| Some(*at) != own);
    // A module and the modules inside it are one thing in several files: what is inside may use the
    // outside. The folder itself, or the program, is no such module.
    let outside = (root_of(module).len() + 1..module.len())
        .filter_map(|length| of_module.get(&module[..length]));
    let outside: Vec<usize> = outside.copied().collect();
    found.retain(|at| !outside.contains(at));
    found
}

/// A path from the crate's root.
fn resolved<'a>(
    parts: &[&'a str],
    module: &[&'a str],
    of_module: &BTreeMap<&[&str], usize>,
) -> Option<Vec<&'a str>> {
    let ups = parts.iter().take_while(|part| **part == "super").count();
    match parts[0] {
        "crate" => {
            let root = if is_program(module) { root_of(module) } else { &[] };
            Some([root, &parts[1..]].concat())
        }
        "self" => Some([module, &parts[1..]].concat()),
        "super" => {
            let kept = module.len().checked_sub(ups)?;
            Some([&module[..kept], &parts[ups..]].concat())
        }
        child => {
            let path = [module, &[child]].concat();
            of_module.contains_key(path.as_slice()).then(|| [module, parts].concat())
        }
    }
}

/// The module that a file is. A program's `main.rs` is the module of its folder.
fn module_of(path: &str) -> Vec<&str> {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    let inside = inside.strip_suffix(".rs").unwrap_or(inside);
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    let inside = inside.strip_suffix("/main").unwrap_or(inside);
    inside.split('/').collect()
}

fn is_program(module: &[&str]) -> bool {
    module.first() == Some(&"bin")
}

/// The module whose files are looked at: a folder of the crate, or a program.
fn root_of<'a, 'b>(module: &'a [&'b str]) -> &'a [&'b str] {
    &module[..module.len().min(if is_program(module) { 2 } else { 1 })]
}

#[test]
fn circles_are_seen() {
    let file = Source::made_up;
    let files = [
        file("src/fit/mod.rs", "mod b;\nmod c;\npub(crate) use b::B;\n"),
        file("src/fit/b.rs", "use super::c::C;\n"),
        file("src/fit/c.rs", "fn c() {\n    crate::fit::d::D::new();\n}\n"),
        file("src/fit/d/mod.rs", "use super::{\n    b::B,\n};\nmod e;\n"),
        file("src/fit/f.rs", "mod g;\nuse g::G;\n"),
        file("src/fit/f/g.rs", "use super::F;\n"),
        file(
            "src/fit/d/e.rs",
            "use crate::fit::d;\n#[cfg(test)]\nmod tests {\n    use super::f;\n}\n",
        ),
    ];
    let found = circles_by_folder(&files);
    let expected = "src/fit/b.rs imports src/fit/c.rs\n\
                    src/fit/c.rs imports src/fit/d/mod.rs\n\
                    src/fit/d/mod.rs imports src/fit/b.rs\n";
    assert_eq!(found, expected);
}

#[test]
fn circles_of_a_program_are_seen() {
    let file = Source::made_up;
    let files = [
        file("src/bin/p/main.rs", "mod a;\nmod b;\nuse crate::a::A;\n"),
        file("src/bin/p/a.rs", "use crate::b::B;\nmod c;\n"),
        file("src/bin/p/b.rs", "use crate::a::c::C;\n"),
        file("src/bin/p/a/c.rs", "use super::A;\nuse crate::b;\n"),
    ];
    let found = circles_by_folder(&files);
    let expected = "src/bin/p/b.rs imports src/bin/p/a/c.rs\n\
                    src/bin/p/a/c.rs imports src/bin/p/b.rs\n";
    assert_eq!(found, expected);
}
