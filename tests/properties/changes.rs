//! Changes to nodes, jobs and allocations that should change nothing, or just this.

use std::collections::BTreeSet;

use proptest::prelude::*;
use stowplan::model::{ClientStatus, Constraint, JobType, Node, Operand};
use stowplan::{Cluster, Placement, Preemption, Verdict};

use crate::common::check::{check, check_with};
use crate::{choices, contents, decisions, exact_bytes, same};
use stowplan::testing::Feature;
use stowplan::testing::{Recipe, World};

#[test]
fn a_constraint_that_all_nodes_satisfy_changes_nothing() {
    check(|world| {
        let always = Constraint {
            l_target: "${attr.unique.hostname}".into(),
            operand: Operand::IsSet,
            ..Constraint::default()
        };
        let plain = world.cluster().place(world.job(), &world.options);
        for place in 0..3 {
            let job = world.job().changed(|spec| {
                let group = &mut spec.task_groups[0];
                let constraints = match place {
                    0 => &mut spec.constraints,
                    1 => &mut group.constraints,
                    _ => &mut group.tasks[0].constraints,
                };
                constraints.insert(0, always.clone());
            });
            let constrained = world.cluster().place(&job.unwrap(), &world.options);
            prop_assert_eq!(choices(&constrained), choices(&plain));
            let metrics = |placement: &Placement| {
                let metrics = placement.allocations().map(|it| it.metrics());
                metrics.collect::<Vec<_>>()
            };
            prop_assert_eq!(metrics(&constrained), metrics(&plain));
        }
        Ok(())
    });
}

/// The nodes and the scores that a placement chose.
fn chosen(placement: &Placement) -> Vec<(String, u64)> {
    placement.allocations().map(|it| (it.node_id().to_owned(), it.score().to_bits())).collect()
}

#[test]
fn a_node_that_may_not_run_a_job_does_not_matter() {
    check_with(
        |recipe| recipe.without(Feature::Volumes),
        |mut world| {
            let options = world.options.clone().explain(true);
            let all = world.cluster().place(world.job(), &options);
            let is_out = |node: &Node| {
                let explanations = all.explanations().iter();
                explanations.into_iter().all(|explanation| {
                    let verdict = explanation.nodes().iter().find(|it| it.node().id == node.id);
                    matches!(
                        verdict.map(|it| it.verdict()),
                        Some(Verdict::Filtered(_) | Verdict::NotCandidate(_))
                    )
                })
            };
            let job = &world.jobs[0];
            let has_own = |node: &Node| {
                let own = world.allocations.iter().filter(|it| it.job_id == job.id);
                own.into_iter().any(|it| it.node_id == node.id)
            };
            let out = world.nodes.iter().find(|node| is_out(node) && !has_own(node));
            let Some(out) = out.map(|node| node.id.clone()) else { return Ok(()) };
            world.nodes.retain(|node| node.id != out);
            world.allocations.retain(|it| it.node_id != out);
            let less = world.cluster().place(world.job(), &options);
            prop_assert_eq!(chosen(&less), chosen(&all));
            prop_assert_eq!(less.failed().len(), all.failed().len());
            Ok(())
        },
    );
}

#[test]
fn an_ineligible_node_more_does_not_matter() {
    check(|mut world| {
        let plain = world.cluster().place(world.job(), &world.options);
        let Some(node) = world.nodes.first() else { return Ok(()) };
        let twin = node.changed(|spec| {
            spec.id = "twin".into();
            spec.scheduling_eligibility = "ineligible".into();
        });
        world.nodes.insert(0, twin.unwrap());
        let more = world.cluster().place(world.job(), &world.options);
        same(&decisions(&more), &decisions(&plain))
    });
}

#[test]
fn a_twin_node_takes_at_least_as_much() {
    check_with(
        |recipe| Recipe { groups: 1, ..recipe.without(Feature::AllAtOnce) },
        |mut world| {
            let plain = world.cluster().place(world.job(), &world.options);
            let Some(node) = world.nodes.first() else { return Ok(()) };
            let twin = node.changed(|spec| spec.id = "twin".into()).unwrap();
            world.nodes.push(twin);
            let more = world.cluster().place(world.job(), &world.options);
            prop_assert!(more.is_empty() <= plain.is_empty());
            Ok(())
        },
    );
}

#[test]
fn what_ends_gives_its_room_back() {
    check_with(
        // Which ports are free shows in what fits, and they are drawn anew.
        |recipe| recipe.without(Feature::Networks),
        |world| {
            let options = world.options.clone().preemption(Preemption::none());
            let mut cluster = world.cluster();
            let first = cluster.place(world.job(), &options);
            // What completes of batch work is not placed again.
            let ended = match world.job().job_type() {
                JobType::Service | JobType::System => ClientStatus::Complete,
                JobType::Batch | JobType::Sysbatch => ClientStatus::Lost,
            };
            for (at, placed) in first.allocations().enumerate() {
                let id = placed.id();
                match at % 3 {
                    0 => cluster.set_client_status(&id, ended).unwrap(),
                    1 => cluster.remove_allocation(&id).unwrap(),
                    _ => {
                        cluster.stop_allocation(&id).unwrap();
                        cluster.set_client_status(&id, ClientStatus::Failed).unwrap();
                    }
                }
            }
            let again = cluster.place(world.job(), &options);
            prop_assert_eq!(choices(&again), choices(&first));
            prop_assert_eq!(again.failed().len(), first.failed().len());
            Ok(())
        },
    );
}

#[test]
fn what_is_told_to_stop_keeps_its_room_until_it_has_stopped() {
    check(|world| {
        let options = world.options.clone().preemption(Preemption::none());
        let mut cluster = world.cluster();
        let first = cluster.place(world.job(), &options);
        let usage = |cluster: &Cluster| {
            let allocations: Vec<_> = cluster.allocations().collect();
            crate::common::audit::accounts(&allocations)
        };
        let before = format!("{:?}", usage(&cluster));
        for placed in first.allocations() {
            cluster.stop_allocation(&placed.id()).unwrap();
        }
        prop_assert_eq!(format!("{:?}", usage(&cluster)), before);
        cluster.place(world.job(), &options);
        let faults = crate::common::audit::accounts(&world.allocations);
        for (id, usage) in usage(&cluster) {
            let node = world.node(&id);
            let was_good = faults.get(&id).is_none_or(|it| it.fault_on(node).is_none());
            prop_assert!(!was_good || usage.fault_on(node).is_none());
        }
        Ok(())
    });
}

#[test]
fn removing_everything_placed_leaves_what_was_there() {
    // Which ports are free shows in what fits, and they are drawn anew.
    check_with(
        |recipe| recipe.without(Feature::Networks),
        |world| {
            let options = world.options.clone().preemption(Preemption::none());
            let mut cluster = world.cluster();
            let before = cluster.allocation_count();
            let placement = cluster.place(world.job(), &options);
            for placed in placement.allocations() {
                cluster.remove_allocation(&placed.id()).unwrap();
                prop_assert!(cluster.allocation(&placed.id()).is_none());
                prop_assert!(cluster.remove_allocation(&placed.id()).is_err());
            }
            prop_assert_eq!(cluster.allocation_count(), before);
            prop_assert_eq!(chosen(&cluster.place(world.job(), &options)), chosen(&placement));
            Ok(())
        },
    );
}

#[test]
fn a_node_that_comes_again_unchanged_changes_nothing() {
    check(|world| {
        let (mut one, mut other) = (world.cluster(), world.cluster());
        let options = &world.options;
        let first = (one.place(world.job(), options), other.place(world.job(), options));
        same(&exact_bytes(&first.0), &exact_bytes(&first.1))?;
        for node in &world.nodes {
            other.upsert_node(node.clone());
        }
        for job in &world.jobs {
            let (one, other) = (one.place(job, options), other.place(job, options));
            prop_assert_eq!(choices(&one), choices(&other));
        }
        Ok(())
    });
}

#[test]
fn a_node_that_leaves_changes_no_allocation() {
    check(|world| {
        let mut cluster = world.cluster();
        cluster.place(world.job(), &world.options);
        let Some(node) = world.nodes.first() else { return Ok(()) };
        let before = (contents(&cluster), cluster.digest());
        let mut on_node: Vec<String> = cluster.allocations_on(&node.id).map(|it| it.id()).collect();
        on_node.sort_unstable();
        let missing = cluster.missing(world.job()).len();
        let unreachable = cluster.remove_node(&node.id).unwrap();
        prop_assert!(cluster.node(&node.id).is_none());
        prop_assert!(cluster.remove_node(&node.id).is_err());
        prop_assert_eq!(&unreachable, &on_node);
        prop_assert_eq!((contents(&cluster), cluster.digest()), before);
        // A system job has one node less to be on.
        prop_assert!(cluster.missing(world.job()).len() <= missing);
        // They go on naming it, and not another one that comes.
        let mut again = cluster.fork();
        again.upsert_node(node.clone());
        prop_assert_eq!(again.allocations_on(&node.id).count(), 0);
        prop_assert_eq!(again.check(), Ok(()));
        cluster.mark_lost(&unreachable).unwrap();
        again.mark_lost(&unreachable).unwrap();
        prop_assert_eq!(again.check(), Ok(()));
        for id in &unreachable {
            prop_assert_eq!(cluster.view(id).unwrap().client(), ClientStatus::Lost);
            prop_assert_eq!(again.view(id).unwrap().client(), ClientStatus::Lost);
            prop_assert!(again.set_client_status(id, ClientStatus::Running).is_err());
        }
        let placement = cluster.place(world.job(), &world.options);
        prop_assert!(placement.allocations().all(|it| it.node_id() != node.id));
        // Back again, it is as good as new.
        cluster.upsert_node(node.clone());
        let empty = Cluster::new([node.clone()]).unwrap();
        for job in &world.jobs {
            let options = world.options.clone().preemption(Preemption::none());
            let group = &job.task_groups[0].name;
            let verdict = |cluster: &Cluster| {
                let explanation = cluster.explain(job, group, &options).unwrap();
                let nodes = explanation.nodes().iter();
                nodes.clone().find(|it| it.node().id == node.id).unwrap().verdict().clone()
            };
            if matches!(verdict(&empty), Verdict::Ranked { .. }) {
                let is_full = matches!(verdict(&cluster), Verdict::Exhausted(_));
                prop_assert!(!is_full);
            }
        }
        Ok(())
    });
}

#[test]
fn every_node_and_allocation_can_be_looked_up() {
    check(|world| {
        let mut cluster = world.cluster();
        cluster.place(world.job(), &world.options);
        let mut ids: Vec<&str> = cluster.nodes().map(|node| node.id.as_str()).collect();
        ids.sort_unstable();
        let mut expected: Vec<&str> = world.nodes.iter().map(|node| node.id.as_str()).collect();
        expected.sort_unstable();
        prop_assert_eq!(ids, expected);
        for allocation in cluster.allocations() {
            prop_assert_eq!(cluster.allocation(&allocation.id), Some(allocation));
        }
        for imported in &world.allocations {
            prop_assert!(cluster.add_allocation(imported.clone()).is_err());
        }
        prop_assert_eq!(cluster.allocations().count(), cluster.allocation_count());
        Ok(())
    });
}

#[test]
fn allocations_added_one_by_one_are_an_inventory() {
    check_with(
        |recipe| recipe.with(Feature::Allocations),
        |world: World| {
            let bare = World { allocations: Vec::new(), ..world.clone() };
            let mut cluster = bare.cluster();
            for allocation in &world.allocations {
                let mut allocation = allocation.clone();
                // An inventory knows the jobs of allocations that come without theirs.
                if allocation.job.is_none() {
                    let known = world.jobs.iter().find(|job| {
                        job.id == allocation.job_id
                            && (job.namespace == allocation.namespace
                                || (allocation.namespace.is_empty() && job.namespace == "default"))
                    });
                    allocation.job = known.map(|job| job.shared_spec());
                }
                cluster.add_allocation(allocation).unwrap();
            }
            let mut inventory = world.cluster();
            for job in &world.jobs {
                let one = cluster.place(job, &world.options);
                let other = inventory.place(job, &world.options);
                // Each of them took an index, an inventory takes one.
                same(&decisions(&one), &decisions(&other))?;
            }
            Ok(())
        },
    );
}

#[test]
fn what_an_earlier_run_of_the_same_seed_made_is_never_made_again() {
    check(|world| {
        let mut earlier = world.cluster();
        for job in &world.jobs {
            earlier.place(job, &world.options);
        }
        // A part of it only, so that slots are given out anew.
        let kept = earlier.allocations().filter(|it| !it.is_terminal()).skip(1).step_by(2);
        let world = World { allocations: kept.collect(), ..world };
        let mut cluster = world.cluster();
        for job in &world.jobs {
            let before = cluster.allocation_count();
            let proposal = cluster.propose(job, &world.options);
            let proposed = exact_bytes(proposal.placement());
            proposal.take_back();
            let placement = cluster.place(job, &world.options);
            same(&proposed, &exact_bytes(&placement))?;
            let ids: BTreeSet<String> = cluster.allocations().map(|it| it.id).collect();
            prop_assert_eq!(ids.len(), before + placement.len());
            for placed in placement.allocations() {
                let found = cluster.allocation(&placed.id()).map(|it| it.name);
                prop_assert_eq!(found, Some(placed.name()));
            }
        }
        Ok(())
    });
}
