//! What queries that wait cost those that register, and how soon one is woken.

use std::time::{Duration, Instant};

use crate::agent::Agent;
use crate::client::{Connection, Figures, closed, request};
use crate::{Outcome, documents};

/// How many jobs there are that nothing happens to, so that who waits for them goes on waiting.
const IDLE_JOBS: u64 = 1_000;
/// How many threads register.
const SENDERS: u32 = 4;
/// How many registrations there are a second.
const A_SECOND: u32 = 1_000;
/// How many are waited for, to see when it is known.
const WOKEN: usize = 300;

/// Registers for a while without anybody waiting and then with a crowd, and prints what both take.
pub(crate) fn measure(agent: &Agent, waiting: usize, time: Duration) -> Outcome<()> {
    closed(agent.address(), 8, IDLE_JOBS, |at| {
        request("PUT", "/v1/jobs", &documents::job(&format!("idle{at}"), 1))
    })?;
    // The first while is not measured: memory grows then.
    register(agent, "first", time / 2)?;
    let alone = register(agent, "alone", time)?;
    let crowd = wait(agent, waiting)?;
    let beside = register(agent, "beside", time)?;
    let again = {
        drop(crowd);
        std::thread::sleep(Duration::from_secs(1));
        register(agent, "again", time)?
    };
    // For each registration: where the machine is busy there are fewer a second than there should be.
    let share =
        |it: &Registered| it.processor as f64 * 10_000.0 / it.figures.times.len().max(1) as f64;
    let without = (share(&alone) + share(&again)) / 2.0;
    println!(
        "processor, {A_SECOND} registrations a second wanted: {without:.0} us each ({:.0} before, {:.0} after)",
        share(&alone),
        share(&again)
    );
    println!(
        "processor, {waiting} queries waiting beside them: {:.0} us each, {:+.1} % of that",
        share(&beside),
        (share(&beside) / without - 1.0) * 100.0
    );
    alone.figures.show("registrations at that pace", None);
    beside.figures.show("the same beside those that wait", None);
    let crowd = wait(agent, waiting)?;
    woken(agent)?.show("from commit to wake-up", None);
    drop(crowd);
    Ok(())
}

struct Registered {
    processor: u64,
    figures: Figures,
}

/// Registers at a steady pace.
fn register(agent: &Agent, name: &str, time: Duration) -> Outcome<Registered> {
    let before = agent.processor_time().unwrap_or(0);
    let pause = Duration::from_secs(1) * SENDERS / A_SECOND;
    let began = Instant::now();
    let work = |sender: u32| -> Result<Vec<Duration>, String> {
        let mut connection = Connection::open(agent.address()).map_err(|it| it.to_string())?;
        let (mut times, mut at) = (Vec::new(), began + pause * sender / SENDERS);
        while at < began + time {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            let id = format!("{name}-{sender}-{}", times.len());
            let one = Instant::now();
            let bytes = request("PUT", "/v1/jobs", &documents::job(&id, 10));
            connection.ask(&bytes).map_err(|it| it.to_string())?;
            times.push(one.elapsed());
            at += pause;
        }
        Ok(times)
    };
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..SENDERS).map(|at| scope.spawn(move || work(at))).collect();
        threads.into_iter().map(|thread| thread.join()).collect()
    });
    let whole = began.elapsed();
    let mut times = Vec::new();
    for outcome in outcomes {
        times.append(&mut outcome.map_err(|_| "a sender panicked")??);
    }
    let processor = agent.processor_time().unwrap_or(0) - before;
    Ok(Registered { processor, figures: Figures::new(times, whole) })
}

/// Queries that wait for what does not come.
fn wait(agent: &Agent, number: usize) -> Outcome<Vec<Connection>> {
    let mut crowd = Vec::with_capacity(number);
    let paths = ["", "/allocations", "/evaluations", "/summary"];
    for at in 0..number {
        let mut connection = Connection::open(agent.address())?;
        let path = format!("/v1/job/idle{}{}", at as u64 % IDLE_JOBS, paths[at % paths.len()]);
        connection.send(&request("GET", &format!("{path}?index=999999999&wait=5m"), ""))?;
        crowd.push(connection);
    }
    std::thread::sleep(Duration::from_secs(2));
    Ok(crowd)
}

/// How long after the answer to a registration one knows of it who waited for that.
fn woken(agent: &Agent) -> Outcome<Figures> {
    let (mut writer, mut reader) =
        (Connection::open(agent.address())?, Connection::open(agent.address())?);
    let mut times = Vec::new();
    let began = Instant::now();
    for at in 0..WOKEN {
        let job = request("PUT", "/v1/jobs", &documents::job("woken", 1 + at as u64 % 2));
        if at == 0 {
            writer.ask(&job)?;
        }
        let (head, _) = reader.ask(&request("GET", "/v1/job/woken/evaluations", ""))?;
        let index = head.lines().find_map(|line| line.strip_prefix("x-nomad-index: "));
        let path = format!("/v1/job/woken/evaluations?index={}", index.ok_or("no index")?.trim());
        reader.send(&request("GET", &path, ""))?;
        std::thread::sleep(Duration::from_millis(2));
        writer.ask(&request("PUT", "/v1/job/woken/evaluate", r#"{"JobID": "woken"}"#))?;
        let answered = Instant::now();
        reader.receive()?;
        times.push(answered.elapsed());
    }
    Ok(Figures::new(times, began.elapsed()))
}
