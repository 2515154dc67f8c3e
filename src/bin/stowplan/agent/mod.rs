//! `stowplan agent`: an engine behind the HTTP API, with a clock, and with a store if it is given a folder.
//!
//! In: flags and a file of nodes. Out: replies to requests, until a signal ends it. May import what the
//! program may.

mod made_up;
mod page;
mod server;
mod simulated;
mod stopwatch;
mod store;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use stowplan::FailureRecords;
use stowplan::engine::{Command, Engine, EngineOptions, RegisterNode, Resume, Snapshot};
use stowplan::http::{Access, Clock, EngineHandle, Journal, Regions, router};
use stowplan::model::{NodeSpec, read};
use stowplan::sim::{Behaviour, World};
use tokio::signal;

use self::page::with_page;
use self::simulated::Simulated;
use self::store::{Restored, Store};
use crate::exit::{BAD_INPUT, SUCCESS};
use crate::files::reason;
use crate::words::count;

/// How many events are kept for those who come back for them.
const HISTORY: usize = 4_096;

/// Serve the HTTP API of an engine.
#[derive(Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Agent {
    /// Five made-up nodes, whose clients are simulated
    #[arg(long)]
    dev: bool,

    /// Where to listen; who is to be reached by others needs a token
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4646")]
    bind: SocketAddr,

    /// Nodes to begin with, in the shapes of the API, as JSON
    #[arg(long, value_name = "FILE", conflicts_with = "dev")]
    nodes: Option<PathBuf>,

    /// A folder in which all is kept: the agent comes back with every command that it answered
    ///
    /// Without it everything is in memory. What an engine works by, its seed for instance, is kept too, and
    /// is as it was when the folder was new.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["dev", "simulate"])]
    data_dir: Option<PathBuf>,

    /// A token that every request has to have, as `X-Nomad-Token`; it is the file's content
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// The region, and others beside it; the first is the local one
    #[arg(long, value_name = "NAME", default_value = "global")]
    region: Vec<String>,

    /// Orders equal nodes, and everything that is drawn is drawn from it
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,

    /// When what could not be placed is kept as a failed allocation, as the first API has it
    ///
    /// By itself for jobs of that API only, since clients of today's say themselves that nothing was placed.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    record_failed_placements: Records,

    /// Play the client of every node, so many times as fast as the clock
    ///
    /// Tasks start, become healthy, stop and finish by themselves. Without this flag nodes and allocations
    /// change only by requests of clients.
    #[arg(long, value_name = "SPEED", value_parser = speed)]
    simulate: Option<f64>,
}

const AFTER_HELP: &str = "Examples:
  stowplan agent --dev
  stowplan agent --nodes nodes.json --simulate 10
  stowplan agent --data-dir /var/lib/stowplan
  curl -X PUT --data @job.json 127.0.0.1:4646/v1/jobs";

/// When failed placements are kept.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Records {
    /// For jobs of the first API
    Auto,
    Always,
    Never,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if (0.001..=1e6).contains(&speed) => Ok(speed),
        _ => Err("expected a number from 0.001 to 1000000".to_owned()),
    }
}

impl Agent {
    /// Runs the subcommand until a signal ends it, and gives the exit status.
    pub(crate) fn run(&self) -> u8 {
        match self.serve() {
            Ok(()) => SUCCESS,
            Err(message) => {
                eprintln!("stowplan agent: {message}");
                BAD_INPUT
            }
        }
    }

    fn serve(&self) -> Result<(), String> {
        let access = self.access()?;
        let nodes = match &self.nodes {
            Some(path) => read_nodes(path)?,
            None if self.dev => made_up::nodes(),
            None => Vec::new(),
        };
        let (mut regions, mut handles): (Option<Regions>, Vec<EngineHandle>) = (None, Vec::new());
        for (at, name) in self.region.iter().enumerate() {
            if self.region.iter().take(at).any(|other| other == name) {
                return Err(format!("the region {name} is there twice"));
            }
            let handle = self.start(name, &nodes)?;
            handles.push(handle.clone());
            regions = Some(match regions {
                None => Regions::new(name, handle),
                Some(regions) => regions.with_region(name, handle),
            });
        }
        let regions = regions.ok_or("no region")?.with_access(access);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| reason(&error))?;
        let served = runtime.block_on(self.listen(regions, &handles));
        // Requests that still wait are not waited for.
        runtime.shutdown_background();
        handles.iter().try_for_each(EngineHandle::end_blocking)?;
        served
    }

    /// Who may ask. Whom others can reach demands a token; else requests have to be for this machine, so
    /// that no page of the web leads here by a name of its own.
    fn access(&self) -> Result<Access, String> {
        let is_own = self.bind.ip().is_loopback();
        let access = match is_own {
            true => Access::open().with_hosts([self.bind.ip().to_string()]),
            false => Access::open(),
        };
        match &self.token_file {
            Some(path) => Ok(access.with_token(read_token(path)?)),
            None if is_own => Ok(access),
            None => {
                let address = self.bind;
                Err(format!("{address} can be reached by others: give a token with --token-file"))
            }
        }
    }

    /// Starts the engine of a region with nodes, as it was kept if it was.
    fn start(&self, region: &str, nodes: &[NodeSpec]) -> Result<EngineHandle, String> {
        let mut options =
            EngineOptions { seed: self.seed, history: HISTORY, ..EngineOptions::default() };
        options.place = options.place.stopwatch(stopwatch::nanos);
        options.place =
            options.place.record_failed_placements(match self.record_failed_placements {
                Records::Auto => FailureRecords::Auto,
                Records::Always => FailureRecords::Always,
                Records::Never => FailureRecords::Never,
            });
        let speed = self.simulate.or(self.dev.then_some(1.0));
        let clock = Clock::at_speed(speed.unwrap_or(1.0));
        let started = match (&self.data_dir, speed) {
            (Some(folder), _) => {
                let (engine, store) = restored(&folder.join(region), options, &clock)?;
                EngineHandle::start_kept(engine, clock, store)
            }
            (None, Some(speed)) => {
                let world = World::new(options, Behaviour::prompt());
                EngineHandle::start(Simulated::new(world, speed), clock)
            }
            (None, None) => EngineHandle::start(Engine::new(options), clock),
        };
        let handle = started.map_err(|error| reason(&error))?;
        // Those that are known say themselves what they have become.
        let known = handle.snapshot();
        for node in nodes.iter().filter(|node| known.node(&node.id).is_none()) {
            let command = Command::from(RegisterNode::from(node.clone()));
            let joined = handle.apply_blocking(command).ok_or("the engine has ended")?;
            joined.map_err(|error| format!("node {}: {error}", node.id))?;
        }
        Ok(handle)
    }

    async fn listen(&self, regions: Regions, handles: &[EngineHandle]) -> Result<(), String> {
        let listener = tokio::net::TcpListener::bind(self.bind).await;
        let listener = listener.map_err(|error| format!("{}: {}", self.bind, reason(&error)))?;
        let address = listener.local_addr().map_err(|error| reason(&error))?;
        let sum = |count: fn(&Snapshot) -> usize| -> usize {
            handles.iter().map(|handle| count(&handle.snapshot())).sum()
        };
        let (nodes, jobs) = (sum(|it| it.nodes().count()), sum(|it| it.jobs().count()));
        let names: Vec<&str> = regions.names().collect();
        println!(
            "stowplan agent: listening on http://{address}, {}, {}, {}: {}",
            count(nodes, "node"),
            count(jobs, "job"),
            if names.len() == 1 { "region" } else { "regions" },
            names.join(", ")
        );
        let app = with_page(router(regions.with_address(address.to_string())));
        server::serve(listener, app, told_to_end()).await;
        Ok(())
    }
}

/// The engine that was kept in a folder, where nodes have time now to be heard of; a new one if there was
/// none.
fn restored(
    folder: &Path,
    options: EngineOptions,
    clock: &Clock,
) -> Result<(Engine, Store), String> {
    let Restored { mut store, mut engine, replayed } = Store::open(folder, options)?;
    engine.set_stopwatch(Some(stopwatch::nanos));
    if engine.modify_index() > 0 {
        eprintln!(
            "stowplan agent: {}: replay version {}, index {}, {replayed} commands after the saved state",
            folder.display(),
            Engine::REPLAY_VERSION,
            engine.modify_index()
        );
        let (now, resume) = (clock.now().max(engine.now()), Command::from(Resume {}));
        store.keep(now, &[&resume])?;
        engine.apply(now, resume).map_err(|error| error.to_string())?;
    }
    Ok((engine, store))
}

/// The token that a file has, without the blanks around it.
fn read_token(path: &PathBuf) -> Result<String, String> {
    let name = path.display();
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{name}: {}", reason(&error)))?;
    match text.trim() {
        "" => Err(format!("{name}: there is no token in it")),
        token if token.len() > 256 => Err(format!("{name}: a token has at most 256 bytes")),
        token if token.contains(char::is_whitespace) => {
            Err(format!("{name}: there is more than a token in it"))
        }
        token => Ok(token.to_owned()),
    }
}

fn read_nodes(path: &PathBuf) -> Result<Vec<NodeSpec>, String> {
    let name = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("{name}: {}", reason(&error)))?;
    read::nodes(bytes).map_err(|error| format!("{name}: {error}"))
}

/// Ends with a signal that asks the program to.
async fn told_to_end() {
    #[cfg(unix)]
    if let Ok(mut terminate) = signal::unix::signal(signal::unix::SignalKind::terminate()) {
        let interrupt = signal::ctrl_c();
        let mut interrupt = std::pin::pin!(interrupt);
        return std::future::poll_fn(|context| {
            use std::future::Future;
            if interrupt.as_mut().poll(context).is_ready() {
                return std::task::Poll::Ready(());
            }
            terminate.poll_recv(context).map(|_| ())
        })
        .await;
    }
    let _ = signal::ctrl_c().await;
}
