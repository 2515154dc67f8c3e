//! What a real Nomad answered on the same nodes and jobs: see `tests/golden/README.md`.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use stowplan::model::{Allocation, AllocationMetrics, Job, Node};
use stowplan::{
    Algorithm, Explanation, Inventory, NodeVerdict, PlaceOptions, Preemption, ScoreDetail, Verdict,
    place,
};

const TOLERANCE: f64 = 1e-9;

#[derive(Deserialize)]
struct File {
    nodes: Vec<Node>,
    allocs: Vec<Allocation>,
    /// Each is read by itself, since a build without regular expressions refuses some of their jobs.
    cases: Vec<Value>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    algorithm: String,
    preempt: bool,
    job: Job,
    group: String,
    own_allocs: Vec<Allocation>,
    expect: Expected,
}

#[derive(Deserialize)]
struct Expected {
    not_candidates: Vec<String>,
    verdicts: BTreeMap<String, ExpectedVerdict>,
    preemption: Option<BTreeMap<String, ExpectedVerdict>>,
    first: Option<ExpectedCounts>,
    sequence: Vec<Step>,
    sequence_ends: String,
    failed: Option<u32>,
    last: Option<ExpectedCounts>,
}

#[derive(Deserialize)]
struct ExpectedVerdict {
    filtered: Option<String>,
    exhausted: Option<String>,
    scores: Option<BTreeMap<String, f64>>,
    #[serde(rename = "final")]
    mean: Option<f64>,
    victims: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Step {
    node: String,
    score: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ExpectedCounts {
    nodes_evaluated: u64,
    nodes_filtered: u64,
    nodes_exhausted: u64,
    nodes_in_pool: u64,
    nodes_available: BTreeMap<String, u64>,
    class_filtered: BTreeMap<String, u64>,
    constraint_filtered: BTreeMap<String, u64>,
    class_exhausted: BTreeMap<String, u64>,
    dimension_exhausted: BTreeMap<String, u64>,
}

#[test]
fn every_case_agrees() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut failures = String::new();
    let (mut cases, mut failed, mut left_out) = (0, 0, 0);
    for number in 0..11 {
        let path = folder.join(format!("cluster-{number:02}.json"));
        let file: File = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        for case in &file.cases {
            cases += 1;
            let case = match Case::deserialize(case) {
                Ok(case) => case,
                Err(error) if !cfg!(feature = "regexp") => {
                    assert!(error.to_string().contains("feature `regexp`"), "{error}");
                    left_out += 1;
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            let found = check(&file, &case);
            if !found.is_empty() {
                failed += 1;
                writeln!(failures, "{}:\n{}", case.name, found.join("\n")).unwrap();
            }
        }
    }
    assert_eq!(cases, 548);
    println!("{} cases agree, {left_out} need regular expressions", cases - failed - left_out);
    assert!(failures.is_empty(), "{failed} of {cases} cases disagree:\n{failures}");
}

/// Everything in which our answer is not the expected one.
fn check(file: &File, case: &Case) -> Vec<String> {
    let mut found = Vec::new();
    let allocations = file.allocs.iter().chain(&case.own_allocs).cloned();
    let inventory = Inventory::new(file.nodes.iter().cloned())
        .and_then(|inventory| inventory.with_allocations(allocations))
        .unwrap()
        .with_jobs([&case.job]);
    let algorithm = match case.algorithm.as_str() {
        "spread" => Algorithm::Spread,
        _ => Algorithm::Binpack,
    };
    let options = |preemption| {
        PlaceOptions::default()
            .algorithm(algorithm)
            .preemption(preemption)
            .memory_oversubscription(true)
            .score_detail(ScoreDetail::All)
            .explain(true)
    };
    let placement = place(&inventory, &case.job, &options(Preemption::none()));
    let explanation = explanation(&placement, &case.group);
    check_verdicts(case, explanation.nodes(), &mut found);
    if let Some(expected) = &case.expect.preemption {
        let placement = place(&inventory, &case.job, &options(Preemption::all()));
        match self::explanation(&placement, &case.group).with_preemption() {
            Some(nodes) => check_preemption(expected, nodes, &mut found),
            None => found.push("  no verdicts with eviction on".into()),
        }
    } else if case.preempt && explanation.with_preemption().is_some() {
        found.push("  verdicts with eviction on were not expected".into());
    }
    if case.expect.sequence_ends == "system" {
        check_system(case, &placement, &mut found);
    } else {
        check_sequence(case, &placement, &mut found);
        // With all scores shown the nodes are scanned; with the best few they come off a frontier.
        let quick = options(Preemption::none()).score_detail(ScoreDetail::default());
        check_sequence(case, &place(&inventory, &case.job, &quick), &mut found);
    }
    found
}

fn explanation<'a>(placement: &'a stowplan::Placement, group: &str) -> &'a Explanation {
    placement.explanations().iter().find(|it| it.task_group() == group).unwrap()
}

fn check_verdicts(case: &Case, nodes: &[NodeVerdict], found: &mut Vec<String>) {
    for verdict in nodes {
        let id = &verdict.node().id;
        let is_candidate = !matches!(verdict.verdict(), Verdict::NotCandidate(_));
        if is_candidate == case.expect.not_candidates.contains(id) {
            found.push(format!("  {id}: candidate is {is_candidate}"));
        }
        let expected = case.expect.verdicts.get(id);
        let Some(expected) = expected.filter(|_| is_candidate) else { continue };
        let agrees = match verdict.verdict() {
            Verdict::NotCandidate(_) => false,
            Verdict::Filtered(rules) => expected.filtered == rules.first().map(ToString::to_string),
            Verdict::Exhausted(shortages) => {
                expected.exhausted == shortages.first().map(|first| first.dimension.to_string())
            }
            Verdict::Ranked { scores, norm_score, preempts } => {
                let mean = expected.mean.unwrap_or(f64::NAN);
                preempts.is_empty()
                    && near(*norm_score, mean)
                    && same(scores, &expected.scores.clone().unwrap_or_default())
            }
        };
        if !agrees {
            found.push(format!(
                "  {id}: {:?}, not filtered {:?}, exhausted {:?}, scores {:?}, mean {:?}",
                verdict.verdict(),
                expected.filtered,
                expected.exhausted,
                expected.scores,
                expected.mean
            ));
        }
    }
    let ids = nodes.iter().map(|it| it.node().id.clone());
    let ids: Vec<String> = ids.collect();
    for id in case.expect.verdicts.keys().chain(&case.expect.not_candidates) {
        if !ids.contains(id) {
            found.push(format!("  {id}: no verdict"));
        }
    }
}

/// Whether scores are the expected ones, zeros left out.
fn same(scores: &[(&'static str, f64)], expected: &BTreeMap<String, f64>) -> bool {
    let actual: BTreeMap<&str, f64> =
        scores.iter().copied().filter(|(_, score)| *score != 0.0).collect();
    let expected: BTreeMap<&str, f64> = expected
        .iter()
        .map(|(name, score)| (name.as_str(), *score))
        .filter(|(_, score)| *score != 0.0)
        .collect();
    actual.keys().eq(expected.keys())
        && actual.values().zip(expected.values()).all(|(a, b)| near(*a, *b))
}

fn near(actual: f64, expected: f64) -> bool {
    // Some scores are as large as 1e15, where the last bits alone are more than the tolerance.
    (actual - expected).abs() <= TOLERANCE * expected.abs().max(1.0)
}

fn check_preemption(
    expected: &BTreeMap<String, ExpectedVerdict>,
    nodes: &[NodeVerdict],
    found: &mut Vec<String>,
) {
    for verdict in nodes {
        let id = &verdict.node().id;
        let Some(expected) = expected.get(id) else { continue };
        let agrees = match verdict.verdict() {
            Verdict::NotCandidate(_) => false,
            Verdict::Filtered(rules) => expected.filtered == rules.first().map(ToString::to_string),
            Verdict::Exhausted(shortages) => {
                expected.exhausted == shortages.first().map(|first| first.dimension.to_string())
            }
            Verdict::Ranked { scores, preempts, .. } => {
                let score = scores.iter().find(|(name, _)| *name == "preemption");
                let expected_score =
                    expected.scores.as_ref().and_then(|scores| scores.get("preemption"));
                expected.victims.as_ref() == Some(preempts)
                    && match (score, expected_score) {
                        (Some((_, score)), Some(expected)) => near(*score, *expected),
                        (None, None) => true,
                        _ => false,
                    }
            }
        };
        if !agrees {
            found.push(format!(
                "  with eviction {id}: {:?}, not filtered {:?}, exhausted {:?}, victims {:?}",
                verdict.verdict(),
                expected.filtered,
                expected.exhausted,
                expected.victims,
            ));
        }
    }
}

/// A system job is on every node that is ranked.
fn check_system(case: &Case, placement: &stowplan::Placement, found: &mut Vec<String>) {
    let ranked = case.expect.verdicts.iter().filter(|(_, verdict)| verdict.mean.is_some());
    let expected: Vec<&str> = ranked.map(|(id, _)| id.as_str()).collect();
    let mut actual: Vec<&str> = placement.allocations().map(|it| it.node_id()).collect();
    actual.sort_unstable();
    if actual != expected {
        found.push(format!("  placed on {actual:?}, not on {expected:?}"));
    }
}

fn check_sequence(case: &Case, placement: &stowplan::Placement, found: &mut Vec<String>) {
    let expect = &case.expect;
    let placed: Vec<_> = placement.allocations().collect();
    let failed = placement.failed().first();
    let first = placed.first().map(|it| it.metrics());
    let first = first.or_else(|| failed.map(|failed| failed.metrics().clone()));
    if let (Some(expected), Some(actual)) = (&expect.first, &first) {
        check_counts("first", expected, actual, found);
    }
    for (at, step) in expect.sequence.iter().enumerate() {
        let Some(actual) = placed.get(at) else {
            found.push(format!("  placement {at} is missing"));
            return;
        };
        let same_node = step.node.is_empty() || step.node == actual.node_id();
        if !same_node || !near(actual.score(), step.score) {
            let (node, score) = (actual.node_id(), actual.score());
            found.push(format!(
                "  placement {at} on {node} with {score}, not on {} with {}",
                step.node, step.score
            ));
            return;
        }
    }
    match expect.sequence_ends.as_str() {
        "placed" => {
            if placed.len() != expect.sequence.len() || failed.is_some() {
                found.push(format!("  {} placed, failed: {failed:?}", placed.len()));
            }
        }
        "failed" => {
            let unplaced = failed.map(|failed| failed.unplaced());
            if placed.len() != expect.sequence.len() || unplaced != expect.failed {
                found.push(format!("  {} placed, {unplaced:?} failed", placed.len()));
            }
            if let (Some(expected), Some(failed)) = (&expect.last, failed) {
                check_counts("last", expected, failed.metrics(), found);
            }
        }
        "tie" => {}
        other => found.push(format!("  unknown end {other}")),
    }
}

fn check_counts(
    which: &str,
    expected: &ExpectedCounts,
    actual: &AllocationMetrics,
    found: &mut Vec<String>,
) {
    let mut check = |name: &str, expected: Value, actual: Value| {
        if expected != actual {
            found.push(format!("  {which} {name}: {actual}, not {expected}"));
        }
    };
    check("NodesEvaluated", expected.nodes_evaluated.into(), actual.nodes_evaluated.into());
    check("NodesFiltered", expected.nodes_filtered.into(), actual.nodes_filtered.into());
    check("NodesExhausted", expected.nodes_exhausted.into(), actual.nodes_exhausted.into());
    check("NodesInPool", expected.nodes_in_pool.into(), actual.nodes_in_pool.into());
    let mut check_map = |name: &str, expected: &BTreeMap<String, u64>, actual| {
        check(name, serde_json::json!(expected), serde_json::json!(actual));
    };
    check_map("NodesAvailable", &expected.nodes_available, &actual.nodes_available);
    check_map("ClassFiltered", &expected.class_filtered, &actual.class_filtered);
    check_map("ConstraintFiltered", &expected.constraint_filtered, &actual.constraint_filtered);
    check_map("ClassExhausted", &expected.class_exhausted, &actual.class_exhausted);
    check_map("DimensionExhausted", &expected.dimension_exhausted, &actual.dimension_exhausted);
}
