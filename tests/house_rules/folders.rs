//! Folders: which there are, and what each may import.

use std::fmt::Write as _;

use crate::paths::named;
use crate::source::{Source, code};

/// The folders of `src`, each of which may import those before it. Not all of them are there yet.
pub(crate) const FOLDERS: [&str; 18] = [
    "syntax",
    "model",
    "hcl",
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
const ONLY: [(&str, &[&str]); 3] = [
    ("hcl", &["syntax", "model", "time"]),
    ("reconcile", &["syntax", "model", "state", "feasibility", "time"]),
    ("http", &["engine", "hcl", "model", "time"]),
];

/// Folders with input, output and clocks.
const OUTSIDE: [&str; 2] = ["bin", "http"];

/// Modules that the core has no use for: time and randomness are arguments, and it does no I/O.
/// Addresses of the network are values like others.
const BANNED_STD: [&str; 7] = ["env", "fs", "io", "net", "process", "thread", "time"];

/// The folder of `src`, or the leaf, that a file belongs to; none for the crate's root.
pub(crate) fn folder_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    match inside.split_once('/') {
        Some((folder, _)) => Some(folder),
        None => inside.strip_suffix(".rs").filter(|name| *name != "lib" && *name != "main"),
    }
}

/// Whether a file of `src` has nothing but tests.
pub(crate) fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("tests.rs")
}

/// Files in folders that nobody knows.
pub(crate) fn strangers(sources: &[Source]) -> String {
    let mut found = String::new();
    for Source { path, .. } in sources {
        let is_known = |folder| FOLDERS.contains(&folder) || LEAVES.contains(&folder);
        if !folder_of(path).is_none_or(is_known) {
            writeln!(found, "{path}: what may it import, and who may import it?").unwrap();
        }
    }
    found
}

/// Imports that go upwards.
pub(crate) fn upward_imports(sources: &[Source]) -> String {
    let mut found = String::new();
    for file in sources {
        let Some(folder) = folder_of(&file.path) else { continue };
        let path = &file.path;
        // In the program `crate` is the program, which is one layer.
        let imports = named(&file.text);
        for import in imports.iter().filter(|it| it.parts[0] == "crate" && folder != "bin") {
            let imported = &import.parts[1];
            if !may_import(folder, imported) {
                writeln!(found, "{path}:{}: `{folder}` imports `{imported}`", import.line).unwrap();
            }
        }
        for (number, line) in code(&file.text) {
            let is_up = line.contains("super::super::");
            if is_up && file.path.matches('/').count() < 3 && !file.path.ends_with("/mod.rs") {
                writeln!(found, "{path}:{number}: `super::super` leaves the folder").unwrap();
            }
        }
    }
    found
}

/// Input, output, clocks and threads in the core.
pub(crate) fn impurities(sources: &[Source]) -> String {
    let mut found = String::new();
    for file in sources {
        let folder = folder_of(&file.path).unwrap_or_default();
        if OUTSIDE.contains(&folder) || is_test(&file.path) {
            continue;
        }
        for import in named(&file.text).iter().filter(|it| is_banned(&it.parts)) {
            let name = import.parts.join("::");
            writeln!(found, "{}:{}: `{name}` in the core", file.path, import.line).unwrap();
        }
    }
    found
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

#[test]
fn folders_of_the_design_are_known() {
    assert_eq!(folder_of("src/rank/preempt/mod.rs"), Some("rank"));
    assert_eq!(folder_of("src/lib.rs"), None);
    assert_eq!(folder_of("src/rng.rs"), Some("rng"));
    assert!(may_import("fit", "state") && !may_import("state", "fit"));
    assert!(may_import("model", "rng") && !may_import("rng", "model"));
    assert!(!may_import("placement", "Cluster"));
    assert!(may_import("reconcile", "feasibility") && may_import("reconcile", "time"));
    assert!(!may_import("reconcile", "placement") && !may_import("reconcile", "rng"));
    assert!(may_import("sim", "engine") && !may_import("engine", "sim"));
    assert!(may_import("http", "engine") && !may_import("http", "cluster"));
    let files = ["src/engine/mod.rs", "src/time.rs", "src/utils/mod.rs", "src/helpers.rs"];
    let files = files.map(|path| Source::made_up(path, ""));
    assert_eq!(
        strangers(&files),
        "src/utils/mod.rs: what may it import, and who may import it?\n\
         src/helpers.rs: what may it import, and who may import it?\n"
    );
}

#[test]
fn upward_imports_are_seen() {
    let files = [
        ("src/fit/a.rs", "use crate::state::{\n    usage::Usage,\n};\nuse crate::rank::Score;\n"),
        ("src/fit/b.rs", "fn b() {\n    crate::placement::place();\n}\n// crate::cluster\n"),
        ("src/reconcile/a.rs", "use crate::{model::Job, placement::Placer};\n"),
        ("src/http/a.rs", "use crate::engine::Engine;\nuse crate::cluster::Cluster;\n"),
        ("src/time.rs", "use crate::model::Job;\n"),
        ("src/bin/p/a.rs", "use crate::output::Output;\n"),
        ("src/fit/c.rs", "use super::super::rank;\n"),
    ];
    assert_eq!(
        upward_imports(&files.map(|(path, text)| Source::made_up(path, text))),
        "src/fit/a.rs:4: `fit` imports `rank`\n\
         src/fit/b.rs:2: `fit` imports `placement`\n\
         src/reconcile/a.rs:1: `reconcile` imports `placement`\n\
         src/http/a.rs:2: `http` imports `cluster`\n\
         src/time.rs:1: `time` imports `model`\n\
         src/fit/c.rs:1: `super::super` leaves the folder\n"
    );
}

#[test]
fn impurities_are_seen() {
    let core = "use std::{\n    fmt, fs,\n    io::{self, Write},\n};\nuse std::net::{IpAddr, TcpStream};\n\
                use std::time::Instant;\nfn f() {\n    std::thread::spawn(g);\n    std::process::exit(0);\n\
                std::env::var(\"A\");\n}\n// std::fs\n";
    let files = ["src/fit/a.rs", "src/bin/p/a.rs", "src/http/a.rs", "src/fit/tests/a.rs"];
    assert_eq!(
        impurities(&files.map(|path| Source::made_up(path, core))),
        "src/fit/a.rs:2: `std::fs` in the core\n\
         src/fit/a.rs:3: `std::io::self` in the core\n\
         src/fit/a.rs:3: `std::io::Write` in the core\n\
         src/fit/a.rs:5: `std::net::TcpStream` in the core\n\
         src/fit/a.rs:6: `std::time::Instant` in the core\n\
         src/fit/a.rs:8: `std::thread::spawn` in the core\n\
         src/fit/a.rs:9: `std::process::exit` in the core\n\
         src/fit/a.rs:10: `std::env::var` in the core\n"
    );
}
