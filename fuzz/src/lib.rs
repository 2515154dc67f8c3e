//! What the targets of `fuzz_targets/` run, built once for all of them.

#[path = "../../tests/fuzzing/mod.rs"]
mod fuzzing;

/// Runs the target of that name on the bytes.
pub fn run(name: &str, data: &[u8]) {
    fuzzing::run(name, data);
}
