//! What an agent is told: on its command line, and in a file with the same names as keys.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use stowplan::FailureRecords;
use tracing::Level;

use crate::files::reason;

const AFTER_HELP: &str = "Examples:
  stowplan agent --dev
  stowplan agent --nodes nodes.json --simulate 10
  stowplan agent --data-dir /var/lib/stowplan
  stowplan agent --config agent.toml --log-level debug
  curl -X PUT --data @job.json 127.0.0.1:4646/v1/jobs

A file for --config is TOML, with the long names of the flags as keys:
  bind = \"127.0.0.1:4646\"
  data-dir = \"state\"  # paths are seen from the file's folder
  region = [\"eu\", \"us\"]
  simulate = 10";

/// Where to listen if nobody says so.
const BIND: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4646);

/// Serve the HTTP API of an engine.
// One type for both, so that no flag lacks its key.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[command(after_long_help = AFTER_HELP)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Options {
    /// A file that says the same as flags do; what the command line says comes first
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    config: Option<PathBuf>,

    /// Five made-up nodes, whose clients are simulated; nothing is kept
    #[arg(long)]
    pub(super) dev: bool,

    /// Where to listen; who is to be reached by others needs a token [default: 127.0.0.1:4646]
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<SocketAddr>,

    /// Nodes to begin with, in the shapes of the API, as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) nodes: Option<PathBuf>,

    /// A folder in which all is kept: the agent comes back with every command that it answered
    ///
    /// Without it everything is in memory. What an engine works by, its seed for instance, is kept too, and
    /// is as it was when the folder was new.
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,

    /// A token that every request has to have, as `X-Nomad-Token`; it is the file's content
    #[arg(long, value_name = "FILE")]
    pub(super) token_file: Option<PathBuf>,

    /// The region, and others beside it; the first is the local one [default: global]
    #[arg(long, value_name = "NAME")]
    #[serde(deserialize_with = "one_or_more")]
    region: Vec<String>,

    /// Orders equal nodes, and everything that is drawn is drawn from it [default: 0]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// When what could not be placed is kept as a failed allocation, as the first API has it [default: auto]
    ///
    /// By itself for jobs of that API only, since clients of today's say themselves that nothing was placed.
    #[arg(long, value_name = "WHEN")]
    record_failed_placements: Option<Records>,

    /// Play the client of every node, so many times as fast as the clock
    ///
    /// Tasks start, become healthy, stop and finish by themselves. Without this flag nodes and allocations
    /// change only by requests of clients. With a folder, time goes on after a restart from where it was.
    #[arg(long, value_name = "SPEED", value_parser = speed)]
    #[serde(deserialize_with = "some_speed")]
    simulate: Option<f64>,

    /// How much is logged, on standard output; `debug` has every request [default: info]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<LogLevel>,
}

/// When failed placements are kept.
#[derive(Clone, Copy, Debug, Default, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Records {
    /// For jobs of the first API
    #[default]
    Auto,
    Always,
    Never,
}

/// What is logged, and all that is worse.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
}

impl Options {
    /// What the command line and then its file say. An error says what does not go together.
    pub(super) fn with_file(&self) -> Result<Options, String> {
        let all = match &self.config {
            Some(path) => self.clone().or(read(path)?),
            None => self.clone(),
        };
        if all.dev && all.nodes.is_some() {
            return Err("--dev has nodes of its own: leave out --nodes".to_owned());
        }
        if all.dev && all.data_dir.is_some() {
            return Err("--dev keeps nothing: leave out --data-dir".to_owned());
        }
        let regions = all.regions();
        for (at, name) in regions.iter().enumerate() {
            if regions.iter().take(at).any(|other| other == name) {
                return Err(format!("the region {name} is there twice"));
            }
            // It is a folder's name, and part of an address.
            if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
                return Err(format!("{name:?} is no name for a region"));
            }
        }
        Ok(all)
    }

    /// What others say where this says nothing.
    fn or(self, others: Options) -> Options {
        Options {
            config: self.config,
            dev: self.dev || others.dev,
            bind: self.bind.or(others.bind),
            nodes: self.nodes.or(others.nodes),
            data_dir: self.data_dir.or(others.data_dir),
            token_file: self.token_file.or(others.token_file),
            region: if self.region.is_empty() { others.region } else { self.region },
            seed: self.seed.or(others.seed),
            record_failed_placements: self
                .record_failed_placements
                .or(others.record_failed_placements),
            simulate: self.simulate.or(others.simulate),
            log_level: self.log_level.or(others.log_level),
        }
    }

    pub(super) fn bind(&self) -> SocketAddr {
        self.bind.unwrap_or(BIND)
    }

    /// The regions; the first is the local one.
    pub(super) fn regions(&self) -> Vec<&str> {
        match self.region.is_empty() {
            true => vec!["global"],
            false => self.region.iter().map(String::as_str).collect(),
        }
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed.unwrap_or(0)
    }

    pub(super) fn failure_records(&self) -> FailureRecords {
        match self.record_failed_placements.unwrap_or_default() {
            Records::Auto => FailureRecords::Auto,
            Records::Always => FailureRecords::Always,
            Records::Never => FailureRecords::Never,
        }
    }

    /// How fast the clock goes, if clients are played.
    pub(super) fn speed(&self) -> Option<f64> {
        self.simulate.or(self.dev.then_some(1.0))
    }

    pub(super) fn level(&self) -> Level {
        match self.log_level.unwrap_or_default() {
            LogLevel::Error => Level::ERROR,
            LogLevel::Warn => Level::WARN,
            LogLevel::Info => Level::INFO,
            LogLevel::Debug => Level::DEBUG,
        }
    }
}

/// Reads a file, whose paths are seen from its folder.
fn read(path: &Path) -> Result<Options, String> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("{name}: {}", reason(&error)))?;
    let mut options: Options = toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|&letter| letter != '\n').count() + 1;
        format!("{name}: line {line}, column {column}: {}", error.message())
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let paths = [&mut options.nodes, &mut options.data_dir, &mut options.token_file];
    for path in paths.into_iter().flatten() {
        *path = folder.join(&*path);
    }
    Ok(options)
}

fn speed(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| NO_SPEED.to_owned()).and_then(checked_speed)
}

const NO_SPEED: &str = "expected a number from 0.001 to 1000000";

fn checked_speed(speed: f64) -> Result<f64, String> {
    match (0.001..=1e6).contains(&speed) {
        true => Ok(speed),
        false => Err(NO_SPEED.to_owned()),
    }
}

fn some_speed<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    checked_speed(f64::deserialize(from)?).map(Some).map_err(D::Error::custom)
}

/// A text, or a list of them.
fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a list of texts")]
    enum Said {
        One(String),
        More(Vec<String>),
    }
    Ok(match Said::deserialize(from)? {
        Said::One(one) => vec![one],
        Said::More(more) => more,
    })
}
