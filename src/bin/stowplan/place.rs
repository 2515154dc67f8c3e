//! `stowplan place`: where would these jobs go on these nodes, and why?

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use stowplan::{PlaceOptions, ScoreDetail};

use crate::choice::Choice;
use crate::exit::{BAD_INPUT, NOT_ALL_PLACED, SUCCESS};
use crate::files::{self, Files, Variables, written};
use crate::output::{Output, complain, complain_unwritten};
use crate::run::Run;
use crate::{json, report};

/// Place jobs on nodes and say where each allocation goes, and why.
///
/// Each node is looked at, and the best one is taken. Several jobs are placed in order of priority
/// (higher first, equal ones in the order given), each seeing the ones before. Nothing is changed
/// anywhere: the answer is all there is.
#[derive(Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Place {
    /// Nodes, as JSON: a node or a list of nodes; may be given several times
    #[arg(long, value_name = "FILE", required = true)]
    nodes: Vec<PathBuf>,

    /// Jobs, as JSON: `{"Job": {...}}`, a bare job, or a list of either, or job files in HCL (feature
    /// `hcl`); may be given several times
    #[arg(long, value_name = "FILE", required = true)]
    job: Vec<PathBuf>,

    /// What is on the nodes already, as JSON: a list of allocations
    ///
    /// Each comes with its `Job`, or is of a job that is being placed. Those of a job that is being
    /// placed count towards what it wants: only what is missing is placed.
    #[arg(long, value_name = "FILE")]
    allocs: Vec<PathBuf>,

    #[command(flatten)]
    variables: Variables,

    #[command(flatten)]
    choice: Choice,

    /// Say what every node is to each group, and what would help where something is missing
    #[arg(long)]
    explain: bool,

    /// Refuse job files with keys that nobody knows instead of warning of them
    #[arg(long)]
    strict: bool,

    /// Write one JSON object instead of tables
    #[arg(long)]
    json: bool,

    /// With `--json`: of each allocation its name, node and score, and of what failed its metrics
    ///
    /// Without it allocations are written as the API has them, each with its own metrics, and a failed
    /// one with its whole job.
    #[arg(long, requires = "json")]
    compact: bool,

    /// Write the answer to a file as a page too, which a browser opens without fetching anything
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    html: Option<PathBuf>,

    /// Of how many nodes to show the scores for each allocation
    ///
    /// `top` is the best five. With `--json` that is the default; the tables show them on request.
    #[arg(long, value_enum, value_name = "WHICH")]
    scores: Option<ScoresName>,

    /// Place by the plain scan of every node, which is slow and has the same answer
    #[arg(long)]
    oracle: bool,

    /// Print every row of every table, however many there are
    #[arg(long, conflicts_with = "json")]
    full: bool,
}

/// The names of how many scores are shown.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ScoresName {
    /// Of none
    None,
    /// Of the best five
    Top,
    /// Of all that were ranked
    All,
}

const AFTER_HELP: &str = r#"Files:
  They hold what Nomad's HTTP API returns or accepts, of any version: `/v1/nodes?resources=true` or
  `/v1/node/<id>`, `nomad job run -output job.hcl` or `/v1/job/<id>`, `/v1/allocation/<id>`. One of
  them may be `-`, which is standard input.

Bars of how full nodes are:
  # in use before, + placed now, . free (on a terminal: shaded blocks from full to light)

Exit status:
  0  everything was placed
  2  something could not be placed; the answer says what and why
  1  the input or the command line is wrong; nothing was placed

Examples:
  Where would this job go, and what is each node to it?
    stowplan place --nodes nodes.json --job web.json --explain

  Would it fit if it may push others out, beside what runs now?
    stowplan place --nodes nodes.json --allocs allocs.json --job web.json --preempt

  A picture of the nodes before and after:
    stowplan place --nodes nodes.json --job web.json --html web.html

  The names of nodes that a job would be placed on:
    stowplan place --nodes nodes.json --job web.json --json | jq -r '.Allocations[].NodeName'"#;

impl Place {
    /// Runs the subcommand and gives the exit status.
    pub(crate) fn run(&self) -> u8 {
        let files = Files {
            nodes: &self.nodes,
            jobs: &self.job,
            variables: &self.variables,
            allocations: &self.allocs,
            is_strict: self.strict,
            is_placed: true,
        };
        let inputs = [&self.nodes, &self.job, &self.allocs].into_iter().flatten();
        let writable =
            self.html.as_deref().map_or(Ok(()), |it| written::check("--html", it, inputs));
        let input = match writable.and_then(|()| files::read(&files)) {
            Ok(input) => input,
            Err(problems) => {
                complain(&problems);
                return BAD_INPUT;
            }
        };
        for warning in &input.warnings {
            complain(&format_args!("warning: {warning}\n"));
        }
        let run = Run {
            inventory: &input.inventory,
            jobs: &input.jobs,
            warnings: &input.warnings,
            seed: self.choice.seed,
            options: self.options(),
        };
        let mut output = Output::stdout();
        let written = if self.json {
            let settings = json::Settings { explain: self.explain, compact: self.compact };
            json::write(&run, settings, &mut output)
        } else {
            let settings = report::Settings {
                explain: self.explain,
                full: self.full,
                scores: self.scores.is_some_and(|scores| scores != ScoresName::None),
                html: self.html.as_deref(),
            };
            report::write(&run, settings, &mut output)
        };
        match written.and_then(|all_placed| output.finish().map(|()| all_placed)) {
            Ok(true) => SUCCESS,
            Ok(false) => NOT_ALL_PLACED,
            Err(error) => {
                complain_unwritten(&error);
                BAD_INPUT
            }
        }
    }

    fn options(&self) -> PlaceOptions {
        let scores = match self.scores {
            Some(ScoresName::None) => ScoreDetail::None,
            Some(ScoresName::Top) | None => ScoreDetail::default(),
            Some(ScoresName::All) => ScoreDetail::All,
        };
        self.choice.options().score_detail(scores).oracle(self.oracle)
    }
}
