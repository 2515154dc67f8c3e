//! Explanations say what placing does.

use indexmap::IndexMap;
use proptest::prelude::*;
use stowplan::model::AllocationMetrics;
use stowplan::{Dimension, NodeVerdict, ScoreDetail, Stage, Verdict};

use crate::common::check::{Outcome, check};

fn scores_of(nodes: &[NodeVerdict]) -> Vec<(&str, f64)> {
    let ranked = nodes.iter().filter_map(|node| match node.verdict() {
        Verdict::Ranked { norm_score, .. } => Some((node.node().id.as_str(), *norm_score)),
        _ => None,
    });
    ranked.collect()
}

/// Whether metrics count what verdicts say.
fn counts_agree(metrics: &AllocationMetrics, nodes: &[NodeVerdict]) -> Outcome {
    let [mut filtered, mut exhausted] = [(); 2].map(|()| IndexMap::<String, u64>::new());
    let mut evaluated = 0;
    for node in nodes {
        evaluated += u64::from(!matches!(node.verdict(), Verdict::NotCandidate(_)));
        match node.verdict() {
            Verdict::Filtered(rules) => {
                *filtered.entry(rules[0].to_string()).or_default() += 1;
            }
            Verdict::Exhausted(shortages) => {
                *exhausted.entry(shortages[0].dimension.to_string()).or_default() += 1;
            }
            Verdict::NotCandidate(reasons) => prop_assert!(!reasons.is_empty()),
            Verdict::Ranked { .. } => {}
        }
    }
    prop_assert_eq!(metrics.nodes_evaluated, evaluated);
    prop_assert_eq!(&metrics.constraint_filtered, &filtered);
    prop_assert_eq!(&metrics.dimension_exhausted, &exhausted);
    Ok(())
}

#[test]
fn the_first_placement_is_the_best_that_is_explained() {
    check(|world| {
        let job = world.job();
        let options = world.options.clone().explain(true).score_detail(ScoreDetail::All);
        let placement = world.cluster().place(job, &options);
        for explanation in placement.explanations() {
            prop_assert_eq!(explanation.nodes().len(), world.nodes.len());
            let ids = || explanation.nodes().iter().map(|it| &it.node().id);
            prop_assert!(ids().is_sorted());
            let group = explanation.task_group();
            let mut placed = placement.allocations().filter(|it| it.task_group() == group);
            let (first, is_system) = (placed.next(), job.job_type().is_system());
            let verdicts = explanation.with_preemption().unwrap_or(explanation.nodes());
            let mut scores = scores_of(verdicts);
            let Some(first) = first.filter(|_| !is_system) else { continue };
            let best = scores.iter().map(|(_, score)| *score).fold(f64::MIN, f64::max);
            prop_assert_eq!(first.score().to_bits(), best.to_bits());
            prop_assert!(scores.contains(&(first.node_id(), best)));
            counts_agree(&first.metrics(), verdicts)?;
            // All scores are those of the ranked nodes.
            let metrics = first.metrics();
            let shown =
                metrics.score_meta_data.iter().map(|it| (it.node_id.as_str(), it.norm_score));
            let mut shown: Vec<(&str, f64)> = shown.collect();
            shown.sort_by(|a, b| a.0.cmp(b.0));
            scores.sort_by(|a, b| a.0.cmp(b.0));
            prop_assert_eq!(shown, scores);
        }
        Ok(())
    });
}

#[test]
fn a_failure_with_nothing_placed_is_what_is_explained() {
    check(|world| {
        let job = world.job();
        let options = world.options.clone().explain(true);
        let placement = world.cluster().place(job, &options);
        if job.job_type().is_system() || (job.all_at_once && !placement.is_complete()) {
            return Ok(());
        }
        for failed in placement.failed() {
            let group = failed.name();
            let explanations = placement.explanations().iter();
            let explanation = explanations.clone().find(|it| it.task_group() == group).unwrap();
            if placement.allocations().all(|it| it.task_group() != group) {
                let verdicts = explanation.with_preemption().unwrap_or(explanation.nodes());
                prop_assert!(scores_of(verdicts).is_empty());
                counts_agree(failed.metrics(), verdicts)?;
            }
        }
        Ok(())
    });
}

#[test]
fn an_explanation_is_of_the_next_placement() {
    check(|world| {
        let job = world.job();
        if job.job_type().is_system() {
            return Ok(());
        }
        let cluster = world.cluster();
        let group = &job.task_groups[0];
        let explanation = cluster.explain(job, &group.name, &world.options).unwrap();
        let placement = cluster.fork().place(job, &world.options.clone().explain(true));
        let of_placing = placement.explanations().first().unwrap();
        prop_assert!(
            explanation
                .nodes()
                .iter()
                .map(NodeVerdict::verdict)
                .eq(of_placing.nodes().iter().map(NodeVerdict::verdict))
        );
        prop_assert!(cluster.explain(job, "no such group", &world.options).is_none());
        Ok(())
    });
}

#[test]
fn every_reason_is_given_and_the_first_is_counted() {
    check(|world| {
        for job in &world.jobs {
            for group in &job.task_groups {
                let explanation =
                    world.cluster().explain(job, &group.name, &world.options).unwrap();
                for node in explanation.nodes() {
                    match node.verdict() {
                        Verdict::Filtered(rules) => {
                            let texts = rules.iter().map(ToString::to_string);
                            let mut each: Vec<String> = texts.collect();
                            each.sort();
                            each.dedup();
                            prop_assert!(!rules.is_empty() && each.len() == rules.len());
                        }
                        Verdict::Exhausted(shortages) => {
                            prop_assert!(!shortages.is_empty());
                            for shortage in &shortages[1..] {
                                prop_assert!(shortage.asked > shortage.free);
                            }
                            // What a request may have that finds no match is counted, and is too little.
                            let first = &shortages[0];
                            if first.dimension == Dimension::NoMatchingDevices {
                                prop_assert!(first.free.is_some() && first.asked > first.free);
                                prop_assert!(first.used.is_some_and(|used| used >= 0));
                            }
                        }
                        Verdict::NotCandidate(reasons) => prop_assert!(!reasons.is_empty()),
                        Verdict::Ranked { preempts, .. } => prop_assert!(preempts.is_empty()),
                    }
                    let text = node.to_string();
                    prop_assert!(text.contains(&node.node().name) && !text.contains('\n'));
                }
            }
        }
        Ok(())
    });
}

/// What is said of one node, check by check, is what is said of it among all: it would do exactly where it
/// passes all checks, and what fails is of the stage that the verdict is about.
#[test]
fn the_checks_of_a_node_come_to_its_verdict() {
    check(|world| {
        let (cluster, job) = (world.cluster(), world.job());
        let group = &job.task_groups[0].name;
        let explanation = cluster.explain(job, group, &world.options).unwrap();
        for verdict in explanation.nodes() {
            let id = &verdict.node().id;
            let node = cluster.explain_node(job, group, id, &world.options).unwrap();
            prop_assert_eq!(node.verdict(), verdict.verdict());
            let failed = node.checks().iter().filter(|check| !check.passes);
            let first = failed.map(|check| check.stage).min();
            let expected = match verdict.verdict() {
                Verdict::NotCandidate(_) => Some(Stage::Candidate),
                Verdict::Filtered(_) => Some(Stage::Feasibility),
                Verdict::Exhausted(_) => Some(Stage::Room),
                Verdict::Ranked { .. } => None,
            };
            prop_assert_eq!(first, expected, "{}", node);
            if let Some(nodes) = explanation.with_preemption() {
                let of_node = nodes.iter().find(|it| it.node().id == *id).unwrap();
                let alone = node.with_preemption().unwrap_or(node.verdict());
                prop_assert_eq!(alone, of_node.verdict());
            }
        }
        prop_assert!(cluster.explain_node(job, group, "no such node", &world.options).is_none());
        Ok(())
    });
}
