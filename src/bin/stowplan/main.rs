//! The command-line program: it reads files, asks the library, and writes what it said. No scheduling
//! decision is made here.
//!
//! One file a subcommand; `main.rs` knows their names, nothing else.

#[cfg(feature = "agent")]
mod agent;
mod asks;
mod bars;
mod bench;
mod check;
mod choice;
mod evaluate;
mod exit;
mod explain;
mod failures;
mod files;
mod flags;
mod html;
mod json;
mod output;
mod place;
mod plan;
mod progress;
mod replay;
mod report;
mod run;
mod tables;
mod verdicts;
mod words;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use exit::{BAD_INPUT, SUCCESS};

/// Places jobs on nodes, exactly, and says why.
#[derive(Parser)]
#[command(
    name = "stowplan",
    version,
    arg_required_else_help = true,
    after_help = "Run `stowplan place --help` for what files hold and for examples."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[cfg(feature = "agent")]
    Agent(agent::Agent),
    /// Serve the API: a build without the feature `agent` only says how to get it
    #[cfg(not(feature = "agent"))]
    #[command(hide = true)]
    Agent(NotBuilt),
    Place(place::Place),
    Explain(explain::Explain),
    Plan(plan::PlanJob),
    Evaluate(evaluate::Evaluate),
    Replay(replay::Replay),
    Check(check::Check),
    // Boxed, because it has by far the most options.
    Bench(Box<bench::Bench>),
}

/// Whatever options a subcommand has that is not in this build.
#[cfg(not(feature = "agent"))]
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
struct NotBuilt {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    _options: Vec<std::ffi::OsString>,
}

#[cfg(not(feature = "agent"))]
impl NotBuilt {
    fn run(&self) -> u8 {
        output::complain(
            &"this build has no agent: build with `--features agent`, such as\n  \
              cargo run --profile quick --features agent -- agent --dev\n",
        );
        BAD_INPUT
    }
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(message) => {
            // Help and version are no errors; that they may not be readable on a closed pipe is none
            // either.
            let _ = message.print();
            return ExitCode::from(if message.use_stderr() { BAD_INPUT } else { SUCCESS });
        }
    };
    ExitCode::from(match cli.command {
        Command::Agent(agent) => agent.run(),
        Command::Place(place) => place.run(),
        Command::Explain(explain) => explain.run(),
        Command::Plan(plan) => plan.run(),
        Command::Evaluate(evaluate) => evaluate.run(),
        Command::Replay(replay) => replay.run(),
        Command::Check(check) => check.run(),
        Command::Bench(bench) => bench.run(),
    })
}
