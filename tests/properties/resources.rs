//! What allocations hold: never more than there is, and what was asked for.

use proptest::prelude::*;
use stowplan::Cluster;
use stowplan::model::{Allocation, Node};

use crate::common::Feature;
use crate::common::audit::{Accounts, Usage, accounts};
use crate::common::check::{Outcome, check, check_with};
use crate::common::world::World;

/// Places all jobs of a world one after another.
fn placed(world: &World) -> (Cluster, Vec<Allocation>) {
    let mut cluster = world.cluster();
    let mut placed = Vec::new();
    for job in &world.jobs {
        let placement = cluster.place(job, &world.options);
        placed.extend(placement.allocations().map(|it| it.to_allocation()));
    }
    (cluster, placed)
}

/// Whether what is on the nodes is without fault where it was without fault before.
fn no_new_faults(nodes: &[Node], before: &Accounts, after: &Accounts) -> Outcome {
    let none = Usage::default();
    for node in nodes {
        let [before, after] = [before, after].map(|it| it.get(&node.id).unwrap_or(&none));
        if before.fault_on(node).is_none() {
            prop_assert_eq!(after.fault_on(node), None, "on {}", node.name);
        }
    }
    Ok(())
}

#[test]
fn nothing_is_held_that_is_not_there_or_twice() {
    check(|world| {
        let (cluster, _) = placed(&world);
        let after: Vec<Allocation> = cluster.allocations().collect();
        no_new_faults(&world.nodes, &accounts(&world.allocations), &accounts(&after))
    });
}
