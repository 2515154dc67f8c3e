//! Plans made on forks, committed to the cluster that the forks are of.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use stowplan::{Cluster, Plan, Timestamp};

use crate::common::check::{Outcome, check};
use crate::{contents, same};
use stowplan::testing::World;

/// The plan of everything that a fork of a cluster misses of one of the world's jobs.
fn plan(cluster: &Cluster, world: &World, at: usize) -> Option<Plan> {
    let mut fork = cluster.fork();
    let requests = fork.missing(world.jobs.get(at)?);
    let before = contents(&fork);
    let plan = fork.plan_requests(&requests, &world.options).unwrap();
    assert_eq!(contents(&fork), before, "planning changed something");
    assert_eq!(fork.check(), Ok(()));
    Some(plan)
}

/// Names and nodes, in order.
fn named<'a>(placed: impl Iterator<Item = (String, &'a str)>) -> Vec<(String, String)> {
    placed.map(|(name, node)| (name, node.to_owned())).collect()
}

#[test]
fn a_plan_is_committed_whole_where_it_was_made() {
    check(|world| {
        let mut cluster = world.cluster();
        let Some(plan) = plan(&cluster, &world, 0) else { return Ok(()) };
        let planned = named(plan.placements().map(|it| (it.name(), it.node_id())));
        let committed = cluster.commit(plan, Timestamp::EPOCH);
        prop_assert_eq!(committed.rejected(), &[]);
        let placed = named(committed.allocations().map(|it| (it.name(), it.node_id())));
        prop_assert_eq!(planned, placed);
        prop_assert_eq!(cluster.check(), Ok(()));
        Ok(())
    });
}

/// A plan that goes by a document comes to the same as the plan itself.
#[test]
fn a_plan_comes_back_from_its_document() {
    check(|world| {
        let cluster = world.cluster();
        let Some(plan) = plan(&cluster, &world, 0) else { return Ok(()) };
        let document = plan.to_document();
        let text = serde_json::to_string(&document).unwrap();
        let read = cluster.read_plan(&serde_json::from_str(&text).unwrap());
        let read = read.map_err(|errors| TestCaseError::fail(format!("{errors}\n{text}")))?;
        let again = read.to_document();
        same(&text, &serde_json::to_string(&again).unwrap())?;
        let committed = [plan, read].map(|plan| {
            let mut cluster = cluster.fork();
            let committed = cluster.commit(plan, Timestamp::EPOCH);
            (committed.rejected().to_vec(), contents(&cluster))
        });
        prop_assert_eq!(&committed[0].0, &[]);
        same(&committed[0].1, &committed[1].1)?;
        Ok(())
    });
}

#[test]
fn plans_of_two_forks_give_no_identity_twice() {
    check(|world| {
        let mut cluster = world.cluster();
        let known: BTreeSet<String> = cluster.allocations().map(|it| it.id).collect();
        let plans = [0, 1].map(|at| plan(&cluster, &world, at));
        let again = plan(&cluster, &world, 0);
        let mut ids = known.clone();
        for plan in plans.into_iter().chain([again]).flatten() {
            commit(&mut cluster, plan, &mut ids)?;
        }
        prop_assert_eq!(cluster.allocation_count(), ids.len());
        Ok(())
    });
}

/// Commits a plan. What is placed is new and can be found.
fn commit(cluster: &mut Cluster, plan: Plan, ids: &mut BTreeSet<String>) -> Outcome {
    let wanted = plan.len();
    let committed = cluster.commit(plan, Timestamp::EPOCH);
    let mut placed = 0;
    for allocation in committed.allocations() {
        placed += 1;
        let found = cluster.allocation(&allocation.id()).unwrap();
        prop_assert_eq!(
            (&found.name, found.node_id.as_str()),
            (&allocation.name(), allocation.node_id())
        );
        prop_assert!(ids.insert(allocation.id()), "{} is there twice", allocation.id());
    }
    prop_assert_eq!(placed < wanted, !committed.is_complete());
    prop_assert_eq!(cluster.check(), Ok(()));
    Ok(())
}

/// Whatever an identity begins with leads to it, whether it was given here or elsewhere.
#[test]
fn allocations_are_found_by_what_their_identities_begin_with() {
    check(|world| {
        let mut cluster = world.cluster();
        cluster.place(world.job(), &world.options);
        let ids: BTreeSet<String> = cluster.allocations().map(|it| it.id).collect();
        for id in &ids {
            for length in 0..=id.len() {
                let Some(prefix) = id.get(..length) else { continue };
                let found = cluster.allocations_with_prefix(prefix).map(|it| it.id());
                let expected = ids.iter().filter(|it| it.starts_with(prefix)).cloned();
                prop_assert_eq!(found.collect::<BTreeSet<String>>(), expected.collect());
            }
        }
        prop_assert_eq!(cluster.allocations_with_prefix("no such").count(), 0);
        Ok(())
    });
}
