//! `stowplan plan`: what would registering a job change?
//!
//! In: nodes, what is on them, and a job. Out: how the job differs from the version that its allocations
//! run, what would be done, and what would find no place, for people or as the API's reply. May import
//! what the program may.

mod diff;
mod question;
mod report;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use stowplan::Timestamp;
use stowplan::model::JobPlanResponse;
use stowplan::schedule::dry_run;

use crate::choice::Choice;
use crate::exit::{BAD_INPUT, NOT_ALL_PLACED, SUCCESS};
use crate::files::{Files, Problems, Variables};
use crate::output::{Output, complain, complain_unwritten};

/// Say what registering a job would change: what starts, stops and moves, and what finds no place.
///
/// The version that is registered now is that of `--registered`, or else the newest that the job's
/// allocations bring with them; a job without either is new. Nothing is changed anywhere.
#[derive(Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct PlanJob {
    /// Nodes, as JSON: a node or a list of nodes; may be given several times
    #[arg(long, value_name = "FILE", required = true)]
    nodes: Vec<PathBuf>,

    /// What is on the nodes, as JSON: a list of allocations, each with its `Job` or of the job planned;
    /// may be given several times
    #[arg(long, value_name = "FILE")]
    allocs: Vec<PathBuf>,

    /// The job, as JSON: `{"Job": {...}}` or a bare job, or as a job file in HCL (feature `hcl`)
    #[arg(long, value_name = "FILE", required = true)]
    job: PathBuf,

    /// The job as it is registered now, as JSON: allocations that do not bring their `Job` with them run
    /// it, such as those of `stowplan place --json`
    #[arg(long, value_name = "FILE")]
    registered: Option<PathBuf>,

    /// Show how the job differs from the version that is registered
    #[arg(long)]
    diff: bool,

    /// The instant at which it would be registered, as `2026-01-01T00:00:00Z`; without it, now. With it
    /// the answer is the same every time
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,

    #[command(flatten)]
    variables: Variables,

    #[command(flatten)]
    choice: Choice,

    /// Refuse job files with keys that nobody knows instead of warning of them
    #[arg(long)]
    strict: bool,

    /// Write the API's reply to a plan instead of tables
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = r#"Exit status:
  0  everything would find its place
  2  something would not; the answer says what and why
  1  the input or the command line is wrong

Examples:
  What would this change, line by line?
    stowplan plan --nodes nodes.json --allocs allocs.json --job web.json --diff

  The same of what `place` has placed:
    stowplan place --nodes nodes.json --job web.json --json | jq .Allocations > allocs.json
    stowplan plan --nodes nodes.json --allocs allocs.json --registered web.json --job new.json

  How many allocations would be replaced?
    stowplan plan --nodes nodes.json --allocs allocs.json --job web.json --json \
      | jq '.Annotations.DesiredTGUpdates[].DestructiveUpdate'"#;

impl PlanJob {
    /// Runs the subcommand and gives the exit status.
    pub(crate) fn run(&self) -> u8 {
        let jobs = [self.job.clone()];
        let files = Files {
            nodes: &self.nodes,
            jobs: &jobs,
            variables: &self.variables,
            allocations: &self.allocs,
            is_strict: self.strict,
            is_placed: false,
        };
        let question = match question::read(&files, self.registered.as_deref(), self.choice.seed) {
            Ok(question) => question,
            Err(problems) => return refuse(&problems),
        };
        for warning in &question.warnings {
            complain(&format_args!("warning: {warning}\n"));
        }
        let options = self.choice.options().record_failed_placements(false);
        let now = self.now.unwrap_or_else(present);
        let question::Question { cluster, known, job, .. } = &question;
        let found = match dry_run(cluster, known, job.spec().clone(), &options, now) {
            Ok(found) => found,
            Err(errors) => {
                let mut problems = Problems::default();
                problems.add_all(&self.job.display().to_string(), errors.problems());
                return refuse(&problems);
            }
        };
        let mut output = Output::stdout();
        let written = match self.json {
            true => write_json(&found.reply(self.diff), &mut output),
            false => report::write(&question, &found, self.diff, now, &mut output),
        };
        match written.and_then(|()| output.finish()) {
            Ok(()) if found.is_complete() => SUCCESS,
            Ok(()) => NOT_ALL_PLACED,
            Err(error) => {
                complain_unwritten(&error);
                BAD_INPUT
            }
        }
    }
}

fn refuse(problems: &Problems) -> u8 {
    complain(problems);
    BAD_INPUT
}

/// The present instant, which decides only how long what failed waits still.
#[expect(clippy::disallowed_types, reason = "a command that is typed now is meant for now")]
#[expect(clippy::disallowed_methods, reason = "a command that is typed now is meant for now")]
fn present() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let nanos = since.ok().and_then(|since| i64::try_from(since.as_nanos()).ok());
    Timestamp::from_nanos(nanos.unwrap_or(0))
}

fn write_json(reply: &JobPlanResponse, output: &mut Output) -> io::Result<()> {
    serde_json::to_writer(&mut *output, reply)?;
    writeln!(output)
}
