//! Different ways to the same answer, and options that must not matter.

use proptest::prelude::*;
use stowplan::model::{Allocation, Job, Node};
use stowplan::{
    Algorithm, Cluster, Inventory, Placement, PlacementRequest, Preemption, Verdict, place,
};

use crate::common::check::check;
use crate::{bytes, choices, exact_bytes, same};
use stowplan::testing::World;

/// The world's inventory with what a placement put there and what it evicted, which has not ended.
pub(crate) fn inventory_after(world: &World, placements: &[&Placement]) -> Inventory {
    let placed = placements.iter().flat_map(|placement| {
        placement.allocations().map(|it| {
            let job = Some(it.job().shared_spec());
            Allocation { job, ..it.to_allocation() }
        })
    });
    let mut allocations: Vec<Allocation> =
        world.allocations.iter().cloned().chain(placed).collect();
    let evicted = placements.iter().flat_map(|placement| placement.allocations());
    let evicted: Vec<String> = evicted.flat_map(|it| it.preempted().to_vec()).collect();
    for allocation in allocations.iter_mut().filter(|it| evicted.contains(&it.id)) {
        allocation.desired_status = "evict".into();
    }
    Inventory::new(world.nodes.iter().cloned())
        .and_then(|it| it.with_allocations(allocations))
        .unwrap()
        .with_volumes(world.volumes.iter().cloned())
        .with_jobs(&world.jobs)
}

#[test]
fn a_question_is_a_cluster_that_is_forgotten() {
    check(|world| {
        let options = world.options.clone().seed(3).explain(true);
        let asked = place(&world.inventory(), world.job(), &options);
        let mut cluster = Cluster::from_inventory(&world.inventory(), 3);
        same(&bytes(&asked), &bytes(&cluster.place(world.job(), &options)))
    });
}

#[test]
fn what_was_placed_is_known_from_its_documents() {
    check(|world| {
        let mut cluster = world.cluster();
        let placement = cluster.place(world.job(), &world.options);
        let inventory = inventory_after(&world, &[&placement]);
        let copy = Cluster::from_inventory(&inventory, 0);
        for job in &world.jobs {
            for group in &job.task_groups {
                let explain = |cluster: &Cluster| {
                    let explanation = cluster.explain(job, &group.name, &world.options).unwrap();
                    let nodes = explanation.nodes().iter();
                    nodes.map(|it| (it.node().id.clone(), it.verdict().clone())).collect::<Vec<_>>()
                };
                prop_assert_eq!(explain(&cluster), explain(&copy));
            }
        }
        Ok(())
    });
}

#[test]
fn oversubscription_moves_nothing() {
    check(|world| {
        let place = |on| {
            let options = world.options.clone().memory_oversubscription(on);
            world.cluster().place(world.job(), &options)
        };
        prop_assert_eq!(choices(&place(false)), choices(&place(true)));
        Ok(())
    });
}

#[test]
fn the_two_algorithms_are_opposites() {
    check(|world| {
        let job = world.job();
        for group in &job.task_groups {
            let explain = |algorithm| {
                let options = world.options.clone().algorithm(algorithm);
                world.cluster().explain(job, &group.name, &options).unwrap()
            };
            let (pack, spread) = (explain(Algorithm::Binpack), explain(Algorithm::Spread));
            for (pack, spread) in pack.nodes().iter().zip(spread.nodes()) {
                let (Verdict::Ranked { scores: pack, .. }, Verdict::Ranked { scores: spread, .. }) =
                    (pack.verdict(), spread.verdict())
                else {
                    continue;
                };
                let (pack, spread) = (pack[0].1, spread[0].1);
                prop_assert!((0.0..=1.0).contains(&pack) && (0.0..=1.0).contains(&spread));
                prop_assert!((pack + spread - 1.0).abs() < 1e-12, "{pack} and {spread}");
            }
        }
        Ok(())
    });
}

#[test]
fn the_algorithm_for_a_job_is_the_algorithm() {
    check(|world| {
        let job = world.job();
        let place =
            |options: stowplan::PlaceOptions| exact_bytes(&world.cluster().place(job, &options));
        let plain = place(world.options.clone().algorithm(Algorithm::Spread));
        let options = world.options.clone().algorithm(Algorithm::Binpack);
        let by_job = options.clone().algorithm_for_job(&job.id, Algorithm::Spread);
        same(&place(by_job), &plain)?;
        let each = job.task_groups.iter().fold(options, |options, group| {
            options.algorithm_for_group(&job.id, &group.name, Algorithm::Spread)
        });
        same(&place(each), &plain)
    });
}

#[test]
fn without_eviction_priority_does_not_matter() {
    check(|world| {
        let options = world.options.clone().preemption(Preemption::none());
        let place = |priority| {
            let job: Job = world.job().changed(|spec| spec.priority = Some(priority)).unwrap();
            choices(&world.cluster().place(&job, &options))
        };
        prop_assert_eq!(place(1), place(100));
        Ok(())
    });
}

#[test]
fn penalty_nodes_are_penalised_and_nothing_else() {
    check(|world| {
        let job = world.job();
        let Some(group) = job.task_groups.first().filter(|_| !job.job_type().is_system()) else {
            return Ok(());
        };
        let Some(node) = world.nodes.first() else { return Ok(()) };
        let cluster = world.cluster();
        let request = PlacementRequest::new(job, &group.name, group.count());
        let plain = cluster.explain_request(&request, &world.options).unwrap();
        let request = request.penalty_node(&node.id);
        let penalised = cluster.explain_request(&request, &world.options).unwrap();
        for (plain, penalised) in plain.nodes().iter().zip(penalised.nodes()) {
            if plain.node().id != node.id {
                prop_assert_eq!(plain.verdict(), penalised.verdict());
            } else if let Verdict::Ranked { scores, .. } = penalised.verdict() {
                prop_assert!(scores.contains(&("node-reschedule-penalty", -1.0)));
            }
        }
        Ok(())
    });
}

#[test]
fn a_cluster_is_read_back_from_its_own_documents() {
    check(|world| {
        let mut cluster = world.cluster();
        for job in &world.jobs {
            cluster.place(job, &world.options.clone().preemption(Preemption::all()));
        }
        // One node leaves with what is on it, live or told to go.
        if let Some(node) = world.nodes.first() {
            cluster.remove_node(&node.id).unwrap();
        }
        let nodes: Vec<Node> = cluster.nodes().cloned().collect();
        let inventory = Inventory::new(nodes)
            .and_then(|it| it.with_allocations(cluster.allocations()))
            .unwrap()
            .with_volumes(world.volumes.iter().cloned())
            .with_jobs(&world.jobs);
        let again = Cluster::from_inventory(&inventory, 0);
        prop_assert_eq!(again.check(), Ok(()));
        let usage = |cluster: &Cluster| {
            let usage = cluster
                .usage()
                .map(|it| (it.node().id.clone(), it.cpu_mhz(), it.memory_mb(), it.disk_mb()));
            let mut usage: Vec<_> = usage.collect();
            usage.sort_by(|a, b| a.0.cmp(&b.0));
            usage
        };
        prop_assert_eq!(usage(&again), usage(&cluster));
        let without_indexes = |cluster: &Cluster| {
            let mut documents: Vec<Allocation> = cluster
                .allocations()
                .map(|it| Allocation { create_index: 0, modify_index: 0, ..it })
                .collect();
            documents.sort_by(|a, b| a.id.cmp(&b.id));
            documents
        };
        prop_assert_eq!(without_indexes(&again), without_indexes(&cluster));
        Ok(())
    });
}
