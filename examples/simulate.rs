//! A day of a cluster in simulated time: jobs arrive, run and fail, nodes die and come back, some are
//! drained. The same day is lived through twice, with jobs packed and with jobs spread.
//!
//!     cargo run --release --example simulate

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it says how long it took, and shows what it does"
)]

use std::time::Instant;

use stowplan::engine::{Command, DrainNode, DrainSpec, EngineOptions, SetSchedulerConfiguration};
use stowplan::model::{Job, JobErrors, JobType, Node, SchedulerConfiguration};
use stowplan::sim::{Behaviour, Figures, Lasting, World};
use stowplan::{Span, Timestamp};

const NODES: usize = 500;
const SERVICES: usize = 60;
const BATCH_JOBS: i64 = 24_000;
const DRAINS: i64 = 20;
const DAY: i64 = 24 * 3_600;
/// 2026-01-01T00:00:00Z.
const BEGIN: Timestamp = Timestamp::from_secs(1_767_225_600);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "{:<10} {:>9} {:>9} {:>7} {:>7} {:>6} {:>7} {:>9} {:>6} {:>6} {:>17} {:>8}",
        "algorithm",
        "started",
        "completed",
        "failed",
        "died",
        "nodes",
        "drained",
        "commands",
        "blocked",
        "full",
        "digest",
        "time"
    );
    for algorithm in ["binpack", "spread"] {
        let begun = Instant::now();
        let (world, fullest) = day(algorithm)?;
        let Figures { started, completed, failed, died, node_failures, commands, .. } =
            world.figures();
        let blocked = world.engine().stats().blocked;
        println!(
            "{algorithm:<10} {started:>9} {completed:>9} {failed:>7} {died:>7} {node_failures:>6} {DRAINS:>7} \
             {commands:>9} {blocked:>6} {fullest:>5}% {:>17x} {:>6.1} s",
            world.digest(),
            begun.elapsed().as_secs_f64()
        );
    }
    Ok(())
}

/// Lives through a day, and gives the world then and how full the nodes were at most, in percent of CPU.
fn day(algorithm: &str) -> Result<(World, u64), Box<dyn std::error::Error>> {
    let seconds = Span::from_secs;
    let behaviour = Behaviour {
        run: Lasting::Exponential(seconds(900)),
        failed_per_1000: 5,
        failure: Lasting::Exponential(seconds(30 * DAY)),
        // Each node dies every ten days, so about fifty do in one.
        node_failure: Lasting::Exponential(seconds(9 * DAY)),
        node_downtime: Lasting::Exponential(seconds(1_800)),
        ..Behaviour::default()
    };
    let mut options = EngineOptions { seed: 7, ..EngineOptions::default() };
    // A heartbeat a minute is enough for a simulation.
    options.heartbeats.min_ttl = seconds(600);
    let mut world = World::new(options, behaviour);
    world.run_until(BEGIN);
    let configuration = SchedulerConfiguration {
        scheduler_algorithm: algorithm.into(),
        ..SchedulerConfiguration::default()
    };
    world.apply(SetSchedulerConfiguration { configuration, ..Default::default() }.into())?;
    for at in 0..NODES {
        let node = Node::builder(format!("n{at:03}"))
            .cpu_shares(16_000)
            .memory_mb(32_768)
            .driver("docker");
        world.add_node(node.build()?.spec().clone())?;
    }
    for at in 0..SERVICES {
        world.apply(Command::from(&job(format!("service-{at}"), false, 10, 400)?))?;
    }
    for at in 0..DRAINS {
        let drain = DrainNode {
            node_id: format!("n{:03}", at * 25),
            drain_spec: Some(DrainSpec { deadline: seconds(3_600), ..DrainSpec::default() }),
            ..DrainNode::default()
        };
        world.at(BEGIN + seconds(3_600 * (at + 1)), drain.into());
    }
    // Jobs of 5 to 13, one after the other through the day.
    world.arrivals((0..BATCH_JOBS).map(|at| {
        let job = job(format!("batch-{at}"), true, 5 + (at * 7 % 9) as u32, 300 + at * 13 % 400);
        let instant = BEGIN + Span::from_nanos(DAY * 1_000_000_000 / BATCH_JOBS * at);
        (instant, Command::from(&job.unwrap_or_else(|error| unreachable!("{error}"))))
    }));
    let mut fullest = 0;
    for minutes in (10..=DAY / 60).step_by(10) {
        world.run_until(BEGIN + seconds(60 * minutes));
        let cpu = world.engine().total_usage().cpu_mhz;
        fullest = fullest.max((cpu.used * 100 / cpu.capacity.max(1)) as u64);
    }
    Ok((world, fullest))
}

fn job(id: String, is_batch: bool, count: u32, cpu: i64) -> Result<Job, JobErrors> {
    let job = Job::builder(id).group("work", count, |group| {
        group.task("run", "docker", |task| task.cpu_shares(cpu).memory_mb(cpu * 2))
    });
    if is_batch { job.job_type(JobType::Batch).build() } else { job.build() }
}
