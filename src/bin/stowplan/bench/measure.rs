//! Running a load and measuring it.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "what is measured here is time, and no placement depends on it"
)]

use std::time::{Duration, Instant};

use stowplan::PlaceOptions;
use stowplan::testing::{Load, Random};

use super::level::{Arrived, Coming, Level, Resident};
use super::runner::Runner;
use crate::progress::Progress;

/// How many jobs are placed before somebody who watches is told again.
const STEPS: usize = 256;

/// How a load is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct By {
    pub(crate) level: Level,
    pub(crate) seed: u64,
    /// Whether every node is looked at for every placement.
    pub(crate) oracle: bool,
    /// Whether an engine is told of all that is placed that it runs.
    pub(crate) is_running: bool,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) load: Load,
    pub(crate) level: Level,
    pub(crate) jobs: usize,
    pub(crate) placements: usize,
    pub(crate) failed: usize,
    pub(crate) events: usize,
    pub(crate) seconds: f64,
    pub(crate) p50_job_us: f64,
    pub(crate) p99_job_us: f64,
    pub(crate) peak_rss_mb: f64,
    pub(crate) bytes_per_allocation: f64,
    pub(crate) cpu_used_percent: f64,
    pub(crate) scanned: usize,
    pub(crate) digest: u64,
}

/// Adds up while the load is placed.
#[derive(Default)]
struct Totals {
    jobs: usize,
    placements: usize,
    failed: usize,
    events: usize,
    scanned: usize,
    /// Of each job, or each departure.
    times: Vec<Duration>,
    seconds: f64,
    /// By how much the process grew while so many allocations were placed, and none left. Of a few
    /// allocations it says little: processes grow by pages.
    grown_bytes: f64,
    grown_by: usize,
}

impl Measured {
    /// Builds the cluster and places the load.
    pub(crate) fn run(load: &Load, by: By) -> Measured {
        let By { level, seed, oracle, is_running } = by;
        let options = PlaceOptions::default().oracle(oracle).record_failed_placements(false);
        let nodes = load.nodes();
        let capacity: i64 = nodes.iter().map(|node| node.cpu_mhz()).sum();
        let mut totals = Totals::default();
        let mut runner = Runner::new(level, options, nodes, is_running);
        totals.fill(load, seed, &mut runner);
        runner.leaves = load.events > 0;
        match load.events {
            0 => totals.arrive(load, seed, &mut runner),
            _ => totals.churn(load, seed, &mut runner),
        }
        let cluster = runner.cluster();
        totals.times.sort_unstable();
        let percentile = |percent: usize| {
            let at = totals.times.len() * percent / 100;
            totals.times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e6)
        };
        let used: i64 = cluster.usage().map(|usage| usage.cpu_mhz().used).sum();
        Measured {
            load: load.clone(),
            level,
            jobs: totals.jobs,
            placements: totals.placements,
            failed: totals.failed,
            events: totals.events,
            seconds: totals.seconds,
            p50_job_us: percentile(50),
            p99_job_us: percentile(99),
            peak_rss_mb: memory("VmHWM") / 1e6,
            bytes_per_allocation: totals.grown_bytes.max(0.0) / totals.grown_by.max(1) as f64,
            cpu_used_percent: used as f64 * 100.0 / capacity.max(1) as f64,
            scanned: totals.scanned,
            digest: cluster.digest(),
        }
    }
}

impl Measured {
    /// So many in the time of the whole run, for each second of it.
    pub(crate) fn per_second(&self, number: usize) -> f64 {
        number as f64 / self.seconds.max(1e-9)
    }
}

impl Totals {
    /// Fills the cluster as far as it should be before the load.
    fn fill(&mut self, load: &Load, seed: u64, runner: &mut Runner) {
        let before = memory("VmRSS");
        for job in load.fillers() {
            runner.fill(job, seed);
        }
        self.grown_by += runner.cluster().allocation_count();
        self.grown_bytes += memory("VmRSS") - before;
    }

    /// Places all jobs, one after another.
    fn arrive(&mut self, load: &Load, seed: u64, runner: &mut Runner) {
        let jobs = load.jobs(seed).into_iter().map(|job| runner.prepare(job));
        let mut jobs: Vec<Coming> = jobs.collect();
        self.times.reserve(jobs.len());
        let before = memory("VmRSS");
        let started = Instant::now();
        let mut last = started;
        let mut progress = Progress::new("placing jobs", jobs.len());
        for (at, job) in jobs.iter_mut().enumerate() {
            if at % STEPS == 0 {
                progress.at(at);
            }
            let arrived = runner.arrive(job);
            self.count(&arrived);
            let now = Instant::now();
            self.times.push(now - last);
            last = now;
        }
        self.seconds = (last - started).as_secs_f64();
        self.grown_by += self.placements;
        self.grown_bytes += memory("VmRSS") - before;
    }

    /// Lets jobs come and go in turn, in an order drawn from the seed. Who hands the jobs over keeps
    /// them until they have left. Making and dropping them is not measured: as in a program that does the same,
    /// each is made just before it comes, and dropped as soon as it has left, so that what allocators do with
    /// many at a time is not measured either.
    fn churn(&mut self, load: &Load, seed: u64, runner: &mut Runner) {
        let mut numbers = Load::random(seed);
        let mut live = standing(load, &mut numbers, runner);
        let mut arrivals = live.len();
        self.times.reserve(load.events);
        let mut progress = Progress::new("jobs come and go", load.events);
        for event in 0..load.events {
            if event % STEPS == 0 {
                progress.at(event);
            }
            let draw = numbers.below(usize::MAX);
            let took = if is_arrival(draw) {
                let mut job = runner.prepare(load.job(arrivals, &mut numbers));
                arrivals += 1;
                let started = Instant::now();
                let arrived = runner.arrive(&mut job);
                self.count(&arrived);
                live.extend(arrived.resident);
                started.elapsed()
            } else if live.is_empty() {
                Duration::ZERO
            } else {
                let resident = live.swap_remove(draw / 2 % live.len());
                let mut resident = runner.prepare_to_leave(resident);
                let started = Instant::now();
                runner.leave(&mut resident);
                started.elapsed()
            };
            self.times.push(took);
            self.seconds += took.as_secs_f64();
        }
        self.events = load.events;
    }

    fn count(&mut self, arrived: &Arrived) {
        self.jobs += 1;
        self.placements += arrived.placed;
        self.failed += arrived.failed;
        self.scanned += arrived.scanned;
    }
}

/// The jobs that are there before any of them comes or goes, drawn like those that come.
fn standing(load: &Load, numbers: &mut Random, runner: &mut Runner) -> Vec<Resident> {
    let mut live = Vec::with_capacity(load.standing + load.events);
    for at in 0..load.standing {
        let mut job = runner.prepare(load.job(at, numbers));
        live.extend(runner.arrive(&mut job).resident);
    }
    live
}

/// Whether a draw is one of an arrival; the others are of departures.
fn is_arrival(draw: usize) -> bool {
    draw % 2 == 1
}

/// A figure of this process's memory in bytes, as Linux tells it; 0 elsewhere.
fn memory(name: &str) -> f64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return 0.0 };
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0
}
