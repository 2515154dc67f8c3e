//! The engine without HTTP, told and asked the same.

use std::hint::black_box;
use std::time::Instant;

use stowplan::Timestamp;
use stowplan::engine::{Command, Engine, EngineOptions, RegisterJob, RegisterNode};
use stowplan::model::{JobSpec, read};

use crate::client::Figures;
use crate::{LONG_READS, Outcome, READS, documents};

fn with_nodes(number: u64) -> Outcome<Engine> {
    let mut engine = Engine::new(EngineOptions { history: 4_096, ..EngineOptions::default() });
    for node in read::nodes(documents::nodes(number).into_bytes())? {
        engine.apply(Timestamp::from_secs(1), Command::from(RegisterNode::from(node)))?;
    }
    Ok(engine)
}

fn job(id: &str, count: u64) -> Outcome<JobSpec> {
    let document: serde_json::Value = serde_json::from_str(&documents::job(id, count))?;
    Ok(serde_json::from_value(document["Job"].clone())?)
}

fn register(engine: &mut Engine, id: &str, count: u64) -> Outcome<()> {
    let now = engine.now();
    engine.apply(now, Command::from(RegisterJob::from(job(id, count)?)))?;
    engine.advance(now)?;
    Ok(())
}

/// Jobs of ten, one after the other.
pub(crate) fn registrations(nodes: u64, number: u64) -> Outcome<Figures> {
    let mut engine = with_nodes(nodes)?;
    let mut times = Vec::new();
    let jobs: Vec<JobSpec> =
        (0..number).map(|at| job(&format!("j{at}"), 10)).collect::<Outcome<_>>()?;
    let began = Instant::now();
    for job in jobs {
        let (one, now) = (Instant::now(), engine.now());
        engine.apply(now, Command::from(RegisterJob::from(job)))?;
        engine.advance(now)?;
        times.push(one.elapsed());
    }
    Ok(Figures::new(times, began.elapsed()))
}

/// A job, and 1,000 allocations, looked at in a snapshot.
pub(crate) fn reads(nodes: u64) -> Outcome<(Figures, Figures)> {
    let mut engine = with_nodes(nodes)?;
    register(&mut engine, "one", 10)?;
    register(&mut engine, "big", 1_000)?;
    let measure = |number: u64, read: &dyn Fn(&Engine)| {
        let began = Instant::now();
        let one = |_| {
            let one = Instant::now();
            read(&engine);
            one.elapsed()
        };
        let times = (0..number).map(one).collect();
        Figures::new(times, began.elapsed())
    };
    let one = measure(READS, &|engine| {
        let snapshot = engine.snapshot();
        let job = snapshot.job("default", "one");
        black_box(job.and_then(|job| job.versions().next().map(|it| it.spec().clone())));
    });
    let many = measure(LONG_READS, &|engine| {
        let snapshot = engine.snapshot();
        let all = snapshot.allocations_of("default", "big");
        black_box(all.map(|view| view.document()).collect::<Vec<_>>());
    });
    Ok((one, many))
}
