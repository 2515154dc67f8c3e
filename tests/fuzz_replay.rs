//! The targets of `fuzz/` without the fuzzer: what it found worth keeping, and bytes at random.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and is set by its environment"
)]

mod fuzzing;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use stowplan::testing::Random;

/// Runs one input, and says which one it was if that fails.
fn replay(target: &str, name: &str, data: &[u8]) {
    let run = AssertUnwindSafe(|| fuzzing::run(target, data));
    if catch_unwind(run).is_err() {
        panic!("the target `{target}` fails on {name}: {data:?}");
    }
}

#[test]
fn kept_inputs() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz_corpus");
    for (target, _) in fuzzing::TARGETS {
        let folder = fs::read_dir(corpus.join(target)).unwrap();
        let mut paths: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        assert!(!paths.is_empty(), "no input is kept for `{target}`");
        for path in paths {
            replay(target, &path.display().to_string(), &fs::read(&path).unwrap());
        }
    }
}

/// Bytes that differ by number and length.
fn random(seed: u64) -> Vec<u8> {
    let mut random = Random::from_state(seed);
    let length = random.next() % 700;
    (0..length).map(|_| random.next() as u8).collect()
}

/// How many random inputs are tried: a few by default, since `STOWPLAN_FUZZ_INPUTS` may say more.
fn inputs() -> u64 {
    std::env::var("STOWPLAN_FUZZ_INPUTS").map_or(50, |text| text.parse().unwrap())
}

#[test]
fn random_commands() {
    for seed in 0..inputs() {
        replay("commands", &format!("seed {seed}"), &random(seed));
    }
}

#[test]
fn random_commands_to_an_engine() {
    for seed in 0..inputs() {
        replay("engine", &format!("seed {seed}"), &random(seed));
    }
}

#[test]
fn random_changes_of_saved_states() {
    for seed in 0..inputs() {
        replay("saved", &format!("seed {seed}"), &random(seed));
    }
}

#[test]
fn random_placements() {
    for seed in 0..inputs() * 2 {
        replay("place", &format!("seed {seed}"), &random(seed));
    }
}

#[test]
fn random_constraints() {
    for seed in 0..inputs() * 6 {
        replay("constraint", &format!("seed {seed}"), &random(seed));
    }
}

#[test]
fn random_states_of_a_job() {
    for seed in 0..inputs() * 6 {
        replay("reconcile", &format!("seed {seed}"), &random(seed));
    }
}

#[cfg(feature = "http")]
#[test]
fn random_requests() {
    // Requests that are kept, with bytes of them changed: those of nothing but random bytes are hardly any.
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz_corpus/requests");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for seed in 0..inputs() {
        let path = &paths[seed as usize % paths.len()];
        let mut data = fs::read(path).unwrap();
        let mut random = Random::from_state(seed);
        for _ in 0..1 + random.next() % 8 {
            let at = random.next() as usize % data.len();
            match random.next() % 4 {
                0 => data[at] ^= 1 << (random.next() % 8),
                1 => drop(data.remove(at)),
                2 => data.insert(at, random.next() as u8),
                _ => {
                    let end = (at + random.next() as usize % 40).min(data.len());
                    let piece = data[at..end].to_vec();
                    let to = random.next() as usize % data.len();
                    data.splice(to..to, piece);
                }
            }
        }
        replay("requests", &format!("seed {seed}"), &data);
    }
}
