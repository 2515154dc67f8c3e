//! Each stage of a placement by itself, on 5,000 nodes in 50 racks: reading documents, the first group
//! of its kind, the next ones, refusals, forks, proposals, reasons, and the plain scan for comparison.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros, and a benchmark may panic"
)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use stowplan::model::{Job, JobType, Node, Operand, Spread};
use stowplan::{Cluster, PlaceOptions};

const NODES: usize = 5_000;
const RACKS: usize = 50;

fn node(at: usize) -> Node {
    Node::builder(format!("node-{at:05}"))
        .cpu_shares(100_000)
        .memory_mb(200_000)
        .disk_mb(1_000_000)
        .driver("docker")
        .attribute("kernel.name", "linux")
        .meta("rack", format!("rack-{}", at % RACKS))
        .build()
        .unwrap()
}

/// A service job of one group.
fn job(
    id: &str,
    count: u32,
    cpu_mhz: i64,
    change: impl FnOnce(&mut stowplan::model::JobSpec),
) -> Job {
    let job = Job::builder(id)
        .job_type(JobType::Service)
        .constraint("${attr.kernel.name}", Operand::Eq, "linux")
        .group("group", count, |group| {
            group.task("task", "docker", |task| task.cpu_shares(cpu_mhz).memory_mb(500))
        })
        .build();
    job.unwrap().changed(change).unwrap()
}

fn plain(id: &str, count: u32, cpu_mhz: i64) -> Job {
    job(id, count, cpu_mhz, |_| {})
}

fn spread(id: &str, count: u32) -> Job {
    job(id, count, 250, |spec| {
        let rack = Spread { attribute: "${meta.rack}".into(), ..Spread::default() };
        spec.spreads.push(rack);
    })
}

/// A cluster that knows its nodes and the usual ask already.
fn cluster() -> Cluster {
    let mut cluster = Cluster::new((0..NODES).map(node)).unwrap();
    for at in 0..10 {
        cluster.place(&plain(&format!("before-{at}"), 100, 250), &PlaceOptions::default());
    }
    cluster
}

fn documents(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("documents");
    let node = serde_json::to_string(node(7).spec()).unwrap();
    let job = serde_json::to_string(plain("web", 10, 250).spec()).unwrap();
    group.bench_function("read a node", |bencher| {
        bencher.iter(|| Node::from_json(black_box(&node)).unwrap());
    });
    group.bench_function("read a job", |bencher| {
        bencher.iter(|| Job::from_json(black_box(&job)).unwrap());
    });
    group.finish();
}

/// Placing one job on a fork of a cluster, made anew each time.
fn placing(criterion: &mut Criterion) {
    let cluster = cluster();
    let options = PlaceOptions::default();
    let mut group = criterion.benchmark_group("placing");
    let mut on_a_fork = |name: &str, job: &Job, options: &PlaceOptions, expected: usize| {
        assert_eq!(cluster.fork().place(job, options).len(), expected, "{name}");
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || cluster.fork(),
                |fork| black_box(fork.place(job, options)),
                BatchSize::LargeInput,
            );
        });
    };
    on_a_fork("1 of a known ask", &plain("known", 1, 250), &options, 1);
    on_a_fork("1,000 of a known ask", &plain("known", 1_000, 250), &options, 1_000);
    on_a_fork("1 of a new ask", &plain("new", 1, 777), &options, 1);
    on_a_fork("a refusal", &plain("huge", 1, 100_001), &options, 0);
    on_a_fork("100 spread over 50 racks", &spread("spread", 100), &options, 100);
    on_a_fork("10 by the plain scan", &plain("known", 10, 250), &options.clone().oracle(true), 10);
    group.finish();
}

fn forking(criterion: &mut Criterion) {
    let cluster = cluster();
    let options = PlaceOptions::default();
    let mut group = criterion.benchmark_group("forking");
    group.bench_function("fork", |bencher| bencher.iter(|| black_box(cluster.fork())));
    let mut fork = cluster.fork();
    let job = plain("proposed", 100, 250);
    group.bench_function("propose 100 and take back", |bencher| {
        bencher.iter(|| fork.propose(black_box(&job), &options).take_back());
    });
    assert_eq!(fork.digest(), cluster.digest());
    let huge = plain("huge", 1, 100_001);
    group.bench_function("explain a refusal", |bencher| {
        bencher.iter(|| black_box(cluster.explain(&huge, "group", &options)));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = documents, placing, forking
}
criterion_main!(benches);
