//! What fuzzing tries: each target takes any bytes and panics if something is wrong.
//!
//! `fuzz/` gives it the bytes of libFuzzer; `tests/fuzz_replay.rs` those that were found worth keeping,
//! and some at random.

mod check;
mod commands;
mod documents;
mod engine;
#[cfg(feature = "hcl")]
mod hcl;
mod in_use;
mod languages;
mod place;
#[cfg(feature = "http")]
mod requests;
mod situations;

/// A target.
pub(crate) type Target = fn(&[u8]);

/// All targets by name.
pub(crate) const TARGETS: &[(&str, Target)] = &[
    ("allocation", documents::allocation),
    ("commands", commands::commands),
    ("constraint", languages::constraint),
    ("engine", engine::engine),
    ("evaluate", situations::evaluate),
    #[cfg(feature = "hcl")]
    ("hcl", hcl::job),
    ("job", documents::job),
    ("node", documents::node),
    ("place", place::place),
    ("reconcile", situations::reconcile),
    ("replay", engine::replay),
    #[cfg(feature = "http")]
    ("requests", requests::requests),
    ("saved", engine::saved),
];

/// Runs a target.
pub(crate) fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(target, _)| *target == name);
    target.unwrap_or_else(|| panic!("there is no target `{name}`")).1(data);
}
