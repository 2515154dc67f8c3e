//! A property test of a program that embeds the crate: whatever the cluster, its way of giving up a node
//! loses nothing without saying so. The feature `proptest` brings worlds with a bit of everything, which
//! shrink when a property fails.
//!
//! ```text
//! cargo run --example property_test
//! ```
//!
//! In a project the body of `main` is a `#[test]`, and `Cargo.toml` has:
//!
//! ```text
//! [dev-dependencies]
//! proptest = { version = "1", default-features = false, features = ["std"] }
//! stowplan = { path = "../stowplan", features = ["proptest"] }
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use proptest::prelude::{prop_assert, prop_assert_eq};
use proptest::test_runner::{Config, TestError, TestRunner};
use stowplan::model::{Job, JobType, TaskGroup};
use stowplan::testing::{Recipe, World, recipes};
use stowplan::{Cluster, ClusterError, PlaceOptions};

/// The code under test: gives up a node and places what was on it elsewhere. Gives back how many
/// allocations are still missing.
fn give_up(cluster: &mut Cluster, node_id: &str, jobs: &[Job]) -> Result<usize, ClusterError> {
    let unreachable = cluster.remove_node(node_id)?;
    cluster.mark_lost(&unreachable)?;
    for job in jobs {
        cluster.place(job, &PlaceOptions::default());
    }
    Ok(jobs.iter().map(|job| cluster.missing(job).len()).sum())
}

fn main() -> Result<(), TestError<Recipe>> {
    let config = Config { cases: 100, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&recipes(), |recipe| {
        let world = World::new(recipe);
        let mut cluster = world.cluster();
        let Some(node) = world.nodes.first() else { return Ok(()) };
        let missing = give_up(&mut cluster, &node.id, &world.jobs).unwrap_or(usize::MAX);

        // Nothing is left on the node, and what is not there is said to be missing.
        let service = world.jobs.iter().filter(|job| job.job_type() == JobType::Service);
        let wanted: u32 =
            service.clone().flat_map(|it| &it.task_groups).map(TaskGroup::count).sum();
        let live = service.flat_map(|job| cluster.allocations_of(&job.namespace, &job.id));
        let live = live.filter(|it| it.is_live()).count();
        prop_assert!(live + missing >= wanted as usize);
        prop_assert!(cluster.allocations().all(|it| it.is_terminal() || it.node_id != node.id));
        prop_assert_eq!(cluster.check(), Ok(()));
        Ok(())
    })?;
    println!("100 worlds, and nothing was lost in any of them");
    Ok(())
}
