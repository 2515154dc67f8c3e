//! A small inventory, and jobs placed on it one after another.

use std::collections::BTreeSet;

use stowplan::model::{Allocation, Job, Node};
use stowplan::{Cluster, Inventory, PlaceOptions, Search};

use super::check::{self, Asked};
use stowplan::testing::{Bytes, small};

/// An inventory and the jobs that its allocations belong to.
pub(crate) fn inventory(bytes: &mut Bytes<'_>) -> (Vec<Node>, Vec<Job>, Vec<Allocation>) {
    let count = 1 + bytes.below(small::NODES);
    let nodes: Vec<Node> = (0..count).map(|at| small::node(bytes, at)).collect();
    let count = 1 + bytes.below(small::JOBS);
    let jobs: Vec<Job> = (0..count).filter_map(|at| small::job(bytes, at)).collect();
    let count = bytes.below(6);
    let allocations =
        (0..count).map(|at| small::allocation(bytes, at, &jobs, nodes.len())).collect();
    (nodes, jobs, allocations)
}

fn cluster(nodes: Vec<Node>, allocations: &[Allocation], seed: u64) -> Cluster {
    let inventory = Inventory::new(nodes)
        .and_then(|inventory| inventory.with_allocations(allocations.iter().cloned()))
        .unwrap()
        .with_volumes(small::volumes());
    Cluster::from_inventory(&inventory, seed)
}

pub(crate) fn place(data: &[u8]) {
    let bytes = &mut Bytes::new(data);
    let (nodes, jobs, allocations) = inventory(bytes);
    let seed = u64::from(bytes.byte());
    let mut cluster_now = cluster(nodes.clone(), &allocations, seed);
    // The order in which nodes come in means nothing.
    let mut turned = cluster(nodes.into_iter().rev().collect(), &allocations, seed);
    let mut evicted = BTreeSet::new();
    for (at, job) in jobs.iter().enumerate() {
        // A later version of a job that was placed before.
        let changed = bytes.one_in(4).then(|| small::job(bytes, at)).flatten();
        let (options, looks_at_all) = small::options(bytes);
        for job in [Some(job), changed.as_ref()].into_iter().flatten() {
            let asked = Asked { job, options: &options, looks_at_all };
            let of_turned = check::answer(&turned.place(job, &options));
            let before = cluster_now.fork();
            check::place(&mut cluster_now, &asked, &mut evicted);
            let answer = check::answer(&before.fork().place(job, &options));
            assert_eq!(answer, of_turned, "the order of nodes matters");
        }
    }
    question(&cluster_now, &jobs);
}

/// A question that keeps nothing gets the answer that a cluster gives.
fn question(cluster: &Cluster, jobs: &[Job]) {
    let Some(job) = jobs.last() else { return };
    let options = PlaceOptions::default().search(Search::Best);
    let explanation = cluster.explain(job, &job.task_groups[0].name, &options);
    assert_eq!(explanation.map(|it| it.nodes().len()), Some(cluster.nodes().count()));
    assert!(cluster.explain(job, "no such group", &options).is_none());
}
