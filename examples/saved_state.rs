//! An engine that outlives its process: its commands are told, a reader has a snapshot from time to time, and
//! the whole is saved and read back. It says what each of that costs.
//!
//!     cargo run --release --example saved_state -- 1000000

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it says how long it took, and shows what it does"
)]

use std::time::{Duration, Instant};

use stowplan::engine::{
    AllocationUpdate, Command, Engine, EngineOptions, Snapshot, UpdateAllocations,
};
use stowplan::model::{ClientStatus, Job, JobType, Node};
use stowplan::{Span, Timestamp};

/// How many allocations a job has.
const COUNT: usize = 1_000;
/// How many commands come between two snapshots.
const COMMANDS: usize = 1_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let allocations = std::env::args().nth(1).map_or(Ok(4_000), |many| many.parse())?;
    let begun = Instant::now();
    let mut engine = filled(allocations)?;
    println!("{} allocations placed in {:.2} s", engine.allocation_count(), secs(begun.elapsed()));

    let begun = Instant::now();
    let mut bytes: Vec<u8> = Vec::new();
    for chunk in engine.snapshot().save() {
        bytes.extend(chunk);
    }
    let saved = begun.elapsed();
    let begun = Instant::now();
    let loaded = Engine::load(&bytes)?;
    let read = begun.elapsed();
    let rate = |took: Duration| engine.allocation_count() as f64 / secs(took);
    println!(
        "saved {:.1} MB in {:.2} s ({:.0} allocations/s), read in {:.2} s ({:.0}/s)",
        bytes.len() as f64 / 1e6,
        secs(saved),
        rate(saved),
        secs(read),
        rate(read)
    );
    assert_eq!(loaded.digest(), engine.digest(), "it goes on from where it was");
    drop((loaded, bytes));

    // Both ways alternate, so that what else the machine does falls on both.
    let (mut without, mut with) = (Duration::ZERO, Duration::ZERO);
    let mut latest: Option<Snapshot> = None;
    for round in 0..10 {
        let updates = updates(&engine, round);
        let begun = Instant::now();
        if round % 2 == 1 {
            latest = Some(engine.snapshot());
        }
        let now = engine.now() + Span::from_secs(1);
        for update in updates {
            engine.apply(now, update)?;
            engine.advance(now)?;
        }
        *(if round % 2 == 1 { &mut with } else { &mut without }) += begun.elapsed();
        latest = latest.filter(|_| round % 2 == 0);
    }
    println!(
        "{COMMANDS} commands of clients in {:.2} ms, with a snapshot that somebody reads in {:.2} ms",
        secs(without) * 200.0,
        secs(with) * 200.0
    );
    Ok(())
}

fn secs(took: Duration) -> f64 {
    took.as_secs_f64()
}

/// An engine with so many allocations.
fn filled(allocations: usize) -> Result<Engine, Box<dyn std::error::Error>> {
    let mut engine = Engine::new(EngineOptions::default());
    let mut now = Timestamp::from_secs(1_767_225_600);
    for at in 0..allocations.div_ceil(200).max(1) {
        let node = Node::builder(format!("node-{at}"))
            .cpu_shares(30_000)
            .memory_mb(60_000)
            .disk_mb(100_000)
            .driver("docker")
            .class(format!("class-{}", at % 4));
        engine.apply(now, Command::from(&node.build()?))?;
    }
    for at in 0..allocations.div_ceil(COUNT) {
        now = now + Span::from_secs(1);
        let job = Job::builder(format!("job-{at}")).job_type(JobType::Batch).group(
            "front",
            COUNT as u32,
            |g| {
                let mhz = 100 + (at % 20) as i64;
                g.disk_mb(200).task("main", "docker", |t| t.cpu_shares(mhz).memory_mb(100))
            },
        );
        engine.apply(now, Command::from(&job.build()?))?;
        engine.advance(now)?;
    }
    Ok(engine)
}

/// Commands by which clients say that what they were given runs, each one another's.
fn updates(engine: &Engine, round: usize) -> Vec<Command> {
    let all = engine.jobs().flat_map(|job| job.allocations().collect::<Vec<_>>());
    let ids = all.skip(round).step_by(7).take(COMMANDS).map(|it| it.id());
    let update = |id: String| {
        let allocations = vec![AllocationUpdate::new(id, ClientStatus::Running)];
        UpdateAllocations { allocations }.into()
    };
    ids.map(update).collect()
}
