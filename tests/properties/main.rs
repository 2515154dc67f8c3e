//! What always holds, whatever the world: tried on many worlds made from seeds, through the public API
//! alone. `PROPTEST_CASES` sets how many, `PROPTEST_RNG_SEED` which.

#![allow(clippy::panic, clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod changes;
mod commits;
mod counts;
mod determinism;
mod devices;
mod equivalence;
mod evaluations;
mod explanation;
mod fixes;
mod forks;
mod optimistic;
mod plans;
mod preemption;
mod refusals;
mod requests;
mod resources;
mod room;
mod worlds;

use std::fmt::Write as _;

use proptest::prelude::TestCaseError;
use stowplan::model::Allocation;
use stowplan::{Cluster, Placement};

use crate::common::check::Outcome;

/// Whether two texts are the same; where they are not, only the place is shown.
pub(crate) fn same(one: &str, other: &str) -> Outcome {
    let differs = one.bytes().zip(other.bytes()).position(|(a, b)| a != b);
    let at = match differs {
        None if one.len() == other.len() => return Ok(()),
        None => one.len().min(other.len()),
        Some(at) => at,
    };
    let around = |text: &str| {
        let bytes = &text.as_bytes()[at.saturating_sub(120)..(at + 120).min(text.len())];
        String::from_utf8_lossy(bytes).into_owned()
    };
    Err(TestCaseError::fail(format!("one:   {}\nother: {}", around(one), around(other))))
}

/// Everything a placement says, as text.
pub(crate) fn exact_bytes(placement: &Placement) -> String {
    written(placement, |document| document)
}

/// Everything a placement says but for indexes and what is made of them: these count what happened
/// before, which may have been the same in other steps.
pub(crate) fn bytes(placement: &Placement) -> String {
    written(placement, |document| {
        let id = if document.node_id.is_empty() { String::new() } else { document.id };
        Allocation { id, create_index: 0, modify_index: 0, alloc_modify_index: 0, ..document }
    })
}

fn written(placement: &Placement, change: impl Fn(Allocation) -> Allocation) -> String {
    let mut bytes = String::new();
    for allocation in placement.allocations() {
        let document = change(allocation.to_allocation());
        let document = serde_json::to_string(&document).unwrap();
        writeln!(bytes, "{document} {:?}", allocation.score().to_bits()).unwrap();
    }
    for failed in placement.failed() {
        let document = failed.to_allocation().map(&change);
        let document = serde_json::to_string(&document).unwrap();
        let metrics = serde_json::to_string(failed.metrics()).unwrap();
        writeln!(bytes, "{document} {metrics} {} {failed}", failed.unplaced()).unwrap();
    }
    for explanation in placement.explanations() {
        writeln!(bytes, "{explanation:?}\n{explanation}").unwrap();
    }
    bytes
}

/// Where a placement puts what, and by which score: all that is chosen.
pub(crate) fn choices(placement: &Placement) -> Vec<(String, String, u64, Vec<String>)> {
    let choice = |it: stowplan::PlacedAllocation<'_>| {
        let victims = it.preempted().to_vec();
        (it.name(), it.node_id().to_owned(), it.score().to_bits(), victims)
    };
    placement.allocations().map(choice).collect()
}

/// What was chosen and counted, without identities and ports, which go by the order of allocations.
pub(crate) fn decisions(placement: &Placement) -> String {
    let metrics = |it: &stowplan::model::AllocationMetrics| serde_json::to_string(it).unwrap();
    let placed = placement.allocations().map(|it| metrics(&it.metrics()));
    let failed = placement.failed().iter().map(|it| metrics(it.metrics()));
    let chosen = choices(placement).into_iter().map(|choice| format!("{choice:?}"));
    chosen.chain(placed).chain(failed).collect::<Vec<_>>().join("\n")
}

/// All allocations of a cluster by identity, as text.
pub(crate) fn contents(cluster: &Cluster) -> String {
    assert_eq!(cluster.check(), Ok(()));
    let mut allocations: Vec<Allocation> = cluster.allocations().collect();
    allocations.sort_by(|a, b| a.id.cmp(&b.id));
    let lines = allocations.iter().map(|it| serde_json::to_string(it).unwrap());
    lines.collect::<Vec<_>>().join("\n")
}
