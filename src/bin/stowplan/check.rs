//! `stowplan check`: whether a saved state is whole, and all is true of it that always is.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use stowplan::engine::Engine;

use crate::exit::{BAD_INPUT, NOT_ALL_PLACED, SUCCESS};
use crate::output::{Output, complain, complain_unwritten};
use crate::replay::load;
use crate::words::{count, number};

/// Check a saved state: is it whole, and does everything in it agree?
///
/// That nothing is overcommitted, that sums and lists are those of the records, that no evaluation is lost.
#[derive(Args)]
#[command(after_long_help = "Exit status:\n  0  everything agrees\n  \
    2  something does not hold: a fault of this program, which please report\n  \
    1  the file is no saved state, or not whole")]
pub(crate) struct Check {
    /// The saved state, from `stowplan replay --save`
    #[arg(value_name = "SAVED")]
    saved: PathBuf,
}

impl Check {
    /// Runs the subcommand and gives the exit status.
    pub(crate) fn run(&self) -> u8 {
        let engine = match load(&self.saved) {
            Ok(engine) => engine,
            Err(problems) => {
                complain(&problems);
                return BAD_INPUT;
            }
        };
        let broken = engine.check().err();
        let written = match &broken {
            None => write(&engine),
            Some(broken) => {
                complain(&format_args!("{}: {broken}\n", self.saved.display()));
                Ok(())
            }
        };
        match (written, broken) {
            (Err(error), _) => {
                complain_unwritten(&error);
                BAD_INPUT
            }
            (Ok(()), Some(_)) => NOT_ALL_PLACED,
            (Ok(()), None) => SUCCESS,
        }
    }
}

fn write(engine: &Engine) -> io::Result<()> {
    let mut output = Output::stdout();
    writeln!(output, "everything agrees")?;
    let jobs = engine.registered_jobs().count();
    let nodes = engine.nodes().count();
    let allocations = engine.allocation_count();
    let has = [count(nodes, "node"), count(jobs, "job"), count(allocations, "allocation")];
    writeln!(output, "{}; commands told: {}", has.join(", "), number(engine.commands()))?;
    let digest = engine.snapshot().saved_digest();
    writeln!(
        output,
        "it is {}, index {}, digest {digest:016x}",
        engine.now(),
        number(engine.modify_index())
    )?;
    output.finish()
}
