//! The loop of an orchestrator around an engine: it tells the engine what happens, calls it when it wants to
//! be called, and tells clients what is to run. Here both nodes are one thread that pretends.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "the clock is the program's, not the engine's, and an example shows what it does"
)]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stowplan::Timestamp;
use stowplan::engine::{AllocationUpdate, Command, Engine, EngineOptions, Payload};
use stowplan::engine::{Heartbeat, UpdateAllocations};
use stowplan::model::{Allocation, ClientStatus, Job, JobType, Node};

/// The one clock, which does not go back.
fn now(engine: &Engine) -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)).max(engine.now())
}

/// The nodes: what they are given starts, and ends; of both they say so.
fn clients(told: &Receiver<Allocation>, engine: &Sender<Command>) {
    for allocation in told {
        let status = match allocation.client() {
            ClientStatus::Pending if !allocation.desired().is_terminal() => ClientStatus::Running,
            ClientStatus::Pending | ClientStatus::Running => ClientStatus::Complete,
            _ => continue,
        };
        let allocations = vec![AllocationUpdate::new(allocation.id, status)];
        engine.send(UpdateAllocations { allocations }.into()).unwrap_or_default();
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ((to_engine, commands), (to_clients, told)) = (channel(), channel());
    for id in ["n1", "n2"] {
        let node = Node::builder(id).cpu_shares(4_000).memory_mb(8_192).driver("docker").build()?;
        to_engine.send(Command::from(&node))?;
        to_engine.send(Heartbeat { node_id: id.into() }.into())?;
    }
    let job = Job::builder("sums").job_type(JobType::Batch);
    let job = job.group("g", 3, |g| g.task("t", "docker", |t| t.cpu_shares(500).memory_mb(256)));
    to_engine.send(Command::from(&job.build()?))?;
    std::thread::spawn(move || clients(&told, &to_engine));

    // Some events are kept, so that each is heard of once however many calls lie between.
    let mut engine = Engine::new(EngineOptions { history: 1_000, ..EngineOptions::default() });
    let (mut seen, mut done) = (0, 0);
    while done < 3 {
        // Sleep until something comes, or the engine wants to be called; it wants no polling.
        let wait = engine.next_deadline().map_or(i64::MAX, |at| at.since(now(&engine)).as_nanos());
        let wait = Duration::from_nanos(u64::try_from(wait).unwrap_or(0));
        if let Ok(command) = commands.recv_timeout(wait)
            && let Err(error) = engine.apply(now(&engine), command)
        {
            println!("refused: {error}");
        }
        engine.advance(now(&engine))?;
        for event in engine.events(seen) {
            if let Some(Payload::Allocation(it)) = engine.payload(&event).as_deref() {
                println!("{:>3} {} on {}: {}", event.index, it.name, it.node_id, it.client());
                done += usize::from(it.client() == ClientStatus::Complete);
                to_clients.send((**it).clone())?;
            }
        }
        seen = engine.modify_index();
    }
    Ok(engine.check()?)
}
