//! The loop of an orchestrator around an engine: it tells the engine what happens, calls it when it wants to
//! be called, and tells clients what is to run. Here both nodes are threads that pretend.
//!
//! ```text
//! cargo run --example embed
//! ```

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "the clock is the program's, not the engine's, and an example shows what it does"
)]

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stowplan::engine::{
    AllocationUpdate, Command, DeregisterJob, Engine, EngineOptions, Heartbeat, Payload,
    UpdateAllocations,
};
use stowplan::model::{Allocation, ClientStatus, Job, Node};
use stowplan::{Span, Timestamp};

/// The one clock, which does not go back.
fn now(engine: &Engine) -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)).max(engine.now())
}

/// A node: it runs what it is given until it is told to stop that, and says so.
fn client(inbox: &Receiver<Allocation>, engine: &Sender<Command>) {
    for allocation in inbox {
        let is_to_run = !allocation.desired().is_terminal();
        let status = if is_to_run { ClientStatus::Running } else { ClientStatus::Complete };
        if allocation.client() != status {
            let allocations = vec![AllocationUpdate::new(allocation.id, status)];
            if engine.send(UpdateAllocations { allocations }.into()).is_err() {
                return;
            }
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (to_engine, inbox) = channel::<Command>();
    let mut clients = BTreeMap::new();
    for id in ["n1", "n2"] {
        let (to_client, from_engine) = channel();
        let engine = to_engine.clone();
        std::thread::spawn(move || client(&from_engine, &engine));
        clients.insert(id.to_owned(), to_client);
        let node = Node::builder(id).cpu_shares(4_000).memory_mb(8_192).driver("docker").build()?;
        to_engine.send(Command::from(&node))?;
        to_engine.send(Heartbeat { node_id: id.into() }.into())?;
    }
    let job = Job::builder("web")
        .group("front", 3, |g| g.task("nginx", "docker", |t| t.cpu_shares(500).memory_mb(256)));
    to_engine.send(Command::from(&job.build()?))?;

    // Some events are kept, so that each is heard of once however many calls lie between.
    let mut engine = Engine::new(EngineOptions { history: 1_000, ..EngineOptions::default() });
    let (mut seen, mut is_stopped) = (0, false);
    loop {
        // Sleep until something comes, or the engine wants to be called; it wants no polling.
        let wait =
            engine.next_deadline().map_or(Span::from_secs(3_600), |at| at.since(now(&engine)));
        let wait = Duration::from_nanos(u64::try_from(wait.as_nanos()).unwrap_or(0));
        match inbox.recv_timeout(wait) {
            Ok(command) => {
                let name = command.name();
                if let Err(error) = engine.apply(now(&engine), command) {
                    println!("{name} is refused: {error}");
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        engine.advance(now(&engine))?;
        for event in engine.events(seen) {
            if let Some(Payload::Allocation(it)) = engine.payload(&event).as_deref() {
                println!(
                    "{:>3} {} on {}: {}, {}",
                    event.index,
                    it.name,
                    it.node_id,
                    it.desired(),
                    it.client()
                );
                if let Some(client) = clients.get(&it.node_id) {
                    client.send((**it).clone())?;
                }
            }
        }
        seen = engine.modify_index();
        // Once all of it runs, the job is stopped; once all has ended, so is the program.
        let is = |status| {
            engine.allocations_of("default", "web").filter(|it| it.client() == status).count()
        };
        if is(ClientStatus::Running) == 3 && !is_stopped {
            is_stopped = true;
            to_engine.send(DeregisterJob { job_id: "web".into(), ..Default::default() }.into())?;
        } else if is(ClientStatus::Complete) == 3 {
            break;
        }
    }
    Ok(engine.check()?)
}
