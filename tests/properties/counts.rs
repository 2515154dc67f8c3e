//! How many are placed, under which names, on which nodes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use stowplan::model::{Allocation, ClientStatus, Job, JobType, Operand};
use stowplan::{Placement, Preemption, ScoreDetail};

use crate::choices;
use crate::common::check::{check, check_with};
use stowplan::testing::Feature;
use stowplan::testing::World;

/// The allocations of a group of a job, before anything is placed.
fn own<'a>(world: &'a World, job: &'a Job, group: &'a str) -> impl Iterator<Item = &'a Allocation> {
    world.allocations.iter().filter(move |it| {
        let namespace = if it.namespace.is_empty() { "default" } else { &it.namespace };
        it.job_id == job.id && namespace == job.namespace && it.task_group == group
    })
}

/// The live ones of them.
fn live<'a>(
    world: &'a World,
    job: &'a Job,
    group: &'a str,
) -> impl Iterator<Item = &'a Allocation> {
    own(world, job, group).filter(|it| !it.is_terminal())
}

/// Those that fill a place of the count: live ones, and of a batch job what has completed.
fn filled<'a>(
    world: &'a World,
    job: &'a Job,
    group: &'a str,
) -> impl Iterator<Item = &'a Allocation> {
    let is_done_once = job.job_type() == JobType::Batch;
    own(world, job, group).filter(move |it| {
        !it.is_terminal() || (is_done_once && it.client() == ClientStatus::Complete)
    })
}

fn placed_of<'a>(placement: &'a Placement, group: &'a str) -> Vec<stowplan::PlacedAllocation<'a>> {
    placement.allocations().filter(|it| it.task_group() == group).collect()
}

fn index_of(name: &str) -> Option<u32> {
    name.strip_suffix(']')?.rsplit_once('[')?.1.parse().ok()
}

#[test]
fn placed_and_unplaced_are_what_is_missing() {
    check(|world| {
        let job = world.job();
        let placement = world.cluster().place(job, &world.options);
        let gave_up = job.all_at_once && !placement.is_complete();
        for group in job.task_groups.iter().filter(|_| !job.job_type().is_system() && !gave_up) {
            let there = filled(&world, job, &group.name).count() as u32;
            let placed = placed_of(&placement, &group.name).len() as u32;
            let failed = placement.failed().iter().find(|it| it.name() == group.name);
            let unplaced = failed.map_or(0, |failed| failed.unplaced());
            prop_assert_eq!(placed + unplaced, group.count().saturating_sub(there));
            if let Some(failed) = failed {
                prop_assert!(unplaced > 0);
                prop_assert_eq!(failed.metrics().coalesced_failures, u64::from(unplaced) - 1);
            }
        }
        Ok(())
    });
}

#[test]
fn names_are_the_lowest_that_are_free() {
    check_with(
        |recipe| recipe.with(Feature::Allocations).with(Feature::OwnAllocations),
        |world| {
            let job = world.job();
            let placement = world.cluster().place(job, &world.options);
            for group in job.task_groups.iter().filter(|_| !job.job_type().is_system()) {
                let taken: Vec<u32> =
                    filled(&world, job, &group.name).filter_map(|it| index_of(&it.name)).collect();
                let expected = (0..group.count()).filter(|index| !taken.contains(index));
                let placed = placed_of(&placement, &group.name);
                for (placed, expected) in placed.iter().zip(expected) {
                    let name = format!("{}.{}[{expected}]", job.id, group.name);
                    prop_assert_eq!(placed.name(), name);
                }
            }
            Ok(())
        },
    );
}

#[test]
fn identities_are_unique_and_lead_back() {
    check(|world| {
        let mut cluster = world.cluster();
        let mut ids: Vec<String> = world.allocations.iter().map(|it| it.id.clone()).collect();
        for job in &world.jobs {
            let placement = cluster.place(job, &world.options);
            for placed in placement.allocations() {
                let document = cluster.allocation(&placed.id());
                prop_assert_eq!(document.map(|it| it.name), Some(placed.name()));
                ids.push(placed.id());
            }
        }
        prop_assert_eq!(ids.len(), cluster.allocation_count());
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), cluster.allocation_count());
        Ok(())
    });
}

#[test]
fn what_is_placed_is_not_placed_again() {
    check(|world| {
        let job = world.job();
        let mut cluster = world.cluster();
        let first = cluster.place(job, &world.options);
        let count = cluster.allocation_count();
        let second = cluster.place(job, &world.options);
        if first.is_complete() {
            prop_assert!(second.is_complete() && second.is_empty());
        }
        // What did not fit does not fit now either, unless the first placement evicted something.
        let evicted = first.allocations().any(|it| !it.preempted().is_empty());
        if !evicted && job.task_groups.len() == 1 {
            prop_assert_eq!(second.len(), 0);
            prop_assert_eq!(cluster.allocation_count(), count);
        }
        Ok(())
    });
}

#[test]
fn nodes_are_ready_in_the_pool_and_the_datacenters() {
    check_with(
        |recipe| recipe.with(Feature::NotReady),
        |world| {
            let job = world.job();
            let placement = world.cluster().place(job, &world.options);
            for placed in placement.allocations() {
                let node = placed.node();
                prop_assert!(node.is_ready());
                prop_assert!(job.node_pool == "all" || job.node_pool == node.node_pool);
                let is_in = |entry: &String| {
                    entry.strip_suffix('*').is_some_and(|start| node.datacenter.starts_with(start))
                        || *entry == node.datacenter
                };
                prop_assert!(job.datacenters.iter().any(is_in));
            }
            Ok(())
        },
    );
}

#[test]
fn plain_constraints_and_drivers_hold() {
    check_with(
        |recipe| recipe.with(Feature::Constraints),
        |world| {
            let job = world.job();
            let placement = world.cluster().place(job, &world.options);
            for placed in placement.allocations() {
                let (group, node) = (job.group(placed.task_group()).unwrap(), placed.node());
                let of_tasks = group.tasks.iter().flat_map(|task| &task.constraints);
                for rule in job.constraints.iter().chain(&group.constraints).chain(of_tasks) {
                    let key =
                        rule.l_target.strip_prefix("${attr.").and_then(|it| it.strip_suffix('}'));
                    let Some(key) = key.filter(|_| !rule.is_soft()) else { continue };
                    let value = node.attributes.get(key);
                    match rule.operand {
                        Operand::Eq | Operand::EqEq => prop_assert_eq!(value, Some(&rule.r_target)),
                        Operand::Ne => prop_assert_ne!(value, Some(&rule.r_target)),
                        Operand::IsSet => prop_assert!(value.is_some()),
                        Operand::IsNotSet => prop_assert!(value.is_none()),
                        _ => {}
                    }
                }
                for task in &group.tasks {
                    let by_attribute = node.attributes.get(&format!("driver.{}", task.driver));
                    let is_there = match node.drivers.get(&task.driver) {
                        Some(driver) => driver.detected && driver.healthy,
                        None => by_attribute.is_some_and(|it| it == "1" || it == "true"),
                    };
                    prop_assert!(is_there, "{} has no {}", node.name, task.driver);
                }
            }
            Ok(())
        },
    );
}

/// Whether a job wants `distinct_hosts`, or one of its groups does.
fn wants_distinct_hosts(constraints: &[stowplan::model::Constraint]) -> bool {
    let of_hosts = constraints.iter().filter(|it| it.operand == Operand::DistinctHosts);
    of_hosts.into_iter().any(|it| it.r_target != "false")
}

#[test]
fn distinct_hosts_are_distinct() {
    check_with(
        |recipe| recipe.with(Feature::Distinct),
        |world| {
            let job = world.job();
            let placement = world.cluster().place(job, &world.options);
            let of_job = wants_distinct_hosts(&job.constraints);
            let is_system = job.job_type().is_system();
            for group in job.task_groups.iter().filter(|_| !is_system) {
                if !of_job && !wants_distinct_hosts(&group.constraints) {
                    continue;
                }
                let of_group = |name: &str| of_job || name == group.name;
                let there = world.allocations.iter().filter(|it| {
                    let occupies = !it.client().is_terminal();
                    occupies && it.job_id == job.id && of_group(&it.task_group)
                });
                let mut nodes: Vec<&str> = there.map(|it| it.node_id.as_str()).collect();
                nodes.sort_unstable();
                nodes.dedup();
                let count = nodes.len();
                let new = placement.allocations().filter(|it| of_group(it.task_group()));
                let new: Vec<&str> = new.map(|it| it.node_id()).collect();
                nodes.extend(&new);
                nodes.sort_unstable();
                nodes.dedup();
                prop_assert_eq!(nodes.len(), count + new.len());
            }
            Ok(())
        },
    );
}

#[test]
fn distinct_properties_are_not_shared_by_more_than_may() {
    check_with(
        |recipe| recipe.with(Feature::Distinct),
        |world| {
            let job = world.job();
            let placement = world.cluster().place(job, &world.options);
            let key = |property: &str, kind: &str| {
                Some(property.strip_prefix(kind)?.strip_suffix('}')?.to_owned())
            };
            let value_on = |property: &str, node: &stowplan::model::Node| {
                if let Some(key) = key(property, "${meta.") {
                    return node.meta.get(&key).cloned();
                }
                if let Some(key) = key(property, "${attr.") {
                    return node.attributes.get(&key).cloned();
                }
                match property {
                    "${node.datacenter}" => Some(node.datacenter.clone()),
                    "${node.unique.name}" => Some(node.name.clone()),
                    other => panic!("worlds have no property {other}"),
                }
            };
            let of_job = job.constraints.iter().map(|rule| (rule, None));
            let of_groups = job.task_groups.iter().flat_map(|group| {
                group.constraints.iter().map(move |rule| (rule, Some(group.name.as_str())))
            });
            let rules = of_job.chain(of_groups);
            for (rule, group) in rules.filter(|(it, _)| it.operand == Operand::DistinctProperty) {
                let is_in = |name: &str| group.is_none_or(|group| group == name);
                let allowed: usize = rule.r_target.parse().unwrap_or(1);
                let mut used: BTreeMap<String, usize> = BTreeMap::new();
                for it in job.task_groups.iter().flat_map(|it| live(&world, job, &it.name)) {
                    let value = value_on(&rule.l_target, world.node(&it.node_id));
                    if let Some(value) = value.filter(|_| is_in(&it.task_group)) {
                        *used.entry(value).or_default() += 1;
                    }
                }
                for placed in placement.allocations().filter(|it| is_in(it.task_group())) {
                    let value = value_on(&rule.l_target, placed.node());
                    prop_assert!(value.is_some());
                    let used = used.entry(value.unwrap_or_default()).or_default();
                    *used += 1;
                    prop_assert!(*used <= allowed, "{rule}: {used}");
                }
            }
            Ok(())
        },
    );
}

#[test]
fn system_jobs_are_on_exactly_the_nodes_that_take_them() {
    check_with(
        // Rules on how many may share a property leave nodes out as the group gets on.
        |recipe| recipe.with(Feature::SystemJobs).without(Feature::Distinct),
        |world| {
            let options = world.options.clone().explain(true).preemption(Preemption::none());
            for job in world.jobs.iter().filter(|job| job.job_type().is_system()) {
                let placement = world.cluster().place(job, &options);
                if job.all_at_once && !placement.is_complete() {
                    continue;
                }
                let groups = job.task_groups.iter().zip(placement.explanations());
                for (group, explanation) in groups.filter(|(group, _)| group.count() > 0) {
                    let ranked = explanation
                        .nodes()
                        .iter()
                        .filter(|node| matches!(node.verdict(), stowplan::Verdict::Ranked { .. }));
                    let expected: Vec<&str> = ranked.map(|it| it.node().id.as_str()).collect();
                    let placed = placed_of(&placement, &group.name);
                    let placed: Vec<&str> = placed.iter().map(|it| it.node_id()).collect();
                    prop_assert_eq!(placed, expected);
                }
            }
            Ok(())
        },
    );
}

#[test]
fn the_counts_of_metrics_add_up() {
    check(|world| {
        let options = world.options.clone().score_detail(ScoreDetail::All);
        let placement = world.cluster().place(world.job(), &options);
        let is_system = world.job().job_type().is_system();
        let placed = placement.allocations().map(|it| (it.metrics(), true));
        let failed = placement.failed().iter().map(|it| (it.metrics().clone(), false));
        for (metrics, is_placed) in placed.chain(failed) {
            let sum = |counts: &indexmap::IndexMap<String, u64>| counts.values().sum::<u64>();
            prop_assert_eq!(sum(&metrics.constraint_filtered), metrics.nodes_filtered);
            prop_assert_eq!(sum(&metrics.dimension_exhausted), metrics.nodes_exhausted);
            prop_assert!(sum(&metrics.class_filtered) <= metrics.nodes_filtered);
            prop_assert!(sum(&metrics.class_exhausted) <= metrics.nodes_exhausted);
            prop_assert_eq!(sum(&metrics.nodes_available), metrics.nodes_in_pool);
            prop_assert!(metrics.nodes_available.values().all(|nodes| *nodes > 0));
            prop_assert_eq!(&metrics.node_pool, &world.job().node_pool);
            let without_room = metrics.nodes_filtered + metrics.nodes_exhausted;
            let ranked = metrics.score_meta_data.len() as u64;
            prop_assert_eq!(metrics.nodes_evaluated, without_room + ranked);
            prop_assert_eq!(ranked > 0, is_placed);
            if !is_system {
                prop_assert_eq!(metrics.nodes_evaluated, metrics.nodes_in_pool);
            }
        }
        Ok(())
    });
}

#[test]
fn scores_are_shown_best_first_and_are_means() {
    check(|world| {
        let options = world.options.clone().score_detail(ScoreDetail::All);
        let placement = world.cluster().place(world.job(), &options);
        for placed in placement.allocations() {
            let scores = placed.metrics().score_meta_data;
            prop_assert!(scores.is_sorted_by(|a, b| a.norm_score >= b.norm_score));
            let first = &scores[0];
            prop_assert_eq!(first.norm_score.to_bits(), placed.score().to_bits());
            prop_assert_eq!(&first.node_id, placed.node_id());
            for shown in &scores {
                prop_assert!(shown.norm_score.is_finite());
                let sum: f64 = shown.scores.values().sum();
                let active = shown.scores.values().filter(|score| **score != 0.0).count();
                // Zeros may count or be shown only, so the mean is of as many as are not zero or more.
                let means = (active..=shown.scores.len()).map(|count| sum / count.max(1) as f64);
                let near =
                    |mean: f64| (mean - shown.norm_score).abs() <= 1e-9 * mean.abs().max(1.0);
                prop_assert!(means.into_iter().any(near), "{shown:?}");
            }
        }
        Ok(())
    });
}

#[test]
fn how_much_is_shown_changes_no_choice() {
    check(|world| {
        let place = |detail| {
            let options = world.options.clone().score_detail(detail);
            world.cluster().place(world.job(), &options)
        };
        let all = place(ScoreDetail::All);
        for limit in [0, 1, 3] {
            let top = place(ScoreDetail::Top(limit));
            prop_assert_eq!(choices(&top), choices(&all));
            for (top, all) in top.allocations().zip(all.allocations()) {
                let (top, all) = (top.metrics(), all.metrics());
                let is_system = world.job().job_type().is_system();
                let expected = if is_system { limit.min(1) } else { limit };
                let shown = &all.score_meta_data[..all.score_meta_data.len().min(expected)];
                prop_assert_eq!(&top.score_meta_data[..], shown);
                prop_assert_eq!(top.nodes_evaluated, all.nodes_evaluated);
            }
        }
        Ok(())
    });
}
