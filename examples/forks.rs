//! What forks and proposals cost on a cluster of 5,000 nodes and a million allocations:
//! `cargo run --release --example forks`. Memory is read where Linux tells it, and is 0 elsewhere.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "what is measured here is time, and no placement depends on it"
)]

use std::time::Instant;

use stowplan::model::{Job, JobType, Node};
use stowplan::{Cluster, PlaceOptions};

const NODES: usize = 5_000;
const JOBS: usize = 1_000;
const FORKS: usize = 1_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let node = |at: usize| {
        let node = Node::builder(format!("node-{at:05}")).driver("docker");
        node.cpu_shares(100_000).memory_mb(200_000).disk_mb(10_000_000).build()
    };
    let nodes: Vec<Node> = (0..NODES).map(node).collect::<Result<_, _>>()?;
    let empty = resident_bytes();
    let mut cluster = Cluster::new(nodes)?;
    let options = PlaceOptions::default();
    for at in 0..JOBS {
        cluster.place(&job(&format!("job-{at}"), 1_000)?, &options);
    }
    let allocations = cluster.allocation_count();
    let grown_mb = (resident_bytes() - empty) / 1e6;
    println!("{allocations} allocations: {grown_mb:.0} MB beyond the process with its nodes");

    let before = resident_bytes();
    let started = Instant::now();
    let mut forks: Vec<Cluster> = (0..FORKS).map(|_| cluster.fork()).collect();
    let each_ns = started.elapsed().as_nanos() as f64 / FORKS as f64;
    let each_bytes = (resident_bytes() - before) / FORKS as f64;
    println!("a fork: {each_ns:.0} ns, {each_bytes:.0} bytes");

    let one = job("one-more", 1)?;
    let mut times_ns: Vec<u128> = Vec::with_capacity(FORKS);
    for fork in &mut forks {
        let started = Instant::now();
        let placement = fork.place(&one, &options);
        times_ns.push(started.elapsed().as_nanos());
        assert_eq!(placement.len(), 1);
    }
    times_ns.sort_unstable();
    let (median, slowest) = (times_ns[FORKS / 2] as f64 / 1e3, times_ns[FORKS - 1] as f64 / 1e3);
    println!("the first placement on a fork: {median:.1} us (the slowest {slowest:.1} us)");
    let grown_mb = (resident_bytes() - before) / 1e6;
    println!("{FORKS} live forks with a placement each: {grown_mb:.0} MB");
    assert_eq!(cluster.allocation_count(), allocations);
    drop(forks);

    for count in [1, 10, 100, 1_000] {
        let job = job("proposed", count)?;
        let mut take_back_us: Vec<f64> = Vec::new();
        for _ in 0..200 {
            let proposal = cluster.propose(&job, &options);
            let started = Instant::now();
            proposal.take_back();
            take_back_us.push(started.elapsed().as_nanos() as f64 / 1e3);
        }
        take_back_us.sort_unstable_by(f64::total_cmp);
        println!("taking back a proposal of {count}: {:.1} us", take_back_us[100]);
    }
    cluster.check()?;
    Ok(())
}

fn job(id: &str, count: u32) -> Result<Job, Box<dyn std::error::Error>> {
    let job = Job::builder(id).job_type(JobType::Batch).group("group", count, |group| {
        group.disk_mb(10).task("task", "docker", |task| task.cpu_shares(425).memory_mb(850))
    });
    Ok(job.build()?)
}

/// How much memory the process has, as Linux tells it.
fn resident_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0
}
