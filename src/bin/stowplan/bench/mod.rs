//! `stowplan bench`: builds a cluster and a load, places the load, and says how long that took.
//!
//! The cluster and the load are made of a seed, so that two runs do the same work; `--oracle` does it
//! by looking at every node for every placement, and must come to the same digest.
//!
//! In: the options of the command line. Out: what was measured, as a table or as JSON. May import the
//! library and the rest of the program.

mod load;
mod measure;
mod mix;
mod report;

use std::io::Write;

use clap::Args;

use self::measure::Measured;
use self::mix::{LoadType, Mix, Plan};
use crate::output::Output;
use crate::{BAD_INPUT, SUCCESS};

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
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    nodes: Option<u32>,
    /// How many jobs; of `churn`, how many events
    #[arg(long, value_name = "J", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    jobs: Option<u32>,
    /// How many allocations each job has
    #[arg(long, value_name = "C", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: Option<u32>,
    /// The type of the jobs
    #[arg(long = "type", value_enum)]
    job_type: Option<LoadType>,
    /// How many racks the nodes stand in
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    racks: Option<u32>,
    /// How many different asks the jobs have, one after another
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
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
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    classes: Option<u32>,
    /// How full the cluster is before the load, in percent
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(0..=100))]
    fill: Option<u32>,
    /// What the cluster, the load and the order of equal nodes are made of
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Look at every node for every placement
    #[arg(long)]
    oracle: bool,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

impl Bench {
    /// Runs the benchmark and prints what it measured.
    pub(crate) fn run(self) -> u8 {
        let plan = self.plan();
        let measured = Measured::run(&plan, self.seed, self.oracle);
        let mut output = Output::stdout();
        let written = match self.json {
            true => writeln!(output, "{}", report::json(&measured)),
            false => report::table(&measured, &mut output),
        };
        match written.and_then(|()| output.finish()) {
            Ok(()) => SUCCESS,
            Err(error) => {
                eprintln!("error: standard output cannot be written: {error}");
                BAD_INPUT
            }
        }
    }

    /// What a mix and the options beside it come to.
    fn plan(&self) -> Plan {
        let mut plan = self.mix.map_or_else(Plan::default, Plan::of_mix);
        let set = |value: &mut usize, option: Option<u32>| {
            if let Some(option) = option {
                *value = option as usize;
            }
        };
        set(&mut plan.nodes, self.nodes);
        set(if plan.events > 0 { &mut plan.events } else { &mut plan.jobs }, self.jobs);
        set(&mut plan.racks, self.racks);
        set(&mut plan.asks, self.asks);
        set(&mut plan.classes, self.classes);
        plan.count = self.count.unwrap_or(plan.count);
        plan.job_type = self.job_type.unwrap_or(plan.job_type);
        plan.fill_percent = self.fill.unwrap_or(plan.fill_percent);
        plan.constraint |= self.constraint;
        plan.spread |= self.spread;
        plan.affinity |= self.affinity;
        plan.distinct_hosts |= self.distinct_hosts;
        plan.ports |= self.ports;
        plan.devices |= self.devices;
        if plan.spread && plan.racks == 0 {
            plan.racks = 50;
        }
        plan
    }
}
