//! Forks, proposals, and jobs that are placed whole or not at all.

use proptest::prelude::*;
use stowplan::model::Job;
use stowplan::{Cluster, PlaceOptions};

use crate::common::check::{check, check_with};
use crate::{bytes, contents, exact_bytes, same};
use stowplan::testing::Feature;
use stowplan::testing::World;

/// What placing all the world's jobs on a copy of a cluster gives.
fn what_follows(cluster: &Cluster, world: &World) -> String {
    let mut fork = cluster.fork();
    let options = world.options.clone().explain(true);
    let placed = world.jobs.iter().map(|job| bytes(&fork.place(job, &options)));
    placed.collect::<String>() + &contents(&fork)
}

#[test]
fn a_job_to_be_placed_whole_is_placed_whole_or_leaves_no_trace() {
    check_with(
        |recipe| recipe.with(Feature::AllAtOnce),
        |world| {
            let job = world.job().changed(|spec| spec.all_at_once = true).unwrap();
            let mut cluster = world.cluster();
            // The seed is taken over first, which is a change that stays.
            cluster.place(&nowhere(), &world.options);
            let before = what_follows(&cluster, &world);
            let placement = cluster.place(&job, &world.options);
            if placement.is_complete() {
                let piecemeal = job.changed(|spec| spec.all_at_once = false).unwrap();
                let again = world.cluster().place(&piecemeal, &world.options);
                same(&bytes(&placement), &bytes(&again))?;
            } else {
                prop_assert!(placement.is_empty());
                prop_assert_eq!(placement.failed().len(), 1);
                same(&what_follows(&cluster, &world), &before)?;
            }
            Ok(())
        },
    );
}

/// A job that no node takes.
fn nowhere() -> Job {
    let text = r#"{"ID": "nowhere", "Datacenters": ["nowhere"], "TaskGroups": [
        {"Name": "none", "Tasks": [{"Name": "none", "Driver": "none"}]}]}"#;
    Job::from_json(text).unwrap()
}

#[test]
fn a_job_that_finds_nothing_leaves_no_trace() {
    check(|world| {
        let mut cluster = world.cluster();
        cluster.place(&nowhere(), &world.options);
        let before = what_follows(&cluster, &world);
        prop_assert!(cluster.place(&nowhere(), &world.options).is_empty());
        same(&what_follows(&cluster, &world), &before)?;
        Ok(())
    });
}

#[test]
fn a_proposal_taken_back_leaves_no_trace() {
    check(|world| {
        let mut cluster = world.cluster();
        // On a cluster that has placed, stopped and removed before, so that there are gaps.
        let first = cluster.place(&world.jobs[world.jobs.len() - 1], &world.options);
        for placed in first.allocations().step_by(2) {
            cluster.remove_allocation(&placed.id()).unwrap();
        }
        let before = what_follows(&cluster, &world) + &contents(&cluster);
        cluster.propose(world.job(), &world.options).take_back();
        same(&(what_follows(&cluster, &world) + &contents(&cluster)), &before)?;
        drop(cluster.propose(world.job(), &world.options));
        same(&(what_follows(&cluster, &world) + &contents(&cluster)), &before)?;
        Ok(())
    });
}

#[test]
fn a_proposal_committed_is_a_placement() {
    check(|world| {
        let (mut one, mut other) = (world.cluster(), world.cluster());
        let placement = one.place(world.job(), &world.options);
        let proposal = other.propose(world.job(), &world.options);
        same(&exact_bytes(proposal.placement()), &exact_bytes(&placement))?;
        same(&contents(proposal.cluster()), &contents(&one))?;
        same(&exact_bytes(&proposal.commit()), &exact_bytes(&placement))?;
        same(&what_follows(&one, &world), &what_follows(&other, &world))
    });
}

#[test]
fn forks_know_nothing_of_each_other() {
    check(|world| {
        let cluster = world.cluster();
        let before = what_follows(&cluster, &world) + &contents(&cluster);
        let mut fork = cluster.fork();
        for job in &world.jobs {
            fork.place(job, &world.options);
        }
        let ids: Vec<String> = fork.allocations().map(|it| it.id).collect();
        for id in ids.iter().step_by(2) {
            fork.stop_allocation(id).unwrap();
        }
        for id in ids.iter().step_by(3) {
            fork.remove_allocation(id).unwrap();
        }
        for node in world.nodes.iter().step_by(2) {
            fork.remove_node(&node.id).unwrap();
        }
        same(&(what_follows(&cluster, &world) + &contents(&cluster)), &before)?;
        Ok(())
    });
}

#[test]
fn explaining_changes_nothing() {
    check(|world| {
        let mut cluster = world.cluster();
        let placement = cluster.place(world.job(), &world.options);
        let before = what_follows(&cluster, &world) + &contents(&cluster);
        for failed in placement.failed() {
            for fix in failed.explain(&cluster).fixes() {
                fix.apply_to(&cluster, world.job()).unwrap();
            }
        }
        same(&(what_follows(&cluster, &world) + &contents(&cluster)), &before)?;
        let plain = world.cluster().place(world.job(), &world.options);
        let options: PlaceOptions = world.options.clone().explain(true);
        let mut explained = world.cluster();
        let explained = explained.place(world.job(), &options);
        prop_assert_eq!(crate::choices(&plain), crate::choices(&explained));
        Ok(())
    });
}

/// Placing on eight forks in eight threads gives what placing on one after another does.
#[test]
fn forks_in_threads_place_as_one_after_another() {
    fn is_shared_between_threads<T: Send + Sync>() {}
    is_shared_between_threads::<Cluster>();
    check(|world| {
        let mut cluster = world.cluster();
        cluster.place(&world.jobs[0], &world.options);
        let before = contents(&cluster);
        let place = |at: usize, mut fork: Cluster| {
            // Each has a seed and an order of its own, so that they do different things.
            let options = world.options.clone().seed(at as u64 % 3);
            let jobs = world.jobs.iter().cycle().skip(at).take(world.jobs.len());
            let placed: String = jobs.map(|job| exact_bytes(&fork.place(job, &options))).collect();
            (placed + &contents(&fork), fork.check().is_ok())
        };
        let one_by_one: Vec<_> = (0..8).map(|at| place(at, cluster.fork())).collect();
        let at_once: Vec<_> = std::thread::scope(|scope| {
            let forks: Vec<Cluster> = (0..8).map(|_| cluster.fork()).collect();
            let place = &place;
            let threads: Vec<_> = forks
                .into_iter()
                .enumerate()
                .map(|(at, fork)| scope.spawn(move || place(at, fork)))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        prop_assert_eq!(&at_once, &one_by_one);
        prop_assert!(at_once.iter().all(|(_, is_sound)| *is_sound));
        same(&contents(&cluster), &before)?;
        Ok(())
    });
}
