//! `stowplan bench`: builds a cluster and a load, places the load, and says how long that took.
//!
//! The cluster and the load are made of a seed, so that two runs do the same work; `--oracle` does it
//! by looking at every node for every placement, and must come to the same digest.
//!
//! In: the options of the command line. Out: what was measured, as a table or as JSON. May import the
//! library and the rest of the program.

mod level;
mod measure;
mod mix;
mod orchestrated;
mod report;
mod runner;
mod scheduled;

use clap::Args;
use stowplan::model::JobType;
use stowplan::testing::Load;

use self::level::Level;
use self::measure::{By, Measured};
use self::mix::{LoadType, Mix};
use crate::exit::{BAD_INPUT, SUCCESS};
use crate::flags::whole_number;
use crate::output::{Output, complain_unwritten};

/// Measures placements on a made-up cluster.
///
/// A mix sets all options; those that are given beside it override it. Without a mix the options start
/// from 5,000 nodes and 1,000 batch jobs of 100.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  stowplan bench --mix c1m\n  stowplan bench --mix c1m --nodes 20000 \
    --json\n  stowplan bench --nodes 1000 --jobs 100 --count 10 --type service --spread --racks 20 --oracle"
)]
pub(crate) struct Bench {
    /// A prepared cluster and load
    #[arg(long, value_enum)]
    mix: Option<Mix>,
    /// How many nodes
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u32>(1, 1_000_000))]
    nodes: Option<u32>,
    /// How many jobs; of `churn`, how many events
    #[arg(long, value_name = "J", allow_negative_numbers = true, value_parser = whole_number::<u32>(1, 10_000_000))]
    jobs: Option<u32>,
    /// How many allocations each job has
    #[arg(long, value_name = "C", allow_negative_numbers = true, value_parser = whole_number::<u32>(1, 1_000_000))]
    count: Option<u32>,
    /// The type of the jobs
    #[arg(long = "type", value_enum)]
    job_type: Option<LoadType>,
    /// How many racks the nodes stand in
    #[arg(long, value_name = "R", allow_negative_numbers = true, value_parser = whole_number::<u32>(1, 100_000))]
    racks: Option<u32>,
    /// How many different asks the jobs have, one after another
    #[arg(long, value_name = "K", allow_negative_numbers = true, value_parser = whole_number::<u32>(1, 10_000_000))]
    asks: Option<u32>,
    /// Half of the jobs have one of 50 constraints on attributes; with racks, the racks of half the
    /// nodes
    #[arg(long)]
    constraint: bool,
    /// Jobs spread over racks
    #[arg(long)]
    spread: bool,
    /// Jobs prefer a class of nodes
    #[arg(long)]
    affinity: bool,
    /// No two allocations of a job on one node
    #[arg(long)]
    distinct_hosts: bool,
    /// Each allocation has one static and two dynamic ports
    #[arg(long)]
    ports: bool,
    /// Three of five nodes have 8 GPUs of one of 4 models; jobs ask for 1 to 8, half of them of one
    /// model
    #[arg(long)]
    devices: bool,
    /// How many sizes the nodes have, each a class
    #[arg(long, value_name = "K", allow_negative_numbers = true, value_parser = whole_number::<u32>(1, 1_000))]
    classes: Option<u32>,
    /// How full the cluster is before the load, in percent
    #[arg(long, value_name = "PERCENT", allow_negative_numbers = true, value_parser = whole_number::<u32>(0, 100))]
    fill: Option<u32>,
    /// Of `churn`: how many jobs are there before any comes or goes, and about how many are there at a
    /// time
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u32>(0, 1_000_000))]
    standing: Option<u32>,
    /// What the cluster, the load and the order of equal nodes are made of
    #[arg(
        long, value_name = "N", default_value_t = 0, allow_negative_numbers = true,
        value_parser = whole_number::<u64>(0, u64::MAX)
    )]
    seed: u64,
    /// Look at every node for every placement
    #[arg(long)]
    oracle: bool,
    /// The level of the library that is used
    #[arg(long, value_enum, default_value_t)]
    level: Level,
    /// At the level of the engine: everything that is placed is reported to run, and of service jobs to be
    /// well
    #[arg(long)]
    running: bool,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

impl Bench {
    /// Runs the benchmark and prints what it measured.
    pub(crate) fn run(self) -> u8 {
        let load = self.load();
        let mut output = Output::stdout();
        // A run may take minutes, so what is being run is said first.
        let begun =
            if self.json { Ok(()) } else { report::heading(&load, self.level, &mut output) };
        let written = begun.and_then(|()| {
            let by = By {
                level: self.level,
                seed: self.seed,
                oracle: self.oracle,
                is_running: self.running,
            };
            let measured = Measured::run(&load, by);
            match self.json {
                true => report::json(&measured, &mut output),
                false => report::table(&measured, &mut output),
            }
        });
        match written.and_then(|()| output.finish()) {
            Ok(()) => SUCCESS,
            Err(error) => {
                complain_unwritten(&error);
                BAD_INPUT
            }
        }
    }

    /// What a mix and the options beside it come to.
    fn load(&self) -> Load {
        let mut load = self.mix.map_or_else(Load::default, Mix::load);
        let set = |value: &mut usize, option: Option<u32>| {
            if let Some(option) = option {
                *value = option as usize;
            }
        };
        set(&mut load.nodes, self.nodes);
        set(if load.events > 0 { &mut load.events } else { &mut load.jobs }, self.jobs);
        set(&mut load.racks, self.racks);
        set(&mut load.asks, self.asks);
        set(&mut load.classes, self.classes);
        set(&mut load.standing, self.standing);
        load.count = self.count.unwrap_or(load.count);
        load.job_type = self.job_type.map_or(load.job_type, JobType::from);
        load.fill_percent = self.fill.unwrap_or(load.fill_percent);
        load.constraint |= self.constraint;
        load.spread |= self.spread;
        load.affinity |= self.affinity;
        load.distinct_hosts |= self.distinct_hosts;
        load.ports |= self.ports;
        load.devices |= self.devices;
        if load.spread && load.racks == 0 {
            load.racks = 50;
        }
        load
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use stowplan::testing::Load;

    use super::mix::Mix;

    /// The CPU and the memory that the job at a place asks for.
    fn ask(load: &Load, at: usize) -> (i64, i64) {
        let job = load.job(at, &mut Load::random(0));
        let task = &job.task_groups[0].tasks[0];
        (task.cpu_mhz(), task.memory_mb())
    }

    /// Their digests are compared with those of earlier runs.
    #[test]
    fn asks_of_the_mixes_are_as_they_were() {
        assert_eq!(ask(&Mix::C1m.load(), 999), (425, 850));
        for mix in Mix::value_variants() {
            let load = mix.load();
            let most = load.ask_max_mhz();
            // All but the first and the last are between them.
            for at in [0, load.asks - 1].into_iter().filter(|_| !load.half_too_large) {
                let (cpu_mhz, memory_mb) = ask(&load, at);
                assert!(cpu_mhz < most && memory_mb < most * 2, "{mix:?}: {cpu_mhz}, {memory_mb}");
            }
        }
        let full = Load { half_too_large: false, ..Mix::Full.load() };
        assert!(ask(&full, full.asks - 1).0 < full.ask_max_mhz());
    }

    #[test]
    fn a_few_allocations_fit_on_few_nodes() {
        for classes in [1, 3] {
            let load = Load { nodes: 3, jobs: 2, count: 1, asks: 2, classes, ..Load::default() };
            let nodes = load.nodes();
            for at in 0..2 {
                let (cpu_mhz, memory_mb) = ask(&load, at);
                assert!(nodes.iter().all(|node| node.cpu_mhz() >= cpu_mhz * 2));
                assert!(nodes.iter().all(|node| node.memory_mb() >= memory_mb * 2));
            }
        }
    }
}
