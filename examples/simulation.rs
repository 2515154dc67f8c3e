//! A simulated day of a small cluster: batch jobs arrive, run and end, nodes are lost and come back. The
//! same seed gives the same day, on every machine.
//!
//! ```text
//! cargo run --example simulation -- 7
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::{BTreeMap, BTreeSet};

use stowplan::model::{Job, JobType, Node};
use stowplan::{Cluster, PlaceOptions};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const NODES: u64 = 12;
const MINUTES: u64 = 24 * 60;

/// What happens at a minute.
enum Event {
    /// An allocation has done its work.
    Ends(String),
    /// A node is there again.
    Returns(String),
}

/// A day so far.
#[derive(Default)]
struct Day {
    cluster: Cluster,
    events: BTreeMap<u64, Vec<Event>>,
    /// Jobs that are not done, by the minute of their arrival, with the minutes that they run.
    open: BTreeMap<u64, (Job, u64)>,
    /// The minutes that finished jobs took from their arrival.
    took: Vec<u64>,
    lost: usize,
}

fn main() -> Result<()> {
    let seed = std::env::args().nth(1).map_or(Ok(1), |seed| seed.parse())?;
    let mut random = Random(seed);
    let mut day = Day::default();
    for at in 0..NODES {
        day.cluster.upsert_node(node(&format!("n{at}"))?);
    }
    println!(
        "{:>5} {:>6} {:>8} {:>5} {:>8} {:>5}",
        "hour", "nodes", "running", "cpu", "waiting", "done"
    );
    for minute in 0..MINUTES {
        for event in day.events.remove(&minute).unwrap_or_default() {
            day.happens(event)?;
        }
        if random.below(100) < 9 {
            let (count, cpu) = (1 + random.below(6) as u32, 500 * (1 + random.below(4)));
            let job = job(&format!("job-{minute}"), count, cpu as i64)?;
            day.open.insert(minute, (job, 20 + random.below(180)));
        }
        if random.below(1_000) < 3 {
            day.loses(&format!("n{}", random.below(NODES)), minute + 30 + random.below(90))?;
        }
        day.places(minute);
        if minute % 180 == 179 {
            day.prints((minute + 1) / 60);
        }
    }
    let mean = day.took.iter().sum::<u64>() / day.took.len().max(1) as u64;
    println!(
        "{} jobs done, in {mean} minutes on average; {} allocations were lost with their nodes",
        day.took.len(),
        day.lost
    );
    Ok(day.cluster.check()?)
}

impl Day {
    fn happens(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Returns(id) => _ = self.cluster.upsert_node(node(&id)?),
            // What was lost with its node meanwhile has ended already, and stays lost.
            Event::Ends(id) => self.cluster.finish([id])?,
        }
        Ok(())
    }

    /// A node is lost with all that it runs, until a minute.
    fn loses(&mut self, id: &str, until: u64) -> Result<()> {
        let Ok(unreachable) = self.cluster.remove_node(id) else { return Ok(()) };
        self.lost += unreachable.len();
        self.cluster.mark_lost(&unreachable)?;
        self.events.entry(until).or_default().push(Event::Returns(id.into()));
        Ok(())
    }

    /// Places what is missing of every job, the oldest first: new ones, what was lost, and what found no
    /// room before. Work that was done once is not done again.
    fn places(&mut self, minute: u64) {
        let mut done = BTreeSet::new();
        for (&arrival, (job, minutes)) in &self.open {
            let placement = self.cluster.place(job, &PlaceOptions::default());
            let ends = self.events.entry(minute + minutes).or_default();
            ends.extend(placement.allocations().map(|it| Event::Ends(it.id())));
            let mut allocations = self.cluster.allocations_of("default", &job.id);
            if placement.is_complete() && !allocations.any(|it| it.is_live()) {
                done.insert(arrival);
            }
        }
        self.took.extend(done.iter().map(|arrival| minute - arrival));
        self.open.retain(|arrival, _| !done.contains(arrival));
    }

    fn prints(&self, hour: u64) {
        let live: usize =
            self.cluster.nodes().map(|it| self.cluster.allocations_on(&it.id).count()).sum();
        let waiting: usize =
            self.open.values().map(|(job, _)| self.cluster.missing(job).len()).sum();
        let usage = self.cluster.usage().map(|it| it.cpu_mhz());
        let (used, has) = usage.fold((0, 0), |sum, it| (sum.0 + it.used, sum.1 + it.capacity));
        let nodes = self.cluster.nodes().count();
        println!(
            "{hour:>5} {nodes:>6} {live:>8} {:>4}% {waiting:>8} {:>5}",
            100 * used / has.max(1),
            self.took.len()
        );
    }
}

fn node(id: &str) -> Result<Node> {
    Ok(Node::builder(id).cpu_shares(4_000).memory_mb(8_192).driver("docker").build()?)
}

fn job(id: &str, count: u32, cpu_mhz: i64) -> Result<Job> {
    let job = Job::builder(id).job_type(JobType::Batch).group("work", count, |g| {
        g.task("run", "docker", |t| t.cpu_shares(cpu_mhz).memory_mb(512))
    });
    Ok(job.build()?)
}

/// A small generator (splitmix64): a simulation brings its own randomness.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % bound
    }
}
