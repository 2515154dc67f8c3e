//! `stowplan evaluate`: what one evaluation of a job comes to.
//!
//! In: a file with the instant, nodes, the versions of a job, its allocations, its deployment and the
//! evaluation. Out: what stops, what is placed and updated, which evaluations are made, for people or as
//! JSON. May import what the program may.

mod report;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;
use stowplan::PlaceOptions;
use stowplan::model::read;
use stowplan::schedule::Situation;

use crate::exit::{BAD_INPUT, NOT_ALL_PLACED, SUCCESS};
use crate::files::{self, Problems};
use crate::output::{Output, complain, complain_unwritten};
use crate::words::printable;

/// Process one evaluation of a job: what has to change, and where does what is missing go?
///
/// The job's versions, its allocations, nodes and deployment are taken as they are in the file; nothing
/// is changed anywhere.
#[derive(Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Evaluate {
    /// What there is, as one JSON object; `-` is standard input
    ///
    /// Its keys: `now` (RFC 3339), `nodes`, `jobs` (the versions of one job, oldest first), `allocs`,
    /// `deployment` (the latest one, if any) and `eval`, in the shapes of the API.
    #[arg(long, value_name = "FILE", required = true)]
    state: PathBuf,

    /// Write one JSON object instead of tables
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = r#"Exit status:
  0  the evaluation was processed and everything found its place
  2  something could not be placed, or the evaluation failed; the answer says what and why
  1  the input or the command line is wrong

Example of a file:
  {"now": "2026-01-01T00:00:00Z",
   "nodes": [{"ID": "n1", "Status": "ready", "Datacenter": "dc1", "Attributes": {"driver.exec": "1"},
              "NodeResources": {"Cpu": {"CpuShares": 4000}, "Memory": {"MemoryMB": 8192},
                                "Disk": {"DiskMB": 100000}}}],
   "jobs": [{"ID": "web", "TaskGroups": [{"Name": "front", "Count": 2,
             "Tasks": [{"Name": "nginx", "Driver": "exec"}]}]}],
   "allocs": [],
   "eval": {"ID": "e1", "JobID": "web", "Type": "service", "TriggeredBy": "job-register"}}"#;

impl Evaluate {
    /// Runs the subcommand and gives the exit status.
    pub(crate) fn run(&self) -> u8 {
        let (situation, warnings) = match read(&self.state) {
            Ok(read) => read,
            Err(problems) => {
                complain(&problems);
                return BAD_INPUT;
            }
        };
        for warning in &warnings {
            complain(&format_args!("warning: {warning}\n"));
        }
        let decision = situation.decide(&PlaceOptions::default().record_failed_placements(false));
        let evaluation = &decision.evaluation;
        let is_done = evaluation.failed_tg_allocs.is_empty() && evaluation.status != "failed";
        let mut output = Output::stdout();
        let written = match self.json {
            true => write_json(&decision.answer(&situation.known, situation.now), &mut output),
            false => report::write(&situation, &decision, &mut output),
        };
        match written.and_then(|()| output.finish()) {
            Ok(()) if is_done => SUCCESS,
            Ok(()) => NOT_ALL_PLACED,
            Err(error) => {
                complain_unwritten(&error);
                BAD_INPUT
            }
        }
    }
}

/// Reads the file. With what it says there are the keys of jobs that nobody knows.
///
/// # Errors
///
/// All that is wrong with it, each with its path.
fn read(path: &Path) -> Result<(Situation, Vec<String>), Problems> {
    let (file, text) = files::text(path)?;
    let mut problems = Problems::default();
    // A key that nobody reads may be why something is missing.
    for unknown in unknown_keys(&text) {
        problems.warn(format!("{file}: {unknown}"));
    }
    match Situation::from_json(text) {
        Ok(situation) => Ok((situation, problems.into_warnings())),
        Err(errors) => {
            problems.add_all(&file, errors.problems());
            Err(problems)
        }
    }
}

/// The keys of jobs that nobody knows, each with its job; what is not JSON has none.
fn unknown_keys(text: &[u8]) -> Vec<String> {
    let value: Value = serde_json::from_slice(text).unwrap_or_default();
    let jobs = value.get("jobs").and_then(Value::as_array);
    let mut found = Vec::new();
    for job in jobs.into_iter().flatten() {
        let job = job.get("Job").unwrap_or(job);
        let id = printable(job.get("ID").and_then(Value::as_str).unwrap_or_default());
        let keys = read::unknown_keys(job.to_string()).unwrap_or_default();
        found.extend(keys.into_iter().map(|key| format!("job `{id}`: {key}")));
    }
    found
}

fn write_json(answer: &Value, output: &mut Output) -> io::Result<()> {
    serde_json::to_writer(&mut *output, answer)?;
    writeln!(output)
}
