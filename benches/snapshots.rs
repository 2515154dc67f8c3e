//! What snapshots cost those who write: a thousand commands of clients told to an engine of 100,000 allocations, where
//! nobody ever asked for a snapshot, where one was taken and let go before, and where somebody holds one that is as
//! old as the first command; and what a simulated world of 500 nodes told its engine, without snapshots and with one
//! every thousand commands.
//!
//! `benches/snapshots.sh` counts the instructions.

#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "criterion's macros, and a benchmark measures time and may panic"
)]

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use stowplan::engine::{
    AllocationUpdate, Command, Engine, EngineOptions, Recorded, Snapshot, UpdateAllocations,
};
use stowplan::model::{ClientStatus, Job, JobType, Node};
use stowplan::sim::{Behaviour, Lasting, World};
use stowplan::{Span, Timestamp};

const JOBS: usize = 100;
const COUNT: u32 = 1_000;
const COMMANDS: usize = 1_000;
const RECORDED: usize = 50_000;

/// An engine on which that many jobs are placed, as a file.
fn saved() -> Vec<u8> {
    let mut engine = Engine::new(EngineOptions::default());
    for at in 0..500 {
        let node = Node::builder(format!("node-{at}")).cpu_shares(30_000).memory_mb(60_000);
        let node = node.disk_mb(100_000).driver("docker").build().unwrap();
        engine.apply(engine.now(), Command::from(&node)).unwrap();
    }
    for at in 0..JOBS {
        let job = Job::builder(format!("job-{at}")).job_type(JobType::Batch);
        let job = job.group("front", COUNT, |g| {
            g.disk_mb(200).task("main", "docker", |t| t.cpu_shares(100).memory_mb(100))
        });
        engine.apply(engine.now(), Command::from(&job.build().unwrap())).unwrap();
        engine.advance(engine.now() + Span::from_secs(1)).unwrap();
    }
    assert_eq!(engine.allocation_count(), JOBS * COUNT as usize);
    engine.snapshot().save().flatten().collect()
}

/// Commands by which clients say that what they were given runs, each one another's, all over the engine.
fn updates(engine: &Engine, round: usize) -> Vec<Command> {
    let all = engine.jobs().flat_map(|job| job.allocations().collect::<Vec<_>>());
    let ids = all.skip(round).step_by(97).take(COMMANDS).map(|it| it.id());
    let update = |id| {
        let allocations = vec![AllocationUpdate::new(id, ClientStatus::Running)];
        UpdateAllocations { allocations }.into()
    };
    ids.map(update).collect()
}

/// Tells what is counted. It has a name of its own for what was told before not to be counted.
#[inline(never)]
pub fn tell_next(engine: &mut Engine, commands: Vec<Command>) {
    tell_all(engine, commands);
}

fn tell_all(engine: &mut Engine, commands: Vec<Command>) {
    for command in commands {
        let now = engine.now() + Span::from_secs(1);
        engine.apply(now, command).unwrap();
        engine.advance(now).unwrap();
    }
}

/// Which snapshots there are.
#[derive(Clone, Copy, PartialEq)]
enum Snapshots {
    Never,
    LetGo,
    Held,
}

/// An engine that has been told a thousand commands, and the next thousand.
fn engine(saved: &[u8], snapshots: Snapshots) -> (Engine, Vec<Command>, Option<Snapshot>) {
    let mut engine = Engine::load(saved).unwrap();
    let first = updates(&engine, 0);
    let early = (snapshots != Snapshots::Never).then(|| engine.snapshot());
    let chunks = |snapshot: Snapshot| snapshot.save().map(|chunk| chunk.len()).sum::<usize>();
    tell_all(&mut engine, first);
    assert!(early.is_none_or(|early| chunks(early) > 0), "it is read while commands go on");
    let next = updates(&engine, 1);
    let late = (snapshots == Snapshots::Held).then(|| engine.snapshot());
    (engine, next, late)
}

fn snapshots(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("snapshots");
    let mut made: Option<Vec<u8>> = None;
    for (name, which) in
        [("never", Snapshots::Never), ("let go", Snapshots::LetGo), ("held", Snapshots::Held)]
    {
        group.bench_function(name, |bencher| {
            let saved = made.get_or_insert_with(saved);
            bencher.iter_batched(
                || engine(saved, which),
                |(mut engine, commands, snapshot)| {
                    tell_next(&mut engine, commands);
                    (engine, snapshot)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// What a world of 500 nodes told its engine in which services run, batch jobs come and go, and some fail.
fn recorded() -> Vec<Recorded> {
    let seconds = Span::from_secs;
    let behaviour = Behaviour {
        run: Lasting::Exponential(seconds(900)),
        failed_per_1000: 5,
        failure: Lasting::Exponential(seconds(30 * 86_400)),
        node_failure: Lasting::Exponential(seconds(9 * 86_400)),
        node_downtime: Lasting::Exponential(seconds(1_800)),
        ..Behaviour::default()
    };
    let mut world = World::new(EngineOptions::default(), behaviour);
    let (told, log) = channel();
    world.record_with(move |recorded| told.send(recorded.clone()).unwrap());
    for at in 0..500 {
        let node = Node::builder(format!("n{at}")).cpu_shares(16_000).memory_mb(32_768);
        world.add_node(node.driver("docker").build().unwrap().spec().clone()).unwrap();
    }
    let job = |id: String, job_type, count| {
        let job = Job::builder(id).job_type(job_type).group("work", count, |g| {
            g.task("run", "docker", |t| t.cpu_shares(400).memory_mb(500))
        });
        Command::from(&job.build().unwrap())
    };
    for at in 0..60 {
        world.apply(job(format!("service-{at}"), JobType::Service, 10)).unwrap();
    }
    world.arrivals((0..).map(move |at: i64| {
        let count = 5 + (at * 7 % 9) as u32;
        (Timestamp::from_secs(100 + 4 * at), job(format!("batch-{at}"), JobType::Batch, count))
    }));
    let mut commands = Vec::new();
    while commands.len() < RECORDED {
        world.run_until(world.now() + seconds(60));
        commands.extend(log.try_iter());
    }
    commands.truncate(RECORDED);
    commands
}

/// Tells an engine a part of what was recorded, beside a snapshot that is taken before, if somebody asks for one.
#[inline(never)]
pub fn tell_part(engine: &mut Engine, part: Vec<Recorded>, is_asked: bool) -> Option<Snapshot> {
    let snapshot = is_asked.then(|| engine.snapshot());
    for Recorded { now, command, .. } in part {
        // Some are refused, as they were when they were recorded.
        let _ = engine.apply(now, command);
        engine.advance(now).unwrap();
    }
    snapshot
}

/// What is told takes time, and what is let go does not: it is the reader's.
fn a_world(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a world");
    let mut made = None;
    for (name, is_asked) in [("without snapshots", false), ("with snapshots", true)] {
        group.bench_function(name, |bencher| {
            let recorded: &Vec<Recorded> = made.get_or_insert_with(recorded);
            bencher.iter_custom(|times| {
                let mut took = Duration::ZERO;
                for _ in 0..times {
                    let mut engine = Engine::new(EngineOptions::default());
                    let mut latest = None;
                    for part in recorded.chunks(COMMANDS).map(<[Recorded]>::to_vec) {
                        let begun = Instant::now();
                        let taken = tell_part(&mut engine, part, is_asked);
                        took += begun.elapsed();
                        latest = taken.or(latest);
                    }
                }
                took
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = snapshots, a_world
}
criterion_main!(benches);
