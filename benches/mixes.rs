//! The mixes of `stowplan bench`, scaled down so that each takes milliseconds: the whole load is placed
//! on a fork of one cluster.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros, and a benchmark may panic"
)]

#[path = "../src/bin/stowplan/bench/mix.rs"]
mod mix;

use std::hint::black_box;

use clap::ValueEnum;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use stowplan::model::Job;
use stowplan::testing::Load;
use stowplan::{Cluster, PlaceOptions};

use self::mix::Mix;

const NODES: usize = 500;
/// At most so many allocations are asked for.
const ALLOCATIONS: usize = 2_000;

/// A mix on fewer nodes, with fewer jobs and smaller ones.
fn scaled_down(mix: Mix) -> Load {
    let load = mix.load();
    let count = load.count.min(100);
    let jobs = load.jobs.min(ALLOCATIONS / count as usize).max(1);
    Load { nodes: NODES, jobs, count, ..load }
}

/// Places the load; of the mix of arrivals and departures, every second job leaves again.
fn place_all(cluster: &mut Cluster, jobs: &[Job], departs: bool) -> usize {
    let options = PlaceOptions::default();
    let mut placed = 0;
    for (at, job) in jobs.iter().enumerate() {
        let placement = cluster.place(job, &options);
        placed += placement.len();
        if departs && at % 2 == 0 {
            for allocation in placement.allocations() {
                cluster.remove_allocation(&allocation.id()).unwrap();
            }
        }
    }
    placed
}

fn mixes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mixes");
    for &mix in Mix::value_variants() {
        let load = scaled_down(mix);
        let mut cluster = Cluster::new(load.nodes()).unwrap();
        for job in load.fillers() {
            cluster.place(&job, &PlaceOptions::default());
        }
        let jobs = load.jobs(0);
        let (standing, jobs) = jobs.split_at(load.standing.min(jobs.len() / 10));
        place_all(&mut cluster, standing, false);
        let departs = load.events > 0;
        let placed = place_all(&mut cluster.fork(), jobs, departs);
        assert!(placed > 0, "{}", load.name);
        group.throughput(Throughput::Elements(placed as u64));
        group.bench_function(&load.name, |bencher| {
            bencher.iter_batched_ref(
                || cluster.fork(),
                |cluster| black_box(place_all(cluster, jobs, departs)),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = mixes
}
criterion_main!(benches);
