//! Fixes are fixes: carried out, they let one more allocation be placed.

use proptest::prelude::*;
use stowplan::model::Job;
use stowplan::{
    Cluster, Explanation, Fix, FixAction, FixError, NotCandidate, PlaceOptions, Verdict,
};

use crate::common::check::{Outcome, check, check_with};
use crate::equivalence::inventory_after;
use stowplan::testing::Feature;
use stowplan::testing::{Recipe, World};

/// The job with one group only, so that nothing else takes what a fix gives.
fn of_group(job: &Job, group: &str) -> Job {
    let only = job.changed(|spec| {
        spec.task_groups.retain(|it| it.name == group);
        spec.all_at_once = false;
    });
    only.unwrap()
}

/// Whether a fix lets one more of a group be placed on a cluster, on as many nodes as it says.
fn helps(fix: &Fix, cluster: &Cluster, job: &Job, group: &str, world: &World) -> Outcome {
    let explanation = cluster.explain(job, group, &world.options).unwrap();
    let verdicts = explanation.with_preemption().unwrap_or(explanation.nodes());
    let ranked =
        verdicts.iter().filter(|it| matches!(it.verdict(), Verdict::Ranked { .. })).count();
    // Where some would do without eviction and others with it, an explanation counts the former.
    let counts_all = explanation.with_preemption().is_some() || !world.may_evict(job);
    let is_right = if counts_all { ranked == fix.nodes() } else { ranked <= fix.nodes() };
    prop_assert!(is_right, "{fix}: {ranked} nodes would do");
    let job = of_group(job, group);
    let placement = cluster.fork().place(&job, &world.options);
    prop_assert!(!placement.is_empty(), "{fix} does not help:\n{explanation}");
    Ok(())
}

/// What every node is to a group, without eviction.
fn verdicts_of(explanation: &Explanation) -> impl Iterator<Item = &Verdict> {
    explanation.nodes().iter().map(|node| node.verdict())
}

/// How many allocations of a group are missing for want of room.
fn without_room(cluster: &Cluster, job: &Job, group: &str, options: &PlaceOptions) -> u32 {
    let placement = cluster.fork().place(&of_group(job, group), options);
    let failed = placement.failed().iter().filter(|it| it.metrics().nodes_exhausted > 0);
    failed.map(|it| it.unplaced()).sum()
}

fn full_of_failures(recipe: Recipe) -> Recipe {
    recipe.with(Feature::Constraints).with(Feature::NotReady).with(Feature::Allocations)
}

/// Places the first job and looks at what failed of it.
fn each_failure(
    world: &World,
    options: &PlaceOptions,
    look: impl Fn(&Cluster, &stowplan::Placement, &stowplan::FailedGroup) -> Outcome,
) -> Outcome {
    let mut cluster = world.cluster();
    let job = world.job().changed(|spec| spec.all_at_once = false).unwrap();
    let placement = cluster.place(&job, options);
    for failed in placement.failed() {
        look(&cluster, &placement, failed)?;
    }
    Ok(())
}

#[test]
fn every_fix_helps_on_a_cluster() {
    check_with(full_of_failures, |world| {
        each_failure(&world, &world.options, |cluster, _, failed| {
            let explanation = failed.explain(cluster);
            for fix in explanation.fixes() {
                let (cluster, job) = fix.apply_to(cluster, failed.job()).unwrap();
                helps(fix, &cluster, &job, failed.name(), &world)?;
            }
            Ok(())
        })
    });
}

#[test]
fn every_fix_helps_on_an_inventory() {
    check_with(full_of_failures, |world| {
        each_failure(&world, &world.options, |cluster, placement, failed| {
            let inventory = inventory_after(&world, &[placement]);
            for fix in failed.explain(cluster).fixes() {
                let (inventory, job) = fix.apply(&inventory, failed.job()).unwrap();
                let cluster = Cluster::from_inventory(&inventory, 0);
                helps(fix, &cluster, &job, failed.name(), &world)?;
            }
            Ok(())
        })
    });
}

#[test]
fn placing_with_explanations_gives_the_same_fixes() {
    check_with(
        |recipe| Recipe { groups: 1, ..full_of_failures(recipe) },
        |world| {
            let options = world.options.clone().explain(true);
            each_failure(&world, &options, |cluster, placement, failed| {
                let while_placing = placement.explanations().last().unwrap();
                let evicted = placement.allocations().any(|it| !it.preempted().is_empty());
                // What was evicted for a placement weighs on whom to evict next, while it lasts.
                if !evicted {
                    let explanation = failed.explain(cluster);
                    prop_assert_eq!(while_placing.fixes(), explanation.fixes());
                }
                Ok(())
            })
        },
    );
}

#[test]
fn whatever_fails_on_nodes_has_a_fix() {
    // Ports held twice can be helped by nothing that a fix does.
    let without_trouble = |recipe: Recipe| full_of_failures(recipe).without(Feature::Overcommit);
    check_with(without_trouble, |world| {
        each_failure(&world, &world.options, |cluster, _, failed| {
            let explanation = failed.explain(cluster);
            let is_served = |it: &stowplan::NodeVerdict| {
                let done = NotCandidate::Done;
                matches!(it.verdict(), Verdict::NotCandidate(reasons) if reasons.contains(&done))
            };
            let all_served = explanation.nodes().iter().all(is_served);
            let verdicts =
                explanation.nodes().iter().chain(explanation.with_preemption().unwrap_or(&[]));
            let any_ranked =
                verdicts.into_iter().any(|it| matches!(it.verdict(), Verdict::Ranked { .. }));
            let expected = !all_served && !any_ranked;
            let has_fixes = !explanation.fixes().is_empty();
            // Dropping what one node is short of may let others run the group that have no room, and
            // other groups of the job may take what room a fix makes.
            let may_trade = failed.job().job_type().is_system()
                && (failed.job().task_groups.len() > 1
                    || verdicts_of(&explanation).any(|it| matches!(it, Verdict::Filtered(_))));
            prop_assert!(has_fixes == expected || !has_fixes && may_trade, "{explanation}");
            Ok(())
        })
    });
}

#[test]
fn fixes_are_few_and_the_smallest_come_first() {
    check_with(full_of_failures, |world| {
        each_failure(&world, &world.options, |cluster, _, failed| {
            let explanation = failed.explain(cluster);
            let fixes = explanation.fixes();
            prop_assert!(fixes.len() <= 10);
            // Of a system job those come first that leave fewest allocations missing.
            let is_system = failed.job().job_type().is_system();
            let sizes = fixes.iter().map(|fix| fix.actions().len());
            prop_assert!(is_system || sizes.is_sorted());
            let whole = explanation.to_string();
            for (at, fix) in fixes.iter().enumerate() {
                prop_assert!(fix.nodes() > 0 && !fix.actions().is_empty());
                prop_assert!(!fixes[..at].contains(fix));
                prop_assert!(whole.contains(&fix.to_string()));
                let json = serde_json::to_value(fix.actions()).unwrap();
                prop_assert!(json.as_array().unwrap().iter().all(|it| it["Kind"].is_string()));
            }
            Ok(())
        })
    });
}

#[test]
fn fixes_evict_only_what_may_be_evicted() {
    check_with(
        |recipe| full_of_failures(recipe).without(Feature::Preemption),
        |world| {
            each_failure(&world, &world.options, |cluster, _, failed| {
                let explanation = failed.explain(cluster);
                for action in explanation.fixes().iter().flat_map(|fix| fix.actions()) {
                    let FixAction::Evict { node, allocations, names } = action else { continue };
                    prop_assert_eq!(allocations.len(), names.len());
                    prop_assert!(allocations.is_sorted());
                    for id in allocations {
                        let victim = world.allocations.iter().find(|it| it.id == *id).unwrap();
                        let priority = victim.job.as_ref().and_then(|job| job.priority);
                        prop_assert_eq!(&victim.node_id, node);
                        prop_assert!(failed.job().priority() - priority.unwrap_or(50) >= 10);
                    }
                }
                Ok(())
            })
        },
    );
}

#[test]
fn where_a_node_would_do_there_is_nothing_to_fix() {
    check(|world| {
        let cluster = world.cluster();
        for job in &world.jobs {
            for group in &job.task_groups {
                let explanation = cluster.explain(job, &group.name, &world.options).unwrap();
                let nodes = explanation.nodes().iter();
                if nodes.clone().any(|it| matches!(it.verdict(), Verdict::Ranked { .. })) {
                    prop_assert!(explanation.fixes().is_empty());
                }
            }
        }
        Ok(())
    });
}

#[test]
fn a_fix_for_something_else_is_an_error() {
    check_with(full_of_failures, |world| {
        each_failure(&world, &world.options, |cluster, _, failed| {
            for fix in failed.explain(cluster).fixes() {
                let job = failed.job();
                let other = job.changed(|spec| spec.id = "another".into()).unwrap();
                let is_other =
                    matches!(fix.apply_to(cluster, &other), Err(FixError::OtherJob { .. }));
                prop_assert!(is_other);
                let changes_nodes = fix.actions().iter().any(|action| !action.nodes().is_empty());
                let empty = Cluster::new([]).unwrap();
                prop_assert_eq!(fix.apply_to(&empty, job).is_err(), changes_nodes);
                let error = fix.apply_to(&empty, job).err().map(|it| it.to_string());
                prop_assert!(error.is_none_or(|it| it.contains('`')));
            }
            Ok(())
        })
    });
}

#[test]
fn fixes_of_system_jobs_leave_fewer_allocations_missing() {
    let recipe = |recipe: Recipe| full_of_failures(recipe).with(Feature::SystemJobs);
    check_with(recipe, |world| {
        each_failure(&world, &world.options, |cluster, _, failed| {
            let before = without_room(cluster, failed.job(), failed.name(), &world.options);
            if !failed.job().job_type().is_system() || before == 0 {
                return Ok(());
            }
            let mut least = 0;
            for fix in failed.explain(cluster).fixes() {
                let other_nodes = fix.actions().iter().any(|action| {
                    matches!(
                        action,
                        FixAction::AllowDatacenter { .. }
                            | FixAction::UsePool { .. }
                            | FixAction::MakeReady { .. }
                            | FixAction::DropConstraint { .. }
                            | FixAction::AddDriver { .. }
                    )
                });
                prop_assert!(!other_nodes, "{fix}");
                let (cluster, job) = fix.apply_to(cluster, failed.job()).unwrap();
                let after = without_room(&cluster, &job, failed.name(), &world.options);
                prop_assert!(after < before, "{fix}: {before} were missing, {after} would be");
                // One more placement may keep others off by the property that they share.
                let is_distinct = format!("{job:?}").contains("DistinctProperty");
                prop_assert!(is_distinct || least <= after, "{fix}: a later one leaves fewer");
                least = after;
            }
            Ok(())
        })
    });
}

#[test]
fn fixes_say_what_comes_of_a_job_that_is_placed_whole() {
    check_with(full_of_failures, |world| {
        let job = world.job().changed(|spec| spec.all_at_once = true).unwrap();
        let before = world.cluster();
        let mut cluster = before.fork();
        let placement = cluster.place(&job, &world.options.clone().explain(true));
        for failed in placement.failed() {
            let explanation = failed.explain(&cluster);
            let while_placing = placement.explanations().last().unwrap();
            let fixes = explanation.fixes();
            prop_assert!(fixes.iter().map(|fix| fix.fails_next().is_some()).is_sorted());
            for fix in fixes.iter().chain(while_placing.fixes()) {
                let (mut cluster, job) = fix.apply_to(&before, &job).unwrap();
                let placement = cluster.place(&job, &world.options);
                let next = placement.failed().first().map(|it| it.name().to_owned());
                prop_assert_eq!(fix.fails_next(), next.as_deref(), "{}", fix);
                prop_assert_eq!(fix.to_string().ends_with(')'), next.is_some(), "{}", fix);
            }
        }
        Ok(())
    });
}
