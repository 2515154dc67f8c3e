//! The rules of the house, as an ordinary test: who may import whom, how long files and functions may
//! be, what every folder says of itself, where the rules that code cites are written, examples of what is
//! offered, and words that do not belong here. Each rule is tried on made-up files too, beside its code, so that it can fail.
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
mod doc_examples;
mod folders;
mod paths;
mod rows;
mod shape;
mod source;

use source::{Source, sources};

/// All code that is read for its shape.
fn src_and_tests() -> Vec<Source> {
    sources("src").into_iter().chain(sources("tests")).collect()
}

fn assert_nothing(found: &str) {
    assert!(found.is_empty(), "{found}");
}

#[test]
fn every_folder_is_known() {
    assert_nothing(&folders::strangers(&sources("src")));
}

#[test]
fn imports_go_downwards() {
    assert_nothing(&folders::upward_imports(&sources("src")));
}

/// The core is a function: time and randomness are arguments, and nothing is read or written.
#[test]
fn the_core_does_nothing_but_compute() {
    assert_nothing(&folders::impurities(&sources("src")));
}

/// Within a folder no files import each other, at however many removes.
#[test]
fn files_form_no_circles() {
    assert_nothing(&circles::circles_by_folder(&sources("src")));
}

#[test]
fn files_are_short() {
    assert_nothing(&shape::long_files(&src_and_tests()));
}

#[test]
fn functions_are_short() {
    assert_nothing(&shape::long_functions(&src_and_tests()));
}

/// Each folder with a `mod.rs` says there what comes in, what goes out, and what it may import, and
/// each folder of the first level has one.
#[test]
fn folders_introduce_themselves() {
    assert_nothing(&shape::silent_folders(&sources("src")));
}

/// The code says where its rules are written: each section that it cites is a heading of that file.
#[test]
fn cited_sections_exist() {
    assert_nothing(&citations::dangling(&citations::cited_from()));
}

/// Everything that the crate offers at its root, and for processing evaluations, is shown in use.
#[test]
fn what_is_offered_has_an_example() {
    assert_nothing(&doc_examples::without_example("src/lib.rs", &sources("src")));
    assert_nothing(&doc_examples::without_example("src/schedule/mod.rs", &sources("src")));
}

#[test]
fn no_banned_words() {
    assert_nothing(&shape::banned_words(&sources("src")));
}
