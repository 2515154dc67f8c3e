//! Eviction: of whom, when, and that it is enough.

use proptest::prelude::*;
use stowplan::{Placement, Preemption, Verdict};

use crate::common::check::check_with;
use stowplan::testing::Feature;
use stowplan::testing::{Recipe, World};

fn with_eviction(recipe: Recipe) -> Recipe {
    recipe.with(Feature::Preemption).with(Feature::Allocations)
}

fn place(world: &World, preemption: Preemption) -> Placement {
    let options = world.options.clone().preemption(preemption).explain(true);
    world.cluster().place(world.job(), &options)
}

#[test]
fn only_lower_priorities_of_other_jobs_are_evicted_and_each_once() {
    check_with(with_eviction, |world| {
        let placement = place(&world, Preemption::all());
        let mut all = Vec::new();
        for placed in placement.allocations() {
            let victims = placed.preempted();
            prop_assert!(victims.is_sorted());
            prop_assert_eq!(&placed.to_allocation().preempted_allocations, victims);
            for id in victims {
                let victim = world.allocations.iter().find(|it| it.id == *id).unwrap();
                let known = world.jobs.iter().find(|it| it.id == victim.job_id);
                let priority = victim.job.as_ref().map(|job| job.priority());
                let priority = priority.or(known.map(|job| job.priority())).unwrap_or(50);
                prop_assert!(world.job().priority() - priority >= 10);
                let is_own = victim.job_id == world.job().id;
                prop_assert!(!is_own);
                prop_assert_eq!(&victim.node_id, placed.node_id());
                all.push(id.clone());
            }
        }
        let count = all.len();
        all.sort();
        all.dedup();
        prop_assert_eq!(all.len(), count);
        Ok(())
    });
}

#[test]
fn nothing_is_evicted_where_a_node_would_do_without() {
    check_with(with_eviction, |world| {
        let placement = place(&world, Preemption::all());
        if world.job().job_type().is_system() {
            return Ok(());
        }
        for explanation in placement.explanations() {
            let would_do =
                |it: &stowplan::NodeVerdict| matches!(it.verdict(), Verdict::Ranked { .. });
            let any = explanation.nodes().iter().any(would_do);
            prop_assert_eq!(explanation.with_preemption().is_some(), !any);
            let group = explanation.task_group();
            let first = placement.allocations().find(|it| it.task_group() == group);
            if let Some(first) = first {
                prop_assert_eq!(first.preempted().is_empty(), any);
            }
        }
        Ok(())
    });
}

#[test]
fn with_eviction_at_least_as_many_groups_begin() {
    check_with(
        |recipe| Recipe { groups: 1, ..with_eviction(recipe).without(Feature::AllAtOnce) },
        |world| {
            let without = place(&world, Preemption::none());
            let with = place(&world, Preemption::all());
            prop_assert!(without.allocations().all(|it| it.preempted().is_empty()));
            prop_assert!(with.is_empty() <= without.is_empty());
            // As long as nothing is evicted, both do the same.
            let free = with.allocations().take_while(|it| it.preempted().is_empty());
            for (with, without) in free.zip(without.allocations()) {
                prop_assert_eq!(with.node_id(), without.node_id());
            }
            Ok(())
        },
    );
}

#[test]
fn what_is_evicted_says_so() {
    check_with(with_eviction, |world| {
        let mut cluster = world.cluster();
        let placement = cluster.place(world.job(), &world.options);
        for placed in placement.allocations() {
            for id in placed.preempted() {
                let victim = cluster.allocation(id).unwrap();
                prop_assert_eq!(victim.desired_status.as_str(), "evict");
                prop_assert_eq!(victim.preempted_by_allocation, placed.id());
            }
        }
        let evicted = cluster.allocations().filter(|it| it.desired_status == "evict").count();
        let victims: usize = placement.allocations().map(|it| it.preempted().len()).sum();
        prop_assert_eq!(evicted, victims);
        Ok(())
    });
}

#[test]
fn the_verdict_names_the_victims() {
    check_with(with_eviction, |world| {
        let placement = place(&world, Preemption::all());
        // Nodes are not ranked by it for system jobs.
        let is_scored = !world.job().job_type().is_system();
        for explanation in placement.explanations() {
            let group = explanation.task_group();
            let mut placed = placement.allocations().filter(|it| it.task_group() == group);
            let (Some(first), Some(verdicts)) = (placed.next(), explanation.with_preemption())
            else {
                continue;
            };
            let on_node = verdicts.iter().find(|it| it.node().id == first.node_id()).unwrap();
            let Verdict::Ranked { preempts, scores, .. } = on_node.verdict() else {
                return Err(TestCaseError::fail("placed on a node that would not do"));
            };
            prop_assert_eq!(preempts.as_slice(), first.preempted());
            let score = scores.iter().find(|(name, _)| *name == "preemption");
            prop_assert_eq!(score.is_some(), is_scored && !preempts.is_empty());
            prop_assert!(score.is_none_or(|(_, score)| (0.0..1.0).contains(score)));
        }
        Ok(())
    });
}
