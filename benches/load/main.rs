//! An agent under load, on loopback: how many registrations and reads it answers a second, how long each
//! takes, what the engine takes for the same without HTTP, and what those cost who only wait.
//!
//! ```text
//! cargo build --release --features agent
//! cargo run --release --manifest-path benches/Cargo.toml --bin load -- target/release/stowplan
//! ```
//!
//! The agent runs on the first core and this program on the second, where `taskset` is there to say so.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "how long something takes is a matter of the clock, and a table is for people"
)]

mod agent;
mod client;
mod crowd;
mod documents;
mod engine;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use self::agent::Agent;
use self::client::{Figures, closed};

/// How many reads are measured.
const READS: u64 = 20_000;
/// How many reads of 1,000 allocations are measured.
const LONG_READS: u64 = 300;

#[derive(Parser)]
struct Load {
    /// The program `stowplan`, built with the feature `agent`
    agent: PathBuf,

    /// How many jobs of ten allocations are registered
    #[arg(long, default_value_t = 20_000)]
    registrations: u64,

    /// How many requests are under way at once
    #[arg(long, default_value_t = 32)]
    clients: u64,

    /// How many nodes there are
    #[arg(long, default_value_t = 5_000)]
    nodes: u64,

    /// How many queries wait
    #[arg(long, default_value_t = 10_000)]
    waiting: usize,

    /// How long registrations go on beside those that wait, in seconds
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match Load::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Load {
    fn run(&self) -> Outcome<()> {
        let folder = std::env::temp_dir().join(format!("stowplan-load-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let outcome = self.measure(&folder);
        std::fs::remove_dir_all(&folder)?;
        outcome
    }

    fn measure(&self, folder: &std::path::Path) -> Outcome<()> {
        println!("{:44} {:>9} {:>9} {:>9} {:>7}", "", "a second", "p50 us", "p99 us", "ratio");
        let alone = engine::registrations(self.nodes, self.registrations)?;
        alone.show("registrations, the engine without HTTP", None);
        let nodes = folder.join("nodes.json");
        std::fs::write(&nodes, documents::nodes(self.nodes))?;
        let kept = folder.join("kept");
        let in_memory = Agent::start(&self.agent, &nodes, None)?;
        self.registrations(&in_memory)?.show("registrations, in memory", Some(&alone));
        self.reads(&in_memory)?;
        drop(in_memory);
        let on_disk = Agent::start(&self.agent, &nodes, Some(&kept))?;
        self.registrations(&on_disk)?.show("registrations, --data-dir", Some(&alone));
        drop(on_disk);
        let agent = Agent::start(&self.agent, &nodes, None)?;
        crowd::measure(&agent, self.waiting, Duration::from_secs(self.seconds))
    }

    fn registrations(&self, agent: &Agent) -> Outcome<Figures> {
        closed(agent.address(), self.clients, self.registrations, |number| {
            client::request("PUT", "/v1/jobs", &documents::job(&format!("j{number}"), 10))
        })
    }

    fn reads(&self, agent: &Agent) -> Outcome<()> {
        let big = client::request("PUT", "/v1/jobs", &documents::job("big", 1_000));
        closed(agent.address(), 1, 1, |_| big.clone())?;
        let one = |_| client::request("GET", "/v1/job/j1", "");
        let alone = engine::reads(self.nodes)?;
        alone.0.show("reads of a job, the engine without HTTP", None);
        closed(agent.address(), self.clients, READS, one)?.show("reads of a job", Some(&alone.0));
        let many = |_| client::request("GET", "/v1/job/big/allocations", "");
        alone.1.show("reads of 1,000 allocations, without HTTP", None);
        closed(agent.address(), self.clients, LONG_READS, many)?
            .show("reads of 1,000 allocations", Some(&alone.1));
        Ok(())
    }
}
