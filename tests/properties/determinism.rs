//! The same question has the same answer, however it is put.

use indexmap::IndexMap;
use proptest::prelude::*;
use stowplan::model::{Allocation, Job, Node};
use stowplan::{Cluster, Inventory, Placement, ScoreDetail, Search, place};

use crate::common::check::{check, check_with};
use crate::{bytes, contents, decisions, exact_bytes, same};
use stowplan::testing::Feature;
use stowplan::testing::Random;
use stowplan::testing::World;

/// Places all jobs and gives everything that comes of it.
fn everything(world: &World, cluster: &mut Cluster) -> String {
    let options = world.options.clone().explain(true);
    let mut text = String::new();
    for job in &world.jobs {
        text += &exact_bytes(&cluster.place(job, &options));
    }
    text + &contents(cluster)
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    check(|world| {
        let again = World::new(world.recipe);
        let first = everything(&world, &mut world.cluster());
        same(&first, &everything(&again, &mut again.cluster()))
    });
}

fn reversed<V: Clone>(map: &IndexMap<String, V>) -> IndexMap<String, V> {
    map.iter().rev().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The same node with the keys of its maps in another order.
fn with_other_order(node: &Node) -> Node {
    node.changed(|spec| {
        spec.attributes = reversed(&spec.attributes);
        spec.meta = reversed(&spec.meta);
        spec.drivers = reversed(&spec.drivers);
        spec.host_volumes = reversed(&spec.host_volumes);
        for device in &mut spec.node_resources.get_or_insert_default().devices {
            device.attributes = reversed(&device.attributes);
        }
    })
    .unwrap()
}

#[test]
fn the_order_of_nodes_and_of_keys_does_not_matter() {
    check(|mut world| {
        let first = everything(&world, &mut world.cluster());
        let mut random = Random::new(world.recipe.seed, 50);
        random.shuffle(&mut world.nodes);
        let nodes = world.nodes.iter().map(with_other_order);
        let other = Inventory::new(nodes)
            .and_then(|it| it.with_allocations(world.allocations.iter().cloned()))
            .unwrap()
            .with_volumes(world.volumes.iter().rev().cloned())
            .with_jobs(world.jobs.iter().rev());
        let mut cluster = Cluster::from_inventory(&other, world.recipe.seed % 5);
        let (first, second) =
            (everything_but_order(&first), everything_but_order(&everything(&world, &mut cluster)));
        same(&first, &second)
    });
}

/// A text with the characters of each line sorted: maps may be written in another order.
fn everything_but_order(text: &str) -> String {
    let sorted = |line: &str| {
        let mut characters: Vec<char> = line.chars().collect();
        characters.sort_unstable();
        characters.into_iter().collect::<String>()
    };
    text.lines().map(sorted).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_order_of_allocations_does_not_matter() {
    check_with(
        |recipe| recipe.with(Feature::Allocations),
        |mut world| {
            let mut first = world.cluster();
            let mut random = Random::new(world.recipe.seed, 51);
            random.shuffle(&mut world.allocations);
            let mut second = world.cluster();
            for job in &world.jobs {
                let first = first.place(job, &world.options);
                let second = second.place(job, &world.options);
                same(&decisions(&first), &decisions(&second))?;
            }
            Ok(())
        },
    );
}

#[test]
fn another_seed_changes_no_score() {
    check(|world| {
        let place = |seed| world.cluster().place(world.job(), &world.options.clone().seed(seed));
        let (one, other) = (place(1), place(2));
        // Which of equal nodes is taken shows in what comes later, so only the first is compared.
        let first = |placement: &Placement| {
            let first = placement.allocations().next();
            first.map(|it| (it.name(), it.score().to_bits(), it.preempted().len()))
        };
        if !world.job().job_type().is_system() {
            prop_assert_eq!(first(&one), first(&other));
        }
        let failures = |placement: &Placement| {
            let first = placement.failed().first().filter(|_| placement.is_empty());
            first.map(|it| serde_json::to_string(it.metrics()).unwrap())
        };
        prop_assert_eq!(failures(&one), failures(&other));
        Ok(())
    });
}

#[test]
fn documents_read_back_give_the_same_answer() {
    check(|world| {
        let job: Job = serde_json::from_str(&serde_json::to_string(world.job()).unwrap()).unwrap();
        prop_assert_eq!(&job, world.job());
        let read_node = |node: &Node| -> Node {
            serde_json::from_str(&serde_json::to_string(node).unwrap()).unwrap()
        };
        let read_allocation = |it: &Allocation| -> Allocation {
            serde_json::from_str(&serde_json::to_string(it).unwrap()).unwrap()
        };
        let nodes = world.nodes.iter().map(read_node);
        let inventory = Inventory::new(nodes)
            .and_then(|it| it.with_allocations(world.allocations.iter().map(read_allocation)))
            .unwrap()
            .with_volumes(world.volumes.iter().cloned())
            .with_jobs(&world.jobs);
        let first = place(&world.inventory(), world.job(), &world.options);
        same(&bytes(&place(&inventory, &job, &world.options)), &bytes(&first))
    });
}

#[test]
fn a_sample_of_all_nodes_finds_one_iff_the_best_is_found() {
    check_with(
        |recipe| recipe.without(Feature::AllAtOnce),
        |world| {
            let place = |search| {
                let options =
                    world.options.clone().search(search).score_detail(ScoreDetail::Top(1));
                world.cluster().place(world.job(), &options)
            };
            let (best, sample) =
                (place(Search::Best), place(Search::Sample(world.nodes.len().max(1))));
            if world.job().job_type().is_system() {
                return same(&bytes(&best), &bytes(&sample));
            }
            let first = |placement: &Placement| {
                let first = placement.allocations().next();
                first.map(|it| (it.name(), it.score().to_bits()))
            };
            prop_assert_eq!(first(&best), first(&sample));
            Ok(())
        },
    );
}

#[test]
fn a_small_sample_places_as_well_as_it_can() {
    check_with(
        |recipe| recipe.without(Feature::AllAtOnce),
        |world| {
            let options = world.options.clone().search(Search::Sample(2));
            let best = world.cluster().place(world.job(), &world.options);
            let sample = world.cluster().place(world.job(), &options);
            // The first allocation finds a node if there is any, though perhaps not the best.
            prop_assert_eq!(best.is_empty(), sample.is_empty());
            let score = |placement: &Placement| placement.allocations().next().map(|it| it.score());
            if !world.job().job_type().is_system() {
                prop_assert!(score(&sample) <= score(&best));
            }
            Ok(())
        },
    );
}
