//! The engine against a slow, obvious model of it: random sequences of commands, of each of which the model
//! says beforehand whether it is accepted or which error it gets, and after each of which jobs, versions,
//! statuses, nodes and what is wanted of every group are as the model says.
//!
//! `STOWPLAN_SEQUENCES=n` says how many sequences are tried, `STOWPLAN_SEED=n` from which seed on (a failure names
//! its own), `STOWPLAN_STEPS=n` how long each is, and `STOWPLAN_NODES=n` of how many nodes the simulated week is.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads its environment, says what it tried and fails by panicking"
)]

mod compare;
mod facts;
mod jobs;
mod launches;
mod looks;
mod model;
mod nodes;
mod outside;
mod rest;
mod run;
mod runs;
mod system;
mod week;

use stowplan::testing::Step;

use crate::run::{Tried, run};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// What an error says, without what differs from one time to another.
fn gist(error: &str) -> String {
    let kinds = ["is looked at:", "the answer is", "its versions are", "was forgotten"];
    let kind = kinds.into_iter().find(|kind| error.contains(*kind));
    let last = kind.unwrap_or_else(|| error.rsplit(": ").next().unwrap_or_default());
    last.chars().filter(|sign| sign.is_alphabetic()).collect()
}

/// The fewest steps found that still fail in the same way: ever smaller parts are left out.
fn shrunk(mut steps: Vec<Step>, is_outside: bool, error: &str) -> Vec<Step> {
    let mut size = steps.len() / 2;
    let mut tries = 150_i32;
    while size > 0 && tries > 0 {
        let mut at = 0;
        while at < steps.len() && tries > 0 {
            tries -= 1;
            let mut fewer = steps.clone();
            fewer.drain(at..(at + size).min(steps.len()));
            match run(&fewer, is_outside, &mut Tried::default()) {
                Err(other) if gist(&other) == gist(error) => steps = fewer,
                _ => at += size,
            }
        }
        size /= 2;
    }
    steps
}

#[test]
fn an_engine_does_what_the_model_says() {
    let seed = number("STOWPLAN_SEED");
    let sequences = number("STOWPLAN_SEQUENCES").unwrap_or(if seed.is_some() { 1 } else { 3 });
    let first = seed.unwrap_or(1);
    let length = number("STOWPLAN_STEPS").unwrap_or(220) as usize;
    let mut tried = Tried::default();
    for seed in first..first + sequences {
        let steps = Step::sequence(seed, length);
        // Every other engine leaves batch jobs to a scheduler outside.
        let is_outside = seed % 2 == 1;
        let Err(error) = run(&steps, is_outside, &mut tried) else { continue };
        let fewest = shrunk(steps, is_outside, &error);
        let again = run(&fewest, is_outside, &mut Tried { is_shown: true, ..Tried::default() });
        panic!("STOWPLAN_SEED={seed}: {error}\nwith {} steps: {again:?}", fewest.len());
    }
    println!("{sequences} sequences from seed {first}: {tried:#?}");
}
